"""Damages files at random: what transfers, editors and attackers do to bytes. The same seed gives the same damage."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

WORDS = (
    b"\0", b"\xff", b"\x1a", b"\r\n", b"\n\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc2\x85", b"\xe2\x80\xa8", b"'", b'"', b"*", b"~", b"+", b":", b"?",
    b"?'", b"??", b">", b"<", b"&amp;", b"&x;", b"<!DOCTYPE a>", b"<![CDATA[", b"]]>", b"<!--", b"{", b"}", b"[", b"]", b"\\u0000", b"\\ud800",
    b"1e999999", b"-0", b"NaN", b"Infinity", b"99999999999999999999", b"0.0000000000000001", b"00000000", b"99999999", b"20250230",
    b"ISA*", b"IEA*1*000000001~", b"SE*1*0001~", b"GE*1*1~", b"ST*309*0001~", b"UNB+UNOA:4+", b"UNZ+1+1'", b"UNT+1+1'", b"UNA:+.? '",
    b"=cmd|' /c calc'!A0", b"@SUM(1)", b"FHL/4\r\n", b"A" * 300, b"\xd9\xa3", b"\xef\xbc\x91",
)  # fmt: skip


def _flip(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _byte(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] = chance.randrange(256)


def _insert(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice(WORDS)


def _overwrite(data: bytearray, chance: random.Random) -> None:
    at, word = chance.randrange(len(data)), chance.choice(WORDS)
    data[at : at + len(word)] = word


def _remove(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice((1, 2, 7, 40, 200))]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at, size = chance.randrange(len(data)), chance.choice((1, 5, 30, 120))
    data[at:at] = bytes(data[at : at + size]) * chance.choice((1, 2, 9, 60))


def _move(data: bytearray, chance: random.Random) -> None:
    at, size = chance.randrange(len(data)), chance.choice((3, 12, 60))
    piece = bytes(data[at : at + size])
    del data[at : at + size]
    to = chance.randrange(len(data) + 1)
    data[to:to] = piece


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def _line(data: bytearray, chance: random.Random) -> None:
    """Take away, double or swap what stands between two ends of segments or lines."""
    end = next((mark for mark in (b"~", b"'", b"\n", b">", b",") if mark in data), b" ")
    lines = bytes(data).split(end)
    at = chance.randrange(len(lines))
    kind = chance.randrange(3)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[chance.randrange(len(lines))])
    else:
        lines[at], lines[-1 - at] = lines[-1 - at], lines[at]
    data[:] = end.join(lines)


def _number(data: bytearray, chance: random.Random) -> None:
    """Write another number where one stands."""
    places = [at for at, byte in enumerate(data) if 48 <= byte <= 57]
    if places:
        data[chance.choice(places)] = chance.choice(b"0123456789-.,")


KINDS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip, _byte, _insert, _overwrite, _remove, _repeat, _move, _cut, _line, _line, _number, _number,
)  # fmt: skip


def mutated(corpus: Sequence[bytes], chance: random.Random, most: int = 60_000) -> bytes:
    """Return one file of the corpus, damaged; sometimes the beginning of one with the end of another."""
    data = bytearray(chance.choice(corpus))
    if chance.random() < 0.1:
        other = chance.choice(corpus)
        data[chance.randrange(len(data) + 1) :] = other[chance.randrange(len(other) + 1) :]
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        if data:
            chance.choice(KINDS)(data, chance)
    return bytes(data[:most])
