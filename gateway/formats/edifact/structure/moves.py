"""From one row of a structure table to the next: where a segment leads, found once and kept with the row."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.formats.edifact.structure.tables import SERVICE_TAGS, Group, Row


@dataclass(frozen=True, slots=True)
class Move:
    """One step. depth: level of the parent's group; opens: it is a trigger; again: its group repeats.

    stays: same row again; missing: mandatory rows that were passed over.
    """

    row: Row
    depth: int
    opens: bool
    again: bool
    stays: bool
    missing: tuple[Row, ...]
    most: int = 1  # how often the group that it opens may stand


def find(row: Row, tag: str) -> Move | None:
    """Return the step from `row` on `tag` and keep it in row.moves."""
    move = _search(row, tag)
    if move is not None:
        row.moves[tag] = move
        if move.depth and not move.missing and tag not in SERVICE_TAGS:
            most = move.row.max if move.stays else move.most
            row.steps[tag] = (move.row, move.depth, move.opens, move.again, move.stays, most)
    return move


def _search(row: Row, tag: str) -> Move | None:
    group, index = row.group, row.index
    if row.tag == tag and row.max > 1:
        return Move(row, group.depth, False, False, True, ())
    missing: list[Row] = []
    while True:
        found = _forward(group, index + 1, tag, missing)
        if found is not None:
            return found
        if group.row is None:
            return Move(row, row.group.depth, False, False, True, ()) if row.tag == tag and row.index else None
        if group.trigger.tag == tag:
            return Move(group.trigger, group.depth - 1, True, True, False, tuple(missing), group.row.max)
        index = group.row.index
        group = group.row.group


def _forward(group: Group, index: int, tag: str, missing: list[Row]) -> Move | None:
    """Look at the rows from `index` on; what is mandatory and passed over is added to `missing`."""
    for row in group.rows[index:]:
        if isinstance(row, Group):
            assert row.row is not None
            if row.trigger.tag == tag:
                return Move(row.trigger, group.depth, True, False, False, tuple(missing), row.row.max)
            if row.row.mandatory:
                missing.append(row.row)
        elif row.tag == tag:
            return Move(row, group.depth, False, False, False, tuple(missing))
        elif row.mandatory:
            missing.append(row)
    return None
