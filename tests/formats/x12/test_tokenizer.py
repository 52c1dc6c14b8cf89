"""Every byte of a file is told, however the file is cut into chunks and whatever has been done to it."""

from __future__ import annotations

import itertools
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from gateway.findings import Finding
from gateway.formats.delimited import Scale
from gateway.formats.noise import Skipped
from gateway.formats.x12.tokenizer import MAX_SEGMENT, Tokenizer
from gateway.formats.x12.tokens import Header, Token
from gateway.records import Node
from tests.drops import sample, x12_samples
from tests.formats.x12.tokens import damaged, facts, findings, headers, nodes, rules, tokens, unaccounted

SAMPLES = [p for p in x12_samples() if not p.name.startswith(("S016", "S018"))]  # UTF-16 and EBCDIC: detect's business
PLAIN = sample("x12/01")


def _name(path: Path) -> str:
    return path.stem


def test_the_samples_are_there() -> None:
    assert len(SAMPLES) > 100


# --- chunks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SAMPLES, ids=_name)
def test_byte_by_byte_gives_what_the_whole_file_gives(path: Path) -> None:
    data = path.read_bytes()
    assert facts(tokens(data, itertools.repeat(1))) == facts(tokens(data))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SAMPLES), st.lists(st.integers(1, 200), min_size=1, max_size=12))
def test_any_chunks_give_what_the_whole_file_gives(path: Path, sizes: list[int]) -> None:
    data = path.read_bytes()
    assert facts(tokens(data, itertools.cycle(sizes))) == facts(tokens(data))


_LONG = PLAIN.replace(b"LX*2~", b"VID*TL**TRL5501*SEAL778812~\n" * 3000 + b"LX*2~")

AWKWARD = {
    "long, line feeds": _LONG,
    "long, carriage returns and line feeds": _LONG.replace(b"\n", b"\r\n"),
    "long, no line ends": _LONG.replace(b"\n", b""),
    "long, both line ends": _LONG.replace(b"\n", b"\r\n", 2000),
    "long, letters beyond ASCII": _LONG.replace(b"LUCKY", "LÜCKY".encode()).replace(b"TRL5501", "TÉL".encode(), 7),
    "long, letters of Windows-1252 and of UTF-8": _LONG.replace(b"LUCKY", b"L\xdcCKY").replace(
        b"TRL5501", "TÉL".encode(), 900
    ),
    "long, letters and carriage returns": _LONG.replace(b"LUCKY", b"L\xdcCKY").replace(b"\n", b"\r\n"),
    "long, carriage returns only": _LONG.replace(b"\n", b"\r"),
    "long, a carriage return in the data": _LONG.replace(b"\n", b"\r\n").replace(b"TRL5501", b"TRL\r5501", 1),
    "long, one line feed without its carriage return": _LONG.replace(b"\n", b"\r\n").replace(b"\r\n", b"\n", 1),
    "line end with a blank, next line indented": PLAIN.replace(b"~\nN3*905", b"~ \n  N3*905"),
    "a segment that is too long": PLAIN.replace(b"905 BIRCH AVE", b"9" * (MAX_SEGMENT + 10)),
    "a segment of just the longest length": PLAIN.replace(b"905 BIRCH AVE", b"9" * (MAX_SEGMENT - 3)),
    "much noise behind the end": PLAIN + b" " * 700 + b"x" * 1500,
    "much noise before the start": b"\n" * 3 + b" " * 70_000 + b"hello\n" + b"y" * 70_000 + PLAIN,
    "an ISA that cannot be read": PLAIN.replace(b"*P*>~\nGS", b"*P*>GS") * 3,
    "two files, the first without its last terminator": PLAIN[:-2] + b"\n" + PLAIN,
    "two files glued together": PLAIN[:-2] + PLAIN,
    "line feed and carriage return": PLAIN.replace(b"~\n", b"~\n\r"),
    "empty lines": PLAIN.replace(b"~\n", b"~\r\n\r\n"),
    "zero bytes before a segment": PLAIN.replace(b"N3*905", b"\0\0N3*905"),
    "zero bytes at the end of a cut file": PLAIN[:500] + b"\0" * 50,
    "a wrapped file": b"\n".join(PLAIN.replace(b"\n", b"")[at : at + 80] for at in range(0, len(PLAIN), 80)),
}


@pytest.mark.parametrize("what", AWKWARD)
def test_awkward_files_give_the_same_in_any_chunks_and_leave_no_byte_untold(what: str) -> None:
    data = AWKWARD[what]
    whole = facts(tokens(data))
    for sizes in (itertools.cycle((1, 2, 3, 97)), itertools.repeat(509), itertools.repeat(65_536)):
        assert facts(tokens(data, sizes)) == whole
    assert unaccounted(data) == []


def _one_by_one(data: bytes) -> list[Token]:
    with patch("gateway.formats.x12.tokenizer.even_end", lambda text, separators: 0):
        return tokens(data)


@pytest.mark.parametrize("what", [*AWKWARD, *SAMPLES], ids=lambda what: what if isinstance(what, str) else what.stem)
def test_many_at_once_are_what_one_by_one_are(what: str | Path) -> None:
    data = AWKWARD[what] if isinstance(what, str) else what.read_bytes()
    assert facts(tokens(data)) == facts(_one_by_one(data))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_many_at_once_are_what_one_by_one_are_in_damaged_files(luck: DataObject) -> None:
    data = PLAIN.replace(b"\n", luck.draw(st.sampled_from([b"", b"\n", b"\r\n"])))
    piece = st.sampled_from([b"\xc3\xa9", b"\xe9", b"\x81", b"\r", b"\n", b"~", b" ", b"*", b"ISA*", b"IEA*1*1~"])
    for _ in range(luck.draw(st.integers(0, 4))):
        at = luck.draw(st.integers(150, len(data)))
        data = data[:at] + luck.draw(piece) + data[at:]
    assert facts(tokens(data)) == facts(_one_by_one(data))


# --- bytes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SAMPLES, ids=_name)
def test_every_byte_is_in_a_segment_a_header_a_finding_or_an_allowed_gap(path: Path) -> None:
    assert unaccounted(path.read_bytes()) == []


def test_the_account_of_bytes_notices_what_nobody_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Skipped, "add", lambda self, text, offset, line: None)
    assert unaccounted(PLAIN + b"hello") == [(len(PLAIN), len(PLAIN) + 5, b"hello")]


@pytest.mark.parametrize("path", SAMPLES, ids=_name)
def test_offset_length_and_line_of_a_segment_are_those_in_the_file(path: Path) -> None:
    data = path.read_bytes()
    for node in nodes(data):
        raw = data[node.offset : node.offset + node.length]
        assert raw.translate(None, b"\r\n").startswith(node.tag.encode())
        assert node.line == data.count(b"\n", 0, node.offset) + 1


def test_offsets_of_transcoded_text_are_those_of_the_received_file() -> None:
    plain, scaled = nodes(PLAIN), [t for t in Tokenizer(Scale(2, 2)).tokens((PLAIN,)) if isinstance(t, Node)]
    assert [n.offset for n in scaled] == [2 + 2 * n.offset for n in plain]
    (finding,) = (t for t in Tokenizer(Scale(3, 1)).tokens((b"hello" + PLAIN,)) if isinstance(t, Finding))
    assert (finding.rule, finding.position.offset) == ("FILE-LEADING-NOISE", 3)


# --- separators ---------------------------------------------------------------------------------------------------

_LEGAL = [c for c in map(chr, range(1, 127)) if not c.isalnum() and c not in " \t\r\n.-&/#'"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_LEGAL), min_size=4, max_size=4, unique=True), st.sampled_from(("", "\n", "\r\n")))
def test_any_legal_separators_are_read_from_isa(chosen: list[str], line_end: str) -> None:
    element, component, segment, repetition = chosen
    text = PLAIN.decode().replace("\n", "")
    table = str.maketrans({"*": element, ">": component, "~": segment + line_end, "^": repetition})
    data = text.translate(table).encode("latin-1")
    (header,) = headers(data)
    assert (header.separators.element, header.separators.component) == (element, component)
    assert (header.separators.segment, header.separators.repetition) == (segment, repetition)
    assert [n.elements for n in nodes(data)] == [n.elements for n in nodes(PLAIN)]
    assert findings(data) == []
    assert unaccounted(data) == []


@pytest.mark.parametrize("terminator", ["\n", "\r", "\r\n", "\x15", "\x1c", "\x85", "'"])
def test_terminators_of_the_wild_are_read(terminator: str) -> None:
    data = PLAIN.decode().replace("~\n", terminator).encode("latin-1")
    assert [n.elements for n in nodes(data)] == [n.elements for n in nodes(PLAIN)]
    assert [n.offset for n in nodes(data)][:2] == [data.index(b"GS"), data.index(b"ST*")]


def test_each_interchange_has_its_own_separators() -> None:
    first, second = headers(sample("x12/35"))
    assert (first.separators.element, second.separators.element) == ("*", "|")
    assert [n.tag for n in nodes(sample("x12/35"))].count("IEA") == 2


def test_equal_separators_are_refused() -> None:
    (fault,) = findings(PLAIN.replace(b"*P*>~", b"*P**~"))
    assert (fault.rule, fault.ack) == ("X12-SEPARATORS", {"TA104": "R", "TA105": "026"})


def test_a_repetition_separator_is_read_from_00402_on_only() -> None:
    assert headers(sample("x12/07"))[0].separators.repetition == ""
    assert headers(PLAIN.replace(b"*^*00501", b"*^*00401"))[0].separators.repetition == ""
    assert headers(PLAIN.replace(b"*^*00501", b"*U*00501"))[0].separators.repetition == ""
    assert headers(PLAIN)[0].separators.repetition == "^"


# --- damage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", range(112))
def test_an_isa_cut_at_any_byte_is_told_and_never_raises(cut: int) -> None:
    data = PLAIN[:cut]
    stream = tokens(data)
    assert not any(isinstance(t, Node) for t in stream)
    said = rules(data)
    assert said, "silence about a cut file"
    assert set(said) <= {"X12-NO-ENVELOPE", "X12-TRUNCATED"}
    assert unaccounted(data) == []


@pytest.mark.parametrize("cut", range(1, 112))
def test_a_second_isa_cut_at_any_byte_leaves_the_first_interchange_whole(cut: int) -> None:
    data = PLAIN + PLAIN[:cut]
    assert [n.elements for n in nodes(data)] == [n.elements for n in nodes(PLAIN)]
    assert set(rules(data)) <= {"FILE-TRAILING-NOISE", "X12-TRUNCATED"}
    assert rules(data) or data[len(PLAIN) :].isspace()
    assert unaccounted(data) == []


def test_a_file_cut_anywhere_says_so() -> None:
    end = PLAIN.index(b"IEA*1*0")
    for cut in range(112, end):
        said = findings(PLAIN[:cut])
        assert [(f.rule, f.ack["TA105"]) for f in said] == [("X12-TRUNCATED", "023")], cut


def test_a_new_isa_before_iea_ends_the_interchange_before_it() -> None:
    data = PLAIN[: PLAIN.index(b"IEA")] + PLAIN
    stream = tokens(data)
    second = next(n for n, t in enumerate(stream) if isinstance(t, Header) and n)
    before = stream[second - 1]
    assert isinstance(before, Finding)
    assert (before.rule, before.position.offset) == ("X12-TRUNCATED", data.rindex(b"ISA*"))
    assert [n.elements for n in stream[second:] if isinstance(n, Node)] == [n.elements for n in nodes(PLAIN)]


def test_two_files_glued_without_terminator_are_both_read() -> None:
    for data in (PLAIN[:-2] + PLAIN, PLAIN[:-2] + b"\r\n" + PLAIN):
        assert rules(data) == ["X12-SEG-UNTERMINATED"]
        assert len(headers(data)) == 2
        assert [n.elements for n in nodes(data)] == 2 * [n.elements for n in nodes(PLAIN)]


def test_a_segment_longer_than_the_limit_ends_reading_with_a_finding() -> None:
    (finding,) = findings(AWKWARD["a segment that is too long"])
    assert (finding.rule, finding.ack["TA105"], finding.position.line) == ("X12-SEG-TOO-LONG", "022", 13)
    assert rules(AWKWARD["a segment of just the longest length"]) == []


@pytest.mark.parametrize("name", ["01", "35", "50", "51", "07", "53"])
def test_damaged_files_never_raise_and_leave_no_byte_untold(name: str) -> None:
    for number, data in enumerate(damaged(sample(f"x12/{name}"), 70, seed=int(name))):
        whole = facts(tokens(data))
        assert unaccounted(data) == [], data
        if number % 5 == 0:
            assert facts(tokens(data, itertools.cycle((1, 7, 2)))) == whole, data


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_behind_a_good_start_never_raise(rest: bytes) -> None:
    data = PLAIN[:250] + rest
    assert facts(tokens(data)) == facts(tokens(data, itertools.repeat(3)))
    assert facts(tokens(data, lenient=False))


# --- what is between the segments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"~\nLX*1", b"~\n~\nLX*1", ["X12-SEG-EMPTY"]),
        (b"~\nLX*1", b"~~\nLX*1", ["X12-SEG-EMPTY"]),
        (b"~\nLX*1", b"~\n\n\nLX*1", ["X12-NOISE-BETWEEN-SEGMENTS"]),
        (b"~\nLX*1", b"~\n   LX*1", ["X12-NOISE-BETWEEN-SEGMENTS"]),
        (b"~\nLX*1", b"~\t\nLX*1", ["X12-NOISE-BETWEEN-SEGMENTS"]),
        (b"~\nLX*1", b"~ \n  LX*1", ["X12-NOISE-BETWEEN-SEGMENTS"]),
        (b"~\nLX*1", b"~\r\nLX*1", []),
        (b"~\nLX*1", b"~LX*1", []),
        (b"GE*1*1~\n", b"GE*1*1~", []),
    ],
)
def test_what_stands_between_segments_is_skipped_with_a_remark(old: bytes, new: bytes, said: list[str]) -> None:
    data = PLAIN.replace(old, new)
    assert rules(data) == said
    assert [n.elements for n in nodes(data)] == [n.elements for n in nodes(PLAIN)]
    assert unaccounted(data) == []


def test_a_remark_is_given_once_an_interchange() -> None:
    data = PLAIN.replace(b"~\n", b"~\n\n\n")
    assert rules(data) == ["X12-NOISE-BETWEEN-SEGMENTS"]
    assert rules(data + data) == ["X12-NOISE-BETWEEN-SEGMENTS"] * 2


def test_a_line_break_inside_a_text_is_read_as_a_blank_or_kept_by_a_strict_reader() -> None:
    data = PLAIN.replace(b"MAPLE LANE", b"MAPLE\nLANE")
    name = next(n for n in nodes(data) if n.tag == "N1").element(2)
    kept = next(n for n in nodes(data, lenient=False) if n.tag == "N1").element(2)
    assert (name, kept) == ("MAPLE LANE GOODS INC", "MAPLE\nLANE GOODS INC")
    assert rules(data) == ["X12-BREAK-IN-DATA"]


def test_records_of_one_width_are_joined_without_blanks() -> None:
    data = AWKWARD["a wrapped file"]
    assert rules(data) == ["X12-WRAPPED-LINES"]
    assert [n.elements for n in nodes(data)] == [n.elements for n in nodes(PLAIN)]


def test_noise_says_how_much_where_and_how_it_starts() -> None:
    (finding,) = findings(b"\n From: clerk@example.com\n\n" + PLAIN)
    assert (finding.position.offset, finding.position.length, finding.position.line) == (2, 23, 2)
    assert finding.message.startswith("What stands before the first ISA (23 bytes) is not part of an interchange")
    assert '"From: clerk@example.com"' in finding.message


def test_letters_outside_ascii_are_read_as_utf8_or_windows_letters() -> None:
    for raw, rule in (("é".encode(), "ENC-UTF8-ASSUMED"), (b"\xe9", "ENC-CP1252-ASSUMED")):
        data = PLAIN.replace(b"MAPLE", b"MAPL" + raw)
        assert next(n for n in nodes(data) if n.tag == "N1").element(2) == "MAPLé LANE GOODS INC"
        assert rules(data) == [rule]
