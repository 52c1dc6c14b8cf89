"""The programs of docs/partners.md: what is refused, remarked and let pass in each, of a shipment of today."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from gateway.commands.demo import init
from gateway.commands.onboard import onboard
from gateway.config_files import Program
from gateway.findings import Severity
from gateway.site import base_site, load_site
from tests.drops import Drop, drop

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
PAGE = (
    (Path(__file__).parent.parent / "docs" / "partners.md")
    .read_text("utf-8")
    .partition("## Programs")[2]
    .partition("\n## ")[0]
)
ROWS = {
    name: row.split("|")[3:]
    for row in re.findall(r"^\| `.*", PAGE, re.M)
    for name in re.findall(r"`(\w+)`", row.split("|")[1])
}
CELLS = {
    "tracking_number": "1Z5R89390357567127", "shipper_name": "ACME LTD", "shipper_address1": "1 Road", "shipper_city": "Hanoi",
    "shipper_country": "VN", "consignee_name": "JANE EXAMPLE", "consignee_address1": "1 MAIN ST", "consignee_city": "ALBANY",
    "consignee_state": "NY", "consignee_zip": "12207", "consignee_country": "US", "item_description": "Cotton T-shirt men",
    "item_value": "900.00", "quantity": "1", "currency": "USD", "origin": "VN", "mode": "truck", "hts": "6109100012",
    "arrival_date": "2026-12-02", "arrival_port": "0901", "weight_kg": "1",
}  # fmt: skip


def told(
    program: str, constants: dict[str, object] | None = None, severities: dict[str, str] | None = None, **cells: str
) -> tuple[Drop, dict[str, str]]:
    profile = base_site().partners["gwsender"].profile
    profile = replace(
        profile,
        program=program,
        constants={**profile.constants, **(constants or {})},
        severities={**profile.severities, **{rule: Severity(weight) for rule, weight in (severities or {}).items()}},
    )
    row = CELLS | cells
    dropped = drop(f"{','.join(row)}\n{','.join(row.values())}\n".encode(), name="t.csv", now=NOW, profile=profile)
    return dropped, {f.rule: str(f.severity) for f in dropped.findings()}


def test_the_page_has_a_row_for_each_program():
    assert set(ROWS) == set(get_args(Program))


@pytest.mark.parametrize("program", sorted(get_args(Program)))
def test_each_program_does_with_a_shipment_of_today_what_the_page_says(program):
    regime, tariff, limit, _ = (cell.strip() for cell in ROWS[program][:4])
    dropped, rules = told(program)
    assert rules.get("S321-REGIME") == ("error" if regime == "refused" else None)
    assert dropped.counts()[:2] == (1, regime != "refused")
    assert rules["S321-VAL-800"] == "info"
    assert ("S321-HTS-LEN" in told(program, hts="61091000")[1]) is (tariff == "10 digits")
    assert "S321-HTS-LEN" not in told(program, hts="")[1]
    assert told(program, item_value="2500.01")[1].get("S321-VAL-2500") == ("warning" if limit else None)
    assert told(program, item_description="Bottles of beer", hts="2203000030")[1]["S321-EXCL-ALCOHOL"] == "error"
    assert "S321-ROLE-REQ" in told(program, shipper_name="")[1]
    assert told(program, arrival_date="2025-03-05")[1]["S321-VAL-800"] == "error"


def test_goods_that_the_entry_covers_pass_with_a_remark_where_the_partner_file_says_so():
    cells = {"item_description": "Bottles of beer", "hts": "2203000030"}
    assert told("entry_11", severities={"S321-EXCL-ALCOHOL": "warning"}, **cells)[1]["S321-EXCL-ALCOHOL"] == "warning"
    (row,) = [r for r in told("entry_11", **cells)[0].rejects() if r["rule"] == "S321-EXCL-ALCOHOL"]
    assert "the partner file can let them pass" in row["how to mend it"]


def test_entry_type_01_is_said_by_a_constant():
    dropped, _ = told("entry_11", {"entry_type_requested": "01"})
    (message,) = dropped.messages()
    assert (message["program"], message["shipments"][0]["entry_type_requested"]) == ("entry_11", "01")
    assert message["shipments"][0]["regime_verdict"]["verdict"] == "not_eligible"


def test_who_is_refused_by_law_is_told_of_the_programs():
    (row,) = [r for r in told("section_321_pilot")[0].rejects() if r["rule"] == "S321-REGIME"]
    assert 'program = "entry_11"' in row["how to mend it"]


def test_onboard_asks_for_the_program_and_the_demo_mentions_it(tmp_path):
    sample = tmp_path / "t.csv"
    sample.write_text(f"{','.join(CELLS)}\n{','.join(CELLS.values())}\n")
    result = onboard([sample], "acme", tmp_path / "site", NOW)
    assert "entry_11 (also for 01)" in result["questions"][0]
    assert result["questions"][0] in (tmp_path / "site/partners/acme/onboard.md").read_text()
    draft = tmp_path / "site/partners/acme.toml"
    draft.write_text(draft.read_text().replace("# program = ", "program = "))
    init(tmp_path / "demo")
    demo = tmp_path / "demo/partners/northtest.toml"
    demo.write_text(demo.read_text().replace("# program = ", "program = "))
    for place, name in (("site", "acme"), ("demo", "northtest")):
        assert load_site(tmp_path / place).partners[name].profile.program == "entry_11"
