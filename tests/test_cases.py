"""The nasty X12 cases of fixtures/cases: every std case as expected, without exception."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.canonical.validate import validate_message
from gateway.check import Checker, compare, parse_instant, run_cases
from gateway.site import base_site

CASES = Path(__file__).parent.parent / "fixtures" / "cases" / "cases.jsonl"
DIFFERING_CHOICES: dict[str, str] = {}
"""Case id -> why we differ; for `choice` cases only."""

_ALL = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]


def test_only_choice_cases_may_differ():
    basis = {c["id"]: c["basis"] for c in _ALL}
    assert all(basis[case] == "choice" for case in DIFFERING_CHOICES)


@pytest.fixture(scope="module")
def ran():
    return list(run_cases(CASES, base_site(), "x12"))


@pytest.fixture(scope="module")
def results(ran):
    return {case["id"]: differences for case, _, differences in ran}


def test_everything_delivered_is_valid_by_the_public_schema(ran):
    messages = [m for _, result, _ in ran for m in result["messages"]]
    assert len(messages) > 40
    for message in messages:
        assert validate_message(message) == ()


@pytest.mark.parametrize("case_id", [c["id"] for c in _ALL if c["format"].startswith("x12")])
def test_the_case_is_as_expected(results, case_id):
    if case_id in DIFFERING_CHOICES:
        pytest.skip(DIFFERING_CHOICES[case_id])
    assert results[case_id] == []


def test_a_wrong_expectation_is_noticed():
    case = next(c for c in _ALL if c["id"] == "S001")
    result = Checker(base_site(), parse_instant("2025-03-03T10:00:00Z")).file(CASES.parent / case["file"])
    wrong = {**case, "expected": "reject", "expected_detail": {"errors": [{"code": "TA105=023"}], "fields": {"/shipments/0/house_bill_number": "X"}}}  # fmt: skip
    assert len(compare(wrong, result)) == 3


@pytest.mark.parametrize("case", [c for c in _ALL if c["kind"] in ("html-or-error-page-instead", "empty-file", "wrapped-files")], ids=lambda c: c["id"])  # fmt: skip
def test_files_of_no_format_are_held_with_a_clear_reason(case):
    result = Checker(base_site(), parse_instant("2025-03-03T10:00:00Z")).file(CASES.parent / case["file"])
    assert compare(case, result) == []
