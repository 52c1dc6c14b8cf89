"""Is it a table? Told from the first bytes; the lowest bidder of all formats, since any text has commas."""

from __future__ import annotations

import re

from gateway.formats.tabular.layout import detect_delimiter, looks_like_header
from gateway.formats.tabular.splitter import split_quoted

_OTHERS = re.compile(rb"[<%]|ISA[^A-Za-z0-9]|UN[ABH][^A-Za-z0-9]|GS\*|ST\*|[A-Z]{3}/[0-9]{1,2}\s")


def is_workbook(head: bytes) -> bool:
    """True for a zip archive: detection lets only workbooks through."""
    return head.startswith(b"PK\x03\x04")


def is_json(head: bytes) -> bool:
    """True when the text starts like a JSON object or array."""
    return re.match(rb"\s*(?:\{\s*[\"}]|\[\s*[\{\]])|\s*[\{\[]\s*\Z", head) is not None


def sniff(head: bytes) -> float:
    """Return how likely the text is a table: 0.9 known header or workbook, 0.6 JSON, 0.2 or 0.3 lines of equal cells."""
    if is_workbook(head):
        return 0.9
    if is_json(head):
        return 0.6
    if _OTHERS.match(head.lstrip()):
        return 0.0
    text = head[:65_536].decode("utf-8", "replace")
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    delimiter = detect_delimiter(lines)
    if not delimiter or text[:2000].count("\0") > 3:
        return 0.0
    rows = [split_quoted(line, delimiter)[0] for line in lines]
    if any(looks_like_header(row) for row in rows):
        return 0.9
    wide = max(len(row) for row in rows)
    same = sum(len(row) == wide for row in rows)
    if wide >= 4 and same * 2 >= len(rows):
        return 0.3
    if wide >= 4 and len(rows) > 2 and all(re.fullmatch(r"[A-Z0-9]{1,4}", row[0].strip()) for row in rows):
        return 0.2  # record types
    return 0.2 if wide >= 2 and len(rows) > 1 and same == len(rows) else 0.0
