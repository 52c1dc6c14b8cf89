"""How mapping paths read EDIFACT; the Dialect that the mapping compiler is handed.

NAD[SE|CZ].3036        a segment below the level's node; several values: the first that any segment has
RFF/TDT/RFF[MWB].1154  groups are entered by their first segment; SG9/RFF is the same as RFF
COM[3155=TE].3148      qualifier = first component of the first element unless a data element is named
UNH.0057               on message level and in a message that is one shipment: the header segment itself
RFF/LOC[27].3225       at GID, which has no RFF: the RFF above it (ours: values of the bill, read from the goods line)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from gateway.dialect import ITSELF, Finder, Getter, InLinePath, Locator, Path
from gateway.findings import Position
from gateway.formats.delimited import split_released
from gateway.formats.edifact.finders import MESSAGE, finder, in_line_helpers, steps_of
from gateway.formats.edifact.leaves import GOODS, SAME, SUM, UNIT, add_up, known, of_segment, places, reader, same
from gateway.formats.edifact.of_several import OF_SEVERAL
from gateway.formats.edifact.structure.tables import Group, Row, kinds, load_table
from gateway.formats.edifact.texts import FREE_TEXT, elements_of, of_every
from gateway.records import Node, Separators


class EdifactDialect:
    """See gateway.dialect.Dialect."""

    name = "edifact"

    def finder(self, path: Path, at: str) -> Finder:
        """Return the nodes that the path leads to."""
        return finder(steps_of(path), path.absolute, at)

    def getter(self, path: Path, at: str) -> Getter:
        """Return the text of the leaf at the first node found; `@sum`, `@same`: at all of them."""
        steps = steps_of(path)
        find = self.finder(path, at)
        leaf = path.leaf.removesuffix(SAME)
        read = of_segment(steps[-1].name, leaf) if steps else reader(leaf)
        if path.leaf.endswith(SAME):
            return lambda node, root: same(nodes, root, leaf) if (nodes := find(node, root)) else ""
        if path.leaf == "@sum":
            return lambda node, root: add_up(nodes, root) if (nodes := find(node, root)) else ""
        several = OF_SEVERAL.get((steps[-1].name if steps else at, path.leaf))
        if several is not None:
            return lambda node, root: several(nodes, root) if (nodes := find(node, root)) else ""
        if not path.absolute and len(steps) == 1 and steps[0].name == (at or MESSAGE) and not steps[0].values:
            return read

        def get(node: Node, root: Node) -> str:
            nodes = find(node, root)
            return read(nodes[0], root) if nodes else ""

        return get

    def leaf(self, leaf: str) -> Getter:
        """Return the text of one leaf of the node that is handed in."""
        return reader(leaf)

    def locator(self, path: Path, at: str) -> Locator:
        """Return where the value stands: the very component where the text stands in the file as it was read."""
        find = self.finder(path, at)

        def locate(node: Node, root: Node) -> Position | None:
            nodes = find(node, root)
            return place_of(nodes[0], path.leaf, root.separators) if nodes else None  # type: ignore[attr-defined]

        return locate

    in_line_helpers = in_line_helpers()
    in_line_sometimes = True  # when `root.usual`

    def in_line(self, path: Path, at: str, others: tuple[str, ...]) -> InLinePath | None:
        """Return a path as gateway.mapping.in_line reads it, None for others. others: further leaves of the segment."""
        steps = steps_of(path)
        if path.absolute or not at or not steps:
            return None
        way = tuple((step.name, step.values, step.qualifier) for step in steps)
        if steps[0].name == at:
            if steps[0].values:
                return None
            way = (ITSELF, *way[1:]) if len(way) > 1 else ()
        tag, leaf = steps[-1].name, path.leaf
        if not leaf:
            return InLinePath(way) if way and not others else None
        elements = elements_of(tag, (leaf, *others))
        if elements is not None:
            return InLinePath(way, elements)
        if not way:
            return None
        if (tag, leaf) in OF_SEVERAL and not others:
            return InLinePath(way, (), OF_SEVERAL[tag, leaf])
        every = of_every(tag, (leaf, *others)) if leaf.endswith((SUM, SAME)) and (tag == GOODS or at == UNIT) else None
        if leaf == SUM:
            return InLinePath(way, (), _first_of(add_up, [of_segment(tag, other) for other in others]), every=every)
        read, *more = (of_segment(tag, one.removesuffix(SAME)) for one in (leaf, *others))
        if leaf.endswith(SAME):
            shared = leaf.removesuffix(SAME)
            return InLinePath(way, (), _first_of(lambda nodes, root: same(nodes, root, shared), more), every=every)
        alone = FREE_TEXT if (tag, leaf) == ("FTX", "4440") and not others else None
        return InLinePath(way, (), _first_of(lambda nodes, root: read(nodes[0], root), more), alone)

    def single(self, path: Path, at: str) -> bool:
        """True when a path takes what it reads from the first segment alone, so that another one may say otherwise."""
        leaf = path.leaf
        if not leaf or leaf[0] == "@" or leaf.endswith(SAME):
            return False
        steps = steps_of(path)
        if not steps or (len(steps) == 1 and steps[0].name == at):
            return False
        return leaf != "4440" or steps[-1].name != "FTX"

    def problems(self, path: Path, at: str, message_type: str, version: str) -> list[str]:
        """Return why the path can never read anything in this message, in any of the directories that we read."""
        tables = {kind.table for kind in kinds() if kind.message == message_type}
        if not tables:
            return []
        tags = [step.name for step in steps_of(path)]
        start = MESSAGE if path.absolute else at or MESSAGE
        found: list[str] = []
        if not any(_possible(table, start, tags) for table in tables):
            where = _where(sorted(tables), start, tags, path.text)
            found.append(f"{path.text}: {message_type} has no {'/'.join(tags)} below {start}{where}")
        leaves = [(tags[-1] if tags else at, path.leaf), *((step.name, step.qualifier) for step in path.steps)]
        found += [
            f"{path.text}: {tag} has no data element {leaf}" for tag, leaf in leaves if leaf and not known(tag, leaf)
        ]
        return found


def _first_of(first: Callable[[list[Node], Node], str], others: list[Getter]) -> Callable[[list[Node], Node], Any]:
    """Return what reads the first text of the nodes, and further leaves of the first node; "" when all are empty."""
    if not others:
        return first

    def read(nodes: list[Node], root: Node) -> Any:
        text = first(nodes, root)
        texts = (text, *[other(nodes[0], root) for other in others])
        return texts if any(texts) else ""

    return read


DIALECT = EdifactDialect()


def place_of(node: Node, leaf: str, s: Separators) -> Position:
    """Return the bytes of a leaf; those of the segment where text and bytes differ (UTF-8, joined lines)."""
    at = places(node.tag, leaf)
    if not at:
        return node.place()
    element, component = at[0]
    position = node.place(element, component or None, leaf if re.fullmatch(r"[0-9]{4}", leaf) else "")
    raw = s.element.join(node.elements)
    if element >= len(node.elements) or len(raw) != node.length or not raw.isascii():
        return position
    start = sum(len(text) + 1 for text in node.elements[:element])
    text = node.elements[element]
    if component and len(at) == 1 and s.component in text:
        parts = split_released(text, s.component, s.release)
        start += sum(len(part) + 1 for part in parts[: component - 1])
        text = parts[component - 1] if component <= len(parts) else ""
    return Position(
        offset=node.offset + start, length=len(text), line=node.line, segment=node.tag, segment_position=node.position,
        element=element, component=component or None, data_element=position.data_element,
    )  # fmt: skip


def _where(tables: list[str], start: str, tags: list[str], text: str) -> str:
    """Return where a path would lead to something: behind one or two segments that it leaves out, or from the root; "" when nowhere."""
    bare = text.lstrip("/")
    big = [tag.upper() for tag in tags]
    if big != tags:
        return "; segments are written in capitals"
    places = [f"{'/'.join(way)}/{bare}" for way in _ways(tables, start, tags)][:1]
    if not text.startswith("/") and any(_possible(table, MESSAGE, tags) for table in tables):
        places.append(f"/{bare} (from the root)")
    return f": write {' or '.join(places)}" if places else ""


def _ways(tables: list[str], start: str, tags: list[str]) -> Iterator[list[str]]:
    """Yield one or two segments that lead from a segment to some tags."""
    for table in tables:
        triggers = dict.fromkeys(group.trigger.tag for group in _groups(load_table(table)))
        for way in [[one] for one in triggers] + [[one, two] for one in triggers for two in triggers]:
            if not {start, MESSAGE, *tags[:1]} & {*way} and _possible(table, start, [*way, *tags]):
                yield way


def _possible(table: str, start: str, tags: list[str]) -> bool:
    """True when the tags can stand below each other from a segment `start` on (its own tag and those above count)."""
    root = load_table(table)
    groups = list(_groups(root))
    origins = [g for g in groups if g.trigger.tag == start]
    if not tags:
        return True
    if tags[0] == start:
        return not origins or any(_leads(g, tags[1:]) for g in origins)
    for origin in origins or [root]:
        above: Group | None = origin
        while above is not None:
            if (above is origin and _leads(above, tags)) or (above.trigger.tag == tags[0] and _leads(above, tags[1:])):
                return True
            above = above.row.group if above.row else None
    return False


def _leads(group: Group, tags: list[str]) -> bool:
    if not tags:
        return True
    for row in group.rows[1:]:
        if isinstance(row, Row):
            if row.tag == tags[0] and len(tags) == 1:
                return True
        elif row.trigger.tag == tags[0] and _leads(row, tags[1:]):
            return True
    return False


def _groups(group: Group) -> list[Group]:
    return [group, *(g for row in group.rows if isinstance(row, Group) for g in _groups(row))]
