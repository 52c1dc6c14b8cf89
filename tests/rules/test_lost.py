"""A character that was lost before the file came (U+FFFD) is one fault and one finding, in every format."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.findings import Severity
from gateway.rules.parties import is_latin
from tests.drops import SAMPLES_NOW, drop, profile_for, sample

MARCH = datetime(2025, 3, 1, 10, tzinfo=UTC)
NAME = "final_deliver_to_party.name"


def damaged(name, *words):
    """Return a sample in which the third letter of each word was lost."""
    data = sample(name)
    for word in map(str.encode, words):
        assert word in data
        data = data.replace(word, word[:2] + "\ufffd".encode() + word[3:])
    return data


def told(result, line=None):
    """Return (rule, severity) of what is said of the characters of a file, the file as a whole left out."""
    rules = ("Q-CHAR-LOST", "Q-NON-LATIN", "CSV-ENCODING", "X12-ELE-CHAR")
    found = [f for f in result.findings() if f.rule in rules and line in (None, f.position.line)]
    return [(f.rule, str(f.severity)) for f in found]


@pytest.mark.parametrize(
    ("name", "word", "finding"),
    [
        ("edifact/03", "ALEX EXAMPLE", ("Q-CHAR-LOST", "warning")),
        ("xml/03", "JORDAN EXAMPLE", ("Q-CHAR-LOST", "warning")),
        ("xml/03", "MENS T-SHIRT, KNITTED", ("Q-CHAR-LOST", "warning")),
        ("xml/15", "TAYLOR", ("Q-CHAR-LOST", "warning")),
        ("xml-extra/05", "TAYLOR", ("CSV-ENCODING", "error")),
        ("cargoimp/03", "JORDAN EXAMPLE", ("Q-CHAR-LOST", "warning")),
        ("csv/01", "RILEY SAMPLE", ("CSV-ENCODING", "error")),
        ("csv/01", "Vacuum insulated", ("CSV-ENCODING", "error")),
        ("csv/09", "ROBIN EXAMPLE", ("CSV-ENCODING", "error")),
    ],
)
def test_a_lost_character_is_told_once(name, word, finding):
    result = drop(damaged(name, word), now=MARCH)
    assert told(result) == [finding]
    (place,) = {f.position for f in result.findings() if f.rule == finding[0]}
    assert "\ufffd".encode() in damaged(name, word)[place.offset :][: place.length]


def test_x12_tells_it_with_its_own_rule_in_words_that_say_what_happened():
    result = drop(damaged("x12/01", "JORDAN EXAMPLE"), now=SAMPLES_NOW)
    assert told(result) == [("X12-ELE-CHAR", "warning")]
    (said,) = [f.message for f in result.findings() if f.rule == "X12-ELE-CHAR"]
    assert "was lost" in said
    assert "JO" not in said


@pytest.mark.parametrize(
    ("name", "number", "now"), [("xml/03", "GWH0001001", MARCH), ("x12/01", "00450002", SAMPLES_NOW)]
)
def test_a_number_with_a_lost_character_identifies_nothing(name, number, now):
    result = drop(damaged(name, number), now=now)
    assert ("Q-CHAR-LOST", "error") in told(result)
    assert result.outcome.counts.rejected == 1


def test_a_field_that_no_other_rule_looks_at_is_told_too():
    result = drop(
        sample("xml/03").replace(b"HOLTSVILLE", "HOLTS\ufffdILLE".encode()).replace(b"LTD<", "L\ufffdD<".encode()),
        now=MARCH,
    )
    assert {f.target for f in result.findings() if f.rule == "Q-CHAR-LOST"} == {"shipment_initiator.name", "final_deliver_to_party.city"}  # fmt: skip
    assert all(f.personal for f in result.findings() if f.rule == "Q-CHAR-LOST")


def test_what_we_could_not_transcode_is_told_like_what_came_so():
    text = sample("xml/03").decode().replace("JORDAN", "JORD\ud800N")
    result = drop(b"\xff\xfe" + text.encode("utf-16-le", "surrogatepass"), now=MARCH)
    assert told(result) == [("Q-CHAR-LOST", "warning")]


def test_other_letters_beside_a_lost_one_are_told_as_before():
    assert is_latin("JOS\ufffd")
    assert not is_latin("深圳\ufffd")
    result = drop(sample("xml/03").replace(b"JORDAN", "深\ufffd".encode()), now=MARCH)
    assert sorted(told(result)) == [("Q-CHAR-LOST", "warning"), ("Q-NON-LATIN", "warning")]


def test_letters_that_the_x12_reader_told_of_are_told_once():
    data = sample("x12/01").replace(b"JORDAN", "深圳".encode())
    assert told(drop(data, now=SAMPLES_NOW)) == [("X12-ELE-CHAR", "warning")]
    silent = replace(profile_for(data), severities={"X12-ELE-CHAR": Severity.OFF})
    assert told(drop(data, now=SAMPLES_NOW, profile=silent)) == [("Q-NON-LATIN", "warning")]


def test_a_partner_may_have_it_refused_and_it_is_told_where_the_reader_does_not():
    data = damaged("csv/01", "RILEY SAMPLE")
    profile = profile_for(data)
    off = replace(profile, severities={"CSV-ENCODING": Severity.OFF, "Q-CHAR-LOST": Severity.ERROR})
    assert told(drop(data, now=MARCH, profile=off)) == [("Q-CHAR-LOST", "error")]


@pytest.mark.parametrize(
    ("name", "old", "new", "shown"),
    [
        ("xml/03", "JORDAN EXAMPLE", "JORDAN O&amp;#39;EXAMPLE", "&#39;"),
        ("xml/15", "TAYLOR", "T&amp;Eacute;A", "&Eacute;"),
        ("csv/01", "RILEY SAMPLE", "RILEY &amp; SAMPLE", "&amp;"),
        ("xml-extra/05", "TAYLOR", "TA&#xFC;R", "&#xFC;"),
    ],
)
def test_a_text_that_was_written_for_the_web_is_told(name, old, new, shown):
    data = sample(name)
    assert old.encode() in data
    result = drop(data.replace(old.encode(), new.encode(), 1), now=MARCH)
    (found,) = [f for f in result.findings() if f.rule == "Q-CHAR-ESCAPED"]
    assert f"holds {shown}, which stands for another character" in found.message
    assert (found.severity, found.personal) == (Severity.WARNING, True)


@pytest.mark.parametrize("name", ["A & B; C", "A &AMP B", "R&D;", "A&B"])
def test_an_ampersand_alone_is_none(name):
    data = sample("xml/03").replace(b"JORDAN EXAMPLE", name.replace("&", "&amp;").encode(), 1)
    assert "Q-CHAR-ESCAPED" not in drop(data, now=MARCH).rules()
