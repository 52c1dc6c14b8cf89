"""What in_line.py calls for elements that the dialect splits: text of a whole element -> value, remembered under that text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.dialect import InLinePath
from gateway.mapping.line import InLineTest
from gateway.mapping.quick import CAREFUL, REMEMBERED, Quick
from gateway.mapping.sources import Condition


def all_of(paths: tuple[InLinePath, ...]) -> Callable[[tuple[str, ...]], Any]:
    """Return what reads the texts of several elements, "" when all are empty."""
    reads = [element.read for path in paths for element in path.elements]

    def read(raws: tuple[str, ...]) -> Any:
        texts = tuple([raw if one is None else one(raw) for one, raw in zip(reads, raws, strict=True)])
        return None if None in texts else texts if any(texts) else ""

    return read


def reader(read: Callable[[str], Any], quick: Quick) -> Callable[[str], Any]:
    """Return what makes the value of an element's text where a memory would cost more."""
    default, make = quick.default, quick.make

    def made(raw: str) -> Any:
        text = read(raw)
        return CAREFUL if text is None else make(text) if text else default

    return made


def maker(read: Callable[[Any], Any], quick: Quick) -> tuple[Callable[[Any], Any], dict[Any, Any]]:
    """Return what makes the value of an element's text, or of several, and its memory."""
    default, make = quick.default, quick.make
    known: dict[Any, Any] = {}

    def made(raw: Any) -> Any:
        text = read(raw)
        if text is None:
            return CAREFUL
        value = make(text) if text else default
        if value is not None and value is not CAREFUL and len(known) < REMEMBERED:
            known[raw] = value
        return value

    return made, known


def tester(
    test: InLineTest, read: Callable[[str], Any], known: dict[str, bool]
) -> Callable[[str, Any, Any, Any], bool]:
    """Return what tests the text of an element; known: what it found for texts before."""
    op, values = test.op, test.values

    def holds_for(raw: str, node: Any, root: Any, run: Any) -> bool:
        text = read(raw) if raw else ""
        if text is None:
            return test.holds(node, root, run)
        text = text.strip()
        found = bool(text) is (op == "present") if op in ("present", "absent") else (text in values) is (op == "=")
        if len(known) < REMEMBERED:
            known[raw] = found
        return found

    return holds_for


def of_header(holds: Condition) -> Condition:
    """Return a test of what stands above the units, asked once for each state of a message's header."""
    last: tuple[Any, int, bool] = (None, 0, False)

    def holds_still(node: Any, root: Any, run: Any) -> bool:
        nonlocal last
        message = run.message
        if last[0] is not message or last[1] != message.context:
            last = message, message.context, holds(node, root, run)
        return last[2]

    return holds_still
