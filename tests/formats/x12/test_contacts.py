"""Whom to call, where the goods come from and what their packages are marked with: PER, G61, N1 and MAN."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.drops import SAMPLES_NOW, drop, sample


def _first(name: str, old: str, new: str, **changes: object) -> dict[str, Any]:
    """Return the first shipment of a sample in which a text was replaced, its SE counted anew."""
    text = sample(name).decode()
    assert old in text
    data = text.replace(old, new, 1)
    count = data[data.index("\nST*") : data.index("\nSE*")].count("~") + 1
    messages = drop(re.sub(r"\nSE\*\d+", f"\nSE*{count}", data).encode(), now=SAMPLES_NOW, **changes).messages()
    shipment: dict[str, Any] = messages[0]["shipments"][0]
    return shipment


@pytest.mark.parametrize(
    ("per", "phone"),
    [
        ("TE*6145550123", "6145550123"),
        ("CP*6145550123", "6145550123"),
        ("FX*6145550199*HP*6145550123", "6145550123"),
        ("WP*6145550177*CP*6145550123", "6145550123"),
        ("CP*6145550177*TE*6145550123", "6145550123"),
        ("FX*6145550199", None),
    ],
)
def test_any_telephone_of_a_consignee_is_passed_on(per: str, phone: str | None) -> None:
    address = "N4*COLUMBUS*OH*43004*US~\n"
    party = _first("x12/01", address, f"{address}PER*IC*PAT CONTACT*{per}~\n")["final_deliver_to_party"]
    assert (party.get("phone"), party["attention_care_of"]) == (phone, "PAT CONTACT")


def test_a_second_per_of_a_parcel_is_read_too() -> None:
    address = "N4*BUFFALO*NY*14201*US~\nN1*SE"
    more = "PER*IC*PAT CONTACT*TE*7165550123~\nPER*IC*PAT CONTACT*EM*PAT@EXAMPLE.ORG~\n"
    party = _first("x12/15", address, address.replace("N1*SE", more + "N1*SE"))["final_deliver_to_party"]
    assert (party["phone"], party["email"]) == ("7165550123", "PAT@EXAMPLE.ORG")


def test_further_names_stand_before_the_contact_person() -> None:
    address = "N1*BY*ALEX SAMPLE~\nN3*12 ELM ST APT 4~\nN4*BUFFALO*NY*14201*US~\n"
    more = address.replace("~\nN3", "~\nN2*C/O CORNER SHOP~\nN3") + "PER*IC*PAT CONTACT*CP*7165550123~\n"
    party = _first("x12/15", address, more)["final_deliver_to_party"]
    assert (party["attention_care_of"], party["phone"]) == ("C/O CORNER SHOP", "7165550123")


SELLER = "N1*SE*SUNRISE EXPORT TRADING CO~\nN3*88 HARBOUR IND RD~\nN4*SHENZHEN**518000*CN~\n"
SHIP_FROM = "N1*SF*BORDER WAREHOUSE~\nN3*1 DEPOT RD~\nN4*TIJUANA*BCN*22000*MX~\n"


@pytest.mark.parametrize("name", ["x12/01", "x12/07"])
@pytest.mark.parametrize("where", ["N1*SH", "N1*CN"])
def test_a_seller_elsewhere_is_not_where_the_goods_are_shipped(name: str, where: str) -> None:
    plain = _first(name, where, where)["country_of_shipment"]
    shipment = _first(name, where, SELLER.replace("*CN~", "*SG~") + where)
    assert shipment["shipment_initiator"]["country_code"] == "SG"
    assert shipment["country_of_shipment"] == plain != "SG"


def test_goods_of_another_shipper_come_from_where_he_ships() -> None:
    assert _first("x12/01", "N1*SH", SHIP_FROM + "N1*SH")["country_of_shipment"] == "MX"


@pytest.mark.parametrize(
    ("old", "new", "country"),
    [
        ("N4*SHENZHEN**518000*CN~\nN1*ST", "N4*TIJUANA*BCN*22000*MX~\nN1*ST", "MX"),  # SF of the shipment level
        ("N1*SE*SUN", SHIP_FROM + "N1*SE*SUN", "MX"),  # of the order
        ("N1*SF*MARKETPLACE", "N1*WH*MARKETPLACE", "CN"),  # nobody ships: the seller
    ],
)
def test_a_parcel_comes_from_where_it_is_shipped(old: str, new: str, country: str) -> None:
    assert _first("x12/15", old, new)["country_of_shipment"] == country


def test_a_bill_without_its_segment_is_told_of_both_places() -> None:
    text = sample("x12/01").decode()
    data = re.sub(r"M11\*00450001[^~]*~\n", "", text).replace("SE*28", "SE*27")
    said = {f.message for f in drop(data.encode(), now=SAMPLES_NOW).findings() if f.rule == "S321-ID-1OF"}
    assert said == {"No bill number (M11-01; an amendment alone: M13-04)."}


@pytest.mark.parametrize(
    ("man", "tracking", "others"),
    [
        ("MAN*GM*00312345678901234567~\n", "PRO778", ["00312345678901234567"]),
        ("MAN*CP*LPX0000009~\n", "LPX0000009", ["LPX0000009"]),
        ("MAN*GM*00312345678901234567**CP*LPX0000009~\n", "LPX0000009", ["00312345678901234567", "LPX0000009"]),
    ],
)
def test_the_marks_of_the_packages_of_a_bill_are_passed_on(man: str, tracking: str, others: list[str]) -> None:
    goods = "N10*1*PHONE CASE PLASTIC*1ZTRK000000001*A*392690*07*K*0.8**PCS*CN*US*USD~\n"
    text = sample("x12/01").decode().replace("N9*2I*1ZTRK000000001~", "N9*CN*PRO778~", 1)
    data = text.replace(goods, goods + man, 1).replace("SE*28", "SE*29").encode()
    shipment = drop(data, now=SAMPLES_NOW).messages()[0]["shipments"][0]
    assert shipment["shipment_tracking_number"] == tracking
    assert [r["value"] for r in shipment["references"] if r["type"] == "tracking"] == ["PRO778", *others]
