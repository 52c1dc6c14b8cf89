"""Every rule is shown by a case, a sample or a test; the table of them is true."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gateway.catalogue import load_catalogue
from tests.rules_shown import TABLE, said_in_cases, said_in_samples

ROOT = Path(__file__).parent.parent
ROWS = {row["rule"]: row["shown_by"] for row in csv.DictReader(TABLE.read_text("utf-8").splitlines())}


@pytest.fixture(scope="module")
def said() -> dict[str, set[str]]:
    return {**said_in_cases(), **dict(said_in_samples())}


def test_every_rule_has_a_line() -> None:
    assert [*ROWS] == sorted(rule.rule for rule in load_catalogue())


@pytest.mark.parametrize("rule", ROWS)
def test_the_rule_is_said_where_the_table_says(rule: str, said: dict[str, set[str]]) -> None:
    shown_by = ROWS[rule]
    assert shown_by, f"nothing shows {rule}: write a case or a test, then run python -m tests.rules_shown"
    if shown_by.startswith("tests/"):
        assert rule in (ROOT / shown_by).read_text("utf-8")
    else:
        assert rule in said[shown_by]
