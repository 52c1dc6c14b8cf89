"""JSON documents -> events: one object is one message, a list of objects or an object a line are several.

    {"ReceptacleId": "CNSZXAUSJFKAAUN50273001010035", "Item": [{"ItemId": "UA473124829CN"}]}
    {"ItemId": "UA473124829CN", "ContentPiece": [{"Description": "Model kit"}]}

Which objects are read is a table: the keys that tell one and that its items have, and the key whose objects are the
items (".Item" = the object is the item; it is hung below a root under that name). A document is read as a whole: a
receptacle holds some hundred items.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.halves import IN_UTF_8, WHOLE
from gateway.formats.objects.sniffing import BLANKS, Document, is_json
from gateway.formats.objects.tree import JsonFault, JsonNode, JsonText
from gateway.formats.xml import Kind, Unread, XmlReader, nothing_in, text_at, unread_below
from gateway.profile import Profile
from gateway.records import (
    Event,
    Group,
    GroupBegin,
    GroupEnd,
    Interchange,
    InterchangeBegin,
    InterchangeEnd,
    Message,
    MessageBegin,
    MessageEnd,
    Node,
    Unit,
)

_ITEMS = "Item"
"""The key of the items in an object of which not even the kind is known."""
_NOTHING: frozenset[str] = frozenset()
MAX_JSON = 67_108_864
"""Bytes of a document."""

Names = Mapping[str, frozenset[str]]
"""Element -> keys of it that we know."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file is read with. syntax: name of the format folder; names: of a message type, None where there is no list of them."""

    syntax: str
    documents: tuple[Document, ...]
    profile: Profile
    names: Callable[[str], Names] | None = None


class _Told:
    """What was told in one file. keys: (element, key) that are in no list of names."""

    def __init__(self) -> None:
        self.keys: set[tuple[str, str]] = set()
        self._unread: dict[str, Unread | None] = {}

    def unread_of(self, message: Message, kind: Document | None, profile: Profile) -> Unread | None:
        """Return what notes the keys of a kind that no row reads, the same for all of its messages."""
        if kind is None or kind.aside is None:
            return None
        if kind.type not in self._unread:
            self._unread[kind.type] = unread_below(message, profile, kind.path, kind.aside)
        return self._unread[kind.type]


def read_either(
    chunks: Iterable[bytes], scale: tuple[int, int], reading: Reading, kinds: tuple[Kind, ...]
) -> Iterator[Event]:
    """Yield the events of one file in JSON, or in XML of some kinds: its first bytes tell which it is."""
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += chunk
        if head.strip(BLANKS):
            break
    whole = chain((head,), source)
    if is_json(head):
        return read_objects(whole, scale, reading)
    return XmlReader(reading.syntax, kinds, reading.profile, scale).read(whole)


def read_objects(chunks: Iterable[bytes], scale: tuple[int, int], reading: Reading) -> Iterator[Event]:
    """Yield the events of one file; never raises on data."""
    interchange, group = Interchange(reading.syntax, 0, version="json"), Group(0)
    yield InterchangeBegin(interchange)
    yield GroupBegin(group)
    text, fault = _text(chunks, scale)
    number = 0
    told = _Told()
    try:
        while fault is None and text.blank():
            for node in text.tree("object"):
                yield from _message(node, number, (interchange, group), _inside(text.lost, node), told, reading)
                number += 1
            text.lost.clear()
        if fault is None and not number:
            fault = Finding("JSON-SHAPE", Severity.ERROR, Scope.INTERCHANGE, "The document holds no object.", Position(line=1))  # fmt: skip
    except JsonFault as found:
        fault = Finding(found.rule, Severity.ERROR, Scope.INTERCHANGE, found.said, found.place)
    if fault is not None:
        yield fault
    yield GroupEnd(group, received=number)
    yield InterchangeEnd(interchange, received=number)


def _text(chunks: Iterable[bytes], scale: tuple[int, int]) -> tuple[JsonText, Finding | None]:
    data = bytearray()
    base, factor = scale
    for chunk in chunks:
        data += chunk
        if len(data) > MAX_JSON:
            said = f"The document is larger than {MAX_JSON >> 20} MiB; send several."
            return JsonText(""), Finding("JSON-SIZE", Severity.ERROR, Scope.INTERCHANGE, said, Position(line=1))
    try:
        return JsonText(data.decode("utf-8"), base, factor), None
    except UnicodeDecodeError as error:
        place = Position(offset=base + error.start * factor, line=data.count(b"\n", 0, error.start) + 1)
        said = "The document holds bytes that are not UTF-8."
        return JsonText(""), Finding("CSV-ENCODING", Severity.ERROR, Scope.INTERCHANGE, said, place, fix=IN_UTF_8)


def _message(
    node: JsonNode,
    number: int,
    above: tuple[Interchange, Group],
    lost: list[Position],
    told: _Told,
    reading: Reading,
) -> Iterator[Event]:
    """Yield one object as a message. lost: places of values with the sign of a lost character."""
    kind = next((d for d in reading.documents if _fits(node, d)), None)
    if kind is not None and kind.unit.startswith("."):
        node = _hung(node, kind)
    elif kind is not None:
        node.tag = node.elements[0] = kind.root
    message = Message(
        kind.format if kind else reading.syntax, kind.type if kind else "", "", "", number, node, *above,
        envelope={"id": text_at(node, ("ReceptacleId",)) or text_at(node, ("Item", "ItemId")) if kind else ""},
    )  # fmt: skip
    yield MessageBegin(message)
    if kind is None:
        yield _unknown(node, reading.documents)
    elif reading.names is not None:
        yield from _strangers(node, reading.names(kind.type), told.keys)
    unit, role, many = (kind.path[0], kind.role, kind.many | {*kind.path}) if kind else (_ITEMS, "unread", _NOTHING)
    items = [one for one in (node.children or {}).get(unit, ()) if isinstance(one, JsonNode)]
    if kind is None and not items:
        items = [node]  # whatever it is, it is counted and named
    if kind is not None:
        yield from _several(node, Scope.MESSAGE, many, unit)
    of_items = {place.offset for item in items for place in _inside(lost, item)}
    yield from (_lost(place, Scope.MESSAGE) for place in lost if place.offset not in of_items)
    unread = told.unread_of(message, kind, reading.profile)
    for count, item in enumerate(items, 1):
        yield from (_lost(place, Scope.SHIPMENT) for place in _inside(lost, item))
        yield from _several(item, Scope.SHIPMENT, many)
        if unread is not None:
            unread.look(item)
        label = f"{item.tag} {count}"
        if kind is None:
            label = f"object {number + 1}" if item is node else f"{label} of object {number + 1}"
        yield Unit(message, count, item, label, role)
    if unread is not None and (remark := unread.remark()) is not None:
        yield remark
    if kind is not None and kind.aside is not None and not items:
        yield nothing_in(kind.type, unit, "", node.here())
    yield MessageEnd(message, len(items))


def _unknown(node: JsonNode, documents: Iterable[Document]) -> Finding:
    known = " or ".join(", ".join((*d.keys, *d.items_with)) for d in documents)
    said = f"The object is none that we read; such an object has the keys {known}."
    return Finding("JSON-SHAPE", Severity.ERROR, Scope.MESSAGE, said, node.here())


def _strangers(root: Node, known: Names, told: set[tuple[str, str]]) -> Iterator[Finding]:
    """Yield the keys that hold something and that we do not know, each once in a file and without its value."""
    stack = [root]
    while stack:
        node = stack.pop()
        keys = known.get(node.tag, frozenset())
        for key, below in (node.children or {}).items():
            full = next((one for one in below if one.element(1) or one.children), None)
            if key in keys:
                stack += below
            elif full is not None and (node.tag, key) not in told:
                told.add((node.tag, key))
                said = f'Key "{key[:60]}" of {node.tag[:60]} is not known and was not read.'
                place = full.here() if isinstance(full, JsonNode) else full.place()
                yield Finding("CSV-EXTRA-COLUMN", Severity.WARNING, Scope.MESSAGE, said, place, value=key[:60])


def _several(root: Node, scope: Scope, many: Collection[str], leave: str = "") -> Iterator[Finding]:
    """Yield the keys of one value that have a list of different ones: only the first is read. leave: a key that is not looked into."""
    stack = [root]
    while stack:
        node = stack.pop()
        for key, below in (node.children or {}).items():
            if key == leave:
                continue
            stack += below
            second = next((one for one in below[1:] if _texts(one) != _texts(below[0])), None)
            if second is not None and key not in many:
                said = f'Key "{key[:60]}" of {node.tag[:60]} has a list of {len(below)} values: which of them is meant cannot be told.'
                place = second.here() if isinstance(second, JsonNode) else second.place()
                yield Finding("JSON-DUP-KEY", Severity.ERROR, scope, said, place)


def _texts(node: Node) -> list[tuple[str, str]]:
    return [(one.tag, one.element(1)) for one in node.walk()]


def _inside(places: list[Position], node: JsonNode) -> list[Position]:
    """Return the places inside an object; they are in the order of the text."""
    first, last = (
        bisect_left(places, at, key=lambda p: p.offset or 0) for at in (node.offset, node.offset + node.length)
    )
    return places[first:last]


def _lost(place: Position, scope: Scope) -> Finding:
    said = "The text holds the sign that stands for a character that was lost when the file was converted, or half a character."
    return Finding("CSV-ENCODING", Severity.ERROR, scope, said, place, fix=WHOLE)


def _fits(node: JsonNode, document: Document) -> bool:
    """True when an object has the keys of a document, and one of its items those of its items."""
    if not all(key in node.keys for key in document.keys):
        return False
    items = (node.children or {}).get(document.unit, ())
    return not document.items_with or any(
        isinstance(item, JsonNode) and all(key in item.keys for key in document.items_with) for item in items
    )


def _hung(item: JsonNode, document: Document) -> JsonNode:
    """Return a root with an object that is an item itself below it."""
    root = JsonNode(document.root, [document.root], item.offset, item.length, item.line, 0, keys=item.keys)
    item.tag = item.elements[0] = document.unit.lstrip(".")
    item.up, item.number = root, 1
    root.take(item)
    return root
