"""What FMA and FNA share: the results of the messages of a file, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.findings import Finding, Severity
from gateway.results import AckRequest, MessageClosed, MessageFinding, MessageOpened, ShipmentResult

ANSWERED = frozenset(("FWB", "FHL", "FFM", "FRI", "FRC", "FRX", "FXI", "FXC", "FXX"))
WIDTH = 65
"""Characters of an ACK line behind its identifier."""


@dataclass
class Result:
    """One message: its lines, what is said of it, and whether anything of it was refused.

    first: number of its identifier line in the file.
    """

    opened: MessageOpened
    first: int = 1
    lines: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    refused: bool = False


def results(request: AckRequest) -> Iterator[Result]:
    """Yield the results of all messages that are answered."""
    if request.profile.acks.functional == "none":
        return
    current: Result | None = None
    for record in request.own_records(clean=True):
        if isinstance(record, MessageOpened):
            current = Result(record) if record.type in ANSWERED else None
        elif current is None:
            continue
        elif isinstance(record, MessageFinding):
            current.findings.append(record.finding)
        elif isinstance(record, ShipmentResult):
            current.findings += record.findings
            current.refused = current.refused or record.verdict == "rejected"
        elif isinstance(record, MessageClosed):
            current.lines = [elements[0] for _, elements in record.header]
            current.first = record.header[0][0] if record.header else 1
            current.refused = current.refused or record.refused or record.index in request.refused
            yield current
            current = None


def errors(result: Result) -> list[Finding]:
    """Return the errors of a message."""
    return [f for f in result.findings if f.severity is Severity.ERROR]


def text(words: str) -> str:
    """Return words as a Type B line may hold them: capitals, digits, blank, point and dash."""
    upper = words.upper().replace("_", " ").replace(",", " ")
    return " ".join("".join(c if c.isascii() and (c.isalnum() or c in " .-") else " " for c in upper).split())
