"""May this shipment stand in this output? Kind of shipment, value, law of its day, goods that must go another way.

Only the first question keeps a shipment out; the law is told and left to the filer, who decides how to enter goods.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.mapping.sources import Run
from gateway.outputs.layout import Layout
from gateway.outputs.paths import Place
from gateway.rules.regime import arrival_day, regime_of
from gateway.rules.tables import Tables

_FORMAL = "01"


def left_out(layout: Layout, shipment: dict[str, Any], run: Run) -> Finding | None:
    """Return why a shipment is not written, None when it is."""
    place = Place(shipment)
    if layout.holds is None or layout.holds(place, place, run):
        return None
    said = f"The shipment is left out: {layout.id} takes shipments with {layout.when}."
    mend = "Write it with another output."
    return Finding("OUT-LEFT-OUT", Severity.WARNING, Scope.SHIPMENT, said, shipment=str(shipment["shipment_id"]), fix=mend)  # fmt: skip


def remarks(layout: Layout, shipment: dict[str, Any], tables: Tables) -> Iterator[Finding]:
    """Yield what the law says against this output, for a shipment that is written."""
    day = arrival_day(shipment, tables)
    for said, mend in (*_regime(layout, shipment, tables, day), *_value(layout, shipment), *_refused(layout, shipment, day)):  # fmt: skip
        yield Finding("OUT-LAW", Severity.WARNING, Scope.SHIPMENT, said, shipment=str(shipment["shipment_id"]), fix=mend)  # fmt: skip


def _regime(layout: Layout, shipment: dict[str, Any], tables: Tables, day: str) -> Iterator[tuple[str, str]]:
    if not layout.entry_type or not day:
        return
    regime = regime_of(shipment, tables, day)
    entry = _FORMAL if _is_formal(shipment) else layout.entry_type
    if regime is not None and entry not in regime.entry_types:
        own = tables.regime_words.get(entry, entry)
        said = f"On {day}: {regime.entries} ({regime.rule_id}, {regime.citation}); {own} is none of them."
        yield said, "Enter the shipment as the law has it."


def _value(layout: Layout, shipment: dict[str, Any]) -> Iterator[tuple[str, str]]:
    value = _usd(shipment)
    if layout.most_usd is not None and value is not None and value > layout.most_usd and not _is_formal(shipment):
        said = f"The shipment is worth {value} USD; this output is for shipments up to {layout.most_usd} USD."
        yield said, "Enter it formally (type 01)."


def _is_formal(shipment: dict[str, Any]) -> bool:
    """True for a shipment that is entered formally: the limits of informal entry do not bind it."""
    return bool(shipment.get("entry_type_requested") == _FORMAL)


def _usd(shipment: dict[str, Any]) -> Decimal | None:
    try:
        return Decimal(str(shipment["fair_retail_value_usd"]))
    except (KeyError, InvalidOperation):
        return None


def _refused(layout: Layout, shipment: dict[str, Any], day: str) -> Iterator[tuple[str, str]]:
    refusal = layout.refusal
    if refusal is None or not day or day < refusal.start:
        return
    for item in shipment.get("items") or ():
        number, chapter = item.get("line_number"), str(item.get("hts_number", ""))[:2]
        if chapter in refusal.chapters:
            yield f"Goods line {number} is of HTSUS chapter {chapter}, which this output may not hold from {refusal.start}.", refusal.advice  # fmt: skip
        if refusal.pga and (item.get("pga_flag") or item.get("pga_codes")):
            yield f"Goods line {number} needs data for another agency, which this output may not hold from {refusal.start}.", refusal.advice  # fmt: skip
