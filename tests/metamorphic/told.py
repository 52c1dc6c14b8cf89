"""What becomes of a file, shipment by shipment, in a form in which two files can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway.findings import NOWHERE, Finding
from gateway.history import History, MemoryHistory, ShipmentClaim
from gateway.profile import Profile
from gateway.results import Delivery, MessageFinding, Outcome, ShipmentResult
from gateway.translate import translate
from tests.metamorphic.frames import Spans

NOW = datetime(2025, 1, 14, 10, 0, tzinfo=UTC)

OF_SEVERAL = frozenset(("S321-DUP", "S321-AGG-800", "S321-AGG-NEAR", "Q-TWIN", "S321-AMEND-NF", "S321-FILER-MIXED"))
"""Rules about several shipments: the same one again, one person's goods of a day, parcels that look alike, amendments, modes of a message."""

ONCE = frozenset(
    (
        *("XML-UNKNOWN-ELEMENT", "XML-UNKNOWN-ATTRIBUTE", "XML-UNIT", "XML-ORDER", "XML-NOT-READ"),
        *("XML-MISSING", "MAP-PARTY-ROLE"),
        *("ENC-UTF8-ASSUMED", "ENC-CP1252-ASSUMED", "ENC-MISMATCH", "ENC-INVALID"),
        *("X12-NOISE-BETWEEN-SEGMENTS", "X12-SEG-EMPTY", "X12-WRAPPED-LINES", "X12-BREAK-IN-DATA"),
        *(
            "CARGO-IMP-CHAR",
            "CARGO-IMP-LONG",
            "EDIFACT-CHARACTER",
            "EDIFACT-WRAPPED-LINES",
            "EDIFACT-BREAK-IN-DATA",
            "CSV-EXTRA-COLUMN",
        ),
    )
)
"""Rules that tell each thing once for a message, where it stands first."""

FIRST = frozenset(("EDIFACT-CHARACTER", "CARGO-IMP-CHAR", "CARGO-IMP-LONG"))
"""Those of them whose words name the first place."""

_NUMBERS = frozenset(("UCS", "AK302", "IK302"))
"""Codes that say how many segments stand before in the message."""

_PLACES = re.compile(
    r"(?<=lines )[0-9]+ to [0-9]+|(?<=[(]segment )[0-9]+|(?<=in line )[0-9]+|(?<=[(]the first is row )[0-9]+"
)
"""Places of the file in the words of a finding."""

_WHAT_FOLLOWS = frozenset(("EDIFACT-SEG-MISSING",))
"""Rules whose place is the segment behind the shipment: the next shipment, or the trailer."""


@dataclass(frozen=True)
class Told:
    """Of one shipment. id: "" when it has none but its place; canonical: its JSON, None when it is not delivered; findings: without their place in the file."""

    verdict: str
    id: str
    identifiers: tuple[tuple[str, str], ...]
    canonical: bytes | None
    findings: tuple[tuple[int, tuple[Any, ...]], ...]  # with the piece in which each lies, -1: no byte says
    apart: bool  # a rule about several shipments had its say: verdict and canonical depend on the others


@dataclass(frozen=True)
class File:
    """shipments: in file order; above: findings above the shipments that lie in each piece; around: all others."""

    shipments: list[Told]
    above: list[list[tuple[Any, ...]]]
    around: list[tuple[Any, ...]]
    format: str


class NoHistory(MemoryHistory):
    """A gateway that remembers nothing of other files or batches."""

    def shipments(self, keys: Sequence[str]) -> list[ShipmentClaim | None]:
        return [None for _ in keys]

    def interchange(self, sender: str, receiver: str, control_number: str) -> str | None:
        return None


def run(
    data: bytes | Iterable[bytes], profile: Profile, name: str = "m", history: History | None = None
) -> tuple[Outcome, list[Delivery]]:
    """Return what `translate` yields."""
    chunks = [data] if isinstance(data, bytes) else data
    outcome: Outcome | None = None
    pieces: list[Delivery] = []
    for piece in translate(chunks, profile, NOW, history or NoHistory(), name=name, sha256="0" * 64, receipt_id="R1"):
        if isinstance(piece, Delivery):
            pieces.append(piece)
        else:
            outcome = piece
    assert outcome is not None
    return outcome, pieces


def told(data: bytes, spans: Spans, profile: Profile, name: str = "m", history: History | None = None) -> File:
    """Return what becomes of a file whose pieces stand at `spans`."""
    outcome, pieces = run(data, profile, name, history)
    bodies = [msgspec.json.decode(b"[" + p.data + b"]", type=list[msgspec.Raw]) for p in pieces if p.kind == "shipment"]
    canonical = iter([bytes(one) for body in bodies for one in body])
    shipments: list[Told] = []
    above: list[list[tuple[Any, ...]]] = [[] for _ in spans]
    around: list[tuple[Any, ...]] = []
    for record in outcome.records:
        if isinstance(record, ShipmentResult):
            delivered = next(canonical) if record.verdict == "accepted" else None
            found = [_plain(f, spans) for f in record.findings if f.rule not in OF_SEVERAL]
            own = [one for one in found if one[0] is not None and one[1][0] not in ONCE]
            around += [
                plain for where, plain in found if where is None or plain[0] in ONCE
            ]  # of the header: told with the first shipment
            shipments.append(
                Told(
                    record.verdict, "" if record.id == record.label else record.id, tuple(sorted(record.identifiers.items())), delivered,
                    tuple(sorted(own, key=repr)), len(found) < len(record.findings),
                )
            )  # fmt: skip
        elif isinstance(record, MessageFinding):
            where, plain = _plain(record.finding, spans)
            (around if where is None or where < 0 else above[where]).append(plain)
    assert next(canonical, None) is None, "more is delivered than was accepted"
    return File(shipments, above, around, outcome.format)


def _plain(f: Finding, spans: Spans) -> tuple[int | None, tuple[Any, ...]]:
    """Return the piece in which a finding lies (-1: no byte says, None: outside), and the finding with its place in the piece."""
    p, message = f.position, _PLACES.sub("#", f.message)
    where = next((n for n, (a, b) in enumerate(spans) if p.offset is not None and a <= p.offset < b), None)
    offset = p.offset - spans[where][0] if where is not None and p.offset is not None else None
    if p.offset is None:
        where = -1
    if f.rule in _WHAT_FOLLOWS:
        message, p, where, offset = re.sub(" before [A-Z]{3} .*", "", f.message), NOWHERE, -1, None
    path = re.sub(r"\[[0-9]+\]", "", p.xpath)
    column = (
        re.sub(r"\[[0-9]+\]", "", p.column) if f.value is not None else ""
    )  # a key that others have is an empty cell
    place = (
        offset, p.length if where is not None else None, p.segment, p.loop, p.element, p.component, p.repetition,
        p.data_element, path, column,
    )  # fmt: skip
    codes = tuple(sorted((code, value) for code, value in f.ack.items() if code not in _NUMBERS))
    return where, (
        f.rule,
        str(f.severity),
        str(f.scope),
        message,
        f.target,
        f.value,
        f.pointer,
        f.fix,
        codes,
        f.row,
        f.personal,
        place,
    )
