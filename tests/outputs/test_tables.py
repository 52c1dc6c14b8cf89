"""The worksheet and the entry extracts: every value by hand, and every value that is missing, cut or guarded is told."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from gateway.errors import ConfigError
from gateway.findings import Severity
from tests.canonical.samples import item, party, shipment
from tests.outputs.support import S10, mail, message, rules, run, write


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def imd(tmp_path: Path, **changes):
    """Extract one postal shipment; return its rows and the findings."""
    _, told = run(write(tmp_path, message(mail(**changes))), "imd", tmp_path / "imd.csv")
    return rows_of(tmp_path / "imd.csv"), told


def test_the_worksheet_holds_the_14_fields_of_a_shipment(tmp_path):
    (row,), told = imd(tmp_path)
    assert row == {
        "Filer Code": "XYZ",
        "Bond Number": "991234567",
        "Description of Merchandise": "Women's knitted pullover, 60% cotton 40% polyester, size M",
        "Country of Origin": "CN",
        "HTSUS Numbers": "6110202079",
        "Quantity or Weight": "1",
        "Duty Rate": "",
        "Value": "24.99",
        "Total Duty Owed": "",
        "Carrier": "XX",
        "Flight or Conveyance Number": "XX880",
        "Tracking Number": S10,
        "Arrival Port": "4701",
        "Arrival Date": "2025-03-03",
    }
    assert set(rules(told, "OUT-NO-SOURCE")) == {"Duty Rate", "Total Duty Owed"}
    assert {f.rule for f, _ in told} == {"OUT-NO-SOURCE", "OUT-LAW"}  # imdw did not exist in March 2025


def test_entry_type_13_holds_the_12_elements(tmp_path):
    owner = party(identifiers=[{"type": "ein", "value": "98-7654321"}])
    files = write(tmp_path, message(mail(owner=owner)))
    run(files, "type13", tmp_path / "t13.csv")
    (row,) = rows_of(tmp_path / "t13.csv")
    assert row["Importer of Record Number"] == "98-7654321"  # of the owner, before the filer's own
    assert (row["Filer Code"], row["Value"], row["Tracking Number"], row["Arrival Port"]) == (
        "XYZ",
        "24.99",
        S10,
        "4701",
    )
    run(write(tmp_path, message(mail())), "type13", tmp_path / "own.csv")
    assert rows_of(tmp_path / "own.csv")[0]["Importer of Record Number"] == "12-3456789"


def test_entry_type_11_has_a_row_for_each_goods_line(tmp_path):
    goods = [item(), item(line_number=2, quantity="3", quantity_unit="PCS", total_value={"amount": "1.01", "currency": "USD"})]  # fmt: skip
    seller = party(name="SELLER CO", country_code="CA", state_province="ON", postal_code="K1A 0B1")
    one = shipment(items=goods, seller=seller, fair_retail_value_usd="26.50", package_count=2, carrier_code="XX")
    done, told = run(write(tmp_path, message(one)), "type11", tmp_path / "t11.csv")
    first, second = rows_of(tmp_path / "t11.csv")
    assert (done.shipments, done.rows) == (1, 2)
    assert [r["Line Number"] for r in (first, second)] == ["1", "2"]
    assert [r["Line Value"] for r in (first, second)] == ["24.99", "1.01"]
    assert (second["Quantity"], second["Quantity Unit"]) == ("3", "PCS")
    for row in (first, second):
        assert (row["Entry Type"], row["Mode of Transport"], row["Bill Quantity"]) == ("11", "40", "2")
        assert row["Entry Value"] == "27"  # 26.50, half up
        assert (row["Seller Name"], row["Seller Country"], row["Seller State"]) == ("SELLER CO", "CA", "ON")
        assert (row["Consignee Street"], row["Consignee Postal Code"]) == ("100 EXAMPLE ST", "12207")
        assert row["Manufacturer Name"] == ""
    carriers = [f for f, _ in told if f.target == "Voyage Flight Trip"]
    assert len(carriers) == 1  # a field of the shipment is told once, not for each line


def test_the_day_of_arrival_is_that_of_the_port(tmp_path):
    (row,), _ = imd(tmp_path, estimated_arrival_at="2025-03-04T02:00:00Z", first_us_port="2720")
    assert row["Arrival Date"] == "2025-03-03"  # 18:00 in Los Angeles


def test_foreign_values_are_written_in_usd_at_the_rate_of_the_shipment(tmp_path):
    goods = [item(total_value={"amount": "10.00", "currency": "GBP"}), item(line_number=2, total_value={"amount": "5.55", "currency": "GBP"})]  # fmt: skip
    rows, _ = imd(tmp_path, items=goods, fx_rate="1.27", fx_date="2025-03-03", fair_retail_value_usd="19.75")
    assert [r["Value"] for r in rows] == ["12.70", "7.05"]  # 5.55 x 1.27 = 7.0485


def test_one_rate_does_not_serve_two_currencies(tmp_path):
    goods = [item(line_number=n, total_value={"amount": "10.00", "currency": c}) for n, c in enumerate(("GBP", "EUR", "USD"), 1)]  # fmt: skip
    rows, told = imd(tmp_path, items=goods, fx_rate="1.27", fx_date="2025-03-03")
    assert [r["Value"] for r in rows] == ["", "", "10.00"]
    assert [f.pointer for f, _ in told if f.target == "Value"] == ["/items/0", "/items/1"]


def test_a_value_without_a_rate_is_missing_not_guessed(tmp_path):
    (row,), told = imd(tmp_path, items=[item(total_value={"amount": "10.00", "currency": "GBP"})])
    assert row["Value"] == ""
    assert "no value in USD" in rules(told, "OUT-EMPTY")["Value"]


def test_the_value_of_the_shipment_stands_for_its_only_goods_line_but_not_for_one_of_two(tmp_path):
    (row,), _ = imd(tmp_path, items=[item(total_value=None)])
    assert row["Value"] == "24.99"
    (tmp_path / "imd.csv").unlink()
    rows, told = imd(tmp_path, items=[item(total_value=None), item(line_number=2, total_value=None)])
    assert [r["Value"] for r in rows] == ["", ""]
    assert [f.pointer for f, _ in told if f.target == "Value"] == ["/items/0", "/items/1"]


def test_a_value_that_does_not_fit_is_left_out_and_told(tmp_path):
    (row,), told = imd(tmp_path, items=[item(hts_number="611020")], shipment_tracking_number="LX123456786GB")
    assert (row["HTSUS Numbers"], row["Tracking Number"]) == ("", "")
    said = rules(told, "OUT-VALUE")
    assert '"611020" has not the form' in said["HTSUS Numbers"]
    assert "check digit" in said["Tracking Number"]
    assert all(f.severity is Severity.ERROR for f, _ in told if f.rule == "OUT-VALUE")


def test_a_default_in_place_of_a_value_that_does_not_fit_is_told(tmp_path):
    folder = tmp_path / "site" / "outputs" / "own"
    folder.mkdir(parents=True)
    (folder / "map.csv").write_text("target,source,transform,default\nPort,first_us_port,shape digits 5,99999\nBill,house_bill_number,,NONE\n")  # fmt: skip
    (folder / "map.toml").write_text('row = "shipment"')
    (folder / "template.csv").write_text("Port,Bill\n")
    one = shipment(house_bill_number=None)
    _, told = run(write(tmp_path, message(one)), "own", tmp_path / "own.csv", profile=tmp_path / "site")
    assert rows_of(tmp_path / "own.csv") == [{"Port": "99999", "Bill": "NONE"}]
    assert [(f.rule, f.target) for f, _ in told] == [("OUT-VALUE", "Port")]
    assert '"4701" has not the form' in told[0][0].message and "99999 was written" in told[0][0].message


def test_a_cut_text_is_told_with_both_lengths(tmp_path):
    name, goods = "A" * 30 + " SAMPLE TRADING", "Knitted pullover " * 8
    one = shipment(shipment_initiator=party(name=name), items=[item(enhanced_product_description=goods)])
    _, told = run(write(tmp_path, message(one)), "type11", tmp_path / "t11.csv")
    (row,) = rows_of(tmp_path / "t11.csv")
    assert row["Seller Name"] == "A" * 30 + " SAMP"
    assert len(row["Description of Merchandise"]) <= 70
    assert rules(told, "OUT-CUT") == {
        "Seller Name": "The value has 45 characters, 35 are allowed: it was cut.",
        "Description of Merchandise": "The value has 135 characters, 70 are allowed: it was cut.",
    }


def test_a_number_that_is_too_long_is_never_cut(tmp_path):
    _, told = run(write(tmp_path, message(mail())), "imd", tmp_path / "imd.csv", {"filer_code": "ABCD"})
    assert rows_of(tmp_path / "imd.csv")[0]["Filer Code"] == ""
    assert "has 4 characters, 3 are allowed" in rules(told, "OUT-LONG")["Filer Code"]


def test_no_cell_is_a_formula_and_the_apostrophe_is_told(tmp_path):
    text = '=HYPERLINK("http://x.example","pullover")'
    (row,), told = imd(tmp_path, items=[item(enhanced_product_description=text)])
    assert row["Description of Merchandise"] == "'" + text
    assert set(rules(told, "OUT-GUARDED")) == {"Description of Merchandise"}


def test_a_workbook_holds_text_as_text_and_numbers_as_numbers(tmp_path):
    text = '=HYPERLINK("http://x.example","pullover")'
    one = mail(items=[item(enhanced_product_description=text, hts_number="0901110015")], first_us_port="0401")
    _, told = run(write(tmp_path, message(one)), "imd", tmp_path / "imd.xlsx")
    sheet = load_workbook(tmp_path / "imd.xlsx").active
    header, row = list(sheet.iter_rows())
    cells = dict(zip([c.value for c in header], row, strict=True))
    assert len(cells) == 14
    assert (cells["Description of Merchandise"].value, cells["Description of Merchandise"].data_type) == (text, "s")
    assert (cells["HTSUS Numbers"].value, cells["Arrival Port"].value) == ("0901110015", "0401")
    assert (Decimal(str(cells["Value"].value)), cells["Value"].number_format) == (Decimal("24.99"), "0.00")
    assert cells["Duty Rate"].value is None
    assert rules(told, "OUT-GUARDED") == {}


def test_settings_that_are_not_given_are_told_once_for_all_shipments(tmp_path):
    files = write(tmp_path, message(mail(), mail(shipment_id="B")))
    _, told = run(files, "imd", tmp_path / "imd.csv", {})
    absent = {f.target: (f.shipment, n, f.fix) for f, n in told if f.rule == "OUT-NO-SOURCE"}
    assert absent["Bond Number"][:2] == ("*", 2)
    assert "bond_number" in absent["Bond Number"][2]
    assert set(absent) == {"Filer Code", "Bond Number", "Duty Rate", "Total Duty Owed"}


def test_two_numbers_of_one_kind_are_told_not_chosen_from(tmp_path):
    entries = [{"type": "entry_number", "value": v} for v in ("11111111", "22222222")]
    _, told = run(write(tmp_path, message(shipment(references=entries))), "type11", tmp_path / "t11.csv")
    assert rows_of(tmp_path / "t11.csv")[0]["Entry Number"] == ""
    assert "2 different references of type entry_number" in rules(told, "OUT-VALUE")["Entry Number"]


def test_no_finding_holds_personal_data(tmp_path):
    consignee = party(name="PAT " + "Q" * 60, email="pat@secret.example", phone="+15185550100")
    one = shipment(final_deliver_to_party=consignee)
    for name, output in (("type11", "t.csv"), ("acas", "docs")):
        _, told = run(write(tmp_path, message(one)), name, tmp_path / output)
        text = " ".join(f.message + f.fix for f, _ in told)
        assert "QQQ" not in text and "secret" not in text and "518555" not in text
        assert "OUT-CUT" in {f.rule for f, _ in told}


# --- which shipments ------------------------------------------------------------------------------------------------


def test_a_shipment_of_another_mode_is_left_out_and_told(tmp_path):
    done, told = run(write(tmp_path, message(mail(), shipment())), "imd", tmp_path / "imd.csv")
    assert (done.shipments, done.left_out) == (1, 1)
    (left,) = [f for f, _ in told if f.rule == "OUT-LEFT-OUT"]
    assert left.shipment == "EXCR000012345"


@pytest.mark.parametrize("spelled", [S10, S10.lower(), f"{S10[:2]} {S10[2:]}"])
def test_the_last_version_of_a_shipment_is_written_whatever_the_order_of_the_files(tmp_path, spelled):
    early = message(mail(shipment_id=spelled), source={"format": "x12_309", "received_at": "2025-03-01T08:00:00Z"})
    late = message(
        mail(items=[item(total_value={"amount": "30.00", "currency": "USD"})]), transmission_purpose="amend",
        source={"format": "x12_309", "received_at": "2025-03-02T08:00:00Z"},
    )  # fmt: skip
    files = write(tmp_path, late, early)
    done, told = run(files, "imd", tmp_path / "imd.csv")
    assert [r["Value"] for r in rows_of(tmp_path / "imd.csv")] == ["30.00"]
    assert (done.shipments, done.left_out) == (1, 1)
    assert [f.shipment for f, _ in told if f.rule == "OUT-SUPERSEDED"] == [spelled]


def came(at: str, value: str, **changes: str) -> dict:
    items = [item(total_value={"amount": value, "currency": "USD"})]
    return message(mail(items=items), source={"format": "x12_309", "received_at": at}, **changes)


def test_of_two_files_of_one_second_the_later_one_counts(tmp_path):
    late, early = came("2025-03-01T08:00:00.52Z", "30.00"), came("2025-03-01T08:00:00.510001Z", "20.00")
    run(write(tmp_path, late, early), "imd", tmp_path / "imd.csv")
    assert [r["Value"] for r in rows_of(tmp_path / "imd.csv")] == ["30.00"]


def test_of_two_messages_of_one_file_the_later_one_counts(tmp_path):
    """The order of names is another: 10_1-0010 comes before 9_1-0009."""
    names = ("p.M10_1-0010.2f6d680f194bbccf.json", "p.M9_1-0009.2f6d680f194bbccf.json")
    for name, value in zip(names, ("30.00", "20.00"), strict=True):
        (tmp_path / name).write_text(json.dumps(came("2025-03-01T08:00:00Z", value)), "utf-8")
    run(sorted(tmp_path.glob("*.json")), "imd", tmp_path / "imd.csv")
    assert [r["Value"] for r in rows_of(tmp_path / "imd.csv")] == ["30.00"]


def test_two_versions_that_came_at_the_same_time_are_told(tmp_path):
    files = write(tmp_path, came("2025-03-01T08:00:00Z", "20.00"), came("2025-03-01T08:00:00Z", "30.00"))
    _, told = run(files, "imd", tmp_path / "imd.csv")
    assert [r["Value"] for r in rows_of(tmp_path / "imd.csv")] == ["30.00"]
    assert ["the one that is named last was taken" in f.message for f, _ in told if f.rule == "OUT-SUPERSEDED"] == [
        True
    ]


@pytest.mark.parametrize(("asked", "written", "told"), [("01", "01", 0), ("11", "11", 1), (None, "11", 1)])
def test_a_formal_entry_is_written_as_one_and_has_no_limit(tmp_path, asked, written, told):
    one = shipment(entry_type_requested=asked, fair_retail_value_usd="3000.00")
    _, found = run(write(tmp_path, message(one)), "type11", tmp_path / "t.csv")
    assert rows_of(tmp_path / "t.csv")[0]["Entry Type"] == written
    assert sum("up to 2500 USD" in f.message for f, _ in found) == told


def quantity_alone(at: str = "2025-03-02T08:00:00Z") -> dict:
    """An amendment of X12 M13 without the bill: nothing but the new quantity."""
    one = {"shipment_id": "EXCR000012345", "house_bill_number": "EXCR000012345", "transmission_purpose": "amend",
           "mode_of_transportation": "truck",
           "amendment": {"action": "replace", "quantity": "4"}}  # fmt: skip
    return message(one, source={"format": "x12_309", "received_at": at}, transmission_purpose="amend")


def test_an_amendment_of_the_quantity_alone_changes_the_quantity_alone(tmp_path):
    original = message(shipment(mode_of_transportation="truck"), source={"format": "x12_309", "received_at": "2025-03-01T08:00:00Z"})  # fmt: skip
    run(write(tmp_path, original), "type11", tmp_path / "before.csv")
    (tmp_path / "changed").mkdir()
    done, _ = run(write(tmp_path / "changed", quantity_alone(), original), "type11", tmp_path / "after.csv")
    before, after = rows_of(tmp_path / "before.csv"), rows_of(tmp_path / "after.csv")
    assert [row.pop("Bill Quantity") for row in after] == ["4"] * len(after)
    assert before[0].pop("Bill Quantity") != "4"
    assert after == before
    assert (done.shipments, done.left_out) == (1, 1)


def test_an_amendment_of_the_quantity_alone_is_left_out_where_its_original_is_not_there(tmp_path):
    done, told = run(write(tmp_path, quantity_alone()), "type11", tmp_path / "t.csv")
    assert (done.shipments, done.left_out, done.errors) == (0, 1, 1)
    assert rows_of(tmp_path / "t.csv") == []
    (left,) = [f for f, _ in told if f.rule == "OUT-LEFT-OUT"]
    assert left.fix == "Name the file of its original too."


def test_a_test_message_is_told(tmp_path):
    _, told = run(write(tmp_path, message(mail(), test_indicator=True)), "imd", tmp_path / "imd.csv")
    assert [(f.message, n) for f, n in told if f.rule == "OUT-TEST"] == [("m0.json is a test message.", 1)]


@pytest.mark.parametrize(("name", "severity"), [("imd", Severity.ERROR), ("type11", Severity.WARNING)])
def test_a_missing_arrival_is_told_as_missing_also_where_the_port_is_known(tmp_path, name, severity):
    one = mail if name == "imd" else shipment
    _, told = run(write(tmp_path, message(one(estimated_arrival_at=None))), name, tmp_path / "t.csv")
    (found,) = [f for f, _ in told if f.target == "Arrival Date"]
    assert (found.rule, found.severity, found.message) == ("OUT-EMPTY", severity, "The shipment names no arrival.")


def test_a_cancelled_shipment_is_in_no_table(tmp_path):
    cancel = {"shipment_id": S10, "shipment_tracking_number": S10, "mode_of_transportation": "mail"}
    files = write(tmp_path, message(mail()), message(cancel, transmission_purpose="cancel"))
    done, told = run(files, "imd", tmp_path / "imd.csv")
    assert rows_of(tmp_path / "imd.csv") == []
    assert (done.shipments, done.left_out) == (0, 2)
    assert {f.rule for f, _ in told} == {"OUT-SUPERSEDED", "OUT-CANCELLED"}


def test_the_law_of_the_day_is_told(tmp_path):
    def law(**changes):
        (tmp_path / "imd.csv").unlink(missing_ok=True)
        return [f.message for f in [f for f, _ in imd(tmp_path, **changes)[1]] if f.rule == "OUT-LAW"]

    autumn = {"estimated_arrival_at": "2026-10-01T12:00:00Z"}
    winter = {"estimated_arrival_at": "2026-11-01T12:00:00Z"}
    assert law(**autumn) == []
    assert law(estimated_arrival_at="2026-03-01T12:00:00Z")[0] == (
        "On 2026-03-01: no entry is filed for mail: its carrier, or a party qualified by CBP, collects the duty and pays it "
        "(R10, EO 14388; CSMS 67845486); the worksheet of the postal informal entry is none of them."
    )
    assert "2600.00 USD" in law(**autumn, fair_retail_value_usd="2600.00")[0]
    chapter_98 = [item(hts_number="9801001000")]
    assert law(**autumn, items=chapter_98) == []
    assert "chapter 98" in law(**winter, items=chapter_98)[0]
    assert "another agency" in law(**winter, items=[item(pga_codes=["FDA"])])[0]


# --- files ----------------------------------------------------------------------------------------------------------


def test_what_is_there_is_never_overwritten_and_nothing_half_is_left(tmp_path):
    files = write(tmp_path, message(mail()))
    (tmp_path / "imd.csv").write_text("filled in by hand")
    with pytest.raises(ConfigError, match="filled in by hand"):
        run(files, "imd", tmp_path / "imd.csv")
    assert (tmp_path / "imd.csv").read_text() == "filled in by hand"
    with pytest.raises(ConfigError, match=r"neither \.csv nor \.xlsx"):
        run(files, "imd", tmp_path / "imd.xls")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["imd.csv", "m0.json"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "is not JSON"), ("[]", "is no canonical message"), ('{"schema_version":"1.0","name":"PAT"}', "is no canonical message")],
)  # fmt: skip
def test_a_file_that_is_no_canonical_message_is_refused_without_its_content(tmp_path, text, words):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        run([tmp_path / "a.json"], "imd", tmp_path / "imd.csv")
    assert "PAT" not in str(caught.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json"]


def test_a_full_sheet_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.outputs.xlsx.MOST_ROWS", 2)
    files = write(tmp_path, message(mail(items=[item(), item(line_number=2)])))
    with pytest.raises(ConfigError, match="no more rows"):
        run(files, "imd", tmp_path / "imd.xlsx")
    assert [p.name for p in tmp_path.iterdir()] == ["m0.json"]
