"""Cargo-IMP file -> events: each message with its shipments.

FHL with one house is a shipment; with several it is a check list: parties and value exist once per message, so its
houses are parts. FWB and FRI are shipments; FWB of a consolidation (NC) and FFM give facts of masters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.cargo_imp.leftover import cut, fields_left, house_glued, line_twice, rates_left, words_cut
from gateway.formats.cargo_imp.message import ImpNode, block, control_location, fields_of, tag_of
from gateway.formats.cargo_imp.split import IDENTIFIER, MAX_LINE, MAX_LINES, Line, Text, split_messages
from gateway.formats.cargo_imp.totals import house_totals, rate_totals
from gateway.formats.notes import Notes
from gateway.profile import Profile
from gateway.records import (
    Acknowledged,
    Event,
    Group,
    GroupBegin,
    GroupEnd,
    Interchange,
    InterchangeBegin,
    InterchangeEnd,
    Message,
    MessageBegin,
    MessageEnd,
    Unit,
)
from gateway.shipped import files, table_rows

WIDTH = 69
"""Characters of a Type B line."""

_LOST = 3  # lines of messages outside of one that are no accident

_ALLOWED = re.compile(r"[A-Z0-9 ./,\-]*")


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of lines.csv. once: lines that stand once; most: fields of the lines whose number is known.

    versions: those that we know, () where the identifier has none.
    """

    role: str
    versions: tuple[str, ...]
    lines: frozenset[str]
    name_on: str
    once: frozenset[str]
    most: dict[str, int]


@cache
def kinds() -> dict[str, Kind]:
    """Return the messages we know."""
    rows = table_rows(files(__package__).joinpath("lines.csv").read_text("utf-8"))
    return {
        r["message"]: Kind(
            r["role"], tuple(r["versions"].split()), frozenset(r["lines"].split()), r["party_name"], frozenset(r["once"].split()),
            {tag: int(number) for tag, _, number in (f.partition("=") for f in r["fields"].split())},
        )
        for r in rows
    }  # fmt: skip


class ImpReader:
    """Reads one file."""

    def __init__(self, profile: Profile, scale: tuple[int, int] = (0, 1)) -> None:
        self._profile, self._scale = profile, scale
        self._interchange, self._group = Interchange("cargo_imp", 0), Group(0)
        self._messages = 0

    def read(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Yield events; never raises on data."""
        yield InterchangeBegin(self._interchange)
        yield GroupBegin(self._group)
        for text in split_messages(chunks, self._scale, fold=self._profile.fold_case):
            if text.stray:
                yield self._stray(text.stray)
            if text.kind:
                yield from self._message(text)
        yield GroupEnd(self._group, received=self._messages)
        yield InterchangeEnd(self._interchange, received=self._messages)

    def _stray(self, lines: list[Line]) -> Finding:
        """Return what is said of lines outside of messages: those of a message show that its identifier is damaged."""
        small = next((line for line in lines if IDENTIFIER.fullmatch(line.text.strip().upper())), None)
        if small is not None:
            said = f'The identifier line "{small.text.strip()}" is in small letters: no message was read from here on.'
            return Finding("CARGO-IMP-LOST", Severity.ERROR, Scope.MESSAGE, said, self._place(small))
        tags = {tag for kind in kinds().values() for tag in kind.lines}
        lost = sum(line.text[:3] in tags and line.text[3:4] in ("/", "") for line in lines)
        said = f"{len(lines)} lines before a message belong to none and were not used"
        if lost < _LOST:
            return Finding("CARGO-IMP-STRAY", Severity.WARNING, Scope.INTERCHANGE, f"{said}.", self._place(lines[0]))
        said = f"{said}; they look like a message without an identifier line."
        return Finding("CARGO-IMP-LOST", Severity.ERROR, Scope.MESSAGE, said, self._place(lines[0]))

    def _message(self, text: Text) -> Iterator[Event]:
        kind = kinds().get(text.kind)
        first = text.lines[0]
        root = ImpNode(text.kind, [text.kind, text.version], first.offset, first.length, first.number, 1, lines=[(line.number, line.came) for line in text.lines])  # fmt: skip
        message = Message(
            f"cargo_imp_{text.kind.lower()}", text.kind, text.version, "", self._messages, root, self._interchange, self._group
        )  # fmt: skip
        self._messages += 1
        yield MessageBegin(message)
        if kind is None:
            yield self._said("CARGO-IMP-UNKNOWN", f"Message {text.kind} is known, but not one that we read.", first)
        elif kind.role == "answer":
            yield self._answer(text)
        else:
            yield from self._body(text, kind, message)
        yield MessageEnd(message, len(text.lines))

    def _body(self, text: Text, kind: Kind, message: Message) -> Iterator[Event]:
        blocks: list[ImpNode] = []
        if text.version and kind.versions and text.version not in kind.versions:
            known = " and ".join(f"{text.kind}/{version}" for version in kind.versions)
            said = f"{text.kind}/{text.version} is not known ({known} are); it was read as such."
            yield Finding("CARGO-IMP-VERSION", Severity.WARNING, Scope.MESSAGE, said, self._place(text.lines[0]))
        if text.too_long:
            said = f"The message has more than {MAX_LINES} lines, or one of more than {MAX_LINE} bytes."
            yield self._said("CARGO-IMP-LIMIT", said, text.lines[-1])
        for lines in self._blocks(text, kind):
            if isinstance(lines, Finding):
                yield lines
            else:
                tag = "CCL" if "CCL" in kind.lines and control_location(lines[0].text) else tag_of(lines[0].text)
                blocks += block(tag, lines, name_on=kind.name_on)
        yield from self._characters(text)
        yield from cut(text, blocks, kind.most, self._place(text.lines[-1]))
        if kind.role == "flight" and len(text.lines) == 1:  # nothing else of it would be missed
            yield self._said(
                "CARGO-IMP-LINE", "The message ends behind its first line: no flight is named.", text.lines[0]
            )
        builder = {"house": self._houses, "waybill": self._waybill, "flight": self._flight}[kind.role]
        yield from builder(blocks, message)

    def _leftovers(self, nodes: list[ImpNode], kind: Kind) -> Iterator[Finding]:
        for node in nodes:
            yield from line_twice(node, kind.once)
            yield from rates_left(node)
            yield from fields_left(node, kind.most)
        yield from islice((told for node in nodes for told in words_cut(node)), 1)

    def _blocks(self, text: Text, kind: Kind) -> Iterator[list[Line] | Finding]:
        """Yield a line with its continuation lines; a line that is neither is told and left out."""
        current: list[Line] = []
        for line in text.lines[1:]:
            tag = tag_of(line.text)
            party = bool(current) and tag_of(current[0].text) in ("SHP", "CNE", "NFY")
            further_text = tag == "TXT" and bool(current) and tag_of(current[0].text) == "TXT"
            if tag == "" or further_text or (tag in ("NAM", "ADR", "LOC") and party):
                current.append(line)
                continue
            airport = "CCL" in kind.lines and bool(control_location(line.text))
            if tag in kind.lines or airport or (kind.role == "flight" and tag not in ("?",)) or (kind.role == "flight" and line.text[:1].isdigit()):  # fmt: skip
                if current:
                    yield current
                current = [line] if tag in kind.lines or airport else []
                continue
            said = f'Line "{line.text[:3]}" is not one of a {text.kind}; a continuation line starts with a slant.'
            yield self._said("CARGO-IMP-LINE", said, line)
        if current:
            yield current

    def _characters(self, text: Text) -> Iterator[Finding]:
        """Tell of lines too long and of characters that Type B does not have, each once."""
        long = next((line for line in text.lines if len(line.text) > WIDTH), None)
        if long is not None:
            said = f"The line has {len(long.text)} characters; {WIDTH} fit into a Type B line."
            yield Finding("CARGO-IMP-LONG", self._weight(), Scope.MESSAGE, said, self._place(long))
        odd = next((line for line in text.lines if not _ALLOWED.fullmatch(line.came)), None)
        if odd is not None:
            sign = next(c for c in odd.came if not _ALLOWED.fullmatch(c))
            what = (
                "small letters"
                if sign.islower() and sign.isascii()
                else f'the character "{sign if sign.isprintable() else "?"}"'
            )
            said = f"The message holds {what}, which Cargo-IMP does not have{'; they were read as capitals' if odd.received else ''}."
            yield Finding("CARGO-IMP-CHAR", self._weight(), Scope.MESSAGE, said, self._place(odd))

    def _weight(self) -> Severity:
        return Severity.ERROR if self._profile.tolerance == "strict" else Severity.WARNING

    # --- units ------------------------------------------------------------------------------------------------

    def _houses(self, blocks: list[ImpNode], message: Message) -> Iterator[Event]:
        houses: list[ImpNode] = []
        shared: list[ImpNode] = []
        for node in blocks:
            if node.tag == "HBS":
                houses.append(node)
            elif node.tag in ("SHP", "CNE", "CVD"):
                shared.append(node)
            elif houses and node.tag in ("TXT", "HTS", "OCI"):
                houses[-1].take(node)
            else:
                message.root.take(node)
        if len(houses) == 1:
            for node in shared:
                houses[0].take(node)
        yield from house_totals(message.root, houses)
        yield from self._leftovers([message.root, *houses], kinds()[message.type])
        yield from self._notes(houses, message)
        role = "shipment" if len(houses) == 1 else "part"
        for number, house in enumerate(houses, 1):
            yield Unit(message, number, house, f"HBS {number}", role)
        if not houses:
            yield self._said("CARGO-IMP-LINE", "The message has no house line (HBS).", Line("", message.root.offset, 0, message.root.line))  # fmt: skip

    def _notes(self, units: list[ImpNode], message: Message) -> Iterator[Finding]:
        """Tell of customs notes that no row reads."""
        notes = Notes(message, self._profile, "OCI")
        for unit in units:
            oci = (unit.children or {}).get("OCI", ())
            notes.look((n.element(2), n.element(3), n.element(4), n.place) for n in oci)
        if (remark := notes.remark()) is not None:
            yield remark

    def _waybill(self, blocks: list[ImpNode], message: Message) -> Iterator[Event]:
        unit = ImpNode("WB", ["WB"], message.root.offset, message.root.length, message.root.line, 1)
        for node in blocks:
            unit.take(node)
        kind = kinds()[message.type]
        yield from self._leftovers([unit], kind)
        if "CCL" in kind.lines:
            yield from house_glued(unit)
        rates = (unit.children or {}).get("RTD", [])
        yield from rate_totals(unit)
        master = any(n.element(1).endswith("-M") for n in (unit.children or {}).get("AWB", []))  # CBP: 999-12345675-M
        consolidation = master or any("NC" in (r.children or {}) for r in rates)
        if not consolidation:
            yield from self._notes([unit], message)
        yield Unit(message, 1, unit, message.type, "master" if consolidation else "shipment")

    def _flight(self, blocks: list[ImpNode], message: Message) -> Iterator[Event]:
        for number, node in enumerate((b for b in blocks if b.tag == "AWB"), 1):
            yield Unit(message, number, node, f"AWB {number}", "master")

    # --- answers and places -----------------------------------------------------------------------------------

    def _answer(self, text: Text) -> Acknowledged:
        """Return what an answer to us says: result A (accepted), R (refused) or the status code."""
        tags = [(tag_of(line.text), line) for line in text.lines]
        reasons = [f for tag, line in tags if tag in ("ACK", "ERR") for f in fields_of(line.text)]
        status = next((next(iter(fields_of(line.text)), "") for tag, line in tags if tag == "CSN"), "")
        number = next((next(iter(fields_of(line.text)), "") for tag, line in tags if tag in ("HBS", "AWB", "MBI")), "")
        result = status or ("R" if text.kind in ("FNA", "FER", "PER") else "A")
        return Acknowledged(
            "status", number, result, self._place(text.lines[0]), text="; ".join(r for r in reasons if r)[:500]
        )

    def _said(self, rule: str, said: str, line: Line) -> Finding:
        return Finding(rule, Severity.ERROR, Scope.MESSAGE, said, self._place(line))

    def _place(self, line: Line) -> Position:
        return Position(offset=line.offset, length=line.length, line=line.number, segment=line.text[:3])
