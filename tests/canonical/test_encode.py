import json
import random

import pytest

from gateway.canonical.encode import MESSAGE_END, encode_envelope_head, encode_message, encode_shipment
from gateway.canonical.model import FIELD_ORDER
from tests.canonical.samples import EXAMPLE, rich_shipment, shipment


def shuffled(value, rnd):
    if isinstance(value, list):
        return [shuffled(entry, rnd) for entry in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    rnd.shuffle(keys)
    return {key: shuffled(value[key], rnd) for key in keys}


def test_key_order_of_the_draft_does_not_matter():
    wanted = encode_shipment(rich_shipment())
    rnd = random.Random(1)
    assert {encode_shipment(shuffled(rich_shipment(), rnd)) for _ in range(50)} == {wanted}
    assert json.loads(wanted) == rich_shipment()


def test_keys_stand_in_canonical_order_on_every_level():
    decoded = json.loads(encode_shipment(rich_shipment()))
    for level, part in (("shipment", decoded), ("item", decoded["items"][1]), ("party", decoded["buyer"])):
        assert list(part) == [name for name in FIELD_ORDER[level] if name in part]
    assert list(decoded["security_scan"]["regulated_agent_id"]) == ["country_code", "identifier", "expires_on"]


def test_ordered_draft_gives_the_same_bytes_and_is_not_changed():
    once = encode_shipment(rich_shipment())
    ordered = json.loads(once)
    assert encode_shipment(ordered) == once
    draft = shipment()
    before = json.dumps(draft)
    encode_shipment(draft)
    assert json.dumps(draft) == before


def test_only_the_nested_part_is_out_of_order():
    draft = json.loads(encode_shipment(shipment()))
    draft["items"][0]["total_value"] = {"currency": "USD", "amount": "24.99"}
    assert b'"total_value":{"amount":"24.99","currency":"USD"}' in encode_shipment(draft)


def test_streamed_message_is_the_whole_message():
    shipments = [shipment(), rich_shipment()]
    whole = encode_message(EXAMPLE, shipments)
    head = encode_envelope_head(EXAMPLE)
    assert head.endswith(b',"shipments":[')
    assert whole == head + encode_shipment(shipments[0]) + b"," + encode_shipment(shipments[1]) + MESSAGE_END
    assert whole.endswith(b"]}\n")
    assert whole.count(b"\n") == 1
    assert json.loads(whole) == EXAMPLE | {"shipments": shipments}
    assert [*json.loads(whole)] == [name for name in FIELD_ORDER["envelope"] if name in EXAMPLE]


def test_text_is_utf_8_not_escaped():
    assert "Ω 中".encode() in encode_shipment(shipment(conveyance_reference="Ω 中"))


def test_unknown_field_is_bad_use():
    with pytest.raises(ValueError, match="'nmae'"):
        encode_shipment(shipment(seller={"nmae": "X"}))
