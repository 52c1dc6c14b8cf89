"""A row of totals against the rows above it: pieces, weights, quantities and values, where a column can be added up.

    Weight  Value             a sum of all rows so far, or of those since the row of totals before (a sub-total); of a column
    1.25    31.98             of the shipment also the sum with each shipment counted once
    2.00    25.00
    3.25    56.98  Total

Not compared: a column with a cell that is no plain number, in several units or currencies, or of prices of one piece.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import compress
from operator import itemgetter, ne

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.sums import is_plain
from gateway.formats.tabular.layout import Header
from gateway.formats.tabular.vocabulary import standard_places, vocabulary

_UNIT = {"weight": "weight_unit", "item_value": "currency", "quantity": "quantity_unit"}
"""Column -> the column of its unit; the others have theirs in their name, or none."""
_COLUMNS = ("pieces", "weight", "weight_kg", "weight_g", "weight_lb", "quantity", "item_value", "item_value_usd")
_AT_ONCE = 256  # rows that are added up together
_NOTHING = Decimal(0)


@dataclass(slots=True)
class _Column:
    """One column that is added up. every: sum of all rows; once: of a column of the shipment, with each counted once."""

    name: str
    place: int
    unit: int  # place of its unit, -1 = none
    weight: bool
    of_shipment: bool
    every: Decimal = _NOTHING
    once: Decimal = _NOTHING
    broken: bool = False
    units: set[str] = field(default_factory=set)
    before: tuple[Decimal, Decimal] = (_NOTHING, _NOTHING)  # when the row of totals before was read

    def add(self, rows: list[list[str]], firsts: list[bool]) -> None:
        """Add up the cells of some rows. firsts: which of them begins a shipment."""
        texts = list(map(str.strip, map(itemgetter(self.place), rows)))
        filled = Counter(filter(None, texts))
        joined = "".join(filled)
        if not (joined.isascii() and joined.replace(".", "").isdigit()) and not all(map(is_plain, filled)):
            self.broken = True
            return
        try:
            self.every += _sum(filled)
            if self.of_shipment:
                self.once += _sum(Counter(filter(None, compress(texts, firsts))))
        except ArithmeticError:  # two points in one cell
            self.broken = True
            return
        if self.unit >= 0:
            self.units.update(unit.strip().upper() for unit in set(map(itemgetter(self.unit), rows)))
            self.broken = len(self.units) > 1

    def fits(self, told: Decimal, rows: int) -> bool:
        """True when the total is one of the sums, as exactly as it is written; weights of rows may be rounded each."""
        sums = [self.every, self.every - self.before[0]]
        if self.of_shipment:
            sums += [self.once, self.once - self.before[1]]
        step = Decimal(1).scaleb(min(int(told.as_tuple().exponent), 0)) / 2
        if self.weight:
            step += rows * Decimal(1).scaleb(min(int(self.every.as_tuple().exponent), 0)) / 2
        return any(abs(told - one) <= step for one in sums)


def _sum(texts: Counter[str]) -> Decimal:
    return sum([Decimal(text) * many for text, many in texts.items()], _NOTHING)


class Totals:
    """The sums of one table so far."""

    def __init__(self, header: Header) -> None:
        places, standard = standard_places(), vocabulary()[0]
        self._columns = [
            _Column(name, places[name], places[unit] if (unit := _UNIT.get(name, "")) and header.has(unit) else -1, standard[name].kind == "weight", standard[name].level == "shipment")
            for name in _COLUMNS if header.has(name)
        ]  # fmt: skip
        self._keys: list[tuple[str, ...]] = []
        self._rows: list[list[str]] = []  # elements of the rows with these keys
        self._last: tuple[str, ...] | None = None  # key of the row above
        self._count = 0

    def take(self, key: tuple[str, ...], elements: list[str]) -> None:
        """Note a row."""
        self._keys.append(key)
        self._rows.append(elements)
        if len(self._rows) >= _AT_ONCE:
            self._add_up()

    def take_many(self, keys: list[tuple[str, ...]], elements: list[list[str]]) -> None:
        """Note many rows."""
        self._keys += keys
        self._rows += elements
        if len(self._rows) >= _AT_ONCE:
            self._add_up()

    def compare(self, elements: list[str], place: Callable[[str], Position]) -> list[Finding]:
        """Return what a row of totals says otherwise than the rows above it. place: of a column in it."""
        self._add_up()
        found = []
        for column in self._columns:
            text = elements[column.place].strip()
            if not self._count or column.broken or not is_plain(text):
                continue
            told = Decimal(text)
            if not column.fits(told, self._count):
                said = f"The row of totals says {text}; the rows above it have {column.every.normalize():f}: rows may be missing or stand there twice."
                found.append(
                    Finding("CSV-TOTAL", Severity.WARNING, Scope.MESSAGE, said, place(column.name), value=text)
                )
            column.before = (column.every, column.once)
        return found

    def _add_up(self) -> None:
        keys, elements = self._keys, self._rows
        if not keys:
            return
        self._keys, self._rows = [], []
        self._count += len(keys)
        firsts = list(map(ne, keys, [self._last, *keys]))
        if not all(keys):  # rows without a number are shipments of their own
            firsts = [new or not key for new, key in zip(firsts, keys, strict=True)]
        for column in self._columns:
            if not column.broken:
                column.add(elements, firsts)
        self._last = keys[-1]
