"""What the lines of a message hold that no mapping can read: fields too many, a line twice, the end of a cut message."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.cargo_imp.message import RATE, ImpNode
from gateway.formats.cargo_imp.split import Text
from gateway.records import Node

_AWB_LENGTH = 12  # 999-12345675
_RATE_PARTS = frozenset(("NG", "NH", "NO", "NC", "ND", "NV", "NU", "NS"))
_ENDS = {"FFM": ("LAST", "CONT"), "FWB": ("ISU",)}  # lines that end a message, or come late in it


def line_twice(node: Node, once: frozenset[str]) -> Iterator[Finding]:
    """Yield lines that may stand once below a node and stand there again with other content."""
    for tag in sorted(once & (node.children or {}).keys()):
        first, *others = (node.children or {})[tag]
        for other in others:
            if other.elements != first.elements:
                said = f"The line {tag} stands here again, with other content than in line {first.line}: which one is meant cannot be told."
                yield Finding("CARGO-IMP-TWICE", Severity.ERROR, Scope.MESSAGE, said, other.place())
                break


def fields_left(node: Node, most: dict[str, int]) -> Iterator[Finding]:
    """Yield fields and continuation lines behind the last field that a line has: they are not passed on."""
    for below in node.walk():
        number = most.get(below.tag)
        if number is None:
            continue
        surplus = [f for f in below.elements[number + 1 :] if f]
        surplus += [f for more in (below.children or {}).get("MORE", ()) for f in more.elements[1:] if f]
        if surplus:
            what = "is one field" if len(surplus) == 1 else f"are {len(surplus)} fields"
            said = f"Behind field {number} of {below.tag}, its last, there {what} more: not passed on."
            yield Finding("CARGO-IMP-FIELDS", Severity.WARNING, Scope.MESSAGE, said, below.place(number + 1))


def words_cut(node: Node) -> Iterator[Finding]:
    """Yield the texts of which one line is full and the next goes on: nobody can tell whether a word was cut."""
    for below in node.walk():
        if isinstance(below, ImpNode) and below.wrapped:
            said = f"A line of the text ({below.tag}) is filled to its last column and the text goes on: a word that was cut there is read as two."
            yield Finding("CARGO-IMP-WRAP", Severity.INFO, Scope.MESSAGE, said, below.place())


def rates_left(node: Node) -> Iterator[Finding]:
    """Yield the rate descriptions with continuation lines that have no code of theirs: what they say is not passed on."""
    for rate in (node.children or {}).get("RTD", ()):
        parts = [part for parts in (rate.children or {}).values() for part in parts]
        lost = [part for part in parts if part.tag not in _RATE_PARTS and not RATE.fullmatch(part.tag)]
        if lost:
            what = "a continuation line" if len(lost) == 1 else f"{len(lost)} continuation lines"
            said = f"The rate description (RTD) has {what} without one of its codes (NG for goods): not passed on."
            yield Finding(
                "CARGO-IMP-FIELDS", Severity.WARNING, Scope.MESSAGE, said, replace(lost[0].place(), segment="RTD")
            )


def house_glued(node: Node) -> Iterator[Finding]:
    """Yield the waybill lines of CBP whose house number stands behind the waybill number without a dash."""
    for line in (node.children or {}).get("AWB", ()):
        if line.element(1)[_AWB_LENGTH : _AWB_LENGTH + 1] not in ("", "-", " "):
            said = f'Behind the waybill number stands "{line.element(1)[_AWB_LENGTH:][:35]}": a dash must part it from the house number.'
            yield Finding("CARGO-IMP-FIELDS", Severity.ERROR, Scope.MESSAGE, said, line.place(1))


def cut(text: Text, blocks: list[ImpNode], most: dict[str, int], place: Position) -> Iterator[Finding]:
    """Yield what shows that the end of a message is missing. place: of its last line."""
    last = blocks[-1] if blocks else None
    open_line = not text.lines[-1].ended
    ends = _ENDS.get(text.kind, ())
    if ends and not any(block.tag in ends for block in blocks):
        said = f"The {text.kind} has no line {' or '.join(ends)}: its end may be missing."
        yield Finding("CARGO-IMP-CUT", Severity.WARNING, Scope.MESSAGE, said, place)
    elif (
        open_line
        and last is not None
        and last.line == text.lines[-1].number
        and len(last.elements) <= most.get(last.tag, 0)
    ):
        said = f"The file ends in the middle of the line {last.tag}: fields are missing, and the last one may be cut."
        yield Finding("CARGO-IMP-CUT", Severity.ERROR, Scope.MESSAGE, said, place)
    elif open_line:
        said = "The file ends without a line end: its last line may be cut."
        yield Finding("CARGO-IMP-CUT", Severity.WARNING, Scope.MESSAGE, said, place)
