"""Mapping paths on real segments: groups, qualifiers, texts, decimal marks, sums, the bill above a goods line."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path as File

import pytest

from gateway.dialect import Path, Step
from gateway.formats.edifact import DIALECT, identify
from gateway.formats.edifact.leaves import join_texts
from gateway.records import Unit
from tests.drops import drop
from tests.formats.edifact.samples import FILES, HEAD, bills, case, events, fixture, interchange, message, units

NOW = datetime(2025, 1, 14, 10, tzinfo=UTC)
MAPPINGS = File(__file__).parents[3] / "mappings"
STEP = re.compile(r"([A-Z]+[0-9]*)(?:\[(?:([0-9@a-z-]+)=)?([^\]]+)\])?")


def parse(text: str) -> Path:
    """Read a path; the real grammar is the mapping's."""
    body, _, leaf = text.rpartition(".") if re.search(r"\.[0-9@a-z-]+$", text) else (text, "", "")
    steps = [STEP.fullmatch(part) for part in body.lstrip("/").split("/")]
    return Path(
        text,
        tuple(Step(s[1], tuple((s[3] or "").split("|")) if s[3] else (), s[2] or "") for s in steps if s),
        leaf,
        absolute=text.startswith("/"),
    )


def get(unit: Unit, path: str, at: str = "CNI", node: object = None) -> str:
    return DIALECT.getter(parse(path), at)(node or unit.node, unit.message.root)


def goods(unit: Unit, number: int = 0) -> object:
    return DIALECT.finder(parse("RFF/GID"), "CNI")(unit.node, unit.message.root)[number]


def test_paths_walk_groups_by_their_first_segment():
    (one, two, _) = units(fixture("01_"))
    assert get(one, "RFF[HWB|BH].1154") == "GWH0000001"
    assert get(one, "RFF/TDT/RFF[MWB].1154") == "999-12345675"
    assert get(one, "/RFF[MWB].1154") == "999-12345675"
    assert get(one, "SG8/RFF[HWB].1154") == "GWH0000001"
    assert get(one, "CNI.1490") == "1"
    assert get(one, "RFF/NAD[CN].3207") == "US"
    assert get(two, "CST.7361", "GID", goods(two, 1)) == "4419110000"
    assert get(one, "TDT[20]/DTM[132].2380", "UNH", one.message.root) == "202510011830"


def test_the_first_value_in_brackets_that_exists_wins():
    unit = units(fixture("14_"))[0]
    assert get(unit, "NAD[DP|UC|ST|CN].3036") == "PARCEL LOCKER 12"
    assert get(unit, "NAD[UC|CN|DP].3036") == "JORDAN SAMPLE"
    assert get(unit, "NAD[UC].3036") == ""
    assert get(unit, "GID/PIA[7143=HS].7140") == "9102118000"


def test_values_of_the_bill_can_be_read_from_its_goods_line():
    unit = units(fixture("03_"))[0]
    assert get(unit, "LOC[27].3225", "GID", goods(unit)) == ""
    assert get(unit, "RFF/LOC[27].3225", "GID", goods(unit)) == "CN"
    assert get(unit, "RFF[BM].1154") == "GWOBL25001"
    ifcsum = units(fixture("13_"))[0]
    (gid,) = ifcsum.node.children["GID"]
    assert get(ifcsum, "CNI/LOC[27].3225", "GID", gid) == "CA"


def test_released_text_is_read_as_meant():
    unit = units(fixture("05_"))[0]
    assert get(unit, "FTX[AAA].4440", "GID", goods(unit)) == "MEN'UNALTERED SHIRTS + TIES: 2 PCS, WHY?"
    assert get(unit, "RFF/NAD[CN].3036") == "O'SAMPLE + SONS"
    assert get(units(case("S075"))[0], "RFF/GID/FTX[AAA].4440") == "IS THIS COTTON?"
    assert get(units(case("S076"))[0], "RFF/GID/FTX[AAA].4440") == "RED HAT WITH BLUE BAND"
    assert get(units(case("S078"))[0], "RFF/NAD[CN].3036") == "JÜRGEN MOCKMÄNN"


def test_repetitions_give_the_first_and_the_character_itself_can_be_released():
    unit = units(fixture("07_"))[0]
    assert (get(unit, "RFF/GID.7224"), get(unit, "RFF/GID.7065")) == ("1", "PX")
    assert get(unit, "RFF/GID/FTX[AAA].4440") == "COTTON T-SHIRTS 5*5 CM LOGO, 2 PCS"
    assert get(unit, "RFF/NAD[CZ].3036") == "深圳样品商贸有限公司"


def test_a_decimal_comma_becomes_a_point():
    unit = units(case("S047"))[0]
    assert get(unit, "RFF/GID/MOA[40].5004") == "24.90"
    assert get(unit, "RFF/GID/MEA[AAE].6314") == "0.450"
    assert get(units(fixture("04_"))[0], "RFF/GID/MOA[40].5004") == "24.90"
    assert get(units(case("S051"))[0], "RFF/GID/MOA[40].5004") == "-24.90"
    assert get(units(case("S117"))[0], "RFF/GID/MOA[40].6345") == ""


def changed(old: str, new: str, count: int = 1) -> Unit:
    return units(interchange(message([s.replace(old, new) for s in bills(*range(1, count + 1))])))[0]


def test_long_texts_are_joined_from_their_components_and_segments():
    full = "A" * 35
    assert get(changed("ALEX EXAMPLE", f"{full}:BC:D"), "RFF/NAD[CN].3036") == full + "BC D"
    unit = changed("FTX+AAA+++COTTON SHIRTS", "FTX+AAA+++COTTON:SHIRTS'FTX+AAI+++NO'FTX+AAA+++BLUE")
    assert get(unit, "FTX[AAA].4440", "GID", goods(unit)) == "COTTON SHIRTS BLUE"
    assert join_texts([], 5) == ""


@pytest.mark.parametrize(("release", "longest"), [("95B", 70), ("96A", 70), ("97A", 70), ("03A", 512), ("24A", 512)])
def test_a_text_goes_on_without_a_blank_behind_a_component_that_is_full_in_its_directory(release: str, longest: int):
    full = ("COTTON SHIRTS " * 40)[: longest - 1] + "X"
    lines = [s.replace("COTTON SHIRTS", f"{full}:S RED:CLOTH") for s in bills(1)]
    (unit,) = units(interchange(message(lines, identifier=f"CUSCAR:D:{release}:UN")))
    assert get(unit, "FTX[AAA].4440", "GID", goods(unit)) == f"{full}S RED CLOTH"
    further = [part for s in lines for part in s.replace(f"{full}:S", f"{full}'FTX+AAA+++S").split("'")]
    (unit,) = units(interchange(message(further, identifier=f"CUSCAR:D:{release}:UN")))
    assert get(unit, "FTX[AAA].4440", "GID", goods(unit)) == f"{full}S RED CLOTH"  # in a further segment too


@pytest.mark.parametrize(
    ("release", "length", "between"),
    [("95B", 35, ""), ("03B", 35, ""), ("03B", 44, " "), ("08A", 35, ""), ("08B", 35, " "), ("16A", 44, " "), ("16A", 70, "")],
)  # fmt: skip
def test_a_name_goes_on_behind_a_component_that_is_just_full_in_its_directory(release: str, length: int, between: str):
    lines = [s.replace("ALEX EXAMPLE", f"{'A' * length}:LIMITED") for s in bills(1)]
    data = interchange(message(lines, identifier=f"CUSCAR:D:{release}:UN"))
    assert get(units(data)[0], "RFF/NAD[CN].3036") == f"{'A' * length}{between}LIMITED"
    if length < 70:  # read in line as by closures; a name of more characters is none
        (delivered,) = drop(data, now=NOW).messages()
        assert delivered["shipments"][0]["final_deliver_to_party"]["name"] == f"{'A' * length}{between}LIMITED"


def test_sums_run_over_all_goods_lines_or_give_nothing():
    (one, two, three) = units(fixture("01_"))
    weight = "RFF/GID/MEA[6313=G|AAB].@sum"
    assert [get(u, weight) for u in (one, two, three)] == ["0.450", "2.700", "0.210"]
    assert [get(u, "RFF/GID.@sum") for u in (one, two, three)] == ["1", "2", "2"]
    leaf = DIALECT.leaf("@sum")
    first = DIALECT.finder(parse("RFF/GID/MEA[6313=G]"), "CNI")(two.node, two.message.root)[0]
    assert leaf(first, two.message.root) == "2.700"
    extra = "LOC+27+CN:162:5'GID+2+1:CT'{}"
    without = changed("LOC+27+CN:162:5", extra.format("FTX+AAA+++HATS"))
    assert get(without, weight) == ""
    unit = "RFF/GID/MEA[6313=G|AAB].6411@same"
    assert [get(u, unit) for u in (one, two, without)] == [
        "KGM",
        "KGM",
        "",
    ]  # what not every goods line has, none share
    assert get(without, "RFF/NAD[CN].3207@same") == "US"  # of the bill, not of its goods
    twice = "LOC+27+CN:162:5'MEA+AAE+G+KGM:{}"
    assert get(changed("LOC+27+CN:162:5", twice.format("9.9")), weight) == ""
    assert get(changed("LOC+27+CN:162:5", twice.format("0.450")), weight) == "0.450"
    mixed = changed("LOC+27+CN:162:5", extra.format("MEA+AAE+G+LBR:1.4"))
    assert get(mixed, weight) == ""


@pytest.mark.parametrize("path", [p for p in FILES if p.name[:2] not in ("09", "10")], ids=lambda p: p.stem)
def test_a_value_can_be_found_at_its_bytes(path):
    data = path.read_bytes()
    seen = 0
    for unit in (e for e in events(data) if isinstance(e, Unit)):
        at = unit.node.tag
        for text in ("RFF[HWB].1154", "RFF/GID/MOA[40].5004", "GID/MOA[40].6345", "RFF/NAD[CN].3207", "NAD[CZ].3164"):
            place = DIALECT.locator(parse(text), at)(unit.node, unit.message.root)
            value = get(unit, text, at)
            if place and value:
                raw = data[place.offset : place.offset + place.length].decode("latin-1").replace(",", ".")
                if len(raw) < 60 and raw.isascii():
                    assert raw == value
                    seen += 1
    assert seen or not units(data) or path.name[:2] in ("30", "17", "18", "06")


def test_paths_that_can_never_read_anything_are_named():
    def problems(text: str, at: str = "CNI", version: str = "D.03A") -> list[str]:
        return DIALECT.problems(parse(text), at, "CUSCAR", version)

    assert problems("RFF/TDT/RFF[MWB].1154") == []
    assert problems("RFF/TDT/RFF[MWB].1154", version="D.95B") == []
    assert "has no RFF/UCM below CNI" in problems("RFF/UCM.1154")[0]
    assert "NAD has no data element 5004" in problems("RFF/NAD[CN].5004")[0]
    assert "no data element 9999" in problems("RFF/NAD[9999=X].3036")[0]
    assert problems("LOC[27].3225", "GID", "D.95B") == []  # D.03A has it there, and one table reads both
    assert problems("RFF/LOC[27].3225", "GID", "D.95B") == []
    assert DIALECT.problems(parse("X.01"), "CNI", "INVOIC", "D.96A") == []


SOURCES = [
    (name, version, row)
    for name, version in [(f"edifact_{m.lower()}", f"{m} D.03A") for m in ("CUSCAR", "IFCSUM", "IFTMIN", "CUSREP")]
    for row in csv.DictReader((MAPPINGS / name / "map.csv").open(encoding="utf-8"))
]  # fmt: skip


def test_every_path_of_the_base_tables_can_read_something():
    levels = {"message": "UNH", "shipment": "", "item": "GID"}
    found: list[str] = []
    bound: dict[tuple[str, str], str] = {}
    for name, version, row in SOURCES:
        kind, directory = version.split()
        if row["target"] in ("(each)", "(first)"):
            tags = [s.name for s in parse(row["source"]).steps]
            bound[name, row["level"]] = tags[-1]
        at = bound.get((name, row["level"]), levels.get(row["level"], ""))
        for text in re.split("; ", row["source"]):
            if text and not text.startswith(".") and row["target"] not in ("(each)", "(first)"):
                found += DIALECT.problems(parse(text), at, kind, directory)
    assert [f for f in found if "GDS" not in f] == []


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("01_", 0, {"house_bill_number": "GWH0000001", "master_bill_number": "999-12345675"}),
        ("02_", 1, {"house_bill_number": "GWXX00000000002"}), ("03_", 0, {"house_bill_number": "GWHBL0001"}),
        ("13_", 0, {"house_bill_number": "GWCN960001"}), ("15_", 0, {"house_bill_number": "GWSI0015"}),
        ("17_", 0, {"house_bill_number": "UA473124829CN"}),
        ("29_", 0, {"house_bill_number": "GWH0000001", "master_bill_number": "999-12345675"}),
    ],
)  # fmt: skip
def test_a_shipment_is_known_without_a_mapping(name, number, expected):
    assert identify(units(fixture(name))[number].node) == expected
    assert len(HEAD) == 4
