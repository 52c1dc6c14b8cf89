"""The end of a delimited file: a last row without a line break is told, and refused where it is short too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.check import parse_instant
from gateway.findings import Severity
from gateway.history import MemoryHistory
from gateway.site import base_site, load_site
from gateway.translate import translate
from tests.drops import findings_of

FIXTURES = Path(__file__).parents[3] / "fixtures"
ROWS = (FIXTURES / "cases" / "S110_one_master_three_houses.csv").read_bytes()
"""Three houses, a row each; the last column is weight_unit."""


def outcome_of(data, profile=None):
    profile = profile or base_site().partners["gwsender"].profile
    (*_, outcome) = translate([data], profile, parse_instant("2025-03-01T00:00:00Z"), MemoryHistory(), name="m.csv")
    return outcome


def told(outcome, rule="CSV-CUT"):
    return [(f.severity, f.position.row, f.position.column) for f in findings_of(outcome) if f.rule == rule]


def test_a_last_row_without_a_line_break_is_a_remark_with_its_place():
    whole, cut = outcome_of(ROWS), outcome_of(ROWS.rstrip()[:-1])
    assert (told(whole), whole.verdict) == ([], "accept")
    assert told(cut) == [(Severity.INFO, 4, "weight_unit")]


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b"\n\n", b"\nTOTAL,,3"])
def test_an_end_that_is_one_is_not_told(end):
    assert told(outcome_of(ROWS.rstrip() + end)) == []


def test_a_quote_that_is_closed_closes_the_last_cell():
    head, comma, last = ROWS.rstrip().rpartition(b",")
    assert told(outcome_of(head + comma + b'"' + last + b'"')) == []
    assert told(outcome_of(head + comma + last + b'"')) == [(Severity.INFO, 4, "weight_unit")]
    open_quote = outcome_of(head + comma + b'"' + last)
    assert (told(open_quote), len(told(open_quote, "CSV-QUOTE"))) == ([], 1)


def test_a_partner_who_always_ends_the_last_line_has_the_file_refused():
    profile = replace(base_site().partners["gwsender"].profile, severities={"CSV-CUT": Severity.ERROR})
    assert outcome_of(ROWS, profile).verdict == "accept"
    outcome = outcome_of(ROWS.rstrip(), profile)
    assert (outcome.verdict, outcome.counts.accepted, outcome.counts.rejected) == ("reject", 0, 3)


def with_phone(*rows):
    """Return the rows with an optional column behind them; a row of rows says whether it has the cell."""
    head, *lines = ROWS.splitlines()
    cells = [line + b",+15550101234" if has else line for line, has in zip(lines, rows, strict=True)]
    return b"\r\n".join([head + b",consignee_phone", *cells])


def test_a_last_row_that_is_short_and_has_no_line_break_is_cut_off():
    cut = outcome_of(with_phone(True, True, False))
    assert told(cut, "CSV-FIELDS") == [(Severity.ERROR, 4, "")]
    assert (cut.counts.accepted, cut.counts.rejected) == (2, 1)
    ended = outcome_of(with_phone(True, True, False) + b"\r\n")
    assert told(ended, "CSV-FIELDS") == [(Severity.WARNING, 4, "")]


def test_where_rows_before_were_short_too_a_short_last_row_is_the_senders_way():
    outcome = outcome_of(with_phone(True, False, False))
    assert [severity for severity, *_ in told(outcome, "CSV-FIELDS")] == [Severity.WARNING, Severity.WARNING]
    assert outcome.counts.accepted == 3


def test_record_types_without_a_trailer_are_told_too():
    partners = load_site(FIXTURES / "profiles" / "tabular").partners
    data = (FIXTURES / "csv" / "06_record_types_multi_level.csv").read_bytes()
    profile = partners["records"].profile
    tables = {n: v for n, v in profile.options["tabular"].items() if n != "trailer"}
    bare = replace(profile, options={**profile.options, "tabular": tables})
    rows = data.partition(b"TRL")[0]
    assert told(outcome_of(rows, bare)) == []
    ((severity, row, column),) = told(outcome_of(rows.rstrip(), bare))
    assert (severity, row, column) == (Severity.INFO, rows.count(b"\n"), tables["records"]["ITM"][-1])
    assert told(outcome_of(data.rstrip(), profile)) == []  # its counts say more
    assert outcome_of(data.rstrip()[:-1], profile).verdict == "reject"
