"""Bytes to segments: any chunking gives the same, no byte is lost, the odd cases are said."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.findings import Finding
from gateway.formats.edifact.service import Header
from gateway.formats.edifact.tokenizer import MAX_SEGMENT, Tokenizer
from gateway.records import Node
from tests.formats.edifact.samples import CASES, FILES, case, fixture, interchange, message, pieces

GAP = b" \r\n\t\0\x1a"


def tokens(data: bytes | list[bytes], **options: object) -> list[tuple[object, ...]]:
    chunks = [data] if isinstance(data, bytes) else data
    found: list[tuple[object, ...]] = []
    for token in Tokenizer(**options).tokens(chunks):  # type: ignore[arg-type]
        if isinstance(token, Node):
            found.append(("segment", token.offset, token.length, token.line, *token.elements))
        elif isinstance(token, Header):
            found.append(("UNB", token.offset, token.length, token.line, *token.elements, token.faults))
        else:
            found.append(("finding", token.rule, token.position, token.message))
    return found


def segments(data: bytes, **options: object) -> list[tuple[object, ...]]:
    return [t[4:] for t in tokens(data, **options) if t[0] == "segment"]


@pytest.mark.parametrize("path", [*FILES, *CASES], ids=lambda p: p.stem)
def test_any_split_of_the_file_gives_the_same_tokens(path):
    data = path.read_bytes()
    whole = tokens(data)
    assert tokens([data[i : i + 1] for i in range(len(data))]) == whole
    rng = random.Random(321)
    assert tokens(list(pieces(data, (rng.randint(1, 90) for _ in itertools.count())))) == whole


@pytest.mark.parametrize("path", [*FILES, *CASES], ids=lambda p: p.stem)
def test_every_byte_is_in_a_segment_a_finding_or_an_allowed_gap(path):
    data = path.read_bytes()
    covered = bytearray(len(data))
    terminator = b"'"
    for token in Tokenizer().tokens([data]):
        if isinstance(token, Header):
            terminator = token.separators.segment.encode("latin-1")
            start, length = token.offset, token.length
        elif isinstance(token, Node):
            start, length = token.offset, token.length
        elif token.position.offset is not None and token.position.length:
            start, length = token.position.offset, token.position.length
        covered[start : start + length] = b"\1" * length
    rest = bytes(byte for byte, seen in zip(data, covered, strict=True) if not seen)
    assert rest.strip(GAP + terminator) == b""
    assert sum(covered) >= len(data) * 0.85


def test_a_segment_stands_at_its_offset_and_line():
    data = fixture("28_")
    for token in Tokenizer().tokens([data]):
        if isinstance(token, Node):
            raw = data[token.offset : token.offset + token.length]
            assert raw.decode("latin-1") == "+".join(token.elements)
            assert data[: token.offset].count(b"\n") + 1 == token.line


@pytest.mark.parametrize(("count", "ends"), [(0, True), (1, False), (2, True), (3, False), (4, True), (5, False)])
def test_an_odd_number_of_release_characters_releases_the_terminator(count, ends):
    data = interchange(["UNH+1+CUSCAR:D:03A:UN", "FTX+AAA+++WHY" + "?" * count, "BGM+785", "UNT+4+1"]).replace(
        b"\n", b""
    )
    tags = [s[0] for s in segments(data)]
    assert ("BGM" in tags) is ends


def test_a_released_terminator_at_the_end_of_a_line_is_taken_for_a_forgotten_release():
    data = interchange(["UNH+1+CUSCAR:D:03A:UN", "FTX+AAA+++WHY?", "BGM+785", "UNT+4+1"])
    assert ("BGM", "785") in segments(data)
    assert "EDIFACT-SEG-UNTERMINATED" in [t[1] for t in tokens(data)]


def test_elements_keep_released_separators():
    data = interchange(message(["FTX+AAA+++MEN?'S ?+ BOYS?: 2"]))
    assert ("FTX", "AAA", "", "", "MEN?'S ?+ BOYS?: 2") in segments(data)


def test_a_blank_as_release_means_none():
    assert any("RED HAT WITH BLUE BAND" in s for s in segments(case("S076")))


def test_una_counts_for_its_own_interchange_only():
    custom = fixture("04_")
    plain = interchange(message(["BGM+785"]))
    both = [t[4:] for t in tokens(custom + plain) if t[0] == "UNB"]
    assert both[0][2] == "GWSENDER|ZZ"
    assert both[1][2] == "GWSENDER:ZZ"


def test_text_that_looks_like_una_is_data():
    assert len([t for t in tokens(case("S077")) if t[0] == "UNB"]) == 1
    assert len([t for t in tokens(fixture("05_")) if t[0] == "UNB"]) == 1


@pytest.mark.parametrize(
    ("una", "version", "repetition"),
    [("UNA:+.?*'", "4", "*"), ("UNA:+.? '", "4", ""), ("", "4", "*"), ("UNA:+.?*'", "3", ""), ("", "3", "")],
)
def test_repetition_needs_syntax_4_and_its_character(una, version, repetition):
    data = una.encode() + interchange(message(["BGM+785"]), unb=f"UNB+UNOC:{version}+A:ZZ+B:ZZ+20250930:1200+REF1")
    header = next(t for t in Tokenizer().tokens([data]) if isinstance(t, Header))
    assert header.separators.repetition == repetition


@pytest.mark.parametrize(
    ("una", "version", "mark"),
    [("UNA:+,? '", "3", ","), ("UNA:+.? '", "2", "."), ("", "3", ""), ("UNA:+,? '", "4", "")],
)
def test_the_decimal_mark_binds_only_when_una_says_so_up_to_syntax_3(una, version, mark):
    data = una.encode() + interchange(message(["BGM+785"]), unb=f"UNB+UNOC:{version}+A:ZZ+B:ZZ+250930:1200+REF1")
    header = next(t for t in Tokenizer().tokens([data]) if isinstance(t, Header))
    assert header.separators.decimal == mark


def test_a_newline_can_be_the_terminator():
    data = b"UNA:+.? \nUNB+UNOC:3+A:ZZ+B:ZZ+250930:1200+1\nUNH+1+CUSCAR:D:03A:UN\n\nUNT+2+1\nUNZ+1+1\n"
    assert [s[0] for s in segments(data)] == ["UNH", "UNT", "UNZ"]
    assert [t[3] for t in tokens(data) if t[0] == "segment"] == [3, 5, 6]


@pytest.mark.parametrize("una", [b"UNA::.? '", b"UNA:+.? +", b"UNAA+.? '"])
def test_unusable_service_characters_are_code_20(una):
    data = una + interchange(message(["BGM+785"]))
    header = next(t for t in Tokenizer().tokens([data]) if isinstance(t, Header))
    assert header.faults[0].ack["CONTRL"] == "20"


def test_other_separators_without_una_are_read_and_refused():
    data = interchange(message(["BGM+785"])).translate(bytes.maketrans(b"+:'", b"|^~"))
    header = next(t for t in Tokenizer().tokens([data]) if isinstance(t, Header))
    assert header.faults[0].rule == "EDIFACT-UNA"
    assert ("BGM", "785") in segments(data)


def test_unb_without_terminator_is_code_22_and_the_message_is_still_read():
    found = tokens(case("S081"))
    assert [t[1] for t in found if t[0] == "finding"] == ["FILE-LEADING-NOISE"]
    header = next(t for t in found if t[0] == "UNB")
    assert header[-1][0].ack["CONTRL"] == "22"  # type: ignore[index]
    assert len(segments(case("S081"))) == 25


def test_wrapped_lines_are_joined_and_said_once():
    found = tokens(case("S082"))
    assert [t[1] for t in found if t[0] == "finding"] == ["EDIFACT-WRAPPED-LINES"]
    assert ("NAD", "CA", "XX:172:3") in segments(case("S082"))
    assert ("MOA", "40:59.90:USD") in segments(case("S082"))


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("una", ["", "UNA:+.? '"])
def test_a_record_may_end_behind_a_release_character(una, line_break):
    texts = ["FTX+AAA+++MEN?'S ?+ ?:?'?? SHOES??", "RFF+HWB:1", "FTX+AAA+++????????????"]
    flat = una + interchange(message(texts * 3)).decode().replace("\n", "")
    expected = segments(flat.encode())
    assert ("RFF", "HWB:1") in expected
    for width in range(60, 130):
        wrapped = line_break.join(flat[at : at + width] for at in range(0, len(flat), width)).encode()
        assert segments(wrapped) == expected, width
        assert segments([wrapped[at : at + 7] for at in range(0, len(wrapped), 7)]) == expected, width


def test_a_break_in_free_text_is_a_blank():
    data = interchange(message(["BGM+785", "FTX+AAA+++BLUE\r\nHAT"]))
    assert ("FTX", "AAA", "", "", "BLUE HAT") in segments(data)
    assert [t[1] for t in tokens(data) if t[0] == "finding"] == ["EDIFACT-BREAK-IN-DATA"]
    assert ("FTX", "AAA", "", "", "BLUE\r\nHAT") in segments(data, keep_breaks=True)


def test_a_lost_terminator_is_an_error_and_the_next_segment_is_kept():
    data = interchange(message(["BGM+785", "CST+1+6109100012:122\nLOC+27+CN:162:5"]))
    assert ("LOC", "27", "CN:162:5") in segments(data)
    found = [t for t in tokens(data) if t[0] == "finding"]
    assert [t[1] for t in found] == ["EDIFACT-SEG-UNTERMINATED"]
    assert [t[3] for t in tokens(data) if t[0] == "segment"][:6] == [2, 3, 4, 5, 6, 7]


def test_empty_segments_are_skipped_with_one_warning():
    data = interchange(message(["BGM+785", "", "", "DTM+137:20250930:102"]))
    assert [t[1] for t in tokens(data) if t[0] == "finding"] == ["EDIFACT-SEG-EMPTY"]


def test_explicit_nesting_is_read_off_the_tag():
    assert ("CNI", "1", "X") in segments(interchange(message(["CNI:1+1+X"])))


def test_noise_before_between_and_after_is_counted():
    data = b"Subject: manifest\r\n\r\n" + interchange(message(["BGM+785"])) + b"-- \r\nregards\r\n"
    noise = [t[2] for t in tokens(data) if t[0] == "finding"]
    assert [data[p.offset : p.offset + p.length] for p in noise] == [b"Subject: manifest", b"-- \r\nregards"]


def test_blanks_control_z_and_nul_around_are_no_noise():
    data = b"\r\n \t" + interchange(message(["BGM+785"])) + b"\r\n\0\0\x1a"
    assert not [t for t in tokens(data) if t[0] == "finding"]


def test_an_endless_segment_is_given_up_and_the_next_interchange_read():
    good = interchange(message(["BGM+785"]))
    data = interchange(["UNH+1+CUSCAR:D:03A:UN", "FTX+AAA+++" + "X" * (MAX_SEGMENT + 10)], end="") + good
    found = tokens([data[i : i + 5000] for i in range(0, len(data), 5000)])
    assert tokens(data) == found
    assert [t[1] for t in found if t[0] == "finding"] == ["EDIFACT-SEG-TOO-LONG"]
    assert found[-1][4:] == ("UNZ", "1", "REF1")


CHARSETS = [
    ("UNOC", "JÜRGEN".encode("latin-1"), "JÜRGEN", None),
    ("UNOC", "JÜRGEN".encode(), "JÜRGEN", "ENC-MISMATCH"),
    ("UNOC", "O\u2019NEIL".encode("cp1252"), "O\u2019NEIL", "ENC-CP1252-ASSUMED"),
    ("UNOA", "MÜLLER".encode(), "MÜLLER", "ENC-MISMATCH"),
    ("UNOA", "MÜLLER".encode("latin-1"), "MÜLLER", "ENC-CP1252-ASSUMED"),
    ("UNOD", "ŁÓDŹ".encode("iso8859_2"), "ŁÓDŹ", None),
    ("UNOE", "МОСКВА".encode("iso8859_5"), "МОСКВА", None),
    ("UNOF", "ΑΘΗΝΑ".encode("iso8859_7"), "ΑΘΗΝΑ", None),
    ("UNOY", "深圳".encode(), "深圳", None),
    ("UNOY", b"M\xdcLLER", "MÜLLER", "ENC-INVALID"),
    ("UNOX", "大阪'+?".encode("iso2022_jp_2").replace(b"'+?", b""), "大阪", None),
    ("XXXX", "MÜLLER".encode("latin-1"), "MÜLLER", None),
    # two letters of these look like one of UTF-8
    ("UNOC", "NESTLÉ®".encode("latin-1"), "NESTLÉ®", None),
    ("UNOB", "NESTLÉ®".encode("latin-1"), "NESTLÉ®", "ENC-CP1252-ASSUMED"),
    ("UNOD", "SPÓŁKA".encode("iso8859_2"), "SPÓŁKA", None),
    ("UNOD", "SPÓŁKA".encode(), "SPÓŁKA", "ENC-MISMATCH"),
    ("UNOD", "plášť".encode("iso8859_2"), "plášť", None),
    ("UNOE", "УЛ 5".encode("iso8859_5"), "УЛ 5", None),
    ("UNOE", "УЛ 5".encode(), "УЛ 5", "ENC-MISMATCH"),
    ("UNOC", "深圳".encode(), "深圳", "ENC-MISMATCH"),
    ("UNOC", "字".encode(), "字", "ENC-MISMATCH"),
    ("UNOA", "ALEX\ufffd".encode(), "ALEX\ufffd", "ENC-MISMATCH"),
    ("UNOE", "ALEX\ufffd".encode(), "ALEX\ufffd", "ENC-MISMATCH"),
]


@pytest.mark.parametrize(("declared", "raw", "text", "rule"), CHARSETS)
def test_text_is_decoded_as_declared_or_with_a_warning(declared, raw, text, rule):
    data = interchange(message(["FTX+AAA+++@"]), unb=f"UNB+{declared}:3+A:ZZ+B:ZZ+250930:1200+REF1").replace(b"@", raw)
    assert ("FTX", "AAA", "", "", text) in segments(data)
    assert [t[1] for t in tokens(data) if t[0] == "finding"] == ([rule] if rule else [])


@pytest.mark.parametrize("line_break", ["", "\r\n"])
@pytest.mark.parametrize(
    ("codec", "text"), [("iso2022_kr", "서울무역"), ("iso2022_jp", "東京商事"), ("iso2022_jp_2", "大阪商事")]
)
def test_shifted_and_escaped_letters_are_read_in_any_segment(codec, text, line_break):
    body = message(["FTX+AAA+++@", f"FTX+AAA+++HATS{line_break}@", "RFF+HWB:1"])
    data = interchange(body, unb="UNB+UNOX:3+A:ZZ+B:ZZ+250930:1200+REF1").decode().replace("@", text).encode(codec)
    found = segments(data, unox=codec)
    assert [s for s in found if s[0] in ("FTX", "RFF")] == [
        ("FTX", "AAA", "", "", text),
        ("FTX", "AAA", "", "", f"HATS{' ' if line_break else ''}{text}"),
        ("RFF", "HWB:1"),
    ]
    assert segments([data[at : at + 3] for at in range(0, len(data), 3)], unox=codec) == found


@pytest.mark.parametrize(("encoding", "codec"), [("2", "latin-1"), ("4", "cp850"), ("7", "utf-8")])
def test_the_encoding_of_the_characters_is_that_of_unb(encoding, codec):
    unb = f"UNB+UNOC:4::{encoding}+A:ZZ+B:ZZ+20250930:1200+REF1"
    data = interchange(message(["FTX+AAA+++@"]), unb=unb).replace(b"@", "MÜLLER É".encode(codec))
    assert ("FTX", "AAA", "", "", "MÜLLER É") in segments(data)
    assert not [t for t in tokens(data) if t[0] == "finding"]


def test_once_an_interchange_is_utf_8_its_other_letters_are_too():
    body = message(["FTX+AAA+++@", "FTX+AAA+++#"])
    data = interchange(body).replace(b"@", "深圳".encode()).replace(b"#", "она".encode())
    assert ("FTX", "AAA", "", "", "она") in segments(data)
    assert [t[1] for t in tokens(data) if t[0] == "finding"] == ["ENC-MISMATCH"]


def test_service_bytes_inside_escape_sequences_are_data():
    text = "".join(chr(c) for c in range(0x4E00, 0x5200) if _has_service_byte(chr(c)))[:40]
    assert text
    raw = text.encode("iso2022_jp_2")
    data = interchange(message(["FTX+AAA+++@"]), unb="UNB+UNOX:3+A:ZZ+B:ZZ+250930:1200+REF1").replace(b"@", raw)
    assert ("FTX", "AAA", "", "", text) in segments(data)


def _has_service_byte(character: str) -> bool:
    try:
        return any(byte in b"'+:?" for byte in character.encode("iso2022_jp_2")[3:5])
    except UnicodeEncodeError:
        return False


WHAT = [b"", b"'", b"+", b":", b"?", b"\n", b"UNB", b"UNZ+1+1'", b"\xff", b"UNA:+.? '"]
DAMAGE = st.lists(
    st.tuples(st.integers(0, 2000), st.sampled_from(WHAT)),
    min_size=1,
    max_size=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(DAMAGE, st.sampled_from(["01_", "02_", "04_", "05_", "07_", "08_", "30_"]), st.integers(1, 64))
def test_damaged_input_never_raises_and_splits_alike_in_any_chunks(damage, name, size):
    data = bytearray(fixture(name))
    for at, what in damage:
        at %= len(data)  # noqa: PLW2901
        data[at : at + (1 if not what else 0)] = what
    whole = tokens(bytes(data))
    assert tokens([bytes(data[i : i + size]) for i in range(0, len(data), size)]) == whole


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_never_raise(data):
    list(Tokenizer().tokens([data]))
    list(Tokenizer().tokens([b"UNA:+.? 'UNB+UNOC:3+A+B+250930:1200+1'", data]))


def test_findings_of_the_tokenizer_have_a_place():
    for path in [*FILES, *CASES]:
        for token in Tokenizer().tokens([path.read_bytes()]):
            if isinstance(token, Finding):
                assert token.position.offset is not None
                assert token.position.line
