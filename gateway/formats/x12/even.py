"""Segments that need no closer look, many at once: what most of every file is made of.

"LX*1~M11*..~N9*..~"   ->   Run(tags=["LX", "M11", "N9"], segments=[["LX", "1"], ...], ...)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import accumulate

from gateway.findings import Finding, Position
from gateway.formats.x12.tokens import Run
from gateway.records import Separators


def even_end(text: str, separators: Separators) -> str:
    """Return what ends every segment of a text: the terminator, or terminator and line break (LF, CRLF).

    "" when anything in it needs a closer look: blanks around segments, empty segments, line breaks inside, a new ISA. Else
    the text starts with the first character of a segment.
    """
    end = separators.segment
    if end in "\r\n" or text[:1] in ("\r", "\n", " ", "\t", end, ""):
        return ""
    broken, returned = "\n" in text, "\r" in text
    stop = end + ("\r" if returned else "") + ("\n" if broken else "")
    if returned and not broken:
        return ""
    if broken:
        breaks, ends = text.count("\n"), text.count(end)
        if breaks != text.count(stop) or (returned and text.count("\r") != breaks):
            return ""
        if ends != breaks and not (ends == breaks + 1 and text.endswith(end)):
            return ""
    odd = (f"{stop} ", f"{stop}\t", f" {end}", stop + end, f"ISA{separators.element}")
    return "" if any(o in text for o in odd) else stop


def run_of(texts: list[str], element: str, offset: int, line: int, width: int, factor: int) -> tuple[Run, int]:
    """Return the run of segments up to and including IEA, and the offset after it.

    offset: in the received file; width: of what ends each segment, more than 1 when a line break is in it; factor: bytes of
    a character (Scale).
    """
    segments = [text.split(element) for text in texts]
    tags = [elements[0] for elements in segments]
    if "IEA" in tags:
        count = tags.index("IEA") + 1
        texts, segments, tags = texts[:count], segments[:count], tags[:count]
    sizes = list(map(len, texts)) if factor == 1 else [factor * len(text) for text in texts]
    *offsets, after = accumulate(map((factor * width).__add__, sizes), initial=offset)
    lines = range(line, line + len(texts)) if width > 1 else [line] * len(texts)
    return Run(tags, segments, offsets, sizes, lines), after


def with_letters(
    run: Run, texts: list[str], element: str, decode: Callable[[bytes, Position], Generator[Finding, None, str]]
) -> Iterator[Run | Finding]:
    """Yield a run with its letters beyond ASCII decoded; what is said of them stands before the segment. texts: of the run."""
    begin = 0
    for number, text in enumerate(texts[: len(run.tags)]):
        if text.isascii():
            continue
        coded = text.encode("latin-1")
        said, decoded = _drained(
            decode(coded, Position(offset=run.offsets[number], length=len(coded), line=run.lines[number]))
        )
        if said:
            yield run.part(begin, number)
            yield from said
            begin = number
        run.segments[number] = decoded.split(element)
        run.tags[number] = run.segments[number][0]
    yield run.part(begin, len(run.tags))


def _drained(told: Generator[Finding, None, str]) -> tuple[list[Finding], str]:
    """Return what a generator yields, and its value."""
    said: list[Finding] = []
    while True:
        try:
            said.append(next(told))
        except StopIteration as end:
            return said, end.value
