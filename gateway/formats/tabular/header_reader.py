"""The header of a table: found among the first records, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.findings import NOWHERE, Finding, Position, Scope, Severity
from gateway.formats.tabular.above_header import parted, place_of_record
from gateway.formats.tabular.layout import Header, Options, looks_like_header
from gateway.formats.tabular.rows import Record, plain_name
from gateway.formats.tabular.vocabulary import other_names, vocabulary
from gateway.profile import Profile

LOOKED_AT = 20
"""Records in which a header is looked for, to say where it is."""

_COLUMNS = 16_384  # of a header: as many as a spreadsheet has; what is said of each would fill the memory


class HeaderReader:
    """The part of a TableReader that reads the header. kind: "csv", "xlsx" or "json"."""

    def __init__(self, profile: Profile, options: Options, kind: str, delimiter: str) -> None:
        self._profile, self._options, self._kind, self._delimiter = profile, options, kind, delimiter

    def _find_header(
        self, records: Iterator[Record]
    ) -> tuple[Header | None, list[Record], Record | None, list[Record]]:
        """Return (header, title rows, header record, records read too far)."""
        options = self._options
        if options.columns:
            return Header(list(options.columns), options), [], None, []
        titles: list[Record] = []
        for record in records:
            if not titles and record.text.lower().startswith("sep="):
                continue
            if options.header_row and record.number < options.header_row:
                titles.append(record)
                continue
            if not options.header_row and not any(c.strip() for c in record.cells):
                continue
            if len(record.cells) > _COLUMNS:
                return None, titles, None, [record]
            if options.header_row or looks_like_header(record.cells) or self._renamed(record.cells):
                names = [c.strip() for c in record.cells]
                while names and not names[-1]:
                    names.pop()
                return Header(names, options), titles, record, []
            return None, titles, None, [record]
        return None, titles, None, []

    def _renamed(self, cells: list[str]) -> bool:
        header = Header([c.strip() for c in cells], self._options)
        return bool(self._options.rename) and header.fit() * 3 >= len(cells)

    def _no_header(self, peeked: list[Record]) -> Iterator[Finding]:
        place = place_of_record(peeked[0]) if peeked else Position(line=1)
        if peeked and len(peeked[0].cells) > _COLUMNS:
            said = f"The first row has {len(peeked[0].cells)} columns; a table has {_COLUMNS} at most."
            yield Finding("CSV-HEADER", Severity.ERROR, Scope.INTERCHANGE, said, place)
            return
        said = "The first row is no header with column names that are known."
        if peeked and (told := parted(peeked[0].cells, self._kind, self._options, self._delimiter)):
            yield Finding("CSV-HEADER", Severity.ERROR, Scope.INTERCHANGE, told, place)
            return
        likely = next((r.number for r in peeked[1:] if looks_like_header(r.cells)), 0)
        if likely:
            said += f" Row {likely} looks like one: take the rows above it away, or let the profile name it (header_row = {likely})."
        else:
            said += " If it is one with other names, the profile says what they mean (rename, header_row = 1); if the table has no header, the profile lists its columns."
        yield Finding("CSV-HEADER", Severity.ERROR, Scope.INTERCHANGE, said, place)

    def _check_header(self, header: Header, record: Record | None, width: int) -> Iterator[Finding]:
        place = Position(line=1, row=1)
        if record is not None:
            place = Position(offset=record.offset, length=record.length, line=record.line, row=record.number)
        if record is not None and record.fault == "encoding":  # what is missing or strange cannot be told
            said = f'The header holds bytes that are not {self._options.encoding or "UTF-8"}, so that the names of columns cannot be read. If the file is in Windows-1252, as Excel saves CSV in western Europe, the partner file says so: encoding = "cp1252".'
            yield Finding("CSV-ENCODING", Severity.ERROR, Scope.MESSAGE, said, place)
            return
        if record is not None and (told := parted(record.cells, self._kind, self._options, self._delimiter)):
            yield Finding("CSV-HEADER", Severity.ERROR, Scope.MESSAGE, told, place)
            return
        yield from self._same(header, place)
        for name, fatal in header.missing(currency=bool(self._profile.default_currency)):
            severity = Severity.ERROR if fatal else Severity.WARNING
            yield Finding(
                "CSV-MISSING-COLUMN",
                severity,
                Scope.MESSAGE,
                _no_column(name, header.likely(name, width)) + ("" if fatal else self._instead(name)),
                _column(place, name),
                value=name,
            )
        if record is not None:
            yield from self._settled(header, place)
            yield from self._strangers(header, width, place)

    @staticmethod
    def _same(header: Header, place: Position, since: int = 0) -> Iterator[Finding]:
        """Yield the columns that mean the same. since: so many were told before."""
        own = set(header.names)
        for name, first, second in header.twice[since:]:
            severity = (
                Severity.ERROR
                if header.standard[second] is not None or header.names[first] in own
                else Severity.WARNING
            )
            meant = header.standard[second]
            said = (
                f'Columns {first + 1} and {second + 1} are both "{name}"'
                if header.names[first] == name
                else f'Columns {first + 1} "{header.names[first]}" and {second + 1} "{name}" mean the same'
            )
            said += f" ({meant.name})" if meant is not None and meant.name != name else ""
            yield Finding(
                "CSV-DUP-HEADER",
                severity,
                Scope.MESSAGE,
                said + "; which of the two counts is not certain.",
                _column(place, name),
                value=name,
            )

    def _instead(self, name: str) -> str:
        """Return why a column may be missing."""
        default = self._profile.default_currency
        if name == "currency" and default:
            return f" {default} was taken, as the profile says."
        return " Only rows that cancel a shipment can do without it."

    def _settled(self, header: Header, place: Position) -> Iterator[Finding]:
        """Yield the columns that would mean what another one means by the layout, unless it names them as extra."""
        for index, meant in sorted(header.settled.items()):
            name = header.names[index]
            if plain_name(name) not in header.own():
                said = f'Column "{name}" was not read: another column is agreed to be {meant}.'
                yield Finding("CSV-EXTRA-COLUMN", Severity.INFO, Scope.MESSAGE, said, _column(place, name), value=name)

    def _strangers(self, header: Header, width: int, place: Position) -> Iterator[Finding]:
        """Yield the columns that are not passed on: those nobody knows, and those that no mapping of ours passes on."""
        for name, standard in header.strangers(width):
            said, severity = f'Column "{name}" is not known and was not read.', Severity.WARNING
            if standard:
                said, severity = f'Column "{name}" is known and was not passed on.', Severity.INFO
                other = vocabulary()[0][standard].passed
                said = said if other == "no" else said[:-1] + f" without column {other}."
            yield Finding("CSV-EXTRA-COLUMN", severity, Scope.MESSAGE, said, _column(place, name), value=name)


def _column(place: Position, name: str) -> Position:
    return (
        Position(offset=place.offset, length=place.length, line=place.line, row=place.row, column=name)
        if place is not NOWHERE
        else place
    )


def _no_column(name: str, likely: str) -> str:
    """Return that a column is missing, with other names it is known by, and the one of the table that may be meant."""
    others = ", ".join(f'"{o}"' for o in other_names(name)[:3])
    said = f"The table has no column {name}{f' (or {others})' if others else ''}."
    return said + (f' Perhaps it is column "{likely}", a name that is not known.' if likely else "")
