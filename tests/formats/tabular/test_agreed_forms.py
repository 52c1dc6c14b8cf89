"""What a partner file says of the form of cells, title rows and columns, and files that keep to it no more."""

from __future__ import annotations

from dataclasses import replace

from gateway.check import describe, gather
from gateway.history import MemoryHistory
from gateway.site import base_site
from gateway.translate import translate
from tests.drops import NOW

HEAD = "HAWB;Empfänger;Anschrift;shipper_name;shipper_address1;shipper_city;shipper_country;item_description;hts;origin;quantity;Preis;mode;weight_kg"
ROW = "{0};Anna M;{1};S Co;1 A;Hamburg;DE;Shirt;610910;DE;1;{2};air;0.5"
HOME = "12 Oak St, Boston, MA 02116"
SPLIT = [
    {
        "column": "Anschrift",
        "pattern": r"(?P<consignee_address1>[^,]+), (?P<consignee_city>[^,]+), (?P<consignee_state>[A-Z]{2}) (?P<consignee_zip>\d+)",
    },
    {"column": "Preis", "pattern": r"(?P<currency>\S+) (?P<unit_value>\S+)"},
]
VALUES = {"consignee_country": "US"}


def run(*lines: str, head: str = HEAD, **tabular):
    profile = next(iter(base_site().partners.values())).profile
    options = {"split": SPLIT, "values": VALUES, "delimiter": ";", **tabular}
    profile = replace(
        profile,
        options={**profile.options, "tabular": options},
        severities={**profile.severities, "S321-REGIME": "off", "S321-VAL-800": "off"},
    )
    data = "\n".join([head, *lines, ""]).encode()
    outcome, messages = gather(translate((data,), profile, NOW, MemoryHistory(), name="a.csv"))
    return describe(outcome, "a.csv", profile)["findings"], [s for message in messages for s in message["shipments"]]


def test_values_that_are_taken_out_of_a_cell_are_mended_as_those_of_a_column_are():
    findings, (shipment,) = run(ROW.format("H1", "12 Oak St, Boston, MA 2116", "US$ 1,020.00"))
    assert shipment["items"][0]["unit_value"] == {"amount": "1020.00", "currency": "USD"}
    assert shipment["final_deliver_to_party"]["postal_code"] == "02116"
    told = {f["rule"]: f.get("column") for f in findings}
    assert (told["CSV-NUMBER-FORM"], told["CSV-CURRENCY-SYMBOL"]) == ("Preis", "Preis")


def test_a_cell_of_another_form_is_told_and_what_it_lacks_is_named_by_its_column():
    findings, shipments = run(ROW.format("H1", "12 Oak St; Boston".replace(";", "/"), "USD 10"))
    assert shipments == []
    told = next(f for f in findings if f["rule"] == "CSV-SPLIT")
    assert told.get("column") == "Anschrift"
    assert "consignee address1, consignee city" in told["message"]
    missing = [f for f in findings if f["rule"] in ("S321-ROLE-REQ", "S321-ADDR-ZIP") and "onsignee" in f["message"]]
    assert missing
    assert all('column "Anschrift"' in f["message"] for f in missing)


def test_title_rows_of_another_form_are_told():
    pattern = "MAWB: (?P<master_bill>[0-9-]+) ETA: (?P<arrival_date>[0-9-]+)"
    for title, rules in (("MAWB: 999-12345675 ETA: 2025-03-04", 0), ("MAWB 999-12345675", 1)):
        findings, shipments = run(HEAD, ROW.format("H1", HOME, "USD 10"), head=title, header_row=2, title=pattern)
        assert [f["message"] for f in findings if f["rule"] == "CSV-TITLE"] == [
            "The rows above the header do not hold master bill, arrival date in the form that was agreed; nothing was read of it."
        ] * rules
        assert shipments[0].get("master_bill_number", "") == ("" if rules else "99912345675")


def test_another_delimiter_than_agreed_is_told_as_such():
    for options in ({"header_row": 1}, {}):
        findings, shipments = run(ROW.format("H1", HOME, "USD 10").replace(";", "|"), head=HEAD.replace(";", "|"), **options)  # fmt: skip
        told = [f["message"] for f in findings if f["rule"].startswith("CSV-")]
        assert (told, shipments) == (["The columns are parted by pipe, and the profile says semicolon."], [])


def test_a_column_that_makes_rows_one_shipment_is_missed():
    findings, shipments = run(ROW.format("H1", HOME, "USD 10"), group_by=["HAWB", "Karton"])
    assert shipments == []
    assert [f.get("column") for f in findings if f["rule"] == "CSV-MISSING-COLUMN"] == ["Karton"]


def test_rows_of_totals_in_two_languages():
    for word in ("合计 Total", "总计：", "Zwischensumme", "Grand Total:", "Gesamtsumme"):
        findings, shipments = run(ROW.format("H1", HOME, "USD 10"), f"{word};;;;;;;;;;7;USD 30.00;;0.5")
        assert "CSV-TOTAL-ROW" in {f["rule"] for f in findings}, word
        assert len(shipments) == 1


def test_what_is_said_of_a_whole_table_has_no_place_in_it():
    findings, _ = run(ROW.format("H1", HOME, "USD 10"))
    (told,) = [f for f in findings if f["rule"] == "S321-REGIME-DAY"]
    assert (told["line"], told["offset"], told["segment"]) == (None, None, None) or told["segment"] == ""
