"""straight.py for trees whose paths branch by qualifier (EDIFACT): segments looked up once, texts remembered as received.

    def fill(node, root, out, run):
        c = node.children or NONE
        n0 = c.get("RFF") or above(node, "RFF")
        q1 = index(n0, root); n1 = q1.get("HWB") or q1.get("BH") or NONE    # RFF[HWB|BH]
        e1 = n1[0].elements if n1 else NONE
        value = (k3(raw) or m3(raw)) if (raw := e1[1] if len(e1) > 1 else "") else d3      # RFF[HWB|BH].1154

A value is remembered under the text of its whole element: nothing is split for a text that came before. That holds for
one set of service characters, so the dialect says when it may be used (`root.usual`), and a text that needs more than
splitting (release characters) is left to Target.careful. What a row reads otherwise is read with its closure.
Source text is made from numbers, segment tags and field names only, as in straight.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.mapping.cells import CAREFUL, REMEMBERED, InLineTest, InLineValue, Line, Quick, Target
from gateway.mapping.transforms.text import trim

_Steps = tuple[tuple[str, tuple[str, ...]], ...]


class Text:
    """The text of the function while it is written. names: what it reads; scopes: variables of the open blocks."""

    def __init__(self, helpers: dict[str, Any]) -> None:
        self.names: dict[str, Any] = {"CAREFUL": CAREFUL, "NONE": {}, **helpers}
        self.lines: list[str] = ["c = node.children or NONE", "e = node.elements"]
        self._scopes: list[dict[Any, str]] = [{}]
        self._count = 0
        self._tags: dict[str, str] = {}

    def write(self, line: str) -> None:
        """Add a line to the open block."""
        self.lines.append(" " * (len(self._scopes) - 1) + line)

    def target(self, number: int, target: Target) -> None:
        """Write one target: its rows in order, the first value wins."""
        self.names |= {f"f{number}": target.careful, f"p{number}": target.put}
        for index, (line, quick) in enumerate(zip(target.lines, target.quick, strict=True)):
            if index:
                self.write("if value is None:")
                self._scopes.append({})
            self.write(f"value = {self._row(f'{number}_{index}', line, quick)}")
        del self._scopes[1:]
        store = f'out["{target.path[0]}"] = value' if len(target.path) == 1 else f"p{number}(out, value)"
        for text in (
            "if value is not None:",
            f" if value is CAREFUL: f{number}(node, root, out, run)",
            f" else: {store}",
        ):
            self.write(text)
        if not target.quiet:
            self.write(f"elif {target.name!r} not in run.inherited: f{number}(node, root, out, run)")

    def _row(self, tag: str, line: Line, quick: Quick) -> str:
        """Return the expression of one row; None is no value."""
        self.names |= {
            f"h{tag}": quick.holds,
            f"k{tag}": quick.remember,
            f"m{tag}": quick.make,
            f"d{tag}": quick.default,
        }
        conditions = ""
        if quick.holds is not None:
            tests = line.in_line_tests
            conditions = f"h{tag}(node, root, run)" if tests is None else " and ".join(
                self._test(f"{tag}_{number}", test, quick) for number, test in enumerate(tests)
            )  # fmt: skip
        if line.in_line is not None:
            made = self._value(tag, line.in_line, line, quick)
        else:
            self.names[f"g{tag}"] = quick.get
            source = f"g{tag}(node, root)" if quick.single else f"g{tag}(node, root, run)"
            made = f"(k{tag}(raw) or m{tag}(raw)) if (raw := {source}) else d{tag}"
        return f"({made}) if {conditions} else None" if conditions else made

    def _value(self, tag: str, source: InLineValue, line: Line, quick: Quick) -> str:
        element = self._element(source.steps, source.element)
        if source.deep:  # without a component separator there is no such component
            element = f'raw if ":" in (raw := {element}) else ""'
        maker, known = _maker(source.read, line, quick)
        self.names |= {f"k{tag}": known.get if known is not None else None, f"m{tag}": maker}
        made = f"m{tag}(raw)" if known is None else f"k{tag}(raw) or m{tag}(raw)"
        return f"({made}) if (raw := {element}) else d{tag}"

    def _test(self, name: str, test: InLineTest, quick: Quick) -> str:
        if test.read is None:
            there = self._nodes(test.steps) if test.steps else "True"
            return there if test.op == "present" else f"not {there}"
        known: dict[str, bool] = {}
        self.names |= {f"y{name}": known.get, f"t{name}": _tester(test, known, quick.holds)}
        element = self._element(test.steps, test.element)
        return f"(y if (y := y{name}(raw := {element})) is not None else t{name}(raw, node, root, run))"

    # --- segments ---------------------------------------------------------------------------------------------

    def _variable(self, key: Any, prefix: str, text: str) -> str:
        """Return the variable that holds `text`, which may name other variables; written once in each block."""
        for scope in self._scopes:
            if key in scope:
                return scope[key]
        name = f"{prefix}{self._count}"
        self._count += 1
        self.write(f"{name} = {text}")
        self._scopes[-1][key] = name
        return name

    def _known(self, key: Any) -> str | None:
        return next((scope[key] for scope in self._scopes if key in scope), None)

    def _tag(self, text: str) -> str:
        name = self._tags.setdefault(text, f"s{len(self._tags)}")
        self.names[name] = text
        return name

    def _element(self, steps: _Steps, element: int) -> str:
        name = "e"
        if steps:
            key = ("elements", steps)
            found = self._known(key)
            nodes = self._nodes(steps)
            name = found or self._variable(key, "e", f"{nodes}[0].elements if {nodes} else NONE")
        return f'({name}[{element}] if len({name}) > {element} else "")'

    def _nodes(self, steps: _Steps) -> str:
        """Return the variable of the nodes that the steps lead to, in the order of the finder."""
        found = self._known(steps)
        if found is not None:
            return found
        *above, (tag, values) = steps
        every = self._every(tuple(above), tag)
        if not values:
            return every
        key = ("index", tuple(above), tag)
        index = self._known(key) or self._variable(key, "q", f"index({every}, root) if {every} else NONE")
        choice = " or ".join(f"{index}.get({self._tag(value)})" for value in values)
        return self._variable(steps, "n", f"{choice} or NONE")

    def _every(self, above: _Steps, tag: str) -> str:
        """Return the variable of all nodes with a tag below the nodes that `above` leads to."""
        key = (*above, (tag, ()))
        found = self._known(key)
        if found is not None:
            return found
        if not above:
            return self._variable(key, "n", f"c.get({self._tag(tag)}) or above(node, {self._tag(tag)})")
        nodes = self._nodes(above)
        below = ("below", above)
        children = self._known(below) or self._variable(
            below, "c", f"({nodes}[0].children or NONE) if len({nodes}) == 1 else below({nodes})"
        )
        return self._variable(key, "n", f"{children}.get({self._tag(tag)}) or NONE")


def _maker(
    read: Callable[[str], str | None], line: Line, quick: Quick
) -> tuple[Callable[[str], Any], dict[str, Any] | None]:
    """Return what makes the value of an element's text, and its memory; no memory where looking there costs more."""
    default, make = quick.default, quick.make
    if quick.text and line.in_line is not None and (line.one is trim or line.apply is None):

        def trimmed(raw: str) -> Any:
            text = read(raw)
            if text is None:
                return CAREFUL
            return text.strip() or default

        return trimmed, None
    known: dict[str, Any] = {}

    def made(raw: str) -> Any:
        text = read(raw)
        if text is None:
            return CAREFUL
        value = make(text) if text else default
        if value is not None and value is not CAREFUL and len(known) < REMEMBERED:
            known[raw] = value
        return value

    return made, known


def _tester(test: InLineTest, known: dict[str, bool], holds: Any) -> Callable[[str, Any, Any, Any], bool]:
    read, op, values = test.read, test.op, test.values
    assert read is not None

    def holds_for(raw: str, node: Any, root: Any, run: Any) -> bool:
        text = read(raw) if raw else ""
        if text is None:
            return bool(holds(node, root, run))  # all tests of the row: what it adds, the other tests say too
        text = text.strip()
        found = bool(text) is (op == "present") if op in ("present", "absent") else (text in values) is (op == "=")
        if len(known) < REMEMBERED:
            known[raw] = found
        return found

    return holds_for
