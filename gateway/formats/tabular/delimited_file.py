"""A delimited or fixed-width file -> events: character set, delimiter and record types are settled here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.detect import first_bytes
from gateway.formats.tabular.layout import NAMES, Options, detect_delimiter
from gateway.formats.tabular.reader import TableReader
from gateway.formats.tabular.record_types import RecordTypeReader
from gateway.formats.tabular.splitter import Splitter
from gateway.profile import Profile
from gateway.records import Event

HEAD = 65_536
"""Bytes that the delimiter is told from."""


def read_delimited(
    chunks: Iterable[bytes], profile: Profile, options: Options, scale: tuple[int, int]
) -> Iterator[Event]:
    """Yield the events of a delimited file. scale: (base, factor) of transcoded text."""
    head, source = first_bytes(chunks, HEAD)
    encoding = options.encoding or "utf-8"
    text = head.decode(encoding, "replace")
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    if len(text) > len("".join(lines)) and len(head) >= HEAD and len(lines) > 1 and len(lines) < 20:
        lines.pop()
    findings: list[Finding] = []
    delimiter, findings = _delimiter(lines, options)
    splitter = Splitter(delimiter, encoding, *scale)
    records = splitter.records(source, _fixed(options))
    kind = "csv"
    if options.records:
        yield from RecordTypeReader(profile, options, kind, delimiter).read(records, findings)
    else:
        yield from TableReader(profile, options, kind, delimiter).read(records, findings)


def _delimiter(lines: list[str], options: Options) -> tuple[str, list[Finding]]:
    if options.widths:
        return "\0", []
    if options.delimiter:
        return options.delimiter, []
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0].strip()[4], []
    found = detect_delimiter(lines) or ","
    if found == ",":
        return found, []
    said = f"The cells are separated by {NAMES[found]}, which was told from the first lines; comma is the rule, or name it in the profile."
    return found, [Finding("CSV-DELIM-DETECTED", Severity.WARNING, Scope.INTERCHANGE, said, Position(line=1, row=1))]


def _fixed(options: Options) -> Callable[[str], list[str]] | None:
    if not options.widths:
        return None
    slices = [slice(start - 1, start - 1 + length) for start, length in options.widths]
    end = max(s.stop for s in slices)

    def cut(text: str) -> list[str]:
        if not text.strip():
            return [""]
        cells = [text[s].strip() for s in slices]
        behind = text[end:].strip()
        return [*cells, behind] if behind else cells  # one cell too many: it is told

    return cut
