"""Cells that are taken as they are, told by a pattern for each column instead of a look at each cell.

    GWH0001    2025-03-03   NINGBO   2.600   USD      fit: none of them can be one that cells.py mends or remarks on
    GWH0001    03/03/2025   =1+1     2,6     €        the first fits; cells.py looks at each cell of the row

The patterns take less than cells.py lets pass, never more: what they do not know, and all beyond ASCII, is looked at. They
never go back inside a cell that they have taken, so that a cell costs what its length costs.
"""

from __future__ import annotations

import re

from gateway.formats.tabular.cells import SHORT
from gateway.formats.tabular.layout import Header, Options
from gateway.spreadsheets import DAY, DAY_LETTERS

_MOST = 200  # columns of a table whose pattern is worth its making
_TRUTH = "[TtFfWwVv][RrAa][UuLlHhAa]"  # begins TRUE, FALSE, WAHR, VRAI and FAUX
_DATE = "(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|)"
_TIME = "(?:[0-9]{2}:[0-9]{2}(?::[0-9]{2})?|)"
_PORT = "(?:[0-9]{4}|[A-Za-z]*+)"
_CURRENCY = "(?!RMB|CNH)[A-Za-z]*+"
_ID = rf"(?>[0-9A-Za-z][0-9A-Za-z -]{{{DAY_LETTERS},}}+(?<![ -])|(?!{_TRUTH}|[0-9][Ee]|(?i:{DAY.pattern})\Z)[0-9A-Za-z][0-9A-Za-z -]*+(?<![ -])|)"


def patterns_of(header: Header, options: Options, added: list[str]) -> list[re.Pattern[str]]:
    """Return what fits the cells of each column of a record that need no look; none for tables that have no such.

    added: cells that every row gets behind those of the record: they are looked at here, once.
    """
    if options.split or header.growing or len(header.names) > _MOST:
        return []
    found = list(map(re.compile, _cells(header, options)))
    width = len(found) - len(added)
    fits = all(pattern.fullmatch(cell) for pattern, cell in zip(found[width:], added, strict=False))
    return found[:width] if fits else []


def _cells(header: Header, options: Options) -> list[str]:
    """Return the pattern of each column, none where a column is of two kinds."""
    text = r"(?>[0-9A-Za-z][ -~]*+|)"
    number = r"(?>(?![0-9][Ee.,])[0-9A-Za-z][ -~]*+|)"  # what looks like 1.5E+12 has lost digits
    name = rf"(?>[0-9A-Za-z][ -~]{{{DAY_LETTERS},}}+|(?!{_TRUTH})(?:[0-9]{{1,6}} )?+[A-Za-z][A-Za-z ]*+|)"
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
