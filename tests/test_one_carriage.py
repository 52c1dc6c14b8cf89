"""The carriage of a shipment outside of EDIFACT: carrier, voyage, port and arrival are those of one leg, or it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drops import SAMPLES_NOW, Drop, drop, sample
from tests.test_flight_day import FWB, sent
from tests.test_nothing_silent import BEFORE

UBL, PREDES, PARCELS = sample("xml-extra/01"), sample("xml-extra/03"), sample("x12/15")
STAGE = UBL[UBL.index(b"<cac:ShipmentStage>") : UBL.index(b"</cac:ShipmentStage>") + len(b"</cac:ShipmentStage>")]


def shipments(result: Drop) -> list[dict[str, Any]]:
    return [s for m in result.messages() for s in m["shipments"]]


def ambiguous(result: Drop) -> list[str]:
    return [f.message for f in result.findings() if f.rule == "MAP-AMBIGUOUS"]


def other_stage(indicator: str) -> bytes:
    mark = f"<cbc:{indicator}>true</cbc:{indicator}>" if indicator else ""
    return (
        f"<cac:ShipmentStage>{mark}<cbc:TransportModeCode>4</cbc:TransportModeCode><cbc:JourneyID>AA1</cbc:JourneyID>"
        "<cac:UnloadingPortLocation><cbc:ID>2720</cbc:ID></cac:UnloadingPortLocation></cac:ShipmentStage>"
    ).encode()


@pytest.mark.parametrize("indicator", ["PreCarriageIndicator", "OnCarriageIndicator"])
def test_ubl_a_stage_before_or_behind_the_main_carriage_lends_it_nothing(indicator: str) -> None:
    (before,) = shipments(drop(UBL, now=BEFORE, name="m.xml"))
    (after,) = shipments(drop(UBL.replace(STAGE, other_stage(indicator) + STAGE), now=BEFORE, name="m.xml"))
    assert after == before


def test_ubl_several_main_stages_refuse_the_shipment() -> None:
    result = drop(UBL.replace(STAGE, other_stage("") + STAGE), now=BEFORE, name="m.xml")
    assert result.counts() == (1, 0, 1, 0)
    (words,) = ambiguous(result)
    assert words.startswith("The waybill has several main carriages")


def test_a_second_flight_of_a_waybill_borrows_no_day_from_the_first() -> None:
    (found,) = shipments(sent(FWB, b"FLT/XX880/02", b"FLT/XX880/02/YY12", "2025-02-27"))
    assert (found["carrier_code"], found["conveyance_reference"]) == ("YY", "YY12")
    assert "estimated_arrival_at" not in found


def test_a_despatch_with_two_transports_is_refused() -> None:
    line = PREDES[PREDES.index(b"<transport") : PREDES.index(b"/>") + 2]
    other = line.replace(b"XX901", b"AA1").replace(b"USJFK", b"KRICN")
    result = drop(PREDES.replace(line, other + line), now=BEFORE, name="m.xml", join_hours=24)
    assert result.counts()[2] == 3
    assert {m.partition(":")[0] for m in ambiguous(result)} == {"The document has several transports"}


@pytest.mark.parametrize(
    ("lines", "mode", "carrier"),
    [
        ("TD5*B*2*NRTX*M~", "truck", "NRTX"),
        ("TD5*O*91*EXC*R~TD5*B*2*NRTX*M~", "truck", "NRTX"),  # the mode of the carrier that is named
        ("TD5*B*2*NRTX*M~TD5*B*2*AIRX*A~", "truck", "NRTX"),
        ("TD5*O*91*EXC*R~", "rail", None),
    ],
)
def test_mode_and_carrier_of_a_parcel_stand_in_one_td5(lines: str, mode: str, carrier: str | None) -> None:
    old = next(s for s in PARCELS.decode().split("~") if s.strip().startswith("TD5")).strip() + "~"
    more = lines.count("~") - 1
    data = PARCELS.decode().replace(old, lines).replace("SE*58*", f"SE*{58 + more}*").encode()
    result = drop(data, now=SAMPLES_NOW)
    assert {(s["mode_of_transportation"], s.get("carrier_code")) for s in shipments(result)} == {(mode, carrier)}
    assert len(ambiguous(result)) == (2 if lines.count("*2*") == 2 else 0)
