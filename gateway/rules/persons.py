"""The key of one person, by which the USD 800 of a day are summed: name, street and ZIP code as they are compared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.rules.tables import normal, normals

_CARE_OF = re.compile(r"\bC ?/ ?O\b", re.I)
_TO_THE_STREET = re.compile(r"[^,;0-9]*[,;]\s*|[^0-9]*(?=[0-9])")  # what stands behind C/O and before the street
_BOX = re.compile(r"\b(?:P ?O ?(?:BOX|B)|POST OFFICE BOX|APARTADO(?: POSTAL)?) ?(?=[0-9])")
_ROOMS = frozenset(("APT", "APARTMENT", "SUITE", "STE", "UNIT", "ROOM", "RM", "FLOOR", "FL", "FLAT"))
_ROOM_FIRST = re.compile(
    rf"(?:(?:{'|'.join(sorted(_ROOMS))})\b[. ]*#?|#) ?(?:[0-9]+[A-Z]?|[A-Z])\b[ ,;.-]*(?=[0-9]|$)", re.I
)
_REMEMBERED = 4096
_streets: dict[str, tuple[str, ...]] = {}  # see street_words_of


def person_keys(parties: Sequence[Mapping[str, Any]], secret: bytes, suffixes: Mapping[str, str]) -> list[str]:
    """Return the keyed hash (BLAKE2b as a MAC, 32 hex digits) of each person: normalised name, street and ZIP5.

    suffixes: the USPS abbreviations. The number of a flat or room behind the street is left out, which may as well stand in a
    line of its own. Nothing of the person can be read from it.
    """
    names = normals([person_of(str(party.get("name", ""))) for party in parties])
    streets = list(map(street_of, parties))
    _remember(streets)
    keyed, keys = hashlib.blake2b(key=secret[:64], digest_size=16), []
    for name, street, party in zip(names, streets, parties, strict=True):
        words = street_words_of(street)
        if not _ROOMS.isdisjoint(words):
            words = _without_room(words)
        text = f"{name}|{' '.join(map(suffixes.get, words, words))}|{str(party.get('postal_code', ''))[:5]}"
        one = keyed.copy()
        one.update(text.encode())
        keys.append(one.hexdigest())
    return keys


def _without_room(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return a street without the number of a room: some write it here, some into the second line."""
    return next((words[:at] for at, word in enumerate(words) if at > 1 and word in _ROOMS), words)


def person_of(name: str) -> str:
    """Return a name without the one it is in care of; that one where no other is told.

    >>> person_of("MARY ROE C/O JOHN SMITH"), person_of("c/o John Smith")
    ('MARY ROE ', ' John Smith')
    """
    if "/" not in name or (found := _CARE_OF.search(name)) is None:
        return name
    before = name[: found.start()]
    return before if normal(before) else name[found.end() :]


def street_of(party: Mapping[str, Any]) -> str:
    """Return the line of an address that has the street: the second where the first says only in whose care, or which flat.

    >>> street_of({"address_line_1": "APT 4", "address_line_2": "12 OAK ST"}), street_of({"address_line_1": "#4, 12 OAK ST"})
    ('12 OAK ST', '12 OAK ST')
    """
    first = str(party.get("address_line_1", ""))
    if first[:1].isdigit() and "/" not in first:  # as with most
        return first
    if "/" not in first or (found := _CARE_OF.search(first)) is None:
        room = _ROOM_FIRST.match(first)
        return first if room is None else first[room.end() :] or str(party.get("address_line_2", "")) or first
    street = _without_care_of(first, found)
    return street if normal(street) else str(party.get("address_line_2", "")) or first


def _without_care_of(street: str, found: re.Match[str]) -> str:
    """Return a street without the one in whose care: 12 OAK ST C/O SMITH, C/O SMITH, 12 OAK ST."""
    before = street[: found.start()]
    if normal(before):
        return before
    behind = _TO_THE_STREET.match(street, found.end())
    return street[behind.end() :] if behind else ""


def street_words_of(street: str) -> tuple[str, ...]:
    """Return the words of a street as they are compared: post office boxes are written in many ways.

    Remembered until the shipments of a batch are compared with each other.
    """
    words = _streets.get(street)
    if words is None:
        _remember([street])
        words = _streets[street]
    return words


def _remember(streets: Sequence[str]) -> None:
    """Work out the words of streets, all at once."""
    if len(_streets) > _REMEMBERED:
        _streets.clear()
    new = [street for street in streets if street not in _streets]
    bare = [
        _without_care_of(street, found) or street if "/" in street and (found := _CARE_OF.search(street)) else street
        for street in new
    ]
    if any("#" in street for street in bare):
        bare = [street[:1] + street[1:].replace("#", " APT ") for street in bare]
    for street, plain in zip(new, normals(bare), strict=True):
        box = ("O" in plain and "B" in plain) or "APARTADO" in plain
        _streets[street] = tuple((_BOX.sub("PO BOX ", plain) if box else plain).split())
