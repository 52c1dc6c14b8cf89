"""One target of one level, compiled: which row applies, what it reads, what becomes of it.

A target may have several rows: the first whose condition holds and that yields a value wins. A transform that cannot
use its value stops there, with a finding; it does not fall through to the next row.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from gateway.canonical.wording import words_of
from gateway.findings import Finding, Position, Scope, Severity
from gateway.mapping.line import Line
from gateway.mapping.quick import Format, Quick
from gateway.mapping.sources import Run
from gateway.mapping.transforms import Noted, Unusable

_ABSENT = re.compile(r"no ((?!.* or )[^,:;]+)")
"""A message that says of its value only that it is not there: "no item number (ItemId)"."""


class Target:
    """All rows of one target: what writes its value into a dict, or a finding into the run.

    The plain way (value there, transform content, nothing to say) is `quick`, run by straight.py; everything else goes
    through `careful`, which asks the rows again and writes the findings.
    """

    def __init__(self, level: str, name: str, lines: list[Line], form: Format) -> None:
        self.level, self.name, self.lines, self.format = level, name, lines, form
        self.path = tuple(name.split("."))
        self.quiet = not any(line.row.required for line in lines)

    @cached_property
    def quick(self) -> list[Quick]:
        """The plain way of each row."""
        return [Quick(line, self.format) for line in self.lines]

    def careful(self, node: Any, root: Any, out: dict[str, Any], run: Run) -> None:
        """Evaluate the rows in order, with findings; the first that yields a value wins."""
        last: Line | None = None
        lost: tuple[Line, str] | None = None
        for line in self.lines:
            if line.holds is not None and not line.holds(node, root, run):
                continue
            values = line.values(node, root, run) if line.values is not None else ()
            text = ""
            if values and any(v and not v.isspace() for v in values):
                try:
                    text = line.apply(values) if line.apply is not None else values[0].strip()
                    if type(text) is Noted:
                        self._note(line, node, root, text, run)
                    if text:
                        self.put(out, self.format(text))
                        return
                    if lost is None and line.loses(values):
                        lost = line, values[0]
                except (Unusable, ValueError, ArithmeticError) as error:
                    self._fail(line, node, root, next((v for v in values if v.strip()), ""), _unusable(error), run)
                    return
            if line.row.default:
                self.put(out, self.format(line.row.default))
                last = None
                break
            if last is None or line.row.required:
                last = line
        if last is not None and last.row.required and not (run.inherited and self.name in run.inherited):
            self._missing(last, node, root, run)
        elif lost is not None:
            self._not_passed(*lost, node, root, run)

    def put(self, out: dict[str, Any], value: Any) -> None:
        """Write a value under the target's dotted name."""
        for key in self.path[:-1]:
            out = out.setdefault(key, {})
        out[self.path[-1]] = value

    # --- findings ---------------------------------------------------------------------------------------------

    def _note(self, line: Line, node: Any, root: Any, text: Noted, run: Run) -> None:
        place = line.locate(node, root) or Position()
        for rule, said in text.notes:
            run.findings.append(
                Finding(rule, Severity.WARNING, Scope.SHIPMENT, said, place, self.target(run), pointer=self.pointer(run), row=line.row.where, personal=line.personal)
            )  # fmt: skip

    def _fail(self, line: Line, node: Any, root: Any, value: str, error: Unusable, run: Run) -> None:
        quoted = f'"{legible(value)}"' if legible(value) else ""
        said = filled_in(line.row.message, "the value" if line.personal else quoted, "that cannot be seen")
        if said.endswith(" missing"):  # a row has one message for both
            said = f"{said.removesuffix(' missing')} not usable"
        elif absent := _ABSENT.fullmatch(said):  # it is there
            said = f"{absent[1]} not usable"
        reason = "the value cannot be used" if line.personal else error.reason
        self._finding(
            line,
            node,
            root,
            run,
            error.rule or line.row.rule or "MAP-VALUE",
            f"{_sentence(said or self.words(run))}: {reason}.",
            value,
        )

    def _missing(self, line: Line, node: Any, root: Any, run: Run) -> None:
        what, mark, _ = line.row.message.partition("{value}")
        said = f"{what.strip() or self.words(run)} is missing" if mark or not what else what
        self._finding(line, node, root, run, line.row.rule or "MAP-REQUIRED", f"{_sentence(said)}.", None)

    def _not_passed(self, line: Line, value: str, node: Any, root: Any, run: Run) -> None:
        """Say that a value is there which no row could use: it is not demanded, but it must not vanish."""
        shown = "The value" if line.personal else f'"{value.strip()}"'
        said = f"{shown} has not the form of {self.words(run)}, or is a code that is not known; it was not passed on."
        place = line.locate(node, root) or Position()
        run.findings.append(
            Finding("MAP-NOT-PASSED", Severity.WARNING, Scope.SHIPMENT, said, place, self.target(run), value, self.pointer(run), row=line.row.where, personal=line.personal)
        )  # fmt: skip

    def _finding(self, line: Line, node: Any, root: Any, run: Run, rule: str, said: str, value: str | None) -> None:
        severity = Severity.WARNING if line.row.required == "warn" else Severity.ERROR
        if value is not None and not line.row.required and self.level not in ("item", "shipment", "message"):
            severity = Severity.ERROR
        place = line.locate(node, root) or Position()
        run.findings.append(
            Finding(rule, severity, Scope.SHIPMENT, said, place, self.target(run), value, self.pointer(run), row=line.row.where, personal=line.personal)
        )  # fmt: skip

    def words(self, run: Run) -> str:
        """The field in the words of the answers, for a message without text of its own."""
        return words_of(self.target(run).removeprefix("_"))

    def target(self, run: Run) -> str:
        """Canonical field, e.g. final_deliver_to_party.postal_code."""
        level = {"item": "items", "reference": "references"}.get(self.level, self.level)
        return self.name if level in ("shipment", "message") else f"{level}.{self.name}"

    def pointer(self, run: Run) -> str:
        """JSON pointer inside the shipment."""
        return f"{run.prefix}/{self.name.replace('.', '/')}"


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:]


def legible(value: str) -> str:
    """Return a value as a message shows it: blanks around it taken off, "" when nothing of it can be seen."""
    return value.strip() if any(c.isprintable() and not c.isspace() for c in value) else ""


def filled_in(message: str, value: str, empty: str = "empty") -> str:
    """Return the message of a row with its value; empty: stands for a value that is none."""
    return message.replace("{value}", legible(value) or empty)


def _unusable(error: Exception) -> Unusable:
    """A transform whose arguments are of another kind than it expects (`keep abc`) raises what Python raises."""
    if isinstance(error, Unusable):
        return error
    return Unusable("the transform of this row cannot use it; look at the arguments in the mapping table")
