"""What a row says of its value reads well too when there is none, or none that can be seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway.canonical.wording import field_words
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
        ("shipment,mode_of_transportation,M11.05,,code mode,,yes,S321-MODE,{value} is not a mode", "LX*1 M11*A", "Mode of transport is missing."),
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


@pytest.mark.parametrize("path", TABLES, ids=lambda p: p.parent.name)
def test_a_row_without_a_message_has_a_field_with_words(path: Path) -> None:
    """What a transform cannot use is told under the field's name: it must be one that a clerk knows, not one of the model."""
    strange = []
    for row in read_table(path.read_bytes(), path.name).rows:
        level = {"item": "items", "reference": "references"}.get(row.level, row.level)
        target = row.target if level in ("shipment", "message") else f"{level}.{row.target}"
        parts = target.split(".")
        named = target.startswith(("_", "(")) or {".".join(parts[:n]) for n in (1, 2, 3)} & field_words().keys()
        if row.transform and not row.message and not named:
            strange.append(target)
    assert strange == []


@pytest.mark.parametrize(
    ("sample", "old", "new", "said"),
    [
        ("xml/15_itmatt_gateway_profile.xml", 'id="LX123456785GB"', 'id="LX123456786GB"', "Item number (id) not usable: postal item LX123456786GB has check digit 6, expected 5."),
        ("xml/03_xfzb_clean_v3.xml", "999-12345675", "999-12345676", "Master bill number: air waybill 999-12345676 has check digit 6, expected 5."),
        ("xml/15_itmatt_gateway_profile.xml", 'function="9"', 'function="8"', 'Function "8" is not one that is carried out: "8" is none of the codes that are known here (9, 4, 5, 1).'),
    ],
)  # fmt: skip
def test_no_name_of_the_model_or_of_a_table_stands_in_a_message(
    tmp_path: Path, sample: str, old: str, new: str, said: str
) -> None:
    text = (FIXTURES / sample).read_text("utf-8")
    assert old in text
    path = tmp_path / Path(sample).name
    path.write_text(text.replace(old, new), "utf-8")
    assert said in [f["message"] for f in Checker(base_site(), SAMPLES_NOW).file(path)["findings"]]


LEG = (
    "<ram:SpecifiedLogisticsTransportMovement><ram:StageCode>Main-Carriage</ram:StageCode><ram:ID>XX880</ram:ID><ram:ArrivalEvent>"
    "<ram:ScheduledOccurrenceDateTime>{}</ram:ScheduledOccurrenceDateTime><ram:OccurrenceArrivalLocation><ram:ID>LAX</ram:ID>"
    "</ram:OccurrenceArrivalLocation></ram:ArrivalEvent></ram:SpecifiedLogisticsTransportMovement>"
)


@pytest.mark.parametrize(
    ("arrival", "found"),
    [
        ("02/03/2025 10:00", [("S321-TIME", "warning")]),
        ("20250302", [("S321-TIME", "warning")]),
        ("2025-03-02T10:00:00", []),
    ],
)
def test_an_arrival_that_cannot_be_read_is_a_warning_in_cargo_xml_as_in_a_309(
    tmp_path: Path, arrival: str, found: list
) -> None:
    text = (FIXTURES / "xml" / "03_xfzb_clean_v3.xml").read_text("utf-8")
    before, mark, behind = text.partition("<ram:HandlingSPH")
    (tmp_path / "a.xml").write_text(before + LEG.format(arrival) + mark + behind, "utf-8")
    result = Checker(base_site(), SAMPLES_NOW).file(tmp_path / "a.xml")
    assert result["shipments"]["accepted"] == 1
    assert [(f["rule"], f["severity"]) for f in result["findings"] if f["rule"] in ("S321-TIME", "MAP-VALUE")] == found
