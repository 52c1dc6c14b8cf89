"""What spreadsheets make of cells, in the languages they are used in: error values, and texts that became days.

English, German, French, Spanish; the days in Chinese too. Used for the tables of partners and for our own mapping tables.
"""

from __future__ import annotations

import re

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
DAY_LETTERS = 11  # as many as such a text has
