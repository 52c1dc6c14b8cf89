"""Each rule fires for what it is about, and only for that: one change to a good shipment, one finding."""

from __future__ import annotations

import copy
import random
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from gateway.canonical.model import LEVELS, PARTY_ROLES, fields_of
from gateway.findings import Severity
from gateway.history import ShipmentClaim
from gateway.rules.folder import load_rulebook
from gateway.site import base_mappings, base_site

RULES = load_rulebook(base_mappings())
PROFILE = base_site().partners["gwsender"].profile
NOW = datetime(2025, 3, 3, 10, tzinfo=UTC)

GOOD: dict[str, Any] = {
    "house_bill_number": "GW001",
    "mode_of_transportation": "truck",
    "first_us_port": "0901",
    "estimated_arrival_at": "2025-03-04T15:00:00Z",
    "shipment_initiator": {"name": "MAPLE TOYS LTD", "address_line_1": "9 KING ST", "city": "TORONTO", "country_code": "CA"},
    "final_deliver_to_party": {
        "name": "CASEY EXAMPLE", "address_line_1": "14 MOCK LANE", "city": "BUFFALO", "state_province": "NY",
        "postal_code": "14201", "country_code": "US",
    },
    "package_count": 1,
    "package_unit": "PCS",
    "gross_weight_kg": "0.500",
    "items": [
        {
            "line_number": 1, "enhanced_product_description": "COTTON KNIT T-SHIRT MENS", "quantity": "1", "quantity_unit": "PCS",
            "total_value": {"amount": "25.00", "currency": "USD"}, "country_of_origin": "CA", "hts_number": "610910",
        }
    ],
}  # fmt: skip


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the good shipment with one value set; None removes it."""
    draft = copy.deepcopy(GOOD)
    place: Any = draft
    *parents, leaf = path.split(".")
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    if value is None:
        place.pop(leaf)
    else:
        place[leaf] = value
    return draft


def said(draft: dict[str, Any], profile: Any = PROFILE, now: datetime = NOW) -> dict[str, str]:
    """Return rule -> severity of everything the rules say of a draft."""
    purpose = draft.get("transmission_purpose", "original")
    completed = RULES.prepare(draft, profile, now)
    checked = RULES.check(draft, profile, now, purpose)
    neighbour = copy.deepcopy(GOOD)
    RULES.prepare(neighbour, profile, now)
    assert RULES.check_all([neighbour, draft, neighbour], profile, now, ["original", purpose, "original"])[1] == checked
    return {f.rule: f.severity.value for f in (*completed, *checked)}


def test_nothing_is_said_of_a_good_shipment():
    assert said(copy.deepcopy(GOOD)) == {}


ITEM, TO, FROM = "items.0.", "final_deliver_to_party.", "shipment_initiator."


CHANGES = [
    (ITEM + "total_value.amount", "800.00", {}),
    (ITEM + "total_value.amount", "800.01", {"S321-VAL-800": "error"}),
    (ITEM + "total_value.amount", "-1.00", {"S321-VAL-NEG": "error"}),
    (ITEM + "total_value.amount", "0.00", {"S321-VAL-ZERO": "error"}),
    (ITEM + "total_value", None, {"S321-VAL-MISSING": "error"}),
    (ITEM + "total_value.currency", None, {"S321-CUR-MISSING": "error"}),
    (ITEM + "total_value.currency", "CAD", {"FX-CONVERTED": "info"}),
    (ITEM + "total_value.currency", "XTS", {"S321-FX-MISSING": "error"}),
    (ITEM + "enhanced_product_description", "GIFT", {"S321-DESC-VAGUE": "error"}),
    (ITEM + "enhanced_product_description", "2 PCS GIFTS", {"S321-DESC-VAGUE": "error"}),
    (ITEM + "enhanced_product_description", "610910", {"S321-DESC-VAGUE": "error"}),
    (ITEM + "enhanced_product_description", "12-34", {"S321-DESC-VAGUE": "error"}),
    (ITEM + "enhanced_product_description", "\u68c9\u886b COTTON SHIRT", {"Q-NON-LATIN": "warning"}),
    (ITEM + "hts_number", "61091", {"S321-HTS-LEN": "error"}),
    (ITEM + "hts_number", "61091000", {}),
    (ITEM + "hts_number", "6109100012", {}),
    (ITEM + "hts_number", "22030000", {"S321-EXCL-ALCOHOL": "error"}),
    (ITEM + "hts_number", "240220", {"S321-EXCL-TOBACCO": "error"}),
    (ITEM + "country_of_origin", None, {"S321-ORIG-REQ": "warning"}),
    (TO + "name", "UNKNOWN", {"S321-NAME-FAKE": "error"}),
    (TO + "name", "X", {"S321-NAME-FAKE": "error"}),
    (FROM + "name", "SHIPPER", {"S321-NAME-FAKE": "error"}),
    (TO + "address_line_1", "P.O. BOX 12", {"Q-PO-BOX": "warning"}),
    (TO + "address_line_1", "12 BOXWOOD LANE", {}),
    (TO + "country_code", "CA", {"S321-DTP-US": "error"}),
    (TO + "country_code", "PR", {}),
    (TO + "country_code", "GU", {"S321-DTP-US": "error"}),
    (TO + "state_province", "VI", {"S321-DTP-US": "error", "S321-ADDR-ZIPST": "warning"}),
    (TO + "state_province", "CA", {"S321-ADDR-ZIPST": "warning"}),
    (TO + "city", "\u5317\u4eac", {"Q-NON-LATIN": "warning"}),
    (TO + "city", "SAN JOS\u00c9", {}),
    (TO + "name", "UNKNOWN CUSTOMER", {"S321-NAME-FAKE": "error"}),
    (TO + "name", "--", {"S321-NAME-FAKE": "error"}),
    (TO + "name", "123 45", {"S321-NAME-FAKE": "error"}),
    (TO + "name", "NA LI", {}),
    (TO + "name", "GUEST BUILDERS INC", {}),
    (FROM + "name", "7 STAR TRADING", {}),
    (TO + "address_line_1", "N/A", {"S321-ADDR-FAKE": "error"}),
    (TO + "address_line_1", ".", {"S321-ADDR-FAKE": "error"}),
    (TO + "postal_code", "00000", {"S321-ADDR-FAKE": "error"}),
    (TO + "postal_code", "00000-0000", {"S321-ADDR-FAKE": "error"}),
    (FROM + "city", "Unknown", {"S321-ADDR-FAKE": "error"}),
    (FROM + "city", "12", {"S321-ADDR-FAKE": "error"}),
    (TO + "address_line_1", "12 UNKNOWN SOLDIER RD", {}),
    (TO + "address_line_1", "12", {"S321-ADDR-FAKE": "error"}),
    (TO + "address_line_1", "12345", {"S321-ADDR-FAKE": "error"}),
    (FROM + "address_line_1", "12-3 / 4", {"S321-ADDR-FAKE": "error"}),
    (FROM + "address_line_1", "0", {"S321-ADDR-FAKE": "error"}),
    (TO + "address_line_1", "221B", {}),
    (TO + "address_line_1", "12 RTE 9", {}),
    (TO + "address_line_1", "P.O.B. 12", {"Q-PO-BOX": "warning"}),
    (TO + "address_line_1", "PO-BOX12", {"Q-PO-BOX": "warning"}),
    (TO + "address_line_1", "RR 2 BOX 12", {}),
    (TO + "address_line_1", "PSC 12 BOX 44", {}),
    (TO + "address_line_1", "9 EXPO BOXWOOD CT", {}),
    (TO + "state_province", "XX", {"S321-ADDR-STATE": "error"}),
    (TO + "email", "noreply@example.com", {"Q-EMAIL-MASK": "warning"}),
    (TO + "email", "k3x9@marketplace.amazon.com", {"Q-EMAIL-MASK": "warning"}),
    (TO + "email", "norepley@example.com", {}),
    (FROM + "country_code", "US", {"Q-SHIPPER-US": "warning"}),
    (ITEM + "country_of_origin", "US", {"Q-ORIGIN-US": "warning"}),
    (ITEM + "hts_number", "7700000000", {"S321-HTS-CHAPTER": "error"}),
    (ITEM + "hts_number", "000000", {"S321-HTS-CHAPTER": "error"}),
    (ITEM + "hts_number", "9801001010", {"S321-HTS-CHAPTER": "warning"}),
    ("shipment_tracking_number", "1Z5R89390357567127", {}),
    ("shipment_tracking_number", "1Z5R89390357567128", {"Q-TRACKING-CHK": "info"}),
    ("shipment_tracking_number", "rr 473 124 829 gb", {"Q-TRACKING-FORM": "warning"}),
    ("shipment_tracking_number", "RR-473124820-GB", {"Q-TRACKING-FORM": "warning", "S321-ID-CHK": "error"}),
    ("shipment_tracking_number", "trk 12", {}),
    ("first_us_port", "9999", {"PORT-UNKNOWN": "error"}),
    ("first_us_port", "0999", {"PORT-UNLISTED": "info"}),
    ("package_count", 0, {"S321-QTY-ZERO": "error", "Q-QTY-MISMATCH": "warning"}),
    ("package_count", 2, {"Q-QTY-MISMATCH": "warning"}),
    ("shipment_tracking_number", "RR473124829GB", {}),
    ("shipment_tracking_number", "RR473124820GB", {"S321-ID-CHK": "error"}),
    ("estimated_arrival_at", "2025-03-03T10:59:00Z", {"S321-TIME-LATE": "warning"}),
    ("estimated_arrival_at", "2025-03-03T11:00:00Z", {}),
    (ITEM + "product_link", "https://shop.example.com/p/1", {"S321-ROLE-NE": "info"}),
    ("estimated_arrival_at", "2025-09-02T15:00:00Z", {"S321-REGIME": "error"}),
]


@pytest.mark.parametrize(("path", "value", "told"), CHANGES)
def test_one_change_one_finding(path, value, told):
    assert said(changed(path, value)) == told


def is_field(path: str) -> bool:
    """True when the canonical model has a field, such as items.total_value.amount."""
    level = "shipment"
    for name in path.split("."):
        tag = fields_of(level).get(name) if level else None
        if tag is None:
            return False
        inner = tag.split(":")[-1]
        level = "party" if name in PARTY_ROLES else inner if inner in LEVELS else ""
    return True


@pytest.mark.parametrize(("path", "value", "told"), CHANGES)
def test_a_finding_names_a_field_of_the_model_and_the_goods_line_that_is_wrong(path, value, told):
    draft = changed(path, value)
    if path.startswith("items."):
        draft["items"].insert(0, copy.deepcopy(GOOD["items"][0]))
        draft["package_count"] = 2
    found = [*RULES.prepare(draft, PROFILE, NOW), *RULES.check(draft, PROFILE, NOW, "original")]
    assert {f.rule for f in found} >= told.keys()
    for finding in found:
        assert is_field(finding.target), finding
        assert is_field(".".join(p for p in finding.pointer[1:].split("/") if not p.isdigit())), finding
        if path.startswith("items.") and finding.pointer != "/items":
            assert finding.pointer.startswith("/items/1/"), finding
            assert set(re.findall(r"oods line (\d+)", finding.message)) <= {"2"}, finding


@pytest.mark.parametrize(("number", "good"), [("99912345675", True), ("99912345676", False)])
def test_the_check_digit_of_an_air_waybill_counts_by_air_only(number, good):
    draft = changed("master_bill_number", number)
    assert said(copy.deepcopy(draft)) == {}
    draft["mode_of_transportation"] = "air"
    draft["security_scan"] = {"performed": True, "result": "clear", "method": "xry"}
    assert ("S321-ID-CHK" in said(draft)) is not good


def test_the_number_of_a_parcel_is_delivered_as_others_write_it():
    draft = changed("shipment_tracking_number", "rr 473 124 829 gb")
    del draft["house_bill_number"]
    RULES.prepare(draft, PROFILE, NOW)
    assert draft["shipment_tracking_number"] == draft["shipment_id"] == "RR473124829GB"


@pytest.mark.parametrize(
    ("text", "vague"),
    [
        ("men's apparel", True), ("APPARELS", True), ("auto part", True), ("used clothing", True), ("various items", True), ("Shoes 1 pair", True),
        ("clothing x2", True), ("pair of shoes", True), ("10 PCS TOYS", True), ("freight all kinds (FAK)", True), ("STC parts", True), ("5 sets", True),
        ("brand new", True), ("to be advised", True), ("women's leather shoes", False), ("toy car", False), ("new balance running shoes, textile", False),
        ("STC SHIRTS", False), ("set top box", False), ("books", False), ("glass vase", False), ("100% cotton blanket cover", False), ("Other half mug", False),
    ],
)  # fmt: skip
def test_what_a_description_says_besides_quantity_and_plural(text, vague):
    assert ("S321-DESC-VAGUE" in said(changed(ITEM + "enhanced_product_description", text))) is vague


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Red wine", "S321-EXCL-ALCOHOL"), ("Wine, red, 750 ml", "S321-EXCL-ALCOHOL"), ("6 bottles of beer", "S321-EXCL-ALCOHOL"), ("Cognac", "S321-EXCL-ALCOHOL"),
        ("Pipe tobacco", "S321-EXCL-TOBACCO"), ("Satin dress, champagne", "Q-EXCL-WORD"), ("Glasses for wine", "Q-EXCL-WORD"), ("e-cigarette", "Q-EXCL-WORD"),
        ("Wine glass", ""), ("Champagne satin dress", ""), ("Ginger", ""), ("Cigar cutter", ""), ("Rum cake", ""), ("Cigarette case", ""), ("Nicotine gum", ""),
        # a pack or a thing at the end may be empty, and is the goods
        ("WINE BOX", "Q-EXCL-WORD"), ("WINE CASE", "Q-EXCL-WORD"), ("WINE BOTTLE", "Q-EXCL-WORD"), ("SAKE BOTTLE", "Q-EXCL-WORD"), ("BEER CAN", "Q-EXCL-WORD"),
        ("CIGAR BOX", "Q-EXCL-WORD"), ("CIGARETTE BOX", "Q-EXCL-WORD"), ("CIGARETTE FILTERS", "Q-EXCL-WORD"), ("TOBACCO PIPE", "Q-EXCL-WORD"), ("WINE BOXES", "Q-EXCL-WORD"),
        ("6 BEER CANS", "Q-EXCL-WORD"), ("WINE BOTTLE, RED", "Q-EXCL-WORD"), ("WINE BOTTLE RED", "Q-EXCL-WORD"), ("WINE BOTTLES 6 PCS", "Q-EXCL-WORD"), ("TOBACCO PIPE 50 G", "Q-EXCL-WORD"),
        # the word itself, a measure of it, packs behind a number, a pack before it
        ("BOTTLE OF WINE", "S321-EXCL-ALCOHOL"), ("BEER 6 CANS", "S321-EXCL-ALCOHOL"), ("WINE 750ML", "S321-EXCL-ALCOHOL"), ("WINE 1,5 L", "S321-EXCL-ALCOHOL"), ("WINE, BOX", "S321-EXCL-ALCOHOL"),
        ("BEER 24 X 330ML", "S321-EXCL-ALCOHOL"), ("WINE BOTTLE 750 ML", "S321-EXCL-ALCOHOL"), ("WINE CASE OF 6", "S321-EXCL-ALCOHOL"), ("WHISKY AGED 12 YEARS", "S321-EXCL-ALCOHOL"), ("WINE RED", "S321-EXCL-ALCOHOL"),
        ("CIGARETTES 10 PACKS", "S321-EXCL-TOBACCO"), ("CIGAR BOX OF 25", "S321-EXCL-TOBACCO"), ("BOX, CIGARS", "S321-EXCL-TOBACCO"), ("HAND ROLLING TOBACCO 40 G", "S321-EXCL-TOBACCO"),
        # CBP's list names cheroots, water pipe and roll-your-own tobacco, and papers and tubes for cigarettes
        ("CHEROOTS", "S321-EXCL-TOBACCO"), ("WATER PIPE TOBACCO 50 G", "S321-EXCL-TOBACCO"), ("ROLL-YOUR-OWN TOBACCO", "S321-EXCL-TOBACCO"),
        ("CIGARETTE PAPERS", "Q-EXCL-WORD"), ("CIGARETTE ROLLING PAPERS 50 PCS", "Q-EXCL-WORD"), ("CIGARETTE TUBES", "Q-EXCL-WORD"), ("WRAPPING PAPER", ""),
        # other words: not sure, also with a measure at the end
        ("HOUSE MERLOT WINE 750ML", "Q-EXCL-WORD"), ("CHAMPAGNE FLUTE 200ML", ""),
    ],
)  # fmt: skip
def test_alcohol_and_tobacco_by_words(text, told):
    draft = changed(ITEM + "enhanced_product_description", text)
    del draft["items"][0]["hts_number"]
    assert "".join(said(draft)) == told
    assert said(changed(ITEM + "enhanced_product_description", text)) == {}  # the tariff number says what it is


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("240411", "S321-EXCL-TOBACCO"), ("2404110000", "S321-EXCL-TOBACCO"), ("2403990000", "S321-EXCL-TOBACCO"), ("2207100000", "S321-EXCL-ALCOHOL"),
        ("481310", "S321-EXCL-TOBACCO"), ("4813200000", "S321-EXCL-TOBACCO"), ("4813900000", "S321-EXCL-TOBACCO"), ("481420", ""),
        ("240412", ""), ("2404120000", ""), ("2404190000", ""), ("2404910000", ""), ("2404920000", ""), ("2207200000", ""),
    ],
)  # fmt: skip
def test_nicotine_without_tobacco_and_denatured_alcohol_are_no_excluded_goods(number, told):
    assert "".join(said(changed(ITEM + "hts_number", number))) == told


@pytest.mark.parametrize(
    ("number", "text", "told"),
    [
        ("3303003000", "EAU DE PARFUM SPRAY 50 ML", {"S321-EXCL-PERFUME": "error"}), ("33030030", "TOILET WATER", {"S321-EXCL-PERFUME": "error"}),
        ("330300", "EAU DE PARFUM SPRAY 50 ML", {"Q-EXCL-WORD": "warning"}), ("3303001000", "PERFUME WITHOUT ALCOHOL", {}),
        ("", "EAU DE TOILETTE SPRAY 100ML", {"Q-EXCL-WORD": "warning"}), ("", "Perfume", {"Q-EXCL-WORD": "warning"}), ("", "MENS COLOGNE", {"Q-EXCL-WORD": "warning"}),
        ("", "PERFUME OIL", {}), ("", "SCENTED CANDLE", {}),
    ],
)  # fmt: skip
def test_perfume_with_alcohol_is_exempt_in_shipments_of_at_most_5_usd(number, text, told):
    for value, expected in (("5.01", told), ("60.00", told), ("5.00", {}), ("4.99", {}), ("60.00", told)):
        draft = changed(ITEM + "total_value.amount", value)
        draft["items"][0] |= {"enhanced_product_description": text, "hts_number": number}
        if not number:
            del draft["items"][0]["hts_number"]
        assert said(draft) == expected, value
    draft["items"][0]["total_value"]["amount"] = "4.00"
    draft["items"].append({**copy.deepcopy(GOOD["items"][0]), "line_number": 2})
    draft["package_count"] = 2
    del draft["fair_retail_value_usd"], draft["total_value"]
    assert said(draft) == told, "the value of the whole shipment counts"


@pytest.mark.parametrize(("second", "told"), [("MOCK LANE", False), ("4", True), ("", True)])
def test_a_house_number_may_stand_in_a_line_of_its_own(second, told):
    draft = changed(TO + "address_line_1", "12")
    draft["final_deliver_to_party"]["address_line_2"] = second
    assert ("S321-ADDR-FAKE" in said(draft)) is told


@pytest.mark.parametrize(
    ("zip_code", "good", "bad"),
    [
        ("88510", "TX", "NM"), ("88595-0001", "TX", "AZ"), ("56901", "DC", "MN"), ("55401", "MN", "DC"), ("87101", "NM", "TX"), ("00901", "PR", "NY"),
        ("00501", "NY", "CT"), ("06390", "NY", "PA"), ("09012", "AE", "NY"), ("34034", "AA", "FL"), ("34102", "FL", "CA"), ("96201", "AP", "CA"),
        ("96701", "HI", "CA"), ("96898", "HI", "WA"), ("42223", "TN", "OH"), ("42223", "KY", "FL"), ("88063", "TX", "CO"), ("89439", "CA", "UT"), ("97201", "OR", "TX"),
    ],
)  # fmt: skip
def test_a_zip_code_and_its_state(zip_code, good, bad):
    for state, told in ((good, set()), (bad, {"S321-ADDR-ZIPST"})):
        draft = changed(TO + "postal_code", zip_code)
        draft["final_deliver_to_party"]["state_province"] = state
        assert said(draft).keys() == told


@pytest.mark.parametrize(("zip_code", "state"), [("00802", "VI"), ("96910", "GU"), ("96950", "MP"), ("96799", "AS")])
def test_the_zip_code_of_an_island_outside_is_right_though_it_is_refused(zip_code, state):
    draft = changed(TO + "postal_code", zip_code)
    draft["final_deliver_to_party"]["state_province"] = state
    assert said(draft) == {"S321-DTP-US": "error"}


def test_a_po_box_is_where_the_post_delivers():
    draft = changed(TO + "address_line_1", "PO BOX 12")
    draft["mode_of_transportation"] = "mail"
    assert "Q-PO-BOX" not in said(draft)


def test_returned_goods_may_be_of_here():
    draft = changed(ITEM + "country_of_origin", "US")
    draft["transaction_nature"] = "return"
    assert said(draft) == {}


@pytest.mark.parametrize(
    ("program", "amount", "told"),
    [("entry_11", "2500.00", False), ("entry_11", "2500.01", True), ("acas", "2500.01", False)],
)
def test_informal_entry_ends_at_2500_dollars(program, amount, told):
    profile, draft = replace(PROFILE, program=program), changed(ITEM + "total_value.amount", amount)
    draft["items"][0]["hts_number"] = "6109100012"
    assert ("S321-VAL-2500" in said(draft, profile)) is told


def test_air_needs_a_security_scan():
    draft = changed("security_scan", {"performed": False})
    draft["mode_of_transportation"] = "air"
    assert said(draft) == {"S321-SCAN-AIR": "error"}


def test_after_the_exemption_ended_the_shipment_is_refused_by_law_and_the_limit_is_no_error():
    draft = changed("estimated_arrival_at", "2025-09-02T15:00:00Z")
    draft["items"][0]["total_value"]["amount"] = "900.00"
    now = datetime(2025, 9, 1, tzinfo=UTC)
    assert said(draft, now=now) == {"S321-REGIME": "error", "S321-VAL-800": "info"}
    assert draft["regime_verdict"] == {"rule_id": "R08", "verdict": "not_eligible", "as_of_date": "2025-09-02"}


def test_a_refusal_by_law_names_origin_day_source_and_the_entry_types_that_are_left():
    draft = changed("estimated_arrival_at", "2025-09-02T15:00:00Z")
    draft["items"].append({**copy.deepcopy(GOOD["items"][0]), "line_number": 2, "country_of_origin": "BD"})
    found = [*RULES.prepare(draft, PROFILE, NOW), *RULES.check(draft, PROFILE, NOW, "original")]
    (said,) = [f.message for f in found if f.rule == "S321-REGIME"]
    assert said.startswith("Origin BD, CA, arrival 2025-09-02: the exemption is suspended (EO 14324; ")
    assert said.endswith("; entry types 01 or 02 or 03 or 06 or 07 or 11 or 12.")


def test_after_2025_05_02_an_origin_must_be_named():
    draft = changed("items.0.country_of_origin", None)
    draft["estimated_arrival_at"] = "2025-05-03T15:00:00Z"
    assert said(draft, now=datetime(2025, 5, 2, tzinfo=UTC))["S321-ORIG-REQ"] == "error"


def test_a_cancellation_is_checked_for_its_numbers_only():
    draft = changed("items.0.enhanced_product_description", "GIFT")
    draft |= {"transmission_purpose": "cancel", "shipment_tracking_number": "RR473124820GB"}
    assert said(draft) == {"S321-ID-CHK": "error"}


def test_values_are_summed_and_converted_in_cents():
    draft = changed("items.0.total_value.currency", "CAD")
    draft["items"].append({**copy.deepcopy(draft["items"][0]), "line_number": 2})
    draft["items"][1]["total_value"] = {"amount": "24.90", "currency": "USD"}
    draft["package_count"] = 2
    assert said(draft) == {"FX-CONVERTED": "warning"}
    assert draft["fair_retail_value_usd"] == "42.40"  # 25.00 x 0.70 + 24.90
    assert draft["fx_rate"] == "0.70"


@pytest.mark.parametrize(
    ("lines", "total", "rate"),
    [
        ("CAD", "", "0.70"), ("CAD", "CAD", "0.70"), ("CAD USD", "", "0.70"), ("CAD EUR", "", None), ("CAD EUR", "CAD", None), ("CAD", "EUR", None),
        ("CAD", "USD", None), ("USD", "EUR", None), ("USD", "", None),
    ],
)  # fmt: skip
def test_the_rate_is_that_of_the_total_and_has_no_day_that_nobody_gave(lines, total, rate):
    draft = copy.deepcopy(GOOD)
    money = [{"amount": "10.00", "currency": c} for c in lines.split()]
    draft["items"] = [{**draft["items"][0], "line_number": n, "total_value": m} for n, m in enumerate(money, 1)]
    if total:
        draft["total_value"] = {"amount": "10.00", "currency": total}
    profile = replace(PROFILE, fx_usd={"CAD": Decimal("0.70"), "EUR": Decimal("1.05")})
    RULES.prepare(draft, profile, NOW)
    assert (draft.get("fx_rate"), draft.get("fx_date")) == (rate, None)
    assert "fair_retail_value_usd" in draft
    given = {**copy.deepcopy(draft), "fx_date": "2025-03-01"}
    RULES.prepare(given, profile, NOW)
    assert given["fx_date"] == "2025-03-01", "who knows it may say it"


@pytest.mark.parametrize("weight", ["0.500", None])
def test_the_unit_of_a_weight_is_not_delivered_without_one(weight):
    draft = changed("gross_weight_kg", weight) | {"weight_source_unit": "KG"}
    said(draft)
    assert ("weight_source_unit" in draft) is (weight is not None)


def test_a_value_of_the_whole_bill_has_the_currency_of_the_partner_where_it_names_none():
    draft = changed("items.0.total_value", None)
    draft["total_value"] = {"amount": "30.00"}
    assert said(copy.deepcopy(draft)) == {"S321-CUR-MISSING": "error"}
    assert said(draft, replace(PROFILE, default_currency="CAD")) == {"FX-CONVERTED": "info"}
    assert draft["total_value"] == {"amount": "30.00", "currency": "CAD"}
    assert draft["fair_retail_value_usd"] == "21.00"


@pytest.mark.parametrize(("currency", "worth"), [("USD", "25.00"), ("CAD", "17.50")])
def test_the_goods_lines_count_and_not_what_the_whole_is_said_to_be_worth(currency, worth):
    draft = changed("items.0.total_value.currency", currency)
    draft["total_value"] = {"amount": "30.00", "currency": currency}
    assert said(draft) == {"Q-VALUE-SUM": "warning", **({} if currency == "USD" else {"FX-CONVERTED": "info"})}
    assert draft["fair_retail_value_usd"] == worth
    draft["total_value"]["amount"] = "25.00"
    assert "Q-VALUE-SUM" not in said(draft)


@pytest.mark.parametrize("at", [0, 1])
def test_a_shipment_is_not_worth_what_some_of_its_goods_lines_are(at):
    draft = changed("items.0.quantity", "1")
    draft["items"].append({**copy.deepcopy(GOOD["items"][0]), "line_number": 2})
    draft["package_count"] = 2
    del draft["items"][at]["total_value"]
    found = [*RULES.prepare(draft, PROFILE, NOW), *RULES.check(draft, PROFILE, NOW, "original")]
    assert [(f.rule, f.pointer) for f in found] == [("S321-VAL-MISSING", f"/items/{at}/total_value/amount")]
    assert f"goods line {at + 1} is missing" in found[0].message
    assert not {"total_value", "fair_retail_value_usd"} & draft.keys()


@pytest.mark.parametrize(
    ("whole", "currency", "told"),
    [
        ("60.00", "USD", {}),  # the second line is worth 35.00
        ("25.00", "USD", {"S321-VAL-MISSING": "error"}),  # nothing is left for it
        ("10.00", "USD", {"S321-VAL-MISSING": "error"}),
        ("0.00", "USD", {"S321-VAL-MISSING": "error"}),
        ("10.00", "CAD", {"FX-CONVERTED": "info"}),  # not the currency of the line
    ],
)
def test_the_value_of_a_bill_stands_for_lines_without_one_when_it_is_more_than_the_others(whole, currency, told):
    draft = changed("items.0.quantity", "1")
    draft["items"].append({**copy.deepcopy(GOOD["items"][0]), "line_number": 2})
    draft["package_count"] = 2
    del draft["items"][1]["total_value"]
    draft["total_value"] = {"amount": whole, "currency": currency}
    assert said(draft) == told


@pytest.mark.parametrize(
    ("quantity", "price", "amount", "said"),
    [
        ("1", "25.00", "25.00", None),
        ("2", "25.00", "25.00", "The line total 25.00 equals the unit price, but the quantity is 2."),
        ("2", "12.50", "25.00", None),
        ("3", "8.33", "25.00", None),
        ("2", "12.00", "25.00", "The line total is 25.00, but 2 times the unit price 12.00 is 24.00."),
    ],
)
def test_a_unit_price_must_not_stand_as_the_total_of_a_line(quantity, price, amount, said):
    draft = changed("items.0.total_value.amount", amount)
    draft["items"][0] |= {"quantity": quantity, "unit_value": {"amount": price, "currency": "USD"}}
    draft.pop("package_unit")
    RULES.prepare(draft, PROFILE, NOW)
    found = [f for f in RULES.check(draft, PROFILE, NOW, "original") if f.rule == "Q-VALUE-QTY"]
    assert [f.message for f in found] == ([said] if said else [])


@pytest.mark.parametrize("quantity", ["0", "0.0", "0.00", "0.000"])
def test_a_goods_line_of_nothing_is_told(quantity):
    draft = changed("items.0.quantity", quantity)
    draft.pop("package_unit")
    assert said(draft) == {"Q-QTY-ZERO": "warning"}


def test_sums_are_exact_and_cents_are_half_up():
    r = random.Random(41)
    rates = {"USD": Decimal(1), "CAD": Decimal("0.70"), "KWD": Decimal("3.2512")}
    profile = replace(PROFILE, fx_usd=rates)
    for _ in range(200):
        currency, parts = r.choice(list(rates)), [r.randrange(1, 300_000) for _ in range(r.randrange(1, 5))]
        draft = copy.deepcopy(GOOD)
        draft["items"] = [
            {
                **GOOD["items"][0],
                "line_number": n,
                "total_value": {"amount": f"{p // 1000}.{p % 1000:03d}", "currency": currency},
            }
            for n, p in enumerate(parts, 1)
        ]
        RULES.prepare(draft, profile, NOW)
        assert Fraction(draft["total_value"]["amount"]) == Fraction(sum(parts), 1000), "no mill is lost"
        cents = int(Fraction(sum(parts), 1000) * Fraction(rates[currency]) * 100 + Fraction(1, 2))
        assert draft["fair_retail_value_usd"] == f"{cents // 100}.{cents % 100:02d}"


@pytest.mark.parametrize(
    ("amount", "above"), [("800.00", False), ("800.004", False), ("800.005", True), ("800.01", True)]
)
def test_half_a_cent_above_the_limit_is_above_it(amount, above):
    assert ("S321-VAL-800" in said(changed("items.0.total_value.amount", amount))) == above


def key_of(**party: str) -> str:
    draft = changed("final_deliver_to_party", {**GOOD["final_deliver_to_party"], **party})
    RULES.prepare(draft, PROFILE, NOW)
    return str(draft["final_deliver_to_party"]["normalised_key"])


@pytest.mark.parametrize(
    ("party", "same"),
    [
        ({"name": "Casey  Example"}, True),
        ({"name": "C\u00e1sey Example"}, True),
        ({"address_line_1": "14 Mock Ln."}, True),
        ({"address_line_1": "14 MOCK LANE C/O HUB"}, True),
        ({"postal_code": "14201-1234"}, True),
        ({"name": "CASEY EXAMPLES"}, False),
        ({"address_line_1": "15 MOCK LANE"}, False),
        ({"postal_code": "14202"}, False),
        ({"name": "C/O CASEY EXAMPLE"}, True),
        ({"name": "CASEY EXAMPLE C/O JORDAN ROE"}, True),
        ({"name": "c / o Jordan Roe"}, False),
        ({"address_line_1": "C/O ROE, 14 MOCK LANE"}, True),
        ({"address_line_1": "c/o Roe 14 Mock Ln"}, True),
        ({"address_line_1": "C/O ROE, 99 ELM ST"}, False),
        ({"address_line_1": "C/O ROE", "address_line_2": "14 MOCK LANE"}, True),
        ({"address_line_1": "C/O ROE"}, False),
        ({"address_line_1": "14 MOCK LANE #4"}, True),
        ({"address_line_1": "14 Mock Ln., # 4B"}, True),
        ({"address_line_1": "14 MOCK LANE APT #4"}, True),
        ({"address_line_1": "APT 4", "address_line_2": "14 MOCK LANE"}, True),
        ({"address_line_1": "Apt. #4B", "address_line_2": "14 MOCK LANE"}, True),
        ({"address_line_1": "UNIT B, 14 MOCK LANE"}, True),
        ({"address_line_1": "#4, 14 MOCK LANE"}, True),
        ({"address_line_1": "#14 MOCK LANE"}, True),
        ({"address_line_1": "APT 4", "address_line_2": "15 MOCK LANE"}, False),
        ({"address_line_1": "APT 4"}, False),
        ({"address_line_1": "FLAT ROCK RD", "address_line_2": "14 MOCK LANE"}, False),
        ({"address_line_1": "UNIT A FARM", "address_line_2": "14 MOCK LANE"}, False),
        ({"name": "CASEY\u200b EX\u00adAMPLE\ufeff"}, True),
        ({"name": "C\u200d"}, False),
    ],
)
def test_one_person_is_known_by_name_street_and_zip(party, same):
    assert (key_of(**party) == key_of()) is same


@pytest.mark.parametrize(
    ("field", "one", "other", "same"),
    [
        ("name", "C/O JOHN SMITH", "C/O MARY ROE", False), ("name", "C/O JOHN SMITH", "JOHN SMITH", True),
        ("address_line_1", "C/O SMITH, 12 OAK ST", "C/O ROE 99 ELM ST", False), ("address_line_1", "C/O SMITH, 12 OAK ST", "C/O ROE 12 OAK ST", True),
        ("address_line_1", "C/O SMITH", "C/O ROE", False),
        ("address_line_1", "P.O. BOX 12", "PO BOX 12", True), ("address_line_1", "POB 12", "PO BOX 12", True), ("address_line_1", "Post Office Box 12", "P. O. Box 12", True),
        ("address_line_1", "P.O.B. 12", "PO BOX12", True), ("address_line_1", "PO BOX 12", "PO BOX 13", False), ("address_line_1", "PO BOX 12", "12 BOX LANE", False),
        ("name", "\u0141UKASZ NOWAK", "lukasz nowak", True), ("name", "J\u00d8RGEN HANSEN", "Jorgen Hansen", True), ("name", "Stra\u00dfe Wei\u00df", "STRASSE WEISS", True),
        ("name", "\u00c6SA \u0152UVRE", "AESA OEUVRE", True), ("name", "\u0131brah\u0131m kaya", "IBRAHIM KAYA", True), ("name", "\u0110or\u0111e Vuk", "DORDE VUK", True),
        ("name", "\u0141UKASZ NOWAK", "\u0141UKASZ NOVAK", False), ("name", "\u738b\u5c0f\u660e", "\u674e\u5927\u540c", False),
    ],
)  # fmt: skip
def test_one_name_or_street_written_in_two_ways_is_one_person(field, one, other, same):
    assert (key_of(**{field: one}) == key_of(**{field: other})) is same


def test_the_person_of_the_day_is_the_buyer_else_the_owner_else_who_gets_the_goods():
    draft = copy.deepcopy(GOOD)
    keys = []
    for role in ("final_deliver_to_party", "owner", "buyer"):
        draft[role] = {**GOOD["final_deliver_to_party"], "name": f"THE {role.upper()}"}
        RULES.prepare(draft, PROFILE, NOW)
        keys.append(draft[role]["normalised_key"])
        assert RULES.person_days([draft], PROFILE) == [(keys[-1], "2025-03-04")]
    assert len(set(keys)) == 3


def test_nothing_of_the_person_can_be_read_from_the_key():
    assert len(key_of()) == 32
    assert set(key_of()) <= set("0123456789abcdef")
    other = copy.copy(PROFILE)
    object.__setattr__(other, "person_secret", b"another")
    draft = copy.deepcopy(GOOD)
    RULES.prepare(draft, other, NOW)
    assert draft["final_deliver_to_party"]["normalised_key"] != key_of()


@pytest.mark.parametrize(("before", "refused"), [("775.00", False), ("775.01", True), ("0", False)])
def test_one_person_one_day_800_dollars(before, refused):
    draft = copy.deepcopy(GOOD)
    RULES.prepare(draft, PROFILE, NOW)
    assert RULES.person_days([draft], PROFILE) == [(key_of(), "2025-03-04")]
    found = RULES.check_total(draft, Decimal(before), ["GW000"], PROFILE)
    assert [(f.rule, f.severity) for f in found] == ([("S321-AGG-800", Severity.ERROR)] if refused else [])
    if refused:
        assert "GW000" in found[0].message
        assert "data known to this gateway" in found[0].message


def test_a_dear_shipment_alone_is_no_sum_of_a_day():
    draft = changed("items.0.total_value.amount", "900.00")
    assert said(draft) == {"S321-VAL-800": "error"}
    assert RULES.check_total(draft, Decimal(0), [], PROFILE) == []


def test_a_duplicate_is_told_with_its_number_and_where_the_first_came_from():
    claim = ShipmentClaim("GW001", "abc", "trip GWT1, file a.edi")
    draft = {"shipment_id": "GW001"}
    same, other = (RULES.duplicate(draft, claim, content) for content in ("abc", "abd"))
    assert same.message == "Shipment GW001 was already accepted (trip GWT1, file a.edi) with the same content."
    assert other.message == "Shipment GW001 was already accepted (trip GWT1, file a.edi) with other content."
    assert (same.value, same.target, same.pointer) == ("GW001", "shipment_id", "/shipment_id")
    assert (same.severity, other.severity) == (Severity.WARNING, Severity.ERROR)
    assert (same.fix.startswith("Nothing to do"), other.fix) == (True, "")  # the catalogue's mend is for other content


def test_the_sum_is_kept_by_the_law_in_force_only():
    draft = changed("estimated_arrival_at", "2025-09-02T15:00:00Z")
    RULES.prepare(draft, PROFILE, NOW)
    assert RULES.check_total(draft, Decimal("799.00"), [], PROFILE) == []


def test_without_an_arrival_the_law_of_the_processing_day_counts_and_the_text_says_so():
    draft = changed("estimated_arrival_at", None)
    told = [*RULES.prepare(draft, PROFILE, datetime(2025, 10, 1, 12, tzinfo=UTC))]
    told += RULES.check(draft, PROFILE, datetime(2025, 10, 1, 12, tzinfo=UTC), "original")
    assert [f.rule for f in told] == ["S321-REGIME"]
    assert "processed 2025-10-01" in told[0].message
    assert said(changed("estimated_arrival_at", None)) == {}


@pytest.mark.parametrize("number", ["409100", "409100012", "40910001", "4091", "61091", "4091000"])
def test_a_tariff_number_that_lost_a_zero_is_named_as_such(number):
    found = [
        f
        for f in RULES.check(changed(ITEM + "hts_number", number), PROFILE, NOW, "original")
        if f.rule == "S321-HTS-LEN"
    ]
    hints = [f.message for f in found if f"0{number}?" in f.message and f"{number}0?" in f.message]
    assert len(hints) == (len(number) in (5, 7, 9))


@pytest.mark.parametrize(
    ("bill", "lines", "words"),
    [
        (("50.00", "XAF"), [("24.90", "USD")], "50.00 XAF and its goods lines 24.90 USD, which nobody can compare"),
        (("10.00", "USD"), [("24.90", "USD"), ("10.00", "EUR")], "worth 10.00 USD, its goods lines add up to"),
        (("35.40", "USD"), [("24.90", "USD"), ("10.00", "EUR")], ""),
        (("24.90", "USD"), [("24.90", "USD")], ""),
    ],
)
def test_a_value_of_the_bill_in_another_currency_is_told_not_added_up(bill, lines, words):
    items = [{**copy.deepcopy(GOOD["items"][0]), "total_value": {"amount": a, "currency": c}} for a, c in lines]
    draft = copy.deepcopy(GOOD) | {"items": items, "total_value": {"amount": bill[0], "currency": bill[1]}}
    draft.pop("fair_retail_value_usd", None)
    profile = replace(PROFILE, fx_usd={"EUR": Decimal("1.05")})
    found = [f.message for f in RULES.prepare(draft, profile, NOW) if f.rule == "Q-VALUE-SUM"]
    assert len(found) == bool(words) and words in "".join(found)
    usd = sum(Decimal(a) * (Decimal("1.05") if c == "EUR" else 1) for a, c in lines)
    assert Decimal(draft["fair_retail_value_usd"]) == usd
