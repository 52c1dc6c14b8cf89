"""The plain way of one row (value there, transform content, nothing to say), with the texts it remembers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.mapping.line import Line
from gateway.mapping.sources import Run, Values
from gateway.mapping.transforms import Noted, Unusable

Format = Callable[[str], Any]
"""Text that the transforms made -> finished value."""

CAREFUL = object()
"""What a row makes of a text that needs words: a remark or a fault."""

REMEMBERED = 512
"""Texts a row remembers; codes, units, dates and goods repeat, numbers of parcels do not."""


class Quick:
    """The plain way of one row, as closures; see straight.py.

    get: (node, root) -> text when `single`, else (node, root, run) -> tuple of texts, () for none.
    remember: text(s) -> finished value, never CAREFUL, or None; make: text(s) -> finished value, None for no value, CAREFUL.
    default: finished default or None.
    """

    __slots__ = ("default", "get", "holds", "make", "plain", "remember", "single", "text")

    def __init__(self, line: Line, form: Format) -> None:
        self.holds = line.holds
        self.text = form is str
        self.plain = line.plain
        self.default = form(line.row.default) if line.row.default else None
        known: dict[Any, Any] = {}
        self.remember = known.get
        self.single = line.get is not None
        self.get: Callable[..., Any] = line.get if line.get is not None else _tuple(line.values)
        apply, default, one = line.apply, self.default, line.one

        def nothing(values: list[str]) -> Any:
            return CAREFUL if line.loses(values) else default

        def make_one(raw: str) -> Any:
            if raw.isspace():
                return default
            try:
                text = one(raw) if one is not None else raw.strip()
                value = CAREFUL if type(text) is Noted else form(text) if text else nothing([raw])
            except (Unusable, ValueError, ArithmeticError):
                return CAREFUL
            if value is not None and value is not CAREFUL and len(known) < REMEMBERED:
                known[raw] = value
            return value

        def make(raw: Any) -> Any:
            values = [raw] if isinstance(raw, str) else list(raw)
            for text in values:
                if text and not text.isspace():
                    break
            else:
                return default
            try:
                text = apply(values) if apply is not None else values[0].strip()
                value = CAREFUL if type(text) is Noted else form(text) if text else nothing(values)
            except (Unusable, ValueError, ArithmeticError):
                return CAREFUL
            if value is not None and value is not CAREFUL and len(known) < REMEMBERED:
                known[raw] = value
            return value

        self.make: Callable[[Any], Any] = make_one if self.single and (one is not None or apply is None) else make


def _tuple(values: Values | None) -> Callable[[Any, Any, Run], tuple[str, ...]]:
    if values is None:
        return lambda node, root, run: ()

    def get(node: Any, root: Any, run: Run) -> tuple[str, ...]:
        found = tuple(values(node, root, run))
        return found if any(found) else ()

    return get
