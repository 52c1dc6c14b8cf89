"""NAME.rejects.csv: one line per fault, for a clerk with a spreadsheet; one for all unknown columns of a table.

Of XML and JSON the column segment holds the path of the element, with its number where the name repeats.
UTF-8 with BOM (Excel reads it so), every cell quoted. A cell that a spreadsheet would take for a formula gets an
apostrophe in front (OWASP CSV injection); numbers stay numbers only where the column holds numbers. True values stand
in NAME.report.json.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from gateway.formats.plain.facts import told
from gateway.results import Outcome

_HEAD = (
    "shipment", "label", "field", "value", "line", "segment", "element", "byte offset", "row", "column", "severity",
    "rule", "what is wrong", "why it matters", "how to mend it", "example", "file", "receipt",
)  # fmt: skip
_NUMERIC = frozenset(("line", "byte offset", "row"))
_STRANGERS, _MOST = "CSV-EXTRA-COLUMN", 50
_FORMULA = "=+-@\t\r\n＝＋－＠|%"


def write(outcome: Outcome, catalogue: Any, *, file_name: str, receipt_id: str, show_personal: bool) -> Iterator[bytes]:
    """Yield the file line by line; info findings are left out."""
    yield b"\xef\xbb\xbf" + _line(_HEAD)
    seen = (f for f in told(outcome, catalogue, show_personal=show_personal) if f["severity"] != "info")
    for f in _one_row(seen):
        cells = (
            f["shipment"], f["label"], f["field"], f["value"], f["line"], f["xpath"] or f["segment"], f["element"], f["offset"],
            f["row"], f["column"], f["severity"], f["rule"], f["what"], f["why"], f["fix"], f["example"], file_name,
            receipt_id,
        )  # fmt: skip
        yield _line(cells)


def _one_row(facts: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the facts with one for all columns of a table that nobody knows; the report has one for each."""
    for key, run in groupby(facts, lambda f: (f["rule"], f["severity"], f["shipment"], f["message"])):
        if key[0] == _STRANGERS:
            yield _together(list(run))
        else:
            yield from run


def _together(every: list[dict[str, Any]]) -> dict[str, Any]:
    if len(every) == 1:
        return every[0]
    names = ", ".join(f'"{f["value"]}"' for f in every[:_MOST])
    rest = f" and {len(every) - _MOST:,} more, which the report names" if len(every) > _MOST else ""
    kinds = " or ".join(sorted({f["what"].partition(" ")[0].lower() + "s" for f in every}))
    said = f"{len(every):,} {kinds} are not known and were not read: {names}{rest}."
    places = "; ".join(str(f["column"] or f["segment"]) for f in every[:_MOST])
    return {**every[0], "what": said, "value": names, "column": places, "offset": None}


def _line(cells: tuple[Any, ...]) -> bytes:
    texts = [safe_cell(cell, numeric=name in _NUMERIC) for name, cell in zip(_HEAD, cells, strict=True)]
    return (",".join('"' + text.replace('"', '""') + '"' for text in texts) + "\r\n").encode("utf-8")


def safe_cell(value: Any, *, numeric: bool = False) -> str:
    """Return a cell that no spreadsheet takes for a formula; control characters become blanks."""
    if value is None:
        return ""
    text = "".join(c if c.isprintable() else " " for c in str(value))
    if numeric and text.lstrip("-").isdigit():
        return text
    return "'" + text if text.lstrip(" '\"")[:1] in tuple(_FORMULA) and text.strip() else text
