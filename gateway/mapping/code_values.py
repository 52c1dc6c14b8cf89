"""Values of code tables that no field can hold: a port of three digits, a mode that is none.

Looked at where the lookup is the last step of every row that names the table; a table of two fields may hold values of either.
Not here: what later steps make of a value, and tables of the kinds of identifications (party_id).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from gateway.errors import MappingError
from gateway.mapping.codes import COLUMNS, FREE
from gateway.mapping.compile import target_type, why_refused
from gateway.mapping.folder import MappingSet
from gateway.mapping.grammar import CellError, parse_transform
from gateway.mapping.table import Fault, Row, read_records


def unfit_values(mappings: MappingSet, names: Collection[str]) -> list[Fault]:
    """Return the values of the named code tables that fit none of the fields which their rows fill."""
    return [
        fault for name, uses in _uses(mappings, frozenset(names)).items() for fault in _faults(mappings, name, uses)
    ]


def _uses(mappings: MappingSet, names: frozenset[str]) -> dict[str, list[tuple[Row, str]]]:
    """Return code table -> the rows that write its values as they are, with the types of their fields."""
    uses: defaultdict[str, list[tuple[Row, str]]] = defaultdict(list)
    changed: set[str] = set()
    for facts in mappings.facts if names else ():
        try:
            rows = [] if names.isdisjoint(mappings.compiled(facts).code_tables) else mappings.rows(facts)[0]
            for row in rows:
                calls = parse_transform(row.transform)
                for number, call in enumerate(calls, 1):
                    for name in names.intersection(call.args[:1]):
                        tag = target_type(row.level, row.target)
                        if call.name == "code" and number == len(calls) and tag:
                            uses[name].append((row, tag))
                        else:
                            changed.add(name)
        except (MappingError, CellError):  # of a row; told where rows are looked at
            return {}
    return {name: found for name, found in uses.items() if name not in changed}


def _faults(mappings: MappingSet, name: str, uses: list[tuple[Row, str]]) -> Iterator[Fault]:
    fields = {(row.level, row.target): row for row, _ in uses}
    for line, cells in read_records(
        mappings.codes.text(name), f"codes/{name}.csv", COLUMNS, ("code", "value"), [], FREE
    ):
        value = cells["value"]
        whys = [why_refused(level, target, value) for level, target in fields] if value else [""]
        if all(whys):
            row = next(iter(fields.values()))
            said = f"{whys[0]}, and {row.target} is filled with it ({row.where})"
            yield Fault(
                "MAP-CODE-VALUE", f"codes/{name}.csv", line, "value", said, "write a value that the field can hold"
            )
