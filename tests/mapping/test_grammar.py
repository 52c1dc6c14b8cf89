"""The cells of a mapping table: paths, sources, conditions, transforms."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.grammar import CellError, parse_path, parse_source, parse_transform, parse_when, show_path


@pytest.mark.parametrize(
    ("text", "steps", "leaf", "absolute"),
    [
        ("M11.05", [("M11", (), "")], "05", False),
        ("/P4.01", [("P4", (), "")], "01", True),
        ("N1[ST|CN]/N3.01", [("N1", ("ST", "CN"), ""), ("N3", (), "")], "01", False),
        ("N9[02=ABC].02", [("N9", ("ABC",), "02")], "02", False),
        ("REF.02-1", [("REF", (), "")], "02-1", False),
        ("NAD[CZ].3036", [("NAD", ("CZ",), "")], "3036", False),
        ("GrossWeightMeasure/@unitCode", [("GrossWeightMeasure", (), "")], "@unitCode", False),
        ("./@unitCode", [], "@unitCode", False),
    ],
)
def test_a_path_has_steps_qualifiers_and_a_leaf(text, steps, leaf, absolute):
    path = parse_path(text)
    assert [(s.name, s.values, s.qualifier) for s in path.steps] == steps
    assert (path.leaf, path.absolute) == (leaf, absolute)


@pytest.mark.parametrize("text", ["", "  ", ".02", "N1[ST", "N1]ST[.02", "REF.02-x", "REF.02-"])
def test_what_is_no_path_says_what_to_write(text):
    with pytest.raises(CellError) as told:
        parse_path(text)
    assert "write" in told.value.advice


NAME = st.from_regex(r"[A-Z][A-Z0-9]{1,2}", fullmatch=True)
VALUE = st.from_regex(r"[A-Z0-9]{1,3}", fullmatch=True)


@given(
    st.lists(st.tuples(NAME, st.lists(VALUE, max_size=3), st.sampled_from(["", "02"])), min_size=1, max_size=3),
    st.sampled_from(["", "05", "02-1"]),
    st.booleans(),
)
def test_a_path_that_is_shown_is_read_back_the_same(steps, leaf, absolute):
    text = "/".join(
        name + (f"[{qualifier + '=' if qualifier else ''}{'|'.join(values)}]" if values else "")
        for name, values, qualifier in steps
    )
    path = parse_path(("/" if absolute else "") + text + (f".{leaf}" if leaf else ""))
    again = parse_path(show_path(path))
    assert (again.steps, again.leaf, again.absolute) == (path.steps, path.leaf, path.absolute)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_with_a_cell_error(text):
    for parse in (parse_path, parse_source, parse_when, parse_transform):
        with suppress(CellError):
            parse(text)


def test_a_source_that_starts_with_a_dot_reads_the_segment_before_it():
    first, second, third, fourth = parse_source("M11.05; .06; profile.bill_is_master; envelope.ISA06")
    assert (first.kind, second.kind, second.name) == ("path", "same", "06")
    assert (third.kind, third.name, fourth.kind, fourth.name) == ("profile", "bill_is_master", "envelope", "ISA06")
    assert parse_source("") == ()
    assert parse_source("(none)")[0].kind == "none"


def test_conditions_are_tests_joined_by_and():
    tests = parse_when("M13.03=A|R and M11 present and N9.02!=X and P4.04 absent")
    assert [(t.op, t.values) for t in tests] == [("=", ("A", "R")), ("present", ()), ("!=", ("X",)), ("absent", ())]
    with pytest.raises(CellError) as told:
        parse_when("M11.09 is 13")
    assert "PATH=VALUE" in told.value.advice


def test_punctuation_in_transform_arguments_is_written_as_words():
    trim, join, split = parse_transform("trim | join comma | split slash 2")
    assert (trim.name, trim.args, join.args, split.args) == ("trim", (), (",",), ("/", "2"))
    with pytest.raises(CellError):
        parse_transform("trim | | upper")


@pytest.mark.parametrize(
    "cell",
    [
        "mode == air", "mode=air or mode=truck", "mode=air, mode=truck", "mode present AND pieces present", "mode present or pieces present", "not mode present",
        "mode>5", "mode is air", "mode PRESENT", "MOA[40|43] differs", "MOA[40].5004 differs", "MOA.5004 differs", "profile.mode differs",
        "status is present", "status not present", "M11.01 is not absent", "profile.mode repeated", "envelope.ISA06 repeated", "./@id repeated", ". repeated",
    ],
)  # fmt: skip
def test_a_condition_in_the_words_of_other_languages_is_no_condition(cell: str) -> None:
    """Most of them were read as the name of a column or as a value, and never held."""
    with pytest.raises(CellError) as caught:
        parse_when(cell)
    assert caught.value.advice


@pytest.mark.parametrize(
    ("cell", "values"),
    [("mode = air", ("air",)), ("N9[02=OR].01=AND|OR", ("AND", "OR")), ("a!=this or that", ("this or that",))],
)
def test_words_that_join_may_be_values_and_qualifiers(cell: str, values: tuple[str, ...]) -> None:
    assert parse_when(cell)[0].values == values


@pytest.mark.parametrize("cell", ["=A1", "carrier_code, mode", "M11.05; =B2"])
def test_a_source_has_no_comma_and_is_no_formula(cell: str) -> None:
    with pytest.raises(CellError, match="is not a source"):
        parse_source(cell)


def test_none_without_its_brackets_is_no_column_and_no_segment() -> None:
    with pytest.raises(CellError) as caught:
        parse_source("None")
    assert "(none)" in caught.value.advice
