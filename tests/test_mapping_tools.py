"""`gateway mapping test` and `gateway mapping cover`."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from gateway.commands.mapping_tools import cover, cover_page, examples_of, run_tests
from gateway.commands.onboard import onboard
from gateway.errors import ConfigError
from gateway.site import base_mappings, base_site, load_site
from tests.test_cli import gateway

FIXTURES = Path(__file__).parent.parent / "fixtures"
TRUCK = FIXTURES / "x12" / "01_309_truck_5020_s321.edi"


def test_all_examples_of_the_base_tables_hold():
    results = list(run_tests(None, "", update=False))
    assert [r for r in results if not r["ok"]] == []
    assert {r["mapping"] for r in results} == {p.parent.name for p in base_mappings().glob("*/map.toml")}


def test_an_unknown_mapping_is_told():
    with pytest.raises(ConfigError, match="no mapping x12_999"):
        list(run_tests(None, "x12_999", update=False))


def test_a_changed_result_is_shown_and_written_on_demand(tmp_path, monkeypatch):
    mappings = tmp_path / "mappings"
    shutil.copytree(base_mappings(), mappings)
    monkeypatch.setattr("gateway.commands.mapping_tools.base_mappings", lambda: mappings)
    expected = mappings / "x12_309_truck" / "examples" / "two_bills.json"
    good = expected.read_text("utf-8")
    expected.write_text(good.replace('"truck"', '"boat"'), "utf-8")

    def failed(update: bool) -> list[dict]:
        return [r for r in run_tests(None, "x12_309_truck", update=update) if r["detail"]]

    (result,) = failed(update=False)
    assert not result["ok"]
    assert any(line.startswith("-") and "boat" in line for line in result["detail"])
    assert any(line.startswith("+") and "truck" in line for line in result["detail"])
    (written,) = failed(update=True)
    assert written["ok"]
    assert expected.read_text("utf-8") == good
    assert failed(update=False) == []


def test_every_mapping_of_shipments_has_a_whole_file_example_or_is_listed():
    without = {p.parent.name for p in base_mappings().glob("*/map.toml") if not examples_of(p.parent)}
    # the EDIFACT tables are tested with all samples of fixtures/edifact; the air ones with those of fixtures/cargoimp
    assert {m for m in without if not m.startswith(("edifact_", "cargo_imp_"))} <= {
        "cargo_xml_xfhl", "cargo_xml_xffm", "tabular_marketplace",
    }  # fmt: skip


def test_cover_tells_what_is_not_read_and_what_never_fired():
    (row,) = cover([TRUCK], base_site())
    assert (row["mapping"], row["units"]) == ("x12_309_truck", 2)
    unread = {u["place"]: u for u in row["unread"]}
    assert unread["N10-12"]["count"] == 4
    assert "1ZTRK" not in json.dumps(row["unread"])
    assert not {"M11-01", "N1-02", "N9-01", "P4-01", "M11-09"} & set(unread)
    silent = {s["target"] for s in row["silent"]}
    assert "location_of_goods_firms" in silent
    assert "house_bill_issuer" in silent  # the row that reads M13, of a deletion
    assert not any(s["target"] == "gross_weight_kg" for s in row["silent"])


def test_a_row_that_is_added_takes_its_element_off_the_list(tmp_path):
    shutil.copytree(base_mappings() / "profiles" / "base", tmp_path / "p")
    own = tmp_path / "p" / "partners" / "nrtx"
    own.mkdir()
    header = "level,target,source,when,transform,default,required,rule,message,example,note\n"
    (own / "x12_309_truck.csv").write_text(header + "item,product_category,N10.12,,trim,,,,,A => A,\n", "utf-8")
    from gateway.site import load_site

    (row,) = cover([TRUCK], load_site(tmp_path / "p"))
    assert "N10-12" not in {u["place"] for u in row["unread"]}


def test_cover_names_the_columns_of_a_table_that_no_row_reads(tmp_path):
    site = load_site(FIXTURES / "profiles" / "tabular").only("plain")
    (row,) = cover([FIXTURES / "csv" / "01_clean_utf8.csv"], site)
    assert {u["place"]: u["count"] for u in row["unread"]} == {"line_no": 4}
    path = tmp_path / "t.json"
    path.write_text('{"house_bill": "QA1", "consignee_name": "A", "gift_note": "hi"}', "utf-8")
    (row,) = cover([path], site)
    assert [u["place"] for u in row["unread"]] == ["gift_note"]


@pytest.mark.parametrize(
    "sample", ["xml/03_xfzb_clean_v3.xml", "cargoimp/03_fhl4_single_full.txt", "edifact/01_cuscar_d03a_air_clean.edi"]
)
def test_cover_reads_every_family(sample):
    path = next((FIXTURES / sample).parent.glob(Path(sample).name[:2] + "*"))
    (row,) = cover([path], base_site())
    assert row["units"] >= 1
    assert row["silent"]


def test_cover_counts_each_element_once_and_knows_what_rows_read_of_the_root_and_of_the_unit_itself(tmp_path):
    feed = tmp_path / "feed.xml"
    feed.write_text('<Feed day="2025-03-04" nr="7"><Parcel id="P1" size="S"><Colour>red</Colour></Parcel></Feed>')
    onboard([feed], "acme", tmp_path / "site", None)
    (table,) = (tmp_path / "site" / "mappings").glob("*/map.csv")
    rows = ["shipment,(each),Parcel", "shipment,house_bill_number,./@id", "shipment,conveyance_reference,/./@nr"]
    table.write_text("\n".join(["level,target,source", *rows]) + "\n")
    (row,) = cover([feed], load_site(tmp_path / "site"))
    told = {(one["place"], one["count"]) for one in row["unread"]}
    assert told == {("Feed/@day", 1), ("Parcel/@size", 1), ("Colour", 1)}


def test_the_page_is_self_contained_and_escapes_what_it_shows():
    page = cover_page(
        [
            {
                "mapping": "<m>",
                "units": 1,
                "unread": [{"place": "A", "count": 1, "sample": "<script>"}],
                "silent": [],
                "codes": [{"table": "t", "code": "<script>", "count": 1}],
                "sourceless": [],
            }
        ]
    )
    assert "<script>" not in page
    assert not re.search(r"(src|href)=", page)


def test_the_commands(tmp_path):
    done = gateway("mapping", "test", "x12_309_truck")
    assert (done.returncode, "all examples hold" in done.stderr) == (0, True)
    done = gateway("mapping", "cover", str(TRUCK), "--json")
    assert json.loads(done.stdout)["units"] == 2
    done = gateway("mapping", "cover", str(TRUCK), "--html", str(tmp_path / "c.html"))
    assert done.returncode == 0
    assert (tmp_path / "c.html").read_text("utf-8").startswith("<!doctype html>")
    assert gateway("mapping", "cover", "nowhere.edi").returncode == 2


def test_cover_tells_codes_without_an_entry_and_required_fields_that_nothing_fills(tmp_path):
    text = TRUCK.read_text("ascii").replace("**2*W~", "**2*K~")
    (tmp_path / "t.edi").write_text(text, "ascii")
    (row,) = cover([tmp_path / "t.edi"], base_site())
    assert {"table": "x12_manifest_type", "code": "K", "count": 2} in row["codes"]
    assert row["sourceless"] == []
    shutil.copytree(base_mappings() / "profiles" / "base", tmp_path / "p")
    toml = tmp_path / "p" / "partners" / "nrtx.toml"
    toml.write_text(toml.read_text().replace("known_carrier_customer_flag = true", ""))
    (row,) = cover([TRUCK], load_site(tmp_path / "p"))
    assert {"target": "known_carrier_customer_flag"} in row["sourceless"]


@pytest.mark.parametrize(
    ("sample", "ours", "theirs", "place"),
    [
        ("edifact/01_cuscar_d03a_air_3hawb.edi", b"NAD+CN", b"NAD+ZZC", "NAD[ZZC]"),
        ("edifact/01_cuscar_d03a_air_3hawb.edi", b"RFF+HWB", b"RFF+ZHB", "RFF[ZHB]"),
        ("x12/01_309_truck_5020_s321.edi", b"N1*CN", b"N1*BT", "N1[BT]"),
    ],
)
def test_a_qualifier_that_no_row_reads_is_covered_as_unread(tmp_path, sample, ours, theirs, place):
    data = (FIXTURES / sample).read_bytes()
    for text, wanted in ((data, False), (data.replace(ours, theirs), True)):
        path = tmp_path / "own.edi"
        path.write_bytes(text)
        (found,) = cover([path], base_site())
        assert (place in {u["place"] for u in found["unread"]}) is wanted
