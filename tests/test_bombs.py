"""Every bomb ends in a verdict: within the memory and the processor time that the system grants to a process of its own.

The quick run has one megabyte of each and looks at what was said; the long one has enough of each that who keeps all
he reads dies of it. Seconds are a limit of the system (SIGKILL), not a measurement.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bombs import BOMBS

ROOT = Path(__file__).parent.parent
LARGE = int(os.environ.get("GATEWAY_BOMB_MEGABYTES", "20"))
MEMORY = 1_000_000_000  # address space; the program alone takes some 400 MB of it
SLOW = {"x12_unknown_segments", "x12_bad_sets", "csv_quote", "csv_quotes", "edifact_unknown_segments", "edifact_messages", "json_array", "json_letters", "imp_lines", "imp_messages", "xlsx_far_cell"}  # fmt: skip
"""Bombs of which each megabyte costs seconds: only the long run has them."""

SAID = {
    "json_keys": "JSON-SHAPE", "x12_one_segment": "X12-SEG-TOO-LONG", "x12_elements": "X12-SEG-TOO-LONG", "x12_unknown_segments": "FILE-MORE-FINDINGS",
    "x12_groups": "FILE-MORE-FINDINGS", "x12_repeated_parties": "FILE-MORE-FINDINGS", "x12_bad_sets": "FILE-MORE-FINDINGS",
    "x12_empty_interchanges": "FILE-INTERCHANGES", "edifact_interchanges": "FILE-INTERCHANGES",
    "edifact_one_segment": "EDIFACT-SEG-TOO-LONG", "edifact_elements": "EDIFACT-SEG-TOO-LONG",
    "edifact_components": "EDIFACT-SEG-TOO-LONG", "edifact_releases": "EDIFACT-SEG-TOO-LONG",
    "edifact_unknown_segments": "FILE-MORE-FINDINGS", "edifact_repeated_parties": "FILE-MORE-FINDINGS",
    "edifact_messages": "FILE-MORE-FINDINGS", "xml_laughs": "XML-LIMIT", "xml_quadratic": "XML-LIMIT",
    "xml_entity_in_dtd": "XML-NOT-WF", "xml_depth": "XML-LIMIT", "xml_siblings": "XML-LIMIT", "xml_attributes": "XML-LIMIT",
    "json_twice": "JSON-DUP-KEY", "json_depth": "JSON-SYNTAX", "json_objects": "JSON-SYNTAX", "json_exponent": "NUM-EXPONENT",
    "xlsx_blanks": "XLSX-LIMIT", "xlsx_cells": "XLSX-LIMIT", "xlsx_rows": "XLSX-LIMIT", "xlsx_entities": "XLSX-DTD",
    "xlsx_strings": "XLSX-LIMIT", "xlsx_names": "XLSX-LIMIT", "imp_line": "CARGO-IMP-LIMIT", "imp_lines": "CARGO-IMP-LIMIT", "imp_stray": "CARGO-IMP-STRAY",
}  # fmt: skip
"""What is said of a bomb, so that the test knows that it went off where it should."""

SAID_OF_MANY = {
    "xml_names": "XML-LIMIT",
    "x12_repeated_parties": "X12-LIMIT",
    "edifact_repeated_parties": "EDIFACT-LIMIT",
    "csv_quotes": "CSV-LIMIT",
    "csv_one_shipment": "CSV-LIMIT",
}
"""What is said only when there is enough of it."""


def run(folder: Path, names: list[str], megabytes: int, seconds: int) -> dict[str, dict[str, Any]]:
    """Translate bombs in a process with limits; return what it said of each."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

    command = [sys.executable, "-m", "tests.one_bomb", str(folder), str(megabytes), *names]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, preexec_fn=limit)
    found = {facts["bomb"]: facts for facts in map(json.loads, done.stdout.splitlines())}
    ended = next((name for name in names if name not in found), "")
    assert done.returncode == 0, f"{ended} ended the process ({done.returncode}): {done.stderr[-2000:]}"
    return found


def check(facts: dict[str, Any], said: str) -> None:
    assert facts["balanced"] or facts["verdict"] == "quarantine", facts
    assert not said or said in facts["rules"], facts
    assert facts["delivered"] < 1_000_000, facts


@pytest.mark.timeout(600)
@pytest.mark.parametrize("family", ["x12", "edifact", "xml", "csv", "json", "xlsx", "imp"])
def test_a_megabyte_of_each_bomb_gets_its_verdict(tmp_path: Path, family: str) -> None:
    names = [name for name in BOMBS if name.startswith(family) and name not in SLOW]
    found = run(tmp_path, names, 1, 120)
    for name in names:
        check(found[name], SAID.get(name, ""))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", list(BOMBS))
def test_a_large_bomb_stays_within_a_gigabyte_of_address_space(tmp_path: Path, name: str) -> None:
    megabytes = 1 if name == "json_array" else 5 if name in SLOW else LARGE  # a megabyte of it: 330,000 shipments
    facts = run(tmp_path, [name], megabytes, 900)[name]
    check(facts, SAID_OF_MANY.get(name, SAID.get(name, "")))


def test_a_bomb_that_kills_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="x12_unknown_segments ended the process"):
        run(tmp_path, ["x12_unknown_segments"], 3, 1)
