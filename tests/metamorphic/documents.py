"""Frames of XML, JSON and tables: leaves and rows as segments."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.metamorphic.frames import Frame, Piece, Segment, pools_of
from tests.metamorphic.segmented import renaming, sample_of

_TOKEN = re.compile(r"<([^\s/>!?]+)([^<>]*)>([^<]*)</\1\s*>|<[^<>]+>|[^<]+")
_ATTRIBUTE = re.compile(r'([^\s=]+=")([^"]*)"')


# --- XML --------------------------------------------------------------------------------------------------------------


def xml_pieces(name: str, tag: str, *samples: str, words: Sequence[str]) -> Frame:
    """Return a frame around elements that repeat. tag: of the element that is a shipment."""
    texts = [sample_of(one).decode() for one in samples]
    find = re.compile(rf"[ \t]*<{tag}[\s>].*?</{tag}>\n?", re.S)
    found = [one[0] for text in texts for one in find.finditer(text)]
    first = texts[0]
    begin = next(find.finditer(first)).start()
    end = max(one.end() for one in find.finditer(first))
    pieces = [_leaves(text) for text in found]

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        return first[:begin].encode(), [_written(piece).encode() for piece in some], first[end:].encode()

    return Frame(name, tuple(pieces), write, _free_leaf, renaming(*words), pools=pools_of(pieces), flexible=False)


def xml_document(name: str, sample: str) -> Frame:
    """Return a frame of one document, which is one piece."""
    piece = _leaves(sample_of(sample).decode())

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        return b"", [_written(one).encode() for one in some], b""

    return Frame(
        name,
        (piece,),
        write,
        _free_leaf,
        lambda piece, _: piece,
        "interchange",
        pools=pools_of([piece]),
        flexible=False,
    )


def _leaves(text: str) -> Piece:
    """Return an element as segments: [name, how it begins, attribute, value, ..., text] for a leaf, ["", text] for others."""
    found: Piece = []
    for token in _TOKEN.finditer(text):
        if token[1] is None:
            found.append(["", token[0]])
            continue
        parts = [token[1]]
        for attribute in _ATTRIBUTE.finditer(token[2]):
            parts += [attribute[1], attribute[2]]
        found.append([*parts, token[3]])
    return found


def _written(piece: Piece) -> str:
    texts = []
    for name, *parts in piece:
        if not name:
            texts.append(parts[0])
            continue
        attributes = "".join(f' {parts[n]}{_safe(parts[n + 1])}"' for n in range(0, len(parts) - 1, 2))
        texts.append(f"<{name}{attributes}>{_safe(parts[-1])}</{name}>")
    return "".join(texts)


def _safe(text: str) -> str:
    return re.sub(r"&(?![a-z]+;|#)", "&amp;", text).replace("<", "&lt;").replace(chr(34), "&quot;")


def _free_leaf(segment: Segment, number: int) -> Sequence[int]:
    if not segment[0] or "SenderParty" in segment[0] or len(segment) % 2:
        return ()
    return [*range(2, len(segment) - 1, 2), len(segment) - 1]


# --- JSON -------------------------------------------------------------------------------------------------------------


def json_pieces(name: str, sample: str, at: Sequence[str], *, lines: bool = False, words: Sequence[str]) -> Frame:
    """Return a frame around the objects of a list. at: keys that lead to the list; lines: one object a line, nothing around."""
    whole: Any = json.loads(sample_of(sample))
    there = whole
    for key in at:
        there = there[key]
    pieces = [_flat(one) for one in there]
    mark = "@@@"

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        bodies = [json.dumps(_deep(piece), ensure_ascii=False).encode() for piece in some]
        if lines:
            return b"", bodies, b"\n"
        head, _, tail = json.dumps(_put(whole, at, [mark])).partition(f'"{mark}"')
        return head.encode(), bodies, tail.encode()

    between = b"\n" if lines else b", "
    return Frame(
        name,
        tuple(pieces),
        write,
        _free_json,
        renaming(*words),
        between=between,
        pools=pools_of(pieces),
        flexible=False,
    )


def _put(whole: Any, at: Sequence[str], new: Any) -> Any:
    return {**whole, at[0]: _put(whole[at[0]], at[1:], new)} if at else new


def _free_json(segment: Segment, number: int) -> Sequence[int]:
    return (1,)


def _flat(value: Any, path: tuple[Any, ...] = ()) -> Piece:
    """Return an object as [path, value] of each leaf, both as JSON."""
    if isinstance(value, dict) and value:
        return [one for key, inner in value.items() for one in _flat(inner, (*path, key))]
    if isinstance(value, list) and value:
        return [one for key, inner in enumerate(value) for one in _flat(inner, (*path, key))]
    return [[json.dumps(path), json.dumps(value)]]


def _deep(piece: Piece) -> Any:
    """Return the object again; a value that a change made is a text when it is no JSON."""
    whole: dict[Any, Any] = {}
    for path, text, *_ in piece:
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        *above, last = json.loads(path)
        place = whole
        for key in above:
            place = place.setdefault(key, {}) if isinstance(place.get(key, {}), dict) else place
        place[last] = value
    return _lists(whole)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(one) for key, one in value.items()}
    return list(inner.values()) if inner and all(isinstance(key, int) for key in inner) else inner


# --- tables -----------------------------------------------------------------------------------------------------------


def table(
    name: str,
    sample: str,
    key: str,
    *,
    words: Sequence[str],
    delimiter: str = ",",
    partner: str = "",
    fixed: Sequence[str] = (),
) -> Frame:
    """Return a frame around the rows of each shipment. key: the column that tells shipments apart, "" = no header, the first.

    partner: of fixtures/profiles/tabular. fixed: columns that rows would have from the row above, as the partner wishes.
    """
    data = sample_of(sample)
    coding = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") or partner in ("", "marketplace") else "cp1252"
    text = data.decode(coding)
    header, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    if not key:
        header, rows = [], [header, *rows]
    column = header.index(key) if key else 0
    left = {column, *(header.index(one) for one in fixed)}
    pieces: list[Piece] = []
    before = None
    for row in rows:
        for one in fixed:  # written out: nothing comes from the row above
            row[header.index(one)] = row[header.index(one)] or rows[0][header.index(one)]
        if row[column] != before:
            pieces.append([])
        pieces[-1].append([str(len(row)), *row])
        before = row[column]

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        head = _csv([header], delimiter, coding) if header else b""
        return head, [_csv([row[1:] for row in piece], delimiter, coding) for piece in some], b""

    def free(segment: Segment, number: int) -> Sequence[int]:
        return [n for n in range(1, len(segment)) if n - 1 not in left]

    number = renaming(*words)
    return Frame(name, tuple(pieces), write, free, number, pools=pools_of(pieces), file_name="m.csv", partner=partner)


def _csv(rows: Sequence[Sequence[str]], delimiter: str, coding: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(coding.removesuffix("-sig"), "replace")


def rows_as_objects(name: str, sample: str, key: str, *, words: Sequence[str], lines: bool = False) -> Frame:
    """Return a frame of JSON rows: the columns of a table as keys, an object a row; empty cells are left out.

    The first object stands before the pieces in every file: it has every key, which makes it a column of the table.
    """
    plain = table(name, sample, key, words=words)
    header = next(csv.reader(io.StringIO(sample_of(sample).decode("utf-8-sig"), newline="")))
    at = header.index(key)
    pieces = [
        [[json.dumps([column]), json.dumps(cell)] for column, cell in zip(header, row[1:], strict=True) if cell]
        for piece in plain.pieces
        for row in piece[:1]
    ]

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        first, *bodies = [json.dumps(_deep(piece), ensure_ascii=False).encode() for piece in (pieces[0], *some)]
        return (first + between, bodies, b"\n") if lines else (b"[" + first + between, bodies, b"]\n")

    def free(segment: Segment, number: int) -> Sequence[int]:
        return () if segment[0] == json.dumps([header[at]]) else (1,)

    between = b"\n" if lines else b",\n"
    return Frame(
        name,
        tuple(pieces),
        write,
        free,
        plain.number,
        between=between,
        pools=pools_of(pieces),
        flexible=False,
        before=1,
    )


def workbook(name: str, sample: str, key: str, *, words: Sequence[str]) -> Frame:
    """Return a frame like `table`, written as a workbook; where its rows stand no byte tells."""
    plain = table(name, sample, key, words=words)

    def write(some: Sequence[Piece]) -> tuple[bytes, list[bytes], bytes]:
        from openpyxl import Workbook

        head, bodies, _ = plain.write(some)
        book, packed = Workbook(), io.BytesIO()
        sheet = book.active
        assert sheet is not None
        for row in csv.reader(io.StringIO((head + b"".join(bodies)).decode(), newline="")):
            sheet.append([_cell(cell) for cell in row])
        book.save(packed)
        return packed.getvalue(), [b""] * len(some), b""

    return Frame(name, plain.pieces, write, plain.free, plain.number, pools=plain.pools, file_name="m.xlsx")


def _cell(text: str) -> Any:
    """Return what a person would have in a cell: numbers and days as such, where they look like it."""
    if re.fullmatch(r"[0-9]{1,6}\.[0-9]{2}", text):
        return float(text)
    if re.fullmatch(r"20[0-9]{2}-0[1-9]-[0-2][1-8]", text):
        return datetime.fromisoformat(text)
    return {"TRUE": True, "1": 1, "2": 2}.get(text, text)
