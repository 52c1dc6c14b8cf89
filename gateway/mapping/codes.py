"""Code tables: what partners write -> what the canonical model says, by date.

CSV columns: code, value, and if wanted from, to (ISO dates, to exclusive), one_way, note. Several codes in one cell are
separated by "|". A table named mode is the file codes/mode.csv; a partner's own table of that name replaces it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from gateway.mapping.table import Fault, read_cells


class CodeTable(msgspec.Struct, frozen=True):
    """One table. entries: code -> value; dated: code -> (from, to, value) rows, ISO dates, "" = open.

    one_way: codes that are read but never written, as the city code beside that of its airport.
    """

    name: str
    entries: Mapping[str, str]
    dated: Mapping[str, tuple[tuple[str, str, str], ...]] = {}
    one_way: frozenset[str] = frozenset()

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

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        """texts: table name -> CSV bytes."""
        self._texts = dict(sorted(texts.items()))
        self._tables: dict[str, CodeTable] = {}
        self._faults: dict[str, list[Fault]] = {}
        self.digest = digest_of(texts)

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __getitem__(self, name: str) -> CodeTable:
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = self._read(name, self._texts[name])
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
        rows = read_cells(data, file, faults)
        if not rows:
            return CodeTable(name, {})
        header = [c.strip().lower() for c in rows[0][1]]
        entries: dict[str, str] = {}
        dated: dict[str, tuple[tuple[str, str, str], ...]] = {}
        one_way: set[str] = set()
        for line, cells in rows[1:]:
            row = dict(zip(header, (c.strip() for c in cells), strict=False))
            key = "code" if "code" in header else header[0]
            value = row.get("value", row.get(header[1], "") if len(header) > 1 else "")
            for code in row.get(key, "").split("|"):
                if row.get("from") or row.get("to"):
                    dated[code] = (*dated.get(code, ()), (row.get("from", ""), row.get("to", ""), value))
                elif code in entries and entries[code] != value:
                    faults.append(
                        Fault(
                            "MAP-CODE-TWICE",
                            file,
                            line,
                            "code",
                            f'code "{code}" has two values',
                            "remove one, or give both dates",
                        )
                    )
                else:
                    entries[code] = value
                if row.get("one_way"):
                    one_way.add(code)
        return CodeTable(name, entries, dated, frozenset(one_way))
