"""Sums of numbers as they stand in messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

_PLAIN = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")


def is_plain(text: str) -> bool:
    """True for a number without exponent, of a size that messages have: everything else is no amount to be added up."""
    return _PLAIN.fullmatch(text) is not None


def number_in(text: str) -> Decimal | None:
    """Return a plain number, None for everything else."""
    return Decimal(text) if is_plain(text) else None


@dataclass(slots=True)
class Sum:
    """A running sum: None once something was missing in it, because a sum that leaves something out is wrong unnoticed."""

    value: Decimal | None = Decimal(0)

    def add(self, number: Decimal | None) -> None:
        """Add a number; None = it was missing or none."""
        self.value = None if number is None or self.value is None else self.value + number


def total(texts: Sequence[str]) -> str:
    """Return the sum as text; "" when anything is missing or no number: a sum that leaves something out is wrong unnoticed.

    >>> total(["1.2", "0.30"]), total(["1.2", ""]), total(["1e999999999", "1"])
    ('1.50', '', '')
    """
    numbers = [text.strip() for text in texts]
    if not numbers or not all(map(is_plain, numbers)):
        return ""
    return format(sum(map(Decimal, numbers), Decimal(0)), "f")
