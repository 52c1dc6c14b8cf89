"""Code tables: what partners write -> what the canonical model says, by date.

CSV columns: code, value, and if wanted from, to (ISO dates, to exclusive), one_way, note. Several codes in one cell are
separated by "|". A table named mode is the file codes/mode.csv; a partner's own table of that name replaces it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date

import msgspec

from gateway.mapping.table import Fault, decoded, read_records

COLUMNS = ("code", "value", "from", "to", "one_way")
FREE = ("source", "read_on")
"""Columns that tell a reader of the table where a code is from; like those that start with "note" nothing reads them."""

_BLANK = {
    "code": ("the row has a value and no code", "write the code, or remove the row"),
    "between": ("a code between the | signs is blank", "write the code, or remove the sign"),
    "value": ("the code has no value", "write what the canonical model says, or remove the row: a code without a row is told"),
}  # fmt: skip
_SURE_WIDTH = 3  # digits from which on codes of one table have one width: 1 to 12 have none
_SEVERAL = re.compile(r"\w{1,3}(?: ?[,;] ?\w{1,3})+")
_HEAD = 2048  # bytes in which the columns of a table are named
_DAYS = re.compile(r"\b(?:from|to)\b", re.I)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class CodeTable(msgspec.Struct, frozen=True):
    """One table. entries: code -> value; dated: code -> (from, to, value) rows, ISO dates, "" = open.

    capitals: codes that have small letters, in capitals -> value, where the table has no such code.
    one_way: codes that are read but never written, as the city code beside that of its airport.
    """

    name: str
    entries: Mapping[str, str]
    dated: Mapping[str, tuple[tuple[str, str, str], ...]] = {}
    one_way: frozenset[str] = frozenset()
    capitals: Mapping[str, str] = {}

    def get(self, code: str, day: str = "") -> str | None:
        """Return the value of a code (on a day), None when the table has no entry."""
        value = self.entries.get(code)
        if value is not None or not self.dated:
            return value
        rows = self.dated.get(code, ())
        return next(
            (v for start, end, v in rows if (not day or start <= day) and (not day or not end or day < end)), None
        )

    def reverse(self, value: str) -> list[str]:
        """Return the codes that stand for a value, without those of one way."""
        return [code for code, v in self.entries.items() if v == value and code not in self.one_way]


def digest_of(texts: Mapping[str, bytes]) -> str:
    """Return what the code tables of a mapping folder give to its mapping versions. texts: table name -> CSV bytes."""
    return hashlib.sha256(b"".join(n.encode() + texts[n] for n in sorted(texts))).hexdigest()


class CodeTables:
    """All tables of one mapping folder, each read when it is asked for; `digest` enters the mapping version."""

    def __init__(self, texts: Mapping[str, bytes], base: CodeTables | None = None) -> None:
        """texts: table name -> CSV bytes; base: tables that were read before, those with the same bytes are taken from it."""
        self._texts = dict(sorted(texts.items()))
        self._tables: dict[str, CodeTable] = {}
        self._faults: dict[str, list[Fault]] = {}
        self.digest = digest_of(texts)
        self._base = base
        self.own = frozenset(n for n in texts if base is not None and base._texts.get(n) != texts[n])

    def text(self, name: str) -> bytes:
        """Return the CSV of a table."""
        return self._texts[name]

    def by_day(self, name: str) -> bool:
        """True for a table whose values depend on the day. Most have no column for it and are not read for this."""
        lines = decoded(self._texts[name][:_HEAD])[0].splitlines()
        header = next((line for line in lines if line.strip(",;\t ") and not line.startswith(("#", "sep="))), "")
        return _DAYS.search(header) is not None and bool(self[name].dated)

    def under(self, texts: Mapping[str, bytes]) -> CodeTables:
        """Return these tables with others over them, itself when there are none. texts: as in __init__."""
        return CodeTables({**self._texts, **texts}, self) if texts else self

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __getitem__(self, name: str) -> CodeTable:
        table = self._tables.get(name)
        if table is None:
            base = None if name in self.own else self._base
            table = self._tables[name] = self._read(name, self._texts[name]) if base is None else base[name]
            if base is not None:
                self._faults[name] = base._faults[name]
        return table

    @property
    def faults(self) -> list[Fault]:
        """What is wrong with the tables; reads them all."""
        for name in self:
            self[name]
        return [fault for name in self for fault in self._faults[name]]

    def _read(self, name: str, data: bytes) -> CodeTable:
        file = f"codes/{name}.csv"
        faults = self._faults[name] = []
        entries: dict[str, str] = {}
        dated: dict[str, tuple[tuple[str, str, str], ...]] = {}
        one_way: set[str] = set()
        lines: dict[str, int] = {}
        for line, row in read_records(data, file, COLUMNS, ("code", "value"), faults, FREE):
            for column in ("code", "value"):
                if not row[column]:
                    faults.append(Fault("MAP-CODE-BLANK", file, line, column, *_BLANK[column]))
            faults += _bad_days(row, file, line)
            if row["one_way"] not in ("", "yes"):
                said = f'"{row["one_way"]}" is not known'
                faults.append(Fault("MAP-ROW", file, line, "one_way", said, "write yes or nothing"))
            faults += _rather_several(row["code"], file, line)
            for code in (one.strip() for one in row["code"].split("|")):
                lines.setdefault(code, line)
                if row["code"] and not code:
                    faults.append(Fault("MAP-CODE-BLANK", file, line, "code", *_BLANK["between"]))
                span = (row["from"], row["to"], row["value"])
                if _contradicts(span, entries.get(code), dated.get(code, ())):
                    said, advice = (
                        f'code "{code}" has two values',
                        "remove one, or give both dates, one from the day on that the other has under to",
                    )
                    faults.append(Fault("MAP-CODE-TWICE", file, line, "code", said, advice))
                if row["from"] or row["to"]:
                    dated[code] = (*dated.get(code, ()), span)
                else:
                    entries.setdefault(code, row["value"])
                if row["one_way"]:
                    one_way.add(code)
        if self._base is not None:
            replaced = self._base[name].entries if name in self._base else {}
            faults += _lost_zeros({**entries, **dated}, replaced, file, lines)
            if not lines and not faults:
                said, advice = "the table has no codes: none is known then", "write its rows, or take the file away"
                faults.append(Fault("MAP-EMPTY", file, 1, "", said, advice, "warning"))
        capitals = {big: value for code, value in entries.items() if (big := code.upper()) not in entries}
        return CodeTable(name, entries, dated, frozenset(one_way), capitals)


def _rather_several(code: str, file: str, line: int) -> Iterator[Fault]:
    """Yield a warning for a cell that rather means several codes, or all others, than one of such a text."""
    said = ""
    if _SEVERAL.fullmatch(code):
        said, advice = f'"{code}" is one code here, with all its signs', "part several codes by |"
    elif code == "*":
        said, advice = '"*" is a code like any other: it does not stand for all others', "write code TABLE keep in the row, or code TABLE empty with a default"  # fmt: skip
    if said:
        yield Fault("MAP-VALUE-ODD", file, line, "code", said, f"{advice}; nothing to do where files have it so", "warning")  # fmt: skip


def _lost_zeros(
    codes: Collection[str], replaced: Collection[str], file: str, lines: Mapping[str, int]
) -> Iterator[Fault]:
    """Yield a warning for codes of a partner that a spreadsheet may have made numbers of. replaced: those of the table that this one stands for."""
    numbers = [code for code in codes if code.isdecimal()]
    zeros = min((len(code) for code in numbers if code[0] == "0" and len(code) > 1), default=0)
    widths = sorted({len(code) for code in numbers})
    lost = [code for code in numbers if any(f"{zero}{code}" in replaced and f"{zero}{code}" not in codes for zero in ("0", "00"))]  # fmt: skip
    if not lost and zeros:
        lost = [code for code in numbers if len(code) < zeros and code.zfill(zeros) not in codes]
    elif not lost and len(numbers) == len(codes) and len(widths) > 1 and widths[0] >= _SURE_WIDTH:
        lost = [code for code in numbers if len(code) < widths[-1]]
    if lost:
        said = f"{', '.join(lost[:6])}: shorter than other codes, as if a spreadsheet had dropped zeros in front"
        advice = "format the column as text and write 0901 in full; nothing to do where the codes are so"
        yield Fault("MAP-CODE-ZERO", file, lines[lost[0]], "code", said, advice, "warning")


def _contradicts(span: tuple[str, str, str], always: str | None, dated: tuple[tuple[str, str, str], ...]) -> bool:
    """True when a code has another value on a day of a row. span: (from, to, value) of the row; always: the value without days."""
    start, end, value = span
    return (always is not None and always != value) or any(
        other != value and (not end or not since or since < end) and (not until or not start or start < until)
        for since, until, other in dated
    )


def _bad_days(row: Mapping[str, str], file: str, line: int) -> Iterator[Fault]:
    """Days are compared as texts: one in another form would count on the wrong days."""
    bad = [column for column in ("from", "to") if row[column] and not _is_day(row[column])]
    for column in bad:
        said = f'"{row[column]}" is not a day such as 2025-03-04'
        yield Fault("MAP-CODE-DATE", file, line, column, said, "format the column as text and write year-month-day")
    if not bad and row["from"] and row["to"] and row["from"] >= row["to"]:
        said = f"the row counts on no day: it ends on {row['to']} and begins on {row['from']}"
        yield Fault(
            "MAP-CODE-DATE", file, line, "to", said, "to is the first day after; exchange the two, or correct one"
        )


def _is_day(text: str) -> bool:
    try:
        return _DAY.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False
