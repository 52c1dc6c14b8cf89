"""Description and tariff number of a goods line: what was found in order once is not looked at again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from gateway.findings import Finding
from gateway.rules.descriptions import check_item
from gateway.rules.identifiers import check_hts
from gateway.rules.tables import Tables

_NONE: list[Finding] = []  # the usual answer; shared, never changed
_REMEMBERED = 20_000


def goods_key(item: dict[str, Any], program: str, usd: Decimal | None, *, documents: bool) -> int:
    """Return what a goods line is remembered by (64 bits). usd: value of its shipment where that decides, see small_usd."""
    return hash((item.get("enhanced_product_description"), item.get("hts_number"), program, documents, usd))


def small_usd(value: Decimal | None, tables: Tables) -> Decimal | None:
    """Return the value of a shipment that is so small that some goods are exempt for it, else None."""
    return value if value is not None and value <= tables.small_usd else None


def check_goods(
    item: dict[str, Any], index: int, tables: Tables, program: str, usd: Decimal | None, *, documents: bool
) -> list[Finding]:
    """Return what is wrong with description and tariff number of a goods line. usd: see small_usd."""
    key = goods_key(item, program, usd, documents=documents)
    if key in tables.plain_items:
        return _NONE
    findings = [*check_item(item, index, tables, documents=documents, usd=usd), *check_hts(item, index, program)]
    if not findings and len(tables.plain_items) < _REMEMBERED:
        tables.plain_items.add(key)
    return findings
