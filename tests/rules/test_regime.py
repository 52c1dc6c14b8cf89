"""The law by date: both sides of every boundary of the regime table, and the table itself."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

from gateway.catalogue import load_catalogue
from gateway.config_files import Program
from gateway.findings import Finding
from gateway.rules.folder import load_rulebook
from gateway.rules.regime import arrival_day, late_words, refused_by_law, regime_of, today
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


def refusal(day: str, mode: str = "mail", **fields: str) -> Finding:
    """Return what refuses a shipment of a day by law."""
    draft = {"items": [{"country_of_origin": "DE"}], "mode_of_transportation": mode, **fields}
    found = regime_of(draft, TABLES, day)
    assert found is not None
    return refused_by_law(draft, TABLES, {"rule_id": found.rule_id, "verdict": found.verdict, "as_of_date": day})


@pytest.mark.parametrize(
    ("day", "mode", "words"),
    [
        ("2025-09-10", "mail", "no entry is filed for mail: its carrier, or a party qualified by CBP, collects the duty and pays it"),
        ("2026-08-01", "mail", "entry types 01 or 03, or the worksheet of the postal informal entry"),
        ("2026-10-01", "mail", "entry types 13 or 01 or 03, or the worksheet of the postal informal entry"),
        ("2025-09-10", "truck", "entry types 01 or 02 or 03 or 06 or 07 or 11 or 12"),
    ],
)  # fmt: skip
def test_a_refusal_by_law_says_in_words_what_is_left(day, mode, words):
    assert refusal(day, mode).message.endswith(f"; {words}.")


def test_no_row_shows_a_word_of_the_table():
    for row in TABLES.regimes:
        assert re.fullmatch(r"(entry types? [0-9]{2}( or [0-9]{2})*)?(, or )?([a-zA-Z ,:]*)", row.entries), row
        assert row.entries and "imdw" not in row.entries


@pytest.mark.parametrize("mode", ["mail", "truck"])
@pytest.mark.parametrize("nature", ["sale", "gift"])
def test_the_mend_names_programs_that_take_such_a_shipment(mode, nature):
    said = refusal("2026-10-01", mode, transaction_nature=nature)
    rule = load_catalogue().get("S321-REGIME")
    assert rule is not None
    mend = said.fix or rule.fix
    named = {word for word in re.findall(r"[a-z0-9_]+", mend) if word in get_args(Program)}
    assert named and not named & {"section_321_pilot", "entry_86"}
    assert named <= (
        {"postal_imdw", "entry_13", "postal_aed"}
        if mode == "mail"
        else {"entry_11", "entry_13", "postal_imdw", "acas", "eccf_manifest"}
    )
    assert ("1321(a)(2)(A)" in said.message) is (nature == "gift")
    assert ("postal_aed" in named, "eccf_manifest" in named) == (mode == "mail", nature == "gift" and mode == "truck")


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


@pytest.mark.parametrize(
    ("arrival", "mode", "now", "said"),
    [  # port 2720, Los Angeles: noon is 20:00Z, the day ends at 08:00Z
        ("2025-03-04T20:00:00Z", "air", "2025-03-04T19:00", ""),
        ("2025-03-04T20:00:00Z", "air", "2025-03-05T04:00", ""),
        ("2025-03-04T20:00:00Z", "air", "2025-03-05T04:01", "even if the goods arrive at the end of 2025-03-04; the time of the arrival is not known"),
        ("2025-03-04T20:00:00Z", "mail", "2025-03-05T08:00", ""),
        ("2025-03-04T20:00:00Z", "mail", "2025-03-05T08:01", "The day of arrival, 2025-03-04, was already over when the data came"),
        ("2025-03-04T20:00:00Z", "truck", "2025-03-07T08:01", "The day of arrival, 2025-03-04, was already over when the data came"),
        ("2025-03-04T12:00:00Z", "air", "2025-03-04T19:00", ""),  # a DTM of EDIFACT without a time
        ("2025-03-04T12:00:00Z", "truck", "2025-03-04T14:00", "came 3.0 hours later than advance data for this mode should (arrival 2025-03-04T12:00:00Z)"),
        ("2025-03-04T20:30:00Z", "air", "2025-03-04T19:30", "came 3.0 hours later than advance data for this mode should (arrival 2025-03-04T20:30:00Z)"),
        ("2025-03-04T20:30:00Z", "air", "2025-03-08T20:30", "The arrival 2025-03-04T20:30:00Z was already past"),
        ("", "air", "2025-03-04T19:30", ""),
    ],
)  # fmt: skip
def test_a_day_without_a_time_is_late_when_its_end_would_be(arrival, mode, now, said):
    draft = {"mode_of_transportation": mode, "first_us_port": "2720", "estimated_arrival_at": arrival}
    told = late_words(draft, TABLES, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert said in told and bool(said) is bool(told)
    assert "T20:00:00Z" not in told  # no such time stands in the file
