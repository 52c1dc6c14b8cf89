"""Columns of a shipment in which its rows say different things: one value has to be the right one, and nobody knows which."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from gateway.findings import Finding, Severity
from gateway.formats.tabular.layout import Header, Options
from gateway.formats.tabular.rows import Part, Row, TableRoot
from gateway.formats.tabular.vocabulary import standard_places, vocabulary

Told = Callable[[str, Severity, tuple[Part, ...], int, str, str], Finding]
"""(rule, severity, records of the row, cell, sentence, value) -> the finding."""


class Conflicts:
    """Looks at the rows of one shipment after the other. told: makes the findings."""

    def __init__(self, header: Header, root: TableRoot, options: Options, told: Told) -> None:
        self._header, self._root, self._told = header, root, told
        places, columns = standard_places(), vocabulary()[0]
        names = [n for n in places if columns[n].level == "shipment" and n not in options.add_up]
        self._shared = [places[n] for n in names if header.has(n) or header.growing]
        ours = options.message_type in ("", "rows")  # else another mapping reads what goods lines say of their shipment
        self._of_object = self._shared if ours else [places["weight_unit"]]
        self._say_shared = itemgetter(*self._shared) if self._shared else None

    def said(self, rows: Sequence[Sequence[str]]) -> list[Any]:
        """Return what rows say of their shipment, to be compared. rows: their elements."""
        return list(map(self._say_shared, rows)) if self._say_shared is not None else [()] * len(rows)

    def of(self, rows: list[Row]) -> Iterator[Finding]:
        """Yield the columns of the shipment in which its rows say different things."""
        said, shared = self._say_shared, self._shared
        if rows[0].record.group:  # goods lines of one JSON object
            shared = self._of_object
        if said is None or all(said(row.elements) == said(rows[0].elements) for row in rows[1:]):
            return
        for index in shared:
            told = ""
            for row in rows:
                value = row.elements[index].strip()
                if "\ufffd" in value:
                    continue  # told of as such; what it was before, nobody knows
                if value and told and value != told:
                    cell = self._root.cells[index]
                    column = self._header.standard[cell]
                    if column is not None and not self._header.passes_own(column):
                        break  # goes nowhere: vendors of an order, without their address
                    words = f'The rows of the shipment differ in column "{self._root.names[cell]}", which is one value for all of them.'
                    yield self._told("CSV-GROUP-CONFLICT", Severity.ERROR, row.parts, cell, words, value)
                    break
                told = told or value
