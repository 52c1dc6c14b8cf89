"""Paths -> functions that find segments, built once: each path is a chain of links, and each link is shared.

    RFF/MOA[40|43].5004      link "RFF" from the level's node, then link "MOA[40|43]" from what RFF found

Many rows of a mapping table read the same segments of the same shipment one after the other, so every link remembers
what it found last. Nothing is remembered of the message header: it grows while shipments are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from gateway.dialect import Finder, Getter, Path, Step
from gateway.formats.edifact.composites import components
from gateway.formats.edifact.leaves import GOODS, of_segment, places
from gateway.formats.edifact.legs import that_count
from gateway.formats.edifact.structure.tables import Group, kinds, load_table
from gateway.formats.tree import below
from gateway.records import Node

MESSAGE = "UNH"
"""The level's node where the mapping compiler names none: message level."""

_Select = Callable[[list[Node], Node], list[Node]]
_NOTHING: list[Node] = []


def steps_of(path: Path) -> tuple[Step, ...]:
    """Return the steps without group names: SG9/RFF is the same as RFF."""
    if not any(step.name.startswith("SG") for step in path.steps):
        return path.steps
    return tuple(step for step in path.steps if not re.fullmatch(r"SG[0-9]+", step.name))


@cache
def finder(steps: tuple[Step, ...], absolute: bool, at: str) -> Finder:
    """Return (node, root) -> nodes that the steps lead to, from root when absolute, else from a node with tag `at`."""
    start = MESSAGE if absolute else at or MESSAGE
    if not steps:
        return (lambda node, root: [root]) if absolute else (lambda node, root: [node])
    step = steps[-1]
    if step.values and not step.qualifier and not absolute and not (len(steps) == 1 and step.name == start):
        return _chosen(_indexed((*steps[:-1], Step(step.name)), at), step.values)
    select = _select(step)
    if len(steps) == 2 and not steps[0].values and steps[0].name != start and not absolute:
        return _remembering(_two_links(finder(steps[:1], absolute, at), steps[0].name, step.name, select))
    if len(steps) > 1:
        return _remembering(_linked(finder(steps[:-1], absolute, at), step.name, select))
    if step.name == start:
        return _itself(absolute, select)
    if absolute:
        return _of_header(step.name, select)
    found = _first_link(step.name, select)
    return found if select is None else _remembering(found)


def _itself(absolute: bool, select: _Select | None) -> Finder:
    if select is None:
        return (lambda node, root: [root]) if absolute else (lambda node, root: [node])
    return lambda node, root: select([root if absolute else node], root)


def _of_header(name: str, select: _Select | None) -> Finder:
    def find(node: Node, root: Node) -> list[Node]:
        children = root.children
        found = children.get(name, _NOTHING) if children is not None else _NOTHING
        return found if select is None or not found else select(found, root)

    return find


def _first_link(name: str, select: _Select | None) -> Finder:
    climbs = name in _openers()

    def find(node: Node, root: Node) -> list[Node]:
        children = node.children
        nodes = children.get(name) if children is not None else None
        if nodes is None:
            if not climbs:
                return _NOTHING
            nodes = _above(node, name)
        return nodes if select is None else select(nodes, root)

    return find


def _linked(before: Finder, name: str, select: _Select | None) -> Finder:
    def find(node: Node, root: Node) -> list[Node]:
        nodes = before(node, root)
        if len(nodes) == 1:
            children = nodes[0].children
            found = children.get(name, _NOTHING) if children is not None else _NOTHING
        else:
            found = [child for one in nodes if one.children is not None for child in one.children.get(name, ())]
        return found if select is None or not found else select(found, root)

    return find


def _two_links(first: Finder, above: str, name: str, select: _Select | None) -> Finder:
    """The most frequent path, in one function. first: the first link, for all that is not the usual case."""

    def find(node: Node, root: Node) -> list[Node]:
        children = node.children
        nodes = children.get(above) if children is not None else None
        if nodes is None:
            nodes = first(node, root)
        if len(nodes) == 1:
            children = nodes[0].children
            found = children.get(name, _NOTHING) if children is not None else _NOTHING
        else:
            found = [child for one in nodes if one.children is not None for child in one.children.get(name, ())]
        return found if select is None or not found else select(found, root)

    return find


def _remembering(find: Finder) -> Finder:
    """Keep the last answer; nodes of shipments do not change any more when they are read."""
    last: tuple[Node | None, list[Node]] = (None, _NOTHING)

    def get(node: Node, root: Node) -> list[Node]:
        nonlocal last
        kept = last
        if kept[0] is node:
            return kept[1]
        found = find(node, root)
        if node is not root:
            last = (node, found)
        return found

    return get


@cache
def _openers() -> frozenset[str]:
    """Return the tags that open a group in any message: only these can stand above another segment."""
    tags = {MESSAGE}
    groups = [load_table(kind.table) for kind in kinds()]
    while groups:
        group = groups.pop()
        tags.add(group.trigger.tag)
        groups += [row for row in group.rows if isinstance(row, Group)]
    return frozenset(tags)


def _above(node: Node, tag: str) -> list[Node]:
    above = node.parent
    while above is not None:
        if above.tag == tag:
            return [above]
        above = above.parent
    return _NOTHING


def in_line_helpers() -> dict[str, Any]:
    """Return what gateway.mapping.in_line calls, or has to know of the format: what its text does not spell out."""
    return {
        "above": _above, "below": below, "climbs": lambda tag: tag in _openers(), "index": indexer,
        "code_at": _code_at, "message": MESSAGE, "goods": GOODS,
    }  # fmt: skip


def _code_at(tag: str, qualifier: str) -> int | None:
    """Return which of the codes that a segment begins with a qualifier is, see Seat; None for another place."""
    at = places(tag, qualifier) if qualifier else ((1, 1),)
    element, component = at[0] if len(at) == 1 else (0, 0)
    return element - 1 if element in (1, 2) and component < 2 else None


_Index = dict[str, list[Node]]


@cache
def _indexed(steps: tuple[Step, ...], at: str) -> Callable[[Node, Node], _Index]:
    """Return what gives the nodes of a path by qualifier; the parties of a shipment are asked for one by one."""
    find = finder(steps, False, at)
    last: tuple[Node | None, _Index] = (None, {})

    def get(node: Node, root: Node) -> _Index:
        nonlocal last
        kept = last
        if kept[0] is node:
            return kept[1]
        index = _index(find(node, root), root)
        if node is not root:
            last = (node, index)
        return index

    return get


def _chosen(indexed: Callable[[Node, Node], _Index], values: tuple[str, ...]) -> Finder:
    """Return the nodes with the first of the values that any node has."""

    def find(node: Node, root: Node) -> list[Node]:
        index = indexed(node, root)
        for value in values:
            if value in index:
                return index[value]
        return _NOTHING

    return find


def indexer(tag: str, qualifier: str) -> Callable[[list[Node], Node], _Index]:
    """Return what gives qualifier -> nodes; qualifier: the leaf that holds it, "" = first component of the first element."""
    if not qualifier:
        return _index
    read = of_segment(tag, qualifier)

    def index(nodes: list[Node], root: Node) -> _Index:
        found: _Index = {}
        for node in nodes:
            found.setdefault(read(node, root), []).append(node)
        return found

    return index


def _index(nodes: list[Node], root: Node) -> _Index:
    """Return qualifier -> nodes, by the first component of the first element."""
    if len(nodes) == 1:  # the usual case
        elements = nodes[0].elements
        text = elements[1] if len(elements) > 1 else ""
        return {text if text.isalnum() else _first(nodes[0], text, root): nodes}
    found: _Index = {}
    for node in nodes:
        text = node.elements[1] if len(node.elements) > 1 else ""
        if not text.isalnum():
            text = _first(node, text, root)
        if text in found:
            found[text].append(node)
        else:
            found[text] = [node]
    if nodes and nodes[0].tag == "TDT":
        return {stage: that_count(legs, root) if len(legs) > 1 else legs for stage, legs in found.items()}
    return found


def _first(node: Node, text: str, root: Node) -> str:
    """Return the first component of a first element that is not letters and digits alone."""
    separators = root.separators  # type: ignore[attr-defined]
    first: str = text.split(separators.component, 1)[0]
    return first if not text or first.isalnum() else components(node, 1, separators)[0].strip()


def _select(step: Step) -> _Select | None:
    """Return the filter of a step: the nodes with the first of its values that any node has; None without values."""
    values = step.values
    if not values:
        return None
    if not step.qualifier:
        return _by_first(values)
    rank = {value: number for number, value in reversed(list(enumerate(values)))}
    return _by(of_segment(step.name, step.qualifier), rank)


def _by(qualifier: Getter, rank: dict[str, int]) -> _Select:
    last = len(rank)

    def select(nodes: list[Node], root: Node) -> list[Node]:
        best, chosen = last, _NOTHING
        for node in nodes:
            place = rank.get(qualifier(node, root), last)
            if place < best:
                best, chosen = place, [node]
            elif place == best and chosen:
                chosen.append(node)
        return chosen

    return select


def _by_first(values: tuple[str, ...]) -> _Select:
    """Filter by the first component of the first element."""

    def select(nodes: list[Node], root: Node) -> list[Node]:
        index = _index(nodes, root)
        return next((index[value] for value in values if value in index), _NOTHING)

    return select
