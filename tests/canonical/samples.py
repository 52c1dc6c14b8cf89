"""Invented messages and seeded damage for the tests of the canonical model."""

import copy
import json
import random

EXAMPLE = json.loads("""
{"schema_version":"1.0","message_id":"EXC-000000123-0001","originator_code":"TESTORIG1","participant_filer_type":"carrier",
 "transmission_purpose":"original","program":"section_321_pilot","created_at":"2025-03-03T08:00:00Z","test_indicator":true,
 "sender_id":"EXCARRIER","receiver_id":"GATEWAY","source":{"format":"x12_309","file_name":"m0001.edi"},
 "shipments":[{"shipment_id":"EXCR000012345","house_bill_number":"EXCR000012345","master_bill_number":"99912345675",
  "mode_of_transportation":"air","cbp_mot_code":"40","first_us_port":"4701","estimated_arrival_at":"2025-03-03T18:30:00Z",
  "shipment_initiator":{"name":"EXAMPLE TRADING LTD","address_line_1":"1 SAMPLE RD","city":"SHENZHEN",
   "country_code":"CN"},
  "final_deliver_to_party":{"name":"PAT SAMPLE","address_line_1":"100 EXAMPLE ST","city":"ALBANY",
   "state_province":"NY","postal_code":"12207","country_code":"US"},
  "known_carrier_customer_flag":true,
  "security_scan":{"performed":true,"method":"xry","result":"clear","scanned_at":"2025-03-02T22:00:00Z","report_number":"SCN-1"},
  "package_count":1,"gross_weight_kg":"0.450","fair_retail_value_usd":"24.99",
  "items":[{"line_number":1,"enhanced_product_description":"Women's knitted pullover, 60% cotton 40% polyester, size M",
   "quantity":"1","country_of_origin":"CN","hts_number":"6110202079","total_value":{"amount":"24.99","currency":"USD"}}]}]}
""")
"""The example of section321.md 6.8, value for value."""


def shipment(**changes):
    """Return a copy of the example's shipment; a change to None removes the field."""
    draft = copy.deepcopy(EXAMPLE["shipments"][0]) | changes
    return {name: value for name, value in draft.items() if value is not None}


def party(**changes):
    """Return a US party; a change to None removes the field."""
    draft = copy.deepcopy(EXAMPLE["shipments"][0]["final_deliver_to_party"]) | changes
    return {name: value for name, value in draft.items() if value is not None}


def item(**changes):
    """Return an item; a change to None removes the field."""
    draft = copy.deepcopy(EXAMPLE["shipments"][0]["items"][0]) | changes
    return {name: value for name, value in draft.items() if value is not None}


def rich_shipment():
    """Return a shipment that uses every nested object at least once."""
    return shipment(
        amendment={"action": "replace", "reason_code": "01", "quantity": "2"},
        seller=party(
            name="SELLER CO", country_code="CA", state_province="ON", postal_code="K1A 0B1", phone="+16135550100"
        ),
        buyer=party(email="pat@example.com", identifiers=[{"type": "account", "value": "A-1"}], raw=["PAT SAMPLE"]),
        person_claiming_exemption={"capacity": "purchaser", "party": "buyer"},
        known_marketplace_seller_flag=True,
        marketplace={"name": "EXAMPLE MARKET", "marketplace_seller_id": "S-1"},
        security_scan={
            "performed": True,
            "regulated_agent_id": {"country_code": "DE", "identifier": "RA-1", "expires_on": "2027-01-31"},
            "image_file": {"sha256": "ab" * 32, "file_name": "scan.png", "media_type": "png", "bytes": 10},
        },
        total_value={"amount": "24.99", "currency": "EUR"},
        fx_rate="1.0812",
        fx_date="2025-03-01",
        regime_verdict={"rule_id": "R01", "verdict": "eligible_800", "as_of_date": "2025-03-03"},
        references=[{"type": "order_number", "value": "PO 77", "date": "2025-02-28"}],
        items=[
            item(),
            item(
                line_number=2,
                product_link="https://shop.example/p/1",
                product_picture=[{"uri": "https://shop.example/p/1.png"}],
                product_identifiers=[{"type": "sku", "value": "SKU-1"}],
                listed_price={"amount": "24.99", "currency": "USD"},
                pga_codes=["FDA"],
            ),
        ],
    )


JUNK = (
    "",
    " ",
    "x" * 80,
    "x" * 3000,
    "USA",
    "us",
    "US",
    "CA",
    "UK",
    "12.3456",
    "1.5",
    "24.99",
    "-1",
    "1e3",
    "0.0000001",
    -1,
    0,
    1,
    1.0,
    1.5,
    2**70,
    True,
    False,
    None,
    [],
    {},
    ["a"],
    [None],
    [{}],
    {"a": 1},
    "99",
    "cancel",
    "air",
    "ocean",
    "٠١٢٣",
    "2025-13-45T00:00:00Z",
    "2025-02-30T00:00:00Z",
    "2024-02-29T23:59:59Z",
    "2025-02-29T00:00:00Z",
    "2025-02-30",
    "2024-02-29",
    "2025-03-03T08:00:00+00:00",
    "2025-03-03t08:00:00z",
    "2025-03-03T23:59:60Z",
    "2025-03-03T08:00:00.123Z",
    "é" * 36,
    "a@b.co",
    "a@b",
    "a@b..co",
    "http://x.example",
    "https://x.example/a b",
    "https://é",
    "a/b~c",
    "12207-0001",
)
NEWLINES = ("A\n", "US\n", "12207\n", "2025-03-03T08:00:00Z\n", "0.450\n", "\n", "a\tb", "\x7f", "\x85", "\ud800")


def places(value, path=()):
    """Yield the path of every key and list index of a JSON value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def mutant(base, rnd: random.Random, junk=JUNK):
    """Return a copy of `base` with one to three damages: a field dropped, replaced, added, doubled or nested."""
    draft = copy.deepcopy(base)
    for _ in range(rnd.choice((1, 1, 2, 3))):
        found = list(places(draft))
        if not found:
            break
        *parents, last = rnd.choice(found)
        target = draft
        for key in parents:
            target = target[key]
        match rnd.choice(("drop", "junk", "junk", "junk", "add", "double", "nest")):
            case "drop":
                del target[last]
            case "junk":
                target[last] = copy.deepcopy(rnd.choice(junk))
            case "nest":
                target[last] = {"value": target[last]}
            case "double" if isinstance(target, list):
                target.append(copy.deepcopy(target[last]))
            case _ if isinstance(target, dict):
                target[rnd.choice(("extra_field", "a/b~", "name", "type", "items", "transmission_purpose"))] = (
                    rnd.choice(junk)
                )
    return draft
