"""Rules that no case or sample shows: a good sample, one edit, and the rule that must be said then.

Each row is (rule, sample below fixtures, [(old, new), ...]); options of the profile follow where the rule needs them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.check import Checker, parse_instant
from gateway.findings import Severity
from gateway.formats.x12.policy import SyntaxPolicy
from gateway.history import MemoryHistory
from gateway.mapping.folder import MappingSet
from gateway.rules.folder import rule_texts
from gateway.rules.rulebook import Rulebook
from gateway.site import Site, base_mappings, base_site, load_site
from tests.drops import drop, profile_for, sample
from tests.test_edifact_cases import BEFORE, moved

FIXTURES = Path(__file__).parent.parent / "fixtures"
TRUCK, AIR, GROUPED = (
    "x12/01_309_truck_5020_s321.edi",
    "edifact/01_cuscar_d03a_air_3hawb.edi",
    "edifact/02_cuscar_d03b_truck_ung.edi",
)
FHL, TABLE = "cargoimp/03_fhl4_single_full.txt", "csv/01_clean_utf8.csv"
RECORDS = "csv/06_record_types_multi_level.csv"

EDITS: list[tuple[str, str, list[tuple[str, str]]]] = [
    # X12
    ("X12-ELE-COMPONENTS", TRUCK, [("N9*2I*1ZTRK000000001~", "N9*2I*1ZTRK000000001*****PO>1>PO>2>PO>3>PO~")]),
    ("X12-ELE-EXCLUSION", TRUCK, [("VID*TL", "M12*61*ABC1*0901***999999999~\nVID*TL"), ("SE*28", "SE*29")]),
    ("X12-ELE-MISSING", TRUCK, [("P4*0901*20250115", "P4**20250115")]),
    ("X12-LOOP-MAX", TRUCK, [("VID*TL", "M12*61*ABC1*0901~\nM12*61*ABC2*0901~\nVID*TL"), ("SE*28", "SE*30")]),
    ("X12-M10-TYPE", TRUCK, [("M10*NRTX*J*CA***NRTX25A01**2*W", "M10*NRTX*J*CA***NRTX25A01**2*Z")]),
    ("S321-ROLE-NE", AIR, [("NAD+CZ+++SHENZHEN", "NAD+SE+++SHENZHEN")]),
    (
        "X12-SEG-NOT-IN-SET",
        TRUCK,
        [("N9*2I*1ZTRK000000001~\n", "N9*2I*1ZTRK000000001~\nHL*1**S~\n"), ("SE*28", "SE*29")],
    ),
    ("X12-ISA-UNREADABLE", TRUCK, [("*P*>~", "")]),
    ("S321-MODE", TRUCK, [("M10*NRTX*J*", "M10*NRTX*I*")]),
    # EDIFACT
    ("EDIFACT-CHARACTER", GROUPED, [("WOOL HATS", "Wool hats")]),
    ("EDIFACT-CHARSET", AIR, [("UNOC:3", "UNOQ:3")]),
    ("EDIFACT-DECIMAL", AIR, [("MOA+40:24.90:USD", "MOA+40:2,490.10:USD")]),
    ("EDIFACT-ELEM-LONG", AIR, [("LOC+9+CNSZX:139:6", "LOC+9+CNSZX:139:6666")]),
    (
        "EDIFACT-ELEM-SHORT",
        AIR,
        [("MEA+AAE+G+KGM:0.450", "DGS+IMD+1+123'\nMEA+AAE+G+KGM:0.450"), ("UNT+60+1", "UNT+61+1")],
    ),
    ("EDIFACT-ELEM-TOO-MANY", AIR, [("CNI+1+GWH0000001", "CNI+1+GWH0000001+1+2+3+4")]),
    ("EDIFACT-GROUP-TYPES", GROUPED, [("UNG+CUSCAR", "UNG+CUSREP")]),
    (
        "EDIFACT-UNB-REF",
        AIR,
        [("+IC000001++CUSCAR++1'", "+IC0000010000000++CUSCAR++1'"), ("UNZ+1+IC000001", "UNZ+1+IC0000010000000")],
    ),
    ("EDIFACT-UNE-COUNT", GROUPED, [("UNE+1+71", "UNE+2+71")]),
    ("EDIFACT-UNE-REF", GROUPED, [("UNE+1+71", "UNE+1+72")]),
    ("EDIFACT-UNE-MISSING", GROUPED, [("UNE+1+71'\n", "")]),
    (
        "EDIFACT-UNG-REF-DUP",
        GROUPED,
        [("UNE+1+71'\n", "UNE+1+71'\nUNG+CUSCAR+GWXX:ZZ+CBPTEST:ZZ+20250930:1200+71+UN+D:03B'\nUNE+0+71'\n")],
    ),
    ("EDIFACT-UNG-MISSING", GROUPED, [("20250930:1200+71+UN", "20250930:1200++UN")]),
    ("EDIFACT-END-UNTERMINATED", AIR, [("UNZ+1+IC000001'", "UNZ+1+IC000001")]),
    # Cargo-IMP
    ("CARGO-IMP-STRAY", "cargoimp/10_typeb_batch_2msgs.txt", [(".HKGFFXX 010816\r\n", ".HKGFFXX 010816\r\nHELLO\r\n")]),
    ("CARGO-IMP-LOST", "cargoimp/10_typeb_batch_2msgs.txt", [("FWB/16\r\n", "")]),
    ("FILE-SEGMENTS-LOST", "x12/35_two_interchanges_two_delimiters.edi", [("ISA|00|", "IXA|00|")]),
    ("FILE-SEGMENTS-LOST", "edifact/08_two_interchanges_one_file.edi", [("'UNA:+.? 'UNB+", "'UNX+")]),
    ("CARGO-IMP-UNKNOWN", FHL, [("FHL/4", "FSU/12")]),
    ("CARGO-IMP-LIMIT", FHL, [("/SOCKS KNITTED COTTON 5 PAIRS\r\n", "/SOCKS\r\n" * 100_001)]),
    # XML
    ("CARGO-XML-PURPOSE", "xml/03_xfzb_clean_v3.xml", [("<ram:PurposeCode>Creation<", "<ram:PurposeCode>Whatever<")]),
    ("ITMATT-FUNCTION", "xml/15_itmatt_gateway_profile.xml", [('function="9"', 'function="7"')]),
    # tables
    ("CSV-CONTROL", TABLE, [("GOLDEN SAMPLE", "GOLDEN\x01SAMPLE")]),
    ("CSV-GROUP-CONFLICT", TABLE, [("j.example@example.com,1,1.250,KG,2", "j.example@example.com,2,1.250,KG,2")]),
    ("CSV-PORT-PADDED", TABLE, [(",2720,", ",901,")]),
    ("CSV-QUOTE-STRAY", TABLE, [("GOLDEN SAMPLE", 'GOLDEN "SAMPLE"')]),
    ("CSV-RECORD-ORDER", RECORDS, [("TRL,2,3,68.98\r\n", "TRL,2,3,68.98\r\nITM,9,LATE,1,1,1.00,USD,CN\n")]),
    ("CSV-RECORD-TYPE", RECORDS, [("TRL,2,3,68.98", "XXX,1\nTRL,2,3,68.98")]),
    ("CSV-TRAILER", RECORDS, [("TRL,2,3,68.98", "TRL,2,4,68.98")]),
    ("CODE-COUNTRY-OTHER", TABLE, [("GUANGZHOU,,510000,CN", "GUANGZHOU,,510000,XQ")]),
    ("CODE-COUNTRY-UK", TABLE, [("GUANGZHOU,,510000,CN", "GUANGZHOU,,510000,UK")]),
]


def said(rule: str, data: bytes, name: str, site: Site, folder: Path) -> list[dict[str, Any]]:
    path = folder / name
    path.write_bytes(data)
    result = Checker(site, parse_instant("2025-03-03T10:00:00Z")).file(path)
    return [f for f in result["findings"] if f["rule"] == rule]


def site_of(sample: str) -> Site:
    if not sample.startswith("csv"):
        return base_site()
    return load_site(FIXTURES / "profiles" / "tabular").only("records" if sample == RECORDS else "plain")


@pytest.mark.parametrize(("rule", "sample", "edits"), EDITS, ids=[row[0] for row in EDITS])
def test_the_rule_is_said(rule: str, sample: str, edits: list[tuple[str, str]], tmp_path: Path) -> None:
    data = (FIXTURES / sample).read_bytes()
    name = Path(sample).name
    site = site_of(sample)
    assert not said(rule, data, name, site, tmp_path)
    for old, new in edits:
        assert old.encode() in data, f"{sample} has no {old}"
        data = data.replace(old.encode(), new.encode(), 1)
    found = said(rule, data, f"x{name}", site, tmp_path)
    assert found
    for finding in found:
        assert finding["message"] and finding["fix"]


def rules_of(data: bytes, history: MemoryHistory | None = None, name: str = "x.edi", **changes: Any) -> set[str]:
    return {f.rule for f in drop(data, history, name=name, **changes).findings()}


def tabular(data: bytes, partner: str = "plain", name: str = "x.csv") -> set[str]:
    return rules_of(
        data, name=name, profile=site_of(TABLE if partner == "plain" else RECORDS).partners[partner].profile
    )


def test_rules_of_the_partners_settings() -> None:
    assert "EDIFACT-TEST-REFUSED" in rules_of(sample("edifact/02"), allow_test=False)
    assert "ENC-PROFILE" in rules_of(sample("x12/01").decode().encode("cp500"), encoding="cp500")
    assert "MAP-NONE" in rules_of(sample("x12/01"), programs=lambda *_: None)
    other = lambda draft: {"first_us_port": "2720", "location_of_goods_firms": "A123"}  # noqa: E731
    assert "MAP-ENRICH-CONFLICT" in rules_of(sample("x12/01"), enrich=other)


def test_a_control_number_twice_with_other_content() -> None:
    history, first = MemoryHistory(), moved(sample("edifact/01"))
    assert "ENV-CONTROL-DUP" not in rules_of(
        first, history, now=BEFORE
    )  # accepted: one of which nothing stands may come again
    assert "ENV-CONTROL-DUP" in rules_of(first.replace(b"24.90", b"25.90"), history, now=BEFORE)


def test_files_that_are_not_read() -> None:
    assert "FILE-TYPE-UNKNOWN" in rules_of(b"Dear carrier,\nplease find enclosed\n")
    assert "FILE-OUR-NAME" in rules_of(sample("x12/01"), name="trip1.edi.receipt.json")


def test_hubs_and_consolidators_of_the_tables() -> None:
    texts = rule_texts(base_mappings())
    texts["hubs"] = "name,address,postal_code,note\nDEPOT,905 Birch Ave,43004,\n"
    texts["consolidators"] = "name,address,note\nMaple Lane Goods Inc,,\n"
    found = rules_of(sample("x12/01"), rules=Rulebook.load(texts))
    assert {"S321-DTP-HUB", "S321-INIT-CONSOL"} <= found


def test_tables_with_rows_apart() -> None:
    head, one, two, *rest = (FIXTURES / TABLE).read_bytes().splitlines(keepends=True)
    assert "CSV-GROUP-APART" in tabular(b"".join([head, one, *rest, two]))
    others = b"".join(
        one.replace(b"GWH0001001", b"GWX%07d" % n).replace(b"1ZSAMPLE0000000001", b"1ZX%d" % n) for n in range(600)
    )
    assert "CSV-GROUP-SPLIT" in tabular(head + one + others + two)


def test_rows_and_lines_that_are_no_goods() -> None:
    head, one, *rest = (FIXTURES / TABLE).read_bytes().splitlines(keepends=True)
    assert "CSV-TEXT-ROW" in tabular(head + one + b"Please call when it arrives\r\n" + b"".join(rest))
    assert "CSV-LINE-LONG" in tabular(head + b"x" * 4_200_000 + b"\r\n" + one)
    assert "JSON-SIZE" in tabular(b'{"shipments": [\n' + b" " * 70_000_000 + b"]}", name="x.json")


def test_what_a_table_refuses_without_a_rule_of_its_own(tmp_path: Path) -> None:
    rows = "level,target,source,when,transform,default,required,rule,message,example\n"
    rows += "shipment,(refuse),M11.04,M11.04=PCS,,,yes,,pieces are not taken,\n"
    rows += "shipment,port_of_lading,M11.99,,,,yes,,,\n"
    (tmp_path / "x12_309_truck.csv").write_text(rows)
    found = rules_of(sample("x12/01"), programs=MappingSet(base_mappings(), [tmp_path]).program)
    assert {"MAP-REFUSED", "MAP-REQUIRED"} <= found


def test_a_house_that_waits_can_be_withdrawn() -> None:
    history, houses = MemoryHistory(), sample("xml/05_xfhl")
    rules_of(houses, history, join_hours=24)
    gone = houses.replace(b">Creation<", b">Deletion<")
    assert "JOIN-WITHDRAWN" in rules_of(gone, history, join_hours=24)


def test_a_fault_without_a_row_in_the_policy_is_an_error_all_the_same() -> None:
    ruling = SyntaxPolicy.for_profile(profile_for(sample("x12/01"))).ruling("AK304-99", "M11", None, in_unit=True)
    assert (ruling.rule, ruling.severity) == ("X12-SYNTAX", Severity.ERROR)


@pytest.mark.parametrize(
    ("sample", "old", "new"),
    [
        ("x12/35_two_interchanges_two_delimiters.edi", b"ISA|00|", b"IXA|00|"),
        ("x12/35_two_interchanges_two_delimiters.edi", b"ISA*00*", b"IXA*00*"),
        ("edifact/08_two_interchanges_one_file.edi", b"'UNA:+.? 'UNB+", b"'UNX+"),
        ("cargoimp/10_typeb_batch_2msgs.txt", b"FWB/16\r\n", b""),
    ],
)
def test_what_stands_beside_a_lost_header_is_still_judged_and_the_file_is_not_accepted_whole(
    sample: str, old: bytes, new: bytes
) -> None:
    data = (FIXTURES / sample).read_bytes()
    assert old in data
    result = drop(data.replace(old, new, 1), name="x.edi")
    whole = drop(data, name="x.edi")
    assert whole.outcome.counts.found >= result.outcome.counts.found > 0
    assert result.outcome.counts.accepted == min(result.outcome.counts.found, whole.outcome.counts.accepted)
    assert result.outcome.verdict in ("partial", "reject")


@pytest.mark.parametrize("text", [b"GARBAGE ISA and GS\n" * 9, b"a letter: UNB+ and UNZ, ISA and GS\n"])
def test_a_file_in_which_no_interchange_begins_is_never_accepted(text: bytes) -> None:
    result = drop(text, name="x.edi")
    assert result.outcome.verdict in ("quarantine", "reject")
