r"""Records whose cells are taken as they are, told by one pattern for the whole line instead of a look at each cell.

    GWH0001,2025-03-03,NINGBO,2.600,USD\r\n      fits: no cell of it can be one that cells.py mends or remarks on
    GWH0001,03/03/2025,NINGBO,"2,6",€\r\n        does not fit: cells.py looks at each cell

The pattern takes less than cells.py lets pass, never more: what it does not know, and all beyond ASCII, is looked at. It
never goes back inside a cell that it has taken, so that a line costs what its length costs.
"""

from __future__ import annotations

import re

from gateway.formats.tabular.cells import SHORT
from gateway.formats.tabular.layout import DELIMITERS, Header, Options
from gateway.spreadsheets import DAY_LETTERS

_MOST = 200  # columns of a table whose pattern is worth its making
_TRUTH = "[TtFfWwVv][RrAa][UuLlHhAa]"  # begins TRUE, FALSE, WAHR, VRAI and FAUX
_DATE = "(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|)"
_TIME = "(?:[0-9]{2}:[0-9]{2}(?::[0-9]{2})?|)"
_PORT = "(?:[0-9]{4}|[A-Za-z]*+)"
_CURRENCY = "(?!RMB|CNH)[A-Za-z]*+"
_ID = rf"(?>[0-9A-Za-z][0-9A-Za-z -]{{{DAY_LETTERS},}}+(?<![ -])|(?!{_TRUTH}|[0-9][Ee])[0-9A-Za-z]*+)"


def pattern_of(header: Header, options: Options, delimiter: str, added: list[str]) -> re.Pattern[str] | None:
    """Return what fits a record, with its line end, that needs no look; None for tables that have no such.

    added: cells that every row gets behind those of the record: they are looked at here, once.
    """
    if delimiter not in DELIMITERS or options.widths or options.split or header.growing or len(header.names) > _MOST:
        return None
    cells, between = _cells(header, options, delimiter), re.escape(delimiter)
    width = len(cells) - len(added)
    if not cells or not re.fullmatch(between.join(cells[width:]), delimiter.join(added)):
        return None
    return re.compile(between.join(cells[:width]) + r"[\r\n]*+")


def _cells(header: Header, options: Options, delimiter: str) -> list[str]:
    """Return the pattern of each column, none where a column is of two kinds."""
    inside = "".join(re.escape(chr(n)) for n in range(0x20, 0x7F) if chr(n) not in ('"', delimiter))
    text = f"(?>[0-9A-Za-z][{inside}]*+|)"
    number = f"(?>(?![0-9][Ee.,])[0-9A-Za-z][{inside}]*+|)"  # what looks like 1.5E+12 has lost digits
    name = f"(?>[0-9A-Za-z][{inside}]{{{DAY_LETTERS},}}+|(?!{_TRUTH})(?:[0-9]{{1,6}} )?+[A-Za-z][A-Za-z ]*+|)"
    amount = f"[0-9{'' if options.decimal == 'comma' else '.'}]{{0,{SHORT}}}+"
    of_kind = {
        "date": _DATE, "time": _TIME, "id": _ID, "zip": number, "hts": number, "phone": number,
        "name": name, "address": name, "city": name, "money": amount, "weight": amount, "number": amount,
    }  # fmt: skip
    found = [of_kind.get(c.kind if c is not None else "", text) for c in header.standard]
    for column, own in (("arrival_port", _PORT), ("currency", _CURRENCY)):
        index = header.index(column)
        if index < len(found):
            if found[index] != text:
                return []
            found[index] = own
    return found
