"""A partner's tables: the one in force as a CSV, and back from it the partner's own rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from gateway.errors import ConfigError
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet
from gateway.mapping.overriding import Key, key_of
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
    raise ConfigError(f"There is no mapping {mapping}.", f"Known: {', '.join(f.id for f in mappings.facts)}.")


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
        [*_cells(row), notes.get((row.file, row.line), ""), "" if row.file == own else row.where]
        for row in mappings.rows(facts)[0]
    ]
    return _csv([[*COLUMNS, "note", "note_from"], *rows]), whose


def own_rows(data: bytes, mapping: str, profile: Path | None = None) -> tuple[bytes, int]:
    """Return the rows of an edited table that differ from its base table, as a partner's file, and how many they are.

    profile: whose mapping folders are looked at beside those of the program.
    All rows of a level and target go together, as overrides replace them together, but for checks, (refuse); what is
    missing is taken out. Their notes go with them.
    """
    known = MappingSet(base_mappings()) if profile is None else load_site(profile).own.tables
    base = read_table((facts_of(known, mapping).folder / "map.csv").read_bytes(), mapping).rows
    edited = read_table(data, "map.csv").rows
    before, now = _by_target(base), _by_target(edited)
    notes = dict(_notes(data, "map.csv"))
    rows: list[list[str]] = []
    for key in dict.fromkeys((*now, *before)):
        if key not in now:
            rows.append([*_cells(_none(key)), ""])
        elif [_cells(row) for row in now[key]] != [_cells(row) for row in before.get(key, ())]:
            rows += [[*_cells(row), notes.get(row.line, "")] for row in now[key]]
    table = [[*COLUMNS, "note"], *rows]
    return _csv(table if any(row[-1] for row in rows) else [row[:-1] for row in table]), len(rows)


def _by_target(rows: list[Row]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    for row in rows:
        found.setdefault(key_of(row), []).append(row)
    return found


def _none(key: Key) -> Row:
    """Return the row that takes out what a key stands for."""
    level, target, rule, when = (*key, "", "")[:4]
    return Row("", 0, level, target, "(none)", rule=rule, when=when)


def _cells(row: Row) -> list[str]:
    return [getattr(row, column) for column in COLUMNS]


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
