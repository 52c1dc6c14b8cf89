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
from gateway.commands.mapping import leaves, numbers_of
from gateway.commands.named_files import check_file
from gateway.commands.since import start_of
from gateway.errors import ConfigError, did_you_mean
from gateway.formats.plain.facts import mask
from gateway.history import MemoryHistory
from gateway.mapping.facts import read_facts
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
        check_file(path)
        with path.open("rb") as file:
            yield Source(path.name, partial(read_blocks, path), site.profile_for(file.read(1 << 16)), now)


def archived(site: Site, since: str, now: datetime) -> Iterator[Source]:
    """Yield the raw files that the state folder still holds, received since "7d", "12h" or an ISO date."""
    from gateway.commands.status import ledger_of
    from gateway.shell.claims import raw_path
    from gateway.shell.folders import StateFolders
    from gateway.shell.folders import parse_instant as ledger_instant

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


COUNTS = ("files", "unchanged", "changed", "newly_rejected", "newly_accepted", "rejected_before_and_after")


def compare(sources: Iterator[Source], new: Path, shared: MappingSet | None = None) -> dict[str, Any]:
    """Return counts of shipments by what the change does to them, with samples per field; see COUNTS.

    new: a folder with rows (ID.csv) and codes/, as a partner's folder; a whole mappings folder replaces the base tables, or those
    of the site when it holds nothing else. shared: the tables below the partners' rows, None = the base tables.
    """
    shared = shared or MappingSet(base_mappings())
    below = _below(new, shared)
    counts = dict.fromkeys(COUNTS, 0)
    fields: dict[str, dict[str, Any]] = {}
    verdicts: list[dict[str, str]] = []
    sets: dict[str, MappingSet] = {}
    for source in sources:
        counts["files"] += 1
        before = _shipments(source, source.profile)
        key = source.profile.partner
        if key not in sets:
            own = source.profile.tables.overrides if source.profile.tables is not None else ()
            if new.resolve() in {folder.resolve() for folder in own}:
                raise ConfigError(
                    f"The rows of {new} are in force already.", "Change a copy of the folder and name that."
                )
            sets[key] = (
                MappingSet(base_mappings(), own, below) if below else MappingSet(base_mappings(), (*own, new), shared)
            )
        after = _shipments(source, replace(source.profile, programs=sets[key].program))
        for place in dict.fromkeys((*before, *after)):
            kind = _judge(before.get(place), after.get(place), fields)
            counts[kind] += 1
            if kind in ("newly_rejected", "newly_accepted", "rejected_before_and_after"):
                told = after.get(place) if kind != "newly_accepted" else before.get(place)
                verdicts.append({"file": source.name, "shipment": told.id if told else "", "change": kind, "rules": told.rules if told else ""})  # fmt: skip
    return {"counts": counts, "fields": sorted(fields.values(), key=lambda f: -f["count"]), "verdicts": verdicts}


def _below(new: Path, shared: MappingSet) -> MappingSet | None:
    """Return the tables of a whole mappings folder, None for a folder of a partner's rows. Raises ConfigError when it holds none."""
    if not _is_whole(new, {facts.id for facts in shared.facts}):
        return None
    if all(read_facts(path, path.read_bytes()).format == "own" for path in new.glob("*/map.toml")):
        return MappingSet(base_mappings(), (), MappingSet(base_mappings()), more=new)
    return MappingSet(new)


def _is_whole(new: Path, known: set[str]) -> bool:
    """Return whether a folder is a whole mappings folder, not a partner's. known: ids of mappings. Raises ConfigError when it holds no rows."""
    if not new.is_dir():
        raise ConfigError(f"{new} is no folder.", "Put the new rows into a folder: DIR/x12_309_truck.csv.")
    if any(new.glob("*/map.toml")):
        return True
    if (new / "partners").is_dir():
        raise ConfigError(f"{new} is a profile folder.", f"Name the folder of the partner: {new}/partners/NAME.")
    tables = sorted(path.stem for path in new.glob("*.csv") if path.name != "onboard.csv")
    for name in tables:
        if name not in known:
            raise ConfigError(f"No mapping has the name of {new}/{name}.csv.", did_you_mean(name, known, "Name it ID.csv: gateway mapping show ID."))  # fmt: skip
    if not tables and not any((new / "codes").glob("*.csv")):
        raise ConfigError(f"{new} holds no rows.", "Put the new rows into it: x12_309_truck.csv, or codes/TABLE.csv.")
    return False


def _judge(before: Seen | None, after: Seen | None, fields: dict[str, Any]) -> str:
    """Return what a change does to one shipment, see COUNTS; what becomes of its fields goes to `fields`."""
    old = before.content if before else None
    now = after.content if after else None
    if old is None or now is None:
        return "rejected_before_and_after" if old is now else "newly_rejected" if now is None else "newly_accepted"
    if old == now:
        return "unchanged"
    left, right = dict(leaves(old, "")), dict(leaves(now, ""))
    for pointer in dict.fromkeys((*left, *right)):
        if left.get(pointer) != right.get(pointer):
            name = re.sub(r"/\d+", "/*", pointer)
            field = fields.setdefault(name, {"field": name, "count": 0, "samples": []})
            field["count"] += 1
            if len(field["samples"]) < _SAMPLES and before is not None:
                field["samples"].append(
                    {"shipment": before.id, "before": _shown(name, left.get(pointer)), "after": _shown(name, right.get(pointer))}
                )  # fmt: skip
    return "changed"


def _shown(field: str, value: Any) -> str:
    if value is None:
        return "(none)"
    dotted = field.replace("/", ".")
    return mask(str(value)) if any(part in dotted for part in _PERSONAL) else str(value)


@dataclass(frozen=True, slots=True)
class Seen:
    """One shipment of one run. content: canonical shipment, None when it was refused; rules: those that refused it."""

    id: str
    content: Any
    rules: str = ""


def _shipments(source: Source, profile: Profile) -> dict[tuple[int, int], Seen]:
    """Return (message, number in it) -> shipment: a table may read another number, the place stays."""
    outcome, messages = gather(translate(source.blocks(), profile, source.now, MemoryHistory(), name=source.name))
    passed: dict[str, list[Any]] = {}
    for shipment in (s for message in messages for s in message["shipments"]):
        passed.setdefault(numbers_of(shipment)[0], []).append(shipment)
    found: dict[tuple[int, int], Seen] = {}
    for record in outcome.records:
        if not isinstance(record, ShipmentResult):
            continue
        content = passed[record.id].pop(0) if passed.get(record.id) else None
        rules = {f.rule for f in record.findings if f.refuses} | {outcome.refused.get(record.message, "")}
        if content is not None or record.verdict in ("accepted", "rejected"):
            found[record.message, record.number] = Seen(record.id, content, " ".join(sorted(rules - {""})))
    return found
