"""What the values of a shipment must not be: missing, negative, zero, above 800 dollars, a unit price as a total."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from gateway.findings import Finding, Scope, Severity

LIMIT_USD = Decimal(800)
"""19 U.S.C. 1321(a)(2)(C), since 2016-03-10."""

_CENT = Decimal("0.01")
NONE_OF_IT = frozenset(("0", "0.0", "0.00", "0.000"))


@lru_cache(2048)
def amount(value: Any) -> Decimal | None:
    """Return a decimal string of a draft as Decimal, None when it is none."""
    if not isinstance(value, str):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def money_of(item: dict[str, Any]) -> dict[str, Any]:
    """Return the value of a goods line or of the whole bill, {} where there is none."""
    value = item.get("total_value")
    return value if isinstance(value, dict) else {}


def covers(draft: dict[str, Any], items: list[dict[str, Any]]) -> bool:
    """Return whether the value of the whole bill leaves something for the goods lines that have none of their own."""
    whole = money_of(draft)
    value, currency = amount(whole.get("amount")), whole.get("currency")
    if not value:
        return False
    told = [m for m in map(money_of, items) if m.get("currency") == currency]
    return value < 0 or value > sum((amount(m.get("amount")) or Decimal(0) for m in told), Decimal(0))


def check_values(draft: dict[str, Any], eligible: bool) -> Iterator[Finding]:
    """Yield what is wrong with the values: missing, negative, zero, above the limit, a unit price as a total."""
    items = draft.get("items")
    documents = draft.get("transaction_nature") == "documents"
    covered: bool | None = None
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if (quantity := item.get("quantity")) is not None and quantity in NONE_OF_IT:
            said = f"The quantity of goods line {index + 1} is 0."
            yield _finding("Q-QTY-ZERO", Severity.WARNING, said, "items.quantity", f"/items/{index}/quantity", quantity)
        money = money_of(item)
        value = amount(money.get("amount"))
        if value is not None and value > 0:
            if "unit_value" in item:
                yield from _unit_price(item, money, value, index)
            elif money["amount"][-4:-3] == "." and money.get("currency") not in _MILLS:
                yield _thousands(money["amount"], index)
            continue
        pointer = f"/items/{index}/total_value/amount"
        if value is None:
            covered = covers(draft, draft["items"]) if covered is None else covered
            if not covered:
                yield _finding(
                    "S321-VAL-MISSING",
                    Severity.ERROR,
                    f"The value of goods line {index + 1} is missing.",
                    "items.total_value.amount",
                    pointer,
                )
        elif value < 0:
            yield _finding(
                "S321-VAL-NEG",
                Severity.ERROR,
                f"The value {value} is negative.",
                "items.total_value.amount",
                pointer,
                str(value),
            )
        elif value == 0 and documents:
            yield _finding(
                "Q-VAL-ZERO-DOCS",
                Severity.WARNING,
                "The value is 0, which is fine for documents only.",
                "items.total_value.amount",
                pointer,
                str(value),
            )
        else:
            yield _finding(
                "S321-VAL-ZERO",
                Severity.ERROR,
                "The value of merchandise is 0.",
                "items.total_value.amount",
                pointer,
                str(value),
            )
    total = amount(draft.get("fair_retail_value_usd"))
    if total is not None and total > LIMIT_USD:
        severity = Severity.ERROR if eligible else Severity.INFO
        yield _finding(
            "S321-VAL-800",
            severity,
            f"The shipment is worth {total:.2f} USD; the limit is 800.00 USD.",
            "fair_retail_value_usd",
            f"/items/{_dearest(items)}/total_value/amount",
            f"{total:.2f}",
        )


def _dearest(items: Any) -> int:
    """Return the index of the goods line with the greatest value: where a reader looks for what is too much."""
    values = [amount(money_of(item).get("amount")) or Decimal(0) for item in items] if isinstance(items, list) else []
    return values.index(max(values)) if values else 0


_MILLS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
"""Currencies of three decimals (ISO 4217)."""


def _thousands(text: str, index: int) -> Finding:
    """1.024 as a value in dollars: may be 1,024 whose comma was read as a decimal mark."""
    said = f"The value {text} has three decimals: was {text.replace('.', '').lstrip('0')} meant?"
    pointer = f"/items/{index}/total_value/amount"
    return _finding("Q-VAL-DECIMALS", Severity.WARNING, said, "items.total_value.amount", pointer, text)


def _unit_price(item: dict[str, Any], money: dict[str, Any], total: Decimal, index: int) -> Iterator[Finding]:
    found = item.get("unit_value")
    unit = found if isinstance(found, dict) else {}
    price, quantity = amount(unit.get("amount")), amount(item.get("quantity"))
    if price is None or quantity is None or not quantity:
        return
    if len({currency for one in (unit, money) if (currency := one.get("currency"))}) > 1:
        return  # CNY a piece, USD for all of them
    said = f"The line total {total} equals the unit price, but the quantity is {quantity.normalize():f}."
    if price != total or quantity <= 1:
        product = price * quantity
        if abs(product - total) <= _CENT * (1 + quantity / 2):  # a unit price is rounded to cents
            return
        said = f"The line total is {total}, but {quantity.normalize():f} times the unit price {price} is {product:.2f}."
    pointer = f"/items/{index}/total_value/amount"
    yield _finding("Q-VALUE-QTY", Severity.WARNING, said, "items.total_value.amount", pointer, str(total))


def _finding(
    rule: str, severity: Severity, message: str, target: str, pointer: str, value: str | None = None
) -> Finding:
    return Finding(rule, severity, Scope.SHIPMENT, message, target=target, pointer=pointer, value=value)
