"""The value of a shipment: the sum of its goods lines, in USD. Decimal throughout; a missing rate is said, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from gateway.canonical.model import decimal_text
from gateway.findings import Finding, Scope, Severity
from gateway.profile import Profile
from gateway.rules.values import amount, covers, money_of

_CENT = Decimal("0.01")


def _cents(value: Decimal) -> Decimal:
    """Return an amount in cents, half up: 800.005 is above the limit."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def complete_values(draft: dict[str, Any], profile: Profile) -> list[Finding]:
    """Fill total_value and fair_retail_value_usd from the lines (value of the goods, without freight)."""
    items = draft.get("items")
    if not isinstance(items, list):
        return []
    if profile.default_currency:
        _take_default(draft, items, profile.default_currency)
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


_AMOUNTS = ("total_value", "unit_value", "listed_price", "retail_price_in_export_country", "shipping_charges")


def _take_default(draft: dict[str, Any], items: list[dict[str, Any]], currency: str) -> None:
    """Write the partner's currency beside the amounts of a shipment and its goods lines that have none."""
    for part in (draft, *items):
        for name in _AMOUNTS:
            money = part.get(name)
            if type(money) is dict and "amount" in money and not money.get("currency"):
                money["currency"] = currency


def _is_told_of_the_whole(draft: dict[str, Any], items: list[dict[str, Any]]) -> bool:
    """Take the value of the whole where it is in USD and the goods lines have none of their own, as in a house manifest."""
    whole = draft.get("total_value")
    if type(whole) is not dict or whole.get("currency") != "USD" or any("total_value" in item for item in items):
        return False
    value = amount(whole.get("amount"))
    if value:
        draft.setdefault("fair_retail_value_usd", f"{_cents(value):f}")
    return bool(value)


def _convert(draft: dict[str, Any], items: list[dict[str, Any]], profile: Profile) -> list[Finding]:
    """Several or foreign currencies: convert by the partner's rates."""
    findings: list[Finding] = []
    totals: dict[str, Decimal] = {}
    complete = True
    for index, item in enumerate(items):
        money = money_of(item)
        value, currency = amount(money.get("amount")), money.get("currency")
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
        totals[currency] = totals.get(currency, Decimal(0)) + value
    if not complete:  # what some lines add up to is not what the shipment is worth
        totals = _of_the_bill(draft, findings) if covers(draft, items) else {}
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
    whole = money_of(draft).get("currency")
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


def _of_the_bill(draft: dict[str, Any], findings: list[Finding]) -> dict[str, Decimal]:
    """Return the value of the whole bill by currency: what counts when goods lines have no values of their own."""
    money = money_of(draft)
    value, currency = amount(money.get("amount")), money.get("currency")
    if value is not None and currency:
        return {currency: value}
    said = "The currency of the value is missing."
    findings.append(_finding("S321-CUR-MISSING", Severity.ERROR, said, "total_value.currency", "/total_value/currency"))
    return {}


def _finding(
    rule: str, severity: Severity, message: str, target: str, pointer: str, value: str | None = None
) -> Finding:
    return Finding(rule, severity, Scope.SHIPMENT, message, target=target, pointer=pointer, value=value)
