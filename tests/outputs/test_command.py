"""`gateway extract` as a user runs it: lines, JSON, exit codes, settings of a profile folder."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from gateway.outputs.folder import load_layout
from gateway.site import base_mappings
from tests.canonical.samples import shipment
from tests.in_process import run
from tests.outputs.support import mail, message, write
from tests.test_cli import gateway

BASE_PROFILE = base_mappings() / "profiles" / "base"


def profile(tmp_path: Path, outputs: str) -> Path:
    """Return a profile folder with these lines about outputs."""
    folder = tmp_path / "site"
    shutil.copytree(BASE_PROFILE, folder)
    toml = folder / "gateway.toml"
    toml.write_text(toml.read_text() + outputs)
    return folder


def test_a_line_names_shipment_field_reason_and_mend(tmp_path):
    write(tmp_path, message(mail(conveyance_reference=None)))
    done = gateway("extract", "m0.json", "--as", "imd", "-o", "imd.csv", cwd=tmp_path)
    assert done.returncode == 1  # required fields are empty
    assert "error   OUT-EMPTY  shipment LX123456785GB, Flight or Conveyance Number: The shipment names no flight. mend: Fill in the flight of the dispatch." in done.stdout  # fmt: skip
    assert "error   OUT-NO-SOURCE  every shipment (1), Duty Rate:" in done.stdout
    assert "1 shipments written, 0 left out, 5 errors, 1 warnings" in done.stdout
    assert (tmp_path / "imd.csv").is_file()


def test_a_folder_that_translate_wrote_is_read_whatever_answers_lie_in_it(tmp_path):
    sample = base_mappings() / "postal_itmatt_json" / "examples" / "two_items.itmatt"
    run("translate", str(sample), "-o", str(tmp_path / "d"), "--as-of", "2025-02-27T10:00:00Z")
    assert [p.name for p in (tmp_path / "d").glob("*.cusrsp.json")] == ["two_items.itmatt.cusrsp.json"]
    assert "2 shipments written" in run("extract", str(tmp_path / "d"), "--as", "imd", "-o", str(tmp_path / "d.csv"))


def test_with_json_every_line_is_one_finding(tmp_path):
    write(tmp_path, message(mail(first_us_port=None)))
    done = gateway("extract", str(tmp_path), "--as", "type13", "-o", str(tmp_path / "t.xlsx"), "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(set(x) == {"rule", "severity", "shipment", "shipments", "item", "target", "message", "fix", "row"} for x in lines)  # fmt: skip
    port = next(x for x in lines if x["target"] == "Arrival Port")
    assert (port["rule"], port["shipment"], port["item"]) == ("OUT-EMPTY", "LX123456785GB", None)
    assert port["row"].startswith("type13/map.csv:")
    assert "written" in done.stderr


def test_the_settings_of_a_profile_fill_the_fields_of_the_filer(tmp_path):
    folder = profile(
        tmp_path, '\n[outputs]\nfiler_code = "xyz"\nbond_number = 991234567\n[outputs.imd]\nfiler_code = "abc"\n'
    )
    write(tmp_path, message(mail()))
    gateway("extract", "m0.json", "--as", "imd", "-o", "imd.csv", "--profile", str(folder), cwd=tmp_path)
    with (tmp_path / "imd.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["Filer Code"], row["Bond Number"]) == ("ABC", "991234567")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[outputs]\nfiler_cod = "x"\n', "outputs.filer_cod is not known"),
        ('[outputs.imdw]\nfiler_code = "x"\n', "outputs.imdw is not known"),
        ('outputs = "x"\n', "outputs is text in quotes"),
    ],
)
def test_a_wrong_setting_stops_with_the_known_ones(tmp_path, lines, words):
    folder = tmp_path / "site"
    shutil.copytree(BASE_PROFILE, folder)
    toml = folder / "gateway.toml"
    toml.write_text(lines + toml.read_text() if lines.startswith("outputs") else toml.read_text() + lines)
    write(tmp_path, message(mail()))
    done = gateway("extract", "m0.json", "--as", "imd", "-o", "imd.csv", "--profile", str(folder), cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr.replace("\n", " ")
    assert not (tmp_path / "imd.csv").exists()


def test_a_document_per_shipment_goes_to_a_folder(tmp_path):
    write(tmp_path, message(shipment()))
    done = gateway("extract", "m0.json", "--as", "acas", "-o", "docs", "--as-of", "2025-03-04T12:00:00Z", cwd=tmp_path)
    assert "wrote docs/EXCR000012345.xml" in done.stdout
    assert "2025-03-04T12:00:00Z" in (tmp_path / "docs" / "EXCR000012345.xml").read_text()


@pytest.mark.parametrize(
    ("args", "mend"),
    [
        (("extract", "nowhere.json", "--as", "imd", "-o", "x.csv"), "Check the path."),
        (("extract", "m0.json", "--as", "isf", "-o", "x.csv"), "Known: acas, imd, type11, type13."),
        (("extract", "m0.json", "--as", "imd", "-o", "nowhere/x.csv"), "Make it first."),
    ],
)
def test_bad_use_exits_with_2_and_names_the_mend(args, mend, tmp_path):
    write(tmp_path, message(mail()))
    done = gateway(*args, cwd=tmp_path)
    assert (done.returncode, mend in done.stderr.replace("\n", " ")) == (2, True)
    assert "Traceback" not in done.stderr


def test_the_faults_of_an_output_are_part_of_the_check_of_the_tables(tmp_path):
    folder = profile(tmp_path, "")
    shutil.copytree(base_mappings() / "out" / "imd", folder / "outputs" / "imd")
    table = folder / "outputs" / "imd" / "map.csv"
    table.write_text(table.read_text().replace("carrier_code", "carrier_cod"))
    done = gateway("mapping", "check", "--profile", str(folder), "--json")
    (fault,) = [json.loads(line) for line in done.stdout.splitlines() if '"error"' in line and "imd/" in line][:1]
    assert (fault["file"], fault["column"]) == ("imd/map.csv", "source")
    line = next(n for n, text in enumerate(table.read_text().splitlines(), 1) if text.startswith("Carrier,"))
    assert fault["line"] == line
    assert load_layout("imd", base_mappings()).fields
