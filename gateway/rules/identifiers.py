"""Check digits of transport documents, numbers that differ, and US ports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.rules.tables import Tables, normal

_AWB = re.compile(r"[0-9]{11}")
_S10 = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}")
NUMBERS = ("house_bill_number", "shipment_tracking_number", "master_bill_number")
"""What a shipment may be known by, what it is known by best first."""

_UPS = re.compile(r"1Z[0-9A-Z]{15}[0-9]")


def check_identifiers(draft: dict[str, Any], tables: Tables) -> Iterator[Finding]:
    """Yield wrong check digits (AWB and S10: error, 1Z: warning), other numbers of the document, unknown ports."""
    yield from _placeholders(draft, tables)
    if "_document_number" in draft and draft["_document_number"] != draft.get("house_bill_number"):
        yield from _document_number(draft)
    master, mode = str(draft.get("master_bill_number", "")), draft.get("mode_of_transportation")
    if mode == "air" and is_wrong_awb(master):
        yield _finding(
            "S321-ID-CHK",
            Severity.ERROR,
            f"Air waybill {master[:3]}-{master[3:]}: check digit {master[10]}, expected {int(master[3:10]) % 7}.",
            "master_bill_number",
            "/master_bill_number",
            master,
        )
    tracking = str(draft.get("shipment_tracking_number", ""))
    if _S10.fullmatch(tracking) and s10_check_digit(tracking) != tracking[10]:
        yield _finding(
            "S321-ID-CHK",
            Severity.ERROR,
            f"Postal item {tracking}: check digit {tracking[10]}, expected {s10_check_digit(tracking)}.",
            "shipment_tracking_number",
            "/shipment_tracking_number",
            tracking,
        )
    elif tracking[:2] == "1Z" and _UPS.fullmatch(tracking) and ups_check_digit(tracking) != tracking[17]:
        said = f"Tracking number {tracking}: check digit {tracking[17]}, expected {ups_check_digit(tracking)}."
        target = "shipment_tracking_number"
        yield _finding("Q-TRACKING-CHK", Severity.INFO, said, target, "/shipment_tracking_number", tracking)
    port = str(draft.get("first_us_port", ""))
    if port and port not in tables.ports:
        if port[:2] in tables.districts and len(port) == 4 and port.isdigit():
            yield _finding(
                "PORT-UNLISTED",
                Severity.INFO,
                f"Port {port} lies in a known district but not in our list of Schedule D.",
                "first_us_port",
                "/first_us_port",
                port,
            )
        else:
            yield _finding(
                "PORT-UNKNOWN",
                Severity.ERROR,
                f"{port} is not a US port of Schedule D.",
                "first_us_port",
                "/first_us_port",
                port,
            )


REAL = re.compile("(?:[^1-9\n]*[1-9][^\n]*\n)*")
"""Numbers, each with a line break behind it, of which none can be a placeholder: it has a digit that is no zero."""

_NOTHING = frozenset(
    ("NAN", "UNDEFINED", "NO NUMBER", "NO TRACKING")
)  # what programs write, besides the words of names


def _placeholders(draft: dict[str, Any], tables: Tables) -> Iterator[Finding]:
    """Yield numbers that are words such as N/A, zeros or signs: an error where the shipment is known by it, else a warning."""
    if draft.get("transmission_purpose") == "cancel":
        return
    numbers = {name: text for name in NUMBERS if isinstance(text := draft.get(name), str) and text}
    best, issuer = next(iter(numbers.values()), ""), str(draft.get("house_bill_issuer", ""))
    known = draft.get("shipment_id", best)
    for name, number in numbers.items():
        if is_placeholder(number, tables):
            alone = known in (number, issuer + number)
            why = "; the shipment cannot be told from others by it" if alone else ""
            said = f'The {name.replace("_", " ")} "{number[:20]}" is a placeholder{why}.'
            severity = Severity.ERROR if alone else Severity.WARNING
            yield _finding("S321-ID-FAKE", severity, said, name, f"/{name}", number)


def is_placeholder(number: str, tables: Tables) -> bool:
    """True for a word that stands for nothing, for zeros only and for no letter or digit at all."""
    plain = normal(number)
    return not plain.strip("0 ") or plain in _NOTHING or plain in tables.fake_names or not plain.strip("X ")


def is_wrong_awb(number: str) -> bool:
    """True for the number of an air waybill with another check digit: modulo 7 of the seven digits before it."""
    return _AWB.fullmatch(number) is not None and int(number[3:10]) % 7 != int(number[10])


def is_wrong_tracking(number: str) -> bool:
    """True for the number of a postal item or 1Z parcel with another check digit."""
    if number[:2] == "1Z":
        return _UPS.fullmatch(number) is not None and ups_check_digit(number) != number[17]
    return len(number) == 13 and _S10.fullmatch(number) is not None and s10_check_digit(number) != number[10]


def _document_number(draft: dict[str, Any]) -> Iterator[Finding]:
    """Yield a remark on a document number (CNI 1004 of EDIFACT) that is none of the numbers of the shipment."""
    number = draft["_document_number"]
    known = [text for name in (*NUMBERS, "shipment_id") if isinstance(text := draft.get(name), str)]
    if not known or number in known or _bare(number) in map(_bare, known):
        return
    said = f'The shipment has the document number "{number}" too, which is none of its other numbers; "{known[0]}" was taken.'
    yield _finding("MAP-AMBIGUOUS", Severity.WARNING, said, "_document_number", "/_document_number", number)


def _bare(number: str) -> str:
    """Return letters and digits of a number, in capitals: 999-12345675 is 99912345675."""
    return "".join(c for c in number.upper() if c.isalnum())


@lru_cache(4096)
def s10_check_digit(number: str) -> str:
    """Return the check digit of a postal item identifier (UPU S10): weights 8 6 4 2 3 5 9 7, modulo 11."""
    rest = 11 - sum(int(d) * w for d, w in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    return str({10: 0, 11: 5}.get(rest, rest))


_LOST_ZERO = (
    " Spreadsheets drop zeros: at the beginning (chapters 01 to 09: 0{0}?) and, behind a point, at the end ({0}0?)."
)
"""Told, never mended: both are numbers of some goods."""


_UPS_VALUES = bytes(c - 48 if 48 <= c <= 57 else (c - 63) % 10 if 65 <= c <= 90 else 0 for c in range(256))
"""Of each character in a 1Z number: letters count (ASCII - 63) mod 10."""


def ups_check_digit(number: str) -> str:
    """Return the check digit of a 1Z tracking number: every other place counts twice."""
    values = number[2:17].encode().translate(_UPS_VALUES)
    return str(-(sum(values[::2]) + 2 * sum(values[1::2])) % 10)


def read_tracking(draft: dict[str, Any]) -> list[Finding]:
    """Write the number of a postal item or 1Z parcel as others write it, without blanks and in capitals, and say so."""
    given = draft.get("shipment_tracking_number")
    if not isinstance(given, str) or (given.isalnum() and given == given.upper()):
        return []
    number = _bare(given)
    if not _S10.fullmatch(number) and not _UPS.fullmatch(number):
        return []
    draft["shipment_tracking_number"] = number
    said = f'The tracking number "{given}" was read as {number}.'
    target = "shipment_tracking_number"
    return [_finding("Q-TRACKING-FORM", Severity.WARNING, said, target, "/shipment_tracking_number", given)]


def check_hts(item: dict[str, Any], index: int, program: str) -> Iterator[Finding]:
    """Yield tariff numbers whose digits are not 6, 8 or 10, or too few for the program."""
    number = str(item.get("hts_number", ""))
    if not number:
        return
    wanted = 10 if program in ("entry_11", "entry_13", "entry_86", "postal_imdw") else 6
    digits = number.isascii() and number.isdigit()
    if not digits or len(number) not in (6, 8, 10) or len(number) < wanted:
        found = f"{len(number)} digits" if digits else "signs that are no digits"
        lost = _LOST_ZERO.format(number) if digits and len(number) in (5, 7, 9) else ""
        yield _finding(
            "S321-HTS-LEN",
            Severity.ERROR,
            f"Tariff number {number} has {found}; {'10' if wanted == 10 else '6, 8 or 10'} {'digits ' * (not digits)}are needed.{lost}",
            "items.hts_number",
            f"/items/{index}/hts_number",
            number,
        )
    elif number[:2] in _NO_GOODS:
        severity = Severity.ERROR if number[:2] in ("00", "77") else Severity.WARNING
        said = f"There is no chapter {number[:2]} of the tariff."
        if severity is Severity.WARNING:
            said = f"Chapter {number[:2]} ({number}) never stands alone: the tariff number of the goods is missing."
        yield _finding("S321-HTS-CHAPTER", severity, said, "items.hts_number", f"/items/{index}/hts_number", number)


_NO_GOODS = frozenset(("00", "77", "98", "99"))
"""Chapters of the HTSUS that are empty (77 is kept free) or hold special provisions besides the number of the goods."""


def _finding(rule: str, severity: Severity, message: str, target: str, pointer: str, value: str) -> Finding:
    return Finding(rule, severity, Scope.SHIPMENT, message, target=target, pointer=pointer, value=value)
