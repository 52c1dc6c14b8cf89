"""The tokenizer against a reader that walks character by character: any service characters, repetitions, releases, chunks."""

from __future__ import annotations

import random

import pytest

from gateway.formats.delimited import split_released, unrelease
from gateway.formats.edifact.service import Header
from gateway.formats.edifact.tokenizer import Tokenizer
from gateway.records import Node

Segment = list[list[list[str]]]
"""Elements, their repetitions, their components; element 1 is the tag."""

SIGNS = sorted(set("|^\\~#$!;=@&%_{}<>*/\"():+?'"))


class Signs:
    """Service characters of one interchange, "" for one that it does not have."""

    def __init__(self, r: random.Random) -> None:
        self.version = r.choice("1234")
        self.una = ""
        self.component, self.element, self.release, self.repetition, self.terminator = ":", "+", "?", "*", "'"
        if r.random() < 0.7:
            if r.random() < 0.7:
                signs = r.sample(SIGNS, 5)
                self.component, self.element, self.release, self.repetition, self.terminator = signs
            self.terminator = r.choice([self.terminator] * 4 + ["\n", "\r"])
            release, repetition = r.choice([self.release] * 3 + [" "]), r.choice([self.repetition, " "])
            self.una = f"UNA{self.component}{self.element}{r.choice('.,')}{release}{repetition}{self.terminator}"
            self.release, self.repetition = release.strip(), repetition.strip()
        if self.version < "4":
            self.repetition = ""
        self.all = self.component + self.element + self.release + self.repetition + self.terminator

    def write(self, segments: list[Segment], gap: str) -> str:
        def released(text: str) -> str:
            return "".join(self.release + c if self.release and c in self.all else c for c in text)

        return self.una + "".join(
            self.element.join(self.repetition.join(self.component.join(map(released, c)) for c in e) for e in s)
            + self.terminator
            + gap
            for s in segments
        )


def naive(text: str, signs: Signs) -> list[Segment]:
    """Read what stands behind UNA, one character after the other."""
    segments: list[Segment] = []
    segment: Segment = [[[""]]]
    characters = iter(text)
    for character in characters:
        if segment == [[[""]]] and character in " \r\n" and character != signs.terminator:
            continue
        if signs.release and character == signs.release:
            segment[-1][-1][-1] += next(characters)
        elif character == signs.terminator:
            segments.append(segment)
            segment = [[[""]]]
        elif character == signs.element:
            segment.append([[""]])
        elif character == signs.repetition:
            segment[-1].append([""])
        elif character == signs.component:
            segment[-1][-1].append("")
        else:
            segment[-1][-1][-1] += character
    return segments


def ours(data: bytes, r: random.Random) -> list[Segment]:
    chunks, at = [], 0
    while at < len(data):
        size = r.choice([1, 2, 3, 7, 50, 1000])
        chunks.append(data[at : at + size])
        at += size
    found: list[Segment] = []
    separators = None
    for token in Tokenizer().tokens(chunks):
        if isinstance(token, Header):
            separators = token.separators
        elif isinstance(token, Node):
            assert separators is not None
            s = separators
            found.append(
                [
                    [
                        [
                            unrelease(c, s.release) if s.release else c
                            for c in split_released(part, s.component, s.release)
                        ]
                        for part in (split_released(e, s.repetition, s.release) if s.repetition else [e])
                    ]
                    for e in token.elements
                ]
            )
        else:
            raise AssertionError(f"{token.rule}: {token.message}")
    return found


@pytest.mark.parametrize("seed", range(8))
def test_any_service_characters_are_read_as_character_by_character(seed: int) -> None:
    r = random.Random(seed)
    for _ in range(250):
        signs = Signs(r)
        letters = [c for c in "ABUNZ01 .,-()/'+:?*\u00e9" + signs.all if signs.release or c not in signs.all]

        def text(letters: list[str] = letters) -> str:
            return "".join(r.choice(letters) for _ in range(r.randrange(9)))

        def element(signs: Signs = signs) -> list[list[str]]:
            times = r.choice([1, 1, 2, 3]) if signs.repetition else 1
            return [[text() for _ in range(r.randrange(1, 5))] for _ in range(times)]

        body = [
            [[[r.choice(["FTX", "NAD", "RFF", "UNS"])]], *(element() for _ in range(r.randrange(1, 6)))]
            for _ in range(r.randrange(8))
        ]
        segments: list[Segment] = [
            [[["UNB"]], [["UNOC", signs.version]], [["A", "ZZ"]], [["B", "ZZ"]], [["250930", "1200"]], [["1"]]],
            [[["UNH"]], [["1"]], [["CUSCAR", "D", "03A", "UN"]]],
            *body,
            [[["UNZ"]], [["1"]], [["1"]]],
        ]  # fmt: skip
        written = signs.write(segments, "" if signs.terminator in "\r\n" else r.choice(["", "\n", "\r\n"]))
        assert naive(written[len(signs.una) :], signs) == segments, "the judge is right"
        assert ours(written.encode("latin-1"), r) == segments[1:], written
