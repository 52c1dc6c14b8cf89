"""`gateway status` and `gateway explain`: what the ledger knows of drops, in plain words."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError
from gateway.history import bare_number
from gateway.shell import journal
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import FINAL, Drop, Ledger, open_ledger
from gateway.shell.outbox import outputs_of
from gateway.site import Site


def drops(site: Site, newest: int = 50) -> list[dict[str, Any]]:
    """Return one object per drop, newest first."""
    ledger = ledger_of(site)
    try:
        return [_describe(ledger, drop) for drop in reversed(ledger.find(newest=newest))]
    finally:
        ledger.close()


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


def _only(facts: dict[str, Any], shipment: str) -> None:
    """Leave the findings of one shipment and of the file in a report."""
    findings = (facts["report"] or {}).get("findings", [])
    names = _names(shipment)
    own = [f for f in findings if not f.get("shipment") or bare_number(f["shipment"]) in names]
    refused = any(f.get("severity") == "error" for f in own)
    facts["verdict_of_shipment"] = "refused" if refused else "accepted"
    if facts["report"] is not None:
        facts["report"] = {**facts["report"], "findings": own}


def _names(shipment: str) -> set[str]:
    """Return the names of a shipment in reports, bare: they name a bill without the code of its issuer."""
    number = bare_number(shipment)
    return {number, re.sub(r"^[A-Z]{4}", "", number)}


def named(site: Site, ledger: Ledger, what: str) -> list[Drop]:
    """Return the drop with this receipt, the newest file of this name, or the newest that holds this shipment."""
    if drop := ledger.drop(what):
        return [drop]
    drops = [d for d in ledger.find() if d.state != "duplicate"]
    if files := [d for d in drops if d.file_name == what]:
        return files[-1:]
    if drop := ledger.drop(ledger.holder_of(what)):
        return [drop]
    names = _names(what)
    refused = (
        d
        for d in reversed(drops)
        if d.rejected and names & set(map(bare_number, refusing(site, ledger, d, "shipment")))
    )
    return list(islice(refused, 1))


def refusing(site: Site, ledger: Ledger, drop: Drop, key: str) -> set[str]:
    """Return the rules or the shipments of the errors in a drop's report."""
    found = (report_of(site, ledger, drop) or {}).get("findings", [])
    return {str(f.get(key)) for f in found if f.get("severity") == "error"}


def explain_receipt(site: Site, receipt: str) -> dict[str, Any]:
    """Return a drop with its report: every finding in plain words. Raises ConfigError for an unknown receipt.

    receipt: or a file name, or the number of a shipment, of which then only the findings are there.
    """
    ledger = ledger_of(site)
    try:
        drop = ledger.drop(receipt) or next((d for d in reversed(ledger.find()) if d.file_name == receipt), None)
        of_file = drop is not None
        drop = drop or next(iter(named(site, ledger, receipt)), None)
        if drop is None:
            raise ConfigError(
                f"{receipt} is no receipt, file name or shipment of this gateway.", "gateway status lists the files."
            )
        facts = _describe(ledger, drop)
        facts["report"] = report_of(site, ledger, drop)
        if not of_file:
            facts["shipment"] = receipt
            _only(facts, receipt)
        return facts
    finally:
        ledger.close()


def report_of(site: Site, ledger: Ledger, drop: Drop) -> dict[str, Any] | None:
    """Return the last report.json of a drop from the archive (answers may have been fetched and deleted).

    A drop whose shipments waited in vain has two.
    """
    place, vault = StateFolders(site.settings.state_dir).find(drop.receipt), site.vault
    names = [o.staged for o in outputs_of(ledger, drop.receipt) if o.name.endswith(".report.json")]
    kept = [place / name for name in names if place is not None and vault.exists(place / name)]
    report: dict[str, Any] | None = json.loads(vault.read(kept[-1])) if kept else None
    return report
