"""Functions for the shapes of nodes (see in_line.py): which are made, when, and how many are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from gateway.dialect import Dialect
from gateway.mapping import by_texts, forms
from gateway.mapping.cells import Target
from gateway.mapping.line import InLineTest, Line
from gateway.mapping.sources import Run
from gateway.mapping.statements import Text
from gateway.mapping.straight import Fill, by_closures, choice, function, without_shapes

_AT_ONCE = 4  # shapes for which functions are made when they come the first time
_OFTEN = 32  # times that others must have come
_KEPT = 64  # shapes of one block that have functions of their own
_COUNTED = 4096  # shapes whose times are counted

CONTINUES = -1
"""See for_goods."""

_Shape = tuple[str, ...]
Made = TypeVar("Made")


class Shapes(Generic[Made]):
    """What was made for the shapes of a block's nodes; a shape that is rare shares what is made for any.

    make: shape -> what is made, None = for any; otherwise: gives it for messages that cannot be read in line.
    """

    def __init__(self, make: Callable[[frozenset[str] | None], Made], otherwise: Callable[[], Made]) -> None:
        self.made: dict[_Shape, Made] = {}
        self._make, self._otherwise = make, otherwise
        self._seen: Counter[_Shape] = Counter()
        self._whole: list[Made] = []
        self._unusual: list[Made] = []

    def choose(self, shape: _Shape) -> Made:
        """Return what is to be used for a shape that has nothing of its own yet."""
        if len(self.made) < _AT_ONCE or (len(self.made) < _KEPT and self._seen[shape] >= _OFTEN):
            own = self.made[shape] = self._make(frozenset(shape))
            return own
        if len(self._seen) < _COUNTED or shape in self._seen:
            self._seen[shape] += 1
        if not self._whole:
            self._whole.append(self._make(None))
        return self._whole[0]

    def unusual(self) -> Made:
        """Return what is used for a message that cannot be read in line."""
        if not self._unusual:
            self._unusual.append(self._otherwise())
        return self._unusual[0]

    def chooser(self, *, sometimes: bool) -> Callable[[Any, Any], Made]:
        """Return (node, root) -> what is made for it. sometimes: `root.usual` says whether it can be read in line."""
        get, choose, unusual = self.made.get, self.choose, self.unusual

        def of(node: Any, root: Any) -> Made:
            if sometimes and not root.usual:
                return unusual()
            children = node.children
            shape = tuple(children) if children else ()
            return get(shape) or choose(shape)

        return of

    def runner(self: Shapes[Fill], *, sometimes: bool) -> Fill:
        """Return the function that runs what is made for the shape of its node."""
        get, choose, unusual = self.made.get, self.choose, self.unusual

        def run_own(node: Any, root: Any, out: dict[str, Any], run: Run) -> Any:
            if sometimes and not root.usual:
                return unusual()(node, root, out, run)
            children = node.children
            shape = tuple(children) if children else ()
            return (get(shape) or choose(shape))(node, root, out, run)

        return run_own


def helpers_of(dialect: Dialect | None) -> dict[str, Any] | None:
    """Return what a dialect lends to functions in line; None when its paths cannot be read so."""
    return getattr(dialect, "in_line_helpers", None)


def chooser(
    dialect: Dialect | None, make: Callable[[frozenset[str] | None], Made], otherwise: Callable[[], Made]
) -> Callable[[Any, Any], Made]:
    """Return (node, root) -> what is made for the shape of the node, for a dialect that can be read in line."""
    return Shapes(make, otherwise).chooser(sometimes=getattr(dialect, "in_line_sometimes", False))


def for_nodes(targets: list[Target], dialect: Dialect | None) -> Fill:
    """Return a function that fills all targets of a block, in order."""
    helpers = helpers_of(dialect)
    if helpers is None:
        return _of_kinds(targets, dialect)
    lines = [line for target in targets for line in target.lines]
    return _by_shape(lines, dialect, partial(fields, targets, helpers), partial(by_closures, targets))


def for_goods(targets: list[Target], more: list[Line], refusals: list[Line], dialect: Dialect | None) -> Fill:
    """Return a function that fills a goods line and gives 1 + the index of the refusal that holds, 0 for none.

    Where the condition of a row of `more` holds, the node carries on the line before: nothing is filled, CONTINUES is given.
    """
    helpers = helpers_of(dialect)
    if helpers is None:
        return _in_turn(_of_kinds(targets, dialect), more, refusals)
    lines = [*more, *refusals, *(line for target in targets for line in target.lines)]

    def otherwise() -> Fill:
        return _in_turn(by_closures(targets), more, refusals)

    return _by_shape(lines, dialect, partial(goods, targets, more, refusals, helpers), otherwise)


def _of_kinds(targets: list[Target], dialect: Dialect | None) -> Fill:
    """Return what fills all targets where shapes tell nothing: by texts where those of a node are known."""
    fill = without_shapes(targets, dialect)
    return forms.runner(partial(by_texts.fields, targets, dialect), fill) if forms.by_texts(dialect) else fill


def _in_turn(fill: Fill, more: list[Line], refusals: list[Line]) -> Fill:
    continues, refused = choice(more), choice(refusals)

    def line(node: Any, root: Any, out: dict[str, Any], run: Run) -> int:
        if more and continues(node, root, out, run) >= 0:
            return CONTINUES
        fill(node, root, out, run)
        return 1 + refused(node, root, out, run) if refusals else 0

    return line


def first_that_holds(lines: list[Line], dialect: Dialect) -> Fill:
    """Return a function that gives the index of the first row whose condition holds, -1 when none does."""
    helpers = helpers_of(dialect)
    if helpers is None:
        return choice(lines)
    return _by_shape(lines, dialect, partial(which, lines, helpers), partial(choice, lines))


def _by_shape(
    lines: list[Line], dialect: Dialect | None, make: Callable[[frozenset[str] | None], Fill], otherwise: Callable[[], Fill]
) -> Fill:  # fmt: skip
    """Return what is made for the shape of each node; made once where no row looks below its node."""
    sometimes = getattr(dialect, "in_line_sometimes", False)
    if not sometimes and not any(map(_looks_below, lines)):
        return make(frozenset())
    of_shape = Shapes(make, otherwise).runner(sometimes=sometimes)
    return forms.runner(make, of_shape) if forms.knows(helpers_of(dialect)) else of_shape


def _looks_below(line: Line) -> bool:
    """True when a row may read anything but the node itself."""
    if any(not isinstance(test, InLineTest) or test.path.steps for test in line.in_line_tests):
        return True
    return bool(line.sources) and (line.in_line is None or any(path.steps for path in line.in_line))


def fields(
    targets: list[Target], helpers: dict[str, Any], shape: frozenset[str] | None, codes: tuple[str, ...] = ()
) -> Fill:
    """Return a function that fills all targets of a node with this shape. codes: those that it begins with, as far as they are known."""
    text = Text(helpers, shape, codes)
    text.all(targets, [])
    return function(text.text or ["pass"], text.names)


def goods(
    targets: list[Target], more: list[Line], refusals: list[Line], helpers: dict[str, Any], shape: frozenset[str] | None, codes: tuple[str, ...] = (),
) -> Fill:  # fmt: skip
    """Return a function that does what is done at a goods line with this shape, see for_goods and fields."""
    text = Text(helpers, shape, codes)
    for number, line in enumerate(more):
        text.leave(f"m{number}", line, str(CONTINUES))
    text.all(targets, refusals)
    return function([*text.text, "return first + 1" if refusals else "return 0"], text.names)


def which(lines: list[Line], helpers: dict[str, Any], shape: frozenset[str] | None) -> Fill:
    """Return a function that gives the index of the first row whose condition holds, -1 when none does."""
    text = Text(helpers, shape)
    text.choice(lines)
    return function([*text.text, "return first"], text.names)


def unit(
    targets: list[Target],
    refusals: list[Line],
    blocks: Sequence[Any],
    helpers: dict[str, Any],
    shape: frozenset[str] | None,
) -> Fill:
    """Return a function that does all that is done at a unit, see plans.py. blocks: Bound (blocks.py)."""
    text = Text(helpers, shape)
    found = []
    for number, block in enumerate(blocks):  # first: what the blocks look up always, rows look up under conditions
        ways = [text.way(f"w{number}_{index}", way, block.takes_all(way)) for index, way in enumerate(block.ways)]
        found.append(" or ".join(filter(None, ways)) or "EMPTY" if ways else "[node]")
    text.all(targets, refusals)
    first = "first" if refusals else "-1"
    return function([*text.text, f"return {first}, ({''.join(f'{one}, ' for one in found)})"], text.names)
