"""One value of one segment: data element numbers, positions, sums; texts joined, numbers with a decimal point.

    3036       data element by number; repeated components (3036, 4440, 7102) are joined to one text
    04-2, 3    element 4 component 2, element 3 (whole first repetition, unreleased)
    @sum       the number of the segment (MEA 6314, GID 7224 ...) added up over the shipment
    7065@same  the text that all segments found have, nothing when one has another
    @carriage  what tells a carriage (TDT) from another one, see legs.py: `TDT[20].@carriage repeated`
    @...       what several segments say together, see of_several.py

The text is as meant: without release characters, decimal comma turned into a point where the interchange allows one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from gateway.dialect import Getter
from gateway.formats.edifact.composites import components
from gateway.formats.edifact.legs import carriage
from gateway.formats.edifact.of_several import OF_SEVERAL
from gateway.formats.edifact.structure.layouts import NUMBERS, Component, layouts, longest_of, positions
from gateway.formats.sums import total
from gateway.records import Node, Separators

_RELEASE = "03A"  # the places of the elements used are the same in all directories read
SUM = "@sum"
SAME = "@same"
UNIT, GOODS = "CNI", "GID"  # the segments that begin a consignment and a goods line
CARRIAGE = "@carriage"
SUMS = {"MEA": "6314", "GID": "7224", "PAC": "7224", "MOA": "5004", "QTY": "6060", "CNT": "6066"}
"""Segment -> the number that `@sum` adds."""


@cache
def layout_of(tag: str) -> dict[str, Component]:
    """Return data element number -> its component for one segment."""
    return {c.id: c for element in layouts(_RELEASE).get(tag, ()) for c in element.components}


def known(tag: str, leaf: str) -> bool:
    """True when a leaf can be read of a segment; of a segment without layout only positions can."""
    if leaf.startswith("@"):
        if leaf == CARRIAGE:
            return tag == "TDT"
        return (tag, leaf) in OF_SEVERAL or (leaf == SUM and tag in SUMS)
    leaf = leaf.removesuffix(SAME)
    return leaf in positions(_RELEASE).get(tag, {}) if _is_number(leaf) else bool(places(tag, leaf))


def _is_number(leaf: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{4}", leaf))


def places(tag: str, leaf: str) -> tuple[tuple[int, int], ...]:
    """Return where a leaf stands: (element, component) from 1, component 0 = the whole element; () when unknown."""
    leaf = SUMS.get(tag, "") if leaf == SUM else leaf.removesuffix(SAME)
    if _is_number(leaf):
        return positions(_RELEASE).get(tag, {}).get(leaf, ())
    found = re.fullmatch(r"([0-9]{1,2})(?:-([0-9]{1,2}))?", leaf)
    return ((int(found[1]), int(found[2] or 0)),) if found else ()


@cache
def reader(leaf: str) -> Getter:
    """Return the function (node, root) -> text for a leaf; the segment is known when it is called."""
    if leaf == SUM:
        return lambda node, root: add_up(_family(node, root), root)
    readers: dict[str, Getter] = {}

    def read(node: Node, root: Node) -> str:
        getter = readers.get(node.tag)
        if getter is None:
            getter = readers[node.tag] = of_segment(node.tag, leaf)
        return getter(node, root)

    return read


@cache
def of_segment(tag: str, leaf: str) -> Getter:
    """Return the function (node, root) -> text for a leaf of one kind of segment."""
    at = places(tag, leaf)
    if leaf == SUM:
        return reader(leaf)
    if leaf == CARRIAGE:
        return lambda node, root: root.separators.element.join(carriage(node))
    if (several := OF_SEVERAL.get((tag, leaf))) is not None:
        return lambda node, root: several([node], root)
    if not at:
        return lambda node, root: ""
    if tag == "FTX" and leaf == "4440":
        return _free_text
    if len(at) > 1:
        return _joined(at, tag, leaf)
    (element, component) = at[0]
    if leaf in NUMBERS:
        return _number(element, component)
    return _plain(element, component)


def _plain(element: int, component: int) -> Getter:
    index = max(component - 1, 0)

    def read(node: Node, root: Node) -> str:
        elements = node.elements
        if element >= len(elements):
            return ""
        text = elements[element]
        if text.isalnum():  # by far the most: no separator of any kind
            return text if not index else ""
        s: Separators = root.separators  # type: ignore[attr-defined]
        release, repetition = s.release, s.repetition
        if (release and release in text) or (repetition and repetition in text):
            parts = components(node, element, s)
        else:
            parts = text.split(s.component)
        if not component and len(parts) > 1:
            return s.component.join(parts)
        return parts[index].strip() if index < len(parts) else ""

    return read


def _number(element: int, component: int) -> Getter:
    plain = _plain(element, component)

    def read(node: Node, root: Node) -> str:
        text = plain(node, root)
        mark = root.separators.decimal  # type: ignore[attr-defined]
        if "," in text and mark != "." and text.count(",") == 1 and "." not in text:
            return text.replace(",", ".")
        return text

    return read


def _joined(at: tuple[tuple[int, int], ...], tag: str, leaf: str) -> Getter:
    element, first, last = at[0][0], at[0][1] - 1, at[-1][1]

    def read(node: Node, root: Node) -> str:
        parts = components(node, element, root.separators)  # type: ignore[attr-defined]
        if len(parts) < 2:
            return parts[0].strip() if parts and not first else ""
        return join_texts(parts[first:last], longest_of(root.release, tag, leaf))  # type: ignore[attr-defined]

    return read


def join_texts(parts: list[str], longest: int) -> str:
    """Join the components of one text: without a blank behind one that is just full (it was cut there), else with one.

    >>> join_texts(["COTTON ", "SHIRTS", ""], 7)
    'COTTON SHIRTS'
    """
    text = ""
    full = True
    for part in parts:
        if not part:
            continue
        text += part if full else " " + part
        full = len(part) == longest
    return text.strip()


def _free_text(node: Node, root: Node) -> str:
    """FTX 4440 of this segment and of its neighbours with the same subject (4451): the text may go on there."""
    s: Separators = root.separators  # type: ignore[attr-defined]
    longest: int = root.longest_text  # type: ignore[attr-defined]
    family = (node.parent.children or {}).get("FTX", [node]) if node.parent is not None else [node]
    if len(family) == 1:
        text = node.elements[4] if len(node.elements) > 4 else ""
        if (
            s.component not in text
            and (not s.release or s.release not in text)
            and (not s.repetition or s.repetition not in text)
        ):
            return text.strip()  # by far the most
        return join_texts(components(node, 4, s)[:5], longest)
    subject = node.element(1)
    parts = [part for n in family if n.element(1) == subject for part in components(n, 4, s)[:5]]
    return " ".join(join_texts(parts, longest).split())


def unit_of(node: Node) -> Node:
    """Return the consignment a node belongs to; the message where that is the shipment."""
    while node.parent is not None and node.tag != UNIT:
        node = node.parent
    return node


def _family(node: Node, root: Node) -> list[Node]:
    """Return the segments of the shipment with the same tag and qualifiers as `node`."""
    s: Separators = root.separators  # type: ignore[attr-defined]
    element, _ = places(node.tag, SUMS.get(node.tag, ""))[0]
    key = [components(node, n, s)[0] for n in range(1, element)]
    if node.tag in ("MOA", "QTY", "CNT"):
        key = components(node, 1, s)[:1]
        return [n for n in unit_of(node).walk() if n.tag == node.tag and components(n, 1, s)[:1] == key]
    if node.tag == GOODS:
        return [n for n in unit_of(node).walk() if n.tag == GOODS]
    return [
        n
        for n in unit_of(node).walk()
        if n.tag == node.tag and [components(n, i, s)[0] for i in range(1, element)] == key
    ]


@lru_cache(1)
def goods_of(unit: Node) -> list[Node]:
    """Return the goods lines of a shipment that is read to its end; several rows ask for them one after the other."""
    found: list[Node] = []
    open_nodes = [unit]
    while open_nodes:
        children = open_nodes.pop().children
        if children is None:
            continue
        if GOODS in children:
            found += children[GOODS]
        else:
            open_nodes += [node for nodes in children.values() for node in nodes if node.children is not None]
    return found


@cache
def of_each(tag: str, leaf: str) -> Callable[[list[Node], Node], Sequence[str]]:
    """Return the function (nodes, root) -> text of a leaf in each of several segments with a tag."""
    read, at = of_segment(tag, leaf), places(tag, leaf)
    element, component = at[0] if len(at) == 1 else (0, 0)
    number = leaf in NUMBERS

    def texts(nodes: list[Node], root: Node) -> Sequence[str]:
        if component and root.usual:  # type: ignore[attr-defined]
            raws = tuple([n.elements[element] if element < len(n.elements) else "" for n in nodes])
            found = parted(raws, component - 1, number)
            if found is not None:
                return found
        return [read(n, root) for n in nodes]

    return texts


@lru_cache(4096)
def parted(raws: tuple[str, ...], index: int, number: bool) -> tuple[str, ...] | None:
    """Return a component of elements with the usual separators; None for what takes more than parting at colons."""
    if any("?" in raw or "*" in raw or (number and "," in raw) for raw in raws):
        return None
    parts = [raw.split(":") for raw in raws]
    return tuple([part[index].strip() if index < len(part) else "" for part in parts])


def same(nodes: list[Node], root: Node, leaf: str) -> str:
    """Return the text that all of some segments have, "" when one has another, or a goods item has no such segment."""
    texts = set(of_each(nodes[0].tag, leaf)(nodes, root))
    return texts.pop() if len(texts) == 1 and not _left_out(nodes) else ""


def _left_out(nodes: list[Node]) -> bool:
    """True when one of several goods items has none of some segments that stand below goods items."""
    above = nodes[0].parent
    if above is None or above.tag != GOODS:
        return False
    goods = goods_of(unit_of(nodes[0]))
    if len(goods) < 2 or _one_of_each(nodes, goods):
        return False
    owners = {id(n.parent) for n in nodes}
    return any(id(n) not in owners for n in goods)


def _one_of_each(nodes: list[Node], goods: list[Node]) -> bool:
    """True when each goods item has one of some segments, by far the most."""
    if len(nodes) != len(goods):
        return False
    for node, item in zip(nodes, goods, strict=True):  # noqa: SIM110  all() of a generator takes twice the time
        if node.parent is not item:
            return False
    return True


def add_up(nodes: list[Node], root: Node) -> str:
    """Return the sum as text; "" when a goods item has no such segment or several, units differ, or a value is no number.

    A sum that leaves something out or counts it twice would be wrong without anybody noticing: then there is no value.
    """
    tag = nodes[0].tag
    if tag != GOODS:
        goods = goods_of(unit_of(nodes[0]))
        if not _one_of_each(nodes, goods):
            owners = {id(n.parent) for n in nodes}
            if len(owners) < len(nodes):  # the same segment twice in an item counts once, another one makes it unclear
                nodes = list({(id(n.parent), tuple(n.elements)): n for n in nodes}.values())
            if len(owners) < len(nodes) or (len(goods) > 1 and any(id(n) not in owners for n in goods)):
                return ""
    texts = of_each(tag, SUMS[tag])(nodes, root)
    return sum_of(texts, of_each(tag, "6411")(nodes, root) if tag == "MEA" and len(texts) > 1 else ())


def sum_of(texts: Sequence[str], units: Sequence[str]) -> str:
    """Return the sum of numbers as text, "" when one is none or their units differ."""
    if len(texts) == 1 and texts[0].replace(".", "", 1).isdigit():
        return texts[0]
    return "" if len(set(units)) > 1 else _total(tuple(texts))


@lru_cache(4096)
def _total(texts: tuple[str, ...]) -> str:
    return total(texts)
