"""Which of several legs of a flight counts: the one that brings the goods into the US, whatever follows it.

    HKG-ICN ICN-LAX LAX-ORD     the second: port, flight, carrier and arrival are those of LAX
    HKG-ICN                     no airport of the US is named: the last

Legs stand in the order of their SequenceNumeric where each has one, else as they are written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.formats.xml.nodes import text_at

AIRPORTS = "iata_port"
"""The code table whose codes are the airports of the US."""

Legs = Callable[[list[Any]], list[Any]]
"""The elements that a path chooses -> the one that counts, none of none."""

_ARRIVAL = ("ArrivalEvent", "OccurrenceArrivalLocation", "ID")
_NUMBER = ("SequenceNumeric",)


def last_of(legs: list[Any]) -> list[Any]:
    """Return the last one."""
    return legs[-1:]


def that_counts(port_of: Callable[[str], object]) -> Legs:
    """Return what finds the leg that counts. port_of: airport of the US -> its port, None for any other."""

    def of(legs: list[Any]) -> list[Any]:
        if len(legs) < 2:
            return legs
        legs = _in_order(legs)
        into = (leg for leg in legs if port_of(text_at(leg, _ARRIVAL).strip().upper()) is not None)
        return [next(into, legs[-1])]

    return of


def _in_order(legs: list[Any]) -> list[Any]:
    numbers = [text_at(leg, _NUMBER).strip() for leg in legs]
    if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in numbers):
        return legs
    return sorted(legs, key=lambda leg: int(text_at(leg, _NUMBER)))
