"""The rule catalogue: every rule that can be said is in it, with all that a clerk needs; nothing in it is dead."""

from __future__ import annotations

import ast
import csv
import re
from pathlib import Path

import pytest

from gateway.catalogue import COLUMNS, Catalogue, load_catalogue
from gateway.check import Checker
from gateway.findings import Scope, Severity
from gateway.site import base_mappings, base_site
from tests.drops import SAMPLES_NOW, drop

ROOT = Path(__file__).parent.parent
CATALOGUE = load_catalogue()
RULE = re.compile(
    r"(?:S321|X12|EDIFACT|FILE|ENC|SFTP|MAP|ACK|DUP|FX|Q|PORT|NUM|ID|CSV|XML|FHL|FWB|IMP|ITMATT|ENV|DROP|CODE|TYPE|DELIVERY|TARGET|OUT)-[A-Z0-9]+(?:-[A-Z0-9]+)*"
)
LINT = {
    "MAP-ROW",
    "MAP-EXAMPLE",
    "MAP-NO-EXAMPLE",
    "MAP-TWO-NODES",
    "MAP-UNREACHABLE",
    "MAP-CELLS",
    "MAP-EMPTY",
    "MAP-ENCODING",
}
"""Codes of the table check; they are said of tables, not of drops, and stand in docs/mapping.md."""


def said_in_code() -> dict[str, str]:
    """Return rule -> module for every first argument of Finding(...) and every literal that looks like a rule."""
    found = {}
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found[first.value] = path.name
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and RULE.fullmatch(node.value):
                found.setdefault(node.value, path.name)
    return found


def said_in_tables() -> set[str]:
    rules = set()
    for path in base_mappings().glob("*/**/*.csv"):
        for row in csv.DictReader(path.read_text("utf-8-sig").splitlines()):
            rules |= {row[c] for c in ("rule",) if row.get(c)}
    for path in (ROOT / "gateway" / "formats").rglob("*.csv"):
        for row in csv.DictReader(path.read_text("utf-8").splitlines()):
            rules |= {row[c] for c in ("rule",) if row.get(c) and RULE.fullmatch(row[c])}
    return rules


CODES_OF_OTHERS = {"AK304-3", "AK403-6"}


def test_every_rule_said_in_code_is_in_the_catalogue():
    unknown = {r: m for r, m in said_in_code().items() if CATALOGUE.get(r) is None and not r.startswith("MAP-")}
    assert {r: m for r, m in unknown.items() if not r.endswith("-")} == {}


def test_every_finding_of_the_mapping_is_in_the_catalogue():
    mapping = {
        r
        for r, module in said_in_code().items()
        if r.startswith("MAP-") and module in ("cells.py", "program.py", "translate.py")
    }
    assert {r for r in mapping if CATALOGUE.get(r) is None} == set()


def test_every_rule_of_the_tables_is_in_the_catalogue():
    assert {r for r in said_in_tables() if CATALOGUE.get(r) is None} == set()


@pytest.mark.parametrize("rule", list(CATALOGUE), ids=lambda r: r.rule)
def test_a_rule_says_what_why_how_and_by_whom(rule):
    assert rule.severity in {s.value for s in Severity}
    assert rule.scope in {s.value for s in Scope}
    for name in ("title", "means", "why", "fix", "citation"):
        assert getattr(rule, name).strip(), name
    assert rule.means.endswith(".")
    assert rule.fix.endswith((".", "'", "~"))


def test_the_source_is_well_formed():
    for path in (ROOT / "gateway" / "catalogue").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert tuple(rows[0]) == COLUMNS, path.name
        assert [r for r in rows if len(r) != len(COLUMNS)] == [], path.name


@pytest.mark.parametrize("folder", ["gateway", "mappings"])
def test_no_table_has_a_row_that_is_wider_than_its_header(folder):
    """An unquoted comma cuts a text in the middle, and nobody is told."""
    for path in (ROOT / folder).rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = [cells for cells in csv.reader(file) if cells and not cells[0].startswith("#")]
        assert [cells for cells in rows if len(cells) > len(rows[0])] == [], path


def test_no_sender_of_another_format_is_shown_a_segment_of_x12():
    for words in (ROOT / "gateway" / "catalogue" / "wording").glob("*.csv"):
        if words.stem.startswith("x12_"):
            continue
        shown = [rule.rule for rule in load_catalogue().worded(words.stem) if rule.example.endswith("~")]
        assert shown == [], words.stem


@pytest.mark.parametrize("words", ["x12_104", "x12_110", "x12_204", "x12_310", "x12_856"])
def test_senders_of_other_sets_are_not_sent_to_segments_of_the_309(words):
    """Rules about shipments; those of the syntax (X12-) name what stands in the file or is in no other set."""
    strange = re.compile(r"\b(LX|M1[0-3]|N10|P4|VID)\b|309")
    table = (base_mappings() / words / "map.csv").read_text("utf-8")
    for rule in load_catalogue().worded(words):
        said = rule.rule in table or rule.rule not in ("S321-MODE", "S321-NOT-321")  # only a table can say these
        if rule.rule.split("-")[0] in ("S321", "Q", "MAP", "PORT") and said:
            text = f"{rule.fix} {rule.example}"
            assert not strange.search(text.replace("LX", "") if words == "x12_110" else text), (rule.rule, text)


DIALECTS = {
    "x12": r"\b[A-Z][A-Z0-9]{1,2}(?:\*|-\d\d\b)|\b(?:ISA|GS|ST|SE)\d\d\b|\bM1[0-3]\b|\bN10\b|\bLX\b|\b309\b|~$",
    "edifact": r"\b[A-Z]{3}\+[A-Z0-9+]|\b(?:UN[BHTZ]|NAD|MOA|RFF|TDT|BGM|CNI|GID|CST)\b|'$",
    "cargo_imp": r"^/|^[A-Z]{3}/|\b(?:CVD|HBS|MBI|SHP|CNE|ARR|FLT|OCI|RTD)\b",
    "cargo_xml": r"</?[a-z]+:|<[A-Z][A-Za-z]+>|\b(?:BusinessHeaderDocument|ConsignorParty|PostcodeCode)\b",
    "postal": r"<[a-z]+>|\b\w+=\"|\bcontentPiece\b|\baddressee\b",
    "json": r'^"\w+": |\bContentPiece\b|\bReceiverAddress\b',
    "tabular": r"\bcolumns? (?!as )[a-z]+",
}
"""What only a message of one kind has: its segments, elements, keys and columns."""
SPEAKS = {
    "x12_309": {"x12"}, "x12_104": {"x12"}, "x12_110": {"x12"}, "x12_204": {"x12"}, "x12_310": {"x12"}, "x12_856": {"x12"},
    "edifact_cuscar": {"edifact"}, "cargo_imp_fhl": {"cargo_imp"}, "cargo_xml_xfzb": {"cargo_xml", "postal"}, "itmatt": {"postal"},
    "predes": {"postal"}, "itmatt_json": {"json"}, "predes_json": {"json"}, "wco_declaration": {"cargo_xml", "postal"},
    "ubl_waybill": {"cargo_xml", "postal"}, "csv": {"tabular"}, "xlsx": {"tabular"}, "json": {"tabular"}, "own": set(),
}  # fmt: skip
OF_ONE_SYNTAX = (
    "X12-",
    "EDIFACT-",
    "CSV-",
    "XLSX-",
    "JSON-",
    "XML-",
    "FHL-",
    "CARGO-",
    "ITMATT-",
    "ACK-",
    "OUT-",
    "SFTP-",
    "DROP-",
)
UNREAD = {"FILE-TYPE-UNKNOWN", "FILE-SEGMENTS-LOST", "FILE-LEADING-NOISE", "FILE-TRAILING-NOISE"}
"""Said of what is no message of a known format, or of X12 and EDIFACT only."""


@pytest.mark.parametrize("words", SPEAKS)
def test_no_mend_or_example_is_in_the_words_of_another_format(words):
    strange = {name: re.compile(form) for name, form in DIALECTS.items() if name not in SPEAKS[words]}
    if words.startswith("x12_"):
        strange.pop("tabular")  # columns of the partner's enrichment file
    told = [
        (rule.rule, name, text)
        for rule in load_catalogue().worded(words)
        if not rule.rule.startswith(OF_ONE_SYNTAX) and rule.rule not in UNREAD
        for text in (rule.fix, rule.example)
        for name, form in strange.items()
        if form.search(text)
    ]
    assert told == []


def test_a_file_of_one_syntax_is_told_in_the_words_of_each_of_its_messages():
    postal = load_catalogue().worded("postal")
    assert (postal["S321-ID-1OF"].example, postal.worded("itmatt")["S321-ID-1OF"].example) == (
        'id="LX123456785GB"',
    ) * 2
    assert postal.worded("itmatt_json")["S321-ID-1OF"].example == '"ItemId": "LX123456785GB"'
    assert load_catalogue().worded("own").worded("acme_parcels")["S321-ID-1OF"].example == "1ZTRK0000000B2"


def test_each_set_of_a_file_is_told_in_its_own_words(tmp_path):
    load = (base_mappings() / "x12_204" / "examples" / "two_deliveries.edi").read_text("ascii")
    parcels = (base_mappings() / "x12_104" / "examples" / "two_shipments.edi").read_text("ascii")
    group = parcels[parcels.index("GS*") : parcels.index("IEA*")].replace("LPX0000842", "UNKNOWN02")
    begin, _, end = load.replace("LPX0000812", "UNKNOWN01").partition("IEA*1*")
    data = f"{begin}{group}IEA*2*{end}".encode()
    (tmp_path / "two.edi").write_bytes(data)
    result = Checker(base_site(), SAMPLES_NOW).file(tmp_path / "two.edi")
    fixes = [f["fix"] for f in result["findings"] if f["rule"] == "S321-VAL-MISSING"]
    assert [fix[:5] for fix in fixes] == ["A 204", "A 104"]
    answers = drop(data, now=SAMPLES_NOW)
    assert [r["how to mend it"][:5] for r in answers.rejects() if r["rule"] == "S321-VAL-MISSING"] == ["A 204", "A 104"]
    assert [s[26:31] for s in answers.segments("824") if s.startswith("NTE*ZZZ*S321-VAL-MISSING")] == ["A 204", "A 104"]


def test_a_rule_that_stands_twice_or_lacks_a_column_is_refused():
    head = ",".join(COLUMNS)
    row = "A-B,error,shipment" + "," * (len(COLUMNS) - 3)
    with pytest.raises(ValueError, match="twice"):
        Catalogue({"a.csv": f"{head}\n{row}\n", "b.csv": f"{head}\n{row}\n"})
    with pytest.raises(ValueError, match="no column"):
        Catalogue({"a.csv": "rule,severity\nA-B,error\n"})


def test_a_rule_is_explained_in_plain_words():
    text = CATALOGUE.explain("S321-VAL-800")
    for word in ("means:", "why:", "mend:", "source:", "800"):
        assert word in text


def test_every_rule_of_the_catalogue_is_said_somewhere():
    """A rule that nothing can say is dead; ids that are put together stand for their family."""
    text = "".join(p.read_text("utf-8") for p in (ROOT / "gateway").rglob("*.py"))
    text += "".join(p.read_text("utf-8") for p in (ROOT / "gateway" / "formats").rglob("*.csv"))
    said = said_in_tables() | set(said_in_code())
    dead = {r.rule for r in CATALOGUE if r.rule not in said and r.rule not in text}
    assert {r for r in dead if not r.startswith(("S321-EXCL-",))} == set()
