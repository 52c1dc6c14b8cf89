"""Units whose elements came before: one pattern reads all their texts in one step, from the bytes.

    <item id="LX1"> <name>ADA</name> </item>  ->  pattern <item id="(..)">[ ]*<name>(..)</name>[ ]*</item>, texts ("LX1", "ADA")

A layout is the start and end tags of a unit as they are written, in order, blanks between them of any length. It is made
of a unit that is as plain as can be (no comments, CDATA, references, namespaces of its own) and of which the reader would
say nothing; the pattern finds only such, so what it finds is well formed and needs no closer look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.formats.xml.kinds import Kind
from gateway.formats.xml.places import Place
from gateway.formats.xml.remarks import UNITS
from gateway.kinds import Kinds
from gateway.often import Often

_OFTEN = 8  # times that a layout must have come: its pattern costs as much as a dozen units that are read one by one
_KEPT = 64  # layouts of a family
_COUNTED = 4096  # layouts whose times are counted
_LONGEST = 16_384  # characters of a unit that a layout is made of

_NAME = r"[A-Za-z_][\w.-]*"
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>(?:{_NAME}:)?{_NAME})(?P<attributes>(?: +{_NAME}=(?:\"[^<>&\"\x00-\x1f]*\"|'[^<>&'\x00-\x1f]*'))*)(?P<rest> *(?P<closed>/?)>)", re.ASCII
)  # fmt: skip
_ATTRIBUTE = re.compile(rf"( +({_NAME})=([\"']))[^\"']*", re.ASCII)
_BETWEEN = r"[ \t\r\n]*"
_TEXT = r"([^<>&\x00-\x08\x0b-\x1f]*)"  # of lines that end in \n: the parser changes others
_BLANK = frozenset(" \t\r\n")


class Seat(Kinds):
    """One element of a layout, as the kinds of its nodes. number: among the elements, `up`: of the one around it, -1 for none.

    attributes: name -> number of its text; text: number of its own text, -1 for none; below: local name -> numbers of the elements right below, in order.
    """

    layout: Layout
    place: Place
    number: int
    up: int
    attributes: dict[str, int]
    text: int
    below: dict[str, list[int]]


class Layout:
    """What units with the same tags have in common. seats: their elements in order, the unit first; match: (text, start) -> match or None."""

    __slots__ = ("match", "seats", "tags")

    def __init__(self, pattern: str, seats: tuple[Seat, ...], tags: int) -> None:
        """tags: how many start and end tags there are."""
        self.match, self.seats, self.tags = re.compile(pattern).match, seats, tags
        for seat in seats:
            seat.layout = self


class Family:
    """The layouts of units that stand at one place. names: prefix -> namespace there; name: of their tags, as it is written."""

    def __init__(self, kind: Kind, place: Place, names: Mapping[str | None, str], name: str) -> None:
        self._kind, self._place, self._names, self._name = kind, place, names, name
        self.close = f"</{name}>"
        self._made: dict[str, Layout] = {}
        self._by_tags: dict[int, list[Layout]] = {}
        self._often = Often[int](_OFTEN, _COUNTED)

    def __bool__(self) -> bool:
        return bool(self._made)

    def known(self, text: str, start: int, end: int) -> tuple[Layout, re.Match[str]] | None:
        """Return the layout of the unit that ends with the text at `end`; blanks may stand before it."""
        layouts = self._by_tags.get(text.count("<", start, end))
        if layouts is None:
            return None
        for number, layout in enumerate(layouts):
            found = layout.match(text, start)
            if found is not None:
                if number:
                    layouts.insert(0, layouts.pop(number))
                return (layout, found) if found.end() == end else None
        return None

    def learn(self, unit: str) -> None:
        """Count a unit that the parser took, and make its layout when it has come often."""
        if len(self._made) >= _KEPT or len(unit) > _LONGEST:
            return
        opens = _TAG.match(unit)
        if opens is None or opens["name"] != self._name:
            return
        pattern, seats = _read(unit, self._kind, self._place, self._names)
        if seats and pattern not in self._made and self._often(hash(pattern)):
            made = self._made[pattern] = Layout(pattern, tuple(seats), unit.count("<"))
            self._by_tags.setdefault(made.tags, []).insert(0, made)


_Read = tuple[str, list[Seat]]
_NOTHING: _Read = ("", [])


def _read(unit: str, kind: Kind, place: Place, names: Mapping[str | None, str]) -> _Read:
    """Return the pattern and the elements of a unit; nothing for one that needs a closer look."""
    pattern, seats, ranks = [_BETWEEN], list[Seat](), list[int]()
    opened: list[tuple[int, str]] = []  # elements without an end: number, name
    groups = at = 0
    for tag in _TAG.finditer(unit):
        between = unit[at : tag.start()]
        at = tag.end()
        name = tag["name"]
        if tag["end"]:
            if not opened or opened[-1][1] != name or tag["attributes"]:
                return _NOTHING
            number, _ = opened.pop()
            if seats[number].below:
                pattern.append(_BETWEEN)
            else:
                seats[number].text = groups
                groups += 1
                pattern.append(_TEXT)
            pattern.append(re.escape(tag[0]))
        else:
            up = opened[-1][0] if opened else -1
            if not _BLANK.issuperset(between) or (up < 0 and seats):
                return _NOTHING
            own = _place_of(name, seats[up].place if seats else None, names) if seats else place
            given = _ATTRIBUTE.findall(tag["attributes"])
            if own is None or not _plain(own, given, seats, ranks, up, kind):
                return _NOTHING
            number = len(seats)
            seats.append(_seat(own, number, up, {one[1]: groups + n for n, one in enumerate(given)}))
            ranks.append(0)
            groups += len(given)
            pattern += ["" if up < 0 else _BETWEEN, f"<{re.escape(name)}", *(_attribute(own, *one) for one in given), re.escape(tag["rest"])]  # fmt: skip
            if up >= 0:
                seats[up].below.setdefault(own.local, []).append(number)
            if not tag["closed"]:
                opened.append((number, name))
        if between and not _BLANK.issuperset(between) and (not tag["end"] or seats[number].below):
            return _NOTHING
    whole = bool(seats) and bool(seats[0].below) and not opened and at == len(unit)
    return ("".join(pattern), seats) if whole else _NOTHING


def _seat(place: Place, number: int, up: int, attributes: dict[str, int]) -> Seat:
    seat = Seat()
    seat.place, seat.number, seat.up, seat.attributes, seat.text, seat.below = place, number, up, attributes, -1, {}
    return seat


def _place_of(name: str, up: Place | None, names: Mapping[str | None, str]) -> Place | None:
    """Return what is known of the elements of a name, as it is written, below another one."""
    prefix, _, local = name.rpartition(":")
    namespace = names.get(prefix or None)
    if up is None or (prefix and namespace is None):
        return None
    return up[f"{{{namespace}}}{local}" if namespace else local]


def _plain(
    place: Place, given: list[tuple[str, str, str]], seats: list[Seat], ranks: list[int], up: int, kind: Kind
) -> bool:
    """True for an element of which nothing is to be said, see XmlReader._events. ranks: of the last child of each before."""
    names = [name for _, name, _ in given]
    known = kind.names.get(place.local) or kind.names.get("*")
    if "xmlns" in names or (kind.order and known is not None and not known.attributes.issuperset(names)):
        return False
    if up < 0:
        return not place.once
    if place.named or place.rank < ranks[up] or (place.once and place.local in seats[up].below):
        return False
    ranks[up] = place.rank
    return True


def _attribute(place: Place, literal: str, name: str, quote: str) -> str:
    """Return the pattern of an attribute."""
    text = f"([^<>&{quote}\\x00-\\x1f]*)"
    if place.weighs and name == "unitCode":
        text = f"({'|'.join(UNITS)}|)"
    return f"{re.escape(literal)}{text}{quote}"
