"""`gateway mapping export | import | show | test` for a partner with rows of its own."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from gateway.commands.mapping import check_all
from gateway.commands.mapping_own import own_rows, table_in_force
from gateway.commands.mapping_tools import run_tests
from gateway.errors import ConfigError
from gateway.site import base_mappings, load_site
from gateway.workbook import export_table, import_table
from tests.test_cli import gateway

TABULAR = Path(__file__).parent.parent / "fixtures" / "profiles" / "tabular"
OWN = TABULAR / "partners" / "totals" / "tabular_csv.csv"


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    shutil.copytree(TABULAR, tmp_path / "profile")
    return tmp_path / "profile"


def second_partner(profile: Path) -> None:
    """Give partner german rows of its own too."""
    (profile / "partners" / "german").mkdir()
    shutil.copy(OWN, profile / "partners" / "german" / OWN.name)


def test_the_table_in_force_has_the_partners_rows_and_says_which(profile):
    data, whose = table_in_force("tabular_csv", profile, "totals")
    own = [r for r in rows(data) if r["note_from"]]
    assert whose == "totals"
    assert [(r["target"], r["transform"], r["note_from"]) for r in own] == [
        ("country_of_origin", "code tabular_country", "totals/tabular_csv.csv:2")
    ]
    base = rows((base_mappings() / "tabular_csv" / "map.csv").read_bytes())
    assert len(rows(data)) == len(base)
    assert {r["note"] for r in rows(data)} >= {r["note"] for r in base if r["target"] != "country_of_origin"}


def test_a_table_that_nobody_overrides_is_exported_as_it_is(profile):
    data, _ = table_in_force("x12_309_truck", profile, "totals")
    assert data == (base_mappings() / "x12_309_truck" / "map.csv").read_bytes()


def test_the_only_partner_with_own_rows_is_meant_and_of_several_a_name_is_asked(profile):
    assert table_in_force("tabular_csv", profile, "")[1] == "totals"
    second_partner(profile)
    with pytest.raises(ConfigError) as told:
        table_in_force("tabular_csv", profile, "")
    assert "--partner german or totals" in told.value.advice
    with pytest.raises(ConfigError, match="no partner nobody"):
        table_in_force("tabular_csv", profile, "nobody")
    with pytest.raises(ConfigError, match="no mapping x12_999"):
        table_in_force("x12_999", profile, "totals")


def test_an_unedited_workbook_gives_back_the_partners_own_rows(profile, tmp_path):
    data, _ = table_in_force("tabular_csv", profile, "totals")
    export_table(data, "tabular_csv", tmp_path / "m.xlsx")
    assert import_table(tmp_path / "m.xlsx") == data
    own, count = own_rows(data, "tabular_csv")
    assert (own, count) == (OWN.read_bytes(), 1)


def test_changed_and_removed_rows_come_back_as_a_partners_file():
    data = (base_mappings() / "x12_309_truck" / "map.csv").read_text("utf-8")
    lines = data.splitlines(keepends=True)
    (firms,) = [line for line in lines if "location_of_goods_firms" in line]
    edited = data.replace(firms, "").replace("NRTX25A01 => NRTX25A01,trip number", "T1 => T1,trip")
    own, count = own_rows(edited.encode(), "x12_309_truck")
    assert count == 2
    assert [(r["target"], r["source"], r["example"]) for r in rows(own)] == [
        ("conveyance_reference", "M10.06", "T1 => T1"),
        ("location_of_goods_firms", "(none)", ""),
    ]
    assert own_rows(data.encode(), "x12_309_truck")[1] == 0


def test_the_tests_of_a_profile_judge_the_base_examples_by_the_base_tables(profile):
    results = list(run_tests(load_site(profile), "tabular_csv", update=False))
    assert [r for r in results if not r["ok"]] == []
    assert {(r["partner"], r["example"]) for r in results} >= {("", "rows"), ("totals", "rows")}
    assert {r["partner"] for r in results if r["example"].endswith(".csv")} == {""}


def test_a_wrong_example_of_a_partners_row_fails(profile):
    path = profile / "partners" / "totals" / "tabular_csv.csv"
    path.write_text(path.read_text("utf-8").replace("CHINA => CN", "CHINA => XX"), "utf-8")
    failed = [r for r in run_tests(load_site(profile), "", update=False) if not r["ok"]]
    assert [(r["mapping"], r["partner"], r["example"]) for r in failed] == [("tabular_csv", "totals", "rows")]


def test_a_partners_own_files_are_tested_in_its_layout(profile):
    folder = profile / "partners" / "totals" / "examples" / "tabular_csv"
    folder.mkdir(parents=True)
    shutil.copy(TABULAR.parent.parent / "csv" / "10_title_rows_and_totals.csv", folder / "parcels.csv")
    site = load_site(profile)

    def own(update: bool) -> dict:
        (found,) = [r for r in run_tests(site, "tabular_csv", update=update) if r["example"] == "parcels.csv"]
        return found

    assert not own(update=False)["ok"]
    assert own(update=True)["ok"]
    assert json.loads((folder / "parcels.json").read_text("utf-8"))[0]["shipments"]
    assert (own(update=False)["ok"], own(update=False)["partner"]) == (True, "totals")


def test_the_commands(profile, tmp_path):
    book, own = tmp_path / "m.xlsx", tmp_path / "own.csv"
    done = gateway("mapping", "export", "tabular_csv", "--profile", str(profile), "-o", str(book))
    assert (done.returncode, "as in force for totals" in done.stdout) == (0, True), done.stderr
    assert "--over tabular_csv" in done.stdout
    done = gateway("mapping", "import", str(book), "--over", "tabular_csv", "-o", str(own))
    assert (done.returncode, own.read_bytes()) == (0, OWN.read_bytes()), done.stderr
    done = gateway("mapping", "show", "tabular_csv", "--profile", str(profile))
    assert "code tabular_country,,,,country of origin {value} not usable,CHINA => CN" in done.stdout
    done = gateway("mapping", "test", "tabular_csv", "--profile", str(profile))
    assert (done.returncode, "tabular_csv (totals)  rows" in done.stdout) == (0, True), done.stdout
    done = gateway("mapping", "export", "tabular_csv", "--partner", "totals", "-o", str(book))
    assert (done.returncode, "--partner needs --profile" in done.stderr) == (2, True)


def test_notes_of_a_partners_rows_come_back(profile, tmp_path):
    data, _ = table_in_force("x12_309_truck", profile, "totals")
    table = rows(data)
    for row in table:
        if row["target"] == "package_unit":
            row["default"], row["note"] = "CTN", "agreed by telephone"
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    own, count = own_rows(text.getvalue().encode(), "x12_309_truck")
    assert (count, [(r["target"], r["note"]) for r in rows(own)]) == (1, [("package_unit", "agreed by telephone")])


def test_the_next_step_names_the_profile_folder(profile, tmp_path):
    book, target = tmp_path / "t.xlsx", profile / "partners" / "totals" / "tabular_csv.csv"
    done = gateway(
        "mapping", "export", "tabular_csv", "--profile", str(profile), "--partner", "totals", "-o", str(book)
    )
    assert f"-o {target}" in done.stdout.replace("\n", "")
    done = gateway("mapping", "import", str(book), "--over", "tabular_csv", "-o", str(target))
    assert f"next: gateway mapping check --profile {profile}" in done.stdout.replace("\n", "")


def test_a_required_field_that_a_partner_takes_out_is_told_unless_a_constant_fills_it(profile):
    own = profile / "partners" / "totals" / "tabular_csv.csv"
    own.write_text("level,target,source\nshipment,mode_of_transportation,(none)\nbuyer,(all),(none)\n", "utf-8")
    told = [(f["code"], f["severity"], f["file"], f["line"]) for f in check_all(profile) if f["code"] == "MAP-UNFILLED"]
    assert told == [("MAP-UNFILLED", "warning", "totals/tabular_csv.csv", 2)]
    file = profile / "partners" / "totals.toml"
    file.write_text(
        file.read_text("utf-8").replace("[constants]", '[constants]\nmode_of_transportation = "air"'), "utf-8"
    )
    assert [f for f in check_all(profile) if f["code"] == "MAP-UNFILLED"] == []
