"""`gateway mapping check | show | trace`."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.commands.exact_place import encoding_of, exact_places
from gateway.commands.mapping_own import facts_of, mappings_of
from gateway.commands.mapping_unfilled import left_unfilled
from gateway.commands.named_files import check_file
from gateway.config_files import PartnerFile, read_file
from gateway.errors import ConfigError, GatewayError, MappingError, did_you_mean
from gateway.formats import format_module
from gateway.formats.detect import HEAD, Transcoded, detect_for
from gateway.history import bare_number
from gateway.mapping.code_values import unfit_values
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet
from gateway.mapping.lint import lint
from gateway.mapping.table import COLUMNS, Fault
from gateway.outputs.folder import check_layouts
from gateway.own_documents import OwnDocuments, look_at_documents
from gateway.own_tables import Unread, own_tables
from gateway.profile import Profile, Program
from gateway.records import Unit
from gateway.shell.vault import clear
from gateway.site import Site, base_mappings, load_site


def _sets(profile: Path | None) -> tuple[list[MappingSet], list[Fault]]:
    """Return the base mappings, those of a profile and of its partners, the faults of its documents and what nobody reads.

    A folder of partners/ without a partner file is looked at too. Raises ConfigError.
    """
    base = base_mappings()
    plain = MappingSet(base)
    documents, faults = look_at_documents(profile, plain) if profile else (OwnDocuments(plain), [])
    faults += [_left_over(one) for one in documents.unread]
    folders: dict[tuple[Path, ...], None] = {}
    for path in sorted((profile / "partners").glob("*.toml")) if profile else ():
        assert profile is not None
        own, unread = own_tables(path, read_file(path, PartnerFile), profile, base)
        folders[tuple(own)] = None
        faults += map(_left_over, unread)
    known = {place.resolve() for own in folders for place in own}
    for place in sorted((profile / "partners").iterdir()) if profile else ():
        if place.is_dir() and place.resolve() not in known:
            folders[(place,)] = None
    shared = [plain, documents.tables] if documents.tables.added else [plain]
    return [*shared, *(MappingSet(base, own, shared[-1]) for own in folders if own)], faults


def _left_over(one: Unread) -> Fault:
    return Fault(one.code, str(one.table), 1, "", one.said, one.mend, "warning")


def check_all(profile: Path | None) -> list[dict[str, Any]]:
    """Return every fault of every mapping, each once."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    sets, left_over = _sets(profile)
    left_over += _left_unfilled(profile) if profile is not None else []
    for mappings in sets:
        own = mappings.codes if mappings is sets[0] else mappings.codes.own
        faults = [*left_over, *mappings.codes.faults, *unfit_values(mappings, [*own])]
        for facts in mappings.facts:
            if _touches(mappings, facts):
                faults += lint(mappings, facts)
        for fault in (*faults, *check_layouts(base_mappings(), profile)):
            found[fault.file, fault.line, fault.column, fault.message] = msgspec.structs.asdict(fault)
    return list(found.values())


def _left_unfilled(profile: Path) -> list[Fault]:
    """Return what the tables leave of what is required; nothing of a profile folder that cannot be loaded, which is told elsewhere."""
    try:
        return list(left_unfilled(load_site(profile)))
    except GatewayError:
        return []


def _touches(mappings: MappingSet, facts: MappingFacts) -> bool:
    try:
        return mappings.touches(facts)
    except MappingError:  # of the base table, which is looked at too
        return False


def show(mapping: str, profile: Path | None, partner: str) -> Iterator[str]:
    """Yield the table in force as CSV lines. Raises ConfigError for an unknown mapping."""
    mappings, whose = mappings_of(profile, partner, mapping)
    rows, digest = mappings.rows(facts_of(mappings, mapping))
    yield f"# {mapping}{f' of {whose}' if whose else ''}, version {digest}, {len(rows)} rows"
    for cells in [list(COLUMNS), *([getattr(r, c) for c in COLUMNS] for r in rows)]:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(cells)
        yield line.getvalue()


@dataclass(frozen=True, slots=True)
class UnitsRead:
    """One file as its reader gives it. data: the received bytes; programs: the mappings of its partner."""

    data: bytes
    profile: Profile
    programs: Callable[[str, str, str], Program | None]
    format: str
    units: Iterator[Unit]


def units_of(path: Path, site: Site) -> UnitsRead:
    """Read the shipments of a file, unmapped. Raises ConfigError for a file that is not there or not known."""
    check_file(path)
    data = site.vault.read(clear(path))
    profile = site.profile_for(data[:HEAD])
    seen = detect_for(data[:HEAD], path.name, profile)
    if seen.hold is not None or profile.programs is None:
        said = seen.hold.message if seen.hold else "no mapping"
        raise ConfigError(
            f"{path.name} cannot be read: {said}", f"{shlex.join(('gateway', 'check', str(path)))} tells more."
        )
    events = format_module(seen.format).read(Transcoded((data,), seen), profile, (seen.skip, seen.factor))
    return UnitsRead(data, profile, profile.programs, seen.format, _dated(e for e in events if isinstance(e, Unit)))


def _dated(units: Iterator[Unit]) -> Iterator[Unit]:
    """Give the messages a day of receipt, as translate does: today."""
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    for unit in units:
        unit.message.envelope.setdefault("received_on", today)
        yield unit


_NUMBERS = ("house_bill_number", "shipment_tracking_number", "shipment_id")


def numbers_of(shipment: dict[str, Any]) -> list[str]:
    """Return the numbers of a canonical shipment; the first one names it, as everywhere in the answers."""
    return [str(shipment[name]) for name in _NUMBERS if shipment.get(name)]


def _names(pointer: str) -> tuple[str, str]:
    """Return how a field is called with and without its line: items.0.hts_number, items.hts_number as in findings."""
    parts = pointer.strip("/").split("/")
    return ".".join(parts), ".".join(p for p in parts if not p.isdigit())


def trace(path: Path, site: Site, shipment: str, field: str) -> Iterator[dict[str, Any]]:
    """Yield for each canonical value of a file where it was read and by which row.

    shipment: only the one with this number, whichever of its numbers it is. Raises ConfigError when there is none.
    """
    seen: dict[str, None] = {}
    read = units_of(path, site)
    places, encoding = exact_places(read.data, read.format, read.profile), encoding_of(read.data, read.profile)
    for event in read.units:
        program = read.programs(event.message.format, event.message.type, event.message.version)
        if program is None:
            continue
        mapped = program.run(event.message, event.node, read.profile)
        numbers = numbers_of(mapped.draft)
        name = numbers[0] if numbers else event.label
        seen[name] = None
        if shipment and bare_number(shipment) not in map(bare_number, (*numbers, event.label)):
            continue
        for pointer, value in leaves(mapped.draft, ""):
            if field and not any(name.startswith(field) for name in _names(pointer)):
                continue
            origin = mapped.locate(pointer)
            position, row = origin.position, origin.row
            exact = places(position, event.message.root)
            offset, length = exact or (position.offset or 0, position.length or 0)
            told = exact is not None or position.element is not None
            raw = read.data[offset : offset + length].decode(encoding, "replace") if told else ""
            yield {"shipment": name, "pointer": pointer, "value": value, "place": position.words(), "offset": offset if exact else position.offset, "length": length, "raw": raw, "row": row}  # fmt: skip
        if shipment:
            return
    if shipment:
        raise ConfigError(f"{path.name} has no shipment {shipment}.", f"It has {', '.join([*seen][:12]) or 'none'}.")


def leaves(node: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """Yield (JSON pointer, value) of every value of a canonical shipment; keys that start with "_" are the gateway's."""
    if isinstance(node, dict):
        for key, value in node.items():
            if not key.startswith("_"):
                yield from leaves(value, f"{pointer}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, f"{pointer}/{index}")
    else:
        yield pointer, node


def table_bytes(mapping: str) -> bytes:
    """Return the CSV of a base mapping, of a code table, or of a file. Raises ConfigError when there is none of them."""
    base = base_mappings()
    for path in (base / mapping / "map.csv", base / "codes" / f"{mapping}.csv", Path(mapping)):
        if path.is_file():
            return path.read_bytes()
    known = sorted(path.parent.name for path in base.glob("*/map.csv"))
    meant = did_you_mean(mapping, known, f"Known: {', '.join(known)}; or name a CSV file.")
    raise ConfigError(f"There is no mapping {mapping}.", meant)
