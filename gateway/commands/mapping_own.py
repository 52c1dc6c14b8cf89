"""A partner's tables: the one in force as a CSV, and back from it the partner's own rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from gateway.errors import ConfigError, did_you_mean
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet
from gateway.mapping.overriding import WHOLE, Key, blocks_of, cells_of, effective_rows, is_none, key_of
from gateway.mapping.table import COLUMNS, Row, read_cells, read_table
from gateway.site import base_mappings, load_site


def mappings_of(profile: Path | None, partner: str, mapping: str) -> tuple[MappingSet, str]:
    """Return the tables in force and whose they are, "" for the base tables.

    Without a name it is the only partner with rows of its own for the mapping. Raises ConfigError.
    """
    if profile is None:
        return MappingSet(base_mappings()), ""
    site = load_site(profile)
    shared = site.own.tables
    if partner:
        site = site.only(partner)
    found = {
        name: one.profile.tables for name, one in site.partners.items() if isinstance(one.profile.tables, MappingSet)
    }
    if len(found) > 1 or (mapping in shared.added and not partner):
        found = {name: tables for name, tables in found.items() if has_own(tables, mapping)}
    if len(found) > 1:
        raise ConfigError(
            f"Several partners have rows of their own for {mapping}.", f"Name one: --partner {' or '.join(found)}."
        )
    return next(((tables, name) for name, tables in found.items()), (shared, ""))


def has_own(tables: MappingSet, mapping: str) -> bool:
    """True when a partner's folders hold rows or code tables that change a mapping."""
    return any((folder / f"{mapping}.csv").exists() or (folder / "codes").is_dir() for folder in tables.overrides)


def facts_of(mappings: MappingSet, mapping: str) -> MappingFacts:
    """Return the facts of a mapping. Raises ConfigError."""
    for facts in mappings.facts:
        if facts.id == mapping:
            return facts
    known = [facts.id for facts in mappings.facts]
    raise ConfigError(f"There is no mapping {mapping}.", did_you_mean(mapping, known, f"Known: {', '.join(known)}."))


def table_in_force(mapping: str, profile: Path | None, partner: str) -> tuple[bytes, str]:
    """Return the table as it is in force, as CSV, and whose it is; a partner's rows have their file in `note_from`.

    Where nothing is overridden these are the bytes of the base table. Raises ConfigError.
    """
    mappings, whose = mappings_of(profile, partner, mapping)
    facts = facts_of(mappings, mapping)
    base = (facts.folder / "map.csv").read_bytes()
    if len(mappings.tables(facts)) == 1:
        return base, whose
    notes = {
        (name, line): note
        for name, data in mappings.sources(facts).items()
        if name.endswith(".csv") and not name.startswith("codes/")
        for line, note in _notes(data, name)
    }
    own = f"{facts.folder.name}/map.csv"
    rows = [
        [*cells_of(row), notes.get((row.file, row.line), ""), "" if row.file == own else row.where]
        for row in mappings.rows(facts)[0]
    ]
    return _csv([[*COLUMNS, "note", "note_from"], *rows]), whose


def own_rows(data: bytes, mapping: str, profile: Path | None = None) -> tuple[bytes, int]:
    """Return the rows of an edited table that differ from its base table, as a partner's file, and how many they are.

    profile: whose mapping folders are looked at beside those of the program. Their notes go with them.
    Raises ConfigError when the base table under these rows would not be the edited one.
    """
    known = MappingSet(base_mappings()) if profile is None else load_site(profile).own.tables
    base = read_table((facts_of(known, mapping).folder / "map.csv").read_bytes(), mapping).rows
    notes = dict(_notes(data, "map.csv"))
    rows = [[*cells_of(row), notes.get(row.line, "")] for row in differing(base, read_table(data, "map.csv").rows)]
    table = [[*COLUMNS, "note"], *rows]
    return _csv(table if any(row[-1] for row in rows) else [row[:-1] for row in table]), len(rows)


def differing(base: list[Row], edited: list[Row]) -> list[Row]:
    """Return the rows that make of a base table the edited one.

    All rows of a level and target go together, as overrides replace them together, but for checks, (refuse); what is
    missing is taken out. A level whose blocks that would mix up is written whole. Raises ConfigError when nothing helps.
    """
    before, now = _by_target(base), _by_target(edited)
    own: dict[Key, list[Row]] = {}
    for key in dict.fromkeys((*now, *before)):
        if key not in now:
            own[key] = [_none(key)]
        elif _differ(now[key], before.get(key, ())):
            own[key] = now[key]
    merged = _by_target(effective_rows(base, _all(own)))
    own |= {
        key: rows for key, rows in now.items() if key not in merged and not all(map(is_none, rows))
    }  # went with a field
    rows = _all(own)
    for level in _mixed(base, rows, edited):
        rows = [row for row in rows if row.level != level]
        rows += [_none((level, WHOLE)), *(row for row in edited if row.level == level)]
    if levels := _mixed(base, rows, edited):
        raise ConfigError(
            f"The rows of level {', '.join(levels)} cannot be written over the base table: what came out would not be the edited table.",
            "Import without --over shows the whole table; tell us of it.",
        )
    return rows


def whole_levels(data: bytes) -> list[str]:
    """Return the levels that a partner's table writes as a whole."""
    return [row.level for row in read_table(data, "map.csv").rows if row.target == WHOLE]


def _all(own: dict[Key, list[Row]]) -> list[Row]:
    return [row for rows in own.values() for row in rows]


def _differ(rows: list[Row], others: Sequence[Row]) -> bool:
    return [cells_of(row) for row in rows] != [cells_of(row) for row in others]


def _mixed(base: list[Row], own: list[Row], edited: list[Row]) -> list[str]:
    """Return the levels in which the base table under own rows reads otherwise than the edited table."""
    wanted = blocks_of([row for row in edited if not is_none(row)])
    found = blocks_of(effective_rows(base, own))
    return [level for level in dict.fromkeys((*wanted, *found)) if wanted.get(level) != found.get(level)]


def _by_target(rows: list[Row]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    for row in rows:
        found.setdefault(key_of(row), []).append(row)
    return found


def _none(key: Key) -> Row:
    """Return the row that takes out what a key stands for."""
    level, target, rule, when = (*key, "", "")[:4]
    return Row("", 0, level, target, "(none)", rule=rule, when=when)


def _notes(data: bytes, name: str) -> list[tuple[int, str]]:
    """Return (line, text of the column `note`) of a table."""
    (_, header), *rest = read_cells(data, name, []) or [(0, [])]
    names = [c.strip().lower() for c in header]
    if "note" not in names:
        return []
    at = names.index("note")
    return [(line, cells[at].strip()) for line, cells in rest if at < len(cells)]


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
