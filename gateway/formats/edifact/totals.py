"""Control totals (CNT) against what was read: of the message and of each consignment.

    6069 = 5 goods lines (GID), 7 gross weight, 10 consignments, 11 packages, 16 equipment (EQD)

Without a CNT nothing is added up. A sum in which something is missing is none, and is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.findings import Finding, Scope, Severity
from gateway.formats.edifact.leaves import add_up, goods_of, reader
from gateway.formats.sums import Sum, number_in
from gateway.records import Node

_KILOGRAMS = {"KGM": Decimal(1), "LBR": Decimal("0.45359237"), "GRM": Decimal("0.001"), "TNE": Decimal(1000)}
_GROSS = frozenset(("G", "AAE", "AAB", "AAD", "WT"))  # 6313
_ROUNDED = Decimal("0.1")  # kilograms of each consignment or goods line
_KIND, _NUMBER, _UNIT, _MEASURED = reader("6069"), reader("6066"), reader("6411"), reader("6313")
_READ = ("5", "7", "11")
_NAMES = {"5": "goods lines", "7": "kg", "11": "packages", "16": "pieces of equipment (EQD)"}


class Totals:
    """Adds up the consignments of one message where its header has totals of them."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._sums: dict[str, Sum] | None = None
        self._count = 0

    def consignment(self, node: Node, scope: Scope) -> Iterator[Finding]:
        """Count one consignment in (the message where that is the shipment); yield where its own totals differ."""
        own = _totals(node, self._root)
        if self._sums is None:
            above = {} if node is self._root else _totals(self._root, self._root)
            self._sums = {kind: Sum() for kind in _READ if kind in above}
        if not own and not self._sums:
            return
        goods = goods_of(node)
        read = {kind: _read(kind, goods, self._root) for kind in {*own, *self._sums}}
        for kind, cnt in own.items():
            if kind in _READ:
                yield from _compare(kind, cnt, read[kind], len(goods), self._root, "its goods lines have", scope)
        self._count += 1
        for kind, so_far in self._sums.items():
            so_far.add(_told(kind, own[kind], self._root) if kind in own else read[kind])

    def message(self) -> Iterator[Finding]:
        """Yield where the totals of the header differ."""
        above = _totals(self._root, self._root)
        for kind, total in (self._sums or {}).items():
            said = "the consignments have"
            yield from _compare(kind, above[kind], total.value, self._count, self._root, said, Scope.MESSAGE)
        if "16" in above:
            units = Decimal(len((self._root.children or {}).get("EQD", ())))
            yield from _compare("16", above["16"], units, 0, self._root, "the message has", Scope.MESSAGE)


def _totals(node: Node, root: Node) -> dict[str, Node]:
    """Return 6069 -> CNT of a message or consignment, in CUSCAR below its RFF too."""
    below = node.children or {}
    found = list(below.get("CNT", ()))
    if node.tag == "CNI":
        found += [cnt for rff in below.get("RFF", ()) for cnt in (rff.children or {}).get("CNT", ())]
    return {_KIND(cnt, root): cnt for cnt in reversed(found)}


def _read(kind: str, goods: list[Node], root: Node) -> Decimal | None:
    """Return what the goods lines of a consignment come to; None when a line does not say it, or there is none."""
    if kind not in _READ or not goods:
        return None
    if kind == "5":
        return Decimal(len(goods))
    if kind == "11":
        return number_in(add_up(goods, root))
    measured = [m for line in goods for m in (line.children or {}).get("MEA", ()) if _MEASURED(m, root) in _GROSS]
    text = add_up(measured, root) if measured else ""
    return _kilograms(text, _UNIT(measured[0], root)) if text else None


def _compare(
    kind: str, cnt: Node, read: Decimal | None, parts: int, root: Node, who: str, scope: Scope
) -> Iterator[Finding]:
    """Yield a difference. A weight above the sum may be that of pallets and boxes: a remark without weight."""
    told = _told(kind, cnt, root)
    if told is None or read is None or abs(told - read) <= (_ROUNDED * parts if kind == "7" else 0):
        return
    severity = Severity.INFO if kind == "7" and told > read else Severity.WARNING
    said = f"CNT+{kind} says {told.normalize():f} {_NAMES[kind]}, {who} {read.normalize():f}."
    place = cnt.place(1, 2, "6066")
    yield Finding("EDIFACT-TOTAL", severity, scope, said, place, value=_NUMBER(cnt, root))


def _told(kind: str, cnt: Node, root: Node) -> Decimal | None:
    text = _NUMBER(cnt, root)
    return _kilograms(text, _UNIT(cnt, root) or "KGM") if kind == "7" else number_in(text)


def _kilograms(text: str, unit: str) -> Decimal | None:
    factor, number = _KILOGRAMS.get(unit.upper()), number_in(text)
    return None if factor is None or number is None else number * factor
