import copy

import jsonschema
import pytest

from gateway.canonical import validate
from gateway.canonical.validate import ShipmentValidator, load_schema, validate_message
from tests.canonical.samples import EXAMPLE, item, party, rich_shipment, shipment

CARRIER = ShipmentValidator("carrier")
FORWARDER = ShipmentValidator("freight_forwarder")
MARKETPLACE = ShipmentValidator("online_marketplace")
OTHER = ShipmentValidator("other")


def faults(draft, validator=CARRIER):
    return [(e.pointer, e.keyword, e.rule) for e in validator.errors(draft)]


def market_shipment(**changes):
    price = {"amount": "24.99", "currency": "USD"}
    base = shipment(
        shipment_initiator=None,
        known_carrier_customer_flag=None,
        security_scan=None,
        seller=party(),
        known_marketplace_seller_flag=True,
        marketplace={"marketplace_seller_id": "S-1"},
        items=[item(listed_price=price)],
    )
    return {name: value for name, value in (base | changes).items() if value is not None}


def test_example_of_section_6_8_is_valid():
    assert validate_message(EXAMPLE) == ()
    assert CARRIER.errors(EXAMPLE["shipments"][0]) == ()


def test_shipment_with_every_nested_object_is_valid():
    assert CARRIER.errors(rich_shipment()) == ()


def test_party_without_state_is_valid_in_gb_and_cn():
    for country in ("GB", "CN"):
        assert (
            faults(shipment(shipment_initiator=party(country_code=country, state_province=None, postal_code=None)))
            == []
        )


@pytest.mark.parametrize(
    ("country", "needed"),
    [
        ("US", "a US address needs a two-letter state or province code"),
        ("CA", "a CA address needs a two-letter state or province code"),
        ("MX", "a Mexican address needs the three-letter ISO code of its state, such as NLE"),
    ],
)
def test_state_is_required_in_us_ca_mx(country, needed):
    draft = shipment(shipment_initiator=party(country_code=country, state_province=None))
    (error,) = CARRIER.errors(draft)
    assert (error.pointer, error.rule) == ("/shipment_initiator/state_province", "S321-ADDR-STATE")
    assert error.message == f"Shipper state is missing: {needed}."


@pytest.mark.parametrize("state", ["New York", "ny", "N"])
def test_state_of_us_party_has_two_capital_letters(state):
    draft = shipment(final_deliver_to_party=party(state_province=state))
    assert faults(draft) == [("/final_deliver_to_party/state_province", "pattern", "S321-ADDR-STATE")]


@pytest.mark.parametrize(
    ("country", "state", "good"),
    [
        ("MX", "NLE", True), ("MX", "DIF", True), ("MX", "CMX", True), ("MX", "NL", False), ("MX", "DF", False), ("MX", "ABC", False),
        ("CA", "ONT", False), ("US", "NLE", False), ("CA", "ON", True), ("GB", "NLE", True),
    ],
)  # fmt: skip
def test_a_state_is_a_code_of_its_country(country, state, good):
    draft = shipment(shipment_initiator=party(country_code=country, state_province=state))
    wrong = [("/shipment_initiator/state_province", "pattern", "S321-ADDR-STATE")]
    assert faults(draft) == ([] if good else wrong)


def test_missing_zip_of_us_party_is_said_in_words():
    (error,) = CARRIER.errors(shipment(final_deliver_to_party=party(postal_code=None)))
    assert error.message == "Consignee ZIP code is missing: a US address needs a ZIP code."
    assert (error.rule, error.keyword, error.missing) == ("S321-ADDR-ZIP", "required", ("postal_code",))
    assert error.value is None


@pytest.mark.parametrize("zip_code", ["1220", "122070001", "12207-1", "ABCDE", "", "12207-0001-000000"])
def test_malformed_zip_is_one_error_with_the_zip_rule(zip_code):
    ((pointer, _, rule),) = faults(shipment(final_deliver_to_party=party(postal_code=zip_code)))
    assert (pointer, rule) == ("/final_deliver_to_party/postal_code", "S321-ADDR-ZIP")


def test_zip_plus_four_is_valid():
    assert faults(shipment(final_deliver_to_party=party(postal_code="12207-0001"))) == []


def test_one_of_three_identifiers_is_needed():
    (error,) = CARRIER.errors(shipment(house_bill_number=None, master_bill_number=None))
    assert (error.pointer, error.keyword, error.rule) == ("", "anyOf", "S321-ID-1OF")
    assert error.missing == ("shipment_tracking_number", "house_bill_number", "master_bill_number")
    assert faults(shipment(house_bill_number=None, master_bill_number=None, shipment_tracking_number="RR1")) == []


def test_security_scan_is_required_of_a_carrier_by_air_only():
    draft = shipment(security_scan=None)
    assert faults(draft) == [("/security_scan", "required", "S321-SCAN-AIR")]
    assert faults(draft | {"mode_of_transportation": "truck"}) == []
    assert faults(draft | {"mode_of_transportation": "truck"}, FORWARDER) == [
        ("/security_scan", "required", "S321-ROLE-REQ")
    ]
    assert faults(draft, OTHER) == []


def test_known_customer_flag_is_required_of_carrier_forwarder_and_broker():
    draft = shipment(known_carrier_customer_flag=None)
    wanted = [("/known_carrier_customer_flag", "required", "S321-ROLE-REQ")]
    assert [faults(draft, v) for v in (CARRIER, FORWARDER, ShipmentValidator("customs_broker"))] == [wanted] * 3
    assert faults(draft, OTHER) == []


def test_marketplace_needs_seller_flag_id_and_price():
    assert faults(market_shipment(), MARKETPLACE) == []
    assert [pointer for pointer, *_ in faults(shipment(), MARKETPLACE)] == [
        "/items/0/listed_price",
        "/known_marketplace_seller_flag",
        "/marketplace",
        "/seller",
    ]
    assert faults(market_shipment(marketplace={"name": "M"}), MARKETPLACE) == [
        ("/marketplace/marketplace_seller_id", "required", "S321-ROLE-REQ")
    ]


def test_marketplace_item_needs_picture_link_or_description():
    price = {"amount": "1.00", "currency": "USD"}
    bare = item(listed_price=price, enhanced_product_description=None)
    assert faults(market_shipment(items=[bare]), MARKETPLACE) == [("/items/0", "anyOf", "S321-ROLE-REQ")]
    assert faults(market_shipment(items=[bare | {"product_link": "https://shop.example/1"}]), MARKETPLACE) == []
    assert faults(market_shipment(items=[bare | {"product_link": "http://shop.example/1"}]), MARKETPLACE) == [
        ("/items/0/product_link", "pattern", "S321-SCHEMA")
    ]


def test_origin_is_optional_here():
    assert faults(shipment(items=[item(country_of_origin=None)])) == []


def test_cancelled_shipment_needs_only_identifier_and_mode():
    bare = {"shipment_id": "X", "house_bill_number": "X", "mode_of_transportation": "air"}
    assert faults(bare | {"transmission_purpose": "cancel"}) == []
    assert [rule for *_, rule in faults(bare)] == ["S321-ROLE-REQ"] * 3 + ["S321-SCAN-AIR", "S321-ROLE-REQ"]
    assert faults({"shipment_id": "X", "transmission_purpose": "cancel"}) == [
        ("", "anyOf", "S321-ID-1OF"), ("/mode_of_transportation", "required", "S321-ROLE-REQ"),
    ]  # fmt: skip


def test_purpose_of_the_envelope_holds_unless_the_shipment_has_its_own():
    bare = {"shipment_id": "X", "house_bill_number": "X", "mode_of_transportation": "air"}
    cancelling = ShipmentValidator("carrier", "cancel")
    assert faults(bare, cancelling) == []
    assert len(faults(bare | {"transmission_purpose": "original"}, cancelling)) == 5
    message = EXAMPLE | {"transmission_purpose": "cancel", "shipments": [bare]}
    assert validate_message(message) == ()
    message = message | {"shipments": [bare, bare | {"transmission_purpose": "amend"}]}
    assert {e.pointer.rsplit("/", 1)[0] for e in validate_message(message)} == {"/shipments/1"}


def test_cancelled_shipment_may_not_have_broken_parts():
    draft = {"shipment_id": "X", "house_bill_number": "X", "mode_of_transportation": "air", "items": []}
    assert faults(draft | {"transmission_purpose": "cancel"}) == [("/items", "minItems", "S321-SCHEMA")]


@pytest.mark.parametrize(
    ("field", "value", "keyword"),
    [
        ("mode_of_transportation", "plane", "enum"),
        ("gross_weight_kg", 0.45, "type"),
        ("gross_weight_kg", "0.4501", "pattern"),
        ("gross_weight_kg", "1e3", "pattern"),
        ("fair_retail_value_usd", "25", "pattern"),
        ("fx_rate", "0.0000001", "not"),
        ("estimated_arrival_at", "2025-03-03T18:30:00", "pattern"),
        ("estimated_arrival_at", "2025-02-29T18:30:00Z", "format"),
        ("fx_date", "2025-02-29", "format"),
        ("fx_date", "20250228", "pattern"),
        ("country_of_shipment", "UK", "not"),
        ("country_of_shipment", "CHN", "pattern"),
        ("package_count", 0, "minimum"),
        ("package_count", "1", "type"),
        ("package_count", True, "type"),
        ("shipment_id", "", "minLength"),
        ("shipment_id", "x" * 51, "maxLength"),
        ("known_carrier_customer_flag", "Y", "type"),
        ("first_us_port", None, "type"),
        ("seller", "ACME", "type"),
        ("items", [], "minItems"),
        ("container_number", "X", "additionalProperties"),
    ],
)
def test_each_keyword_gives_one_error_at_its_value(field, value, keyword):
    draft = shipment() | {field: value}
    (error,) = CARRIER.errors(draft)
    assert (error.pointer, error.keyword, error.rule, error.value) == (f"/{field}", keyword, "S321-SCHEMA", value)


def test_picture_needs_link_or_companion_file():
    assert faults(shipment(items=[item(product_picture=[{"file_name": "a.png"}])])) == [
        ("/items/0/product_picture/0", "anyOf", "S321-SCHEMA")
    ]


def test_errors_are_sorted_by_pointer_with_indexes_as_numbers():
    items = [item(line_number=n, hts_number="1") for n in range(1, 12)]
    assert [e.pointer for e in CARRIER.errors(shipment(items=items))] == [f"/items/{n}/hts_number" for n in range(11)]


@pytest.mark.parametrize("value", ["A\nB", "A\n", "\x00", "A\x7f", "A\x85", "A\ud800"])
def test_control_characters_are_refused_before_the_schema(value):
    draft = shipment(conveyance_reference=value, final_deliver_to_party=party(postal_code=None))
    assert faults(draft) == [
        ("/conveyance_reference", "control", "S321-SCHEMA"),
        ("/final_deliver_to_party/postal_code", "required", "S321-ADDR-ZIP"),
    ]


@pytest.mark.parametrize("key", ["\ud800", "a\n"])
def test_control_characters_in_keys_are_refused_too(key):
    (error,) = CARRIER.errors(shipment() | {key: 1})
    assert error.keyword == "control"
    (error.pointer + error.message + error.value).encode()
    assert validate_message(EXAMPLE | {key: 1})


def test_backslash_quote_and_accents_are_no_control_characters():
    assert faults(shipment(conveyance_reference='A\\B "C"', final_deliver_to_party=party(city="ÁÂ¡\u00a0Ω"))) == []


def test_messages_quote_values_but_not_personal_ones():
    (error,) = CARRIER.errors(shipment(items=[item(hts_number="6110.20")]))
    assert error.message == (
        'Item 1, tariff number (HTS) must be a tariff number of 6, 8 or 10 digits without dots; found "6110.20".'
    )
    for draft in (
        shipment(buyer="JOHN DOE"),
        shipment(buyer=party(name="JOHN DOE " * 20)),
        shipment(buyer=party(phone="JOHN")),
    ):
        (error,) = CARRIER.errors(draft)
        assert "JOHN" not in error.message
    (error,) = CARRIER.errors(shipment(conveyance_reference="x" * 300))
    assert error.message.endswith('"' + "x" * 40 + '..." (300 characters).')


def test_message_errors_point_into_the_message():
    message = copy.deepcopy(EXAMPLE)
    del message["shipments"][0]["final_deliver_to_party"]["postal_code"], message["program"]
    message["created_at"] = "yesterday"
    assert [(e.pointer, e.rule) for e in validate_message(message)] == [
        ("/created_at", "S321-SCHEMA"),
        ("/program", "S321-SCHEMA"),
        ("/shipments/0/final_deliver_to_party/postal_code", "S321-ADDR-ZIP"),
    ]


@pytest.mark.parametrize("message", [None, [], "x", 1, {}, {"shipments": [None]}, {"participant_filer_type": []}])
def test_any_json_value_as_message_gives_errors_not_exceptions(message):
    assert validate_message(message)


def test_unknown_filer_type_is_bad_use():
    with pytest.raises(ValueError, match="carrier"):
        ShipmentValidator("shipper")


def test_without_jsonschema_rs_the_answers_are_the_same(monkeypatch):
    monkeypatch.setattr(validate, "jsonschema_rs", None)
    slow = ShipmentValidator("carrier")
    assert slow.errors(shipment()) == ()
    broken = shipment(items=[item(hts_number="1")], house_bill_issuer="x", seller={})
    assert slow.errors(broken) == CARRIER.errors(broken)


def test_schema_itself_is_valid_draft_2020_12():
    jsonschema.Draft202012Validator.check_schema(load_schema())
