"""`gateway mapping diff`: the old and the new table on the same files, in memory."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from gateway.check import parse_instant
from gateway.commands.mapping_diff import compare, sources_of
from gateway.errors import ConfigError
from gateway.site import base_site
from tests.test_cli import gateway

FIXTURES = Path(__file__).parent.parent / "fixtures" / "x12"
HEADER = "level,target,source,when,transform,default,required,rule,message,example,note\n"
NOW = parse_instant("2025-01-14T10:00:00Z")
FILES = [FIXTURES / "01_309_truck_5020_s321.edi", FIXTURES / "43_value_over_800.edi"]


def diff(tmp_path, rows: str):
    new = tmp_path / "new"
    new.mkdir(exist_ok=True)
    (new / "x12_309_truck.csv").write_text(HEADER + rows, "utf-8")
    return compare(sources_of(FILES, base_site(), NOW), new)


def test_the_same_rows_change_nothing(tmp_path):
    result = diff(tmp_path, "shipment,package_unit,M11.04,,upper,,,,,ctn => CTN,\n")
    assert result["counts"] == {"files": 2, "unchanged": 3, "changed": 0, "newly_rejected": 0, "newly_accepted": 0, "rejected_before_and_after": 1}  # fmt: skip
    assert [(v["change"], v["rules"]) for v in result["verdicts"]] == [("rejected_before_and_after", "S321-VAL-800")]


def test_a_changed_field_is_shown_with_samples_before_and_after(tmp_path):
    result = diff(tmp_path, "item,product_category,N10.03,,trim,,,,,A => A,\n")
    assert result["counts"]["changed"] == 3
    (field,) = result["fields"]
    assert (field["field"], field["count"]) == ("/items/*/product_category", 6)
    assert field["samples"][0]["before"] == "(none)"
    assert field["samples"][0]["after"].startswith("1ZTRK")


def test_personal_values_are_masked(tmp_path):
    result = diff(tmp_path, "final_deliver_to_party,name,N1.02,,lower,,,,,A => a,\n")
    shown = json.dumps(result["fields"])
    assert "***" in shown
    assert "placeholder" not in shown.lower()


def test_shipments_that_would_fall_are_named_with_the_rule(tmp_path):
    result = diff(tmp_path, "shipment,package_unit,M11.04,,lower,,,,,ctn => ctn,\n")
    assert result["counts"]["newly_rejected"] == 3
    assert {v["rules"] for v in result["verdicts"] if v["change"] == "newly_rejected"} == {"S321-SCHEMA"}


def test_shipments_that_would_pass_are_counted(tmp_path):
    result = diff(tmp_path, "item,total_value.amount,,,,1.00,,,,,\n")
    assert result["counts"]["newly_accepted"] == 1  # 950 dollars before


def test_a_table_that_reads_another_number_refuses_nothing(tmp_path):
    """Shipments are compared by their place in the file: each was counted as newly rejected and as newly accepted."""
    result = diff(tmp_path, "shipment,house_bill_number,N9[2I].02,M11 present,trim,,yes,S321-ID-1OF,none,,\n")
    assert (result["counts"]["changed"], result["counts"]["newly_rejected"], result["counts"]["newly_accepted"]) == (3, 0, 0)  # fmt: skip
    (field,) = (f for f in result["fields"] if f["field"] == "/house_bill_number")
    assert field["samples"][0] == {"shipment": "00450001", "before": "00450001", "after": "1ZTRK000000001"}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ((), "holds no rows"),
        (("x12_309_truk.csv",), "x12_309_truk.csv"),
        (("onboard.csv",), "holds no rows"),
        (("partners/nrtx/x12_309_truck.csv",), "profile folder"),
    ],
)
def test_a_folder_without_rows_is_told_and_not_compared(tmp_path, files, said):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(HEADER, "utf-8")
    with pytest.raises(ConfigError, match=said) as told:
        compare(sources_of(FILES, base_site(), NOW), tmp_path)
    assert told.value.advice


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError):
        compare(sources_of(FILES, base_site(), NOW), tmp_path / "nowhere")


def state_of(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.endswith(("-wal", "-shm"))
    }


def test_the_archive_is_tried_again_and_not_touched(tmp_path):
    demo, new = tmp_path / "demo", tmp_path / "new"
    assert gateway("demo", "run", str(demo), "--json").returncode == 0
    new.mkdir()
    (new / "x12_309_truck.csv").write_text(HEADER + "item,product_category,N10.03,,trim,,,,,A => A,\n", "utf-8")
    before = state_of(demo)
    done = gateway("mapping", "diff", "--new", str(new), "--since", "1d", "--profile", str(demo), "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert counts["files"] >= 15
    assert counts["changed"] >= 4
    assert counts["newly_rejected"] == 0
    assert state_of(demo) == before
    assert gateway("verify", str(demo)).returncode == 0


@pytest.mark.parametrize("args", [(), ("--since", "soon"), ("nowhere.edi",)])
def test_bad_use_is_told(tmp_path, args):
    done = gateway("mapping", "diff", "--new", str(tmp_path), *args)
    assert done.returncode == 2
    assert "mend" in done.stderr
