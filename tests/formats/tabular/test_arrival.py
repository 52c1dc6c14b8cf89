"""The arrival in one column or two: the day and the time of day at the port."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.check import describe, gather
from gateway.history import MemoryHistory
from gateway.site import base_site
from gateway.translate import translate
from tests.drops import NOW

HEAD = "hawb,shipper_name,shipper_address1,shipper_city,shipper_country,consignee_name,consignee_address1,consignee_city,consignee_state,consignee_zip,consignee_country,item_description,hts,origin,quantity,unit_value,currency,mode,weight_kg,port"
ROW = "H1,S Co,1 A,Hamburg,DE,Anna M,12 Oak St,Boston,MA,02116,US,Shirt,610910,DE,1,12.00,USD,air,0.5,2720"


def arrival(names: str, cells: str) -> tuple[str | None, list[str]]:
    """Return the arrival of a table with these columns behind the others, and what is said of it."""
    profile = next(iter(base_site().partners.values())).profile
    profile = replace(profile, severities={**profile.severities, "S321-REGIME": "off"})
    data = f"{HEAD},{names}\n{ROW},{cells}\n".encode()
    outcome, messages = gather(translate((data,), profile, NOW, MemoryHistory(), name="a.csv"))
    told = [
        f["rule"]
        for f in describe(outcome, "a.csv", profile)["findings"]
        if "rriv" in f["message"] and f["severity"] != "info"
    ]
    shipments = [s for message in messages for s in message["shipments"]]
    told = [rule for rule in told if rule != "CSV-EXCEL-DATE"]
    return (shipments[0].get("estimated_arrival_at") if shipments else None), told


@pytest.mark.parametrize(
    ("names", "cells", "moment"),
    [
        ("arrival_date,arrival_time", "2025-03-04,21:30", "2025-03-05T05:30:00Z"),
        ("Estimated Date of Arrival,Time of Arrival", "2025-03-04,9:30 PM", "2025-03-05T05:30:00Z"),
        ("arrival_time,estimatedArrivalDate", "0930,2025-03-04", "2025-03-04T17:30:00Z"),
        ("arrival_date,arrival_time", "2025-03-04,", "2025-03-04T20:00:00Z"),
        ("arrival_date,arrival_time", "03/24/2025,21:30", "2025-03-25T04:30:00Z"),
        ("arrival_date,arrival_time", "2025-03-04 21:30:00,21:30", "2025-03-05T05:30:00Z"),
        ("arrival_date,arrival_time", "2025-03-04,0.8958333333", "2025-03-05T05:30:00Z"),
        ("arrival_date,arrival_time", "2025-03-04,0.30", "2025-03-04T08:30:00Z"),
        ("arrival_time", "2025-03-04T21:30:00-08:00", "2025-03-05T05:30:00Z"),
        ("Arrival Time", "03/24/2025 21:30", "2025-03-25T04:30:00Z"),
        ("ETA", "2025-03-04", "2025-03-04T20:00:00Z"),
        ("arrival_date", "2025-03-04 00:00:00", "2025-03-04T20:00:00Z"),  # a day, as programs write it
        ("arrival_date", "2025-03-04T00:00:00.000", "2025-03-04T20:00:00Z"),
        ("ETA", "03/24/2025 0:00", "2025-03-24T19:00:00Z"),
        ("ETA", "03/24/2025 12:00:00 AM", "2025-03-24T19:00:00Z"),
        ("arrival_date,arrival_time", "2025-03-04 00:00:00,21:30", "2025-03-05T05:30:00Z"),
        ("arrival_date", "2025-03-04T00:00:00-08:00", "2025-03-04T08:00:00Z"),
        ("arrival_date", "2025-03-04 00:01:00", "2025-03-04T08:01:00Z"),
        ("Arrival Time", "2025-03-04 00:00:00", "2025-03-04T08:00:00Z"),
    ],
)
def test_the_arrival_is_read_from_one_column_or_two(names: str, cells: str, moment: str) -> None:
    assert arrival(names, cells) == (moment, [])


@pytest.mark.parametrize(
    "cells", ["2025-03-04,soon", "2025-03-04,25:00", "2025-03-04T10:00:00,21:30", "2025-03-04,13:00 PM"]
)
def test_a_time_of_day_that_is_none_or_another_one_is_told(cells: str) -> None:
    assert arrival("arrival_date,arrival_time", cells)[1] == ["S321-TIME"]


def test_a_time_without_its_day_is_told() -> None:
    assert arrival("arrival_date,arrival_time", ",21:30")[1] == ["S321-TIME"]
