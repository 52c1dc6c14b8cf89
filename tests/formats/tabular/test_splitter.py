"""Delimited bytes -> records: against the csv module on clean input, any split into chunks, damage that stays local."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.tabular.splitter import MAX_LINES, Splitter, split_quoted
from tests.drops import chunks_of

CELL = st.text(alphabet='ab,;"\n\r 1é深', max_size=8)
ROWS = st.lists(st.lists(CELL, min_size=1, max_size=5), min_size=1, max_size=6)


def split(data: bytes, sizes: tuple[int, ...] = (), delimiter: str = ",", **options):
    return list(Splitter(delimiter, **options).records(chunks_of(data, sizes)))


def write(rows: list[list[str]], delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


@settings(max_examples=150)
@given(ROWS, st.sampled_from(",;\t|"))
def test_clean_input_reads_like_the_csv_module(rows, delimiter):
    data = write(rows, delimiter)
    records = split(data, delimiter=delimiter)
    assert [r.cells for r in records] == list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))
    assert [r.cells for r in records] == rows
    assert all(r.fault == "" for r in records)


@settings(max_examples=100)
@given(st.binary(max_size=200), st.lists(st.integers(1, 40), max_size=6))
def test_any_split_into_chunks_gives_the_same_records_and_spans_add_up(data, sizes):
    whole = split(data)
    assert split(data, tuple(sizes)) == whole or [_facts(r) for r in split(data, tuple(sizes))] == [
        _facts(r) for r in whole
    ]
    assert [_facts(r) for r in split(data, (1,) * len(data))] == [_facts(r) for r in whole]
    assert sum(r.length for r in whole) == len(data)
    at = 0
    for record in whole:
        assert record.offset == at
        at += record.length
    assert [r.number for r in whole] == list(range(1, len(whole) + 1))


def _facts(record):
    return (record.cells, record.number, record.line, record.offset, record.length, record.fault, record.lines)


@pytest.mark.parametrize(
    ("text", "cells", "fault"),
    [
        ('a,"b ""c"", d",e', ["a", 'b "c", d', "e"], ""),
        ('a,b"c,d', ["a", 'b"c', "d"], "stray"),
        ('a,"b"c,d', ["a", "bc", "d"], "after"),
        ('a,"b,c', ["a", "b,c"], "open"),
        ('"",""', ["", ""], ""),
        ('a,""""', ["a", '"'], ""),
    ],
)
def test_quotes(text, cells, fault):
    assert split_quoted(text, ",") == (cells, fault)


def test_offsets_and_lines_of_a_record_with_a_line_break():
    records = split(b'a,b\r\n"1\r\n2",x\r\nlast,y')
    assert [(r.line, r.offset, r.length, r.lines) for r in records] == [(1, 0, 5, 1), (2, 5, 10, 2), (4, 15, 6, 1)]


def test_a_quote_that_is_never_closed_names_every_line():
    records = split(b'a,b\n1,"x\n2,y\n3,z\n')
    assert [(r.cells[0], r.fault) for r in records] == [
        ("a", ""),
        ("1", "quote"),
        ("2", "swallowed"),
        ("3", "swallowed"),
    ]


def test_a_lost_quote_takes_no_more_memory_than_its_limit_and_nothing_behind_it_is_used():
    lines = [b"%d,ok\n" % n for n in range(MAX_LINES * 3)]
    records = split(b'0,"open\n' + b"".join(lines))
    assert [r.fault for r in records] == ["quote"] + ["swallowed"] * len(lines)


def test_reading_goes_on_behind_a_record_that_another_quote_ends():
    records = split(b'1,"open\n2,"x, y",z\n3,c\n')
    assert [r.fault for r in records] == ["quote", "swallowed", ""]
    assert records[-1].cells == ["3", "c"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_each_line_end_is_read(end):
    assert [r.cells for r in split(end.join((b"a,b", b"1,2", b"3,4")))] == [["a", "b"], ["1", "2"], ["3", "4"]]


def test_bytes_outside_the_character_set_are_told_by_line_not_read_as_another_set():
    records = split("JOSÉ,x\n".encode() + "JOSÉ,y\n".encode("cp1252") + b"z,1\n")
    assert [r.fault for r in records] == ["", "encoding", ""]
    assert split("JOSÉ,y\n".encode("cp1252"), encoding="cp1252")[0].cells == ["JOSÉ", "y"]


def test_bytes_that_windows_1252_does_not_know_are_told():
    assert split(b"a\x81,b\n", encoding="cp1252")[0].fault == "encoding"


def test_offsets_of_transcoded_text_are_those_of_the_received_file():
    records = split("é,b\r\nc,d\r\n".encode(), base=2, factor=2)
    assert [(r.offset, r.length) for r in records] == [(2, 10), (12, 10)]


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize("fault", [b"", b'a,"b\n', b'x,"y\r\nz"\r\n', b"\xff\n", b'a,"b"c\n', b'a,b"c\n'])
def test_lines_that_are_split_together_give_the_records_that_each_gives_alone(fault, factor):
    lines = [b'%d,"a, ""%d""",\xc3\xa9\r\n' % (n, n) if n % 3 else b"%d,b\r\n" % n for n in range(700)]
    data = b"".join([*lines[:600], fault, *lines[600:]])
    together, alone = split(data, factor=factor, base=3), split(data, (1,) * len(data), factor=factor, base=3)
    assert [_facts(r) for r in together] == [_facts(r) for r in alone]
    assert (together[0].offset, together[0].number, together[5].line) == (3, 1, 6)
