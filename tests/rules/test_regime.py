"""The law by date: both sides of every boundary of the regime table, and the table itself."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from gateway.rules.folder import load_rulebook
from gateway.rules.regime import arrival_day, regime_of, today
from gateway.rules.tables import lint_regimes
from gateway.site import base_mappings
from tests.drops import drop
from tests.rules.test_rulebook import PROFILE
from tests.test_beyond_samples import LINE, bill, said, truck

RULES = load_rulebook(base_mappings())
TABLES = RULES.tables
ROWS = list(csv.DictReader((base_mappings() / "rules" / "regime.csv").read_text("utf-8").splitlines()))


def law(day: str, origin: str, mode: str = "air") -> tuple[str, str]:
    draft = {"items": [{"country_of_origin": origin}], "mode_of_transportation": mode}
    found = regime_of(draft, TABLES, day)
    return (found.rule_id, found.verdict) if found else ("", "")


@pytest.mark.parametrize(
    ("day", "origin", "mode", "rule", "verdict"),
    [
        ("2016-03-09", "CN", "air", "", ""),
        ("2016-03-10", "CN", "air", "R01", "eligible_800"),
        ("2025-02-03", "CN", "air", "R01", "eligible_800"),
        ("2025-02-04", "CN", "air", "R02", "not_eligible"),
        ("2025-02-04", "CA", "truck", "R04", "eligible_800"),
        ("2025-02-06", "HK", "mail", "R02", "not_eligible"),
        ("2025-02-07", "HK", "mail", "R03", "eligible_800"),
        ("2025-05-01", "CN", "truck", "R03", "eligible_800"),
        ("2025-05-02", "CN", "truck", "R05", "not_eligible"),
        ("2025-05-02", "CN", "mail", "R06", "not_eligible"),
        ("2025-05-13", "HK", "mail", "R06", "not_eligible"),
        ("2025-05-14", "HK", "mail", "R07", "not_eligible"),
        ("2025-08-28", "DE", "mail", "R04", "eligible_800"),
        ("2025-08-28", "CN", "air", "R05", "not_eligible"),
        ("2025-08-29", "DE", "mail", "R09", "not_eligible"),
        ("2025-08-29", "CA", "truck", "R08", "not_eligible"),
        ("2026-02-23", "DE", "mail", "R09", "not_eligible"),
        ("2026-02-24", "DE", "mail", "R10", "not_eligible"),
        ("2026-06-23", "CA", "air", "R08", "not_eligible"),
        ("2026-06-24", "CA", "air", "R11", "not_eligible"),
    ],
)
def test_the_row_in_force(day, origin, mode, rule, verdict):
    assert law(day, origin, mode) == (rule, verdict)


@pytest.mark.parametrize("origin", ["CN", "HK", "CA", "DE"])
@pytest.mark.parametrize("mode", ["mail", "truck"])
def test_the_law_changes_on_no_day_but_those_of_the_table(origin, mode):
    boundaries = {r[k] for r in ROWS for k in ("from", "to") if r[k]}
    day, before = date(2025, 1, 1), law("2024-12-31", origin, mode)
    while day < date(2027, 12, 31):
        now = law(day.isoformat(), origin, mode)
        if now != before:
            assert day.isoformat() in boundaries
        before, day = now, day + timedelta(days=1)
    assert before[1] == "repealed"


def test_the_strictest_row_of_several_origins_counts():
    draft = {"items": [{"country_of_origin": "CA"}, {"country_of_origin": "CN"}], "mode_of_transportation": "truck"}
    found = regime_of(draft, TABLES, "2025-06-01")
    assert found is not None
    assert found.rule_id == "R05"


def test_the_table_has_neither_gaps_nor_overlaps():
    assert lint_regimes(TABLES.regimes) == []


def test_a_gap_and_an_overlap_are_told():
    by_id = {r.rule_id: r for r in TABLES.regimes}
    without = tuple(r for r in TABLES.regimes if r.rule_id != "R05")
    assert any("no row" in fault and "CN non_postal" in fault for fault in lint_regimes(without))
    longer = tuple(replace(r, end="2025-09-01") if r.rule_id == "R04" else r for r in TABLES.regimes)
    assert any("R04 and R08" in fault for fault in lint_regimes(longer))
    assert by_id["R05"].entry_types == ("11", "01")


def test_every_row_names_its_source():
    assert all(r.citation for r in TABLES.regimes)


@pytest.mark.parametrize(
    ("instant", "port", "day"),
    [
        ("2025-05-02T03:59:00Z", "0901", "2025-05-01"),  # Buffalo: 23:59 of the day before
        ("2025-05-02T04:00:00Z", "0901", "2025-05-02"),
        ("2025-05-02T06:59:00Z", "3004", "2025-05-01"),  # Blaine: Pacific
        ("2025-05-02T07:00:00Z", "3004", "2025-05-02"),
        ("not a time", "3004", ""),
    ],
)
def test_the_day_is_that_of_the_port(instant, port, day):
    assert arrival_day({"estimated_arrival_at": instant, "first_us_port": port}, TABLES) == day


def test_today_is_the_day_in_washington_from_one_minute_past_midnight_on():
    assert today(datetime(2025, 8, 29, 4, 0, 59, tzinfo=UTC)) == "2025-08-28"
    assert today(datetime(2025, 8, 29, 4, 1, tzinfo=UTC)) == "2025-08-29"


@pytest.mark.parametrize(
    ("port", "arrival", "rule", "as_of"),
    [
        ("3004", "2025-08-29T03:59:00Z", "R04", "2025-08-28"),  # Blaine, 20:59 of the 28th; in New York 23:59
        ("3004", "2025-08-29T04:00:59Z", "R04", "2025-08-28"),  # 00:00:59 there: one more second of the old law
        ("3004", "2025-08-29T04:01:00Z", "R08", "2025-08-29"),  # 21:01 of the 28th in Blaine, 12:01 a.m. in New York
        ("3004", "2025-08-29T06:30:00Z", "R08", "2025-08-29"),
        ("0901", "2025-08-29T04:00:30Z", "R04", "2025-08-28"),  # Buffalo, half a minute after midnight
        ("0901", "2025-08-29T04:01:00Z", "R08", "2025-08-29"),
        ("3004", "2025-08-28T19:00:00Z", "R04", "2025-08-28"),  # noon in Blaine: the time is not known
        ("3004", "2025-08-30T05:00:00Z", "R08", "2025-08-29"),  # on other days the local one is told
        ("3201", "2025-08-29T09:30:00Z", "R08", "2025-08-29"),  # Honolulu, 23:30 of the 28th
    ],
)
def test_laws_begin_at_one_minute_past_midnight_eastern_everywhere(port, arrival, rule, as_of):
    draft = {
        "items": [{"country_of_origin": "CA"}],
        "mode_of_transportation": "truck",
        "first_us_port": port,
        "estimated_arrival_at": arrival,
    }
    RULES.prepare(draft, PROFILE, datetime(2025, 8, 1, tzinfo=UTC))
    assert (draft["regime_verdict"]["rule_id"], draft["regime_verdict"]["as_of_date"]) == (rule, as_of)


def test_the_refusal_says_by_whose_clock_the_law_has_begun():
    line = LINE.replace("*CN*US", "*CA*US")
    one = bill(goods=("VID*TL**TRL5501", line))
    head = ("M10*NRTX*J*CA***NRTX25A01***W", "P4*3004*20250828***2130")
    (words,) = said(drop(truck(one, head=head)), "S321-REGIME")
    assert "arrival 2025-08-29 in Eastern time, by which laws begin" in words
    assert drop(truck(one, head=(head[0], "P4*3004*20250828***2030"))).outcome.counts.accepted == 1
    assert drop(truck(one, head=(head[0], "P4*3004*20250828"))).outcome.counts.accepted == 1
