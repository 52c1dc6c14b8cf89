"""What `gateway onboard` finds out of samples: the draft of a partner, field by field, with the questions that stay open."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Guess:
    """One field of the draft. source: column, element or setting; confidence: 0 to 1; why: in words; sample: masked."""

    field: str
    source: str
    confidence: float
    why: str
    sample: str = ""


@dataclass(slots=True)
class Draft:
    """What was found. facts: (name, value) for the report; tabular: keys of [options.tabular]; questions: for a person."""

    format: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    tabular: dict[str, Any] = field(default_factory=dict)
    guesses: list[Guess] = field(default_factory=list)
    maybe: dict[str, str] = field(default_factory=dict)  # name -> column it may mean: written, not in force
    hints: list[str] = field(default_factory=list)  # keys of tabular that are written, not in force
    aside: list[str] = field(default_factory=list)  # columns that nothing reads
    questions: list[str] = field(default_factory=list)
    senders: list[tuple[str, str]] = field(default_factory=list)
    receivers: list[tuple[str, str]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


def mask(values: list[str], *, whole: bool = False) -> str:
    """Return a sample that tells the form and no person: the first value, letters as A, digits as 9."""
    if not values:
        return ""
    return values[0] if whole else re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "A", values[0]))[:24]
