"""Where things stand in sample documents of a kind that nobody reads yet: the shipment, its goods lines, texts and what they may mean.

Parcels/Parcel                           the shipment: an element that repeats or has a telling name
Receiver/Address/City -> consignee_city  by the words of the path and what its texts could be, as columns of tables are
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gateway.commands.onboard_columns import likeness
from gateway.formats.tabular.layout import VALUES
from gateway.formats.tabular.vocabulary import is_unsure, meaning, vocabulary
from gateway.formats.xml import XmlNode

Path = tuple[str, ...]

_SHIPMENT = re.compile(
    r"parcel|shipment|consignment|package|house|waybill|order|sendung|paket|envio|colis|barcode", re.I
)
_PASSED = re.compile(
    r"(postal|structured|street)?address(es)?|contacts?|part(y|ies)|details?|info(rmation)?|header|head|general|common|.*list|items?|(goods|order)?(items?|lines?)|goods|contents?|articles?|products?",
    re.I,
)
"""Elements that say nothing of what the texts in them mean."""
_LINE = re.compile(r"(address)?line(1|one)?|street(name|line1?|1)?", re.I)
_COUNTER = re.compile(
    r"(line|item|seq(uence)?|row|pos(ition)?)?(no|nr|num(ber)?|seq(uence)?|index|pos(ition)?|numeric)", re.I
)
_FROM_ABOVE = frozenset(
    ("mode", "carrier_code", "conveyance", "arrival_port", "arrival_date", "foreign_port", "master_bill")
)
"""Columns that may stand once for all shipments."""
_OF_ITEMS = frozenset(("sku", "product_url", "line_number"))
"""Columns that a text of the shipment itself never means."""
_ITS_NUMBER = re.compile(r"@?(id|no|nr|num(ber)?|ref(erence)?|code)", re.I)
_IN_USE = "a name in use"
_LEAST = 0.55  # confidence of a guess that is written at all


@dataclass(slots=True)
class Leaf:
    """One text of the documents. path: below the root, attributes as @name; values: all that stand there; again: it repeats in one element."""

    path: Path
    values: list[str] = field(default_factory=list)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Meant:
    """A leaf and the column of tables that it seems to be."""

    leaf: Leaf
    column: str
    confidence: float
    why: str


def elements_of(roots: list[XmlNode]) -> dict[Path, list[XmlNode]]:
    """Return path below the root -> the elements there, in the order of the documents."""
    found: dict[Path, list[XmlNode]] = {}

    def walk(node: XmlNode, path: Path) -> None:
        found.setdefault(path, []).append(node)
        for name, below in (node.children or {}).items():
            for child in below:
                if isinstance(child, XmlNode):
                    walk(child, (*path, name))

    for root in roots:
        walk(root, ())
    return found


def unit_in(elements: dict[Path, list[XmlNode]]) -> tuple[Path, bool]:
    """Return the path of the element that seems to be a shipment, () for the whole document; and whether name and number agree."""
    ways = []
    for path, nodes in elements.items():
        if not path or not any(len(node.children or {}) + len(node.attributes or {}) > 1 for node in nodes):
            continue
        named, repeats = bool(_SHIPMENT.search(path[-1])), any(node.number > 1 for node in nodes)
        if named or repeats:
            ways.append((0 if named and repeats else 1 if named else 2, len(path), path))
    if not ways:
        return (), False
    sure, _, path = min(ways)
    return path, sure == 0


def leaves_of(elements: dict[Path, list[XmlNode]]) -> dict[Path, Leaf]:
    """Return path -> what stands there, for all texts and attributes."""
    found: dict[Path, Leaf] = {}
    for path, nodes in elements.items():
        for node in nodes:
            if node.text:
                leaf = found.setdefault(path, Leaf(path))
                leaf.values.append(node.text)
                leaf.again = leaf.again or node.number > 1
            for name, text in (node.attributes or {}).items():
                if text.strip():
                    found.setdefault((*path, f"@{name}"), Leaf((*path, f"@{name}"))).values.append(text.strip())
    return found


def items_in(elements: dict[Path, list[XmlNode]], unit: Path, meant: list[Meant]) -> Path:
    """Return the path of the goods lines: what repeats below a shipment and holds columns of goods, else what holds them all."""
    columns = vocabulary()[0]
    goods = [m.leaf.path for m in meant if columns[m.column].level == "item" and m.leaf.path[: len(unit)] == unit]
    for path in sorted(elements, key=len):
        inside = any(len(leaf) > len(path) and leaf[: len(path)] == path for leaf in goods)
        if inside and path[: len(unit)] == unit and len(path) > len(unit) and any(n.number > 1 for n in elements[path]):
            return path
    return common(goods) if goods else unit


def common(paths: list[Path]) -> Path:
    """Return the element that all of some texts stand in."""
    parents = [
        tuple(step for step in path if not step.startswith("@")) if path[-1].startswith("@") else path[:-1]
        for path in paths
    ]
    first, last = min(parents), max(parents)
    return first[: shared_steps(first, last)]


def shared_steps(one: Path, other: Path) -> int:
    """Return how many steps two paths begin with together."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def counters(leaves: dict[Path, Leaf], unit: Path) -> list[Leaf]:
    """Return the numbers of lines, which say nothing of a shipment."""
    below = (leaf for path, leaf in leaves.items() if path[: len(unit)] == unit and len(path) > len(unit) + 1)
    return [
        one
        for one in below
        if _COUNTER.fullmatch(one.path[-1].lstrip("@")) and all(v.isdigit() and len(v) < 4 for v in one.values)
    ]


def meanings(leaves: list[Leaf], unit: Path) -> list[Meant]:
    """Return what the texts seem to mean, each column once, the likeliest first come."""
    ways = [way for leaf in leaves for way in _ways(leaf, leaf.path[: len(unit)] == unit, len(unit))]
    taken: set[str] = set()
    done: set[Path] = set()
    found = []
    for way in sorted(ways, key=lambda w: -w.confidence):
        if way.column not in taken and way.leaf.path not in done and way.confidence >= _LEAST:
            taken.add(way.column)
            done.add(way.leaf.path)
            unsure = way.column in (*VALUES, "shipment_value") and way.why != _IN_USE
            found.append(replace(way, confidence=0.7, why="of the line, of one piece, or of all") if unsure else way)
    if not taken & {"tracking_number", "house_bill"}:
        found += _number(leaves, unit, done)
    return found


def _number(leaves: list[Leaf], unit: Path, done: set[Path]) -> Iterator[Meant]:
    """Yield what may be the number of a shipment: a text with such a name that is another one in each of them."""
    for leaf in leaves:
        own = leaf.path[: len(unit)] == unit and len(leaf.path) == len(unit) + 1 and leaf.path not in done
        if own and _ITS_NUMBER.fullmatch(leaf.path[-1]) and len({*leaf.values}) == len(leaf.values):
            yield Meant(leaf, "tracking_number", 0.6, "another one in each shipment")
            return


def _ways(leaf: Leaf, below: bool, depth: int) -> Iterator[Meant]:
    name = _name(leaf.path[depth:] if below else leaf.path)
    for column in vocabulary()[0].values():
        if not below and column.name not in _FROM_ABOVE and not column.name.startswith("shipper_"):
            continue
        if column.name in _OF_ITEMS and len(leaf.path) <= depth + 1:
            continue
        if meaning(name) == column.name and not is_unsure(name):
            yield Meant(leaf, column.name, 0.98, _IN_USE)
            continue
        score, why = likeness(name, leaf.values[:500], column)
        yield Meant(leaf, column.name, round(score, 2), why)


def _name(path: Path) -> str:
    """Return a path as a heading: Receiver/Address/Line -> Receiver address, Weight/@unit -> Weight unit."""
    *above, last = (step.lstrip("@") for step in path)
    last = "address" if _LINE.fullmatch(last) else last
    return " ".join([*(step for step in above if not _PASSED.fullmatch(step)), last])


_NUMBER = re.compile(
    r"(batch|message|msg|file|feed|document|doc|manifest|transmission|transfer)[_-]?(id|no|nr|number|ref(erence)?)",
    re.I,
)


def header_facts(leaves: dict[Path, Leaf], unit: Path, units: list[int]) -> dict[str, str]:
    """Return cells of documents.csv that the head of the documents tells: id, version, totals. units: shipments of each document."""
    found = {"id": "", "version": "", "totals": ""}
    for path, leaf in leaves.items():
        if (unit and path[: len(unit)] == unit) or len(leaf.values) != len(units):
            continue
        name, text = path[-1].lstrip("@"), "/".join(path)
        if (
            not found["id"]
            and (_NUMBER.fullmatch(name) or (name.lower() == "id" and len(path) < 3))
            and len({*leaf.values}) == len(units)
        ):
            found["id"] = text
        elif path in (("@version",), ("Version",)):
            found["version"] = text
        elif (
            unit
            and not found["totals"]
            and leaf.values == [str(number) for number in units]
            and re.search(r"count|total|number|parcel|shipment|quant|num", name, re.I)
        ):
            found["totals"] = f"{text}=#"
    return found
