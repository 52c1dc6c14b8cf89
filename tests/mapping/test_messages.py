"""What a row says of its value reads well too when there is none, or none that can be seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway.check import Checker
from gateway.mapping.cells import filled_in
from gateway.mapping.table import read_table
from gateway.site import base_site
from tests.drops import FIXTURES, SAMPLES_NOW
from tests.mapping.test_engine import BIND, mapped

TABLES = sorted((Path(__file__).parents[2] / "mappings").glob("*/map.csv"))
ILL = re.compile(r"\s[,.:;)]|\(\s|  |\(\)|\"\"| of is | is is ")
TRIP = json.loads((FIXTURES / "csv" / "09_borderconnect_ace_trip.json").read_text("utf-8"))


@pytest.mark.parametrize("path", TABLES, ids=lambda p: p.parent.name)
def test_every_message_of_the_tables_reads_well_without_a_value(path: Path) -> None:
    for row in read_table(path.read_bytes(), path.name).rows:
        assert not ILL.search(filled_in(row.message, "")), row.message
        assert not ILL.search(filled_in(row.message, "X")), row.message


@pytest.mark.parametrize(
    ("row", "text", "said"),
    [
        ("shipment,(refuse),M11.05,M11.05!=1,,,yes,S321-NOT-321,the type is {value} and not 1", "LX*1 M11*A", "The type is empty and not 1."),
        ("shipment,(refuse),M11.05,M11.05!=1,,,yes,S321-NOT-321,the type is {value} and not 1", "LX*1 M11*A***", "The type is empty and not 1."),
        ("shipment,(refuse),M11.01,M11.01!=1,,,yes,S321-NOT-321,the type is {value} and not 1", "LX*1 M11*\u200b", "The type is empty and not 1."),
        ("shipment,mode_of_transportation,M11.05,,code mode,,yes,S321-MODE,M11-05 {value} is not a mode", "LX*1 M11*A", "M11-05 is missing."),
        ("shipment,mode_of_transportation,M11.05,,code mode,,yes,S321-MODE,{value} is not a mode", "LX*1 M11*A", "Mode_of_transportation is missing."),
        ("shipment,mode_of_transportation,M11.05,,code mode,,yes,S321-MODE,no mode (M11-05)", "LX*1 M11*A", "No mode (M11-05)."),
    ],
)  # fmt: skip
def test_a_value_that_is_not_there_is_said_to_be_missing_or_empty(row: str, text: str, said: str) -> None:
    assert said in [f.message for f in mapped(BIND + row + ",,\n", text).findings]


@pytest.mark.parametrize(
    ("trip", "shipment", "said"),
    [
        ("CREATE", {"type": ""}, "The shipment has no type; SECTION_321 was expected: the shipment was not delivered."),
        ("CREATE", {"type": "\u200b"}, "The shipment type is empty, not SECTION_321: the shipment was not delivered."),
        ("CREATE", {"type": " PAPS "}, "The shipment type is PAPS, not SECTION_321: the shipment was not delivered."),
        ("DELETE", {"operation": ""}, "The trip is deleted (operation DELETE), the operation of its shipment is empty: which one is meant cannot be told."),
    ],
)  # fmt: skip
def test_an_ace_shipment_without_its_type_or_operation(tmp_path: Path, trip: str, shipment: dict, said: str) -> None:
    path = tmp_path / "t.json"
    document = {**TRIP, "operation": trip, "shipments": [{**TRIP["shipments"][0], **shipment}]}
    path.write_text(json.dumps(document), "utf-8")
    result = Checker(base_site(), SAMPLES_NOW).file(path)
    assert [f["message"] for f in result["findings"] if f["severity"] == "error"] == [said]
