r"""Bytes -> records of a delimited file (RFC 4180), with byte offsets, physical lines and what is wrong with them.

    a,"b ""c"", d",e\r\n      -> ["a", 'b "c", d', "e"]
    a,"b                      -> the field goes on in the next line
    a,b"c                     -> a quote inside an unquoted field is text (fault "stray")

A quote that opens a field and is never closed would swallow what follows. A field may hold MAX_LINES lines; the lines
of a record that breaks the rules come out one by one with fault "quote" (the first) and "swallowed" (the others), so
that every shipment of the file is named. Lines end with CR LF, LF or CR. Memory: one chunk and the
records of 256 lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, chain, count, repeat

from gateway.formats.tabular.rows import Record

MAX_LINES = 20
"""Physical lines of one record; addresses have few, a lost quote takes all."""
MAX_TEXT = 65_536
"""Characters of a record of several lines."""
MAX_LINE = 4_194_304
"""Bytes of one physical line."""
_AT_ONCE = 256  # lines that are split together when nothing is wrong with any of them


def split_quoted(text: str, delimiter: str) -> tuple[list[str], str]:
    """Return (cells, fault) of a record that holds quotes, without its line end.

    fault: "" or "open" (a quote is not closed), "after" (text behind a closing quote), "stray" (a quote inside an
    unquoted field, kept as text).
    """
    quick = _well_quoted(text, delimiter)
    if quick is not None:
        return quick, ""
    cells: list[str] = []
    fault, at, size = "", 0, len(text)
    while True:
        if text.startswith('"', at):
            end = text.find('"', at + 1)
            while end >= 0 and text.startswith('"', end + 1):
                end = text.find('"', end + 2)
            if end < 0:
                return [*cells, text[at + 1 :].replace('""', '"')], "open"
            value = text[at + 1 : end]
            if '"' in value:
                value = value.replace('""', '"')
            nearest = text.find(delimiter, end + 1)
            tail = text[end + 1 : size if nearest < 0 else nearest]
            if tail:
                value += tail
                if tail.strip():
                    fault = "after"
        else:
            nearest = text.find(delimiter, at)
            value = text[at : size if nearest < 0 else nearest]
            if '"' in value and not fault:
                fault = "stray"
        cells.append(value)
        if nearest < 0:
            return cells, fault
        at = nearest + 1


def _well_quoted(text: str, delimiter: str) -> list[str] | None:
    """Return the cells of a record whose quotes all stand at the ends of cells, None for every other one.

    Between two quotes a cell, outside of them unquoted cells: a,"b, c",d -> a,|b, c|,d
    """
    parts = text.split('"')
    last = len(parts) - 1
    if not last or last % 2:
        return None
    cells: list[str] = []
    for number, part in enumerate(parts):
        if number % 2:
            cells.append(part)
            continue
        if (not number or number == last) and not part:
            continue  # the record begins or ends with a quote
        begin, end = int(number > 0), len(part) - int(number < last)
        if (begin and part[0:1] != delimiter) or (number < last and part[-1:] != delimiter):
            return None
        if begin <= end:  # not for the one delimiter between two quoted cells
            cells += part[begin:end].split(delimiter)
    return cells


def physical_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines with their ends; a line longer than MAX_LINE comes in pieces."""
    return chain.from_iterable(_lines_of_chunks(chunks))


def _lines_of_chunks(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the same, those that end in a chunk together."""
    rest = b""
    for chunk in chunks:
        block = rest + chunk if rest else chunk
        end = block.rfind(b"\n") + 1
        if not end and len(block) > 1:
            end = block.rfind(b"\r", 0, -1) + 1
        if not end:
            rest = block
            if len(rest) > MAX_LINE:
                yield [rest]
                rest = b""
            continue
        rest = block[end:]
        yield block[:end].splitlines(keepends=True)
    if rest:
        yield rest.splitlines(keepends=True)


class Splitter:
    """Splits one file. decode: bytes -> text, raising UnicodeDecodeError; base, factor: offsets in the received file."""

    def __init__(self, delimiter: str, encoding: str = "utf-8", base: int = 0, factor: int = 1) -> None:
        """factor 2: the bytes were transcoded from UTF-16; lengths then count its characters."""
        self._delimiter, self._encoding, self._factor = delimiter, encoding, factor
        self._offset, self._line, self._number = base, 0, 0
        self._held: list[tuple[bytes, str]] = []  # lines of a record whose quote is open
        self._size = 0  # characters of them
        self._lost = False  # a quote was never closed

    def records(self, chunks: Iterable[bytes], cut: Callable[[str], list[str]] | None = None) -> Iterator[Record]:
        """Yield every record, empty ones too. cut: splits a line without quotes (fixed widths), None = delimiter."""
        for read in _lines_of_chunks(chunks):
            for lines in (read[at : at + _AT_ONCE] for at in range(0, len(read), _AT_ONCE)):
                plain = None if cut is not None or self._held or self._lost else self._plain(lines)
                yield from self._one_by_one(lines, cut) if plain is None else plain
        if self._held:
            yield from self._damaged(self._held)

    def _plain(self, lines: list[bytes]) -> Iterator[Record] | None:
        """Return the records of lines each of which is a whole one without any fault, None when they are not all such."""
        delimiter, count_of = self._delimiter, len(lines)
        try:
            texts = list(map(bytes.decode, lines, repeat(self._encoding)))
        except UnicodeDecodeError:
            return None
        bare = map(str.rstrip, texts, repeat("\r\n"))
        cells = [text.split(delimiter) if '"' not in text else _well_quoted(text, delimiter) for text in bare]
        if None in cells or max(map(len, lines)) > MAX_LINE:
            return None
        lengths = list(map(len, lines)) if self._factor == 1 else [len(text) * self._factor for text in texts]
        number, line, offset = self._number, self._line, self._offset
        self._number, self._line, self._offset = number + count_of, line + count_of, offset + sum(lengths)
        return map(
            Record, cells, count(number + 1), count(line + 1), accumulate(lengths, initial=offset), lengths, texts
        )

    def _one_by_one(self, lines: list[bytes], cut: Callable[[str], list[str]] | None) -> Iterator[Record]:
        delimiter, encoding = self._delimiter, self._encoding
        for line in lines:
            try:
                text, bad = line.decode(encoding), ""
            except UnicodeDecodeError:
                text, bad = line.decode(encoding, "replace"), "encoding"
            if len(line) > MAX_LINE:
                bad = "long"
            if self._held:
                yield from self._go_on(line, text)
                continue
            bare = text.rstrip("\r\n")
            if cut is not None:
                cells, fault = cut(bare), ""
            elif self._lost:
                cells, fault = bare.split(delimiter), "swallowed"
            elif '"' not in text:
                cells, fault = bare.split(delimiter), ""
            else:
                cells, fault = split_quoted(bare, delimiter)
                if fault == "open":
                    self._held, self._size = [(line, text)], len(text)
                    continue
                if fault == "after":
                    fault = "quote"
            self._line += 1
            self._number += 1
            length = len(line) if self._factor == 1 else len(text) * self._factor
            yield Record(cells, self._number, self._line, self._offset, length, text, bad or fault)
            self._offset += length

    def _go_on(self, line: bytes, text: str) -> Iterator[Record]:
        """Add a line to those of a record whose quote is open; yield what is complete then."""
        held = self._held
        held.append((line, text))
        self._size += len(text)
        cells, fault = split_quoted("".join(t for _, t in held).rstrip("\r\n"), self._delimiter)
        if fault == "open" and len(held) < MAX_LINES and self._size < MAX_TEXT:
            return
        if fault in ("open", "after"):
            self._lost = fault == "open"
            yield from self._damaged(held)
        else:
            yield self._record(held, cells, fault)
        self._held = []

    def _record(self, held: list[tuple[bytes, str]], cells: list[str], fault: str) -> Record:
        text = "".join(t for _, t in held)
        length = sum(len(b) for b, _ in held) if self._factor == 1 else len(text) * self._factor
        self._number += 1
        bad = "encoding" if "\ufffd" in text and not fault and not all(self._fits(b) for b, _ in held) else fault
        record = Record(cells, self._number, self._line + 1, self._offset, length, text, bad, len(held))
        self._line += len(held)
        self._offset += length
        return record

    def _fits(self, line: bytes) -> bool:
        """True when the bytes of a line are of the character set."""
        try:
            line.decode(self._encoding)
        except UnicodeDecodeError:
            return False
        return True

    def _damaged(self, held: list[tuple[bytes, str]]) -> Iterator[Record]:
        """Yield the lines of a record with an unbalanced quote one by one."""
        for index, (line, text) in enumerate(held):
            bare = text.rstrip("\r\n")
            cells = split_quoted(bare, self._delimiter)[0]
            one = self._record([(line, text)], cells, "swallowed" if index else "quote")
            one.fault = "swallowed" if index else "quote"
            yield one
