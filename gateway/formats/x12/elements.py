"""Element checks of one segment: required, conditional, length, characters, codes, dates (X12.6; AK403 codes).

Not here: which segment may stand where (structure.py), how bad a fault is (syntax_policy.csv).

A valid segment costs about a microsecond: which elements are filled is looked up as one bytes key, and each value in
a small memory of values that passed before. Only a segment that fails is walked again, to say what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from operator import getitem

import msgspec

from gateway.formats.x12.values import Charset, ElementDef, is_date, quick_test, value_code

TRAILING = "trailing"
"""Fault code (not an AK403 code): separators after the last element that is filled."""

_MEMORY = 512  # values remembered per element: codes and units repeat, names and numbers do not
_SHAPES = 256  # fill patterns remembered per segment


class SegmentDef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A segment's elements and its syntax rules.

    P0304: both or none; R0203: at least one; C0605: if 06 then 05; L010203: if 01 then one of the rest; E0206: at
    most one.
    """

    tag: str
    name: str
    elements: list[ElementDef]
    syntax: list[str] = []


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with a segment.

    code: AK403 or TRAILING; element and component count from 1; definition: None when the segment has no such element;
    rule, related: the syntax rule that is broken and its elements.
    """

    code: str
    element: int
    value: str = ""
    component: int | None = None
    definition: ElementDef | None = None
    related: tuple[int, ...] = ()
    rule: str = ""


def _never(value: str) -> bool:
    return False


def _harmless(kind: str, numbers: tuple[int, ...]) -> int:
    """Return how many elements a segment may have without any chance to break a syntax rule."""
    if kind == "R":
        return -1  # the tag alone breaks it
    return sorted(numbers)[1] - 1 if kind == "E" else (min(numbers) if kind == "P" else numbers[0]) - 1


_Quick = Callable[[str], object]


def _numbers(rule: str) -> tuple[int, ...]:
    """Return the elements that a syntax rule names: P0304 -> (3, 4)."""
    return tuple(map(int, re.findall("..", rule[1:])))


def broken(kind: str, numbers: tuple[int, ...], filled: list[int]) -> list[tuple[str, int]]:
    """Return (AK403 code, number) of each element or component that a syntax rule misses (2) or excludes (10).

    filled: those of `numbers` that were sent. X12.6 section 3.8.
    """
    empty = [n for n in numbers if n not in filled]
    first = numbers[0] in filled
    if kind == "E":
        return [("10", number) for number in filled[1:]]
    if (kind == "P" and filled) or (kind == "C" and first):
        return [("2", number) for number in empty]
    if (kind == "R" and not filled) or (kind == "L" and first and len(filled) == 1):
        return [("2", empty[0])]
    return []


class _Known(dict[str, bool]):
    """Value -> passed? for one element; asks the checks when a value is new and remembers the good ones."""

    __slots__ = ("_check", "_make", "_quick")

    def __init__(self, good: list[str], make: Callable[[], _Quick], check: Callable[[str], bool]) -> None:
        super().__init__(dict.fromkeys(good, True))
        self._make = make
        self._quick: _Quick = self._first
        self._check = check

    def _first(self, value: str) -> object:
        """Make the quick test when a value comes: most elements of a set are never sent."""
        self._quick = self._make()
        return self._quick(value)

    def __missing__(self, value: str) -> bool:
        if not (self._quick(value) or self._check(value)):
            return False
        if len(self) < _MEMORY:
            self[value] = True
        return True


class SegmentCheck:
    """Checks segments of one definition under one interchange's separators.

    known: for each element, the tag first, the memory of its good values; dated: a value depends on another (1250, 1251);
    coded: the first element is a code and mandatory.
    """

    def __init__(self, definition: SegmentDef, chars: Charset) -> None:
        self.definition = definition
        self._chars = chars
        self._shapes: set[bytes] = set()
        self._rules = tuple((rule, rule[0], _numbers(rule)) for rule in definition.syntax)
        self.known = ({definition.tag: True}, *(self._memory(element) for element in definition.elements))
        self._least = max((n for n, e in enumerate(definition.elements, 1) if e.use == "R"), default=0) + 1
        self._simple = (
            min([len(definition.elements), *(_harmless(kind, numbers) for _, kind, numbers in self._rules)]) + 1
        )
        self.dated = any(element.de == "1251" for element in definition.elements)
        first = definition.elements[0] if definition.elements else None
        self.coded = first is not None and first.use == "R" and first.type == "ID"

    def passes(self, elements: list[str]) -> bool:
        """True when `faults(elements)` is empty; the fast way to know. elements[0] is the tag."""
        if self._least <= len(elements) <= self._simple:
            if not elements[-1]:  # required elements are asked for below: their memories do not hold ""
                return False
        else:
            shape = bytes(map(bool, elements))
            if shape not in self._shapes and not self._new_shape(shape, elements):
                return False
        return all(map(getitem, self.known, elements)) and not (self.dated and any(self._period_faults(elements)))

    def faults(self, elements: list[str]) -> list[Fault]:
        """Return everything wrong with the segment, in the order of its elements; one cause is one fault.

        An element that two syntax rules ask for is missing once, and a period that is too long is not a wrong date as well.
        """
        found = list(self._shape_faults(elements))
        for number, element in enumerate(self.definition.elements, 1):
            if number < len(elements) and elements[number]:
                found += self._value_faults(number, element, elements[number])
        told = {fault.element for fault in found}
        found += [fault for fault in self._period_faults(elements) if fault.element not in told]
        first: dict[tuple[object, ...], Fault] = {}
        for fault in found:
            first.setdefault((fault.element, fault.component, fault.code, fault.value), fault)
        return sorted(first.values(), key=lambda f: (f.code == TRAILING, f.element, f.component or 0))

    # --- which elements are filled ----------------------------------------------------------------------------

    def _new_shape(self, shape: bytes, elements: list[str]) -> bool:
        if any(self._shape_faults(elements)):
            return False
        if len(self._shapes) < _SHAPES:
            self._shapes.add(shape)
        return True

    def _shape_faults(self, elements: list[str]) -> Iterator[Fault]:
        defined = self.definition.elements
        last = max((n for n in range(len(elements) - 1, 0, -1) if elements[n]), default=0)
        for number, element in enumerate(defined, 1):
            filled = number <= last and bool(elements[number])
            if element.use == "R" and not filled:
                yield Fault("1", number, definition=element)
            elif element.use == "N" and filled:
                yield Fault("10", number, elements[number], definition=element)
        if last > len(defined):
            yield Fault("3", len(defined) + 1, elements[len(defined) + 1])
        for rule, kind, numbers in self._rules:
            yield from self._rule_faults(rule, kind, numbers, elements, last)
        if len(elements) - 1 > last:
            yield Fault(TRAILING, last + 1)

    def _rule_faults(
        self, rule: str, kind: str, numbers: tuple[int, ...], elements: list[str], last: int
    ) -> Iterator[Fault]:
        """Yield what breaks one syntax rule: one fault per element that is missing or too much."""
        for code, number in broken(kind, numbers, [n for n in numbers if n <= last and elements[n]]):
            value = elements[number] if code == "10" else ""
            yield Fault(code, number, value, definition=self._element(number), related=numbers, rule=rule)

    def _element(self, number: int) -> ElementDef | None:
        defined = self.definition.elements
        return defined[number - 1] if number <= len(defined) else None

    # --- values -----------------------------------------------------------------------------------------------

    def _memory(self, element: ElementDef) -> _Known:
        """Return the memory of an element's good values; codes are known from the start."""
        plain = not (element.components or element.pattern or element.repeat > 1 or element.use == "N")
        coded = [code for code in element.codes if plain and not value_code(code, element, self._chars)]
        free = plain and not element.codes and element.type[0] in "RNAI"
        shape = (element.type[0], element.min, element.max, self._chars.letters)
        good = coded if element.use == "R" else ["", *coded]
        return _Known(
            good,
            lambda: quick_test(*shape) if free else _never,
            lambda value: bool(value) and element.use != "N" and not self._value_faults(0, element, value),
        )

    def _value_faults(self, number: int, element: ElementDef, value: str) -> list[Fault]:
        repetition = self._chars.repetition
        values = value.split(repetition) if repetition and repetition in value else [value]
        if len(values) > element.repeat:
            return [Fault("12", number, value, definition=element)]
        found: list[Fault] = []
        for one in values:
            if element.components:
                found += self._component_faults(number, element, one)
            elif one and (code := value_code(one, element, self._chars)):
                found.append(Fault(code, number, one, definition=element))
        return found

    def _component_faults(self, number: int, element: ElementDef, value: str) -> list[Fault]:
        parts = value.split(self._chars.component) if self._chars.component else [value]
        if len(parts) > len(element.components):
            return [Fault("13", number, value, definition=element)]
        found: list[Fault] = []
        for place, component in enumerate(element.components, 1):
            part = parts[place - 1] if place <= len(parts) else ""
            if not part:
                if component.use == "R":
                    found.append(Fault("1", number, "", place, component))
            elif code := value_code(part, component, self._chars):
                found.append(Fault(code, number, part, place, component))
        filled = [place for place, part in enumerate(parts, 1) if part]
        for rule in element.syntax:
            related = _numbers(rule)
            for code, place in broken(rule[0], related, [n for n in related if n in filled]):
                shown = parts[place - 1] if code == "10" else ""
                found.append(Fault(code, number, shown, place, element.components[place - 1], related, rule))
        return found

    def _period_faults(self, elements: list[str]) -> Iterator[Fault]:
        """DE 1251 holds a date in the format that the DE 1250 before it names; only D8 and D6 are checked here."""
        for number, element in enumerate(self.definition.elements[:-1], 1):
            if element.de != "1250" or self.definition.elements[number].de != "1251" or number + 1 >= len(elements):
                continue
            value, form = elements[number + 1], elements[number]
            if value and form in ("D8", "D6") and not (len(value) == int(form[1]) and is_date(value)):
                yield Fault("8", number + 1, value, definition=self.definition.elements[number])
