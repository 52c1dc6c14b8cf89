"""Every rule that the EDIFACT code raises stands in the catalogue, with the code that CONTRL gets."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from gateway.catalogue import Catalogue, load_catalogue
from gateway.formats.edifact.tokenizer import Tokenizer
from tests.formats.edifact.samples import CASES, FILES, findings

ROOT = Path(__file__).parents[3]
ROWS = {row["rule"]: row for row in csv.DictReader((ROOT / "gateway/catalogue/edifact.csv").open(encoding="utf-8"))}
RAISED = {
    rule
    for path in (ROOT / "gateway/formats/edifact").rglob("*.py")
    for rule in re.findall(r'"(EDIFACT-[A-Z0-9-]+|ENC-MISMATCH|ENC-INVALID)"', path.read_text("utf-8"))
}
ELSEWHERE = {"EDIFACT-NO-ENVELOPE", "EDIFACT-FUNCTION", "EDIFACT-BILL-IN-BGM"}  # by detection, by mapping tables


def test_the_catalogue_and_the_code_name_the_same_rules():
    assert Tokenizer is not None
    assert set(ROWS) == RAISED | ELSEWHERE


@pytest.mark.parametrize("rule", sorted(ROWS))
def test_each_rule_tells_a_clerk_what_to_do(rule):
    row = ROWS[rule]
    assert row["severity"] in ("error", "warning", "info")
    assert row["scope"] in ("file", "interchange", "group", "message", "shipment")
    assert 2 <= len(row["title"].split()) <= 9
    for column in ("means", "why", "fix"):
        assert row[column].endswith(".")
        assert None not in row.values()


@pytest.mark.parametrize("path", [*FILES, *CASES], ids=lambda p: p.stem)
def test_findings_carry_the_code_and_scope_of_their_row(path):
    for finding in findings(path.read_bytes()):
        row = ROWS.get(finding.rule)
        if row is not None and finding.refuses:
            assert finding.ack["CONTRL"] == row["contrl"]
            assert finding.scope.value == row["scope"]


def test_shared_rules_are_told_in_the_words_of_edifact():
    catalogue = load_catalogue()
    worded = catalogue.worded("edifact_cuscar")
    assert "NAD" in worded["S321-ADDR-ZIP"].fix
    assert "N4" in catalogue["S321-ADDR-ZIP"].fix
    assert worded["S321-ADDR-ZIP"].means == catalogue["S321-ADDR-ZIP"].means
    assert catalogue.worded("x12_309") is catalogue


def test_each_aperak_code_stands_for_one_rule():
    codes = [rule.aperak for rule in load_catalogue().worded("edifact") if rule.aperak]
    assert len(codes) == len(set(codes)) > 30
    assert all(re.fullmatch(r"GW[0-9]{4}", code) for code in codes)


def test_the_wording_of_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="NO-SUCH-RULE"):
        Catalogue({}, {"edifact": "rule,fix,example\nNO-SUCH-RULE,Mend it.,\n"}).worded("edifact")


def test_the_wording_of_every_format_names_rules_of_the_catalogue():
    catalogue = load_catalogue()
    assert len({id(catalogue.worded(name)) for name in catalogue._wordings}) > 5
