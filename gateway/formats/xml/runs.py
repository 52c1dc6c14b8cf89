"""What the parser is fed with: the bytes of the file, but of units of known layouts their lines only.

    <item id="1"> .. </item> <item id="2"> .. </item>     known: both are read by their patterns (layouts.py)
    <item id="1">                              </item>    what the parser gets: it ends at the same line and column

So whatever stands around the units is read and checked by the parser as ever. A unit is looked for only right behind
another one that the parser has ended: never in a comment or in CDATA.
"""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache
from typing import Any

from gateway.formats.xml.bytes_in import Source
from gateway.formats.xml.kinds import Kind
from gateway.formats.xml.known import House, Run
from gateway.formats.xml.layouts import Family
from gateway.formats.xml.places import places_of

_PATIENCE = 256  # units of unknown layouts behind each other, after which the rest of a file is read as it comes
_NO_TEXT = ("\ufffe", "\uffff")
_LEARNED = 512  # units of a file from which layouts are learned
_FAMILIES = 64  # that are remembered


class Feeder:
    """Feeds a parser with a file. runs: units that the parser was not shown, in the order of the file."""

    def __init__(self, parser: Any, source: Source, kinds: tuple[Kind, ...]) -> None:
        self._parser, self._source, self._kinds = parser, source, kinds
        self.runs: deque[Run] = deque()
        self._events: list[Any] = []
        self._before = 0  # events before the last piece
        units = tuple({kind.unit[-1]: None for kind in kinds if kind.unit and not kind.answers})
        self._close = _closing(units) if units and source.in_pieces else None
        self._missed = 0  # ends behind each other of units whose layout was not known, or of none
        self._learned = 0

    def feed(self, data: bytes) -> list[Any]:
        """Feed the next bytes; return what the parser has read."""
        at, close = 0, self._close
        while close is not None and self._missed < _PATIENCE and (found := close.search(data, at)) is not None:
            if at == 0 and data.count(found[0]) < 2:
                break  # there is no other one behind it
            self._piece(data[at : found.end()])
            at = found.end()
            family = self._ended()
            if family is None:
                self._missed += 1
            else:
                at = self._units(data, at, family)
        self._piece(data[at:])
        events, self._events = self._events, []
        return events

    def _piece(self, piece: bytes) -> None:
        """Feed some bytes as they are."""
        if self._source.in_pieces:
            self._source.tags.feed(piece)
        self._feed(piece)

    def _feed(self, piece: bytes) -> None:
        self._before = len(self._events)
        self._parser.feed(piece)
        self._events += self._parser.read_events()

    def _ended(self) -> Family | None:
        """Return the layouts of the units at this place when the last piece ends with a unit, else None."""
        events = self._events
        if len(events) == self._before or events[-1][0] != "end" or self._source.tags.inside:
            return None
        return _family_of(events[-1][1], self._kinds)

    def _units(self, data: bytes, at: int, family: Family) -> int:
        """Feed the units behind an ended one, as long as each ends where it seems to; return where that was.

        The last of them ends in these bytes: what begins in them and goes on in the next is fed as it is.
        """
        text = data[at : data.rfind(family.close.encode()) + len(family.close)].decode()
        if any(character in text for character in _NO_TEXT):
            return at
        pos = 0
        while pos < len(text) and self._missed < _PATIENCE:
            if houses := _known(text, pos, family):
                at += self._hide(text, pos, houses, family)
                pos, self._missed = houses[-1].end, 0
                continue
            end = text.index(family.close, pos) + len(family.close)
            piece = text[pos:end].encode()
            self._piece(piece)
            at, pos, unit = at + len(piece), end, text[pos:end]
            self._missed += 1
            if self._ended() is not family:
                break
            if self._learned < _LEARNED:
                self._learned += 1
                family.learn(unit.lstrip(" \t\r\n"))
        return at

    def _hide(self, text: str, pos: int, houses: list[House], family: Family) -> int:
        """Feed the lines of units, with the blanks before them at `pos`; return how many bytes they have."""
        start, end = houses[0].start, houses[-1].end
        head = text.index(">", start) + 1  # texts of attributes that are known hold none
        hidden = text[head : end - len(family.close)]
        lines, last = hidden.count("\n"), len(hidden) - hidden.rfind("\n") - 1
        size = len(text[pos:end].encode())
        offset = self._source.tags.skip(start - pos, size)
        self.runs.append(Run(text, self._source.received(offset), houses))
        self._feed(f"{text[pos:head]}{chr(10) * lines}{' ' * last}{family.close}".encode())
        return size


def _known(text: str, pos: int, family: Family) -> list[House]:
    """Return the units of known layouts that stand behind each other from `pos` on."""
    houses: list[House] = []
    close, size = family.close, len(family.close)
    while family and (end := text.find(close, pos) + size) >= size:
        found = family.known(text, pos, end)
        if found is None:
            break
        houses.append(House(found[0], text.index("<", pos), end, found[1].groups()))
        pos = end
    return houses


@lru_cache(64)
def _closing(units: tuple[str, ...]) -> re.Pattern[bytes]:
    """Return the pattern of the end tags of units, with any prefix."""
    names = "|".join(map(re.escape, units))
    return re.compile(rf"</(?:[A-Za-z_][\w.-]*:)?(?:{names})>".encode())


_families: dict[tuple[int, str, tuple[tuple[str | None, str], ...]], Family] = {}


def _family_of(element: Any, kinds: tuple[Kind, ...]) -> Family | None:
    """Return the layouts of the units that stand beside an element of lxml; None when it is no unit."""
    root = element.getroottree().getroot()
    namespace, _, local = root.tag.rpartition("}")
    kind = next((kind for kind in kinds if kind.fits(local, namespace[1:])), None)
    way: list[str] = []
    above = element
    while above is not root and len(way) < 8:
        way.append(above.tag)
        above = above.getparent()
    if kind is None or kind.answers or not kind.unit or tuple(tag.rpartition("}")[2] for tag in reversed(way)) != kind.unit:  # fmt: skip
        return None
    names = element.getparent().nsmap
    own, _, local = element.tag.rpartition("}")
    if names.get(element.prefix, "") != own[1:]:
        return None  # it is declared at the unit itself
    name = f"{element.prefix}:{local}" if element.prefix else local
    key = (id(kind), name, tuple(names.items()))
    if key not in _families:
        if len(_families) >= _FAMILIES:
            _families.clear()
        place = places_of(kind).root
        for tag in reversed(way):
            place = place[tag]
        _families[key] = Family(kind, place, names, name)
    return _families[key]
