"""New shipments that follow each other in a file, settled column by column: nothing that one of them claims decides about another.

new     mapped, not refused so far, an original under a number that is not known
a run   new shipments of which no number, and no person and day, stands twice: what is asked of one is asked of all at once
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.history import PersonDay, ShipmentClaim, are_bare, bare_number
from gateway.judge import Judged
from gateway.repeats import number_of

NOBODY: PersonDay = ("", "")
"""Of a shipment whose value is not summed. Compared by identity."""

_Earlier = Mapping[str, ShipmentClaim | None]


def runs(
    pending: Sequence[Judged], keys: Sequence[str], persons: Sequence[PersonDay], earlier: _Earlier, *, plain: bool
) -> Iterator[tuple[int, int, bool]]:
    """Yield where a run begins and ends, and True; where a shipment stands that is none of these, and False.

    `earlier` is asked again behind each run: what it claimed is there then. plain: False when there are no runs.
    """
    if not plain:
        yield from ((at, at + 1, False) for at in range(len(pending)))
        return
    odd = [
        j.draft is None or j.refused or j.purpose != "original" or ("master_bill_number" in j.draft and not ("house_bill_number" in j.draft or "shipment_tracking_number" in j.draft))
        for j in pending
    ]  # fmt: skip
    count, summed = len(pending), [person for person in persons if person is not NOBODY]
    if not any(odd) and not any(map(earlier.get, keys)) and len(set(keys)) == count and len(set(summed)) == len(summed) in (0, count):  # fmt: skip
        yield 0, count, count > 1
        return
    start, seen = 0, set[Any]()
    for at, (key, person) in enumerate(zip(keys, persons, strict=True)):
        alone = odd[at] or earlier.get(key) is not None
        mixed = (person is NOBODY) != (persons[start] is NOBODY)
        if at > start and (alone or mixed or key in seen or person in seen):
            yield start, at, at > start + 1
            start, alone = at, odd[at] or earlier.get(key) is not None
            seen.clear()
        if alone:
            yield at, at + 1, False
            start = at + 1
            continue
        seen.add(key)
        if person is not NOBODY:
            seen.add(person)
    if start < count:
        yield start, count, count > start + 1


def keys_of(pending: Sequence[Judged], *, test: bool) -> list[str]:
    """Return what the history knows each shipment by, "" for one that could not be mapped."""
    prefix = "test:" if test else ""
    numbers = [number_of(j, j.draft) for j in pending if j.draft is not None]
    if not are_bare(numbers):
        numbers = [bare_number(number) for number in numbers]
    each = iter([prefix + number for number in numbers] if test else numbers)
    return [next(each) if j.draft is not None else "" for j in pending]
