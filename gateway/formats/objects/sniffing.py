"""Which JSON documents there are, and which of them a file is by its first bytes, for detection only; the reader decides later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from gateway.formats.xml import steps_of


class Document(msgspec.Struct, frozen=True):
    """One row of json_documents.csv. keys: those that every such object has; unit: the key of its items.

    items_with: keys that at least one of its items has; many: keys that may have several values; aside: see
    gateway.formats.xml.kinds, None = keys are compared with a list of names.
    """

    keys: tuple[str, ...]
    items_with: tuple[str, ...]
    root: str
    format: str
    type: str
    unit: str
    role: str
    many: frozenset[str] = frozenset()
    aside: tuple[tuple[str, ...], ...] | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The way from the root to an item."""
        return (self.unit.lstrip("."),)


def document_of(row: Mapping[str, str], many: str = "", aside: str = "") -> Document:
    """Return a row of json_documents.csv. many, aside: names and ends of paths, parted by blanks."""
    return Document(
        tuple(row["keys"].split()), tuple(row["items_with"].split()), row["root"], row["format"], row["type"], row["unit"], row["role"],
        frozenset(many.split()), tuple(steps_of(path) for path in aside.split() if path != "-") if aside else None,
    )  # fmt: skip


BLANKS = b"\xef\xbb\xbf\r\n\t "
"""What may stand before the first brace: a byte order mark and white space."""


def is_json(head: bytes) -> bool:
    """True when a file begins like a JSON object or list."""
    return head.lstrip(BLANKS)[:1] in (b"{", b"[")


def names_all_keys(head: bytes, documents: Iterable[Document]) -> bool:
    """True for JSON that names all keys of a document."""
    if not is_json(head):
        return False
    return any(
        all(re.search(rb'"%s"\s*:' % re.escape(key.encode()), head) for key in (*d.keys, *d.items_with))
        for d in documents
    )


def begins_with(head: bytes, documents: Iterable[Document]) -> bool:
    """True when the first object of a JSON file is of a document, as far as its first bytes tell."""
    if not is_json(head):
        return False
    own, below = _keys_of_first(head.decode("utf-8", "replace"))
    return any(own.issuperset(d.keys) and below.issuperset(d.items_with) for d in documents)


def _keys_of_first(text: str) -> tuple[set[str], set[str]]:
    """Return the keys of the first object, and those of the objects in it."""
    depth, found = 0, (set[str](), set[str]())
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                break
        elif token[1] is not None and 1 <= depth <= 2:
            found[depth - 1].add(token[1])
    return found


_TOKEN = re.compile(r'[{}]|"((?:[^"\\]|\\.)*)"\s*:|"(?:[^"\\]|\\.)*"')
"""A brace, a key or a text."""
