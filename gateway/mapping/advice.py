"""What to write instead: the word that was meant, rows in the place of one whose transform takes one value."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from gateway.mapping.line import BoundStep
from gateway.mapping.table import Row

_TEXTS = frozenset(
    ("trim", "collapse", "squeeze", "upper", "lower", "digits", "alnum", "keep", "cut", "drop", "split", "replace", "prefix", "lines", "care_of")
)  # fmt: skip
"""Transforms of one text, which several cells may make together."""


_LEVELS = {
    "consignee": "final_deliver_to_party", "deliver_to": "final_deliver_to_party", "ship_to": "final_deliver_to_party",
    "shipper": "shipment_initiator", "consignor": "shipment_initiator", "exporter": "shipment_initiator", "header": "message", "line": "item",
}  # fmt: skip
"""What coordinators call the levels of the model."""


def near(word: str, words: Iterable[str]) -> str:
    """Return the word that is meant, else some of those that there are; capitals and small letters are the same."""
    known = {one.lower(): one for one in words}
    close = get_close_matches(word.lower().replace(" ", "_"), known, 1, 0.5)
    return f"did you mean {known[close[0]]}?" if close else f"known: {', '.join(sorted(known.values())[:12])} ..."


def level_meant(word: str, levels: tuple[str, ...]) -> str:
    """Return the level that is meant, else all of them."""
    name = _LEVELS.get(word.lower().replace(" ", "_").replace("-", "_"))
    found = f"did you mean {name}?" if name else near(word, levels)
    return found if found.startswith("did") else f"write one of {', '.join(levels)}"


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
