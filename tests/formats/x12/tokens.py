"""Runs the tokenizer over bytes and accounts for each byte of the file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from gateway.findings import Finding, Scope
from gateway.formats.x12.tokenizer import Tokenizer
from gateway.formats.x12.tokens import Header, Token
from gateway.records import Node

BLANK = frozenset(b" \t\r\n")
SKIPPED = ("X12-SEG-EMPTY", "X12-NOISE-BETWEEN-SEGMENTS")
"""Remarks given once an interchange: after one of them, all blanks between its segments are told."""


def tokens(data: bytes, sizes: Iterator[int] | None = None, *, lenient: bool = True) -> list[Token]:
    """Return the tokens of a file handed over in chunks of the given sizes; whole without sizes."""
    chunks = (data,) if sizes is None else _chunks(data, sizes)
    return list(Tokenizer(lenient=lenient).tokens(chunks))


def _chunks(data: bytes, sizes: Iterator[int]) -> Iterator[bytes]:
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
        if at >= len(data):
            return
    yield data[at:]


def nodes(data: bytes, **how: Any) -> list[Node]:
    return [t for t in tokens(data, **how) if isinstance(t, Node)]


def headers(data: bytes) -> list[Header]:
    return [t for t in tokens(data) if isinstance(t, Header)]


def findings(data: bytes, **how: Any) -> list[Finding]:
    found: list[Finding] = []
    for token in tokens(data, **how):
        if isinstance(token, Header):
            found += token.faults
        elif isinstance(token, Finding):
            found.append(token)
    return found


def rules(data: bytes, **how: Any) -> list[str]:
    return [f.rule for f in findings(data, **how)]


def facts(stream: list[Token]) -> list[tuple[Any, ...]]:
    """Return tokens as values that can be compared."""
    told: list[tuple[Any, ...]] = []
    for token in stream:
        if isinstance(token, Node):
            told.append(("node", token.elements, token.offset, token.length, token.line))
        elif isinstance(token, Header):
            told.append(("isa", token.elements, token.offset, token.length, token.line, token.separators, token.faults))
        else:
            told.append(("finding", token))
    return told


def unaccounted(data: bytes) -> list[tuple[int, int, bytes]]:
    """Return (start, end, bytes) of what is in no segment, header or finding and is not an allowed gap.

    Allowed: line breaks directly after a terminator, blanks around an interchange, and blanks and doubled terminators
    inside an interchange that got a remark for them.
    """
    covered = bytearray(len(data))
    stops: list[tuple[int, bytes]] = [(0, b"")]  # where each interchange starts, its terminator
    ends: list[int] = [0]  # where its last segment ends
    told: set[int] = set()  # interchanges with a remark
    for token in tokens(data):
        if isinstance(token, Header):
            stops.append((token.offset, token.separators.segment.encode("latin-1")))
            ends.append(token.offset + token.length)
            _mark(covered, token.offset, token.length)
        elif isinstance(token, Node):
            end = token.offset + token.length
            ends[-1] = end + (data[end : end + 1] == stops[-1][1])
            _mark(covered, token.offset, ends[-1] - token.offset)
        else:
            if token.rule in SKIPPED:
                told.add(len(stops) - 1)
            at, length = token.position.offset or 0, token.position.length or 0
            if token.scope is Scope.INTERCHANGE:
                ends[-1] = max(ends[-1], at + length)
            _mark(covered, at, length)
    for number, (begin, stop) in enumerate(stops):
        until = stops[number + 1][0] if number + 1 < len(stops) else len(data)
        _allow(data, covered, range(begin, ends[number]), stop, told=number in told)
        _mark_blanks(data, covered, range(ends[number], until))
    return list(_gaps(data, covered))


def _mark(covered: bytearray, offset: int, length: int) -> None:
    covered[offset : offset + length] = b"\1" * len(covered[offset : offset + length])


def _mark_blanks(data: bytes, covered: bytearray, where: range) -> None:
    for at in where:
        covered[at] |= data[at] in BLANK


def _allow(data: bytes, covered: bytearray, where: range, stop: bytes, *, told: bool) -> None:
    for at in where:
        if covered[at]:
            continue
        after = data[at - 1 : at] == stop or (covered[at - 1] and data[at - 1] in b"\r\n")
        if (data[at] in b"\r\n" and after) or (told and (data[at] in BLANK or data[at : at + 1] == stop)):
            covered[at] = 1


def _gaps(data: bytes, covered: bytearray) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at < len(data):
        if covered[at]:
            at += 1
            continue
        end = at
        while end < len(data) and not covered[end]:
            end += 1
        yield at, end, data[at:end]
        at = end


def damaged(data: bytes, times: int, seed: int) -> Iterator[bytes]:
    """Yield the file cut, with a doubled part, with two bytes swapped, with a byte changed, with a part left out."""
    luck = random.Random(seed)
    for _ in range(times):
        a, b = sorted((luck.randrange(len(data)), luck.randrange(len(data))))
        match luck.randrange(6):
            case 0:
                yield data[:a]
            case 1:
                yield data[:b] + data[a:]
            case 2:
                yield data[:a] + data[b : b + 1] + data[a + 1 : b] + data[a : a + 1] + data[b + 1 :]
            case 3:
                yield data[:a] + bytes((luck.randrange(256),)) + data[a + 1 :]
            case 4:
                yield data[:a] + data[b:]
            case _:
                yield (
                    data[:a]
                    + luck.choice((b"~", b"~~", b"\n", b"\r\n", b"*", b" ", b"\0", b"ISA*", b"IEA*"))
                    + data[a:]
                )
