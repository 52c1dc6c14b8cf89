"""What is told to be left alone by a transform is; most of what names and numbers look like is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.transforms import Noted
from gateway.mapping.transforms.identifiers import identifier
from gateway.mapping.transforms.text import collapse, lines, lines_from, trim, upper
from gateway.mapping.unchanged import _NOTHING, _SAME

texts = st.one_of(
    st.text(st.sampled_from("aB0159.,-+eE '|\n\r\t=/\x00\x1f\x7f\x85\xa0é"), max_size=22),
    st.from_regex(r"[0-9]{1,22}", fullmatch=True),
    st.sampled_from(["1E5", "1.5e+12", "12345678901234500", "12345678901234500000", "A  B", "A B ", "1Z00", "'1", ""]),
)
SAME = {"trim": trim, "collapse": collapse, "squeeze": collapse, "lines 1": lambda text: lines(text, "1"), "upper": upper, "identifier": identifier}  # fmt: skip
NOTHING = {
    "lines 2": lambda text: lines(text, "2"), "lines 3": lambda text: lines(text, "3"),
    "lines_from 2": lambda text: lines_from([text], "2"), "lines_from 3": lambda text: lines_from([text], "3"),
}  # fmt: skip


def test_all_are_looked_at_here() -> None:
    assert (set(SAME), set(NOTHING)) == (set(_SAME), set(_NOTHING))


@given(st.lists(texts, max_size=4), st.sampled_from(sorted(SAME)))
def test_texts_that_fit_stay_as_they_are(column: list[str], cell: str) -> None:
    if _SAME[cell](set(column)):
        made = [SAME[cell](text) for text in column]
        assert made == column
        assert not any(isinstance(text, Noted) for text in made)


@given(st.lists(texts, max_size=4), st.sampled_from(sorted(NOTHING)))
def test_nothing_comes_of_texts_that_fit(column: list[str], cell: str) -> None:
    if _NOTHING[cell](set(column)):
        assert not any(NOTHING[cell](text) for text in column)


@pytest.mark.parametrize(
    ("cell", "column"),
    [("collapse", {"CASEY EXAMPLE", "14 MOCK LANE, APT 5", ""}), ("identifier", {"GWH00000100", "1ZSAMPLE0000000012", "123456789012", "420972019261290100130435082878", ""}), ("upper", {"XX", "XX880", ""}), ("lines 2", {"14 MOCK LANE", ""})],
)  # fmt: skip
def test_what_is_usual_fits(cell: str, column: set[str]) -> None:
    assert {**_SAME, **_NOTHING}[cell](column)
