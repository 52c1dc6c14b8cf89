"""The text of a JSON manifest -> its objects, each with its place; what is no JSON is told where it stands.

Read: one object, an array of objects, objects one a line (JSON lines: any size; the others up to MAX_JSON bytes).
Numbers keep the text they were written with. What is wrong with a document refuses the file; what is wrong with a line of
JSON lines (syntax, a key twice, no object, bytes that are not UTF-8) refuses that line.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from operator import itemgetter
from typing import Any

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.halves import IN_UTF_8, without_halves
from gateway.formats.tabular.rows import Record
from gateway.formats.tabular.splitter import MAX_LINE, physical_lines

MAX_JSON = 67_108_864
"""Bytes of a JSON document that is not JSON lines: it is read as a whole."""

Lines = Iterator[tuple[dict[str, Any], Record]]
"""Objects with their places; a line that cannot be read comes as an empty object, and its record says why."""


class Twice(ValueError):  # noqa: N818  a verdict on data
    """A key stands twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Twice(max(Counter(key for key, _ in pairs).items(), key=itemgetter(1))[0])
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str)


class JsonFault(Exception):  # noqa: N818  a verdict on data
    """The text is no JSON; the finding says where."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding


def objects(chunks: Iterable[bytes], scale: tuple[int, int]) -> Lines:
    """Yield every top-level object (of an array: its elements) with its place; raises JsonFault."""
    base, factor = scale
    lines = physical_lines(chunks)
    first = b""
    skipped = 0
    for line in lines:
        if line.strip():
            first = line
            break
        skipped += 1
        base += len(line)
    begin = [first]
    if _is_json_lines(begin, lines):
        yield from _json_lines(chain(begin, lines), base, factor, skipped)
        return
    lines = chain(begin[1:], lines)
    data = bytearray(first)
    for line in lines:
        data += line
        if len(data) > MAX_JSON:
            raise JsonFault(
                fault(
                    "JSON-SIZE",
                    f"The document is larger than {MAX_JSON >> 20} MiB; send it as JSON lines, one object a line.",
                    None,
                )
            )
    try:
        text = without_halves(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise JsonFault(
            fault(
                "CSV-ENCODING",
                "The document holds bytes that are not UTF-8.",
                Position(offset=base + error.start, line=data.count(b"\n", 0, error.start) + 1 + skipped),
                fix=IN_UTF_8,
            )
        ) from None
    yield from _document(text, base, factor, skipped)


def _whole(line: bytes) -> bool:
    """True when a line is one complete object."""
    if not _is_record(line):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _is_json_lines(begin: list[bytes], lines: Iterator[bytes]) -> bool:
    """True when the file is JSON lines: several lines, the first of them a whole object, or a damaged one before whole ones.

    begin: the first line; those that are looked at are added. A document may begin with `{` on one line and hold a whole
    object on the next: then its first line ends in what opens or continues something, and some line is of a document.
    """
    first, looked, whole, seen = begin[0], 0, 0, False
    sure = not first.rstrip().endswith(_GOES_ON)
    for line in lines:
        begin.append(line)
        looked += len(line)
        if not line.strip():
            continue
        if not seen and _whole(first):
            return True
        seen = True
        if not _is_record(first) or _of_document(line):
            return False
        whole += _whole(line)
        if sure or len(begin) > _LOOKED_AT or looked > MAX_LINE:
            break
    return whole >= (1 if sure else 2)


def _of_document(line: bytes) -> bool:
    """True when a line can only stand in a document: it begins no object, or a comma follows its object."""
    text = line.strip()
    return not _is_record(text) or (text.endswith(b",") and _whole(text[:-1]))


_LOOKED_AT = 20  # lines of a file whose first line is no whole object
_GOES_ON = (b"[", b"{", b",", b":")


def _is_record(line: bytes) -> bool:
    return line.lstrip().startswith(b"{")


def _json_lines(lines: Iterable[bytes], base: int, factor: int, number: int) -> Lines:
    offset = base
    for line in lines:
        number += 1
        length = len(line) if factor == 1 else len(line.decode("utf-8", "replace")) * factor
        if line.strip():
            place = Position(offset=offset, length=length, line=number)
            if len(line) > MAX_LINE:
                raise JsonFault(fault("CSV-LINE-LONG", "The line is longer than 4 MiB.", place))
            value, why = _decode(line)
            yield value, Record([], number, number, offset, length, why, "json" if why else "")
        offset += length


def _decode(line: bytes) -> tuple[dict[str, Any], str]:
    """Return the object of a line, or why there is none."""
    try:
        text = without_halves(line.decode("utf-8").strip())
        value, end = _DECODER.raw_decode(text)
    except UnicodeDecodeError:
        return {}, "The line holds bytes that are not UTF-8."
    except Twice as error:
        return {}, f'The key "{error}" stands twice in one object.'
    except (ValueError, RecursionError) as error:
        return {}, f"The line is no JSON: {_why(error)}."
    if text[end:].strip():
        return {}, "Something stands behind the end of the object."
    return (value, "") if isinstance(value, dict) else ({}, "The line is no JSON object.")


class _Places:
    """Where the characters of a text stand in the received file; asked in rising order, so that none is counted twice."""

    def __init__(self, text: str, base: int, factor: int, line: int) -> None:
        self._text, self._factor, self._ascii = text, factor, text.isascii()
        self._at, self._offset, self._line = 0, base, line

    def of(self, at: int) -> tuple[int, int]:
        """Return byte offset and line of a character."""
        between = self._text[self._at : at]
        self._offset += len(between) * self._factor if self._ascii or self._factor != 1 else len(between.encode())
        self._line += between.count("\n")
        self._at = at
        return self._offset, self._line


def _document(text: str, base: int, factor: int, skipped: int) -> Lines:
    """Yield the object of a document, or the elements of its array, each with its own place."""
    places = _Places(text, base, factor, 1 + skipped)
    at = _blank(text, 0)
    array = text.startswith("[", at)
    at = _blank(text, at + 1) if array else at
    number, line = 0, 1 + skipped
    while at < len(text) and not (array and text[at] == "]"):
        offset, line = places.of(at)
        place = Position(offset=offset, line=line)
        try:
            value, end = _DECODER.raw_decode(text, at)
        except Twice as error:
            raise JsonFault(fault("JSON-DUP-KEY", f'The key "{error}" stands twice in one object.', place)) from None
        except json.JSONDecodeError as error:
            offset, line = places.of(error.pos)
            said = f"The text is no JSON: {_why(error)}."
            raise JsonFault(fault("JSON-SYNTAX", said, Position(offset=offset, line=line))) from None
        except RecursionError as error:
            raise JsonFault(fault("JSON-SYNTAX", f"The text is no JSON: {_why(error)}.", place)) from None
        if not isinstance(value, dict):
            raise JsonFault(fault("JSON-SHAPE", "A JSON object is expected here.", place))
        length = places.of(end)[0] - offset
        yield value, Record([], number + 1, line, offset, length, path=f"[{number}]" if array else "")
        number += 1
        at = _blank(text, end)
        if array and text.startswith(",", at):
            at = _blank(text, at + 1)
            if text.startswith("]", at):
                said = "A comma stands before the end of the array: an object may be missing."
                raise JsonFault(fault("JSON-SYNTAX", said, Position(line=line)))
        elif array and not text.startswith("]", at):
            raise JsonFault(fault("JSON-SYNTAX", "A comma or ] is missing behind the object.", Position(line=line)))
    if array and at >= len(text):
        raise JsonFault(fault("JSON-SYNTAX", "The array has no end: the file may be cut off.", Position(line=line)))
    if array and text[at + 1 :].strip(_PADDING):
        offset, line = places.of(_blank(text, at + 1))
        said = "Something stands behind the end of the array, and would not be read."
        raise JsonFault(fault("JSON-SYNTAX", said, Position(offset=offset, line=line)))


_PADDING = " \t\r\n\ufeff\0\x1a"
"""What may stand behind a document without being anything: old systems fill up with NUL and end files with Ctrl-Z."""


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n\ufeff":
        at += 1
    return at


def _why(error: Exception) -> str:
    return (
        "it is nested too deeply"
        if isinstance(error, RecursionError)
        else getattr(error, "msg", "it cannot be read").lower()
    )


def fault(rule: str, said: str, place: Position | None, fix: str = "") -> Finding:
    """Return what is wrong with a document."""
    return Finding(rule, Severity.ERROR, Scope.MESSAGE, said, place or Position(line=1), fix=fix)
