"""What spreadsheets do to cells: mended where certain, told always."""

from __future__ import annotations

import pytest

from gateway.formats.tabular.cells import Mender
from gateway.formats.tabular.dates import read_date
from gateway.formats.tabular.layout import Header, Options

COLUMNS = ["house_bill", "consignee_name", "consignee_address1", "consignee_zip", "consignee_phone", "hts", "item_value", "currency", "arrival_date", "sku", "arrival_port"]  # fmt: skip


def mend(column: str, value: str, **options) -> tuple[str, list[str]]:
    cells = [""] * len(COLUMNS)
    index = COLUMNS.index(column)
    cells[index] = value
    rules: list[str] = []
    Mender(Header(list(COLUMNS), Options(**options)), Options(**options)).mend(
        cells, lambda rule, severity, cell, said: rules.append(f"{rule}:{severity}:{cell == index}"), careful=True
    )
    return cells[index], rules


@pytest.mark.parametrize(
    ("column", "value", "mended", "said"),
    [
        ("house_bill", "'GW1", "GW1", ["CSV-TEXT-PREFIX:warning:True"]),
        ("consignee_zip", "'00501", "00501", ["CSV-TEXT-PREFIX:warning:True"]),
        ("house_bill", '="00501"', "00501", ["CSV-TEXT-GUARD:warning:True"]),
        ("house_bill", "1E+05", "1E+05", ["ID-SCIENTIFIC:error:True"]),
        ("hts", "6.1091E+09", "6.1091E+09", ["ID-SCIENTIFIC:error:True"]),
        ("consignee_phone", "1.63156E+10", "", ["CSV-PHONE-LOST:warning:True"]),
        ("item_value", "#N/A", "#N/A", ["CSV-EXCEL-ERROR:error:True"]),
        ("arrival_date", "########", "########", ["CSV-EXCEL-ERROR:error:True"]),
        ("consignee_address1", "9-May", "9-May", ["CSV-EXCEL-TEXT:error:True"]),
        ("consignee_address1", "09. Mai", "09. Mai", ["CSV-EXCEL-TEXT:error:True"]),
        ("consignee_address1", "09-sept", "09-sept", ["CSV-EXCEL-TEXT:error:True"]),
        ("consignee_address1", "5月9日", "5月9日", ["CSV-EXCEL-TEXT:error:True"]),
        ("consignee_address1", "9. Mai Str. 4", "9. Mai Str. 4", []),
        ("consignee_address1", "2025-05-09", "2025-05-09", ["CSV-EXCEL-TEXT:error:True"]),
        ("consignee_name", "09.05.2025", "09.05.2025", ["CSV-EXCEL-TEXT:error:True"]),
        ("consignee_address1", "5/9/2025", "5/9/2025", ["CSV-EXCEL-TEXT:error:True"]),
        ("consignee_address1", "5/9 MAIN", "5/9 MAIN", []),
        ("house_bill", "9-May", "9-May", ["CSV-EXCEL-TEXT:error:True"]),
        ("house_bill", "Mai 10", "Mai 10", ["CSV-EXCEL-TEXT:error:True"]),
        ("house_bill", "12345.0", "12345.0", ["CSV-EXCEL-WORD:warning:True"]),
        ("house_bill", "12345.5", "12345.5", ["CSV-EXCEL-WORD:warning:True"]),
        ("house_bill", "1234567890123.0", "1234567890123.0", ["CSV-EXCEL-WORD:warning:True"]),
        ("house_bill", "12345,5", "12345,5", ["CSV-EXCEL-WORD:warning:True"]),
        ("house_bill", "TRUE", "TRUE", ["CSV-EXCEL-WORD:warning:True"]),
        ("house_bill", " Falsch ", " Falsch ", ["CSV-EXCEL-WORD:warning:True"]),
        ("house_bill", "false", "false", ["CSV-EXCEL-WORD:warning:True"]),
        ("house_bill", "1.2.3", "1.2.3", []),
        ("house_bill", "A1.5", "A1.5", []),
        ("house_bill", "GWH-MAY-10", "GWH-MAY-10", []),
        ("house_bill", "GWH 1.0", "GWH 1.0", []),
        ("sku", "9-May", "9-May", ["CSV-EXCEL-WORD:warning:True"]),
        ("sku", "TRUE", "TRUE", ["CSV-EXCEL-WORD:warning:True"]),
        ("sku", "100.5", "100.5", []),  # product numbers have any form
        ("item_value", "#WERT!", "#WERT!", ["CSV-EXCEL-ERROR:error:True"]),
        ("consignee_name", "TRUE", "TRUE", ["CSV-EXCEL-WORD:warning:True"]),
        ("consignee_name", "MAR10", "MAR10", ["CSV-EXCEL-WORD:warning:True"]),
        ("consignee_name", "=1+1", "=1+1", ["CSV-FORMULA:warning:True"]),
        ("consignee_name", "-PAT", "-PAT", ["CSV-FORMULA:warning:True"]),
        ("consignee_phone", "+1 555 010", "+1 555 010", []),
        ("consignee_name", "'s Hertogh", "'s Hertogh", []),
        ("consignee_name", "A\0B", "A B", ["CSV-NUL:error:True"]),
        ("consignee_name", "A\x07B", "A B", ["CSV-CONTROL:warning:True"]),
        ("consignee_name", "JOS\ufffd", "JOS\ufffd", ["CSV-ENCODING:error:True"]),
        ("item_value", "$31.98 ", "31.98", ["CSV-NUMBER-FORM:warning:True"]),
        ("item_value", "1,018.20", "1018.20", ["CSV-NUMBER-FORM:warning:True"]),
        ("item_value", "1.019,50", "1019.50", ["CSV-NUMBER-FORM:warning:True"]),
        ("item_value", "(5.00)", "-5.00", ["CSV-NUMBER-FORM:warning:True"]),
        ("item_value", "0,450", "0.450", ["CSV-NUMBER-FORM:warning:True"]),
        ("item_value", "1,018", "1,018", []),  # thousand or decimal: not certain, the mapping refuses it
        ("arrival_port", "901", "0901", ["CSV-PORT-PADDED:warning:True"]),
        ("arrival_port", "0901", "0901", []),
        ("arrival_port", "JFK", "JFK", []),
        ("currency", "€", "EUR", ["CSV-CURRENCY-SYMBOL:warning:True"]),
        ("arrival_date", "45717", "2025-03-01", ["CSV-EXCEL-DATE:warning:True"]),
        ("arrival_date", "3/1/2025", "2025-03-01", ["CSV-DATE-AMBIGUOUS:warning:True"]),
        ("arrival_date", "02/30/2025", "02/30/2025", []),
    ],
)
def test_a_cell(column, value, mended, said):
    assert mend(column, value) == (mended, said)


@pytest.mark.parametrize(
    ("amount", "named", "default", "rule"),
    [
        ("€31.98", "USD", "", "CSV-CURRENCY-OTHER"),
        ("£31.98", "EUR", "", "CSV-CURRENCY-OTHER"),
        ("$31.98", "eur", "", "CSV-CURRENCY-OTHER"),
        ("(€5.00)", "USD", "", "CSV-CURRENCY-OTHER"),
        ("€31.98", "", "USD", "CSV-CURRENCY-OTHER"),
        ("$31.98", "USD", "", "CSV-NUMBER-FORM"),
        ("$31.98", "CAD", "", "CSV-NUMBER-FORM"),
        ("€31.98", "€", "", "CSV-NUMBER-FORM"),
        ("€31.98", "EUR", "USD", "CSV-NUMBER-FORM"),
        ("€31.98", "", "", "CSV-NUMBER-FORM"),  # that no currency is named is told elsewhere
    ],
)
def test_the_sign_of_an_amount_is_that_of_its_row(amount, named, default, rule):
    rules: list[str] = []
    mender = Mender(Header(["item_value", "currency"], Options()), Options(), currency=default)
    mender.mend([amount, named], lambda rule, *_: rules.append(rule), careful=True)
    assert [r for r in rules if r != "CSV-CURRENCY-SYMBOL"] == [rule]


def test_an_amount_in_dollars_by_its_column_has_no_other_sign():
    rules: list[str] = []
    mender = Mender(Header(["item_value_usd"], Options()), Options())
    mender.mend(["€31.98"], lambda rule, *_: rules.append(rule), careful=True)
    assert rules == ["CSV-CURRENCY-OTHER"]


@pytest.mark.parametrize(
    ("value", "mended", "told"),
    [
        ("0,450", "0.450", False),
        ("1.234", "1234", True),  # thousands, as the partner file says; read as 1.234 it passed under every limit
        ("1.234.567", "1234567", True),
        ("1,234.50", "1234.50", True),  # it was read as 1.2345
        ("12.50", "12.50", True),
        ("0.450", "0.450", True),
        ("1.19,50", "1.19,50", False),  # no number; the mapping refuses it
        ("1,2,3", "1,2,3", False),
    ],
)
def test_numbers_of_a_table_with_a_decimal_comma(value, mended, told):
    assert mend("item_value", value, decimal="comma") == (mended, ["CSV-NUMBER-FORM:warning:True"] * told)


def test_the_numbers_of_a_workbook_have_a_point_whatever_its_texts_have():
    options = Options(decimal="comma")
    header = Header(["item_value"], options)
    for given, read in (("1.234", "1.234"), ("0.45", "0.45"), ("1.019,50", "1019.50")):
        cells = [given]
        Mender(header, options, typed=True).mend(cells, lambda *said: pytest.fail(str(said)), careful=True)
        assert cells == [read]


def test_the_profile_settles_decimal_comma_and_order_of_dates():
    assert mend("item_value", "1.019,50", decimal="comma") == ("1019.50", [])
    assert mend("item_value", "24,90", decimal="comma") == ("24.90", [])
    assert mend("arrival_date", "1/3/2025", date_order="dmy") == ("2025-03-01", [])


@pytest.mark.parametrize(
    ("text", "read"),
    [("1.250", "1250"), ("24.90", "24.90"), ("0.450", "0.450"), ("-1.250.000", "-1250000"), ("12.3456", "12.3456")],
)
def test_a_point_where_a_comma_is_agreed_is_told(text, read):
    assert mend("item_value", text, decimal="comma") == (read, ["CSV-NUMBER-FORM:warning:True"])


@pytest.mark.parametrize("text", ["1.2.3,4", "1,2,3", "1.23,4", ",", "1.,5"])
def test_what_is_no_number_with_a_comma_is_left_for_the_mapping_to_refuse(text):
    assert mend("item_value", text, decimal="comma") == (text, [])


@pytest.mark.parametrize(("text", "iso"), [("28.02.2025", "2025-02-28"), ("25/3/2025", "2025-03-25"), ("20250302", "2025-03-02"), ("2025-03-04T21:30:00-08:00", "2025-03-04T21:30:00-08:00")])  # fmt: skip
def test_dates_that_can_be_read_in_one_way(text, iso):
    assert read_date(text, "") == (iso, "", "")


@pytest.mark.parametrize(("text", "read"), [("1,250", "1250"), ("1,250,000", "1250000"), ("12,5", "12.5"), ("0,450", "0.450"), ("24.90", "24.90")])  # fmt: skip
def test_a_comma_parts_thousands_where_the_point_was_agreed(text, read):
    header = Header(["item_value"], Options())
    cells = [text]
    Mender(header, Options(decimal="point")).mend(cells, lambda *told: None, careful=False)
    assert cells == [read]
