"""Cells of a workbook that Excel shows otherwise than they are stored: what names something is read as shown, the rest is told."""

from __future__ import annotations

from collections.abc import Callable

from gateway.findings import Severity
from gateway.formats.tabular.layout import Header
from gateway.formats.tabular.rows import SheetRecord
from gateway.formats.tabular.shown import Shown, currencies_of

_OF_DAYS = frozenset(("", "date", "time"))  # kinds whose cells may be dates or times
_AMOUNTS = frozenset(("money", "weight", "number"))
_WEIGHTS = {
    **dict.fromkeys(("K", "KG", "KGS", "KGM"), "kg"), **dict.fromkeys(("G", "GR", "GRM", "GRAM", "GRAMS"), "g"),
    **dict.fromkeys(("L", "LB", "LBS", "LBR"), "lb"), **dict.fromkeys(("OZ", "ONZ"), "oz"),
}  # fmt: skip


def as_shown(
    cells: list[str], record: SheetRecord, header: Header, default: str, say: Callable[[str, Severity, int, str], None]
) -> None:
    """Mend the cells of one row, in place. default: the currency of the partner's tables without one."""
    kinds = [column.kind if column is not None else "" for column in header.standard]
    for index in record.dated:
        if index < len(kinds) and kinds[index] not in _OF_DAYS:
            said = "A spreadsheet turned the text into a date; what was written is lost."
            say("CSV-EXCEL-TEXT", Severity.ERROR, index, said)
    for index, seen in record.shown.items():
        if index >= len(kinds):
            continue
        if kinds[index] not in _AMOUNTS:
            cells[index] = seen.text if seen.named else cells[index]
        elif seen.changed:
            said = (
                f'Excel shows "{seen.text}", and the cell holds {cells[index]}: which of the two counts is not certain.'
            )
            say("XLSX-SHOWN", Severity.ERROR, index, said)
        else:
            _beside(cells, index, seen, header, default, say)


def _beside(
    cells: list[str],
    index: int,
    seen: Shown,
    header: Header,
    default: str,
    say: Callable[[str, Severity, int, str], None],
) -> None:
    """Say when the currency or the unit that stands beside a number is not that of its row."""
    column = header.standard[index]
    name = column.name if column is not None else ""
    told = ""
    if seen.currencies and column is not None and column.kind == "money":
        given = "USD" if name.endswith("_usd") else _cell(cells, header, "currency").upper() or default
        meant = currencies_of(given)
        told = f"the currency of the row is {given}" if meant and meant.isdisjoint(seen.currencies) else ""
    elif seen.unit and name.startswith("weight"):
        given = name.removeprefix("weight_") if name != "weight" else _cell(cells, header, "weight_unit").upper()
        unit = _WEIGHTS.get(given.upper(), "")
        told = f"the unit of the row is {given}" if unit and unit != seen.unit else ""
    if told:
        said = f'Excel shows "{seen.text}", and {told}: which of the two counts is not certain.'
        say("XLSX-SHOWN", Severity.ERROR, index, said)


def _cell(cells: list[str], header: Header, name: str) -> str:
    index = header.index(name)
    return cells[index].strip() if index < len(cells) else ""
