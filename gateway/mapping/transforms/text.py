"""Text transforms."""

from __future__ import annotations

import re

from gateway.canonical.model import bill_identity, bill_number
from gateway.mapping.transforms.registry import Noted, Unusable, transform


@transform("  A  => A")
def trim(value: str) -> str:
    """Take the blanks off both ends."""
    return value.strip()


@transform("A   B  => A B", name="squeeze")
@transform("A   B  => A B")
def collapse(value: str) -> str:
    """Take the blanks off both ends and make every run of blanks one blank."""
    return " ".join(value.split())


@transform("acme => ACME")
def upper(value: str) -> str:
    """Trim and write in capitals."""
    return value.strip().upper()


@transform("ACME => acme")
def lower(value: str) -> str:
    """Trim and write in small letters."""
    return value.strip().lower()


@transform("999-123 45675 => 99912345675")
def digits(value: str) -> str:
    """Keep the digits only."""
    return re.sub(r"[^0-9]", "", value)


@transform("AB-1 2 => AB12")
def alnum(value: str) -> str:
    """Keep letters A-Z and digits only, in capitals."""
    return re.sub(r"[^A-Z0-9]", "", value.upper())


@transform("ABCDEF => ABC", args=(1, 1), part=True)
def keep(value: str, count: str) -> str:
    """Keep the first N characters: `keep 3`."""
    return value.strip()[: int(count)]


@transform("ABCDEF => ABC", "AB => AB", args=(1, 1))
def cut(value: str, count: str) -> str:
    """Cut a text of more than N characters and say so (Q-TRUNC): `cut 70`. For names and texts, never for a number."""
    text, most = value.strip(), int(count)
    if len(text) <= most:
        return text
    return Noted(
        text[:most].rstrip(), ("Q-TRUNC", f"A text of {len(text)} characters was cut: its field holds {most}.")
    )


@transform("012E; EVER SAMPLE; X => 012E", many=True, args=(1, 1))
def join_within(values: list[str], count: str) -> str:
    """Join the first text with what fits behind it as a whole into N characters: `join_within 20`. The first is never cut."""
    text = ""
    for value in (v.strip() for v in values if v.strip()):
        if text and len(text) + 1 + len(value) > int(count):
            break
        text = f"{text} {value}".strip()
    return text


@transform("ABCDEF => DEF", args=(1, 1), part=True)
def drop(value: str, count: str) -> str:
    """Leave out the first N characters: `drop 3`."""
    return value.strip()[int(count) :]


@transform("1 A ST; APT 4 => 1 A ST APT 4", many=True, args=(1, 1))
def join(values: list[str], separator: str) -> str:
    """Join the values that are there: `join space`, `join nothing`, `join dash`."""
    return separator.join(v.strip() for v in values if v.strip())


@transform("A/B => B", args=(2, 2), part=True)
def split(value: str, separator: str, number: str) -> str:
    """Cut at a separator and keep part N (from 1): `split slash 2`."""
    parts = value.split(separator)
    return parts[int(number) - 1].strip() if int(number) <= len(parts) else ""


@transform("A-B => A B", args=(2, 2), part=True)
def replace(value: str, old: str, new: str) -> str:
    """Put one text for another: `replace dash space`."""
    return value.replace(old, new)


@transform("123 => NRTX123", args=(1, 1))
def prefix(value: str, text: str) -> str:
    """Put a text in front, unless it is there already: `prefix NRTX`."""
    value = value.strip()
    return value if value.startswith(text) else text + value


@transform("12 => PO BOX 12", "P.O. Box 12 => P.O. Box 12", "1 A ST => 1 A ST")
def po_box(value: str) -> str:
    """Return the line of an address for a post box, whose element may hold its number only."""
    text = collapse(value)
    return f"PO BOX {text}" if text[:1].isdigit() and " " not in text else text


_FLOOR = re.compile(r"\b(floor|flr?|level|lvl|stor(e?y|ies)|etage)\b", re.I)
_ROOM = re.compile(r"\b(room|rm|suite|ste|apt|apartment|unit|office|flat)\b", re.I)


@transform(
    "APT 4; ANNEX B; 3; 12 => APT 4 ANNEX B FLOOR 3 ROOM 12", "; ; 3rd floor; Suite 5 => 3rd floor Suite 5", "APT 4; ; ; => APT 4", many=True,
)  # fmt: skip
def premises(values: list[str]) -> str:
    """Return one line of an address: further lines, then floor and room, which are told as such where their texts do not say it."""
    *parts, floor, room = (value.strip() for value in values)
    if floor and not _FLOOR.search(floor):
        floor = f"FLOOR {floor}"
    if room and not _ROOM.search(room):
        room = f"ROOM {room}"
    return " ".join(part for part in (*parts, floor, room) if part)


@transform("nrtx; 00450001 => NRTX00450001", "NRTX; NRTX00450001 => NRTX00450001", many=True, part=True)
def bill(values: list[str]) -> str:
    """Issuer (in capitals) and number as one identity; an issuer that already stands before the number is not doubled."""
    return bill_identity(values[0], values[-1])


@transform("OCNV; M1; OCNVM1 => OCNVM1", "OCNV; M1; => OCNVM1", "OCNV; M1; M2 => OCNVM1", many=True, part=True)
def master_bill(values: list[str]) -> str:
    """As `bill`; a third value that names another bill is told."""
    issuer, number, other = (v.strip() for v in (*values, "", "")[:3])
    own = bill_identity(issuer, number)
    if own and other and bill_identity(issuer, other) != own:
        return Noted(own, ("MAP-AMBIGUOUS", f"The bill has two master bills, {own} and {other}: the first was taken."))
    return own


@transform("NRTX00450001; NRTX => 00450001", "00450001; NRTX => 00450001", "00450001 => 00450001", many=True, part=True)
def bill_alone(values: list[str]) -> str:
    """A bill number (and its issuer) without the issuer that some senders write before it."""
    return bill_number(values[1] if len(values) > 1 else "", values[0])


@transform(
    "00450001; NRTX; NRTX00450001; NRTX; ; => ",
    "M1; OCNV; H1; NRTX; H1; NRTX => ",
    "9; NRTX; 1; NRTX; ; => !MAP-VALUE",
    many=True,
    part=True,
)
def same_bill(values: list[str]) -> str:
    """Nothing, if an amendment (number and issuer of its bill, first and second) names the bill itself (third and fourth), or names it as a portion (fifth and sixth); else it cannot be used."""
    amended, by, number, issuer, portion, of = (v.strip() for v in (*values, *[""] * 6)[:6])
    own = bill([issuer, number])
    if number and own not in (bill([by or issuer, amended]), bill([of or issuer, portion])):
        raise Unusable(
            f'the bill itself is "{number}" of {issuer or "no issuer"}, the amendment names "{amended}" of {by or "no issuer"}'
        )
    return ""


@transform("2; 2 => ", "2; => ", many=True, part=True)
def same_pieces(values: list[str]) -> str:
    """Nothing; a remark when the new quantity of an amendment (first) is not that of the bill itself (second)."""
    new, own = (v.strip().lstrip("0") for v in (*values, "", "")[:2])
    if new and own and new != own:
        said = f"The amendment (M13-05) gives {new} pieces, the bill itself (M11-03) {own}: both were passed on."
        return Noted("", ("X12-M13-QTY", said))
    return ""


@transform("1 A ST|APT 4 => 1 A ST", args=(1, 1), part=True)
def lines(value: str, number: str) -> str:
    """Line N of a text of several lines (line breaks or |): `lines 1`."""
    wanted = int(number)
    if wanted > 0 and "|" not in value and "\n" not in value:  # the commonest: one line
        return value.strip() if wanted == 1 else ""
    parts = _lines_of(value)
    return parts[wanted - 1] if wanted <= len(parts) else ""


_BREAK = re.compile(r"\r?\n|\|")


def _lines_of(text: str) -> list[str]:
    return [part for line in _BREAK.split(text) if (part := line.strip())]


@transform(
    "1 A ST|APT 4|BACK DOOR|RING; PO BOX 7 => BACK DOOR RING PO BOX 7", "1 A ST => ", many=True, args=(1, 1), part=True
)
def lines_from(values: list[str], number: str) -> str:
    """Line N of the first text and those after it, then the further texts, as one line: `lines_from 3`."""
    if len(values) == 1 and int(number) > 1 and "|" not in values[0] and "\n" not in values[0]:
        return ""  # the commonest: one line
    return " ".join([*_lines_of(values[0])[int(number) - 1 :], *(v.strip() for v in values[1:] if v.strip())])


@transform("PAT; SAMPLE => PAT SAMPLE", many=True)
def first_last(values: list[str]) -> str:
    """First and last name as one name."""
    return " ".join(v.strip() for v in values if v.strip())


@transform("ACME C/O HUB => HUB", part=True)
def care_of(value: str) -> str:
    """The part behind C/O; nothing when there is none."""
    found = re.search(r"\bC/O\b\.?\s*(.+)", value, re.I)
    return found[1].strip() if found else ""


@transform("TE; 5550100; EM; a@example.org => 5550100", many=True, args=(1, 4), part=True)
def contact(values: list[str], *kinds: str) -> str:
    """From pairs of kind and number the number of one kind: `contact EM`; of several the first that is there: `contact TE CP`."""
    pairs = [(k.strip(), number.strip()) for k, number in zip(values[::2], values[1::2], strict=False)]
    return next((number for kind in kinds for k, number in pairs if k == kind and number), "")


@transform("PAT SAMPLE; ACME LTD => PAT SAMPLE", "Pat Sample; PAT SAMPLE => ", many=True, part=True)
def other_than(values: list[str]) -> str:
    """The first text unless the second says the same: a contact person who is not the party itself."""
    first, second = (" ".join(value.split()) for value in (*values, "", "")[:2])
    return "" if first.casefold() == second.casefold() else first


@transform("any => fixed", args=(1, 9))
def const(value: str, *words: str) -> str:
    """A fixed text whenever the source has a value: `const truck`."""
    return " ".join(words)


@transform("Y => true", "NO => false", result="flag")
def flag(value: str) -> str:
    """Y, YES, TRUE, 1, X -> true; N, NO, FALSE, 0 -> false."""
    word = value.strip().upper()
    if word in ("Y", "YES", "TRUE", "1", "X", "J", "WAHR", "VRAI"):
        return "true"
    if word in ("N", "NO", "FALSE", "0", "FALSCH", "FAUX"):
        return "false"
    raise Unusable(f'"{value}" is neither yes nor no')
