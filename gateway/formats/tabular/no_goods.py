"""Records that are no row of goods: empty ones, totals, a text of one cell."""

from __future__ import annotations

import re

from gateway.formats.tabular.layout import Header

_TOTAL = re.compile(
    r"\W*(?:(?:grand\s+|sub-?|zwischen)?(?:totals?|sum|summe|gesamt(?:summe)?|合计|总计|小计|合計|總計|小計)(?![a-z])\W*)+", re.I
)  # fmt: skip
_SUM = re.compile(r"[-+]?\W{0,2}[0-9][0-9.,' ]*\W{0,2}[A-Za-z]{0,3}")


def filled_in(cells: list[str]) -> list[str]:
    """Return the texts of the cells that hold any; Ctrl-Z, by which old systems end a file, and NUL are none."""
    return [text for cell in cells if (text := cell.strip().strip("\x1a\0").strip())]


def _shape(text: str) -> str:
    """Return a text with one letter for all letters and one digit for all digits.

    >>> _shape("TRK 001"), _shape("Tel. 12")
    ('AAA 000', 'AAA. 00')
    """
    return "".join("0" if c.isdigit() else "A" if c.isalpha() else c for c in text.strip())


class NoGoods:
    """Tells why a record is no row of goods. keys: cells that name a shipment; goods: cells that a row of goods fills."""

    def __init__(self, header: Header, keys: list[int], goods: list[int], width: int) -> None:
        self._header, self._keys, self._goods, self._width = header, keys, goods, width

    def why(self, cells: list[str], above: tuple[str, ...]) -> str:
        """Return "empty", "CSV-TOTAL-ROW" or "CSV-TEXT-ROW"; "" when it is a row of goods. above: key of the row above."""
        size = len(cells)
        filled = filled_in(cells)
        if not filled:
            return "empty"
        goods = any(i < size and cells[i].strip() for i in self._goods)
        if self._total(cells, filled, goods=goods):
            return "CSV-TOTAL-ROW"
        text = len(filled) == 1 and self._width > 3 and cells[0].strip() and not goods
        return "CSV-TEXT-ROW" if text and not self._numbered(cells, above) else ""

    def _numbered(self, cells: list[str], key: tuple[str, ...]) -> bool:
        """True when the one text of a row is a number like that of the row above: a shipment of which all else is missing."""
        return self._keys[:1] == [0] and len(key) == 1 and _shape(cells[0]) == _shape(key[0])

    def _total(self, cells: list[str], filled: list[str], *, goods: bool) -> bool:
        """True for a row of totals: its first text says so or one beside numbers, or any text of a row without number and consignee."""
        if not goods:
            others = [text for text in filled if not _TOTAL.fullmatch(text)]
            return _TOTAL.fullmatch(filled[0]) is not None or (
                len(others) < len(filled) and all(map(_SUM.fullmatch, others))
            )
        owner = (*self._keys, self._header.index("consignee_name"))
        if any(i < len(cells) and cells[i].strip() and not _TOTAL.fullmatch(cells[i].strip()) for i in owner):
            return False
        return any(_TOTAL.fullmatch(text) for text in filled)
