"""What stands above the header of a table, and a header that is parted by another delimiter than agreed."""

from __future__ import annotations

import re

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.tabular.layout import NAMES, Options, detect_delimiter
from gateway.formats.tabular.patterns import LONGEST_TITLE
from gateway.formats.tabular.rows import Record


def place_of_record(record: Record) -> Position:
    """Return where a record stands."""
    return Position(offset=record.offset, length=record.length or None, line=record.line, row=record.number)


def title_values(pattern: str, titles: list[Record]) -> tuple[dict[str, str], list[Finding]]:
    """Return what the title pattern of the profile finds in the title rows, and what is said when it does not find all."""
    if not pattern:
        return {}, []
    text = "\n".join(" ".join(c for c in t.cells if c) for t in titles)[:LONGEST_TITLE]
    values: dict[str, str] = {}
    for found in re.finditer(pattern, text):
        values |= {k: v for k, v in found.groupdict().items() if v}
    missing = [name.replace("_", " ") for name in re.compile(pattern).groupindex if name not in values]
    if not missing:
        return values, []
    said = f"The rows above the header do not hold {', '.join(missing)} in the form that was agreed; nothing was read of it."
    place = place_of_record(titles[0]) if titles else Position(line=1)
    return values, [Finding("CSV-TITLE", Severity.WARNING, Scope.MESSAGE, said, place)]


def parted(cells: list[str], kind: str, options: Options, delimiter: str) -> str:
    """Return that a row is parted by another delimiter than that of the profile, "" when it is not."""
    found = detect_delimiter(cells) if kind == "csv" and len(cells) == 1 and options.delimiter else ""
    if not found:
        return ""
    return f"The columns are parted by {NAMES[found]}, and the profile says {NAMES.get(delimiter, delimiter)}."
