"""Patterns of a partner file, on texts that a sender chose: what they may cost."""

from __future__ import annotations

import time

import pytest

from gateway.errors import ConfigError
from gateway.formats.tabular.patterns import LONGEST_CELL
from gateway.table_settings import check_layout
from tests.formats.tabular.test_agreed_forms import ROW, run

ADDRESS = r"(?P<shipper_name>[^,]+), (?P<shipper_city>.+)"


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?P<shipper_name>(?:\w+ ?)+), (?P<shipper_city>.+)",
        r"(?P<shipper_name>(a+)+)$",
        r"(?P<shipper_name>(x|x)+)$",
        r"(?P<shipper_name>(?:[A-Z]+[0-9]*)+)!",
    ],
)
def test_a_pattern_that_some_texts_keep_busy_for_years_is_refused_with_its_mend(pattern: str) -> None:
    begun = time.thread_time()
    with pytest.raises(ConfigError, match="takes too long over a text such as") as refused:
        check_layout("acme", {"tabular": {"split": [{"column": "Shipper", "pattern": pattern}]}})
    assert "Repeat no group" in refused.value.advice
    with pytest.raises(ConfigError, match="takes too long"):
        check_layout("acme", {"tabular": {"title": pattern}})
    assert time.thread_time() - begun < 20


@pytest.mark.parametrize(
    "pattern",
    [
        ADDRESS,
        r"(?P<currency>\S+) (?P<unit_value>\S+)",
        r"MAWB: (?P<master_bill>[0-9]{3}-[0-9]{8})",
        r"(?P<shipper_name>.*), (?P<shipper_city>.*), (?P<shipper_country>[A-Z]{2})",
        r"(?P<shipper_name>(?:[A-Z]+ )+)[0-9]",
    ],
)
def test_usual_patterns_are_taken(pattern: str) -> None:
    check_layout("acme", {"tabular": {"split": [{"column": "Shipper", "pattern": pattern}]}})


def test_a_cell_far_longer_than_any_address_is_not_taken_apart() -> None:
    split = [{"column": "Preis", "pattern": r"(?P<currency>[^,]+), (?P<unit_value>\S+)"}]
    begun = time.thread_time()
    findings, shipments = run(*(ROW.format(f"H{n}", "", "x" * 30_000) for n in range(20)), split=split)
    assert shipments == []
    assert sum(f["rule"] == "CSV-SPLIT" for f in findings) == 20
    assert time.thread_time() - begun < 10  # each took ten seconds
    assert LONGEST_CELL < 1000
