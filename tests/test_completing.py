"""Constants and enrichment files: looked at when they are loaded, with the types of the canonical model."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.completing import constants_of, rates_of
from gateway.enrichment import enrichment_of
from gateway.errors import ConfigError
from gateway.findings import Finding
from gateway.mapping.enrich import enrich
from gateway.mapping.folder import MappingSet
from gateway.mapping.table import COLUMNS
from gateway.results import ShipmentResult
from gateway.site import base_mappings
from tests.drops import SAMPLES_NOW, drop, profile_for, sample
from tests.test_nothing_silent import BEFORE


def constants(**given: Any) -> dict[str, Any]:
    return constants_of("acme.toml", given)


def test_constants_become_values_of_a_draft() -> None:
    made = constants(
        known_carrier_customer_flag=True,
        gross_weight_kg=0.5,
        package_count=3,
        seller={"name": "A", "identifiers": [{"type": "duns", "value": "123456789"}]},
        total_value={"amount": "24.9", "currency": "USD"},
        fair_retail_value_usd="24.999",
        estimated_arrival_at="2025-03-02T10:00:00+01:00",
    )
    assert made == {
        "known_carrier_customer_flag": True,
        "gross_weight_kg": "0.5",
        "package_count": 3,
        "seller": {"name": "A", "identifiers": [{"type": "duns", "value": "123456789"}]},
        "total_value": {"amount": "24.90", "currency": "USD"},
        "fair_retail_value_usd": "25.00",
        "estimated_arrival_at": "2025-03-02T09:00:00Z",
    }


@pytest.mark.parametrize(
    ("given", "said", "mend"),
    [
        ({"nonsense": 1}, "constants.nonsense is no field of a shipment", "schema.json"),
        ({"sellr": {}}, "constants.sellr is no field", "Did you mean seller?"),
        ({"seller": {"nam": "A"}}, "constants.seller.nam is no field of a party", "Did you mean name?"),
        ({"seller": "A"}, "constants.seller has parts", "[constants.seller]"),
        ({"items": []}, "constants.items is a list", "at least one"),
        ({"package_count": 0}, "constants.package_count", "whole number from 1"),
        ({"package_count": True}, "constants.package_count", "whole number from 1"),
        ({"gross_weight_kg": "1e3"}, "constants.gross_weight_kg", "12.50"),
        ({"gross_weight_kg": -1}, "constants.gross_weight_kg", "12.50"),
        ({"unsold_merchandise": "yes"}, "constants.unsold_merchandise", "true or false"),
        ({"mode_of_transportation": "lorry"}, "constants.mode_of_transportation", "air, truck"),
        ({"country_of_shipment": "ZZ"}, "constants.country_of_shipment", "ISO 3166-1"),
        ({"country_of_shipment": "usa"}, "constants.country_of_shipment", "US"),
        ({"estimated_arrival_at": "2025-03-02T10:00:00"}, "constants.estimated_arrival_at", "with its zone"),
        ({"estimated_arrival_at": "0001-01-01T00:00:00+14:00"}, "constants.estimated_arrival_at", "with its zone"),
        ({"fx_date": "2.3.2025"}, "constants.fx_date", "2025-03-02"),
        ({"carrier_code": "TOOLONG"}, "constants.carrier_code", "1 to 4 characters"),
    ],
)
def test_a_constant_that_cannot_be_is_refused_at_the_start(given: dict[str, Any], said: str, mend: str) -> None:
    with pytest.raises(ConfigError, match=r"acme\.toml") as caught:
        constants(**given)
    assert said in caught.value.message
    assert mend in caught.value.advice


def joined(tmp_path: Path, text: str | bytes, on: str = "house_bill_number") -> Any:
    path = tmp_path / "rows.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return enrichment_of("acme.toml", path, on)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_row_is_found_by_its_key_and_has_the_types_of_the_model(tmp_path: Path, delimiter: str) -> None:
    text = "\ufeffhouse_bill_number,package_count,total_value.amount,total_value.currency,unsold_merchandise\r\nH1, 3 ,24.9,USD,TRUE\r\n,,,,\r\nH2,,,,\r\nH1, 3 ,24.9,USD,TRUE\r\n"
    find = joined(tmp_path, text.replace(",", delimiter))
    value = {"amount": "24.90", "currency": "USD"}
    assert find({"house_bill_number": "H1"}) == {"package_count": 3, "total_value": value, "unsold_merchandise": True}
    assert find({"house_bill_number": "H2"}) == {}
    assert find({"house_bill_number": "H3"}) is None
    assert find({}) is None


@pytest.mark.parametrize(
    ("text", "said", "mend"),
    [
        ("", 'line 1: no column is called "house_bill_number" (found: nothing)', "first line"),
        ("bill,seller.name\nH1,A\n", "found: bill, seller.name", "first line"),
        ("house_bill_number,securty\nH1,A\n", 'line 1: column "securty" is no field', "security_scan"),
        ("house_bill_number,seller.nam\nH1,A\n", "seller.nam", "Did you mean seller.name?"),
        ("house_bill_number,seller.x.y\nH1,A\n", "seller.x.y", "seller has: name, "),
        ("house_bill_number,seller\nH1,A\n", "column seller has parts", "seller.name"),
        ("house_bill_number,references\nH1,A\n", "column references has parts", "A list"),
        ("house_bill_number,items\nH1,A\n", "column items has parts", "items.line_number"),
        (
            "house_bill_number,items.hts_numbr\nH1,A\n",
            'column "items.hts_numbr" is no field',
            "Did you mean items.hts_number?",
        ),
        ("house_bill_number,items.country_of_origin\nH1,EU\n", "line 2: items.country_of_origin", "ISO 3166-1"),
        (
            "house_bill_number,items.hts_number\nH1,610910\nH1,6912\n",
            "line 3: house_bill_number stands in line 2",
            "own items.line_number",
        ),
        (
            "house_bill_number,items.line_number,items.hts_number\nH1,1,610910\nH1,1,6912\n",
            "line 3: house_bill_number",
            "own items.line_number",
        ),
        (
            "house_bill_number,items.line_number,items.hts_number,package_count\nH1,1,610910,1\nH1,2,6912,2\n",
            "line 3: house_bill_number",
            "goods lines only",
        ),
        ("master_bill_number,seller.name\n999-12345675,A\n99912345675,B\n", "line 3: master_bill_number", "one of"),
        ("house_bill_number,seller.name,seller.name\nH1,A,B\n", "two columns are called seller.name", "one of them"),
        ("house_bill_number,seller.country_code\nH1,EU\n", "line 2: seller.country_code", "ISO 3166-1"),
        ("house_bill_number,package_count\nH1,2\nH2,x\n", "line 3: package_count", "whole number"),
        ("house_bill_number,seller.name\nH1,A\nH1,B\n", "line 3: house_bill_number stands in line 2 too", "one of"),
        ("house_bill_number,seller.name\n,A\n", "line 2: house_bill_number is empty", "needs one"),
        ("house_bill_number,seller.name\nH1,A,B\n", "line 2: cell 3 stands under no column name", "Name the column"),
        ("house_bill_number,seller.name,\nH1,A,B\n", "line 2: cell 3 stands under no column name", "Name the column"),
        (b"house_bill_number,seller.name\nH1,Stra\xdfe\n", "is not in UTF-8", "CSV UTF-8"),
        (
            "house_bill_number,seller.name\nH1," + 200_000 * "x" + "\n",
            "line 2: the file is not CSV: field larger",
            "CSV",
        ),
        (
            'house_bill_number,seller.name\nH1,"A\nH2,B\nH3,C\n',
            "line 2: a cell of this row has quotes that nothing closes",
            "Mend",
        ),
        (
            'house_bill_number,seller.name\nH1,A\nH2,"B" and C\n',
            "line 3: a quoted cell of this row has text behind",
            "Mend",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_line_and_mend(
    tmp_path: Path, text: str | bytes, said: str, mend: str
) -> None:
    with pytest.raises(ConfigError, match=r"rows\.csv") as caught:
        joined(tmp_path, text, on="master_bill_number" if str(text).startswith("master") else "house_bill_number")
    assert said in caught.value.message
    assert mend in caught.value.advice


def test_values_are_not_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        joined(tmp_path, "house_bill_number,seller.name\nH1,JORDAN\x07EXAMPLE\n")
    assert "JORDAN" not in caught.value.message + caught.value.advice


def test_the_key_is_a_text_field_and_the_file_is_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no text field of a shipment") as caught:
        joined(tmp_path, "x\n", on="house_bil_number")
    assert "house_bill_number" in caught.value.advice
    with pytest.raises(ConfigError, match="no text field"):
        joined(tmp_path, "package_count\n3\n", on="package_count")
    for name in ("gone.csv", 300 * "a"):
        with pytest.raises(ConfigError, match="cannot be read"):
            enrichment_of("acme.toml", tmp_path / name, "house_bill_number")


def test_rates_are_usd_for_one_unit() -> None:
    given = {"CAD": "0.70", "EUR": 1.05, "VND": 0.000039, "KWD": 3}
    wanted = {"CAD": "0.70", "EUR": "1.05", "VND": "0.000039", "KWD": "3"}  # as the canonical message shows them
    made = rates_of("acme.toml", given)
    assert {currency: str(rate) for currency, rate in made.items()} == wanted


@pytest.mark.parametrize("rate", ["-1", "0", 0, -0.5, "nan", float("nan"), float("inf"), "1e5", "0,70", True, ""])
def test_what_is_no_rate_is_refused(rate: Any) -> None:
    with pytest.raises(ConfigError, match=r"acme\.toml: fx_usd\.CAD is no rate"):
        rates_of("acme.toml", {"CAD": rate})
    with pytest.raises(ConfigError, match='"cad" is no currency'):
        rates_of("acme.toml", {"cad": 1})


def test_what_the_enrichment_knows_is_not_changed_by_the_shipments_that_took_it(tmp_path: Path) -> None:
    """A draft is completed in place: the key of the person, the currency. What other shipments read must not change with it."""
    columns = ("name", "address_line_1", "city", "state_province", "postal_code", "country_code")
    buyer = ("RILEY PLACEHOLDER", "3310 LAKEVIEW DR", "ERIE", "PA", "16501", "US")
    head = ",".join(("conveyance_reference", *(f"final_deliver_to_party.{name}" for name in columns)))
    (tmp_path / "e.csv").write_text(f"{head}\n{','.join(('NRTX25A01', *buyer))}\n", "utf-8")
    data = sample("x12/01")
    profile = profile_for(data, enrich=enrichment_of("acme.toml", tmp_path / "e.csv", "conveyance_reference"))
    first, second = data.split(b"LX*2~")
    without = (
        re.sub(rb"N1\*CN\*JORDAN.*?(?=VID)", b"", first, flags=re.S) + b"LX*2~" + second.replace(b"SE*28", b"SE*25")
    )
    results = [drop(without, profile=profile, now=SAMPLES_NOW) for _ in range(2)]
    for (
        result
    ) in results:  # the first bill lacks the consignee that the second one names, in the very words of the file
        assert "MAP-ENRICH-CONFLICT" not in result.rules()
        parties = [one["final_deliver_to_party"] for m in result.messages() for one in m["shipments"]]
        assert parties[0] == parties[1]
    assert results[0].messages() == results[1].messages()


def test_parts_of_a_value_of_the_header_belong_to_each_shipment(tmp_path: Path) -> None:
    """A bill without values of its own gets the partner's currency for that of the header; its neighbour must not get it from there."""
    columns = ",".join(COLUMNS)
    (tmp_path / "x12_309_truck.csv").write_text(f"{columns}\nmessage,total_value.amount,/M10.05,,,,,,,,\n", "utf-8")
    tables = MappingSet(base_mappings(), (tmp_path,))
    data = sample("x12/01").replace(b"CA***NRTX25A01", b"CA**18*NRTX25A01")
    profile = profile_for(
        data, tables=tables, programs=tables.program, default_currency="CAD", fx_usd={"CAD": Decimal("0.7")}
    )
    first, second = data.split(b"LX*2~")
    no_value = re.sub(rb"(610910|392690)\*[0-9]+\*", rb"\1**", first)
    behind, alone = (drop(one + b"LX*2~" + second, profile=profile, now=SAMPLES_NOW) for one in (no_value, first))
    bills = [
        {
            r.id: (r.verdict, [(f.rule, f.message) for f in r.findings])
            for r in one.outcome.records
            if isinstance(r, ShipmentResult)
        }
        for one in (behind, alone)
    ]
    assert bills[0]["00450001"] != bills[1]["00450001"]
    assert bills[0]["00450002"] == bills[1]["00450002"]


def test_orders_get_their_parcel_numbers_by_the_order_number(tmp_path: Path) -> None:
    head = "order_number,consignee_name,consignee_address1,consignee_city,consignee_state,consignee_zip,consignee_country,shipper_name,shipper_address1,shipper_city,shipper_country,item_description,origin,item_value,currency,mode,weight_kg"
    rows = [f"{n},Anna M,12 Oak St,Boston,MA,02116,US,S Co,1 A,Hamburg,DE,Shirt,DE,10,USD,air,0.5" for n in ("A-1", "A-2")]  # fmt: skip
    (tmp_path / "e.csv").write_text("order_number,shipment_tracking_number\nA-1,PARCEL0001\n", "utf-8")
    data = "\n".join([head, *rows, ""]).encode()
    profile = profile_for(data, enrich=enrichment_of("acme.toml", tmp_path / "e.csv", "order_number"))
    result = drop(data, profile=profile, now=SAMPLES_NOW, name="orders.csv")
    (shipment,) = result.messages()[0]["shipments"]
    assert (shipment["shipment_id"], shipment["shipment_tracking_number"]) == ("PARCEL0001", "PARCEL0001")
    assert "S321-ID-1OF" in result.rules()  # the other order
    with pytest.raises(ConfigError, match="no text field") as told:
        enrichment_of("acme.toml", tmp_path / "e.csv", "ordernumber")
    assert "order_number" in told.value.advice


def enriched(tmp_path: Path, head: str, row: str, **edits: Any) -> Any:
    (tmp_path / "e.csv").write_text(f"{head}\n{row}\n", "utf-8")
    return drop(
        edits.get("data", sample("xml/03")),
        enrich=enrichment_of("acme.toml", tmp_path / "e.csv", head.partition(",")[0]),
        now=BEFORE,
    )


def test_parts_that_the_manifest_lacks_are_joined_to_its_own_party(tmp_path: Path) -> None:
    head = "house_bill_number,final_deliver_to_party.website,final_deliver_to_party.name"
    result = enriched(tmp_path, head, "GWH0001001,https://example.org,JORDAN EXAMPLE")
    (shipment,) = result.messages()[0]["shipments"]
    party = shipment["final_deliver_to_party"]
    assert (party["website"], party["name"], party["city"]) == ("https://example.org", "JORDAN EXAMPLE", "HOLTSVILLE")
    assert "MAP-ENRICH-CONFLICT" not in result.rules()


def test_parts_of_another_party_are_not_mixed_into_the_manifest_s(tmp_path: Path) -> None:
    head = "house_bill_number,final_deliver_to_party.website,final_deliver_to_party.name"
    result = enriched(tmp_path, head, "GWH0001001,https://example.org,RILEY OTHER")
    (shipment,) = result.messages()[0]["shipments"]
    assert "website" not in shipment["final_deliver_to_party"]
    assert "MAP-ENRICH-CONFLICT" in result.rules()


def test_a_currency_that_the_manifest_lacks_is_joined_and_no_longer_told_as_missing(tmp_path: Path) -> None:
    data = sample("xml/03").replace(b' currencyID="USD">43.98', b">43.98")
    assert "S321-CUR-MISSING" in drop(data, now=BEFORE).rules()
    result = enriched(tmp_path, "house_bill_number,total_value.currency", "GWH0001001,USD", data=data)
    (shipment,) = result.messages()[0]["shipments"]
    assert shipment["total_value"] == {"amount": "43.98", "currency": "USD"}


@pytest.mark.parametrize("key", ["999-12345675", "999 12345675", "99912345675"])
def test_an_air_waybill_is_found_however_it_is_written(tmp_path: Path, key: str) -> None:
    result = enriched(tmp_path, "master_bill_number,delivery_terms", f"{key},DDP")
    assert result.messages()[0]["shipments"][0]["delivery_terms"] == "DDP"


def test_a_key_that_a_spreadsheet_rounded_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="scientific notation"):
        joined(tmp_path, "house_bill_number,delivery_terms\n9.27E+21,DDP\n")


@pytest.mark.parametrize(
    ("asked", "row"),
    [
        ("GWH0001001", "A"), ("gwh-0001001", "A"), ("GWH 0001001", "A"), ("9400111202555555555555", "B"), ("9400 1112 0255 5555 5555 55", "B"),
        ("GW-005", "C"), ("gw 005", "D"), ("GW005", None), ("1001-1", "E"), ("10011", None), ("GWH/0001001", None), ("", None),
    ],
)  # fmt: skip
def test_a_row_is_found_as_it_is_written_else_by_the_bare_number(tmp_path: Path, asked: str, row: str | None) -> None:
    rows = "GWH0001001,A\n9400 1112 0255 5555 5555 55,B\nGW-005,C\ngw 005,D\n1001-1,E\n"
    find = joined(tmp_path, "house_bill_number,seller.name\n" + rows)
    found = find({"house_bill_number": asked})
    assert (found and found["seller"]["name"]) == row, (
        "two rows of one number answer to nothing else than what they say"
    )


HOUSE_LIST = "xml/05"


def test_the_goods_line_of_a_house_list_is_completed(tmp_path: Path) -> None:
    """A house manifest names no origin: the forwarder's file does, and nothing is told of it any more."""
    head = "house_bill_number,items.country_of_origin,items.hts_number,items.total_value.amount,items.total_value.currency,final_deliver_to_party.name,final_deliver_to_party.address_line_1,final_deliver_to_party.city,final_deliver_to_party.state_province,final_deliver_to_party.postal_code,final_deliver_to_party.country_code,shipment_initiator.name,shipment_initiator.address_line_1,shipment_initiator.city,shipment_initiator.country_code"
    row = "GWH0001001,PT,610910,20.00,USD,ADA EXAMPLE,1 A ST,TAMPA,FL,33601,US,S CO,1 B RD,PORTO,PT"
    result = enriched(tmp_path, head, row, data=sample(HOUSE_LIST))
    first = next(r for r in result.outcome.records if isinstance(r, ShipmentResult) and r.id == "GWH0001001")
    assert first.verdict == "accepted"
    assert not {"S321-ORIG-REQ", "MAP-ENRICH-LINE"} & {f.rule for f in first.findings}
    ((line,),) = [one["items"] for m in result.messages() for one in m["shipments"]]
    assert (line["country_of_origin"], line["hts_number"]) == ("PT", "610910")
    assert line["total_value"] == {"amount": "20.00", "currency": "USD"}
    assert line["enhanced_product_description"] == "MENS KNITTED COTTON T-SHIRTS"


def taken(draft: dict[str, Any], *lines: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Finding]]:
    findings: list[Finding] = []
    enrich(draft, {"items": list(lines)}, findings)
    return draft["items"], findings


def test_goods_lines_are_found_by_their_numbers() -> None:
    mine = [{"line_number": 1, "hts_number": "610910"}, {"line_number": 2}]
    known = [{"line_number": 2, "hts_number": "691200"}, {"line_number": 1, "hts_number": "6912", "material": "wool"}, {"line_number": 3, "material": "x"}]  # fmt: skip
    lines, told = taken({"items": mine}, *known)
    assert lines == [{"line_number": 1, "hts_number": "610910", "material": "wool"}, {"line_number": 2, "hts_number": "691200"}]  # fmt: skip
    assert [(f.rule, f.pointer) for f in told] == [
        ("MAP-ENRICH-CONFLICT", "/items/0/hts_number"),
        ("MAP-ENRICH-LINE", "/items"),
    ]
    assert known[1] == {"line_number": 1, "hts_number": "6912", "material": "wool"}


def test_a_line_without_a_number_is_that_of_a_shipment_with_one_line() -> None:
    assert taken({"items": [{"line_number": 7}]}, {"material": "wool"}) == ([{"line_number": 7, "material": "wool"}], [])  # fmt: skip
    lines, told = taken({"items": [{"line_number": 1}, {"line_number": 2}]}, {"material": "wool"})
    assert lines == [{"line_number": 1}, {"line_number": 2}]
    assert [f.rule for f in told] == ["MAP-ENRICH-LINE"]
    assert "which of them" in told[0].message


def test_lines_that_the_manifest_lacks_are_those_of_the_file() -> None:
    known = {"material": "wool", "total_value": {"amount": "1.00", "currency": "USD"}}
    lines, told = taken({}, known)
    assert (lines, told) == ([{"line_number": 1, **known}], [])
    lines[0]["total_value"]["amount"] = "2.00"
    assert known["total_value"] == {"amount": "1.00", "currency": "USD"}


def test_rows_of_a_shipment_are_its_goods_lines(tmp_path: Path) -> None:
    head = "house_bill_number,package_count,items.line_number,items.material\n"
    find = joined(tmp_path, head + "H1,2,1,wool\nH2,1,,silk\nH1,2,2,silk\nH1,2,1,wool\nH3,1,1,\n")
    assert find({"house_bill_number": "H1"}) == {
        "package_count": 2,
        "items": [{"line_number": 1, "material": "wool"}, {"line_number": 2, "material": "silk"}],
    }
    assert find({"house_bill_number": "H2"}) == {"package_count": 1, "items": [{"material": "silk"}]}
    assert find({"house_bill_number": "H3"}) == {"package_count": 1}
