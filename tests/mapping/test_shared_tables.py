"""Partners share what their own rows and code tables leave as it is; what they get is what they would get alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gateway.errors import MappingError
from gateway.formats import format_module
from gateway.mapping.compile import Compiler
from gateway.mapping.folder import MappingSet
from gateway.mapping.lint import lint
from gateway.mapping.table import Row
from gateway.site import base_mappings, load_afresh, load_site

HEAD = "level,target,source,when,transform,default,required,rule,message,example\n"
ROWS = HEAD + "shipment,carrier_code,,,,ZZZZ,,,,\n"
WRONG = HEAD + "shipment,carrier_code,M11.02,,upper,,,,,a => B\n"
PLAIN = MappingSet(base_mappings())
OWN = {
    "nothing": {},
    "rows": {"x12_309_truck.csv": ROWS},
    "codes": {"codes/mode_x12.csv": "code,value\nJ,truck\nQ,rail\n"},
    "both": {"x12_309_truck.csv": ROWS, "codes/mode_x12.csv": "code,value\nJ,truck\nQ,rail\n"},
    "a code table of its own": {
        "x12_309_truck.csv": HEAD + "shipment,carrier_code,M11.02,,code depots,,,,,A => ZZZZ\n",
        "codes/depots.csv": "code,value\nA,ZZZZ\n",
    },
    "the zones of ports": {"codes/port_zone.csv": (base_mappings() / "codes" / "port_zone.csv").read_text() + "9999,America/Chicago\n"},
}  # fmt: skip


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
def test_versions_and_rows_are_those_of_a_set_that_shares_nothing(tmp_path: Path, own: dict[str, str]) -> None:
    folder = written(tmp_path, own)
    sharing, alone = MappingSet(base_mappings(), [folder], PLAIN), MappingSet(base_mappings(), [folder])
    for facts in alone.facts:
        assert sharing.compiled(facts).mapping_version == alone.compiled(facts).mapping_version
        assert sharing.rows(facts) == alone.rows(facts)
        assert sharing.sources(facts) == alone.sources(facts)
        for table in alone.compiled(facts).code_tables:
            assert sharing.codes[table] == alone.codes[table]


def test_only_what_is_touched_is_compiled_again(tmp_path: Path) -> None:
    rows, codes = (written(tmp_path / name, OWN[name]) for name in ("rows", "codes"))
    with_rows, with_codes = (MappingSet(base_mappings(), [folder], PLAIN) for folder in (rows, codes))
    for facts in PLAIN.facts:
        base = PLAIN.compiled(facts)
        assert (with_rows.compiled(facts) is base) == (facts.id != "x12_309_truck")
        named = "mode_x12" in base.code_tables
        assert (with_codes.compiled(facts).blocks is base.blocks) == (not named), facts.id
    assert any("mode_x12" in PLAIN.compiled(facts).code_tables for facts in PLAIN.facts)


def test_a_mapping_that_looks_up_any_code_table_is_never_shared_with_another_one(tmp_path: Path) -> None:
    sharing = MappingSet(base_mappings(), [written(tmp_path, OWN["the zones of ports"])], PLAIN)
    (facts,) = (f for f in PLAIN.facts if f.id == "x12_309_truck")  # port_time names no table
    assert sharing.compiled(facts).blocks is not PLAIN.compiled(facts).blocks


@pytest.mark.parametrize(
    ("target", "transform", "zones"),
    [("estimated_arrival_at", "into_us_time iata_port", True), ("_arrival_day", "into_us_day iata_port", False)],
)
def test_a_transform_that_names_one_table_and_asks_for_the_zone_of_a_port_looks_up_that_too(target: str, transform: str, zones: bool) -> None:  # fmt: skip
    row = Row("t.csv", 2, "shipment", target, "RTG.01; FLT.02; envelope.received_on", "", transform)
    compiler = Compiler(format_module("cargo_imp").DIALECT, PLAIN.codes, "WB")
    compiler.blocks([row])
    assert "iata_port" in compiler.code_tables
    assert ("port_zone" in compiler.code_tables) is zones


def test_rows_are_those_of_the_moment_when_the_set_was_made(tmp_path: Path) -> None:
    folder = written(tmp_path, OWN["rows"])
    sharing = MappingSet(base_mappings(), [folder], PLAIN)
    (facts,) = (f for f in PLAIN.facts if f.id == "x12_309_truck")
    version = MappingSet(base_mappings(), [folder]).compiled(facts).mapping_version
    written(folder, {"x12_309_truck.csv": "this is no table"})
    assert sharing.compiled(facts).mapping_version == version


def test_the_faults_of_own_rows_are_found_and_those_that_own_codes_make_in_others(tmp_path: Path) -> None:
    (facts,) = (f for f in PLAIN.facts if f.id == "x12_309_truck")
    wrong = written(tmp_path / "wrong", {"x12_309_truck.csv": WRONG})
    (fault,) = [f for f in lint(MappingSet(base_mappings(), [wrong], PLAIN), facts) if f.severity == "error"]
    assert (fault.code, fault.line, fault.file) == ("MAP-EXAMPLE", 2, "wrong/x12_309_truck.csv")
    codes = written(tmp_path / "codes", {"x12_309_truck.csv": ROWS, "codes/mode_x12.csv": "code,value\nQ,rail\n"})
    faults = lint(MappingSet(base_mappings(), [codes], PLAIN), facts)
    assert {(f.code, f.file) for f in faults} == {("MAP-EXAMPLE", "x12_309_truck/map.csv")}


PARTNER = 'originator_code = "TEST01"\nsenders = ["{0}"]\nreceivers = ["GW"]\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = written(tmp_path / "site", {"gateway.toml": 'state = "state"\nout = "out"\n'})
    for name in ("anna", "bert"):
        written(folder / "partners", {f"{name}.toml": PARTNER.format(name)})
        written(folder / "partners" / name, OWN["rows"])
    return folder


def test_a_change_of_one_partner_leaves_the_tables_of_the_others_as_they_are(site: Path) -> None:
    before = load_site(site)
    before.check_tables()
    written(site / "partners" / "bert", {"x12_309_truck.csv": ROWS.replace("ZZZZ", "YYYY")})
    after = load_afresh(site, before)
    tables = {name: (before.partners[name].profile.tables, after.partners[name].profile.tables) for name in ("anna", "bert")}  # fmt: skip
    assert tables["anna"][0] is tables["anna"][1]
    assert tables["bert"][0] is not tables["bert"][1]
    written(site / "partners" / "bert", {"x12_309_truck.csv": WRONG})
    with pytest.raises(MappingError, match="example"):
        load_afresh(site, after)


def test_a_change_of_a_base_table_makes_all_anew(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = site.parent / "mappings"
    shutil.copytree(base_mappings(), base)
    for module in ("gateway.partner", "gateway.site", "gateway.settings"):
        monkeypatch.setattr(f"{module}.base_mappings", lambda: base, raising=False)
    before = load_afresh(site)
    assert load_afresh(site, before).partners["anna"].profile.tables is before.partners["anna"].profile.tables
    table = base / "x12_309_truck" / "map.csv"
    os.utime(table, ns=(1, 1))
    assert load_afresh(site, before).partners["anna"].profile.tables is not before.partners["anna"].profile.tables
