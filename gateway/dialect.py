"""How the paths of mapping rows are read in the trees of one format: what a format hands to the mapping compiler.

N1[SH|SF]/N3.01     Path: steps N1 (values SH, SF) and N3, leaf 01; a Dialect makes of it what finds, reads and places
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import msgspec

from gateway.findings import Position


class Step(msgspec.Struct, frozen=True):
    """One step of a mapping path: `N1[SH|SF]` -> name N1, values (SH, SF), qualifier leaf "" (= first element)."""

    name: str
    values: tuple[str, ...] = ()
    qualifier: str = ""  # leaf text: "02", "1153", "TypeCode"; "" = the first element


class Path(msgspec.Struct, frozen=True):
    """A parsed mapping path. text is as written; leaf e.g. "05", "02-1", "3036", "@unitCode" or "" (a node path)."""

    text: str
    steps: tuple[Step, ...]
    leaf: str = ""
    absolute: bool = False


Getter = Callable[[Any, Any], str]  # (node of the level, message root) -> raw text, "" = no value
Finder = Callable[
    [Any, Any], list[Any]
]  # (node of the level, message root) -> nodes in preference, then document order
Locator = Callable[[Any, Any], Position | None]


InLineSteps = tuple[tuple[str, tuple[str, ...], str], ...]
"""From the level's node down: (tag, values of the qualifier, what holds the qualifier or "").

ITSELF as the first step: what follows stands below the node, never above it.
"""

ITSELF: tuple[str, tuple[str, ...], str] = ("", (), "")


class InLineElement(msgspec.Struct, frozen=True):
    """An element that gateway.mapping.in_line reads.

    read: its text -> text, or the texts of several leaves in it ("" when all are empty); None when it takes more
    than splitting. Without read the text is taken as it is. plain: a text without these characters is taken as it is too.
    deep: nothing is there in a text of one component; a text without those of `plain` is split at colons, and `part` taken.
    """

    number: int
    read: Callable[[str], Any] | None = None
    plain: str = ""
    deep: bool = False
    part: int = 0


class InLinePath(msgspec.Struct, frozen=True):
    """A path, with further leaves of its segment. Without elements it leads to segments, or `of_nodes` reads text or texts of them.

    What `of_nodes` reads, alone: stands in this element where the segment is the only one with its tag; every: is made of
    the texts of this element (its number, texts -> text or texts, as InLineElement.read) where the segments are one of each goods line.
    """

    steps: InLineSteps
    elements: tuple[InLineElement, ...] = ()
    of_nodes: Callable[[Any, Any], Any] | None = None
    alone: InLineElement | None = None
    every: tuple[int, Callable[[Any], Any]] | None = None


class Texts(NamedTuple):
    """Where the text of a path stands among the texts of a node whose kinds are known (XML): numbers of those that are there.

    between: what joins several texts of elements, whose blanks at both ends do not count; None for one that is taken as it is.
    """

    numbers: tuple[int, ...]
    between: str | None


class Dialect(Protocol):
    """How one format's paths are read; handed to the mapping compiler, which never imports a format.

    `at` is the tag of the level's node: a path whose first step is that tag reads the node itself. A step with
    several qualifier values tries them in the order written; the first value that any node has wins.
    """

    name: str

    def finder(self, path: Path, at: str) -> Finder:
        """Return the nodes the path (leaf ignored) leads to; several values in brackets: only those of the first hit."""
        ...

    def getter(self, path: Path, at: str) -> Getter:
        """Return the text of the leaf at the first node found."""
        ...

    def leaf(self, leaf: str) -> Getter:
        """Return the text of one leaf of the node that is handed in (for sources that start with `.`)."""
        ...

    def locator(self, path: Path, at: str) -> Locator:
        """Return where the getter's value stands (offset and length of the very element where the format allows)."""
        ...

    def problems(self, path: Path, at: str, message_type: str, version: str) -> list[str]:
        """Return why the path can never read anything in this message (for lint), [] when it can or is not known."""
        ...
