"""What to write instead of a row with several sources whose first transform takes one value."""

from __future__ import annotations

from gateway.mapping.line import BoundStep
from gateway.mapping.table import Row

_TEXTS = frozenset(
    ("trim", "collapse", "squeeze", "upper", "lower", "digits", "alnum", "keep", "cut", "drop", "split", "replace", "prefix", "lines", "care_of")
)  # fmt: skip
"""Transforms of one text, which several cells may make together."""


def one_value(row: Row, steps: tuple[BoundStep, ...]) -> str:
    """Return the advice, with rows that work where value and unit stand in two columns. steps: the transforms of the row."""
    names = [part.strip() for part in row.source.split(";")]
    calls = [part.strip() for part in row.transform.split("|")]
    later = next((n for n, (step, _) in enumerate(steps) if step.many), 0)
    if later and steps[later][0].name == "kg" and len(names) == 2:
        unit = f"{names[0].rpartition('.')[0]}{names[1]}" if names[1].startswith(".") else names[1]
        one, other = (" | ".join([*calls[:later], f"kg {word}", *calls[later + 1 :]]) for word in "KL")
        return (
            f"write a row for each unit, with source {names[0]}: when {unit}=K|KG and transform {one}; "
            f"when {unit}=L|LB and transform {other}; so for other units"
        )
    if later:
        return f"{steps[0][0].name} hands one value on: put {calls[later]} first, or name one source"
    each = "name one source; where one of several counts, write a row for each: the first that has a value is taken"
    return f"put join space before it where they make one text, else {each}" if steps[0][0].name in _TEXTS else each
