"""From a structure table to a state machine: after which segment may which one come, and what was skipped.

A state is the place (Slot) of the last segment. Its `next` holds, for every tag that may follow, the place of that tag:
directly when nothing mandatory lies between, else with the mandatory places that were skipped. Loops are entered by
their first segment; when a *required* loop's first segment is missing, its other segments are still found (one finding
"missing", not one for every segment of the loop).

Siblings at one position (pyx12 allows it) may come in any order and are never reported missing from each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from gateway.errors import ConfigError
from gateway.formats.x12.elements import SegmentCheck
from gateway.formats.x12.layout import LoopDef, SegmentUse, SetTable
from gateway.formats.x12.values import charset

_KEY_ELEMENT = {"HL": 3, "S5": 2}  # the element whose codes tell loops that start with this tag apart; else element 1
LEVEL = _KEY_ELEMENT["HL"]
"""Element of HL that holds its level; no other segment is told apart by element 3. HL must name the HL it stands under."""

INSIDE, LOOP, UNIT, HEADER, OUTSIDE = range(5)
"""Kinds of places: plain segment, start of a loop, start of the unit loop, start of a loop around units, none of these.

Without a unit loop everything is INSIDE or LOOP."""


class Slot:
    """One place of a segment in the set. depth: 0 = header, 1 = first loop level; maximum: 0 = no limit."""

    __slots__ = (
        "check",
        "closing",
        "depth",
        "key",
        "keys",
        "kind",
        "level",
        "loop",
        "maximum",
        "next",
        "outer",
        "tag",
        "trigger",
    )

    def __init__(self, tag: str, loop: str, depth: int, maximum: int, *, trigger: bool) -> None:
        self.tag = tag
        self.loop = loop  # loop id, "" in the header
        self.depth = depth
        self.maximum = maximum
        self.trigger = trigger
        self.kind = LOOP if trigger else INSIDE
        self.key = _KEY_ELEMENT.get(tag, 1)
        self.keys: frozenset[str] = frozenset()  # codes of element `key`: tell siblings with one tag apart
        self.level = ""  # of a loop that starts with HL: "P (Pack)"
        self.check: SegmentCheck
        self.next: dict[str, Slot | Choices] = {}
        self.closing: tuple[Slot, ...] = ()  # mandatory places that are missing when the set ends here
        self.outer: frozenset[str] = frozenset()  # tags of the loops that are open here


Choices = tuple[tuple[Slot, tuple[Slot, ...]], ...]
"""(place, mandatory places skipped), in order of preference."""


class _Loop:
    """A loop with its places: entries[i] is the place that starts child i."""

    def __init__(self, definition: LoopDef, parent: _Loop | None, index: int, depth: int) -> None:
        self.definition = definition
        self.parent = parent
        self.index = index
        self.depth = depth
        self.entries: list[Slot] = []
        self.loops: dict[int, _Loop] = {}


class Machine:
    """The state machine of one set under one interchange's separators."""

    def __init__(self, table: SetTable, unit_loop: str, component: str, repetition: str) -> None:
        chars = charset(table.version, component, repetition)
        self.checks = [SegmentCheck(segment, chars) for segment in table.segments]
        self.depth = 0
        self.slots: list[Slot] = []
        self._homes: dict[Slot, tuple[_Loop, int]] = {}
        root = self._build(table, table.root, None, 0)
        self.start = Slot("ST", "", 0, 1, trigger=False)
        self._homes[self.start] = (root, -1)
        for slot in (self.start, *self.slots):
            self._connect(slot)
        self.tags = frozenset(slot.tag for slot in self.slots)
        self.levels = ", ".join(dict.fromkeys(slot.level for slot in self.slots if slot.level))
        self.unit: Slot | None = None  # where a shipment starts
        self.outside = self.once = frozenset[str]()  # tags above shipments only; once in a shipment
        self.paged = False  # a loop without levels stands around the shipments: they read its first segment (P4)
        if unit_loop:
            self._mark_units(unit_loop)

    def _build(self, table: SetTable, definition: LoopDef, parent: _Loop | None, index: int) -> _Loop:
        first_child = next(iter(definition.children), None)
        if first_child is None or (parent is not None and not isinstance(first_child, SegmentUse)):
            said = f"Loop {definition.id} of set {table.set_id} does not start with a segment."
            raise ConfigError(said, "Give the loop a first segment in the map.")
        loop = _Loop(definition, parent, index, parent.depth + 1 if parent else 0)
        self.depth = max(self.depth, loop.depth)
        for place, child in enumerate(definition.children):
            if isinstance(child, LoopDef):
                inner = self._build(table, child, loop, place)
                loop.loops[place] = inner
                loop.entries.append(inner.entries[0])
                continue
            segment = table.segments[child.definition]
            trigger = place == 0 and parent is not None
            slot = Slot(
                segment.tag,
                definition.id if parent else "",
                loop.depth,
                definition.repeat if trigger else child.max,
                trigger=trigger,
            )
            slot.check = self.checks[child.definition]
            number = _KEY_ELEMENT.get(segment.tag, 1)
            first = segment.elements[number - 1] if len(segment.elements) >= number else None
            slot.keys = frozenset(first.codes) if first and first.use == "R" else frozenset()
            if segment.tag == "HL" and trigger:
                slot.level = f"{'|'.join(sorted(slot.keys))} ({definition.name.partition(' (')[0]})"
            self.slots.append(slot)
            self._homes[slot] = (loop, place)
            loop.entries.append(slot)
        return loop

    def _connect(self, slot: Slot) -> None:
        """Fill `next`, `closing` and `outer` of one place."""
        found: dict[str, list[tuple[Slot, tuple[Slot, ...]]]] = {}
        implied: list[tuple[Slot, tuple[Slot, ...]]] = []
        skipped: list[Slot] = []
        outer: set[str] = set()
        loop: _Loop | None
        loop, index = self._homes[slot]
        while loop is not None:
            for target, missing in self._onward(loop, index, skipped, implied):
                found.setdefault(target.tag, []).append((target, missing))
            outer.update(entry.tag for entry in loop.entries)
            index = loop.index
            loop = loop.parent
        for target, missing in implied:
            if target.tag not in found:
                found[target.tag] = [(target, missing)]
        for tag, choices in found.items():
            plain = len(choices) == 1 or not choices[0][0].keys or choices[0][0].keys == choices[1][0].keys
            slot.next[tag] = choices[0][0] if plain and not choices[0][1] else tuple(choices[:1] if plain else choices)
        slot.closing = tuple(skipped)
        slot.outer = frozenset(outer)

    def _onward(
        self, loop: _Loop, index: int, skipped: list[Slot], implied: list[tuple[Slot, tuple[Slot, ...]]]
    ) -> Iterator[tuple[Slot, tuple[Slot, ...]]]:
        """Yield the places from child `index` of a loop on; add what is mandatory there to `skipped`."""
        children = loop.definition.children
        here = children[index].pos if index >= 0 else -1
        gaps: list[Slot] = []
        for place, child in enumerate(children):
            if child.pos < here or (place == 0 and loop.parent is not None):
                continue  # behind us; or the loop's own first segment, which belongs to the parent: a new turn
            entry = loop.entries[place]
            yield entry, (*skipped, *gaps)
            if child.pos > here and child.use == "R":
                if place in loop.loops:
                    implied.extend(self._implied(loop.loops[place], (*skipped, *gaps)))
                gaps.append(entry)
        skipped += gaps

    def _implied(self, loop: _Loop, missing: tuple[Slot, ...]) -> Iterator[tuple[Slot, tuple[Slot, ...]]]:
        """Yield the places inside a required loop whose first segment did not come."""
        missing = (*missing, loop.entries[0])
        for place, child in enumerate(loop.definition.children[1:], 1):
            yield loop.entries[place], missing
            if child.use == "R":
                if place in loop.loops:
                    yield from self._implied(loop.loops[place], missing)
                missing = (*missing, loop.entries[place])

    def _mark_units(self, unit_loop: str) -> None:
        """Set the kinds of all places for a unit loop."""
        tag, _, level = unit_loop.rstrip("]").partition("[")
        code = level.partition("=")[2]
        units = (slot for slot in self.slots if slot.trigger and slot.tag == tag and (not code or code in slot.keys))
        unit = next(units, None)
        if unit is None:
            said = f"The structure table has no loop that starts with {unit_loop}."
            raise ConfigError(said, "Name the segment that starts one shipment.")
        self.unit = unit
        around: list[Slot] = []
        loop = self._homes[unit][0]
        while loop.parent is not None:
            around.append(loop.entries[0])
            loop = loop.parent
        for slot in self.slots:
            if slot is unit:
                slot.kind = UNIT
            elif slot in around:
                slot.kind = HEADER
            elif not self._within(slot, unit):
                slot.kind = OUTSIDE
        inside = {slot.tag for slot in self.slots if slot.kind in (INSIDE, LOOP, UNIT)}
        above = {slot.tag for slot in self.slots if slot.kind == HEADER or (slot.kind == OUTSIDE and slot.depth == 0)}
        self.outside = frozenset(above - inside)
        self.once = frozenset(s.tag for s in self.slots if s.loop == unit.loop and s.maximum == 1 and not s.trigger)
        self.paged = bool(around) and not self.levels

    def _within(self, slot: Slot, unit: Slot) -> bool:
        loop: _Loop | None = self._homes[slot][0]
        while loop is not None:
            if loop.entries[0] is unit:
                return True
            loop = loop.parent
        return False


@lru_cache(maxsize=64)
def machine(table: SetTable, unit_loop: str, component: str, repetition: str) -> Machine:
    """Return the machine of a table; built once for each pair of separators."""
    return Machine(table, unit_loop, component, repetition)
