"""Money: totals, USD, the 800 dollar limit of one shipment. Decimal throughout; a missing rate is said, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from gateway.canonical.model import decimal_text
from gateway.findings import Finding, Scope, Severity
from gateway.profile import Profile

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


def _cents(value: Decimal) -> Decimal:
    """Return an amount in cents, half up: 800.005 is above the limit."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def complete_values(draft: dict[str, Any], profile: Profile) -> list[Finding]:
    """Fill total_value and fair_retail_value_usd from the lines (value of the goods, without freight)."""
    items = draft.get("items")
    if not isinstance(items, list):
        return []
    total = Decimal(0)
    for item in items:
        money = item.get("total_value")
        value = amount(money.get("amount")) if type(money) is dict and money.get("currency") == "USD" else None
        if value is None:
            return [] if _is_told_of_the_whole(draft, items) else _convert(draft, items, profile)
        total += value
    text = cents = str(total)
    if text[-3:-2] != ".":  # most sums are in cents
        text, cents = decimal_text(total, 2), f"{_cents(total):f}"
    draft.setdefault("fair_retail_value_usd", cents)
    sent = draft.setdefault("total_value", {"amount": text, "currency": "USD"})
    same = (
        type(sent) is dict and sent.get("amount") == text and sent.get("currency") == "USD"
    )  # a total that could not be read leaves its currency alone
    return [] if same else list(_sum_differs(sent, total, "USD", profile))


def _is_told_of_the_whole(draft: dict[str, Any], items: list[dict[str, Any]]) -> bool:
    """Take the value of the whole where it is in USD and the goods lines have none of their own, as in a house manifest."""
    whole = draft.get("total_value")
    if type(whole) is not dict or whole.get("currency") != "USD" or any("total_value" in item for item in items):
        return False
    value = amount(whole.get("amount"))
    if value:
        draft.setdefault("fair_retail_value_usd", f"{_cents(value):f}")
    return bool(value)


def _money(item: dict[str, Any]) -> dict[str, Any]:
    value = item.get("total_value")
    return value if isinstance(value, dict) else {}


def _convert(draft: dict[str, Any], items: list[dict[str, Any]], profile: Profile) -> list[Finding]:
    """Several or foreign currencies: convert by the partner's rates."""
    findings: list[Finding] = []
    totals: dict[str, Decimal] = {}
    complete = True
    for index, item in enumerate(items):
        money = _money(item)
        value, currency = amount(money.get("amount")), money.get("currency") or profile.default_currency
        if value is None:
            complete = False
            continue
        if not currency:
            pointer = f"/items/{index}/total_value/amount"
            findings.append(
                _finding(
                    "S321-CUR-MISSING",
                    Severity.ERROR,
                    "The currency of the value is missing.",
                    "items.total_value.currency",
                    pointer,
                )
            )
            continue
        money.setdefault("currency", currency)
        totals[currency] = totals.get(currency, Decimal(0)) + value
    if not complete:  # what some lines add up to is not what the shipment is worth
        totals = _of_the_bill(draft, profile, findings) if _covers(draft, items) else {}
    usd = Decimal(0)
    for currency, total in totals.items():
        rate = Decimal(1) if currency == "USD" else profile.fx_usd.get(currency)
        if rate is None:
            findings.append(
                _finding(
                    "S321-FX-MISSING",
                    Severity.ERROR,
                    f"There is no exchange rate for {currency}.",
                    "fair_retail_value_usd",
                    "/items",
                    currency,
                )
            )
            continue
        usd += _cents(total * rate)
        if currency != "USD":
            findings.append(
                _finding(
                    "FX-CONVERTED",
                    Severity.WARNING if len(totals) > 1 else Severity.INFO,  # several currencies in one parcel are odd
                    f"{total} {currency} was converted at {rate} USD.",
                    "fair_retail_value_usd",
                    "/items",
                    currency,
                )
            )
    _set_rate(draft, totals, profile)
    if findings and any(f.severity is Severity.ERROR for f in findings):
        return findings
    if totals:
        if len(totals) == 1:
            ((currency, total),) = totals.items()
            sent = draft.setdefault("total_value", {"amount": decimal_text(total, 2), "currency": currency})
            findings += _sum_differs(sent, total, currency, profile)
        elif "total_value" in draft:
            findings += _sum_differs(draft["total_value"], usd, "USD", profile)
        draft.setdefault("fair_retail_value_usd", f"{usd:.2f}")
    return findings


def _set_rate(draft: dict[str, Any], totals: dict[str, Decimal], profile: Profile) -> None:
    """Write the one rate of a shipment, where there is one: not with two foreign currencies, nor that of another than its total.

    The rates of a site have no date; who knows one writes it into the constants (fx_date).
    """
    foreign = totals.keys() - {"USD"}
    whole = _money(draft).get("currency")
    if len(foreign) == 1 and whole in (None, *foreign) and (rate := profile.fx_usd.get(*foreign)) is not None:
        draft.setdefault("fx_rate", str(rate))


def _sum_differs(sent: Any, total: Decimal, currency: str, profile: Profile) -> Iterator[Finding]:
    """Yield a remark when the sender's value of the shipment is not the sum of its goods lines."""
    value = amount(sent.get("amount")) if isinstance(sent, dict) else None
    other = sent.get("currency") if value is not None else None
    if value is None or not other:
        return
    near = value == total if other == currency else _about_the_same(value, other, total, currency, profile)
    if near:
        return
    if near is None:
        said = f"The shipment is said to be worth {value} {other} and its goods lines {total} {currency}, which nobody can compare: there is no exchange rate for {other}; the lines count."
        yield _finding("Q-VALUE-SUM", Severity.WARNING, said, "total_value.amount", "/total_value/amount", f"{value}")
        return
    unit = f" {currency}" if other != currency else ""
    said = (
        f"The shipment is said to be worth {value} {other}, its goods lines add up to {total}{unit}; the lines count."
    )
    yield _finding("Q-VALUE-SUM", Severity.WARNING, said, "total_value.amount", "/total_value/amount", f"{value}")


_OTHER_RATE = Decimal("0.1")
"""Ours: a sender's rate is within a tenth of ours."""


def _about_the_same(value: Decimal, other: str, total: Decimal, currency: str, profile: Profile) -> bool | None:
    """True when two amounts in different currencies may be one, converted at the sender's rate; None without a rate."""
    rates = [Decimal(1) if c == "USD" else profile.fx_usd.get(c) for c in (other, currency)]
    if rates[0] is None or rates[1] is None:
        return None
    said, lines = value * rates[0], total * rates[1]
    return abs(said - lines) <= _OTHER_RATE * max(said, lines)


def _covers(draft: dict[str, Any], items: list[dict[str, Any]]) -> bool:
    """Return whether the value of the whole bill leaves something for the goods lines that have none of their own."""
    whole = _money(draft)
    value, currency = amount(whole.get("amount")), whole.get("currency")
    if not value:
        return False
    told = [m for m in map(_money, items) if m.get("currency") == currency]
    return value < 0 or value > sum((amount(m.get("amount")) or Decimal(0) for m in told), Decimal(0))


def _of_the_bill(draft: dict[str, Any], profile: Profile, findings: list[Finding]) -> dict[str, Decimal]:
    """Return the value of the whole bill by currency: what counts when goods lines have no values of their own."""
    money = _money(draft)
    value, currency = amount(money.get("amount")), money.get("currency") or profile.default_currency
    if value is not None and currency:
        money.setdefault("currency", currency)
        return {currency: value}
    said = "The currency of the value is missing."
    findings.append(_finding("S321-CUR-MISSING", Severity.ERROR, said, "total_value.currency", "/total_value/currency"))
    return {}


def check_values(draft: dict[str, Any], eligible: bool) -> Iterator[Finding]:
    """Yield what is wrong with the values: missing, negative, zero, above the limit, a unit price as a total."""
    items = draft.get("items")
    documents = draft.get("transaction_nature") == "documents"
    covered: bool | None = None
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if (quantity := item.get("quantity")) is not None and quantity in NONE_OF_IT:
            said = f"The quantity of goods line {index + 1} is 0."
            yield _finding("Q-QTY-ZERO", Severity.WARNING, said, "items.quantity", f"/items/{index}/quantity", quantity)
        money = _money(item)
        value = amount(money.get("amount"))
        if value is not None and value > 0:
            if "unit_value" in item:
                yield from _unit_price(item, value, index)
            elif money["amount"][-4:-3] == "." and money.get("currency") not in _MILLS:
                yield _thousands(money["amount"], index)
            continue
        pointer = f"/items/{index}/total_value/amount"
        if value is None:
            covered = _covers(draft, draft["items"]) if covered is None else covered
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
    values = [amount(_money(item).get("amount")) or Decimal(0) for item in items] if isinstance(items, list) else []
    return values.index(max(values)) if values else 0


_MILLS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
"""Currencies of three decimals (ISO 4217)."""


def _thousands(text: str, index: int) -> Finding:
    """1.024 as a value in dollars: may be 1,024 whose comma was read as a decimal mark."""
    said = f"The value {text} has three decimals: was {text.replace('.', '').lstrip('0')} meant?"
    pointer = f"/items/{index}/total_value/amount"
    return _finding("Q-VAL-DECIMALS", Severity.WARNING, said, "items.total_value.amount", pointer, text)


def _unit_price(item: dict[str, Any], total: Decimal, index: int) -> Iterator[Finding]:
    unit = item.get("unit_value")
    price = amount(unit.get("amount")) if isinstance(unit, dict) else None
    quantity = amount(item.get("quantity"))
    if price is None or quantity is None or not quantity:
        return
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
