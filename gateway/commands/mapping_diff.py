"""`gateway mapping diff`: what would change if a table were changed, tried on files or on what the archive holds.

Both runs happen in memory with an empty history; the state folder is only read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from gateway.check import gather
from gateway.commands.mapping import leaves
from gateway.commands.since import start_of
from gateway.errors import ConfigError
from gateway.formats.plain.facts import mask
from gateway.history import MemoryHistory
from gateway.mapping.folder import MappingSet
from gateway.profile import Profile
from gateway.results import ShipmentResult
from gateway.shell.folders import read_blocks
from gateway.site import Site, base_mappings
from gateway.translate import translate

_SAMPLES = 5  # before -> after pairs shown per field
_PERSONAL = ("party.name", "address", ".phone", ".email", ".name", ".city", "postal_code")


@dataclass(frozen=True, slots=True)
class Source:
    """One file to try. blocks: reads it; now: the instant at which it is judged."""

    name: str
    blocks: Callable[[], Iterable[bytes]]
    profile: Profile
    now: datetime


def sources_of(paths: list[Path], site: Site, now: datetime) -> Iterator[Source]:
    """Yield files named on the command line; the envelope tells the partner."""
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"{path} is not there.", "Check the path.")
        with path.open("rb") as file:
            yield Source(path.name, partial(read_blocks, path), site.profile_for(file.read(1 << 16)), now)


def archived(site: Site, since: str, now: datetime) -> Iterator[Source]:
    """Yield the raw files that the state folder still holds, received since "7d", "12h" or an ISO date."""
    from gateway.commands.status import ledger_of
    from gateway.shell.folders import StateFolders
    from gateway.shell.folders import parse_instant as ledger_instant
    from gateway.shell.intake import raw_path

    start = start_of(since, now)
    folders, ledger, vault = StateFolders(site.settings.state_dir), ledger_of(site), site.vault
    try:
        drops = [d for d in ledger.find(newest=1_000_000) if ledger_instant(d.received_at) >= start]
    finally:
        ledger.close()
    for drop in drops:
        place, partner = folders.find(drop.receipt), site.partners.get(drop.partner)
        if place is not None and partner is not None and vault.exists(raw_path(place)):
            yield Source(
                drop.file_name,
                partial(vault.blocks, raw_path(place)),
                partner.profile,
                ledger_instant(drop.received_at),
            )


def compare(sources: Iterator[Source], new: Path) -> dict[str, Any]:
    """Return counts of shipments unchanged, changed, newly rejected and newly accepted, with samples per field.

    new: a folder with rows (ID.csv) and codes/, as a partner's folder; a whole mappings folder replaces the base tables.
    """
    if not new.is_dir():
        raise ConfigError(f"{new} is no folder.", "Put the new rows into a folder: DIR/x12_309_truck.csv.")
    whole = any(new.glob("*/map.toml"))
    counts = dict.fromkeys(("files", "unchanged", "changed", "newly_rejected", "newly_accepted"), 0)
    fields: dict[str, dict[str, Any]] = {}
    lost: list[dict[str, str]] = []
    sets: dict[str, MappingSet] = {}
    for source in sources:
        counts["files"] += 1
        before = _shipments(source, source.profile)
        key = source.profile.partner
        if key not in sets:
            own = source.profile.tables.overrides if source.profile.tables is not None else ()
            sets[key] = MappingSet(new if whole else base_mappings(), own if whole else (*own, new))
        after = _shipments(source, replace(source.profile, programs=sets[key].program))
        for shipment in dict.fromkeys((*before, *after)):
            _judge(source.name, shipment, before.get(shipment), after.get(shipment), counts, fields, lost)
    return {"counts": counts, "fields": sorted(fields.values(), key=lambda f: -f["count"]), "verdicts": lost}


def _judge(
    file: str, shipment: str, before: Any, after: Any, counts: dict[str, int], fields: dict[str, Any], lost: list[dict[str, str]]
) -> None:  # fmt: skip
    old, old_rules = before or (None, "")
    now, rules = after or (None, "")
    if (old is None) != (now is None):
        kind = "newly_rejected" if now is None else "newly_accepted"
        counts[kind] += 1
        lost.append({"file": file, "shipment": shipment, "change": kind, "rules": rules if now is None else old_rules})
        return
    if old == now:
        counts["unchanged"] += 1
        return
    counts["changed"] += 1
    left, right = dict(leaves(old, "")), dict(leaves(now, ""))
    for pointer in dict.fromkeys((*left, *right)):
        if left.get(pointer) != right.get(pointer):
            name = re.sub(r"/\d+", "/*", pointer)
            field = fields.setdefault(name, {"field": name, "count": 0, "samples": []})
            field["count"] += 1
            if len(field["samples"]) < _SAMPLES:
                field["samples"].append(
                    {"shipment": shipment, "before": _shown(name, left.get(pointer)), "after": _shown(name, right.get(pointer))}
                )  # fmt: skip


def _shown(field: str, value: Any) -> str:
    if value is None:
        return "(none)"
    dotted = field.replace("/", ".")
    return mask(str(value)) if any(part in dotted for part in _PERSONAL) else str(value)


def _shipments(source: Source, profile: Profile) -> dict[str, tuple[Any, str]]:
    """Return shipment -> (canonical shipment or None when refused, rules that refused it)."""
    found: dict[str, tuple[Any, str]] = {}
    outcome, messages = gather(translate(source.blocks(), profile, source.now, MemoryHistory(), name=source.name))
    for record in outcome.records:
        if isinstance(record, ShipmentResult) and (record.verdict == "rejected" or record.message in outcome.refused):
            rules = " ".join(sorted({f.rule for f in record.findings if f.refuses})) or outcome.refused.get(
                record.message, ""
            )
            found[record.id] = (None, rules)
    for message in messages:
        for shipment in message["shipments"]:
            name = (
                shipment.get("house_bill_number") or shipment.get("shipment_tracking_number") or shipment["shipment_id"]
            )
            found[name] = (shipment, "")
    return found
