"""Whole-file examples of the mapping tables: NAME.edi beside NAME.json, the canonical messages it becomes.

`pytest --update-golden` writes the JSON; look at the difference before you commit it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.commands.mapping_tools import become
from gateway.mapping.folder import MappingSet
from gateway.site import base_mappings, base_site

EXAMPLES = sorted(p for p in base_mappings().glob("*/examples/*") if p.suffix != ".json")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_the_example_becomes_the_expected_messages(path: Path, request: pytest.FixtureRequest):
    got = become(path, base_site())
    expected = path.with_suffix(".json")
    if request.config.getoption("--update-golden"):
        expected.write_text(json.dumps(got, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert got == json.loads(expected.read_text("utf-8"))
    mapping = got[0]["source"]["mapping_id"] if "source" in got[0] else got[0]["mapping_id"]
    assert mapping == path.parent.parent.name


def test_every_mapping_that_reads_shipments_has_a_whole_file_example():
    without = {f.id for f in MappingSet(base_mappings()).facts} - {p.parent.parent.name for p in EXAMPLES}
    assert without == {"edifact_cusrep"}  # trip data only: no shipment is mapped
