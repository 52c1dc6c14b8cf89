"""One shipment, however its number is spelled: told as known, amended, joined and answered; delivered as it was sent."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text

from gateway.history import MemoryHistory, bare_number
from gateway.shell.ledger import open_ledger
from gateway.shell.revisions import upgrade
from gateway.shell.schema import parts, person_days, shipments
from tests.drops import Drop, drop, sample
from tests.test_joining import HOUSE, LIST, books, send
from tests.test_purpose import FORMATS
from tests.test_purpose import purposes as purposes_of
from tests.test_purpose import send as send_at

ROW = next(csv.DictReader(io.StringIO(sample("csv/01").decode("utf-8-sig"), newline="")))


def table(*rows: dict[str, str]) -> bytes:
    """Return a parcel list; each row is the good one with other cells."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [*ROW, "mode", "purpose"])
    writer.writeheader()
    writer.writerows({**ROW, "tracking_number": "", "mode": "air", **row} for row in rows)
    return out.getvalue().encode()


def numbers(result: Drop) -> list[Any]:
    return [s.get("shipment_id") for m in result.messages() for s in m["shipments"]]


def sent(history: MemoryHistory, *rows: dict[str, str], name: str = "again.csv") -> Drop:
    return drop(table(*rows), history, name=name)


@pytest.mark.parametrize("field", ["hawb", "tracking_number"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("GW095S001", "gw095s001"), ("gw095s001", "GW095S001"), ("GW 095S001", "GW095S001"), ("GW095S001", "GW-095S001"), ("GW-095 S001", "gw095-s001"),
        ("GW\u00a0095S001", "GW\u2011095S001"), ("9400 1112 0255 5555 5555 55", "9400111202555555555555"), ("7712 3456 7890", "771234567890"),
    ],
)  # fmt: skip
def test_two_spellings_of_a_number_are_one_shipment_and_delivered_once(field: str, first: str, second: str):
    history, other = MemoryHistory(), {"hawb": "", "tracking_number": ""}
    accepted = sent(history, {**other, field: first}, name="first.csv")
    assert numbers(accepted) == [first]  # as sent
    again = sent(history, {**other, field: second})
    assert again.counts() == (1, 0, 0, 1), "the same content: a duplicate"
    (said,) = [f for f in again.findings() if f.rule == "S321-DUP"]
    written = f", written {first}" if bare_number(first) != first else ""
    assert f"file first.csv{written})" in said.message
    changed = sent(history, {**other, field: second, "total_value": "32.98"})
    assert changed.counts() == (1, 0, 1, 0)
    assert sent(MemoryHistory(), {**other, field: first}, {**other, field: second}).counts()[1] == 1, "in one file"


@pytest.mark.parametrize(
    ("first", "second"),
    [("GW/95", "GW95"), ("GW.95", "GW95"), ("1001-1", "10011"), ("1001-11", "100111"), ("GW095S001", "GW095S002")],
)
def test_signs_that_mean_something_make_two_shipments(first: str, second: str):
    history = MemoryHistory()
    assert numbers(sent(history, {"hawb": first})) == [first]
    assert numbers(sent(history, {"hawb": second})) == [second]


@pytest.mark.parametrize("purpose", ["amend", "cancel"])
@pytest.mark.parametrize("name", ["cuscar", "xfzb", "856", "csv", "wco"])
def test_a_change_and_a_cancellation_find_an_original_that_was_spelled_otherwise(name: str, purpose: str):
    texts, when = FORMATS[name]
    history, changed = MemoryHistory(), texts[purpose]
    original = purposes_of(send_at(texts["original"], history, when))
    for number in original:
        assert number.encode() in changed
        changed = changed.replace(number.encode(), f"{number[:2]}-{number[2:]}".encode())
    result = send_at(changed, history, when)
    assert set(purposes_of(result)) == {f"{number[:2]}-{number[2:]}" for number in original}
    assert set(purposes_of(result).values()) == {purpose} and "S321-AMEND-NF" not in result.rules()


def test_a_parcel_that_is_spelled_in_two_ways_counts_once_in_the_sum_of_a_person_and_is_no_twin_of_itself():
    history, dear = MemoryHistory(), {"total_value": "500.00", "hawb": "GW-095S001", "unit_value": "", "quantity": "1"}
    assert sent(history, dear).counts()[1] == 1
    amended = sent(history, {**dear, "hawb": "gw095s001", "purpose": "amend"})
    assert amended.counts()[1] == 1 and not amended.rules() & {"S321-AGG-800", "Q-TWIN", "S321-AMEND-NF"}


def test_a_house_of_a_list_and_its_waybill_are_joined_however_the_number_is_spelled():
    history = MemoryHistory()
    assert books(send(LIST, history)) == (3, 0, 0, 0, 3)
    assert books(send(HOUSE.replace(b"GWH0001001", b"gwh 000-1001"), history)) == (1, 1, 0, 0, 0)
    assert history.parts(["99912345675/GWH0001001"])[0].state == "done"


def test_a_ledger_of_an_earlier_version_finds_what_it_kept_as_it_was_written(tmp_path: Path):
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    with engine.begin() as connection:
        upgrade_to(connection, "0005")
        rows = [
            ("GW-095S001", "active"), ("gw095s002", "active"), ("GW095S002", "active"), ("GW 3", "replaced"), ("GW/9", "active"),
            ("test:gw 4", "active"), ("1001-1", "active"), ("GW095S005", "active"),
        ]  # fmt: skip
        for key, state in rows:
            old = {"partner": "p", "key": key, "receipt": "R1", "content": key, "place": "file a.csv", "person": "P", "day": "2025-03-04", "value": 1, "purpose": "original", "state": state}  # fmt: skip
            connection.execute(shipments.insert(), old)
            if state == "active":
                connection.execute(person_days.insert(), {"person": "P", "day": "2025-03-04", "partner": "p", "key": key, "value": 1})  # fmt: skip
        for key in ("999-12345675/gwh 1", "99912345675/GWH2", "test:/gwh-003"):
            waiting = {"partner": "p", "key": key, "receipt": "R1", "message": 1, "number": 1, "state": "waiting", "place": "file a.csv", "draft": "{}", "until": "x"}  # fmt: skip
            connection.execute(parts.insert(), waiting)
    upgrade(engine)
    engine.dispose()
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    with ledger.reading() as connection:
        found = dict(connection.execute(select(shipments.c.key, shipments.c.place)).fetchall())
        days = set(connection.execute(select(person_days.c.key)).scalars())
        keys = set(connection.execute(select(parts.c.key)).scalars())
    ledger.close()
    assert found == {
        "GW095S001": "file a.csv, written GW-095S001", "GW095S002": "file a.csv", "gw095s002": "file a.csv", "GW3": "file a.csv, written GW 3",
        "GW/9": "file a.csv", "test:GW4": "file a.csv, written gw 4", "1001-1": "file a.csv", "GW095S005": "file a.csv",
    }  # fmt: skip
    assert days == found.keys() - {"GW3"}, "the sums are those of what is active"
    assert keys == {"99912345675/GWH1", "99912345675/GWH2", "test:/GWH003"}


def upgrade_to(connection: Any, revision: str) -> None:
    """Make the tables of an earlier revision. No table changed its columns since: only keys did."""
    shipments.metadata.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:number)"), {"number": revision})
