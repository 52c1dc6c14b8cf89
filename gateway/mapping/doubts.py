"""Cells that may be meant as they are, and rather are not: warnings of `gateway mapping check`.

N1[cn], M11.04=PCS,CTN      values that no file has       MAP-VALUE-ODD
M11.05 in kilograms         whatever its unit is          MAP-UNIT
GrosWeightMeasure           nearly a name of the base     MAP-NAME-NEAR
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import pairwise

from gateway.dialect import Path
from gateway.mapping.grammar import CellError, Source, Test, parse_source, parse_when
from gateway.mapping.table import Fault, Row

_CAPITALS = ("x12", "edifact", "cargo_imp")
"""Formats whose codes are written in capitals."""
_NAMED = ("cargo_xml", "wco_xml", "postal", "cargo_imp")
"""Formats whose base tables name nearly all that a message may hold, and that have no structure tables."""
_NEAR = 0.86


def doubts(rows: list[Row], base: Iterable[Row], of_format: Iterable[Row], message_format: str) -> Iterator[Fault]:
    """Yield the doubtful cells of some rows. base: the table below them; of_format: all base tables of the format, whose names are right."""
    known = _Names(base, of_format) if message_format in _NAMED else None
    for row in rows:
        for column, path, test in _cells(row):
            yield from _odd(row, column, path, test, message_format)
            if known is not None and path is not None and (said := known.doubt(row.level, path, message_format)):
                yield Fault("MAP-NAME-NEAR", row.file, row.line, column, *said, "warning")
        yield from _without_unit(row)
        yield from _brackets(row)


def _brackets(row: Row) -> Iterator[Fault]:
    """Yield a message that would show its brackets to the sender."""
    if "{" in row.message.replace("{value}", ""):
        said = "the sender would read the brackets: only {value} stands for something"
        yield Fault("MAP-VALUE-ODD", row.file, row.line, "message", said, "write {value}, or no brackets", "warning")


def _cells(row: Row) -> Iterator[tuple[str, Path | None, Test | None]]:
    """Yield (column, path, test) of the cells of a row that hold paths."""
    try:
        sources: tuple[Source, ...] = parse_source(row.source)
        tests: tuple[Test, ...] = parse_when(row.when)
    except CellError:
        return  # told where rows are compiled
    yield from (("source", source.path, None) for source in sources if source.path is not None)
    yield from (("when", test.source.path, test) for test in tests)


def _odd(row: Row, column: str, path: Path | None, test: Test | None, message_format: str) -> Iterator[Fault]:
    """Yield the values of brackets and conditions that files do not have."""
    values = [value for step in (path.steps if path is not None else ()) for value in step.values]
    asked = list(test.values) if test is not None and path is not None else []
    for value in (*values, *asked):
        if message_format in _CAPITALS and value != value.upper():
            said = f'"{value}" is compared letter by letter, and codes are written in capitals'
            yield Fault("MAP-VALUE-ODD", row.file, row.line, column, said, f"write {value.upper()}", "warning")
    for value in asked:
        if "," in value or value[:1] in "\"'":
            said = f"the condition holds for the one value {value} only, comma and quotes included"
            yield Fault("MAP-VALUE-ODD", row.file, row.line, column, said, "part several values by |, without quotes: PATH=A|B", "warning")  # fmt: skip


def _without_unit(row: Row) -> Iterator[Fault]:
    """Yield a number that is taken for kilograms although nothing was asked for its unit."""
    if not row.target.endswith("_kg") or not row.source or row.when or "kg" in row.source.lower():
        return
    names = {step.split()[0] for step in row.transform.split("|") if step.split()}
    if not names & {"kg", "imp_weight", "const"}:
        said = "the number is taken for kilograms, whatever its unit is"
        yield Fault("MAP-UNIT", row.file, row.line, "transform", said, "write kg with the unit as second source (M11.05; .06), or kg K, kg L where all are of one unit", "warning")  # fmt: skip


class _Names:
    """Names of elements in the base tables of a format, and which of them paths begin with."""

    def __init__(self, base: Iterable[Row], of_format: Iterable[Row]) -> None:
        self.names: set[str] = set()
        self.first: dict[str, set[str]] = {}  # level -> names that paths begin with; "/" those at the root
        self.above: dict[str, str] = {}  # name -> the one that it stands below
        for row in of_format:
            for path in (path for _, path, _ in _cells(row) if path is not None):
                self._name(path)
        for row in base:
            for path in (path for _, path, _ in _cells(row) if path is not None):
                self._place(row.level, path)

    def _name(self, path: Path) -> None:
        names = [step.name for step in path.steps if step.name != ".."]
        self.names.update(names)
        self.names.update(name for step in path.steps for name in step.qualifier.split("+") if name)
        if path.leaf.startswith("@"):
            self.names.add(path.leaf)

    def _place(self, level: str, path: Path) -> None:
        names = [step.name for step in path.steps if step.name != ".."]
        if names and (path.absolute or _begins_here(path)):
            self.first.setdefault("/" if path.absolute else level, set()).add(names[0])
        for above, name in pairwise(names):
            self.above.setdefault(name, above)

    def doubt(self, level: str, path: Path, message_format: str) -> tuple[str, str] | None:
        """Return what is doubtful about the names of a path, and what may be meant; None when nothing is."""
        names = [step.name for step in path.steps if step.name != ".."]
        if path.leaf.startswith("@"):
            names.append(path.leaf)
        for name in names:
            if name not in self.names and (meant := self._meant(name)):
                return f'"{name}" is no name of the base tables', f"did you mean {meant}? Else nothing is wrong"
        lines = message_format == "cargo_imp"
        unknown = next((name for name in names if name not in self.names), "")
        if lines and unknown:
            return f'no base table reads a line "{unknown}"', "look whether it is spelled right; else nothing is wrong"
        first = names[0] if len(names) > 1 and not lines and (path.absolute or _begins_here(path)) else ""
        starts = self.first.get("/" if path.absolute else level, set())
        if not first or not starts or first in starts:
            return None
        if path.absolute:
            return f"no path of the base table begins at the root with {first}", f"a path from the root leaves the root out; they begin with {', '.join(sorted(starts)[:4])}"  # fmt: skip
        if above := self.above.get(first):
            return f"base rows of level {level} do not begin with {first}", f"it stands below {above} there: write {above}/{path.text}, if that is meant"  # fmt: skip
        return None

    def _meant(self, name: str) -> str:
        same = next((one for one in self.names if one.lower() == name.lower()), "")
        bare = name.rpartition(":")[2]
        return same or (bare if bare in self.names else "") or next(iter(get_close_matches(name, self.names, 1, _NEAR)), "")  # fmt: skip


def _begins_here(path: Path) -> bool:
    """True when a path starts below the node of its level, not at the root and not above."""
    return bool(path.steps) and not path.absolute and path.steps[0].name != ".."
