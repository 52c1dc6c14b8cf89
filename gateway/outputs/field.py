"""The rows of one target -> a Field; what is wrong with a row is a MappingError with file, line, column and what to write."""

from __future__ import annotations

import re

from gateway.errors import MappingError
from gateway.formats.xml import Kind
from gateway.mapping.codes import CodeTables
from gateway.mapping.compile import Compiler, parsed
from gateway.mapping.grammar import Source, parse_source, parse_transform, parse_when
from gateway.mapping.line import Line
from gateway.mapping.table import Row
from gateway.mapping.transforms import Unusable, registry
from gateway.outputs.elements import Goal, goal_of, problem_of_goal
from gateway.outputs.layout import Field
from gateway.outputs.paths import DIALECT, envelope_problem, is_of_item, is_personal, problem_of, steps_of

COLUMNS = ("target", "source", "when", "transform", "default", "required", "max_length", "why", "mend")
"""Columns of a table on the way out; every other column must start with "note"."""

_LENGTH = re.compile(r"([1-9][0-9]{0,4})( cut)?")
_COMPILED = ("target", "source", "when", "transform", "default", "required")

Record = tuple[int, dict[str, str]]
"""Line of the file, cells by column."""


class FieldCompiler:
    """Compiles the rows of one table. kind: of its XML document, None for a table; items: names down to a goods line."""

    def __init__(
        self, file: str, codes: CodeTables, kind: Kind | None, items: tuple[str, ...], *, by_item: bool
    ) -> None:
        """file: name in messages; by_item: a table has one row per goods line."""
        self._file, self._kind, self._items, self._by_item = file, kind, items, by_item
        self._compiler = Compiler(DIALECT, codes, "")

    def field(self, target: str, records: list[Record]) -> Field:
        """Return the field of a target. Raises MappingError."""
        goal = self._goal(target, records[0][0])
        may_read_items = goal.begins_with(self._items) if goal else self._by_item
        lines: list[Line] = []
        sources: list[Source] = []
        tested: list[Source] = []
        for number, cells in records:
            row = Row(self._file, number, "shipment", **{c: cells[c] for c in _COMPILED})
            own = parsed(row, "source", parse_source)
            asked = [test.source for test in parsed(row, "when", parse_when)]
            for column, part in (("source", own), ("when", asked)):
                for source in part:
                    self._check_source(source, number, column, items=may_read_items)
            self._check_words(number, cells)
            if row.source or row.default:
                lines.append(_tried(self._compiler._line(row, "", target), len(own)))
            sources += own
            tested += asked
        paths = [s.path for s in sources if s.path is not None]
        length = _LENGTH.fullmatch(_first(records, "max_length"))
        return Field(
            target=target,
            lines=tuple(lines),
            required=_first(records, "required"),
            longest=int(length[1]) if length else None,
            cut=bool(length and length[2]),
            why=_first(records, "why"),
            mend=_first(records, "mend"),
            sources=tuple(dict.fromkeys(p.text for p in paths)),
            settings=tuple(dict.fromkeys(s.name for s in (*sources, *tested) if s.kind == "profile")),
            per_item=any(s.path is not None and is_of_item(s.path) for s in (*sources, *tested)),
            personal=any(is_personal(steps_of(p)) for p in paths),
            number=bool(lines) and all(_makes_number(line.row.transform) for line in lines),
            row=f"{self._file}:{records[0][0]}",
            goal=goal,
        )

    def _goal(self, target: str, line: int) -> Goal | None:
        if self._kind is None:
            if not target:
                raise self._error(line, "target", "the column has no name", "write the header of the column")
            return None
        goal, said = goal_of(target)
        if goal is not None:
            said = problem_of_goal(goal, self._kind)
        if said:
            raise self._error(line, "target", said, "the elements stand in order.csv of the format")
        return goal

    def _check_source(self, source: Source, line: int, column: str, *, items: bool) -> None:
        said, advice = problem_of_source(source)
        if not said and source.path is not None and is_of_item(source.path) and not items:
            said, advice = "a goods line is read where there is none", "use a field of the shipment"
        if said:
            raise self._error(line, column, said, advice)

    def _check_words(self, line: int, cells: dict[str, str]) -> None:
        if not cells["source"] and not cells["default"] and not cells["why"]:
            raise self._error(line, "why", "the row has no source and does not say why", "write the reason, and in mend what to do")  # fmt: skip
        if cells["required"] not in ("", "yes", "warn"):
            raise self._error(line, "required", f'"{cells["required"]}" is not known', "write yes, warn or nothing")
        if cells["max_length"] and not _LENGTH.fullmatch(cells["max_length"]):
            raise self._error(line, "max_length", f'"{cells["max_length"]}" is not a length', "write 35 or 35 cut")

    def _error(self, line: int, column: str, said: str, advice: str) -> MappingError:
        return MappingError(self._file, line, column, said, advice)


def problem_of_source(source: Source) -> tuple[str, str]:
    """Return why no canonical message has a source, and what to write; "" when it has."""
    if source.kind == "same":
        return f'".{source.name}" is no field', "write every source in full"
    said = ""
    if source.kind == "envelope" and source.name != "written_at":
        said = envelope_problem(source.name)
    elif source.path is not None:
        said = problem_of(steps_of(source.path))
    return said, "the fields stand in the canonical schema; settings are written profile.NAME" if said else ""


def _first(records: list[Record], column: str) -> str:
    """Return the cell of the first row that has one: what is said of the target, not of a row."""
    return next((cells[column] for _, cells in records if cells[column]), "")


def _tried(line: Line, values: int) -> Line:
    """Return the line when its transforms take their arguments. Raises MappingError."""
    try:
        if line.apply is not None:
            line.apply(["1"] * max(values, 1))
    except Unusable:
        pass
    except (ValueError, LookupError, ArithmeticError) as error:
        row = line.row
        said = f"an argument of the transform cannot be used: {error}"
        raise MappingError(row.file, row.line, "transform", said, "docs/mapping.md tells what each takes") from None
    return line


def _makes_number(transform: str) -> bool:
    calls = parse_transform(transform)
    return bool(calls) and registry()[calls[-1].name].result in ("decimal", "integer")
