"""FNA/1: the message was refused, with the reasons, one a line; the received message follows, as it came.

There is no code list and no pointer: the sender reads the waybill from the repeated text. Ours: `RULE Lnn SEG text`,
nn counting the lines of the repeated message; nine lines at most, the reject file has them all.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.findings import Finding
from gateway.formats.cargo_imp.answers import WIDTH, Result, errors, results, text
from gateway.formats.whole_words import whole_words
from gateway.results import AckRequest

MOST = 9


def write_fna(request: AckRequest) -> Iterator[bytes]:
    """Yield one FNA for each message of which something was refused."""
    for result in results(request):
        if not result.refused:
            continue
        told = errors(result)
        reasons = [_reason(finding, result) for finding in told[:MOST]] or ["REFUSED WITH THE FILE IT CAME IN"]
        if len(told) > MOST:
            reasons.append(f"... {len(told) - MOST} MORE")
        lines = ["FNA/1", f"ACK/{reasons[0]}", *(f"/{reason}" for reason in reasons[1:]), *result.lines]
        yield "".join(f"{line}\r\n" for line in lines).encode()


def _reason(finding: Finding, result: Result) -> str:
    place = finding.position
    line = f"L{place.line - result.first + 1}" if place.line and place.line >= result.first else ""
    words = " ".join(w for w in (finding.rule, line, place.segment[:3], text(finding.message)) if w)
    return whole_words(words, WIDTH)
