"""Tables end to end: the csv cases of fixtures/cases and all samples of fixtures/csv, each with the profile it asks for.

The profiles stand in fixtures/profiles/tabular: one small partner file for each layout of the samples.
"""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.canonical.validate import validate_message
from gateway.check import Checker, compare, describe, parse_instant, run_cases
from gateway.commands.mapping import trace
from gateway.commands.mapping_tools import cover
from gateway.history import MemoryHistory
from gateway.results import Outcome, ShipmentResult
from gateway.shell.vault import vault_of
from gateway.site import base_site, load_site
from gateway.translate import translate
from tests.drops import findings_of

FIXTURES = Path(__file__).parent.parent / "fixtures"
CASES = FIXTURES / "cases" / "cases.jsonl"
SAMPLES = sorted(p for p in (FIXTURES / "csv").iterdir() if p.suffix != ".md")
BEFORE = parse_instant("2025-03-01T00:00:00Z")
DIFFERING_CHOICES: dict[str, str] = {}
"""Case id -> why we differ; for `choice` cases only."""

_CSV = [c for line in CASES.read_text("utf-8").splitlines() if (c := json.loads(line))["format"] == "csv"]

PARTNERS = {
    "02": "german", "03": "excel", "04": "chinese", "05": "headerless", "06": "records", "10": "totals", "11": "marketplace",
}  # fmt: skip
"""Sample -> partner of fixtures/profiles/tabular; the others go by "plain"."""

# number -> (verdict, found, accepted, rules said above info; conversions left out)
EXPECTED = {
    # ours: the line break inside a cell (case S096) is a warning
    "01": ("accept_with_warnings", 3, 3, ["CSV-NEWLINE-IN-FIELD"]),
    "02": ("partial", 3, 2, ["CSV-CURRENCY-SYMBOL", "S321-VAL-800"]),
    "03": (
        "partial", 4, 1,
        ["CSV-DATE-AMBIGUOUS", "CSV-EXCEL-DATE", "CSV-EXCEL-ERROR", "CSV-EXCEL-TEXT", "CSV-EXCEL-WORD", "CSV-MISSING-COLUMN",
         "CSV-NUMBER-FORM", "CSV-PHONE-LOST", "CSV-TEXT-GUARD", "ID-SCIENTIFIC", "Q-ZIP-PADDED",
         "S321-HTS-LEN", "S321-VAL-800", "S321-VAL-MISSING"],
    ),
    # ours: UTF-16 and Chinese letters are delivered with remarks
    "04": ("accept_with_warnings", 2, 2, ["ENC-TRANSCODED", "Q-NON-LATIN"]),
    "05": ("accept", 2, 2, []),
    "06": ("accept", 2, 2, []),
    "07": ("partial", 7, 3, ["CSV-FORMULA", "CSV-NUL", "CSV-QUOTE", "MAP-VALUE", "MAP-WEIGHT", "Q-TWIN", "S321-SCHEMA", "S321-VAL-NEG"]),
    "08": (
        "partial", 8, 2,
        ["CSV-FIELDS", "MAP-VALUE", "Q-QTY-ZERO", "Q-WEIGHT-ODD", "Q-ZIP-PADDED", "S321-AGG-800", "S321-DESC-VAGUE", "S321-DTP-US", "S321-DUP",
         "S321-FX-MISSING", "S321-HTS-LEN", "S321-ID-1OF", "S321-ROLE-REQ", "S321-TIME", "S321-VAL-800"],
    ),
    "09": ("accept", 1, 1, []),
    "10": ("accept", 2, 2, []),
    # an order number is no identifier of a shipment: S321-ID-1OF until the parcel numbers are joined
    "11": ("reject", 2, 0, ["CSV-TEXT-PREFIX", "S321-ID-1OF", "S321-ROLE-REQ"]),
    "12": ("reject", 1, 0, ["CSV-MISSING-COLUMN", "ENC-TRANSCODED"]),
    "13": ("reject", 2, 0, ["CSV-ENCODING", "CSV-MISSING-COLUMN"]),
    "14": ("quarantine", 0, 0, ["FILE-EMPTY"]),
    "15": ("reject", 0, 0, ["CSV-MISSING-COLUMN", "CSV-NO-ROWS"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def site():
    return load_site(FIXTURES / "profiles" / "tabular")


class One:
    """A site of one partner."""

    def __init__(self, profile):
        self.profile = profile

    def profile_for(self, head):
        return self.profile


def profile_of(site, number: str):
    return site.partners[PARTNERS.get(number, "plain")].profile


@pytest.fixture(scope="module")
def results(site):
    return {p.name[:2]: Checker(One(profile_of(site, p.name[:2])), BEFORE).file(p) for p in SAMPLES}


def outcome_of(data: bytes, profile, history=None, name="m.csv", size: int = 0) -> Outcome:
    chunks = [data[i : i + size] for i in range(0, len(data), size)] if size else [data]
    (*_, outcome) = translate(chunks, profile, BEFORE, history or MemoryHistory(), name=name)
    return outcome


def sample(number: str) -> bytes:
    return next(p for p in SAMPLES if p.name.startswith(number)).read_bytes()


# --- cases --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cases():
    return {
        case["id"]: (case, result, differences) for case, result, differences in run_cases(CASES, base_site(), "csv")
    }


def test_only_choice_cases_may_differ():
    basis = {c["id"]: c["basis"] for c in _CSV}
    assert all(basis[case] == "choice" for case in DIFFERING_CHOICES)


@pytest.mark.parametrize("case_id", [c["id"] for c in _CSV])
def test_the_case_is_as_expected(cases, case_id):
    assert cases[case_id][2] == [] or case_id in DIFFERING_CHOICES


def test_a_wrong_expectation_is_noticed(cases):
    case, result, _ = cases["S095"]
    wrong = {**case, "expected": "reject", "expected_detail": {"errors": [{"code": "CSV-QUOTE"}], "fields": {"/shipments/0/house_bill_number": "X"}}}  # fmt: skip
    assert len(compare(wrong, result)) == 3


@pytest.mark.parametrize(
    ("case_id", "rule", "row", "column", "line"),
    [
        ("S048", "NUM-EXPONENT", 3, "item_value", 3),
        ("S098", "ID-SCIENTIFIC", 3, "tracking_number", 3),
        ("S100", "CSV-DUP-HEADER", 1, "weight", 1),
        ("S101", "CSV-MISSING-COLUMN", 1, "currency", 1),
        ("S101b", "CSV-EXTRA-COLUMN", 1, "gift_message", 1),
        ("S096", "CSV-NEWLINE-IN-FIELD", 2, "consignee_address1", 2),
        ("S058", "Q-NON-LATIN", 2, "consignee_name", 2),
    ],
)
def test_the_finding_stands_where_the_fault_is(cases, case_id, rule, row, column, line):
    places = [(f.get("row"), f.get("column"), f["line"]) for f in cases[case_id][1]["findings"] if f["rule"] == rule]
    assert (row, column, line) in places


def test_a_fault_in_one_row_does_not_silence_what_is_wrong_with_the_next():
    head, row, *_ = (FIXTURES / "cases" / "S110_one_master_three_houses.csv").read_text().splitlines()
    first = row.replace("INVENTED HOME", "INVENTED\0HOME")
    second = row.replace("GW110S001", "GW110S009").replace(",VN,1,", ",NOWHERE,1,")
    outcome = outcome_of("\r\n".join([head, first, second]).encode(), base_site().partners["gwsender"].profile)
    rules = {(r.id, f.rule) for r in outcome.records for f in getattr(r, "findings", ()) if f.refuses}
    assert rules == {("GW110S001", "CSV-NUL"), ("GW110S009", "MAP-VALUE")}
    assert outcome.counts.accepted == 0


# --- samples ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", sorted(EXPECTED))
def test_the_sample_has_its_verdict(results, number):
    result = results[number]
    rules = sorted({f["rule"] for f in result["findings"] if f["severity"] != "info" and f["rule"] != "FX-CONVERTED"})
    counts = result["shipments"]
    assert (result["verdict"], counts["found"], counts["accepted"], rules) == EXPECTED[number]
    assert counts["found"] == counts["accepted"] + counts["rejected"] + counts["duplicate"]


def test_everything_delivered_is_valid_by_the_public_schema(results, cases):
    messages = [m for r in results.values() for m in r["messages"]] + [
        m for _, r, _ in cases.values() for m in r["messages"]
    ]
    assert len(messages) > 20
    for message in messages:
        assert validate_message(message) == ()


@pytest.mark.parametrize(
    ("number", "index", "pointer", "value"),
    [
        ("01", 0, "final_deliver_to_party.postal_code", "00501"),
        ("01", 0, "fair_retail_value_usd", "43.98"),
        ("01", 0, "items.1.country_of_origin", "BD"),
        ("01", 2, "items.0.enhanced_product_description", 'Wooden puzzle "Forest", 100 pieces'),
        ("01", 2, "final_deliver_to_party.address_line_2", "UNIT 4"),
        ("02", 0, "shipment_initiator.name", "Müller & Söhne GmbH"),
        ("02", 0, "items.0.hts_number", "82100000"),
        ("02", 1, "total_value.currency", "EUR"),
        ("03", 0, "shipment_tracking_number", "1ZSAMPLE0000000002"),
        ("04", 0, "gross_weight_kg", "0.095"),
        ("04", 1, "fair_retail_value_usd", "30.48"),
        ("05", 0, "final_deliver_to_party.postal_code", "00501"),
        ("05", 1, "gross_weight_kg", "1.996"),
        ("05", 1, "shipment_initiator.name", "CAFÉ SAMPLE SARL"),
        ("06", 0, "fair_retail_value_usd", "43.98"),
        ("06", 0, "first_us_port", "2720"),
        ("06", 1, "master_bill_number", "99912345675"),
        ("06", 0, "estimated_arrival_at", "2025-03-02T20:00:00Z"),
        ("09", 0, "mode_of_transportation", "truck"),
        ("09", 0, "house_bill_number", "GWXX00000321"),
        ("09", 0, "estimated_arrival_at", "2025-03-02T19:30:00Z"),
        ("09", 0, "gross_weight_kg", "2.100"),
        ("10", 1, "final_deliver_to_party.address_line_1", "233 N EXAMPLE ST STE 400"),
        ("10", 0, "items.0.hts_number", "6109100012"),
        ("10", 0, "items.0.country_of_origin", "CN"),
        ("10", 0, "conveyance_reference", "XX880"),
    ],
)
def test_the_canonical_value_is_that_of_the_sample(results, number, index, pointer, value):
    node = results[number]["messages"][0]["shipments"][index]
    for part in pointer.split("."):
        node = node[int(part)] if part.isdigit() else node[part]
    assert node == value


@pytest.mark.parametrize("number", ["02", "05", "06", "10"])
def test_a_layout_that_needs_a_profile_delivers_nothing_without_it(site, number):
    outcome = outcome_of(sample(number), site.partners["plain"].profile)
    assert (outcome.verdict in ("reject", "quarantine"), outcome.counts.accepted) == (True, 0)


def test_a_header_further_down_is_pointed_at(site):
    outcome = outcome_of(sample("10"), site.partners["plain"].profile)
    (finding,) = [r.finding for r in outcome.records if hasattr(r, "finding") and r.finding.rule == "CSV-HEADER"]
    assert "header_row = 4" in finding.message
    outcome = outcome_of(b"a;b;c;d\n1;2;3;4\n", site.partners["plain"].profile)
    (finding,) = [r.finding for r in outcome.records if hasattr(r, "finding") and r.finding.rule == "CSV-HEADER"]
    assert "looks like one" not in finding.message
    assert "If it is one with other names" in finding.message


def test_the_separator_line_of_a_spreadsheet_is_followed():
    data = b"sep=;\r\n" + (FIXTURES / "cases" / "S097_semicolon.csv").read_bytes()
    outcome = outcome_of(data, base_site().partners["gwsender"].profile)
    assert (outcome.verdict, outcome.counts.accepted) == ("accept", 1)


def test_a_marketplace_order_with_its_parcel_number_is_delivered(site):
    lines = sample("11").decode().splitlines()
    data = "\n".join([lines[0] + ",Tracking", *(f"{line},GWM{line[1:5]}" for line in lines[1:])]).encode()
    result = outcome_of(data, profile_of(site, "11"))
    assert (result.verdict, result.counts.accepted) == ("accept_with_warnings", 2)


def test_a_trailer_that_does_not_fit_takes_everything_back(site):
    for old, new in (
        (b"TRL,2,3,68.98", b"TRL,2,4,68.98"),
        (b"TRL,2,3,68.98", b"TRL,2,3,68.99"),
        (b"TRL,2,3,68.98\r\n", b""),
    ):
        outcome = outcome_of(sample("06").replace(old, new), profile_of(site, "06"))
        assert (outcome.verdict, outcome.counts.accepted, outcome.counts.rejected) == ("reject", 0, 2)


def test_a_line_of_a_record_type_that_lacks_cells_is_told_of_each_shipment(site):
    def told(*changes: tuple[bytes, bytes]) -> tuple[list[str], int]:
        data = sample("06")
        for old, new in changes:
            assert old in data
            data = data.replace(old, new)
        outcome = outcome_of(data, profile_of(site, "06"))
        results = [r for r in outcome.records if isinstance(r, ShipmentResult)]
        said = [
            f"{r.id} {f.severity.value}: {f.message}" for r in results for f in r.findings if f.rule == "CSV-FIELDS"
        ]
        return said, outcome.counts.accepted

    assert told() == ([], 2)
    one = "warning: The HDR record has 9 cells, 10 are expected: the last 1 is missing."
    assert told((b",HKG,LAX", b",HKG")) == ([f"GWH0006001 {one}", f"GWH0006002 {one}"], 2)
    two = "error: The HDR record has 8 cells, 10 are expected: the last 2 are missing."
    assert told((b",HKG,LAX", b"")) == ([f"GWH0006001 {two}", f"GWH0006002 {two}"], 0)
    shp = "GWH0006001 warning: The SHP record has 15 cells, 16 are expected: the last 1 is missing."
    assert told((b"NY,00501,US", b"NY,00501")) == ([shp], 1)  # without a country it is refused by the rules
    itm = "GWH0006001 error: The ITM record has 6 cells, 7 are expected: the last 1 is missing."
    assert told((b"12.00,USD,BD", b"12.00,USD")) == ([itm], 1)


def test_a_shipment_record_that_stands_twice_is_told(site):
    def told(more: bytes, lines: int = 3) -> list[str]:
        data = sample("06").replace(b"SHP,GWH0006002", more + b"SHP,GWH0006002", 1).replace(b"TRL,2,3,68.98\n", b"")
        assert data.count(b"ITM,") == lines
        profile = profile_of(site, "06")
        options = {
            **profile.options,
            "tabular": {k: v for k, v in profile.options["tabular"].items() if k != "trailer"},
        }
        records = outcome_of(data, replace(profile, options=options)).records
        found = [r for r in records if isinstance(r, ShipmentResult)]
        return [
            f"{r.id[-1]} {r.verdict} {sorted({f.rule for f in r.findings} & {'S321-DUP', 'CSV-GROUP-APART'})}"
            for r in found
        ]

    shipment = sample("06").partition(b"SHP,GWH0006002")[0].partition(b"SHP,")
    head, *items = (b"SHP," + shipment[2]).splitlines(keepends=True)
    assert told(b"") == ["1 accepted []", "2 accepted []"]
    twice = ["1 accepted []", "1 duplicate ['S321-DUP']", "2 accepted []"]
    assert told(head + b"".join(items), 5) == twice
    assert told(head + items[0].replace(b"KNITTED", b"WOVEN"), 4) == ["1 accepted ['CSV-GROUP-APART']", "2 accepted []"]


def fixed_widths(site):
    """Return (profile, file) of sample 05 written with fixed widths: only the profile tells what it is."""
    profile = profile_of(site, "05")
    widths, line = [], ""
    for cell in sample("05").decode("latin-1").splitlines()[0].split("|"):
        widths.append([len(line) + 1, len(cell) + 3])
        line += cell.ljust(len(cell) + 3)
    options = {"format": "tabular", "tabular": {**profile.options["tabular"], "widths": widths}}
    return replace(profile, options=options), (line + "\n").encode("latin-1")


def test_fixed_widths(site):
    profile, data = fixed_widths(site)
    outcome = outcome_of(data, profile)
    assert (outcome.verdict, outcome.counts.found, outcome.counts.accepted) == ("accept", 1, 1)
    columns = profile.options["tabular"]["columns"]
    for end, column in ((b" ", columns[-1]), (b"", columns[-1]), (b"\r", "")):
        cut = [f for f in findings_of(outcome_of(data.rstrip() + end, profile)) if f.rule == "CSV-CUT"]
        assert [f.position.column for f in cut] == ([column] if column else [])


def test_text_behind_the_last_column_of_a_layout_is_told(site):
    profile, data = fixed_widths(site)
    for behind, told in ((b"   \n", []), (b"  77.00\n", ["CSV-FIELDS"])):
        outcome = outcome_of(data.rstrip(b"\n") + behind, profile)
        assert (outcome.counts.found, outcome.counts.accepted) == (1, 1)
        assert [f.rule for f in findings_of(outcome) if f.rule == "CSV-FIELDS"] == told


def test_the_mapping_tools_know_a_file_by_its_profile_alone(site, tmp_path):
    profile, data = fixed_widths(site)
    path = tmp_path / "fixed.dat"
    path.write_bytes(data)
    one_partner = SimpleNamespace(profile_for=lambda head: profile, vault=vault_of((), tmp_path))
    assert list(trace(path, one_partner, "", ""))
    assert [row["units"] for row in cover([path], one_partner)] == [1]


# --- answers ------------------------------------------------------------------------------------------------------


def answers(outcome: Outcome) -> dict[str, str]:
    return {a.kind: b"".join(a.chunks).decode("utf-8-sig") for a in outcome.acks}


def test_hostile_cells_are_never_written_back_as_formulas(site):
    rejects = answers(outcome_of(sample("07"), profile_of(site, "07")))["rejects"]
    cells = [cell for row in csv.reader(io.StringIO(rejects)) for cell in row]
    assert len(cells) > 100
    assert not [c for c in cells if c.lstrip()[:1] in ("=", "+", "@", "|") or (c[:1] == "-" and not c[1:].isdigit())]


def test_every_shipment_of_a_damaged_file_is_named_in_the_reject_file(site):
    rejects = answers(outcome_of(sample("07"), profile_of(site, "07")))["rejects"]
    assert all(f"GWH000700{n}" in rejects for n in (4, 5, 6, 7))
    assert "consignee_name" not in rejects or "PAT SAMPLE" not in rejects


def test_answers_are_the_plain_ones_and_say_what_to_do(site):
    outcome = outcome_of(sample("08"), profile_of(site, "08"))
    said = answers(outcome)
    assert list(said) == ["rejects", "report", "receipt"]
    rows = list(csv.DictReader(io.StringIO(said["rejects"])))
    zip_row = next(r for r in rows if r["rule"] == "S321-HTS-LEN")
    assert (zip_row["row"], zip_row["column"], zip_row["how to mend it"]) == (
        "6",
        "hts_number",
        'Write as many digits as the message says into column "hts_number", the column formatted as text.',
    )


def test_a_name_in_a_warning_is_masked(site):
    result = outcome_of(sample("07"), profile_of(site, "07"))
    assert "HYPERLINK" not in answers(result)["rejects"]


# --- robustness ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["01", "03", "07", "08"])
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_the_verdict_does_not_depend_on_the_chunks(site, number, size):
    profile = profile_of(site, number)
    whole, cut = outcome_of(sample(number), profile), outcome_of(sample(number), profile, size=size)
    assert describe(whole, "m.csv", profile) == describe(cut, "m.csv", profile)


@pytest.mark.parametrize("number", ["01", "02", "04", "06", "09", "10"])
def test_damage_never_raises_and_the_books_balance(site, number):
    import random

    dice, data, profile = random.Random(int(number)), sample(number), profile_of(site, number)
    for _ in range(25):
        damaged = bytearray(data)
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(len(damaged))
            action = dice.randrange(3)
            if action == 0:
                damaged[at] = dice.randrange(256)
            elif action == 1:
                del damaged[at : at + dice.randrange(1, 30)]
            else:
                damaged[at:at] = dice.choice([b'"', b",", b"\n", b"\0", b"'", b"=", b"{", b"]", b"\xff"])
        outcome = outcome_of(bytes(damaged), profile)
        assert outcome.counts.balanced
        assert answers(outcome)["receipt"]


def test_a_shipment_torn_apart_in_a_long_file_is_never_delivered_in_part():
    head, *rows = (FIXTURES / "cases" / "S110_one_master_three_houses.csv").read_text().splitlines()
    many = [rows[0].replace("GW110S001", f"GWT{n:05d}").replace("CASEY EXAMPLE", f"CASEY {n}") for n in range(700)]
    last = many[0].replace("MENS KNITTED COTTON T-SHIRT", "STEEL KEY RING")
    outcome = outcome_of("\r\n".join([head, *many, last]).encode(), base_site().partners["gwsender"].profile)
    assert (outcome.verdict, outcome.counts.accepted) == ("reject", 0)
    near = outcome_of("\r\n".join([head, *many[:100], last]).encode(), base_site().partners["gwsender"].profile)
    assert (near.verdict, near.counts.accepted, near.counts.found) == ("accept_with_warnings", 100, 100)


def test_reading_needs_no_more_memory_for_a_longer_file():
    from gateway.formats import tabular

    head, row, *_ = (FIXTURES / "cases" / "S110_one_master_three_houses.csv").read_text().splitlines(keepends=True)
    profile = base_site().partners["gwsender"].profile

    def peak(rows: int) -> int:
        chunks = (row.replace("GW110S001", f"GWT{n:07d}").encode() for n in range(rows))
        tracemalloc.start()
        count = sum(1 for _ in tabular.read([head.encode(), *()] if rows == 0 else _after(head, chunks), profile))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count > rows
        return most

    small, large = peak(2000), peak(8000)
    assert large < small + 2_500_000  # the keys that are remembered, nothing else


def _after(head: str, chunks):
    yield head.encode()
    yield from chunks
