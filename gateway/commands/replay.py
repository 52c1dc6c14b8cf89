"""`gateway replay WHAT`: judges kept files again with the tables of today; what was delivered is not delivered twice.

Held drops go on where they stopped. With --dry-run the files are judged in memory and nothing is ordered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.check import describe, gather
from gateway.commands.since import start_of
from gateway.commands.status import ledger_of, named, refusing
from gateway.commands.versions import Kept
from gateway.errors import ConfigError
from gateway.formats import folder_of
from gateway.shell import versions
from gateway.shell.claims import raw_path
from gateway.shell.folders import ReceiptIds, StateFolders, parse_instant
from gateway.shell.history import SqlHistory
from gateway.shell.ledger import Drop, Ledger
from gateway.shell.orders import REPLAY, Order, give
from gateway.shell.unwrap import KINDS
from gateway.shell.vault import Vault
from gateway.shell.versions import Known
from gateway.site import Site
from gateway.translate import translate

_HELD = ("failed", "quarantined")
_COUNTS = ("found", "accepted", "rejected", "duplicate")


def replay(
    site: Site, what: str, now: datetime, *, since: str = "", partner: str = "", rule: str = "", dry: bool, why: str,
    mapping: str = "",
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield one object per drop: what it was, and either the order or (dry) what would become of it.

    what: receipt, file name, shipment number, "refused" or "held". mapping: a version that was in force once, for the
    messages that its mapping reads; all else is that of today. Raises ConfigError when nothing fits.
    """
    ledger, folders = ledger_of(site), StateFolders(site.settings.state_dir)
    ids = ReceiptIds(last=ledger.newest_receipt(folders))
    vault, kept = site.vault, Kept(site.settings.state_dir)
    try:
        version = versions.find(ledger, mapping) if mapping else None
        found = list(_chosen(site, ledger, what, start_of(since, now) if since else None, partner, rule))
        if not found:
            raise ConfigError(f"No drop fits {what}.", "gateway status lists receipts and file names.")
        for drop in found:
            facts: dict[str, Any] = {"receipt": drop.receipt, "partner": drop.partner, "file": drop.file_name}
            facts["before"] = {"state": drop.state, **{name: getattr(drop, name) for name in _COUNTS}}
            facts |= {"mapping": version.name} if version else {}
            refusal = _refusal(drop, folders, vault) or _misfit(drop, version, kept)
            if refusal:
                yield facts | {"refused": refusal}
            elif dry:
                yield facts | {"now": _judged(site, drop, ledger, folders, now, version, kept)}
            else:
                name = give(folders, ids, Order(REPLAY, drop.receipt, why, mapping=version.name if version else ""))
                yield facts | {"ordered": drop.receipt if drop.state in _HELD else name}
    finally:
        ledger.close()


def _chosen(site: Site, ledger: Ledger, what: str, start: datetime | None, partner: str, rule: str) -> Iterator[Drop]:
    if what in ("held", "refused"):
        every = ledger.find()
        found = [d for d in every if d.state in _HELD] if what == "held" else _still_refused(every)
    else:
        found = named(site, ledger, what)
    for drop in found:
        fits = start is None or parse_instant(drop.received_at) >= start
        if fits and partner in ("", drop.partner) and (not rule or rule in refusing(site, ledger, drop, "rule")):
            yield drop


def _still_refused(drops: list[Drop]) -> list[Drop]:
    """Return of each content the last judgement, where it refuses something: a replay stands for what it replays."""
    last = {(d.partner, d.sha256): d for d in drops if d.state == "done"}
    return [drop for drop in last.values() if drop.rejected]


def _refusal(drop: Drop, folders: StateFolders, vault: Vault) -> str:
    """Return why a drop cannot be replayed, "" when it can."""
    place = folders.find(drop.receipt)
    if drop.state not in ("done", "duplicate", *_HELD):
        return "It is still in work."
    if place is None or not vault.exists(raw_path(place)):
        return "Its bytes are not kept any more."
    if drop.format in KINDS and drop.state == "done":
        return "It is a wrapping; replay the files that were taken out of it."
    if drop.format == "responses":
        return "It holds responses of the receiver, which are passed on once."
    return ""


def _misfit(drop: Drop, version: Known | None, kept: Kept) -> str:
    """Return why a mapping version has nothing to say about a drop, "" when it may."""
    if version is None:
        return ""
    if drop.state in _HELD:
        return "It is held: it goes on with the tables of today. Replay it without --mapping first."
    if folder_of(drop.format) != kept.format(version.name):
        return f"{version.mapping} does not read a file of this format."
    return ""


class _Trial(SqlHistory):
    """The ledger's history, to be asked only: control numbers are not used up."""

    def next_control(self, scope: str) -> int:
        """Return a number that is never sent."""
        return 1


def _judged(
    site: Site, drop: Drop, ledger: Ledger, folders: StateFolders, now: datetime, version: Known | None, kept: Kept
) -> dict[str, Any]:
    """Return what a replay would come to. duplicate: delivered before, unchanged."""
    partner, place = site.partners.get(drop.partner), folders.find(drop.receipt)
    if partner is None or place is None:
        return {"error": f"There is no partner {drop.partner} any more."}
    if drop.format in KINDS:
        return {"error": "It is a wrapping: a trial does not look into it. What it holds is told when it was opened."}
    at, again = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), ledger.receipts_of(drop.partner, drop.sha256)
    history = _Trial(ledger, drop.partner, at, again=again)
    profile = (kept.remap(partner.profile, version.name) if version else partner.profile).of_replay()
    try:
        outcome, _ = gather(translate(site.vault.blocks(raw_path(place)), profile, now, history, name=drop.file_name))
        found = describe(outcome, drop.file_name, profile)
    finally:
        history.close()
    rules = Counter(f["rule"] for f in found["findings"] if f["severity"] == "error")
    return {"verdict": found["verdict"], **found["shipments"], "rules": dict(rules)}


def is_serving(state_dir: Path) -> bool:
    """True when a gateway works on the state folder."""
    from gateway.shell.lock import StateLock

    try:
        StateLock(state_dir).close()
    except ConfigError:
        return True
    return False
