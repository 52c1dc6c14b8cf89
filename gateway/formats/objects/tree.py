"""JSON text -> the same trees as XML, so that one dialect and one kind of mapping table read both.

    {"ReceptacleId": "R1", "Item": [{"ItemId": "A"}, {"ItemId": "B"}]}
    -> <predes><ReceptacleId>R1</> <Item><ItemId>A</></> <Item><ItemId>B</></></predes>

A key is an element, a list repeats it, a number keeps the text it was written with, null is no value. Every element
knows the bytes it was made of. Not here: which documents there are (json_file.py).
"""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]

from gateway.findings import Position
from gateway.formats.halves import without_halves
from gateway.formats.xml import XmlNode

MAX_DEPTH = 64
"""Levels of objects and lists; an item with addresses and contents has four."""

_BLANK = re.compile(r"[ \t\r\n\ufeff]*")
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")


class JsonFault(ValueError):  # noqa: N818  a verdict on data
    """The text is no JSON that we read: rule, text, place."""

    def __init__(self, rule: str, said: str, place: Position) -> None:
        super().__init__(said)
        self.rule, self.said, self.place = rule, said, place


class JsonNode(XmlNode, eq=False, kw_only=True):
    """An XmlNode whose length is known. keys: of its object, those of empty lists too."""

    keys: frozenset[str] = frozenset()

    def here(self, attribute: str = "") -> Position:
        """Return the position of the value."""
        return Position(offset=self.offset, length=self.length, line=self.line, segment=self.tag, xpath=self.xpath())


class JsonText:
    """One text and the place reached in it. base, factor: see gateway.formats.detect.Transcoded."""

    def __init__(self, text: str, base: int = 0, factor: int = 1) -> None:
        self.text, self._base, self._factor = without_halves(text), base, factor
        self.at = 0
        self.lost: list[Position] = []  # values with the sign of a lost character
        self._ascii = text.isascii()
        self._known = (0, 0, 1)  # character, bytes before it, line: places are asked in rising order

    def blank(self) -> str:
        """Skip blanks; return the character that comes, "" at the end."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

    def tree(self, tag: str, up: JsonNode | None = None, depth: int = 0) -> list[JsonNode]:
        """Return the elements that the value at this place makes, hung under `up`; raises JsonFault."""
        sign = self.blank()
        if depth > MAX_DEPTH:
            raise self.fault("JSON-SYNTAX", "The text is no JSON: it is nested too deeply.")
        if sign == "[":
            return self._list(tag, up, depth)
        offset, line = self._place(self.at)
        node = JsonNode(tag, [tag], offset, 0, line, 0)
        if up is not None:
            node.up = up
            up.take(node)
            node.number = len((up.children or {})[tag])
        if sign == "{":
            self._object(node, depth)
        elif text := self._value(sign):
            node.elements.append(text)
        node.length = self._place(self.at)[0] - offset
        return [node]

    def _list(self, tag: str, up: JsonNode | None, depth: int) -> list[JsonNode]:
        nodes: list[JsonNode] = []
        self.at += 1
        if self.blank() == "]":
            self.at += 1
            return nodes
        while True:
            nodes += self.tree(tag, up, depth + 1)
            if self._mark("]"):
                return nodes

    def _object(self, node: JsonNode, depth: int) -> None:
        self.at += 1
        keys: set[str] = set()
        if self.blank() == "}":
            self.at += 1
            return
        while True:
            if self.blank() != '"':
                raise self.fault("JSON-SYNTAX", "The text is no JSON: a key in quotes is expected here.")
            key = self._string()
            if key in keys:
                raise self.fault("JSON-DUP-KEY", f'The key "{key[:60]}" stands twice in one object.')
            keys.add(key)
            if self.blank() != ":":
                raise self.fault("JSON-SYNTAX", "The text is no JSON: a colon is expected behind the key.")
            self.at += 1
            self.tree(key, node, depth + 1)
            if self._mark("}"):
                node.keys = frozenset(keys)
                return

    def _mark(self, end: str) -> bool:
        """Take a comma (False) or the end of the list or object (True)."""
        sign = self.blank()
        if sign not in (",", end):
            what = "the text ends here" if not sign else f"a comma or {end} is expected here"
            raise self.fault("JSON-SYNTAX", f"The text is no JSON: {what}.")
        self.at += 1
        return sign == end

    def _value(self, sign: str) -> str:
        if sign == '"':
            offset, line = self._place(self.at)
            text = self._string().strip()
            if "\ufffd" in text:
                self.lost.append(Position(offset=offset, length=self._place(self.at)[0] - offset, line=line))
            return text
        found = _PLAIN.match(self.text, self.at)
        if found is None:
            what = "the text ends here" if not sign else "a value is expected here"
            raise self.fault("JSON-SYNTAX", f"The text is no JSON: {what}.")
        self.at = found.end()
        return "" if found[0] == "null" else found[0]

    def _string(self) -> str:
        try:
            text, self.at = scanstring(self.text, self.at + 1, True)
        except ValueError as error:
            said = str(getattr(error, "msg", "it cannot be read")).lower()
            raise self.fault("JSON-SYNTAX", f"The text is no JSON: {said}.") from None
        found: str = text
        return found

    def fault(self, rule: str, said: str) -> JsonFault:
        """Return a fault at the place reached."""
        offset, line = self._place(self.at)
        return JsonFault(rule, said, Position(offset=offset, line=line))

    def _place(self, at: int) -> tuple[int, int]:
        """Return the byte offset in the received file and the line of a character."""
        known, size, line = self._known
        if at >= known:
            between = self.text[known:at]
            size += len(between) if self._ascii else len(between.encode())
            line += between.count("\n")
            self._known = (at, size, line)
        return self._base + (size if self._factor == 1 else at * self._factor), line
