"""A base table and a partner's rows -> the table in force.

    base      shipment,shipment_id (three rows)      shipment,(refuse) with eight rules and conditions
    partner   shipment,shipment_id (one row)         shipment,(refuse) with a ninth
    in force  the partner's row alone                all nine

Fields are replaced as a whole, checks one by one: who reads a number in another place still wants bills to be in order.
What the base table reads from the place of a field that is now read elsewhere goes with it: the day of the law from that
of the arrival.

Rows of a target that stands in several blocks come together where the first of them stood. A level whose blocks are changed is
written whole, behind a row `LEVEL,(all),(none)`: it takes out all rows of the level, and the partner's stand as they are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.mapping.compile import BINDINGS
from gateway.mapping.table import COLUMNS, Row

Key = tuple[str, ...]
"""What rows of a table have in common that a partner's rows replace together."""

WHOLE = "(all)"
"""Target of the row by which a partner's table takes out all rows of a level, to write them anew."""

_GOES_WITH = {"_arrival_day": "estimated_arrival_at"}
"""A target of our own -> the field whose day, as it was written, it is."""


def effective_rows(base: list[Row], *overrides: list[Row]) -> list[Row]:
    """Return the table after partner overrides: rows of the same level and target replace all of the base's.

    Each (refuse) row is a check of its own: it replaces that of the same rule and condition, the others stay.
    """
    rows = list(base)
    for override in overrides:
        anew = _anew(override)
        rows = [row for row in rows if row.level not in anew]
        gone = [r for r in override if r.target == "(refuse)" and is_none(r)]
        rows = [row for row in rows if not any(_takes_out(g, row) for g in gone)]
        own = [row for row in override if row not in gone]
        rows = [row for row in rows if not _left_behind(row, rows, own)]
        replaced, known = {key_of(row) for row in own}, {key_of(row) for row in rows}
        merged: list[Row] = []
        done: set[Key] = set()
        for row in rows:
            key = key_of(row)
            if key not in replaced:
                merged.append(row)
            elif key not in done:
                done.add(key)
                merged += [r for r in own if key_of(r) == key]
        merged += [r for r in own if key_of(r) not in known]
        rows = [row for row in merged if not is_none(row)]
    return rows


def key_of(row: Row) -> Key:
    """Return level and target; of a (refuse) row rule and condition too."""
    return (row.level, row.target, row.rule, row.when) if row.target == "(refuse)" else (row.level, row.target)


def _anew(override: list[Row]) -> set[str]:
    """Return the levels that a partner's table writes as a whole."""
    return {row.level for row in override if row.target == WHOLE and is_none(row)}


def is_none(row: Row) -> bool:
    """True when the row takes out what the base table has."""
    return row.source.lower() == "(none)"


def _left_behind(row: Row, rows: list[Row], own: list[Row]) -> bool:
    """True when the field that a row goes with is read from another place now, and nothing is said of the row itself."""
    field = _GOES_WITH.get(row.target)
    if field is None or any(r.target == row.target for r in own):
        return False
    places = {r.source for r in rows if r.target == field}
    return any(r.target == field and r.source not in places for r in own)


def _takes_out(gone: Row, row: Row) -> bool:
    """True when a (refuse) row without source names the check: by rule and condition, where it has them."""
    same = row.target == gone.target and row.level == gone.level
    return same and gone.rule in ("", row.rule) and gone.when in ("", row.when)


# --- blocks -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Together:
    """One block of a level: its binding rows, its fields each with its rows in their order, its checks in any."""

    bindings: list[list[str]] = field(default_factory=list)
    fields: dict[str, list[list[str]]] = field(default_factory=dict)
    checks: Counter[tuple[str, ...]] = field(default_factory=Counter)


def blocks_of(rows: list[Row]) -> dict[str, list[Together]]:
    """Return level -> its blocks, as the compiler makes them: two tables of the same blocks read the same."""
    blocks: dict[str, list[Together]] = {}
    for row in rows:
        level = blocks.setdefault(row.level, [])
        if not level or (row.target in BINDINGS and (level[-1].fields or level[-1].checks)):
            level.append(Together())
        if row.target in BINDINGS:
            level[-1].bindings.append(cells_of(row))
        elif row.target == "(refuse)":
            level[-1].checks[tuple(cells_of(row))] += 1
        else:
            level[-1].fields.setdefault(row.target, []).append(cells_of(row))
    return blocks


def cells_of(row: Row) -> list[str]:
    """Return the cells of a row in the order of COLUMNS."""
    return [getattr(row, column) for column in COLUMNS]


def mixed(below: list[Row], override: list[Row]) -> Iterator[tuple[Row, str]]:
    """Yield (row, why) for each level whose blocks come apart: rows that belonged together are read in other nodes, or in none.

    below: the table that the partner's rows change.
    """
    own = [row for row in override if not is_none(row) and row.level not in _anew(override)]
    there, written = blocks_of(below), blocks_of(own)
    for level, blocks in written.items():
        first = next(row for row in own if row.level == level)
        if len(blocks) > 1:
            yield first, f"the rows of level {level} form {len(blocks)} blocks here, and are put together into one"
            continue
        replaced = {row.target for row in own if row.level == level}
        before = [_targets(block) for block in there.get(level, ())]
        several = {target for target in replaced if sum(target in block for block in before) > 1}
        if several and any(block - replaced for block in before):
            names = ", ".join(sorted(several))
            said = f"{names} of level {level} stands in several of the {len(before)} blocks of the base table, these rows in the first"
            yield first, said


def _targets(block: Together) -> set[str]:
    return {*block.fields, *(cells[1] for cells in block.bindings)}
