"""The lines of one message -> a tree that mapping paths walk.

HBS.01            field 1 of the line HBS (fields are parted by slants)
SHP/NAM.01        name; SHP/ADR.01 street, SHP/LOC.01 place, .02 state, SHP/CTY.01 country, .02 post code, SHP/TEL.01
RTD/NG.01         goods of a rate line, all its NG lines; NH tariff numbers, NO origin, NC consolidation, whatever line of RTD they stand on
OCI[03=SM].04     one node per line, continuation lines too; OCI[05=CNE+CT].04 by subject and content together
CCL.01            airport of arrival, .02 carrier, of a CBP message; its line has no identifier (LAXXX)
WBL.02            pieces and weight in one (T1K1.3), also when they are parted (T1/K1.3)

The three ways to write a party (name on the SHP line, on the next line, NAM ADR LOC tags) come out the same.
"""

from __future__ import annotations

import re

from gateway.formats.cargo_imp.split import Line
from gateway.records import Node

PARTIES = frozenset(("SHP", "CNE", "NFY", "AGT"))
_TAGGED = frozenset(("NAM", "ADR", "LOC"))
_TAG = re.compile(r"([A-Z]{3,4})(?:/(.*))?", re.S)
_AWB = re.compile(r"\d{3}-\d{8}.*")
_CONTROL = re.compile(r"([A-Z]{3})([A-Z0-9]{2,3})")
_PIECES, _WEIGHT = re.compile(r"[A-Z]\d+"), re.compile(r"[KL][\d.,]+")
RATE = re.compile(r"P\d+|[KLWRT]\d[\d.,]*|C[A-Z]")
"""The first part of a rate line: pieces, weight, rate class; `/2/P3/K4.5/CQ` begins one as RTD does."""
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_KINDS = ("TE", "FX", "TL")  # of numbers: telephone, fax, telex
_DAY = re.compile(r"\d\d[A-Z]{3}")
_PHONE = re.compile(r"\+?\d[\d \-]{4,}")
_REPEATED = frozenset(("OCI", "CSD"))
_LAST_IS_TEXT = {"HBS": 6, "WBL": 3, "NG": 1}
"""Lines whose last field is free text: a slant in it ends no field, as in TXT."""
_TEXT_WIDTH = {"TXT": 65, "NG": 20}
_CODES = re.compile(r"(?:/[A-Z0-9]{3})+/?")
"""A continuation line of HBS with special handling codes; any other is more of its text."""


class ImpNode(Node, eq=False, kw_only=True):
    """A line or a part of it. lines: (number in the file, text) of the whole message, on its root only.

    starts: bytes of the line before each field; a part of a line has another tag than the line begins with. source: its line.
    wrapped: of a text of several lines: one of them is full, so that a word may be cut there.
    lent: element -> the line of its own that it stands in (the tariff number of a description of goods).
    """

    lines: list[tuple[int, str]] | None = None
    starts: tuple[int, ...] = ()
    source: Line | None = None
    wrapped: bool = False
    lent: dict[int, ImpNode] | None = None

    def stands(self, number: int) -> tuple[Node, int]:
        """See Node."""
        owner = self.lent.get(number) if self.lent is not None else None
        return (self, number) if owner is None else (owner, 1)

    def start_of(self, number: int) -> int:
        """See Node."""
        return self.starts[number - 1] if 0 < number <= len(self.starts) else 0

    def size_of(self, number: int) -> int:
        """See Node; what was put together out of several lines ends with the first."""
        if self.source is None:
            return super().size_of(number)
        if number > len(self.starts):  # it came from a line behind this one: the whole of this one is told
            return self.length
        return min(self.source.size(self.elements[number]), self.length - self.start_of(number))


def node_of(tag: str, fields: list[str], line: Line) -> ImpNode:
    """Return a node for a line or a part of one."""
    starts = _starts(line, fields)
    return ImpNode(tag, [tag, *fields], line.offset, line.length, line.number, line.number, starts=starts, source=line)


def _starts(line: Line, fields: list[str]) -> tuple[int, ...]:
    """Return where in a line its fields begin, blanks left out: mostly they are its last ones."""
    text = line.text
    pieces: list[tuple[str, int]] = []
    at = 0
    for piece in text.split("/"):
        before = text[: at + len(piece) - len(piece.lstrip())]
        pieces.append((piece.strip(), line.size(before)))
        at += len(piece) + 1
    if [p for p, _ in pieces[len(pieces) - len(fields) :]] == fields:
        return tuple(start for _, start in pieces[len(pieces) - len(fields) :])
    last = dict(pieces)
    return tuple(last.get(field, 0) for field in fields)


def tag_of(text: str) -> str:
    """Return the identifier of a line: "" for a continuation, "AWB" for a line that starts with a waybill number."""
    if text.startswith("/"):
        return ""
    if _AWB.fullmatch(text):
        return "AWB"
    found = _TAG.fullmatch(text)
    return found[1] if found else "?"


def fields_of(text: str) -> list[str]:
    """Return the fields behind the identifier of a line, or of a continuation line."""
    if text.startswith("/"):
        return [f.strip() for f in text[1:].split("/")]
    if _AWB.fullmatch(text):
        return [f.strip() for f in text.split("/")]
    return [f.strip() for f in text[4:].split("/")] if len(text) > 3 else []


def control_location(text: str) -> list[str]:
    """Return airport and carrier of a cargo control location (LAXXX), nothing for another line."""
    found = _CONTROL.fullmatch(text)
    return list(found.groups()) if found else []


def block(tag: str, lines: list[Line], *, name_on: str) -> list[ImpNode]:
    """Return the nodes of one line with its continuation lines. name_on: "line" or "next", for untagged parties."""
    first, rest = lines[0], lines[1:]
    if tag == "CCL":
        airport, carrier = control_location(first.text) or ("", "")
        return [ImpNode(tag, [tag, airport, carrier], first.offset, first.length, first.number, first.number, starts=(0, first.size(airport)), source=first)]  # fmt: skip
    head = node_of(tag, fields_of(first.text), first)
    if tag in ("WBL", "HBS"):
        rest = _more_text(head, rest)
    _join_text(head)
    if tag in PARTIES:
        _party(head, rest, "line" if tag == "NFY" else name_on)  # FWB/16 too has the name of the notify party there
    elif tag == "RTD":
        _rates(head, rest)
    elif tag == "HTS":
        return [node_of(tag, [number], line) for line in lines for number in _given(fields_of(line.text))]
    elif tag in _REPEATED:
        nodes = [head, *(node_of(tag, fields_of(line.text), line) for line in rest)]
        for node in nodes if tag == "OCI" else ():
            if len(node.elements) == 5:
                node.elements.append(f"{node.element(2)}+{node.element(3)}")
        return nodes
    elif tag == "FLT":
        _join_flights(head, rest)
    elif tag == "TXT":
        head.elements = [tag, _one_text(head, [line.text.partition("/")[2].replace("/", " ") for line in lines])]
    else:
        for line in rest:
            head.take(node_of("SPH" if tag == "HBS" else "MORE", fields_of(line.text), line))
    return [head]


def _more_text(head: ImpNode, rest: list[Line]) -> list[Line]:
    """Put the text of continuation lines behind that of a line; return the others: handling codes behind HBS."""
    if head.tag == "WBL":
        _join_weight(head)
        _add_text(head, rest)
        return []
    _add_text(head, [line for line in rest if not _CODES.fullmatch(line.text)])
    return [line for line in rest if _CODES.fullmatch(line.text)]


def _join_weight(head: ImpNode) -> None:
    """Make one field of pieces and weight that stand in two: CBP parts them, the messages of IATA do not."""
    if _PIECES.fullmatch(head.element(2)) and _WEIGHT.fullmatch(head.element(3)):
        head.elements[2:4] = ["".join(head.elements[2:4])]
        head.starts = head.starts[:2] + head.starts[3:]


def _given(fields: list[str]) -> list[str]:
    return [f for f in fields if f] or fields[:1]


def _add_text(head: ImpNode, rest: list[Line]) -> None:
    """Put the text of continuation lines behind the last field."""
    if rest:
        head.elements += [""] * (_LAST_IS_TEXT[head.tag] + 1 - len(head.elements))
        head.elements += [f for line in rest for f in fields_of(line.text)]


def _one_text(node: ImpNode, lines: list[str]) -> str:
    """Return the text of a node that stands in several lines.

    Where several lines in a row are filled to the last column, the sender cuts words there: they go on without a blank.
    One full line may end with a word (one in seven does): it is followed by a blank, and the node is marked.
    """
    full = [len(line) >= _TEXT_WIDTH[node.tag] for line in lines[:-1]]
    if len(full) > 1 and all(full):
        return " ".join("".join(lines).split())
    node.wrapped = any(full)
    return " ".join(" ".join(lines).split())


def _join_text(head: ImpNode) -> None:
    """Make one field of a text that slants part."""
    last = _LAST_IS_TEXT.get(head.tag, 0)
    if last and len(head.elements) > last + 1 and not _DAY.fullmatch(head.elements[-1]):  # WBL: day of the arrival
        head.elements[last:] = [" ".join(f for f in head.elements[last:] if f)]
        head.starts = head.starts[:last]


def _join_flights(head: ImpNode, rest: list[Line]) -> None:
    """Put the flights of continuation lines behind those of the first."""
    for line in rest:
        fields = fields_of(line.text)
        ahead = line.offset - head.offset
        head.elements += fields
        head.starts += tuple(ahead + start for start in _starts(line, fields))


def _party(head: ImpNode, rest: list[Line], name_on: str) -> None:
    """Hang name, streets, place, country and phone below a party."""
    tagged = any(line.text[:3] in _TAGGED for line in rest)
    plain = [(line, fields_of(line.text)) for line in rest]
    if tagged:
        open_tag = ""
        for line, fields in plain:
            open_tag = line.text[:3] if line.text[:3] in _TAGGED else "CTY" if open_tag == "LOC" else open_tag
            _hang(head, open_tag or "ADR", fields, line)
        return
    if name_on == "line" and head.element(1):
        name = " ".join(f for f in head.elements[1:] if f)  # a slant in a name ends no field
        before, first = head.start_of(1), head.source or Line("", 0, 0, 0)
        head.take(
            node_of("NAM", [name], Line(name, head.offset + before, first.size(name), head.line, codec=first.codec))
        )
        head.elements, head.starts = head.elements[:1], ()  # it stands below now, and nowhere twice
    elif plain:
        line, fields = plain.pop(0)
        _hang(head, "NAM", fields, line)
    if plain and _COUNTRY.fullmatch(plain[-1][1][0]):
        line, fields = plain.pop()
        _hang(head, "CTY", fields, line)
    if plain:
        line, fields = plain.pop()
        _hang(head, "LOC", fields, line)
    for line, fields in plain:
        _hang(head, "ADR", fields, line)


def _hang(head: ImpNode, tag: str, fields: list[str], line: Line) -> None:
    if tag in ("NAM", "ADR") and len(fields) > 1:  # `ADR/STREET/UNIT 4` is two address lines
        for field in fields:
            if field:
                head.take(node_of(tag, [field], line))
        return
    if tag != "CTY":
        head.take(node_of(tag, fields, line))
        return
    node, rest = node_of(tag, fields, line), fields[2:]
    head.take(node)
    if rest and _PHONE.fullmatch(rest[0]):  # CBP: a number without its kind
        head.take(node_of("TEL", [rest.pop(0)], line))
    while len(rest) > 1 and rest[0] in _KINDS:
        kind, number, *rest = rest
        head.take(node_of("TEL" if kind == "TE" else kind, [number], line))
    node.elements[3:] = rest  # numbers stand below now, and nowhere twice


def _rates(head: ImpNode, rest: list[Line]) -> None:
    """Hang the parts of a rate description by their code: `/2/NG/USB-C CABLE` -> NG.01.

    The NG lines of one rate line are one description, cut into pieces of 20 letters: they become one NG. They stay
    goods of their own only where each has its tariff number or its origin (one rate line, as many NH or NO as NG; ours).
    NG.08 is the tariff number and NG.09 the origin of the goods, NG.10 the first of several tariff numbers and NG.11 the
    first of several origins that nobody can tell goods from.
    """
    rates: list[list[ImpNode]] = [[]]
    for line in rest:
        fields = fields_of(line.text)
        if fields and fields[0].isdigit():
            fields = fields[1:]
        code = (fields[0] or "MORE") if fields else ""
        if RATE.fullmatch(code) and rates[-1]:
            rates.append([])
        for given in [[number] for number in _given(fields[1:])] if code == "NH" else [fields[1:]] if code else []:
            part = node_of(code, given, line)
            _join_text(part)
            head.take(part)
            rates[-1].append(part)
    _goods_of(head, rates)


def _goods_of(head: ImpNode, rates: list[list[ImpNode]]) -> None:
    """Make goods of the NG lines of each rate line, and put tariff numbers and origins behind them."""
    parts = [{tag: [p for p in rate if p.tag == tag] for tag in ("NG", "NH", "NO")} for rate in rates]
    parts = [part for part in parts if any(part.values())]
    for part in parts:
        part["NG"] = _joined(part, alone=len(parts) == 1)
    goods = [node for part in parts for node in part["NG"]]
    if goods:
        (head.children or {})["NG"] = list(goods)
    for tag, place in (("NH", 8), ("NO", 9)):
        given = [node for part in parts for node in part[tag]]
        one_for_all = tag == "NO" and len({node.element(1) for node in given}) == 1
        if one_for_all or (parts and given == parts[-1][tag]):  # behind the last rate line stand those of all of them
            _put(goods, given, place, all_alike=one_for_all)
        else:
            for part in parts:
                _put(part["NG"], part[tag], place, all_alike=False)


def _joined(part: dict[str, list[ImpNode]], *, alone: bool) -> list[ImpNode]:
    """Return the goods of one rate line. alone: it is the only one; else goods are told apart by their rate lines."""
    goods = part["NG"]
    if len(goods) < 2 or (alone and len(goods) in (len(part["NH"]), len(part["NO"]))):
        return goods
    goods[0].elements[1:] = [
        _one_text(goods[0], [" ".join(text for text in node.elements[1:] if text) for node in goods])
    ]
    return goods[:1]


def _put(goods: list[ImpNode], given: list[ImpNode], place: int, *, all_alike: bool) -> None:
    """Put numbers behind the goods they belong to; two places further where nobody can tell which they are."""
    if all_alike or (len(goods) == 1 and len({node.element(1) for node in given}) == 1):
        given = given[:1] * len(goods)
    clear = len(given) == len(goods)
    for index, node in enumerate(goods if given else ()):
        node.elements += [""] * (12 - len(node.elements))
        owner, number = given[index if clear else 0], place if clear else place + 2
        node.elements[number] = owner.element(1)
        node.lent = {**(node.lent or {}), number: owner}
