"""Rows that are never asked, or never give a value: warnings of `gateway mapping check`.

a row after one that has a default and no condition              M13.03=A and M13.03=R
a row after one that takes the same source under fewer tests     N9[2I].02 present and N9[2I].02 absent
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.mapping.compile import ACTIONS, BINDINGS
from gateway.mapping.grammar import Source, Test, parse_source, parse_transform, parse_when
from gateway.mapping.table import Fault, Row

_TAKES = frozenset(
    (
        "trim", "collapse", "squeeze", "upper", "lower", "decimal", "rounded", "implied", "cents", "whole_dollars", "money", "extended", "integer",
        "count", "kg", "date", "datetime", "dtm", "iso", "iso_day", "port_time", "port_iso", "awb", "awb_dash", "s8", "s9", "s10", "scac", "zip",
        "country", "region", "state", "currency", "identifier", "const", "flag", "prefix", "cut", "po_box", "uncode", "month_end",
    )
)  # fmt: skip
"""Transforms that make something of every text, or refuse it: no further row is asked."""


def unreachable(rows: Iterable[Row]) -> Iterator[Fault]:
    """Yield a warning for each row that is never asked, repeats another, or never gives a value. rows: such as can be compiled."""
    # of the same target, block and table: a partner's rows replace those below
    before: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row.target in BINDINGS:
            before = {key: those for key, those in before.items() if key[:2] != (row.file, row.level)}
        tests = parse_when(row.when)
        if said := never_holds(tests):
            yield _fault(row, "when", f"the condition never holds: {said}", "write PATH=A|B for one of several values, or a row for each")  # fmt: skip
        elif row.target not in (*BINDINGS, *ACTIONS):
            those = before.setdefault((row.file, row.level, row.target), [])
            yield from _after(row, tests, those)
            those.append(row)


def _fault(row: Row, column: str, said: str, advice: str) -> Fault:
    return Fault("MAP-UNREACHABLE", row.file, row.line, column, said, advice, "warning")


def _after(row: Row, tests: tuple[Test, ...], before: list[Row]) -> Iterator[Fault]:
    """Yield what the rows before it leave to a row."""
    cells = (row.source, row.when, row.transform, row.default)
    for one in before:
        if (one.source, one.when, one.transform, one.default) == cells:
            yield _fault(row, "target", f"the row repeats {one.where}", "remove one of them")
            return
    for one in before:
        if one.default and not one.when:
            yield _fault(row, "target", f"the row is never asked: {one.where} has a default and no condition", "put it before that row")  # fmt: skip
            return
        if _takes_all(one, row, tests):
            yield _fault(row, "source", f"the row never gives a value: {one.where} reads the same source before it", "put it before that row, or give that row a condition")  # fmt: skip
            return


def _takes_all(one: Row, row: Row, tests: tuple[Test, ...]) -> bool:
    """True when a row gives a value, or a finding, of every text that another one could read; one that demands it says where there is none."""
    if not row.source or row.default or row.required or parse_source(one.source) != parse_source(row.source):
        return False
    calls = parse_transform(one.transform)
    takes = all(call.name in _TAKES or (call.name == "code" and call.args[1:] != ("empty",)) for call in calls)
    return takes and set(parse_when(one.when)) <= set(tests)


def never_holds(tests: tuple[Test, ...]) -> str:
    """Return the tests of a condition that exclude each other, in words; "" when none do.

    >>> never_holds(parse_when("M13.03=A and M13.03=R|A")), never_holds(parse_when("M13.03=A|R and M13.03 absent"))
    ('', 'M13.03 is A or R and absent')
    """
    of_source: dict[Source, list[Test]] = {}
    for test in tests:
        of_source.setdefault(test.source, []).append(test)
    for source, own in of_source.items():
        wanted = [test.values for test in own if test.op == "="]
        ops = {test.op for test in own}
        excluded = {value for test in own if test.op == "!=" for value in test.values}
        left = set.intersection(*map(set, wanted)) - excluded if wanted else None
        if ("absent" in ops and (wanted or "present" in ops)) or (left is not None and not left):
            name = source.path.text if source.path is not None else f"{source.kind}.{source.name}"
            return f"{name} is {' and '.join(map(_words, own))}"
    return ""


def _words(test: Test) -> str:
    return f"{'not ' if test.op == '!=' else ''}{' or '.join(test.values)}" if test.values else test.op
