"""Check digits of product numbers (GTIN): they are told onward, so a wrong one is said, and never mended.

    UPC 12 digits, EAN 13 or 8, GTIN 14 (8, 12 and 13 too): the digits count 3 and 1 in turn, from the right; modulo 10

A number of another length has no check digit that we know (a UPC of 11 is written without) and is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.findings import Finding, Scope, Severity

_LENGTHS = {"upc": (12,), "ean": (8, 13), "gtin": (8, 12, 13, 14)}


def gtin_check_digit(number: str) -> str:
    """Return the check digit of a number whose last digit is one.

    >>> gtin_check_digit("4006381333931"), gtin_check_digit("036000291452")
    ('1', '2')
    """
    digits = [int(d) for d in reversed(number[:-1])]
    return str(-(3 * sum(digits[::2]) + sum(digits[1::2])) % 10)


def check_products(item: dict[str, Any], index: int) -> Iterator[Finding]:
    """Yield the product numbers of a goods line whose check digit is wrong."""
    for at, one in enumerate(item["product_identifiers"]):
        kind, number = str(one.get("type", "")), str(one.get("value", "")).replace(" ", "").replace("-", "")
        if len(number) not in _LENGTHS.get(kind, ()) or not (number.isascii() and number.isdigit()):
            continue
        expected = gtin_check_digit(number)
        if expected != number[-1]:
            said = f"Product number {number} ({kind.upper()}): check digit {number[-1]}, expected {expected}."
            pointer = f"/items/{index}/product_identifiers/{at}/value"
            yield Finding("Q-GTIN-CHK", Severity.WARNING, Scope.SHIPMENT, said, target="items.product_identifiers", pointer=pointer, value=number)  # fmt: skip
