"""schema.json and the Structs agree, both ways; valid instances survive the Structs unchanged."""

import doctest
import json
import re
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.canonical import control, faults, model, wording
from gateway.canonical.encode import encode_message
from gateway.canonical.model import FIELD_ORDER, LEVELS, PARTY_ROLES, PERSONAL_FIELDS, decimal_text, fields_of
from gateway.canonical.requirements import FILER_TYPES
from gateway.canonical.validate import ShipmentValidator, load_schema, validate_message
from tests.canonical.samples import EXAMPLE

SCHEMA = load_schema()
DEFS = SCHEMA["$defs"]
OBJECTS = {name: body for name, body in DEFS.items() if "properties" in body} | {"envelope": SCHEMA}
NAMED_TAGS = {
    "country": "country", "date": "date", "ts": "ts", "dec": "dec:3", "weight": "dec:3", "rate": "dec:10",
    "usd": "dec:2", "amount": "dec:2", "https_uri": "str:2048", "money": "money",
}  # fmt: skip


def tag_of(node):
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        return NAMED_TAGS.get(name, f"object:{name}")
    if "enum" in node:
        return "enum:" + "|".join(node["enum"])
    if node["type"] == "array":
        return "list:" + tag_of(node["items"]).removeprefix("object:")
    return {"string": f"str:{node.get('maxLength')}", "integer": "int", "boolean": "bool"}[node["type"]]


def test_levels_are_the_object_definitions():
    assert set(LEVELS) == set(OBJECTS)


@pytest.mark.parametrize("level", LEVELS)
def test_fields_order_types_and_required_agree(level):
    body = OBJECTS[level]
    assert {name: tag_of(node) for name, node in body["properties"].items()} == dict(fields_of(level))
    assert tuple(body["properties"]) == FIELD_ORDER[level] == tuple(fields_of(level))
    struct = model._LEVELS[level]
    needed = {field.name for field in msgspec.structs.fields(struct) if field.required}
    assert needed == set(body.get("required", ()))
    assert body["additionalProperties"] is False


def walk(node):
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from walk(child)
    elif isinstance(node, list):
        for child in node:
            yield from walk(child)


def test_every_field_and_definition_is_described():
    for name, body in DEFS.items():
        assert len(body["description"]) > 20, name
    for level, body in OBJECTS.items():
        for name, node in body["properties"].items():
            assert len(node.get("description", "")) > 10, (level, name)


def test_patterns_are_read_alike_by_both_engines():
    patterns = [node["pattern"] for node in walk(SCHEMA) if isinstance(node.get("pattern"), str)]
    assert patterns
    for pattern in patterns:
        assert pattern.startswith("^"), pattern
        assert not re.search(r"\\[dswbDSWBzZAp]|\(\?", pattern), pattern


def test_pattern_fields_have_a_title_for_the_message():
    for node in walk(SCHEMA):
        if isinstance(node.get("pattern"), str) and node != {"pattern": "^0\\.000000"}:
            assert node["title"].startswith(("a ", "an ")), node


def test_party_roles_and_personal_fields_are_fields():
    assert tuple(n for n, tag in fields_of("shipment").items() if tag == "object:party") == PARTY_ROLES
    assert DEFS["person_claiming_exemption"]["properties"]["party"]["enum"] == list(PARTY_ROLES)
    for level, names in PERSONAL_FIELDS.items():
        assert names <= set(FIELD_ORDER[level])
    assert {"name", "address_line_1", "phone", "email", "attention_care_of", "raw"} <= PERSONAL_FIELDS["party"]


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [("25", 2, "25.00"), ("0.0125", 2, "0.0125"), ("0.01255", 2, "0.0126"), ("0.45", 3, "0.45"),
     ("204.11656", 3, "204.117"), ("1E+3", 3, "1000"), ("0E-9", 3, "0.000"), ("1", 10, "1")],
)  # fmt: skip
def test_decimal_text(value, scale, text):
    assert decimal_text(Decimal(value), scale) == text


def test_usd_is_rounded_to_cents():
    assert decimal_text(Decimal("24.985"), 2, most=2) == "24.98"


def test_docstring_examples_hold():
    for module in (model, faults, wording, control):
        assert doctest.testmod(module).failed == 0


# Valid instances, built from the schema itself.


def instances(node):
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        special = {
            "date": st.dates(min_value=_day(1900), max_value=_day(2199)).map(str),
            "ts": TIMES,
            "party": parties(),
        }
        return special[name] if name in special else instances(DEFS[name])
    if "enum" in node:
        return st.sampled_from(node["enum"])
    match node["type"]:
        case "object":
            return objects(node)
        case "array":
            return st.lists(instances(node["items"]), min_size=1, max_size=2)
        case "integer":
            return st.integers(node["minimum"], node["maximum"])
        case "boolean":
            return st.booleans()
    if "pattern" not in node:
        return st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=min(node["maxLength"], 30))
    texts = st.from_regex(node["pattern"], fullmatch=True).filter(lambda t: len(t) <= node["maxLength"])
    refused = node.get("not", {})
    texts = texts.filter(
        lambda t: t not in refused.get("enum", ()) and not re.search(refused.get("pattern", "(?!)"), t)
    )
    return texts.filter(lambda t: not control.control_characters(t))


def _day(year):
    return model.dt.date(year, 1, 1)


TIMES = st.datetimes(min_value=model.dt.datetime(1900, 1, 1), max_value=model.dt.datetime(2199, 1, 1)).map(
    lambda t: t.replace(microsecond=0).isoformat() + "Z"
)


def objects(node, skip=()):
    fields = {
        name: st.deferred(lambda child=child: instances(child))
        for name, child in node["properties"].items()
        if name not in skip
    }
    needed = set(node.get("required", ())) | set(node.get("anyOf", [{"required": []}])[-1]["required"])
    optional = {name: value for name, value in fields.items() if name not in needed}
    return st.fixed_dictionaries({name: fields[name] for name in fields if name in needed}, optional=optional)


def parties():
    address = st.sampled_from([
        {"country_code": "US", "state_province": "NY", "postal_code": "12207"},
        {"country_code": "CA", "state_province": "ON"},
        {"country_code": "MX", "state_province": "NLE"},
        {"country_code": "GB"},
    ])  # fmt: skip
    party = objects(DEFS["party"], skip=("state_province", "postal_code"))
    return st.builds(lambda a, b: a | b, party, address)


ITEM_NEEDS = ("enhanced_product_description", "listed_price")
COMPLETE = {
    "items": st.lists(
        st.builds(
            lambda body, rest: body | rest,
            instances(DEFS["item"]),
            st.fixed_dictionaries({name: instances(DEFS["item"]["properties"][name]) for name in ITEM_NEEDS}),
        ),
        min_size=1,
        max_size=2,
    ),
    "marketplace": st.just({"marketplace_seller_id": "S-1"}),
    "known_carrier_customer_flag": st.booleans(),
    "known_marketplace_seller_flag": st.booleans(),
    "security_scan": instances(DEFS["security_scan"]),
    **{role: parties() for role in ("shipment_initiator", "final_deliver_to_party", "seller")},
}
SHIPMENTS = st.builds(
    lambda body, complete: body | complete, objects(DEFS["shipment"], skip=COMPLETE), st.fixed_dictionaries(COMPLETE)
)
VALIDATORS = [ShipmentValidator(name) for name in FILER_TYPES]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(SHIPMENTS)
def test_valid_shipments_survive_the_structs_unchanged(draft):
    for validator in VALIDATORS:
        assert validator.errors(draft) == ()
    struct = msgspec.convert(draft, model.Shipment)
    assert json.loads(msgspec.json.encode(struct)) == draft
    message = encode_message(EXAMPLE, [draft])
    decoded = msgspec.json.decode(message, type=model.Envelope)
    assert msgspec.json.encode(decoded) + b"\n" == message
    assert validate_message(json.loads(message)) == ()
