"""`gateway explain RECEIPT --html OUT`: all that is known of one drop on one self-contained page, for an audit or a dispute."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from gateway.commands.explaining import lines
from gateway.commands.pages import html_page
from gateway.commands.status import ledger_of
from gateway.shell import journal
from gateway.shell.outbox import outputs_of
from gateway.site import Site

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:75em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;"
    "font-size:13px}td,th{border:1px solid #bbb;padding:.2em .6em;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}pre{white-space:pre-wrap}"
)


def receipt_page(site: Site, facts: dict[str, Any]) -> str:
    """Return the page. facts: of gateway.commands.status.explain_receipt."""
    receipt, ledger = facts["receipt"], ledger_of(site)
    try:
        drop = ledger.drop(receipt)
        assert drop is not None, "explain_receipt found it"
        outputs, used = list(outputs_of(ledger, receipt)), ledger.interchanges_of(receipt)
        with ledger.reading() as connection:
            records = list(journal.records(connection, receipt))
            broken = {seq for seq, _ in journal.broken_links(connection)}
    finally:
        ledger.close()
    books = [
        ("partner, account", f"{drop.partner}, {drop.account}"), ("file", drop.file_name),
        ("size, SHA-256", f"{drop.size} bytes, {drop.sha256}"), ("received, finished", f"{drop.received_at}, {drop.done_at}"),
        ("format, verdict, state", f"{drop.format}, {drop.verdict}, {drop.state}"),
        ("shipments", f"{drop.found} found = {drop.accepted} accepted + {drop.rejected} refused + {drop.duplicate} duplicate + {drop.joined} joined + {drop.waiting} waiting"),
        ("same bytes as", drop.duplicate_of or "none before"),
        ("interchanges", "; ".join(f"{a} to {b}, control number {number}" for a, b, number in used) or "none"),
    ]  # fmt: skip
    sent = [(o.kind, o.target, o.name, f"{o.size}", o.sha256, o.state) for o in outputs]
    chain = [
        (str(r["seq"]), r["at"], r["event"], str(r["payload"]), r["hash"], "broken" if r["seq"] in broken else "intact")
        for r in records
    ]
    title = f"Drop {receipt}"
    body = (
        f"<h1>{escape(title)}</h1>{_table((), books)}"
        f"<h2>What was found</h2><pre>{escape(chr(10).join(list(lines(facts))[1:-1]))}</pre>"
        f"<h2>What was sent</h2>{_table(('kind', 'folder', 'file', 'bytes', 'SHA-256', 'state'), sent)}"
        f"<h2>Journal of this drop</h2>{_table(('number', 'at', 'event', 'facts', 'hash', 'chain'), chain)}"
        "<p>Each hash covers the hash of the record before it, of whichever drop; gateway verify checks the whole chain.</p>"
    )
    return html_page(title, _STYLE, body)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{body}</table>"
