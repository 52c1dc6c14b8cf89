"""Leaves that are read from several segments, or from several elements of one, together.

PIA.@kinds        kind and number of all composites of all PIA, one a line (7143 and 7140)
CUX.@currency     the currency of values that name none: the reference currency (6347 = 2), else the only one that is named
CUX.@currencies   those that contradict each other, so that there is no @currency
DTM.@time         the time of a moment whose day stands in another DTM of its kind (2379 = 401)
TDT.@arrivals     arrival times (DTM+132) of one carriage that contradict each other, below TDT and below its places
NAD.@lines        the lines of an address: street (C059), and what C058 says that stands nowhere else in the segment
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from gateway.formats.edifact.composites import components, first_components, separators_of
from gateway.formats.edifact.legs import ENDS
from gateway.records import Node, Separators

KINDS = "@kinds"
_REFERENCE = "2"  # 6347
_NUMBERS = range(2, 7)  # elements of PIA that hold (number, kind)
_TIME_ALONE = "401"  # 2379


def kinds_of(nodes: list[Node], root: Node) -> str:
    """Return kind and number of each composite of some segments, one a line."""
    s = separators_of(root)
    pairs = [[*components(node, element, s), "", ""][:2] for node in nodes for element in _NUMBERS]
    return "\n".join(f"{kind.strip()} {' '.join(number.split())}" for number, kind in pairs if number.strip())


def _currencies(nodes: list[Node], root: Node) -> list[str]:
    s = separators_of(root)
    pairs = [[*components(node, element, s), "", ""][:2] for node in nodes for element in (1, 2)]
    told = [(kind.strip(), code.strip().upper()) for kind, code in pairs if code.strip()]
    reference = [code for kind, code in told if kind == _REFERENCE]
    return list(dict.fromkeys(reference or [code for _, code in told]))


def currency(nodes: list[Node], root: Node) -> str:
    """Return the currency of values that name none, "" when it is not told or not clear."""
    told = _currencies(nodes, root)
    return told[0] if len(told) == 1 else ""


def currencies(nodes: list[Node], root: Node) -> str:
    """Return the currencies of which one cannot be told to be meant."""
    told = _currencies(nodes, root)
    return " and ".join(told) if len(told) > 1 else ""


def arrivals(nodes: list[Node], root: Node) -> str:
    """Return arrival times that contradict each other; one told with another exactness (a day and its hour) does not.

    Of the places, those where the carriage arrives count (LOC 60, 11; where it names none, 8). A time at one place and none at
    the place whose port is read is a contradiction too: the time of a port is told at that port.
    """
    s = separators_of(root)
    times = [time for node in nodes for time in _times(node, s)]
    places = [(place.element(1).strip(), place) for node in nodes for place in (node.children or {}).get("LOC", ())]
    ports = [[place for told, place in places if told == stage] for stage in ("60", "11", *ENDS)]
    main = next(filter(None, ports), [])
    others = [*ports[0], *ports[1]] or main
    told = [(place.element(2).partition(s.component)[0], time) for place in others for time in _times(place, s)]
    if told and not times and not any(_times(place, s) for place in main[:1]):
        port = main[0].element(2).partition(s.component)[0]
        if not any(code == port for code, _ in told):
            return f"{told[0][1]} at {told[0][0]}, none at {port}"
    every = sorted({*times, *(time for _, time in told)}, key=len)
    if all(longer.startswith(shorter) for shorter, longer in pairwise(every)):
        return ""
    return " and ".join(every)


def _times(node: Node, s: Separators) -> list[str]:
    found = [first_components(dtm, 1, 3, s) for dtm in (node.children or {}).get("DTM", ())]
    return [
        time.strip() for kind, time, form in found if kind == "132" and form.strip() != _TIME_ALONE and time.strip()
    ]


def time_alone(nodes: list[Node], root: Node) -> str:
    """Return the time that stands in a DTM of its own, "" for none."""
    s = separators_of(root)
    told = (first_components(node, 1, 3, s) for node in nodes)
    return next((time.strip() for _, time, form in told if form.strip() == _TIME_ALONE), "")


def lines_of(nodes: list[Node], root: Node) -> str:
    """Return the lines of an address, street first. The first line of C058 is the name where C080 has none."""
    node, s = nodes[0], separators_of(root)
    free, name, street = ([part.strip() for part in components(node, element, s)] for element in (3, 4, 5))
    said = " ".join([*name[:5], *street, *(" ".join(components(node, element, s)) for element in range(6, 10))])
    if not any(name[:5]):
        said += f" {free[0]}" if free else ""
        free = free[1:]
    known = set(_words(said))
    return "\n".join(line for line in (*street, *(line for line in free if not known.issuperset(_words(line)))) if line)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


OF_SEVERAL: dict[tuple[str, str], Callable[[list[Node], Node], str]] = {
    ("PIA", KINDS): kinds_of,
    ("CUX", "@currency"): currency,
    ("CUX", "@currencies"): currencies,
    ("DTM", "@time"): time_alone,
    ("TDT", "@arrivals"): arrivals,
    ("NAD", "@lines"): lines_of,
}
"""(segment, leaf) -> what reads it from all segments that a path leads to."""
