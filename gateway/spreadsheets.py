"""What spreadsheets make of cells, in the languages they are used in: error values, and texts that became days.

English, German, French, Spanish; the days in Chinese too. Used for the tables of partners and for our own mapping tables. And what calculations leave behind the digits of a number.
"""

from __future__ import annotations

import re
from decimal import Decimal

ERROR = re.compile(
    r"#(?:REF|N/A|VALUE|DIV/0|NAME|NULL|NUM|SPILL|CALC|BEZUG|NV|WERT|ZAHL|VALEUR|NOM|NOMBRE|¡REF|¡VALOR|¿NOMBRE|¡NUM)[?!]?|#{3,}",
    re.I,
)
"""A whole cell that holds an error value; some programs leave out the mark behind it."""

DAY = re.compile(
    r"[0-9]{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?:-[0-9]{2,4})?|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-[0-9]{2}"
    r"|[0-9]{1,2}\. (?:Jan|Feb|Mrz|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)|(?:Mrz|Mai|Okt|Dez) [0-9]{2}"
    r"|[0-9]{1,2}-(?:janv|févr|mars|avr|mai|juin|juil|août|sept|déc|ene|abr|ago|dic)\.?|[0-9]{1,2}月[0-9]{1,2}日",
    re.I,
)
"""A whole cell that is a day as spreadsheets show it."""
LOST_DIGITS = re.compile(r"[1-9][0-9]{14}0{2,}")
"""A number of 17 digits and more with zeros behind the 15th: a spreadsheet keeps no more. One of a hundred true numbers of 17
digits is such a number, of 18 one of a thousand; one that begins with 0 was never a number of a spreadsheet."""
SURELY_LOST = re.compile(r"[0-9]{15}0{5,}")  # five zeros are chance once in 100,000

DAY_LETTERS = 11  # as many as such a text has

_WITH_REMAINDER = re.compile(r"-?[0-9]{1,15}\.[0-9]{10,17}")
_PLACES = 9  # decimals of a number in messages


def of_double(text: str) -> str:
    """Return the number of at most 15 digits that a program meant by the whole text of a double, "" for any other text.

    Certain only where the text is what programs write of that double, and the number is one that messages have.

    >>> of_double("31.980000000000004"), of_double("13.049999999999999"), of_double("0.3333333333333333"), of_double("31.98000000000001234")
    ('31.98', '13.05', '', '')
    """
    if not _WITH_REMAINDER.fullmatch(text) or repr(float(text)) != text:
        return ""
    exact = format(Decimal(format(float(text), ".15g")).normalize(), "f")
    return exact if len(exact.partition(".")[2]) <= _PLACES else ""
