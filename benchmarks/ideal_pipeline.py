"""The practical ceiling of plain Python: 309 -> segments -> one dict per bill by a rule table -> schema -> JSON lines, fsync.

Constant memory. Not a product: no structure or code checks, no positions, no partner rules, no ledger, no acknowledgments.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import orjson

Record = dict[str, Any]
Rule = tuple[int, str, Callable[[str], Any]]
_up = str.strip


def _kilograms(text: str) -> str:
    return f"{float(text):.3f}"


_M11: list[Rule] = [
    (1, "shipment_id", lambda v: "NRTX" + v), (1, "house_bill_number", _up), (2, "port_of_lading", _up),
    (3, "package_count", int), (4, "package_unit", _up), (5, "gross_weight_kg", _kilograms),
    (6, "weight_source_unit", _up), (11, "master_bill_number", _up), (12, "house_bill_issuer", _up),
]  # fmt: skip
_N9: dict[str, list[Rule]] = {"2I": [(2, "shipment_tracking_number", _up)], "MB": [(2, "master_bill_number", _up)]}
_PARTY = {"SH": "shipment_initiator", "CN": "final_deliver_to_party", "N1": "notify_party"}
_N3: list[Rule] = [(1, "address_line_1", _up), (2, "address_line_2", _up)]
_N4: list[Rule] = [(1, "city", _up), (2, "state_province", _up), (3, "postal_code", _up), (4, "country_code", _up)]
_N10: list[Rule] = [
    (1, "quantity", _up), (2, "enhanced_product_description", _up), (5, "hts_number", _up), (8, "net_weight_kg", _kilograms),
    (10, "quantity_unit", _up), (11, "country_of_origin", _up),
]  # fmt: skip
_CONST = {
    "mode_of_transportation": "truck", "cbp_mot_code": "30", "carrier_code_type": "scac", "entry_type_requested": "86",
    "known_carrier_customer_flag": True,
}  # fmt: skip


def segments(path: str, size: int = 1 << 16) -> Iterator[list[str]]:
    """Yield the elements of each segment; delimiters from ISA."""
    with open(path, "rb") as file:
        isa = file.read(106)
        separator, end = chr(isa[3]), chr(isa[105])
        file.seek(0)
        tail = ""
        while block := file.read(size):
            parts = (tail + block.decode("latin-1")).split(end)
            tail = parts.pop()
            for part in parts:
                yield part.lstrip("\r\n").split(separator)


def groups(
    source: Iterator[list[str]], books: dict[str, int]
) -> Iterator[tuple[dict[str, list[str]], list[list[str]]]]:
    """Yield (headers, segments of one bill); checks the counts and control numbers of SE, GE, IEA."""
    head: dict[str, list[str]] = {}
    bill: list[list[str]] | None = None
    begin = sets = 0
    for number, one in enumerate(source, 1):
        tag = one[0]
        if tag == "LX":
            if bill:
                yield head, bill
            bill = [one]
        elif bill is not None and tag != "SE":
            bill.append(one)
        elif tag == "SE":
            if bill:
                yield head, bill
            bill = None
            books["faults"] += int(one[1]) != number - begin + 1 or one[2] != head["ST"][2]
        else:
            head[tag] = one
            if tag == "ST":
                begin, sets = number, sets + 1
            elif tag == "GE":
                books["faults"] += int(one[1]) != sets or one[2] != head["GS"][6]
            elif tag == "IEA":
                books["faults"] += one[2] != head["ISA"][13]


def _fill(rules: list[Rule], elements: list[str], record: Record) -> None:
    count = len(elements)
    for index, name, make in rules:
        if index < count and elements[index]:
            record[name] = make(elements[index])


def to_record(head: dict[str, list[str]], bill: list[list[str]]) -> Record:
    """Return the canonical record of one bill."""
    record: Record = dict(_CONST)
    m10, p4 = head["M10"], head["P4"]
    day, time = p4[2], p4[5]
    record |= {
        "carrier_code": m10[1],
        "conveyance_reference": m10[6],
        "first_us_port": p4[1],
        "country_of_shipment": m10[3],
    }
    record["estimated_arrival_at"] = f"{day[:4]}-{day[4:6]}-{day[6:8]}T{time[:2]}:{time[2:4]}:00Z"
    items: list[Record] = []
    references: list[Record] = []
    party: Record | None = None
    for one in bill:
        tag = one[0]
        if tag == "N10":
            item: Record = {"line_number": len(items) + 1}
            _fill(_N10, one, item)
            item["total_value"] = {"amount": one[6] + ".00", "currency": one[13]}
            items.append(item)
        elif tag == "N1":
            role = _PARTY.get(one[1])
            party = {"name": one[2]} if role else None
            if role:
                record[role] = party
        elif tag in ("N3", "N4"):
            if party is not None:
                _fill(_N3 if tag == "N3" else _N4, one, party)
        elif tag == "VID":
            references.append({"type": "container", "value": one[2] + one[3]})
            references.append({"type": "seal", "value": one[4]})
        elif tag == "N9":
            _fill(_N9.get(one[1], []), one, record)
        elif tag == "M11":
            _fill(_M11, one, record)
    record["references"], record["items"] = references, items
    record["fair_retail_value_usd"] = f"{sum(int(float(i['total_value']['amount'])) for i in items)}.00"
    return record


def run(source: str, target: str, valid: Callable[[Record], bool]) -> dict[str, int]:
    """Translate one file; return the books."""
    books = {"faults": 0, "good": 0, "bad": 0}
    with open(target, "wb", 1 << 18) as out:
        for head, bill in groups(segments(source), books):
            record = to_record(head, bill)
            if valid(record):
                books["good"] += 1
                out.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            else:
                books["bad"] += 1
        out.flush()
        os.fsync(out.fileno())
    return books


def _text(longest: int) -> Record:
    return {"type": "string", "minLength": 1, "maxLength": longest}


_DECIMAL = {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,3})?$"}
_COUNTRY = {"type": "string", "pattern": "^[A-Z]{2}$"}
_ADDRESS = {
    "name": _text(70), "address_line_1": _text(70), "address_line_2": _text(70), "city": _text(35),
    "state_province": _text(9), "postal_code": _text(15), "country_code": {"$ref": "#/$defs/country"},
}  # fmt: skip
SCHEMA: Record = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {
        "country": _COUNTRY,
        "dec": _DECIMAL,
        "money": {
            "type": "object", "required": ["amount", "currency"], "additionalProperties": False,
            "properties": {"amount": {"$ref": "#/$defs/dec"}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
        },
        "party": {
            "type": "object", "required": ["name", "address_line_1", "city", "country_code"], "additionalProperties": False,
            "properties": _ADDRESS,
            "if": {"properties": {"country_code": {"const": "US"}}},
            "then": {"required": ["state_province", "postal_code"], "properties": {"postal_code": {"pattern": "^[0-9]{5}(-[0-9]{4})?$"}}},
        },
        "item": {
            "type": "object", "required": ["line_number", "enhanced_product_description", "country_of_origin"],
            "additionalProperties": False,
            "properties": {
                "line_number": {"type": "integer", "minimum": 1}, "enhanced_product_description": _text(512),
                "quantity": {"$ref": "#/$defs/dec"}, "quantity_unit": _text(3), "net_weight_kg": {"$ref": "#/$defs/dec"},
                "total_value": {"$ref": "#/$defs/money"}, "country_of_origin": {"$ref": "#/$defs/country"},
                "hts_number": {"type": "string", "pattern": "^[0-9]{6,10}$"},
            },
        },
        "ref": {
            "type": "object", "required": ["type", "value"], "additionalProperties": False,
            "properties": {"type": {"enum": ["house_bill", "master_bill", "tracking", "container", "seal"]}, "value": _text(50)},
        },
    },
    "type": "object",
    "additionalProperties": False,
    "required": ["shipment_id", "mode_of_transportation", "shipment_initiator", "final_deliver_to_party", "items"],
    "anyOf": [{"required": [f"{n}_number"]} for n in ("shipment_tracking", "house_bill", "master_bill")],
    "properties": {
        "shipment_id": _text(50), "shipment_tracking_number": _text(50), "house_bill_number": _text(50),
        "house_bill_issuer": {"type": "string", "pattern": "^[A-Z]{2,4}$"}, "master_bill_number": _text(50),
        "mode_of_transportation": {"enum": ["air", "truck", "rail", "ocean", "mail", "other"]},
        "cbp_mot_code": {"type": "string", "pattern": "^[0-9]{2}$"}, "carrier_code": _text(4),
        "carrier_code_type": {"enum": ["scac", "iata", "icao", "awb_prefix", "upu"]}, "conveyance_reference": _text(20),
        "first_us_port": {"type": "string", "pattern": "^[0-9]{4}$"}, "port_of_lading": _text(5),
        "estimated_arrival_at": {"type": "string", "format": "date-time"}, "country_of_shipment": {"$ref": "#/$defs/country"},
        "shipment_initiator": {"$ref": "#/$defs/party"}, "final_deliver_to_party": {"$ref": "#/$defs/party"},
        "notify_party": {"$ref": "#/$defs/party"}, "known_carrier_customer_flag": {"type": "boolean"},
        "package_count": {"type": "integer", "minimum": 1}, "package_unit": _text(3),
        "gross_weight_kg": {"$ref": "#/$defs/dec"}, "weight_source_unit": {"enum": ["K", "L", "KG", "LB"]},
        "fair_retail_value_usd": {"$ref": "#/$defs/dec"}, "entry_type_requested": {"enum": ["01", "11", "86", "none"]},
        "references": {"type": "array", "items": {"$ref": "#/$defs/ref"}},
        "items": {"type": "array", "minItems": 1, "maxItems": 999, "items": {"$ref": "#/$defs/item"}},
    },
}  # fmt: skip
