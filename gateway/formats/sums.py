"""Sums of numbers as they stand in messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

_PLAIN = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")


def is_plain(text: str) -> bool:
    """True for a number without exponent, of a size that messages have: everything else is no amount to be added up."""
    return _PLAIN.fullmatch(text) is not None


def total(texts: Sequence[str]) -> str:
    """Return the sum as text; "" when anything is missing or no number: a sum that leaves something out is wrong unnoticed.

    >>> total(["1.2", "0.30"]), total(["1.2", ""]), total(["1e999999999", "1"])
    ('1.50', '', '')
    """
    numbers = [text.strip() for text in texts]
    if not numbers or not all(map(is_plain, numbers)):
        return ""
    return format(sum(map(Decimal, numbers), Decimal(0)), "f")
