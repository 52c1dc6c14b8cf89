"""What a partner sends reaches the canonical message or a finding: samples changed in one place, in every family."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from gateway.check import Checker, parse_instant
from gateway.formats.tabular.dates import read_date
from gateway.site import base_site, load_site

FIXTURES = Path(__file__).parent.parent / "fixtures"
BEFORE = parse_instant("2025-02-27T10:00:00Z")
HOUSE, FHL, FWB = "xml/03_xfzb_clean_v3.xml", "cargoimp/03_fhl4_single_full.txt", "cargoimp/02_fwb17_direct_tagged.txt"
ITMATT, WCO, UBL = "xml/15_itmatt_gateway_profile.xml", "xml/14_wco_declaration_min.xml", "xml-extra/01_ubl_waybill.xml"
FRI = "cargoimp/12_fri_air_ams_house.txt"


def judged(tmp_path: Path, sample: str, *edits: tuple[str, str]) -> dict[str, Any]:
    """Return what `check` says of a sample with texts replaced (the first of each)."""
    text = (FIXTURES / sample).read_bytes().decode()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / Path(sample).name
    path.write_bytes(text.encode())
    return Checker(base_site(), BEFORE).file(path)


def value(result: dict[str, Any], pointer: str) -> Any:
    at = result["messages"][0]["shipments"][0]
    for step in pointer.split("."):
        at = at[int(step)] if step.isdigit() else at.get(step)
    return at


def rules(result: dict[str, Any], *severities: str) -> set[str]:
    return {f["rule"] for f in result["findings"] if f["severity"] in (severities or ("error", "warning"))}


STREET = "final_deliver_to_party.address_line_"


@pytest.mark.parametrize(
    ("sample", "old", "new", "found"),
    [
        (HOUSE, ">12 SAMPLE LN<", ">C/O DESK\n12 SAMPLE LN\nAPT 4\nBACK DOOR<", ("C/O DESK", "12 SAMPLE LN", "APT 4 BACK DOOR")),
        (HOUSE, "<ram:StreetName>12 SAMPLE LN</ram:StreetName>",
         "<ram:StreetName>12 SAMPLE LN</ram:StreetName><ram:PostOfficeBox>PO BOX 7</ram:PostOfficeBox>", ("12 SAMPLE LN", None, "PO BOX 7")),
        (FHL, "/12 SAMPLE LN", "/C O DESK\n/12 SAMPLE LN\n/APT 4", ("C O DESK", "12 SAMPLE LN APT 4", None)),
        (FWB, "ADR/2210 SW EXAMPLE AVE APT 5", "ADR/2210 SW EXAMPLE AVE/APT 5", ("2210 SW EXAMPLE AVE", "APT 5", None)),
        (FRI, "/12 SAMPLE LN", "/12 SAMPLE LN\n/APT 4", ("12 SAMPLE LN", "APT 4", None)),
        (ITMATT, "<street>88 SAMPLE ST</street>", "<street>88 SAMPLE ST\nAPT 4\nBACK DOOR</street><street>RING</street>",
         ("88 SAMPLE ST", "APT 4", "BACK DOOR RING")),
        (WCO, "<Line>12 SAMPLE LN</Line>", "<CountrySubDivisionID>NY</CountrySubDivisionID><Line>12 SAMPLE LN</Line><Line>APT 4</Line>",
         ("12 SAMPLE LN", "APT 4", None)),
    ],
)  # fmt: skip
def test_every_line_of_an_address_is_passed_on(tmp_path, sample, old, new, found):
    result = judged(tmp_path, sample, (old, new))
    assert tuple(value(result, STREET + n) for n in "123") == found


def test_the_second_name_line_of_a_party_is_passed_on(tmp_path):
    result = judged(tmp_path, FWB, ("NAM/PAT SAMPLE", "NAM/PAT SAMPLE/SECOND LINE"))
    assert value(result, "final_deliver_to_party.name") == "PAT SAMPLE SECOND LINE"


@pytest.mark.parametrize(
    ("sample", "old", "new"),
    [
        (HOUSE, "<ram:TypeCode>6109100012</ram:TypeCode>", "<ram:TypeCode>6109100012</ram:TypeCode><ram:TypeCode>6115959000</ram:TypeCode>"),
        ("xml/02_xfwb_direct_740_v3.xml", "<ram:TypeCode>9405218010</ram:TypeCode>", "<ram:TypeCode>9405218010</ram:TypeCode><ram:TypeCode>6115959000</ram:TypeCode>"),
        (FHL, "/6115959000", "/6115959000"),
        (FWB, "/6/NO/CN", "/6/NH/4202920000\n/7/NO/CN"),
        (FRI, "CSD/CN/43-USD/6109100012", "CSD/CN/43-USD/6109100012\nCSD/BD/12-USD/6115959000"),
        (UBL, "<cbc:RequiredCustomsID>", "<cbc:RequiredCustomsID>611020</cbc:RequiredCustomsID><cbc:RequiredCustomsID>"),
    ],
)  # fmt: skip
def test_several_tariff_numbers_of_one_goods_line_are_told(tmp_path, sample, old, new):
    assert "MAP-AMBIGUOUS" in rules(judged(tmp_path, sample, (old, new)))


TABLE = (FIXTURES / "csv" / "01_clean_utf8.csv").read_text("utf-8")
SHIPMENT = {
    "house_bill": "QA1", "mode": "air", "arrival_port": "2720", "arrival_date": "2025-03-02", "shipper_name": "GOLDEN SAMPLE CO",
    "shipper_address1": "1 A RD", "shipper_city": "GUANGZHOU", "shipper_country": "CN", "consignee_name": "PAT SAMPLE",
    "consignee_address1": "1 X ST", "consignee_city": "RENO", "consignee_state": "NV", "consignee_zip": "89501",
    "consignee_country": "US", "weight": 0.5, "weight_unit": "KG", "pieces": 1, "item_description": "Cotton T-shirt mens",
    "item_value": 12.50, "currency": "USD", "origin": "CN", "hts": "6109100012", "quantity": 1,
}  # fmt: skip


def table(tmp_path: Path, text: str, name: str = "t.csv") -> dict[str, Any]:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return Checker(load_site(FIXTURES / "profiles" / "tabular").only("plain"), BEFORE).file(path)


def row(**changed: str) -> str:
    """Return a table of one row."""
    cells = {**{k: str(v) for k, v in SHIPMENT.items()}, **changed}
    return ",".join(cells) + "\n" + ",".join(f'"{c}"' for c in cells.values()) + "\n"


def said(result: dict[str, Any], rule: str) -> str:
    return " ".join(f["message"] for f in result["findings"] if f["rule"] == rule)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"consignee_address1": "1 X ST\nAPT 4\nBACK DOOR\nRING"}, ("1 X ST", "APT 4", "BACK DOOR RING")),
        ({"consignee_address1": "1 X ST\nBACK DOOR", "consignee_address2": "APT 4"}, ("1 X ST", "APT 4", "BACK DOOR")),
    ],
)
def test_every_line_of_an_address_in_a_cell_is_passed_on(tmp_path, changed, found):
    assert tuple(value(table(tmp_path, row(**changed)), STREET + n) for n in "123") == found


def test_columns_that_are_not_passed_on_are_named_in_tables_and_json(tmp_path):
    more = {"seller_name": "SHOP", "line_number": "1", "ship_date": "2025-02-28", "gift_note": "hi"}
    for result in (
        table(tmp_path, row(**more)),
        table(tmp_path, json.dumps({**SHIPMENT, **more}), "t.json"),
    ):
        told = said(result, "CSV-EXTRA-COLUMN")
        assert result["shipments"]["accepted"] == 1
        assert all(name in told for name in more)
        assert "without column seller_address1" in told
    result = table(
        tmp_path,
        row(seller_name="SHOP", seller_id="V-9", seller_address1="1 A RD", seller_city="HANOI", seller_country="VN"),
    )
    assert value(result, "seller.name") == "SHOP"
    assert value(result, "marketplace.marketplace_seller_id") == "V-9"
    assert "CSV-EXTRA-COLUMN" not in rules(result, "info", "warning", "error")


def test_a_header_that_comes_again_and_totals_below_another_column_are_skipped(tmp_path):
    head, one, *_ = TABLE.splitlines(keepends=True)
    result = table(tmp_path, head + one + head + ",,,,,,,,,,,,,,,,,,,,,,3,6.9,KG,,Grand total,,,,75.20,USD,,,\n")
    assert (result["shipments"]["found"], result["shipments"]["accepted"]) == (1, 1)
    assert {"CSV-HEADER-AGAIN", "CSV-TOTAL-ROW"} <= rules(result, "info")


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"house_bill": "123456789012345000000"}, "ID-SCIENTIFIC"),
        ({"quantity": "3", "unit_value": "15.99", "item_value": "31.98"}, "Q-VALUE-QTY"),
        ({"quantity": "0"}, "Q-QTY-ZERO"),
    ],
)
def test_numbers_that_cannot_be_right_are_told(tmp_path, changed, rule):
    assert rule in rules(table(tmp_path, row(**changed)))


@pytest.mark.parametrize(
    ("number", "severity"),
    [
        ("1234567890123450", ""),  # one zero is chance once in ten
        ("12345678901234500", "warning"),
        ("123456789012345000", "warning"),
        ("1234567890123450000", "warning"),
        ("12345678901234500000", "error"),
        ("123456789012345001", ""),
        ("003456789012345000", ""),  # a spreadsheet would have lost the first zeros too
    ],
)
@pytest.mark.parametrize("column", ["house_bill", "tracking_number"])
def test_a_number_with_zeros_behind_15_digits_is_told(tmp_path, column, number, severity):
    for result in (
        table(tmp_path, row(**{"house_bill": "", column: number})),
        table(tmp_path, json.dumps({**SHIPMENT, "house_bill": "", column: number}), "t.json"),
    ):
        assert {f["severity"] for f in result["findings"] if f["rule"] == "ID-SCIENTIFIC"} == ({severity} - {""})


@pytest.mark.parametrize(
    ("numbers", "accepted", "refused"),
    [
        (["370000012345678000"] * 2, 0, 1),  # one shipment of two rows
        (["370000012345678000", "GW1", "370000012345678000"], 1, 1),
        (["370000012345678000", "370000012345679000"], 2, 0),
        (["370000012345678001"] * 2, 1, 0),
    ],
)
def test_rows_that_fall_together_under_a_rounded_number_are_refused(tmp_path, numbers, accepted, refused):
    head = row().splitlines()[0]
    rows = [
        row(house_bill=n, item_description=f"Cotton T-shirt mens {i}").splitlines()[1] for i, n in enumerate(numbers)
    ]
    result = table(tmp_path, "\n".join([head, *rows]) + "\n")
    assert (result["shipments"]["accepted"], result["shipments"]["rejected"]) == (accepted, refused)
    assert ("ID-SCIENTIFIC" in rules(result, "error")) == (refused > 0)


def test_the_same_row_again_under_a_rounded_number_is_no_mere_duplicate(tmp_path):
    head, one = row(house_bill="370000012345678000").splitlines()
    other = row(house_bill="GW1").splitlines()[1]
    result = table(tmp_path, "\n".join([head, one, other, one]) + "\n")
    assert (result["shipments"]["accepted"], result["shipments"]["rejected"]) == (2, 1)


def told(result: dict[str, Any], rule: str) -> list[tuple[str, str]]:
    return [(f["severity"], f["fix"]) for f in result["findings"] if f["rule"] == rule]


def test_csv_as_excel_writes_it_in_utf_8_is_accepted_without_a_mend(tmp_path):
    latin = tmp_path / "latin.csv"
    latin.write_bytes(row(consignee_name="JOSÉ SAMPLE").encode("cp1252"))
    refused = Checker(load_site(FIXTURES / "profiles" / "tabular").only("plain"), BEFORE).file(latin)
    ((severity, fix),) = told(refused, "CSV-ENCODING")
    assert (severity, "CSV UTF-8" in fix) == ("error", True)
    mended = table(tmp_path, "\ufeff" + row(consignee_name="JOSÉ SAMPLE"))  # Excel has no other UTF-8
    assert mended["verdict"] == "accept"
    ((severity, fix),) = told(mended, "ENC-BOM-SKIPPED")
    assert (severity, fix.startswith("Nothing to do")) == ("info", True)
    ((severity, fix),) = told(table(tmp_path, "\ufeff" + json.dumps(SHIPMENT), "t.json"), "ENC-BOM-SKIPPED")
    assert (severity, fix) == ("warning", "Save the file without BOM.")


@pytest.mark.parametrize("name", ["t.json", "itmatt.json"])
def test_json_in_another_character_set_is_told_in_words_of_json(tmp_path, name):
    text = json.dumps(SHIPMENT) if name == "t.json" else (FIXTURES / "xml-extra" / "05_itmatt.json").read_text()
    (tmp_path / name).write_bytes(text.replace("SAMPLE", "S\xc4MPLE", 1).encode("latin-1"))
    site = load_site(FIXTURES / "profiles" / "tabular").only("plain") if name == "t.json" else base_site()
    ((_, fix),) = told(Checker(site, BEFORE).file(tmp_path / name), "CSV-ENCODING")
    assert fix.startswith("Write the JSON in UTF-8")
    half = text.replace("SAMPLE", "S\\ud83dMPLE", 1)
    (tmp_path / name).write_text(half)
    assert {fix[:26] for _, fix in told(Checker(site, BEFORE).file(tmp_path / name), "CSV-ENCODING")} == {
        "Export the text anew in UT"
    }


@pytest.mark.parametrize(
    ("name", "sample", "words", "ending"),
    [
        ("t.edi", "csv/01_clean_utf8.csv", "a table", ".csv"),
        ("t.xml", "csv/01_clean_utf8.csv", "a table", ".csv"),
        ("t.xml", "xml-extra/05_itmatt.json", "postal data", ".json"),
        ("t.csv", HOUSE, "Cargo-XML", ".xml"),
        ("t.xml", FHL, "Cargo-IMP", ".txt"),
        ("t.edi", FHL, "", ""),
        ("t.edi", HOUSE, "", ""),
        ("t.txt", "csv/01_clean_utf8.csv", "", ""),
    ],
)
def test_a_name_that_belongs_to_another_format_is_told_with_the_right_ending(tmp_path, name, sample, words, ending):
    (tmp_path / name).write_bytes((FIXTURES / sample).read_bytes())
    found = [
        f for f in Checker(base_site(), BEFORE).file(tmp_path / name)["findings"] if f["rule"] == "FILE-EXT-MISMATCH"
    ]
    assert [(f["message"].split("content is ")[1].split(";")[0], f["fix"]) for f in found] == (
        [(words, f"Name the file after its format: {ending}.")] if words else []
    )


def test_a_unit_price_that_was_rounded_is_no_fault(tmp_path):
    assert "Q-VALUE-QTY" not in rules(table(tmp_path, row(quantity="3", unit_value="3.33", item_value="10.00")))


@pytest.mark.parametrize("text", ["2-Mar-25", "2 March 2025", "2025/3/2", "2025.03.02", "3/2/2025", "02.03.2025"])
def test_dates_of_spreadsheets(text):
    assert read_date(text, "")[0] == "2025-03-02"


@pytest.mark.parametrize("text", ["2025/3/2 14:05", "3/2/2025 2:05 PM", "2-Mar-25 14:05:00"])
def test_dates_with_a_time_keep_it(text):
    assert read_date(text, "")[0] == "2025-03-02T14:05:00"


@pytest.mark.parametrize("text", ["30-Feb-25", "2025/13/2", "31/31/2025", "3/2/2025 25:00"])
def test_what_is_no_date_stays_and_gives_no_second_fault(tmp_path, text):
    assert read_date(text, "")[0] == text
    assert rules(table(tmp_path, row(arrival_date=text)), "error") == {"S321-TIME"}


def test_a_postal_item_whose_lines_do_not_add_up_is_told(tmp_path):
    assert "Q-VALUE-SUM" in rules(judged(tmp_path, ITMATT, ('totalValue="9.90"', 'totalValue="19.90"')))
    assert "Q-VALUE-SUM" not in rules(judged(tmp_path, ITMATT))


def test_merged_cells_and_hidden_rows_of_a_workbook_are_told(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(SHIPMENT))
    for number in (1, 2, 3):
        sheet.append(list({**SHIPMENT, "house_bill": f"QA{number}"}.values()))
    sheet.merge_cells("A1:B1")  # of one row: nothing is lost below
    path = tmp_path / "t.xlsx"
    book.save(path)
    site = load_site(FIXTURES / "profiles" / "tabular").only("plain")
    assert not rules(Checker(site, BEFORE).file(path)) & {"XLSX-MERGED", "XLSX-HIDDEN"}
    sheet.merge_cells("F2:F3")
    sheet.row_dimensions[4].hidden = True
    book.create_sheet("Other").merge_cells("A1:A9")
    book.save(path)
    result = Checker(site, BEFORE).file(path)
    assert "Cells F2:F3 are merged;" in said(result, "XLSX-MERGED")
    assert "1 hidden row was read like the others (the first is row 4)." in said(result, "XLSX-HIDDEN")


POSTAL = json.loads((FIXTURES / "xml-extra" / "05_itmatt.json").read_text("utf-8"))
DESPATCH = "GBLALAUSJFKAAUN50273001010035"


@pytest.mark.parametrize(
    "document",
    [POSTAL, {"Item": POSTAL}, {"ReceptacleId": DESPATCH, "Item": POSTAL}],
    ids=["list of items", "object of items", "receptacle with its items"],
)
def test_postal_items_in_json_say_what_the_xml_says(tmp_path, document):
    path = tmp_path / "i.json"
    path.write_text(json.dumps(document), "utf-8")
    result = Checker(base_site(), BEFORE).file(path)
    assert (result["format"], result["shipments"]["accepted"]) == ("itmatt_json", 2)
    found = [s for m in result["messages"] for s in m["shipments"]]
    of_xml = [s for m in judged(tmp_path, ITMATT)["messages"] for s in m["shipments"]]
    for one, other in zip(found, of_xml, strict=False):
        assert one["items"] == other["items"]
        assert one["gross_weight_kg"] == other["gross_weight_kg"]
        assert one["fair_retail_value_usd"] == other["fair_retail_value_usd"]
        assert one["final_deliver_to_party"]["address_line_1"] == other["final_deliver_to_party"]["address_line_1"]
    assert (found[0]["final_deliver_to_party"]["email"], found[1]["transaction_nature"]) == (
        "t.example@example.org",
        "gift",
    )
    despatch = DESPATCH[:20] if "ReceptacleId" in document else None
    assert [s.get("master_bill_number") for s in found] == [despatch] * 2


def test_a_table_in_json_with_a_key_item_is_no_postal_message(tmp_path):
    result = table(tmp_path, json.dumps({"shipments": [{**SHIPMENT, "Item": "1"}]}), "t.json")
    assert (result["format"], result["shipments"]["accepted"]) == ("json", 1)


WAYBILL = "xml/02_xfwb_direct_740_v3.xml"
PLACES = "<ram:FinalDestinationLocation><ram:ID>LAX</ram:ID></ram:FinalDestinationLocation>\n      <ram:HandlingSPH"


def leg(flight: str, airport: str, arrival: str) -> str:
    return (
        f"<ram:SpecifiedLogisticsTransportMovement><ram:StageCode>Main-Carriage</ram:StageCode><ram:ID>{flight}</ram:ID>"
        f"<ram:ArrivalEvent><ram:ScheduledOccurrenceDateTime>{arrival}</ram:ScheduledOccurrenceDateTime>"
        f"<ram:OccurrenceArrivalLocation><ram:ID>{airport}</ram:ID></ram:OccurrenceArrivalLocation></ram:ArrivalEvent>"
        "</ram:SpecifiedLogisticsTransportMovement>"
    )


@pytest.mark.parametrize(
    ("arrival", "instant"),
    [
        ("2025-03-01T22:30:00", "2025-03-02T06:30:00Z"),
        ("2025-03-01T22:30:00-08:00", "2025-03-02T06:30:00Z"),
        ("2025-03-01T22:30:00.000Z", "2025-03-01T22:30:00Z"),
    ],
)
def test_an_arrival_without_zone_is_local_at_the_airport_of_the_last_leg(tmp_path, arrival, instant):
    legs = leg("XX100", "ICN", "2025-03-01T09:00:00") + leg("XX880", "LAX", arrival)
    result = judged(tmp_path, HOUSE, (PLACES, PLACES.replace("<ram:HandlingSPH", legs + "<ram:HandlingSPH")))
    assert value(result, "estimated_arrival_at") == instant
    assert (value(result, "conveyance_reference"), value(result, "first_us_port")) == ("XX880", "2720")


def test_a_day_of_arrival_in_ubl_is_that_day_in_the_united_states(tmp_path):
    assert value(judged(tmp_path, UBL), "estimated_arrival_at") == "2025-03-02T12:00:00Z"


def party(role: str, name: str, country: str) -> str:
    return (
        f"<ram:AssociatedParty><ram:Name>{name}</ram:Name><ram:RoleCode>{role}</ram:RoleCode><ram:PostalStructuredAddress>"
        f"<ram:StreetName>1 OTHER ST</ram:StreetName><ram:CityName>RENO</ram:CityName><ram:CountryID>{country}</ram:CountryID></ram:PostalStructuredAddress></ram:AssociatedParty>"
    )


def test_parties_documents_and_the_telephone_of_a_customs_note_are_passed_on(tmp_path):
    lines = (FIXTURES / HOUSE).read_text("utf-8").split("<ram:PersonName>")[1].split("</ram:DefinedTradeContact>")[0]
    note = (
        "<ram:IncludedCustomsNote><ram:ContentCode>CT</ram:ContentCode><ram:Content>{}</ram:Content>"
        "<ram:SubjectCode>{}</ram:SubjectCode></ram:IncludedCustomsNote>"
    )
    documents = "".join(
        f"<ram:AssociatedReferenceDocument><ram:ID>{number}</ram:ID><ram:TypeCode>{code}</ram:TypeCode></ram:AssociatedReferenceDocument>"
        for number, code in (("PO-77", "220"), ("INV-9", "380"))
    )
    place = "      <ram:ApplicableOriginCurrencyExchange>"
    result = judged(
        tmp_path, HOUSE, ("<ram:PersonName>" + lines, ""),
        (place, note.format("862055509999", "SHP") + note.format("13105550100", "CNE") + documents + place),
        (PLACES, party("MF", "MAKER", "CN") + party("NI", "NOTIFIED", "US") + PLACES),
    )  # fmt: skip
    assert value(result, "final_deliver_to_party.phone") == "13105550100"
    assert value(result, "manufacturer.name") == "MAKER"
    assert value(result, "notify_party") is None  # an address of the US without state and ZIP code
    assert value(result, "references") == [
        {"type": "order_number", "value": "PO-77"},
        {"type": "invoice_number", "value": "INV-9"},
    ]
    assert value(result, "security_scan.performed_by") == "T SAMPLEOFFICER"
    assert value(result, "security_scan.regulated_agent_id") == {
        "country_code": "HK",
        "identifier": "00001-01",
        "expires_on": "2026-12-31",
    }


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (">3.00<", ">6.00<", "XML-VERSION"),
        ("<ram:VersionID>3.00</ram:VersionID>", "", "XML-VERSION"),
        (">703<", ">740<", "XML-TYPE-CODE"),
        ("<ram:DeclaredValueForCustomsAmount", "<ram:NilCustomsValueIndicator>true</ram:NilCustomsValueIndicator><ram:DeclaredValueForCustomsAmount", "MAP-AMBIGUOUS"),
    ],
)  # fmt: skip
def test_contradictions_of_a_house_waybill_are_told(tmp_path, old, new, rule):
    result = judged(tmp_path, HOUSE, (old, new))
    assert (result["verdict"], rules(result)) == ("accept_with_warnings", {rule})


def test_latin_9_is_read(tmp_path):
    text = (
        (FIXTURES / HOUSE).read_text("utf-8").replace("UTF-8", "ISO-8859-15").replace("JORDAN EXAMPLE", "JÖRG €ŒUVRE")
    )
    path = tmp_path / "h.xml"
    path.write_bytes(text.encode("iso-8859-15"))
    result = Checker(base_site(), BEFORE).file(path)
    assert value(result, "final_deliver_to_party.name") == "JÖRG €ŒUVRE"


def test_a_telex_with_its_control_signs_is_read(tmp_path):
    data = b"\x01QK LAXGWXX\r\n.HKGGSXX 011015\r\n\x02" + (FIXTURES / FHL).read_bytes() + b"\x03"
    path = tmp_path / "f.txt"
    path.write_bytes(data)
    result = Checker(base_site(), BEFORE).file(path)
    assert (result["format"], result["shipments"]["accepted"]) == ("cargo_imp_fhl", 1)
    house = next(f for f in result["findings"] if f["rule"] == "S321-ORIG-REQ")
    assert data[house["offset"] :].startswith(b"HBS/GWH0001001")


def test_an_air_ams_report_names_its_airport_and_a_change_its_reason(tmp_path):
    assert value(judged(tmp_path, FRI), "first_us_port") == "2720"
    changed = judged(tmp_path, FRI, ("FRI", "FRC"), ("CSD/", "RFA/15\nCSD/"))
    assert value(changed, "amendment") == {"action": "replace", "reason_code": "15"}
