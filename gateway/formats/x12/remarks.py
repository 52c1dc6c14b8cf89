"""What the tokenizer says of bytes that are not as they should be: damage refuses the interchange, the rest is a warning."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from gateway.findings import Finding, Position, Scope, Severity

BLANKS = "\r\n\t "
"""What may stand around a segment."""

_TA1 = {
    "X12-TRUNCATED": "023",
    "X12-ISA-UNREADABLE": "022",
    "X12-ISA16": "027",
    "X12-SEPARATORS": "026",
    "X12-SEG-TOO-LONG": "022",
}


def fault(rule: str, message: str, position: Position) -> Finding:
    """Return a finding about the interchange: an error with its TA105 where the rule refuses it, else a warning."""
    note = _TA1.get(rule)
    severity = Severity.ERROR if note else Severity.WARNING
    ack = {"TA104": "R", "TA105": note} if note else {}
    return Finding(rule, severity, Scope.INTERCHANGE, message, position, ack=ack)


class Remarks:
    """Warnings that are given once in an interchange. said: the rules that were."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def once(self, rule: str, message: str, position: Position) -> Iterator[Finding]:
        """Yield the finding unless the rule was said before."""
        if rule not in self.said:
            self.said.add(rule)
            yield fault(rule, message, position)

    def around(self, raw: str, terminator: str, here: Position) -> Iterator[Finding]:
        """Blanks and blank lines around a segment, or nothing at all between two terminators; raw: what stands there."""
        if not raw.strip(BLANKS):
            if terminator in "\r\n" or "X12-SEG-EMPTY" in self.said:
                yield from self.once(
                    "X12-NOISE-BETWEEN-SEGMENTS", "Blank lines stand between the segments; they were skipped.", here
                )
            else:
                said = "An empty segment (two terminators in a row) was skipped."
                yield from self.once("X12-SEG-EMPTY", said, here)
        elif raw[-1] != " " or raw.lstrip("\r\n")[0] in " \t":
            yield from self.once(
                "X12-NOISE-BETWEEN-SEGMENTS", "Blanks or blank lines stand before a segment; they were skipped.", here
            )

    def decode(self, raw: bytes, here: Position, *, transcoded: bool) -> Generator[Finding, None, str]:
        """Return the text of bytes of which some are above 127: UTF-8 when they are valid UTF-8, else Windows-1252.

        transcoded: the file was made UTF-8 by us, so that its letters are no remark.
        """
        try:
            decoded = raw.decode("utf-8")
        except UnicodeDecodeError:
            yield from self.once(
                "ENC-CP1252-ASSUMED",
                "The file holds bytes that are neither ASCII nor UTF-8; they were read as Windows-1252.",
                here,
            )
            return raw.decode("latin-1" if _has_undefined(raw) else "cp1252")
        if not transcoded:
            yield from self.once(
                "ENC-UTF8-ASSUMED", "The file holds UTF-8 letters outside the X12 character set.", here
            )
        return decoded


def _has_undefined(raw: bytes) -> bool:
    """True when a byte is undefined in Windows-1252."""
    return any(byte in raw for byte in b"\x81\x8d\x8f\x90\x9d")
