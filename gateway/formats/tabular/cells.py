"""What spreadsheets and exports do to cells: found, mended where it is certain (with a warning), always said.

Nothing is guessed: a number whose digits are gone, a street that became a date, an error value refuse the shipment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from gateway.findings import Severity
from gateway.formats.tabular.dates import part_of_day, read_date
from gateway.formats.tabular.layout import Header, Options
from gateway.formats.tabular.shown import currencies_of
from gateway.spreadsheets import DAY, DAY_LETTERS, ERROR, of_double

Say = Callable[[str, Severity, int, str], None]
"""(rule, severity, index of the cell, sentence) -> a finding of the row."""

_GUARD = re.compile(r'="?([^"]*)"?', re.S)
_EXPONENT = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,3}", re.I)
_BECAME_WORD = re.compile(
    r"TRUE|FALSE|WAHR|FALSCH|VRAI|FAUX|(?:JAN|FEB|MAR|APR|JUN|JUL|AUG|SEP|SEPT|OCT|NOV|DEC)[0-9]{1,2}"
)
_A_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}([./])[0-9]{1,2}\1[0-9]{4}")
_AS_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)")
_TRUTHS = {
    w for word in ["TRUE", "FALSE", "WAHR", "FALSCH", "VRAI", "FAUX"] for w in (word, word.lower(), word.capitalize())
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SYMBOLS = {
    "€": "EUR", "£": "GBP", "$": "USD", "US$": "USD", "USD$": "USD", "C$": "CAD", "CA$": "CAD", "CAD$": "CAD", "A$": "AUD",
    "AU$": "AUD", "HK$": "HKD", "NT$": "TWD", "RMB": "CNY", "CNH": "CNY",
}  # fmt: skip
_SUSPECT = re.compile(r"[='#$€£@(\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]|E\+[0-9]|^[-+]", re.I)
_SOME = re.compile(r"[='#$€£@(+\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
"""One class of characters, which is found ten times as fast: without any of them only a minus sign can be suspect."""
_THOUSANDS_POINT = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,4}")
_THOUSANDS_COMMA = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{1,4}")
_DECIMAL_COMMA = re.compile(r"-?(?:[0-9]+,[0-9]{1,2}|0,[0-9]{3,6})")
_GROUPED = re.compile(r"-?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_GROUPED_COMMA = re.compile(r"-?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_DECIMAL_POINT = re.compile(r"-?[0-9]*\.[0-9]+")
_NO_POINT = re.compile(r"[+-]?(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)")


_MIDNIGHT = frozenset(f"{sep}00:00{rest}" for sep in "T " for rest in ("", ":00", ":00.0", ":00.000", ":00.000000"))
"""What programs write behind a day that has no time: the day is meant, as with the date cells of a workbook."""
_OF_TIMES = re.compile("time|hora|heure|zeit|时间", re.I)
_BECAME_DATE = "A spreadsheet turned the text into a date; what was written is lost."
_KEPT = "The text looks like something a spreadsheet changed (a date or TRUE); it was kept."
_REMEMBERED = 4096
SHORT = 12  # characters of a number that has no remainder of a calculation
_PORT = 4  # digits of a port of Schedule D
_DAY = len("2025-03-02")


class Mender:
    """Mends the cells of one table's rows, in place."""

    def __init__(
        self, header: Header, options: Options, delimiter: str = ",", *, typed: bool = False, currency: str = ""
    ) -> None:
        """typed: the cells of numbers are numbers, written with a point whatever the partner's texts have (XLSX, JSON).

        currency: of the partner's tables that name none.
        """
        self._header, self._options, self._default = header, options, currency
        self._dates, self._times = header.of_kind("date"), header.of_kind("time")
        self._numbers = header.of_kind("money", "weight", "number")
        self._texts = header.of_kind("name", "address", "city")
        self._ids = header.of_kind("id")
        self._of_goods = frozenset(i for i in self._ids if (c := header.standard[i]) is not None and c.level == "item")
        self._kinds = [c.kind if c is not None else "" for c in header.standard]
        self._currency, self._port = header.index("currency"), header.index("arrival_port")
        self._signs = tuple(delimiter + quote + sign for quote in ("", '"') for sign in "+-")
        self._minus = tuple(delimiter + quote + "-" for quote in ("", '"'))
        self._comma, self._point, self._typed = options.decimal == "comma", options.decimal == "point", typed
        ours = options.message_type in ("", "rows")  # the dates of other mappings may have times
        self._of_day = frozenset(i for i in self._dates if ours and not _OF_TIMES.search(header.names[i]))
        self._days: set[str] = set()  # ISO dates that were seen
        self._words: set[str] = set()  # short texts that nothing is wrong with

    def suspicious(self, text: str) -> bool:
        """True when a record holds a character that the careful look at each cell is for."""
        if _SOME.search(text) is None:
            return text.startswith("-") or self._minus[0] in text or self._minus[1] in text
        return _SUSPECT.search(text) is not None or any(sign in text for sign in self._signs)

    def mend(self, cells: list[str], say: Say, *, careful: bool) -> None:
        """Look at the cells of a row; careful: at every one, for rows that are suspicious."""
        if careful:
            self._each(cells, say)
        size = len(cells)
        for index in self._dates:
            if index < size and cells[index] and cells[index] not in self._days:
                self._day(cells, index, say)
        if self._times and self._times[0] < size and (read := part_of_day(cells[self._times[0]], typed=self._typed)):
            said = f"The time is the spreadsheet number {cells[self._times[0]].strip()}; it was read as {read}."
            say("CSV-EXCEL-DATE", Severity.WARNING, self._times[0], said)
            cells[self._times[0]] = read
        for index in self._numbers:
            if index < size and ("," in cells[index] or self._comma or len(cells[index]) > SHORT):
                self._number(cells, index, say)
        for index in self._texts:
            if index < size and 0 < len(cells[index]) <= DAY_LETTERS and cells[index] not in self._words:
                self._text(cells[index], index, say)
        for index in self._ids:
            if index < size and (text := cells[index]) and (_like_no_number(text) or text in _TRUTHS):
                look = self._number_of_goods if index in self._of_goods else self._number_of_shipment
                look(text.strip(), index, say)
        if self._port < size and len(cells[self._port]) == _PORT - 1 and cells[self._port].isdecimal():
            self._padded(cells, say)
        if self._currency < size and (cells[self._currency] in _SYMBOLS or not cells[self._currency].isascii()):
            self._symbol(cells, say)

    def _each(self, cells: list[str], say: Say) -> None:
        for index, cell in enumerate(cells):
            if not cell:
                continue
            kind = self._kinds[index] if index < len(self._kinds) else ""
            text = cell.strip()
            if _CONTROL.search(text):
                rule = "CSV-NUL" if "\0" in text else "CSV-CONTROL"
                severity = Severity.ERROR if "\0" in text else Severity.WARNING
                say(
                    rule,
                    severity,
                    index,
                    "The cell holds a control character" + (" (NUL)." if "\0" in text else "; it was read as a blank."),
                )
                text = cells[index] = _CONTROL.sub(" ", text).strip()
            if "\ufffd" in text:
                said = "The cell holds the sign that stands for a character that was lost when the file was converted."
                say("CSV-ENCODING", Severity.ERROR, index, said)
            if not text or (text[0] not in "='#$€£+-@(" and not text[0].isdigit()):
                continue
            self._one(cells, index, text, kind, say)

    def _one(self, cells: list[str], index: int, text: str, kind: str, say: Say) -> None:
        """Look at a cell that starts with a sign or a digit."""
        if ERROR.fullmatch(text):
            say(
                "CSV-EXCEL-ERROR",
                Severity.ERROR,
                index,
                f"The cell holds the spreadsheet error {text} instead of a value.",
            )
        elif text.startswith('="') and (guard := _GUARD.fullmatch(text)):
            say(
                "CSV-TEXT-GUARD",
                Severity.WARNING,
                index,
                'The value is wrapped as ="..." (a spreadsheet text guard); the guard was left out.',
            )
            cells[index] = guard[1]
        elif (
            text[0] == "'"
            and len(text) > 1
            and (kind in ("id", "zip", "phone", "hts", "code", "date", "time", "money") or text[1] in "0123456789+=-@")
        ):
            say(
                "CSV-TEXT-PREFIX",
                Severity.WARNING,
                index,
                "An apostrophe before the value (spreadsheet text mark) was left out.",
            )
            cells[index] = text[1:]
        elif _EXPONENT.fullmatch(text):
            self._exponent(cells, index, kind, say)
        elif kind == "money" and text[0] in "$€£(":
            self._money(cells, index, text, say)
        elif kind == "currency" or index == self._currency:
            self._symbol(cells, say)
        elif text[0] in "=+-@" and not re.fullmatch(r"[+-]?[0-9][0-9 ().,/-]*", text):
            say(
                "CSV-FORMULA",
                Severity.WARNING,
                index,
                "The cell starts like a spreadsheet formula; it was read as text and is written back with an apostrophe only.",
            )

    def _exponent(self, cells: list[str], index: int, kind: str, say: Say) -> None:
        if kind in ("id", "hts", "zip"):
            say(
                "ID-SCIENTIFIC",
                Severity.ERROR,
                index,
                "The number is in scientific notation: a spreadsheet rounded it and digits are lost.",
            )
        elif kind == "phone":
            say(
                "CSV-PHONE-LOST",
                Severity.WARNING,
                index,
                "The telephone number is in scientific notation; its digits are lost and it was left out.",
            )
            cells[index] = ""

    def _money(self, cells: list[str], index: int, text: str, say: Say) -> None:
        number = text.strip("()$€£ ")
        if text[0] == "(" and text.endswith(")"):
            number = "-" + number
        sign = next((c for c in text if c in "$€£"), "")
        given = self._currency_of(cells, index)
        if sign and given and (meant := currencies_of(given)) and meant.isdisjoint(currencies_of(sign)):
            said = f'The amount is written as "{text}", and the currency of the row is {given}.'
            say("CSV-CURRENCY-OTHER", Severity.ERROR, index, said)
        else:
            said = f'The amount is written as "{text}"; it was read as {number}.'
            say("CSV-NUMBER-FORM", Severity.WARNING, index, said)
        cells[index] = number

    def _currency_of(self, cells: list[str], index: int) -> str:
        """Return the currency that a row names for an amount, else that of the partner's tables."""
        column = self._header.standard[index] if index < len(self._header.standard) else None
        if column is not None and column.name.endswith("_usd"):
            return "USD"
        own = cells[self._currency].strip() if self._currency < len(cells) else ""
        return own.upper() or self._default

    def _number(self, cells: list[str], index: int, say: Say) -> None:
        text = cells[index].strip()
        if len(text) > SHORT and (exact := of_double(text)):
            said = f'The number is written as "{text}", with the remainder of a calculation; it was read as {exact}.'
            say("CSV-NUMBER-FORM", Severity.WARNING, index, said)
            cells[index] = exact
            return
        if self._comma and (plain := _with_comma(text)):
            cells[index] = plain
            return
        mended = ""
        if _THOUSANDS_COMMA.fullmatch(text):
            mended = text.replace(",", "")
        elif _THOUSANDS_POINT.fullmatch(text):
            mended = text.replace(".", "").replace(",", ".")
        elif _DECIMAL_COMMA.fullmatch(text):
            mended = text.replace(",", ".")
        elif self._point and _GROUPED_COMMA.fullmatch(text):
            mended = text.replace(",", "")
        elif self._comma and not self._typed:
            mended = text.replace(".", "") if _GROUPED.fullmatch(text) else ""
            mended = mended or (text if _DECIMAL_POINT.fullmatch(text) else "")
        if mended:
            said = f'The number is written as "{text}"; it was read as {mended}.'
            say("CSV-NUMBER-FORM", Severity.WARNING, index, said)
            cells[index] = mended

    def _padded(self, cells: list[str], say: Say) -> None:
        """Put the zero back that a spreadsheet dropped: ports of Schedule D have four digits, all of the northeast begin with 0."""
        full = cells[self._port].zfill(_PORT)
        said = (
            f"The port {cells[self._port]} has {_PORT - 1} digits; it was read as {full}: spreadsheets drop the zero."
        )
        say("CSV-PORT-PADDED", Severity.WARNING, self._port, said)
        cells[self._port] = full

    def _symbol(self, cells: list[str], say: Say) -> None:
        text = cells[self._currency].strip()
        code = _SYMBOLS.get(text)
        if code:
            say(
                "CSV-CURRENCY-SYMBOL",
                Severity.WARNING,
                self._currency,
                f'The currency is written as "{text}"; it was read as {code}.',
            )
            cells[self._currency] = code
        elif text and not text.isascii():
            cells[self._currency] = unicodedata.normalize("NFKC", text)

    def _text(self, cell: str, index: int, say: Say) -> None:
        text = cell.strip()
        if DAY.fullmatch(text) or _A_DATE.fullmatch(text):
            say("CSV-EXCEL-TEXT", Severity.ERROR, index, _BECAME_DATE)
        elif _BECAME_WORD.fullmatch(text):
            say("CSV-EXCEL-WORD", Severity.WARNING, index, _KEPT)
        elif len(self._words) < _REMEMBERED:
            self._words.add(cell)

    def _number_of_shipment(self, text: str, index: int, say: Say) -> None:
        """Look at a number of a shipment that has signs which dates and amounts have, or is a truth value."""
        said = ""
        if len(text) <= DAY_LETTERS and DAY.fullmatch(text):
            say("CSV-EXCEL-TEXT", Severity.ERROR, index, _BECAME_DATE)
        elif text in _TRUTHS:
            said = "The cell holds a truth value of a spreadsheet instead of a number; it was kept."
        elif decimals := _AS_NUMBER.fullmatch(text):
            said = f'The number ends in "{decimals[1][:6]}", as amounts and numbers of programs do; it was kept.'
        if said:
            say("CSV-EXCEL-WORD", Severity.WARNING, index, said)

    @staticmethod
    def _number_of_goods(text: str, index: int, say: Say) -> None:
        """Look at a number of a product: no shipment is refused over one that may be lost, and it may have any form."""
        if text in _TRUTHS or (len(text) <= DAY_LETTERS and DAY.fullmatch(text)):
            say("CSV-EXCEL-WORD", Severity.WARNING, index, _KEPT)

    def _day(self, cells: list[str], index: int, say: Say) -> None:
        """Look at a date that was not seen yet; trips of a file have few."""
        if not _ISO_DAY.fullmatch(cells[index]):
            self._date(cells, index, say)
        elif len(self._days) < _REMEMBERED:
            self._days.add(cells[index])

    def _date(self, cells: list[str], index: int, say: Say) -> None:
        mended, rule, said = read_date(cells[index].strip(), self._options.date_order)
        if rule:
            say(rule, Severity.WARNING, index, said)
        cells[index] = mended[:_DAY] if index in self._of_day and mended[_DAY:] in _MIDNIGHT else mended


def _like_no_number(text: str) -> bool:
    return "." in text or "-" in text or " " in text or "," in text or not text.isascii()


def _with_comma(text: str) -> str:
    """Return a number of a table whose decimal mark is the comma with a point, "" when it is written in another way.

    >>> _with_comma("1.018,20"), _with_comma("0,450"), _with_comma("7"), _with_comma("1,018.20"), _with_comma("12.50")
    ('1018.20', '0.450', '7', '', '')
    """
    if _NO_POINT.fullmatch(text):
        return text.replace(",", ".")
    return text.replace(".", "").replace(",", ".") if _THOUSANDS_POINT.fullmatch(text) else ""
