"""Workbooks: the same shipments as the CSV, positions by row and column, and no attack gets through."""

from __future__ import annotations

import datetime as dt
import io
import random
import zipfile
from decimal import Decimal

import openpyxl
import pytest

from gateway.check import Checker, parse_instant
from gateway.formats.tabular import xlsx_file
from gateway.formats.tabular.shown import shown
from gateway.formats.tabular.xlsx_file import Refused, inspect
from gateway.site import base_mappings, base_site

HEAD = (base_mappings() / "tabular_csv/examples/two_items_one_parcel.csv").read_text("utf-8").split("\n")[0].split(",")
ROW = ["GWX1", "GWX1", "999-12345675", "air", "XX", "2720", dt.date(2025, 3, 4), "INVENTED HOME GOODS CO", "19 PRETEND STREET", "HANOI", "VN", "CASEY EXAMPLE", "14 MOCK LANE", "BOSTON", "MA", 2116, "US", "MENS KNITTED COTTON T-SHIRT", 6109100012, "VN", 2, 24.9, "USD", 0.45, "KG"]  # fmt: skip


def workbook(rows, sheets=()) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, content in sheets:
        sheet = book.create_sheet(name)
        for row in content:
            sheet.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def formatted(formats: dict[str, str], row=None, **values) -> bytes:
    """Return a workbook with one shipment; formats: column -> number format; values: column -> cell."""
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append([values.get(name, cell) for name, cell in zip(HEAD, row or ROW, strict=True)])
    for name, code in formats.items():
        book.active.cell(2, HEAD.index(name) + 1).number_format = code
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def check(data: bytes, tmp_path, name: str = "manifest.xlsx"):
    path = tmp_path / name
    path.write_bytes(data)
    return Checker(base_site(), parse_instant("2025-03-03T10:00:00Z")).file(path)


def rules(result):
    return [(f["rule"], f.get("row"), f.get("column")) for f in result["findings"]]


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """Return the archive with a part added."""
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def test_a_workbook_is_read_like_the_table_it_holds(tmp_path):
    result = check(workbook([HEAD, ROW, ["GWX2", "GWX2", *ROW[2:]]]), tmp_path)
    assert (result["verdict"], result["format"], result["accepted"]) == (
        "accept_with_warnings",
        "xlsx",
        ["GWX1", "GWX2"],
    )
    shipment = result["messages"][0]["shipments"][0]
    assert shipment["items"][0]["total_value"] == {"amount": "24.90", "currency": "USD"}
    assert shipment["items"][0]["hts_number"] == "6109100012"
    assert shipment["estimated_arrival_at"] == "2025-03-04T20:00:00Z"
    assert shipment["final_deliver_to_party"]["postal_code"] == "02116"
    padded = [("Q-ZIP-PADDED", 2, "consignee_zip"), ("Q-ZIP-PADDED", 3, "consignee_zip")]
    assert rules(result) == [*padded, ("Q-TWIN", 3, None)]  # the same parcel under two numbers


def test_a_number_of_more_than_15_digits_has_lost_some(tmp_path):
    result = check(workbook([HEAD, [123456789012345678, *ROW[1:]]]), tmp_path)
    assert ("ID-SCIENTIFIC", 2, "tracking_number") in rules(result)
    assert result["accepted"] == []


def test_numbers_and_times_of_cells_are_those_that_were_written():
    r = random.Random(51)
    numbers = [
        f"{r.randrange(10 ** r.randrange(1, 9))}.{r.randrange(10**6):06d}"[: r.randrange(3, 16)] for _ in range(300)
    ]
    numbers += [str(r.randrange(10 ** r.randrange(1, 16))) for _ in range(100)] + ["0.00002", "0.000001", "-3.10"]
    times = [dt.datetime(2000, 1, 1) + dt.timedelta(seconds=r.randrange(40 * 365 * 86400)) for _ in range(200)]  # noqa: DTZ001
    data = workbook([*([float(n)] for n in numbers), *([t] for t in times)])
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    texts = [record.cells[0] for record in xlsx_file._records(book.active)]
    for number, text in zip(numbers, texts, strict=False):
        assert Decimal(text) == Decimal(number)
        assert "E" not in text.upper()
    assert [dt.datetime.fromisoformat(t) for t in texts[len(numbers) :]] == times


def test_the_same_column_twice_and_empty_rows_are_told(tmp_path):
    result = check(workbook([HEAD, ROW, [None] * 25, []]), tmp_path)
    assert ("CSV-EMPTY-ROWS", 3, None) in rules(result)


def test_other_sheets_with_data_are_told(tmp_path):
    assert "XLSX-SHEETS" in [r for r, *_ in rules(check(workbook([HEAD, ROW], [("Second", [HEAD, ROW])]), tmp_path))]


def test_formulas_without_value_are_told(tmp_path):
    row = list(ROW)
    row[20] = "=1+1"
    result = check(workbook([HEAD, row]), tmp_path)
    assert "XLSX-FORMULA" in [r for r, *_ in rules(result)]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx_file, "FREE", 1_000_000)
    result = check(with_part(workbook([HEAD, ROW]), "xl/media/x.bin", bytes(20_000_000)), tmp_path)
    assert [r for r, *_ in rules(result)] == ["XLSX-LIMIT"]
    assert result["accepted"] == []


@pytest.mark.parametrize(
    ("part", "rule"),
    [
        (("xl/evil.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'), "XLSX-DTD"),
        (("xl/evil.xml", '<?xml version="1.0" encoding="UTF-16"?><x/>'.encode("utf-16")), "XLSX-DTD"),
        (("xl/vbaProject.bin", b"x"), "XLSX-MACRO"),
    ],
)
def test_attacks_inside_the_archive_are_refused(tmp_path, part, rule):
    result = check(with_part(workbook([HEAD, ROW]), *part), tmp_path)
    assert ([r for r, *_ in rules(result)], result["verdict"]) == ([rule], "reject")


def test_a_doctype_across_two_pieces_is_seen():
    data = with_part(workbook([HEAD]), "xl/evil.xml", b" " * 262_140 + b"<!DOCTYPE x>")
    with pytest.raises(Refused, match="XLSX-DTD"):
        inspect(data)


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_part_packed_as_no_spreadsheet_program_does_it_is_refused(tmp_path, packed):
    plain, data = workbook([HEAD, ROW]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as parts, zipfile.ZipFile(data, "w", packed) as archive:
        for name in parts.namelist():
            archive.writestr(name, parts.read(name))
    result = check(data.getvalue(), tmp_path)
    assert [r for r, *_ in rules(result)] == ["XLSX-DAMAGED"]


@pytest.mark.parametrize("cut", [200, 1000, 3000])
def test_a_cut_workbook_is_refused_not_read_in_part(tmp_path, cut):
    result = check(workbook([HEAD, ROW])[:-cut], tmp_path)
    assert (result["verdict"], result["accepted"]) == ("reject", [])
    assert [r for r, *_ in rules(result)] == ["XLSX-DAMAGED"]


def test_other_archives_stay_held(tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("manifest.csv", "a,b\n1,2\n")
    assert check(data.getvalue(), tmp_path, "m.zip")["verdict"] == "quarantine"


def test_what_names_something_is_read_as_excel_shows_it(tmp_path):
    formats = {
        "tracking_number": '"GW"0000000', "house_bill": "000000", "consignee_zip": "00000", "hts": r"0000\.00\.0000", "arrival_port": "0000",
    }  # fmt: skip
    values = {"tracking_number": 12, "house_bill": 77, "consignee_zip": 2116, "hts": 409100012, "arrival_port": 417}
    result = check(formatted(formats, **values), tmp_path)
    (shipment,) = result["messages"][0]["shipments"]
    assert (shipment["shipment_tracking_number"], shipment["house_bill_number"]) == ("GW0000012", "000077")
    assert shipment["final_deliver_to_party"]["postal_code"] == "02116"
    assert shipment["items"][0]["hts_number"] == "0409100012"
    assert "0417" in shipment.values()
    assert rules(result) == []
    for code in ("00000-0000", "[<=99999]00000;00000-0000"):
        result = check(formatted({"consignee_zip": code}, consignee_zip=21160042), tmp_path)
        assert result["messages"][0]["shipments"][0]["final_deliver_to_party"]["postal_code"] == "02116-0042"


def test_amounts_and_weights_are_read_as_stored_and_a_contradiction_is_told(tmp_path):
    fine = {"item_value": '"$"#,##0.00', "weight": '0.000" kg"', "quantity": "000"}
    result = check(formatted(fine), tmp_path)
    item = result["messages"][0]["shipments"][0]["items"][0]
    assert (item["total_value"]["amount"], item["quantity"]) == ("24.90", "2")
    assert [r for r, _, _ in rules(result)] == ["Q-ZIP-PADDED"]
    for column, code, words in (
        ("item_value", '#,##0.00 "€"', 'Excel shows "24.90 €", and the currency of the row is USD'),
        ("item_value", "[$CAD] 0.00", 'Excel shows "CAD 24.90", and the currency of the row is USD'),
        ("item_value", "0.00%", 'Excel shows "2490.00%", and the cell holds 24.9'),
        ("item_value", "0.000,", 'Excel shows "0.025", and the cell holds 24.9'),
        ("weight", '0.00" lb"', 'Excel shows "0.45 lb", and the unit of the row is KG'),
    ):
        result = check(formatted({column: code}), tmp_path)
        (finding,) = (f for f in result["findings"] if f["rule"] == "XLSX-SHOWN")
        assert finding["message"].startswith(words), finding
        assert (finding["row"], finding["column"], result["accepted"]) == (2, column, [])
    for currency, code in (("€", '0.00 "€"'), ("CAD", '"$"0.00'), ("cny", "[$¥-804]0.00"), ("US$", "[$$-409]0.00")):
        assert "XLSX-SHOWN" not in {
            r for r, _, _ in rules(check(formatted({"item_value": code}, currency=currency), tmp_path))
        }


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ('[<100]"GW"0.0;0', -0.5, "-GW0.5"),
        ('"GW"00', -1, "-GW01"),
        ('"GW"00;"HB"00', -1, "HB01"),
        ('"GW"00;"HB"00;"NO"0', 0, "NO0"),
    ],
)
def test_a_negative_number_is_shown_with_its_sign_unless_its_section_has_none(code: str, value: float, text: str):
    found = shown(code, value)
    assert found is not None
    assert found.text == text


@pytest.mark.parametrize("column", ["consignee_address1", "consignee_name", "house_bill", "item_description", "hts"])
def test_a_text_that_became_a_date_is_refused_in_any_column(tmp_path, column):
    result = check(formatted({}, **{column: dt.date(2025, 5, 9)}), tmp_path)
    assert ("CSV-EXCEL-TEXT", 2, column) in rules(result)
    assert result["accepted"] == []


def test_dates_are_read_whatever_their_format(tmp_path):
    for code in ("dd.mm.yyyy", "mmm d, yy", "[$-407]d. mmmm yyyy;@", "yyyy/mm/dd hh:mm"):
        result = check(formatted({"arrival_date": code}, arrival_date=dt.date(2025, 3, 4)), tmp_path)
        assert result["messages"][0]["shipments"][0]["estimated_arrival_at"] == "2025-03-04T20:00:00Z", code


def test_no_number_format_stops_the_reading():
    r = random.Random(7)
    for _ in range(3000):
        code = "".join(r.choice('0#?.,;%"\\[]<>=$-€ @EGdmyh/_*x') for _ in range(r.randrange(1, 25)))
        for value in (0, 7, -12.5, 2116, 99999999999999.5):
            xlsx_file.shown_of(code, value)
    assert xlsx_file.shown_of("00." + "0" * 250, 12.5) is None


@pytest.mark.parametrize("code", [";;;", '""', ";;;@", '"";"";"";""'])
def test_a_cell_that_excel_hides_is_read_and_nothing_is_said(tmp_path, code):
    result = check(
        formatted({"item_value": code, "consignee_zip": code, "weight": code}, consignee_zip=12207), tmp_path
    )
    plain = check(formatted({}, consignee_zip=12207), tmp_path)
    assert result["accepted"] == ["GWX1"] and rules(result) == rules(plain)
    one, other = (r["messages"][0]["shipments"][0] for r in (result, plain))
    assert (one["fair_retail_value_usd"], one["gross_weight_kg"]) == (other["fair_retail_value_usd"], "0.450")
    assert one["final_deliver_to_party"] == other["final_deliver_to_party"]


@pytest.mark.parametrize("clock", [dt.time(21, 30), dt.timedelta(hours=21, minutes=30), "21:30", 0.8958333333333334])
def test_the_time_of_arrival_is_a_time_cell_a_part_of_a_day_or_a_text(tmp_path, clock):
    result = check(workbook([[*HEAD, "Arrival Time"], [*ROW, clock]]), tmp_path)
    assert result["accepted"] == ["GWX1"], rules(result)
    assert result["messages"][0]["shipments"][0]["estimated_arrival_at"] == "2025-03-05T05:30:00Z"
