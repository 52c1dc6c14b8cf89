"""Headers, delimiters and partner options."""

from __future__ import annotations

import pytest

from gateway.errors import ConfigError
from gateway.formats.tabular import sniff
from gateway.formats.tabular.layout import Header, Options, detect_delimiter, looks_like_header, options_of
from gateway.formats.tabular.rows import ABSENT, plain_name
from gateway.formats.tabular.vocabulary import meaning, vocabulary


def test_no_alias_stands_for_two_columns():
    seen: dict[str, str] = {}
    import csv
    from importlib.resources import files

    text = files("gateway.formats.tabular").joinpath("columns.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        for alias in {plain_name(a) for a in (row["column"], *row["aliases"].split("|"))} - {""}:
            assert seen.setdefault(alias, row["column"]) == row["column"], alias


def test_names_are_compared_without_blanks_punctuation_and_case():
    header = Header(["G.W.(KGS)", "CONSIGNEE NAME", "HAWB No."], Options())
    assert (header.index("weight_kg"), header.index("consignee_name"), header.index("house_bill")) == (0, 1, 2)
    assert header.index("weight") == ABSENT


def test_two_names_of_one_column_are_told():
    assert Header(["hawb", "House Bill"], Options()).twice == [("House Bill", 0, 1)]


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (["a,b,c", "1,2,3"], ","),
        (["a;b;c", '"x,y,z,w";2;3'], ";"),
        (["a\tb", "1\t2"], "\t"),
        (["a|b"], "|"),
        (["abc"], ""),
    ],
)
def test_the_delimiter_is_told_outside_quotes(lines, delimiter):
    assert detect_delimiter(lines) == delimiter


def test_a_row_of_values_is_no_header():
    assert looks_like_header(["hawb", "consignee", "value"])
    assert not looks_like_header(["GWH0005001", "GOLDEN SAMPLE", "value", "weight", "1", "2", "3", "4"])


@pytest.mark.parametrize(
    "options",
    [
        {"header_rwo": 4},
        {"title": "("},
        {"split": [{"pattern": "x"}]},
        {"encoding": "utf-9"},
        {"widths": [[1, 2]], "columns": []},
        {"decimal": "dot"},
    ],
)
def test_wrong_options_are_refused_at_the_start(options):
    with pytest.raises(ConfigError):
        options_of({"tabular": options})


def test_needed_columns():
    full = ["house_bill", "consignee_name", "item_description", "item_value", "currency", "weight", "weight_unit"]
    assert Header(full, Options()).missing(currency=False) == []
    assert Header(full[:4], Options()).missing(currency=False) == [("currency", True)]
    assert Header(full[:4], Options()).missing(currency=True) == [("currency", False)]
    assert Header(full[:6], Options()).missing(currency=False) == [("weight_unit", True)]
    assert Header(full[1:5], Options()).missing(currency=False) == [("house_bill", True)]


@pytest.mark.parametrize(
    ("head", "least", "most"),
    [
        (b"house_bill,consignee_name\n1,2\n", 0.9, 0.9),
        (b"1|2|3|4\n1|2|3|4\n", 0.3, 0.3),
        (b'{"a": 1}', 0.6, 0.6),
        (b"ISA*00*          *00*", 0, 0),
        (b"UNB+UNOA:1+A:ZZ+B:ZZ+250101:1200+1'UNH+1+CUSCAR:D:95B:UN'", 0, 0),
        (b"<a>1,2,3,4</a>", 0, 0),
        (b"FHL/4\r\nMBI/999-12345675HANLAX/T3K6.9\r\n", 0, 0),
        (b"plain text without anything", 0, 0),
    ],
)
def test_sniffing(head, least, most):
    assert least <= sniff(head) <= most


def test_every_kind_and_level_of_the_columns_is_known():
    kinds = {
        "id",
        "code",
        "date",
        "time",
        "name",
        "address",
        "city",
        "zip",
        "phone",
        "text",
        "number",
        "weight",
        "hts",
        "money",
    }
    assert {c.kind for c in vocabulary()[0].values()} <= kinds
    assert {c.level for c in vocabulary()[0].values()} == {"shipment", "item"}


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("Zip 邮编", "consignee_zip"), ("Tracking No.\n运单号", "tracking_number"), ("Description 英文品名", "item_description"),
        ("Sender (发件人)", "shipper_name"), ("Name 发件人城市", "shipper_city"),
        ("Consignee 发件人", ""), ("重量 KG", "weight_kg"), ("重量 磅", ""), ("单价 RMB", ""), ("Weight 毛重", "weight"), ("Weight 毛重磅", ""), ("收件人", "consignee_name"),
    ],
)  # fmt: skip
def test_a_heading_in_two_languages_is_known_where_its_halves_agree(heading, column):
    assert meaning(heading) == column


def test_an_order_export_of_many_columns_is_a_table_with_a_header():
    assert looks_like_header(["Shipping Name", "Lineitem name", "Currency", *(f"Other {n}" for n in range(40))])
    assert not looks_like_header(["Shipping Name", "Lineitem name", *(f"Other {n}" for n in range(40))])
