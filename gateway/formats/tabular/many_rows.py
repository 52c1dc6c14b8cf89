"""Rows that need no look are made many at once, column by column; every other row is made by row_maker.py, one by one.

A row needs no look when each of its cells fits the pattern of its column in untouched.py and it names its shipment and its
goods: nothing of it is mended, remarked on or taken from the row above. The patterns are there behind some rows, so that
short files have no such rows. Texts of a column repeat, in the rows of one shipment and beyond; each is compared once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby, islice, repeat
from operator import and_, attrgetter, eq

from gateway.formats.tabular.row_maker import RowMaker
from gateway.formats.tabular.rows import ABSENT, Record, Row, row_nodes
from gateway.formats.tabular.untouched import patterns_of

_SOME_ROWS = 300  # of a table, behind which the patterns are made
_AT_ONCE = 256  # records that are looked at together
_FEW = 4  # records that cost less one by one
_REMEMBERED = 512  # texts of a column
_LONGEST = 64  # characters of a text that is remembered

Key = tuple[str, ...]


class ManyRows(RowMaker):
    """Makes rows of the records of one table, many at once where they need no look."""

    def blocks(self, records: Iterable[Record]) -> Iterator[list[list[Record]]]:
        """Yield all records, in order, as runs: several that `many` takes, or one. Those of a block were read together."""
        records = iter(records)
        if self._text and not self._fill and self._header.unsure == ABSENT and self._goods and self.keys:
            for record in islice(records, _SOME_ROWS):
                yield [[record]]
            patterns = patterns_of(self._header, self._options, self._extra)
            looks = [ColumnLook(pattern.fullmatch) for pattern in patterns]
            while looks and (some := list(islice(records, _AT_ONCE))):
                yield [some] if self._all_plain(some, looks) else list(self._runs(some, patterns))
        for record in records:
            yield [[record]]

    def _runs(self, records: list[Record], patterns: list[re.Pattern[str]]) -> Iterator[list[Record]]:
        for plain, run in groupby(records, partial(self._plain, patterns)):
            found = list(run)
            if plain and len(found) >= _FEW:
                yield found
            else:
                yield from ([record] for record in found)

    def many(self, records: list[Record]) -> tuple[list[Key], list[Row], list[bool]]:
        """Return the keys and the rows of a run of `blocks`, and of each whether it says of its shipment what the row before says.

        What is numbered with zeros at its end never does, so that it is looked at.
        """
        columns = [*zip(*[record.cells for record in records], strict=True), *map(repeat, self._extra)]
        named = [list(map(str.strip, columns[index])) for index in self.keys]
        keys = list(zip(*named, strict=True))
        self.count += len(records)
        self._above = keys[-1], [*records[-1].cells, *self._extra, ""]
        elements = list(
            zip(*[columns[cell] if cell != ABSENT else repeat("") for cell in self.root.cells], strict=False)
        )
        said = self.said_of_shipment(elements)
        alike = list(map(eq, said, said[:1] + said))
        for numbers in named:
            if any(map(str.endswith, numbers, repeat("00"))):
                alike = list(map(and_, alike, [not number.endswith("00") for number in numbers]))
        return keys, row_nodes(elements, records), alike

    def _all_plain(self, records: list[Record], looks: list[ColumnLook]) -> bool:
        """True when none of the records needs a look."""
        cells = list(map(_CELLS, records))
        if any(map(_FAULT, records)) or set(map(len, cells)) != {self.width}:
            return False
        columns = list(zip(*cells, strict=False))
        first = columns[self._first]
        if not all(first) or self._named in first or not all(columns[self._last]):
            return False
        if not any(all(map(str.strip, columns[index])) for index in self.keys):
            return False
        return all(look.fits(column) for look, column in zip(looks, columns, strict=True))

    def _plain(self, patterns: list[re.Pattern[str]], record: Record) -> bool:
        """True for a record that needs no look."""
        cells = record.cells
        if record.fault or len(cells) != self.width or not (first := cells[self._first]) or first == self._named:
            return False
        if not cells[self._last] or not any(cells[index].strip() for index in self.keys):
            return False
        return all(pattern.fullmatch(cell) for pattern, cell in zip(patterns, cells, strict=True))


class ColumnLook:
    """Tells whether all texts of a column fit. fits_one: tells it of one text."""

    def __init__(self, fits_one: Callable[[str], object]) -> None:
        self._fits_one = fits_one
        self._known: set[str] = set()  # texts that fit

    def fits(self, column: tuple[str, ...]) -> bool:
        """True when all fit."""
        known = self._known
        if known.issuperset(column):
            return True
        new = set(column).difference(known)
        if not all(map(self._fits_one, new)):
            return False
        if len(known) + len(new) <= _REMEMBERED and len(max(new, key=len)) <= _LONGEST:
            known |= new
        return True


_CELLS, _FAULT = attrgetter("cells"), attrgetter("fault")
