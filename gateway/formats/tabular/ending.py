r"""The end of a delimited file: what an upload that ended early leaves behind in its last row.

    ...,31.98,USD\r\n     whole
    ...,31.98,US          CSV-CUT: nothing behind the last cell says that it is whole
    ...,31.98,"USD"       whole: the quote is closed

Ours: CSV-CUT is a remark. RFC 4180 lets the last line end without a line break, and many honest programs write none, so that
a warning would be noise in each of their files. A partner who always ends the last line has it raised to an error.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.findings import Finding, Scope, Severity
from gateway.formats.tabular.rows import Part, Record, TableRoot, place_of

CUT_OFF = " The file ends here without a line break: it was cut off."


def is_open(record: Record) -> bool:
    """True when nothing stands behind the last cell of a record: it is the last one of the file."""
    return not record.text.endswith(("\n", "\r"))


def cut_off(record: Record, root: TableRoot, first: int, width: int, *, fixed: bool = False) -> Iterator[Finding]:
    """Yield the remark on the last row of goods of a delimited file whose last cell may be cut off.

    first: number of its first cell among the names of the table; width: cells it should have; fixed: they have fixed widths,
    where a quote closes nothing and the last cells may be blanks that were left out.
    """
    closed = not fixed and not record.fault and record.text.endswith('"')
    if record.fault not in ("", "stray") or closed or not is_open(record):
        return  # another fault of the record is told already
    cells = record.cells[:width]
    while fixed and len(cells) > 1 and not cells[-1]:
        cells.pop()
    last = first + len(cells) - 1
    said = f'The file ends without a line break: its last cell ("{root.names[last]}") may be cut off, and rows may be missing.'
    yield Finding("CSV-CUT", Severity.INFO, Scope.MESSAGE, said, place_of((Part(0, record),), last, root))
