"""The statements of functions in line: one target after another, then the conditions of rows that refuse (see in_line.py).

if (raw := e3[1]) and (value := k3(raw)): out["house_bill_number"] = value         # a text that came before
elif (raw := e3[1]):
 if (value := m3(raw)) is CAREFUL: f3(node, root, out, run)                         # needs words
 elif value is not None: out["house_bill_number"] = value
"""

from __future__ import annotations

from typing import Any

from gateway.mapping.cells import Target
from gateway.mapping.in_line import Rows
from gateway.mapping.line import Line
from gateway.mapping.lookups import NO_NODES
from gateway.mapping.quick import Quick
from gateway.mapping.rows_in_line import Row


class Text(Rows):
    """The text of the function while it is written: values and conditions of rows.

    may_have, has: names of targets that can get a value, and that always do; tells: something may have to be said of a node.
    """

    def __init__(self, helpers: dict[str, Any], shape: frozenset[str] | None, codes: tuple[str, ...] = ()) -> None:
        super().__init__(helpers, shape, codes)
        self.may_have: set[str] = set()
        self.has: set[str] = set()
        self.tells = False

    def target(self, number: int, target: Target) -> None:
        """Write one target: its rows in order, the first value wins; rows that can yield nothing are left out."""
        self.names |= {f"f{number}": target.careful, f"p{number}": target.put}
        careful = f"f{number}(node, root, out, run)"
        missing = "" if target.quiet else f"{target.name!r} not in run.inherited: {careful}"
        rows = [(f"{number}_{index}", *row) for index, row in enumerate(zip(target.lines, target.quick, strict=True))]
        first: Row | None = None
        while rows and first is None:
            first = self._row(*rows.pop(0))
        self.tells = self.tells or bool(missing)
        if first is None:
            if missing:
                self.write(f"if {missing}")
            return
        self.may_have.add(target.name)
        if first.constant and not first.holds:
            self.has.add(target.name)
            rows = []
        self._rows(first, rows, self._store(number, target), careful, missing)

    def _rows(self, first: Row, rows: list[tuple[str, Line, Quick]], store: str, careful: str, missing: str) -> None:
        """Write the first row that can yield something, and those behind it."""
        before = len(self.lines)
        at_once = first.at_once if not (rows and first.holds) else ""
        if at_once:  # a text that came before, or that takes no look: by far the most
            self.write(f"if {at_once}: {store}")
            self.write("else:")
            self._scopes.append({})
        self.write(f"value = {first.rest if at_once else first.text}")
        further = [row for row in [self._further(*row) for row in rows] if row is not None]
        plain = all(row.sure or row.constant for row in (first, *further))
        self.tells = self.tells or not plain
        if not further and not first.default:
            del self._scopes[1:], self.lines[before:]
            self._only(first, store, careful, missing)
            return
        del self._scopes[1 + bool(at_once) :]
        self.write("if value is not None:")
        if not plain:
            self.write(f" if value is CAREFUL: {careful}")
        self.write(f" {'' if plain else 'else: '}{store}")
        if missing:
            self.write(f"elif {missing}")
        del self._scopes[1:]

    def _store(self, number: int, target: Target) -> str:
        first, *parts = target.path
        if len(parts) > 1:
            return f"p{number}(out, value)"
        return f'out.setdefault("{first}", {{}})["{parts[0]}"] = value' if parts else f'out["{first}"] = value'

    def _only(self, row: Row, store: str, careful: str, missing: str) -> None:
        """Write the only row of a target that can yield something."""
        asked = " and ".join(part for part in (row.holds, row.there) if part) or "True"
        if row.sure or row.constant:
            self.write(f"if {asked} and (value := {row.made}): {store}")
            if missing:
                self.write(f"elif {missing}")
            return
        if row.at_once:
            self.write(f"if {row.at_once}: {store}")
        self.write(f"{'elif' if row.at_once else 'if'} {asked}:")
        self.write(f" if (value := {row.made}) is CAREFUL: {careful}")
        self.write(f" elif value is not None: {store}")
        if missing:
            self.write(f" elif {missing}")
            self.write(f"elif {missing}")

    def choice(self, lines: list[Line]) -> None:
        """Write the conditions of a choice: `first` becomes the number of the first row that holds, -1 when none does."""
        found = [(number, self._conditions(f"c{number}", line)) for number, line in enumerate(lines)]
        word = "if"
        for number, holds in found:
            if holds is not None:
                self.write(f"{word} {holds or 'True'}: first = {number}")
                word = "elif"
        self.write("first = -1" if word == "if" else "else: first = -1")

    def all(self, targets: list[Target], lines: list[Line]) -> None:
        """Write all targets of a block, then the conditions of the rows of a choice."""
        for number, target in enumerate(targets):
            self.target(number, target)
        if lines:
            self.choice(lines)

    def leave(self, tag: str, line: Line, value: str) -> None:
        """Write that the function gives `value` at once where the condition of a row holds."""
        holds = self._conditions(tag, line)
        if holds is not None:
            self.write(f"if {holds or 'True'}: return {value}")

    def way(self, tag: str, way: Any, takes_all: bool) -> str:
        """Return the expression of the nodes that a binding row finds, "" when it never can."""
        conditions = self._conditions(tag, way.line)
        if conditions is None:
            return ""
        if way.itself or way.steps == ():
            found = "[node]"
        elif way.steps is not None:
            found = self._nodes(way.steps)
            if found == NO_NODES:
                return ""
        else:
            self.names[f"g{tag}"] = way.find
            found = f"g{tag}(node, root)"
        if not takes_all:
            found = f"{found}[:1]"
        return f"({found} if {conditions} else EMPTY)" if conditions else found

    def _further(self, tag: str, line: Line, quick: Quick) -> Row | None:
        """Write what gives `value` by one more row, tried when those before it gave none; None when it never can."""
        before = len(self.lines)
        self.write("if value is None:")
        self._scopes.append({})
        row = self._row(tag, line, quick)
        if row is None:
            self._scopes.pop()
            del self.lines[before:]
            return None
        self.write(f"value = {row.text}")
        return row
