"""Pieces and weights of a message that are said twice: of the waybill and of its houses or rate lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from gateway.findings import Finding, Scope, Severity
from gateway.formats.cargo_imp.message import RATE
from gateway.records import Node

_QUANTITY = re.compile(r"[TPSD]?(\d+)?([KL])(\d+(?:\.\d*|,\d{0,2})?)?(?![\d.,]).*")  # as transforms.numbers reads it
_FIELD = re.compile(r"P(\d+)|([KL])([\d.,]+)")


def house_totals(root: Node, houses: Sequence[Node]) -> Iterator[Finding]:
    """Compare pieces and weight of the master (MBI) with those of its houses."""
    master = (root.children or {}).get("MBI")
    if not master or not houses:
        return
    pieces, weight = quantity(master[0].element(2))
    own = [quantity(h.element(3) + h.element(4)) for h in houses]
    summed = _unlike(pieces, weight, own)
    if summed:
        said = f"The master has {pieces} pieces/{weight}, the houses of this message {summed}; others may come."
        yield Finding("FHL-MASTER-TOTAL", Severity.WARNING, Scope.MESSAGE, said, master[0].place(2))


def rate_totals(unit: Node) -> Iterator[Finding]:
    """Compare pieces and weight of a waybill (FWB) with those of its rate lines (RTD), where each of them says them."""
    below = unit.children or {}
    waybill, rates = below.get("AWB", ()), below.get("RTD", ())
    if not waybill or not rates:
        return
    lines = [fields for rate in rates for fields in _rate_lines(rate)]
    told = waybill[0].element(2)
    pieces, weight = quantity(told)
    numbers = [_numbers(fields) for fields in lines]
    unit_of_all = {kind for _, kind, _ in numbers} | {told.lstrip("TPSD0123456789")[:1]}
    if len(unit_of_all) > 1:
        return
    own = [(p, w) for p, _, w in numbers]
    summed = _unlike(pieces, weight, own)
    if summed:
        said = f"The waybill has {pieces} pieces/{weight}, its rate lines (RTD) {summed}."
        yield Finding("CARGO-IMP-TOTAL", Severity.WARNING, Scope.MESSAGE, said, rates[0].place())


def _unlike(pieces: int | None, weight: Decimal | None, own: Sequence[tuple[int | None, Decimal | None]]) -> str:
    """Return the sums of the parts when they are not those of the whole, "" when they are or one says nothing."""
    counted, weighed = [p for p, _ in own if p is not None], [w for _, w in own if w is not None]
    if pieces is None or weight is None or len(counted) < len(own) or len(weighed) < len(own):
        return ""
    all_pieces, all_weight = sum(counted), sum(weighed, Decimal(0))
    if all_pieces == pieces and abs(all_weight - weight) <= Decimal("0.1") * len(own):  # each may be rounded
        return ""
    return f"{all_pieces}/{all_weight}"


def _rate_lines(rate: Node) -> Iterator[list[str]]:
    """Yield the fields of each rate line: RTD itself, and `/2/P3/K4.5/CQ` below it."""
    yield rate.elements[1:]
    for tag, parts in (rate.children or {}).items():
        if RATE.fullmatch(tag):
            yield from ([tag, *part.elements[1:]] for part in parts)


def _numbers(fields: list[str]) -> tuple[int | None, str, Decimal | None]:
    """Return (pieces, K or L, weight) of a rate line."""
    pieces, kind, weight = None, "", None
    for found in filter(None, map(_FIELD.fullmatch, fields)):
        if found[1]:
            pieces = int(found[1])
        elif weight is None:
            kind, weight = found[2], _decimal(found[3])
    return pieces, kind, weight


def quantity(text: str) -> tuple[int | None, Decimal | None]:
    """Return (pieces, weight as written) of T3K6.9 or 1K1.25; None for what is not there."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None, None
    return int(found[1]) if found[1] else None, _decimal(found[3]) if found[3] else None


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
