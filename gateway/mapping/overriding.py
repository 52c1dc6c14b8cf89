"""A base table and a partner's rows -> the table in force.

    base      shipment,shipment_id (three rows)      shipment,(refuse) with eight rules and conditions
    partner   shipment,shipment_id (one row)         shipment,(refuse) with a ninth
    in force  the partner's row alone                all nine

Fields are replaced as a whole, checks one by one: who reads a number in another place still wants bills to be in order.
What the base table reads from the place of a field that is now read elsewhere goes with it: the day of the law from that
of the arrival.
"""

from __future__ import annotations

from gateway.mapping.table import Row

Key = tuple[str, ...]
"""What rows of a table have in common that a partner's rows replace together."""

_GOES_WITH = {"_arrival_day": "estimated_arrival_at"}
"""A target of our own -> the field whose day, as it was written, it is."""


def effective_rows(base: list[Row], *overrides: list[Row]) -> list[Row]:
    """Return the table after partner overrides: rows of the same level and target replace all of the base's.

    Each (refuse) row is a check of its own: it replaces that of the same rule and condition, the others stay.
    """
    rows = list(base)
    for override in overrides:
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
