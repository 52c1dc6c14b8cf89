"""The tree of an XML output before it is written: targets become elements, in the order that the standard asks.

    BusinessHeaderDocument/ID                                an element
    DeclaredValueForCustomsAmount/@currencyID                an attribute
    .../IncludedCustomsNote[ContentCode=KP]/Content          the note whose ContentCode is KP; it is made with that child

An element that would hold constants only is left out with all that is in it. Order and required elements are those of
order.csv of the format: an element that it does not know is a fault of the table, a required one without a value is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.formats import folder_of
from gateway.formats.xml import Kind, kinds_of
from gateway.mapping.grammar import CellError, parse_path


@dataclass(frozen=True, slots=True)
class Tag:
    """One step of a target. child, value: the child that tells it from others of its name."""

    name: str
    child: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Goal:
    """The place of one target. attribute: "" for the text of the element."""

    tags: tuple[Tag, ...]
    attribute: str = ""

    def begins_with(self, names: tuple[str, ...]) -> bool:
        """True when the place lies in the element at the end of these names."""
        return bool(names) and tuple(t.name for t in self.tags[: len(names)]) == names

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the elements from below the root."""
        return tuple(t.name for t in self.tags)


@dataclass(slots=True)
class Element:
    """One element. live: it holds a value of the shipment; number: of the goods line, from 0, -1 = none."""

    tag: Tag
    number: int = -1
    text: str = ""
    live: bool = False
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)

    def below(self, tag: Tag, number: int) -> Element:
        """Return the child for a step, made when it is not there."""
        for child in self.children:
            if child.tag == tag and child.number == number:
                return child
        made = Element(tag, number)
        if tag.child:
            made.children.append(Element(Tag(tag.child), text=tag.value))
        self.children.append(made)
        return made


def kind_of(package: str, document: str) -> Kind | None:
    """Return the document of a format folder ("cargo_xml", "XFZB"), None when there is none."""
    if not package or folder_of(package) != package:
        return None
    try:
        return next((k for k in kinds_of(f"gateway.formats.{package}") if k.type == document), None)
    except FileNotFoundError:
        return None


def goal_of(target: str) -> tuple[Goal | None, str]:
    """Return the place of a target, or why it is none."""
    try:
        path = parse_path(target)
    except CellError as error:
        return None, str(error)
    if path.absolute or not path.steps or (path.leaf and not path.leaf.startswith("@")):
        return None, f'"{target}" is not a path such as BusinessHeaderDocument/ID or Name/@languageID'
    tags = []
    for step in path.steps:
        if step.values and (len(step.values) > 1 or not step.qualifier):
            return None, f"{step.name} needs one value in brackets, such as [ContentCode=KP]"
        tags.append(Tag(step.name, step.qualifier, step.values[0] if step.values else ""))
    return Goal(tuple(tags), path.leaf.removeprefix("@")), ""


def problem_of_goal(goal: Goal, kind: Kind) -> str:
    """Return why the document has no such place, "" when it has (or the standard's table is silent)."""
    for above, tag in zip((kind.root, *goal.names), goal.tags, strict=False):
        known = kind.order.get(above)
        if known is not None and tag.name not in known:
            return f"{tag.name} is no element of {above}"
        below = kind.order.get(tag.name)
        if tag.child and below is not None and tag.child not in below:
            return f"{tag.child} is no element of {tag.name}"
    return ""


def plant(root: Element, goal: Goal, text: str, items: tuple[str, ...], number: int, *, live: bool) -> None:
    """Put a text at its place. number: of the goods line, -1 for what is not part of one; live: no constant."""
    at = root
    for depth, tag in enumerate(goal.tags, 1):
        at = at.below(tag, number if number >= 0 and depth == len(items) else -1)
    if goal.attribute:
        at.attributes[goal.attribute] = text
    else:
        at.text, at.live = text, live


def finish(root: Element, kind: Kind) -> None:
    """Take out what holds constants only, and put the rest in order."""
    for child in root.children:
        finish(child, kind)
    root.children = [c for c in root.children if c.live or (c.text and not c.children)]
    root.live = root.live or any(c.live for c in root.children)
    ranks = kind.order.get(root.tag.name, {})
    root.children.sort(key=lambda c: ranks.get(c.tag.name, -1))


def missing(root: Element, kind: Kind, above: str = "") -> Iterator[str]:
    """Yield the path of every element that the standard requires and that is not there."""
    there = {c.tag.name for c in root.children}
    for name in kind.required.get(root.tag.name, ()):
        if name not in there:
            yield f"{above}{name}"
    for child in root.children:
        yield from missing(child, kind, f"{above}{child.tag.name}/")
