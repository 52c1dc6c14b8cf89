"""Functions for nodes whose kinds the reader knows (gateway.kinds): what only other nodes could have is not in them.

Made for kinds that come often. Other nodes have the functions of their shape (shapes.py), which look into each node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from gateway.dialect import Dialect
from gateway.kinds import Kinds
from gateway.mapping.sources import Run
from gateway.mapping.straight import Fill
from gateway.often import Often

_OFTEN = 32  # times that kinds must have come: to write a function costs as much as some hundred nodes without
_KEPT = 64  # functions of one block
_COUNTED = 4096  # kinds whose times are counted

Made = TypeVar("Made")


class Forms(Generic[Made]):
    """What was made for the kinds of a block's nodes."""

    def __init__(self, make: Callable[[Kinds], Made]) -> None:
        self.made: dict[Kinds, Made] = {}
        self._make = make
        self._often = Often[Kinds](_OFTEN, _COUNTED)

    def choose(self, kinds: Kinds) -> Made | None:
        """Return what is to be used for kinds that have nothing of their own yet; None for what any node has."""
        if len(self.made) >= _KEPT or not self._often(kinds):
            return None
        made = self.made[kinds] = self._make(kinds)
        return made


def knows(helpers: dict[str, Any] | None) -> bool:
    """True when readers of the dialect set the kinds of nodes. helpers: what it lends to functions in line."""
    return helpers is not None and "code_at" in helpers


def by_texts(dialect: Dialect | None) -> bool:
    """True when readers of the dialect know all texts of some nodes and where they belong, see by_texts.py."""
    return hasattr(dialect, "texts")


def chooser(make: Callable[[Kinds], Made], otherwise: Callable[[Any, Any], Made]) -> Callable[[Any, Any], Made]:
    """Return (node, root) -> what is made for it. otherwise: gives what is made for other nodes."""
    forms = Forms(make)
    get, choose = forms.made.get, forms.choose

    def of(node: Any, root: Any) -> Made:
        kinds = node.kinds
        if kinds is None or not root.usual:
            return otherwise(node, root)
        return get(kinds) or choose(kinds) or otherwise(node, root)

    return of


def runner(make: Callable[[Kinds], Fill], otherwise: Fill) -> Fill:
    """Return the function that runs what is made for the kinds of its node. otherwise: for other nodes."""
    forms = Forms(make)
    get, choose = forms.made.get, forms.choose

    def run_own(node: Any, root: Any, out: dict[str, Any], run: Run) -> Any:
        kinds = node.kinds
        if kinds is None or not root.usual:
            return otherwise(node, root, out, run)
        return (get(kinds) or choose(kinds) or otherwise)(node, root, out, run)

    return run_own
