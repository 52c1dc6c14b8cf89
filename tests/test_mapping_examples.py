"""Whole-file examples of the mapping tables: NAME.edi beside NAME.json, the canonical messages it becomes.

`pytest --update-golden` writes the JSON; look at the difference before you commit it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.commands.mapping_tools import comparable
from gateway.site import base_mappings, base_site

EXAMPLES = sorted(p for p in base_mappings().glob("*/examples/*") if p.suffix != ".json")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_the_example_becomes_the_expected_messages(path: Path, request: pytest.FixtureRequest):
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(path)
    got = comparable(result["messages"])
    expected = path.with_suffix(".json")
    if request.config.getoption("--update-golden"):
        expected.write_text(json.dumps(got, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert got == json.loads(expected.read_text("utf-8"))
    assert got[0]["source"]["mapping_id"] == path.parent.parent.name


def test_every_mapping_of_309_has_examples():
    assert {p.parent.parent.name for p in EXAMPLES} >= {"x12_309_truck", "x12_309_ocean_rail"}
