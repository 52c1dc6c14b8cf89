"""Frames of X12, EDIFACT and Cargo-IMP: what stands around shipments, messages and interchanges of segments."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gateway.formats import format_module
from gateway.records import Unit
from tests.drops import profile_for, sample
from tests.metamorphic.frames import Frame, Piece, Segment, pools_of

WORDS_EDIFACT = ("GWH00", "GWX00", "GWOBL", "GWHBL", "GWSI", "GWXX000000", "GWCN96")


def taken_apart(data: bytes, folder: str) -> tuple[list[int], int]:
    """Return the offsets at which the shipments of a file start, and the end of the last one's last segment."""
    nodes = [e.node for e in format_module(folder).read([data], profile_for(data)) if isinstance(e, Unit)]
    last = max(nodes[-1].walk(), key=lambda node: node.offset)
    return _outer(data) or [node.offset for node in nodes], last.offset + last.length


def _outer(data: bytes) -> list[int]:
    """Return where orders (856) and receptacles (PREDES) start, whose parcels read what these say."""
    found = re.finditer(rb"HL\*[0-9]+\*[0-9]+\*O|(?<=\n)CNI(?=\+[0-9]\+CNSZXAUSJFK)", data)
    return [one.start() for one in found]


def split(text: str, end: str, element: str) -> Piece:
    """Return segments; blank lines between them are left out."""
    released = r"(?<!\?)" if element == "+" else ""
    segments = [one.strip("\r\n") for one in re.split(released + re.escape(end), text)]
    return [re.split(released + re.escape(element), one) for one in segments if one]


def joined(piece: Piece, end: str, element: str) -> str:
    """Return the text of segments."""
    return "".join(element.join(segment) + end for segment in piece)


def renaming(*words: str, first: Callable[[Segment, int], Segment] | None = None) -> Callable[[Piece, int], Piece]:
    """Return what numbers a piece: two digits behind each word that names it. first: what numbers its first segment too."""
    find = re.compile(rf"((?:{'|'.join(words)})[A-Z]*)[0-9]{{2}}")

    def number(piece: Piece, number: int) -> Piece:
        named = [[find.sub(lambda found: f"{found[1]}{number}", text) for text in segment] for segment in piece]
        return [first(named[0], number), *named[1:]] if first else named

    return number


def _counter(segment: Segment, number: int) -> Segment:
    return [segment[0], str(number), *segment[2:]]


# --- X12 --------------------------------------------------------------------------------------------------------------


def _free_x12(fixed: frozenset[str]) -> Callable[[Segment, int], Sequence[int]]:
    return lambda segment, number: range(1, len(segment)) if number and segment[0] not in fixed else ()


WORDS_X12 = ("^00", "1ZTRK", "LPX", "HBL", "AIRTRK", "LPTRK", "^LOAD", "INV")
FIXED_X12 = frozenset(("ISA", "GS", "ST", "SE", "GE", "IEA", "LX", "HL", "S5", "P4"))


def shipments_of(samples: Sequence[str], family: str, end: str, parting: str) -> list[Piece]:
    """Return the shipments of samples, taken apart into segments."""
    pieces: list[Piece] = []
    for one in samples:
        data = sample_of(one)
        starts, stop = taken_apart(data, family)
        text = data.decode("latin-1")
        pieces += [split(text[a:b], end, parting) for a, b in zip(starts, [*starts[1:], stop], strict=True)]
    return pieces


def _total(segment: list[str], bills: int) -> list[str]:
    """Return a header segment with the number of bills of this file where it tells one (M10-08, P4-03)."""
    at = {"M10": 8, "P4": 3}.get(segment[0], 0)
    return [*segment[:at], str(bills), *segment[at + 1 :]] if at and segment[at : at + 1] > [""] else segment


def x12_shipments(name: str, *samples: str, end: str = "~\n", take: int = 6, keep: int = 0) -> Frame:
    """Return a frame around the shipments of one set; further samples lend their shipments. keep: how many stand before in every file."""
    pieces = shipments_of(samples, "x12", "~", "*")
    first = sample_of(samples[0])
    starts, stop = taken_apart(first, "x12")
    head = split(first[: starts[keep]].decode(), "~", "*")
    tail = split(first[stop:].decode().lstrip("~\r\n"), "~", "*")
    pieces = pieces[:take]
    named = renaming(*WORDS_X12)

    def number(piece: Piece, number: int) -> Piece:
        new = named(piece, number)
        return _levels(new, 100 * number) if new[0][0] == "HL" else [_counter(new[0], number), *new[1:]]

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        own = [_total(segment, len(some)) for segment in head]
        count = len(head) - 2 + sum(map(len, some)) + sum(s[0] not in ("GE", "IEA") for s in tail)
        levels = sum(s[0] == "HL" for piece in (head, *some) for s in piece)
        last = [
            ["SE", str(count), *s[2:]] if s[0] == "SE" else ["CTT", str(levels)] if s[0] == "CTT" else s for s in tail
        ]
        return tuple_of(own, some, last, end, "*")

    return Frame(name, tuple(pieces), write, _free_x12(FIXED_X12), number, pools=pools_of(pieces), before=keep)


def x12_pages(name: str, *samples: str) -> Frame:
    """Return a frame around bills each of which has a page (P4) of its own: what stands above the shipments changes with them."""
    plain = x12_shipments(name, *samples)
    first = sample_of(samples[0])
    page = next(s for s in split(first.decode(), "~", "*") if s[0] == "P4")

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        head, bodies, tail = plain.write(some)
        return (
            head.replace(joined([page], "~\n", "*").encode(), b""),
            bodies,
            re.sub(rb"(?<=SE\*)[0-9]+", lambda m: b"%d" % (int(m[0]) - 1), tail),
        )

    def free(segment: Segment, number: int) -> Sequence[int]:
        return range(1, len(segment)) if segment[0] == "P4" or (number > 1 and plain.free(segment, number)) else ()

    def number(piece: Piece, number: int) -> Piece:
        at = next(n for n, segment in enumerate(piece) if segment[0] == "LX")
        return [*piece[:at], *plain.number(piece[at:], number)]

    pieces = tuple([[*page], *piece] for piece in plain.pieces)
    return Frame(name, pieces, write, free, number, pools=pools_of(pieces), keeps=frozenset(("P4",)))


def _levels(piece: Piece, base: int) -> Piece:
    """Return the levels of a shipment with numbers of their own; what stands above the shipment keeps its number."""
    top = piece[0][1]
    inside = {segment[1] for segment in piece if segment[0] == "HL"}

    def number(text: str) -> str:
        return str(base + int(text) - int(top)) if text in inside else text

    return [["HL", number(s[1]), number(s[2]), *s[3:]] if s[0] == "HL" else s for s in piece]


def x12_messages(name: str, *samples: str, end: str = "~\n") -> Frame:
    """Return a frame around whole sets ST to SE of one group."""
    pieces: list[Piece] = []
    for one in samples:
        segments = split(sample_of(one).decode("latin-1"), "~", "*")
        begins = [n for n, s in enumerate(segments) if s[0] == "ST"]
        ends = [n for n, s in enumerate(segments) if s[0] == "SE"]
        pieces += [segments[a : b + 1] for a, b in zip(begins, ends, strict=True)]
    first = split(sample_of(samples[0]).decode("latin-1"), "~", "*")
    head, tail = first[:2], first[-2:]
    named = renaming(*WORDS_X12)

    def number(piece: Piece, number: int) -> Piece:
        new = named(piece, number)
        return [["ST", new[0][1], f"{number:04d}", *new[0][3:]], *new[1:-1], ["SE", "0", f"{number:04d}"]]

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        counted = [[*p[:-1], ["SE", str(len(p)), *p[-1][2:]]] for p in some]
        return tuple_of(head, counted, [["GE", str(len(some)), *tail[0][2:]], *tail[1:]], end, "*")

    return Frame(name, tuple(pieces), write, _free_x12(FIXED_X12), number, "message", pools=pools_of(pieces))


def interchanges(name: str, *samples: str, between: bytes = b"") -> Frame:
    """Return a frame without anything around: whole files one behind the other, each with a control number of its own."""
    pieces = []
    for one in samples:
        text = sample_of(one).decode("latin-1")
        end, element = (text[105], text[3]) if text.startswith("ISA") else ("'", "+")
        if text.startswith("UNA"):
            end, element = text[8], text[4]
        pieces.append([[end, element], *split(text, end, element)])
    named = renaming(*WORDS_X12, *WORDS_EDIFACT)

    def number(piece: Piece, number: int) -> Piece:
        new = named(piece, number)
        for segment in new:
            if segment[0] in ("ISA", "UNB"):
                segment[13 if segment[0] == "ISA" else 5] = f"{number:09d}"
            elif segment[0] in ("IEA", "UNZ"):
                segment[2] = f"{number:09d}"
        return new

    fixed = FIXED_X12 | {"UNB", "UNH", "UNT", "UNZ", "UNG", "UNE", "CNI", "UNA:"}

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        texts = [
            joined(_counted(piece[1:]), piece[0][0] + "\n" * (piece[0][0] not in "\r\n"), piece[0][1]) for piece in some
        ]
        return b"", [coded(text) for text in texts], b""

    def free(segment: Segment, number: int) -> Sequence[int]:
        return range(1, len(segment)) if number > 1 and segment[0] not in fixed else ()

    return Frame(name, tuple(pieces), write, free, number, "interchange", between, pools_of(pieces))


def _counted(segments: Piece) -> Piece:
    """Return the segments with the counts of their trailers."""
    counted, begin = [], 0
    for number, segment in enumerate(segments):
        if segment[0] in ("ST", "UNH"):
            begin = number
        whole = segment[0] in ("SE", "UNT")
        counted.append([segment[0], str(number - begin + 1), *segment[2:]] if whole else segment)
    return counted


# --- EDIFACT ----------------------------------------------------------------------------------------------------------

FIXED_EDIFACT = frozenset(("UNB", "UNG", "UNH", "UNT", "UNE", "UNZ", "CNI"))


def _free_edifact(segment: Segment, number: int) -> Sequence[int]:
    return range(1, len(segment)) if number and segment[0] not in FIXED_EDIFACT else ()


def edifact_shipments(name: str, *samples: str, words: Sequence[str] = WORDS_EDIFACT) -> Frame:
    """Return a frame around the consignments of one message."""
    pieces = shipments_of(samples, "edifact", "'", "+")
    first = sample_of(samples[0])
    starts, stop = taken_apart(first, "edifact")
    head = split(first[: starts[0]].decode(), "'", "+")
    tail = split(first[stop:].decode().lstrip("'\r\n"), "'", "+")
    around = sum(s[0] not in ("UNA:", "UNB", "UNG") for s in head) + 1

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        own = [["CNT", f"10:{len(some)}"] if s[0] == "CNT" and s[1][:3] == "10:" else s for s in head]
        count = around + sum(map(len, some))
        return tuple_of(own, some, [["UNT", str(count), *s[2:]] if s[0] == "UNT" else s for s in tail], "'\n", "+")

    number = renaming(*words, first=_counter)
    return Frame(name, tuple(pieces), write, _free_edifact, number, pools=pools_of(pieces))


def edifact_messages(name: str, *samples: str) -> Frame:
    """Return a frame around whole messages UNH to UNT of one interchange."""
    pieces: list[Piece] = []
    for one in samples:
        segments = split(sample_of(one).decode("latin-1"), "'", "+")
        begins = [n for n, s in enumerate(segments) if s[0] == "UNH"]
        ends = [n for n, s in enumerate(segments) if s[0] == "UNT"]
        pieces += [segments[a : b + 1] for a, b in zip(begins, ends, strict=True)]
    first = split(sample_of(samples[0]).decode("latin-1"), "'", "+")
    named = renaming(*WORDS_EDIFACT, first=_counter)

    def number(piece: Piece, number: int) -> Piece:
        return [*named(piece, number)[:-1], ["UNT", "0", str(number)]]

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        counted = [[*p[:-1], ["UNT", str(len(p)), *p[-1][2:]]] for p in some]
        return tuple_of(first[:1], counted, [["UNZ", str(len(some)), first[-1][2]]], "'\n", "+")

    return Frame(name, tuple(pieces), write, _free_edifact, number, "message", pools=pools_of(pieces))


# --- Cargo-IMP --------------------------------------------------------------------------------------------------------


def cargo_imp_houses(name: str, *samples: str) -> Frame:
    """Return a frame around the houses of an FHL list."""
    texts = [sample_of(one).decode() for one in samples]
    head = texts[0][: texts[0].index("HBS/")]
    parts = [part for text in texts for part in re.split(r"(?m)^(?=HBS/)", text)[1:]]
    pieces = [split(part, "\n", "/") for part in parts]

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        return head.encode(), [coded(joined(piece, "\n", "/")) for piece in some], b""

    return Frame(name, tuple(pieces), write, _free_imp, renaming("GWH00"), pools=pools_of(pieces))


def cargo_imp_messages(name: str, *samples: str) -> Frame:
    """Return a frame without anything around: whole messages one behind the other."""
    pieces = [split(sample_of(one).decode(), "\n", "/") for one in samples]

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        return b"", [coded(joined(piece, "\n", "/")) for piece in some], b""

    return Frame(name, tuple(pieces), write, _free_imp, renaming("GWH00"), "message", b"\n", pools_of(pieces))


def _free_imp(segment: Segment, number: int) -> Sequence[int]:
    return range(1, len(segment)) if number and segment[0] not in ("HBS", "MBI") else ()


# --- what all of them need --------------------------------------------------------------------------------------------


def sample_of(name: str) -> bytes:
    """Return a sample of fixtures ("x12/01"), or an example of a mapping ("x12_204/two_deliveries.edi")."""
    from gateway.site import base_mappings

    folder, _, rest = name.partition("/")
    path = base_mappings() / folder / "examples" / rest
    return (path.read_bytes() if path.is_file() else sample(name)).replace(b"\r\n", b"\n")


def coded(text: str) -> bytes:
    """Return the bytes of a text: those of Latin-1 where it can be, as the samples were read, else UTF-8."""
    return text.encode("utf-8")


def tuple_of(
    head: Piece, some: Sequence[Piece], tail: Piece, end: str, element: str
) -> tuple[bytes, list[bytes], bytes]:
    """Return the bytes of head, pieces and tail."""
    return (
        joined(head, end, element).encode(),
        [coded(joined(piece, end, element)) for piece in some],
        joined(tail, end, element).encode(),
    )
