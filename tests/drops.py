"""Drops a file into the core and keeps all that comes out: deliveries, answers, outcome."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.findings import Finding
from gateway.history import History, MemoryHistory
from gateway.profile import AckPolicy, Profile
from gateway.results import Delivery, MessageFinding, Outcome, ShipmentResult
from gateway.sharing import Others
from gateway.site import base_site
from gateway.translate import translate

FIXTURES = Path(__file__).parent.parent / "fixtures"
NOW = datetime(2025, 3, 3, 10, 0, tzinfo=UTC)
SAMPLES_NOW = datetime(2025, 1, 14, 10, 0, tzinfo=UTC)
"""A day before the arrivals in fixtures/x12."""


def chunks_of(data: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    """Yield a file in chunks of the sizes given, in turn, and then what is left of it."""
    at = 0
    for size in sizes:
        if at >= len(data):
            break
        yield data[at : at + size]
        at += size
    yield data[at:]


def sample(name: str) -> bytes:
    """Return a file of fixtures by the beginning of its name: "x12/01", "cases/S032"."""
    folder, _, start = name.partition("/")
    (path,) = sorted((FIXTURES / folder).glob(f"{start}*"))
    return path.read_bytes()


def x12_samples() -> list[Path]:
    """Return all X12 files of fixtures, the damaged ones too."""
    return sorted([*(FIXTURES / "x12").glob("*.edi"), *(p for p in (FIXTURES / "cases").glob("S*.edi") if _is_x12(p))])


def _is_x12(path: Path) -> bool:
    head = path.read_bytes()[:4000]
    return b"ISA" in head and b"UNB" not in head


@dataclass
class Drop:
    """What became of one file. answers: kind -> bytes, several of one kind joined; names: in the order they are sent."""

    outcome: Outcome
    deliveries: list[Delivery]
    answers: dict[str, bytes]
    names: list[str]

    def segments(self, kind: str) -> list[str]:
        """Return the segments of an X12 answer in the usual separators, without ISA, GS and their trailers."""
        lines = self.answers.get(kind, b"").decode("ascii").split("~\n")
        return [s for s in lines if s and s[:3] not in ("ISA", "GS*", "GE*", "IEA")]

    def findings(self) -> list[Finding]:
        return list(findings_of(self.outcome))

    def rules(self) -> set[str]:
        return {f.rule for f in self.findings()}

    def rejects(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.answers["rejects"].decode("utf-8-sig"), newline="")))

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.answers["report"])
        return found

    def receipt(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.answers["receipt"])
        return found

    def messages(self) -> list[dict[str, Any]]:
        """Return the canonical messages that stay delivered."""
        bodies: dict[str, list[bytes]] = {}
        for piece in self.deliveries:
            bodies.setdefault(piece.key, []).append(piece.data)
        kept = (parts for key, parts in bodies.items() if key not in self.outcome.refused_keys)
        return [json.loads(parts[0] + b",".join(parts[1:-1]) + parts[-1]) for parts in kept]

    def counts(self) -> tuple[int, int, int, int]:
        c = self.outcome.counts
        return c.found, c.accepted, c.rejected, c.duplicate


def findings_of(outcome: Outcome) -> Iterator[Finding]:
    for record in outcome.records:
        if isinstance(record, MessageFinding):
            yield record.finding
        elif isinstance(record, ShipmentResult):
            yield from record.findings


def profile_for(data: bytes, **changes: Any) -> Profile:
    """Return the built-in profile of a file's sender; acks: a dict of AckPolicy fields."""
    acks = changes.pop("acks", None)
    profile = replace(base_site().profile_for(data), **changes)
    return replace(profile, acks=AckPolicy(**acks)) if acks else profile


def drop(
    data: bytes,
    history: History | None = None,
    *,
    name: str = "drop.edi",
    now: datetime = NOW,
    profile: Profile | None = None,
    chunks: Iterable[bytes] | None = None,
    others: Others | None = None,
    **changes: Any,
) -> Drop:
    """Translate a file and read all its answers. changes: fields of the partner's profile."""
    deliveries: list[Delivery] = []
    outcome: Outcome | None = None
    chosen = profile or profile_for(data, **changes)
    digest = hashlib.sha256(data).hexdigest()
    for piece in translate(
        (data,) if chunks is None else chunks, chosen, now, history or MemoryHistory(), name=name, size=len(data),
        sha256=digest, receipt_id="R000001", others=others,
    ):  # fmt: skip
        if isinstance(piece, Delivery):
            deliveries.append(piece)
        else:
            outcome = piece
    assert outcome is not None
    answers: dict[str, bytes] = {}
    names = []
    for ack in outcome.acks:
        answers[ack.kind] = answers.get(ack.kind, b"") + b"".join(ack.chunks)
        names.append(ack.name)
    return Drop(outcome, deliveries, answers, names)


def x12_drop(number: str, history: History | None = None, **changes: Any) -> Drop:
    """Drop a sample of fixtures/x12 on the day before its arrival."""
    return drop(sample(f"x12/{number}"), history, now=SAMPLES_NOW, **changes)
