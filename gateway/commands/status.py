"""`gateway status` and `gateway explain`: what the ledger knows of drops, in plain words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateway.commands.numbers import Named, shipments_named, spellings
from gateway.commands.taken import not_begun
from gateway.errors import ConfigError
from gateway.history import bare_number
from gateway.shell import journal
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import FINAL, Drop, Ledger, open_ledger
from gateway.shell.outbox import outputs_of
from gateway.shell.schema import drops as drop_rows
from gateway.shell.unopened import LOST, LOST_MEND
from gateway.site import Site


def drops(site: Site, newest: int = 50) -> list[dict[str, Any]]:
    """Return one object per drop, oldest first: the newest ones, older ones that are not finished, and those not begun yet."""
    ledger = ledger_of(site)
    try:
        rows = ledger.find(newest=newest)
        if len(rows) == newest:
            open_ones = (drop_rows.c.receipt < rows[-1].receipt, drop_rows.c.state.not_in(("done", "duplicate")))
            rows += ledger.find(*open_ones, newest=newest)
        told = [_describe(ledger, drop) for drop in reversed(rows)]
        return told + [row | _NOT_BEGUN for row in not_begun(site) if ledger.drop(row["receipt"]) is None]
    finally:
        ledger.close()


_NOT_BEGUN = {
    "format": "", "state": "claimed", "verdict": "", "found": 0, "accepted": 0, "rejected": 0, "duplicate": 0, "joined": 0,
    "waiting": 0, "error": "", "answers": [], "delivered": [], "pending": [], "why": "",
}  # fmt: skip


def verify_promises(site: Site) -> list[dict[str, str]]:
    """Return every broken promise of a state folder whose gateway stands still: rule, subject, message."""
    from gateway.shell.verify import verify

    out, answers = site.settings.out_dir, site.settings.responses_dir
    targets = [out, out / "test", *(p.home / name for p in site.partners.values() for name in ("ack", "reject"))]
    targets += [answers / "answers"] if answers is not None else []
    ledger = ledger_of(site)
    try:
        problems = verify(site.settings.state_dir, ledger, [t for t in targets if t.is_dir()], vault=site.vault)
    finally:
        ledger.close()
    return [{"rule": p.rule, "subject": p.subject, "message": p.message} for p in problems]


def ledger_of(site: Site) -> Ledger:
    """Open the ledger of a site for reading. Raises ConfigError when the gateway never ran."""
    if site.settings.ledger_url.startswith("sqlite:///") and not Path(site.settings.ledger_url[10:]).exists():
        if StateFolders(site.settings.state_dir).keeps_drops():
            raise ConfigError(LOST, LOST_MEND)
        raise ConfigError("There is no ledger yet.", f"Start the gateway once: gateway serve {site.settings.folder}")
    return open_ledger(site.settings.ledger_url, create=False)


def _describe(ledger: Ledger, drop: Drop) -> dict[str, Any]:
    done = drop.state in FINAL
    outputs = [(o, o.state == "delivered" or (done and o.state != "held")) for o in outputs_of(ledger, drop.receipt)]
    return {
        "receipt": drop.receipt, "partner": drop.partner, "file": drop.file_name, "format": drop.format,
        "state": drop.state, "verdict": drop.verdict, "found": drop.found, "accepted": drop.accepted,
        "rejected": drop.rejected, "duplicate": drop.duplicate, "joined": drop.joined, "waiting": drop.waiting, "received_at": drop.received_at, "error": drop.error,
        "answers": [o.name for o, sent in outputs if sent and o.kind != "delivery"],
        "delivered": [o.name for o, sent in outputs if sent and o.kind == "delivery"],
        "pending": [o.name for o, sent in outputs if not sent],
        "why": "" if done else last_alert(ledger, drop.receipt),
    }  # fmt: skip


def last_alert(ledger: Ledger, receipt: str) -> str:
    """Return what was last said of a drop to a person, "" when nothing was: why it does not go on."""
    with ledger.reading() as connection:
        told = journal.last_told(connection, receipt)
    return f"{told['message']} [{told['rule']}]" if told else ""


def _of_shipment(report: dict[str, Any] | None, one: Named) -> list[dict[str, Any]]:
    """Return the findings of one shipment and of the file in a report."""
    names = spellings(one.name)
    told = (report or {}).get("findings", [])
    return [f for f in told if not f.get("shipment") or bare_number(f["shipment"]) in names]


def _verdict(own: list[dict[str, Any]], one: Named) -> str:
    """Return what became of a shipment in a drop. own: its findings."""
    if one.accepted:
        return "accepted"
    if any(f.get("severity") == "error" for f in own):
        return "refused"
    said = {f.get("rule") for f in own if f.get("shipment")}
    if "GW-JOIN-PENDING" in said:
        return "waiting" if one.drop.waiting else "waited, and was delivered with another message"
    if "S321-DUP" in said:
        return "duplicate"
    return "cancelled" if one.cancelled else "accepted"


def named(site: Site, ledger: Ledger, what: str) -> list[Drop]:
    """Return the drop with this receipt, the newest file of this name, or those that hold the shipments with this number."""
    if drop := ledger.drop(what):
        return [drop]
    if files := ledger.find(drop_rows.c.file_name == what, drop_rows.c.state != "duplicate", newest=1):
        return files
    return list({one.drop.receipt: one.drop for one in numbered(site, ledger, what)}.values())


def numbered(site: Site, ledger: Ledger, number: str) -> list[Named]:
    """Return the shipments with this number, whatever kind of number it is."""
    return shipments_named(site, ledger, number, lambda drop: refusing(site, ledger, drop, "shipment"))


def refusing(site: Site, ledger: Ledger, drop: Drop, key: str) -> set[str]:
    """Return the rules or the shipments of the errors in a drop's report."""
    found = (report_of(site, ledger, drop) or {}).get("findings", [])
    return {str(f.get(key)) for f in found if f.get("severity") == "error"}


def explain_receipt(site: Site, receipt: str) -> dict[str, Any]:
    """Return a drop with its report: every finding in plain words. Raises ConfigError for an unknown receipt.

    receipt: or a file name, or a number of a shipment (house bill, tracking, master), of which then only the findings are
    there; a number of several shipments gives {"shipment", "matches"}.
    """
    ledger = ledger_of(site)
    try:
        drop = ledger.drop(receipt) or next(iter(ledger.find(drop_rows.c.file_name == receipt, newest=1)), None)
        if drop is not None:
            return {**_describe(ledger, drop), "report": report_of(site, ledger, drop)}
        found = numbered(site, ledger, receipt)
        if not found:
            for row in not_begun(site):
                if receipt in (row["receipt"], row["file"]):
                    said = f"{row['file']} was taken (receipt {row['receipt']}) and is not begun yet."
                    raise ConfigError(said, "gateway status tells what earlier files wait for.")
            raise ConfigError(
                f"{receipt} is no receipt, file name or shipment of this gateway.", "gateway status lists the files."
            )
        if len(found) > 1:
            return {"shipment": receipt, "matches": [_match(site, ledger, one) for one in found]}
        report = report_of(site, ledger, found[0].drop)
        own = _of_shipment(report, found[0])
        facts = {**_describe(ledger, found[0].drop), "report": report and {**report, "findings": own}}
        return {**facts, "shipment": receipt, "verdict_of_shipment": _verdict(own, found[0])}
    finally:
        ledger.close()


def _match(site: Site, ledger: Ledger, one: Named) -> dict[str, Any]:
    own = _of_shipment(report_of(site, ledger, one.drop), one)
    return {
        "receipt": one.drop.receipt, "partner": one.drop.partner, "file": one.drop.file_name, "shipment": one.name,
        "verdict_of_shipment": _verdict(own, one),
    }  # fmt: skip


def report_of(site: Site, ledger: Ledger, drop: Drop) -> dict[str, Any] | None:
    """Return the last report.json of a drop from the archive (answers may have been fetched and deleted).

    A drop whose shipments waited in vain has two.
    """
    place, vault = StateFolders(site.settings.state_dir).find(drop.receipt), site.vault
    names = [o.staged for o in outputs_of(ledger, drop.receipt) if o.name.endswith(".report.json")]
    kept = [place / name for name in names if place is not None and vault.exists(place / name)]
    report: dict[str, Any] | None = json.loads(vault.read(kept[-1])) if kept else None
    return report
