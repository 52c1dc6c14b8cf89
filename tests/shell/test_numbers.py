"""`gateway explain` and `gateway replay` find a shipment by whatever number somebody has of it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from gateway.commands import numbers, status
from gateway.shell import holders
from gateway.site import load_site
from tests.shell.site_support import Place
from tests.test_reload import run


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A gateway that took two of three shipments; 004500B2 was refused."""
    found = Place(tmp_path / "site")
    found.drop("good-309.edi")
    found.drop("bad-309.edi")
    found.run()
    return found


def told(place: Place, number: str) -> str:
    return run("explain", number, str(place.folder))


@pytest.mark.parametrize(
    ("number", "file", "verdict"),
    [
        ("NRTX004500B1", "bad-309.edi", "accepted"),
        ("004500B1", "bad-309.edi", "accepted"),
        ("1ZTRK0000000B1", "bad-309.edi", "accepted"),
        ("004500B2", "bad-309.edi", "refused"),
        ("NRTX004500B2", "bad-309.edi", "refused"),
        ("1ZTRK0000000B2", "bad-309.edi", "refused"),
        ("004500A1", "good-309.edi", "accepted"),
    ],
)
def test_each_number_of_a_shipment_names_it(place: Place, number: str, file: str, verdict: str) -> None:
    said = told(place, number)
    assert said.startswith(f"{file}  receipt")
    assert f"shipment {number}: {verdict}" in said
    assert ("S321-VAL-800" in said) == (verdict == "refused")
    assert [
        json.loads(line)["file"]
        for line in run("replay", number, str(place.folder), "--dry-run", "--json").splitlines()
    ] == [file]


def test_of_a_shipment_that_was_taken_back_it_says_so(place: Place) -> None:
    text = (place.folder / "samples" / "good-309.edi").read_text()
    bills = "".join(f"LX*{n}~\nM13*NRTX*0901*D*004500A{n}**03*2**NRTX~\n" for n in (1, 2))
    head, _, rest = text.replace("000000001", "000000077").partition("LX*1~")
    (place.folder / "inbox" / "gone.edi").write_text(f"{head}{bills}SE*8*0001~{rest.partition('SE*28*0001~')[2]}")
    (place.folder / "inbox" / "gone.edi.done").touch()
    place.run()
    said = told(place, "004500A1")
    assert said.startswith("gone.edi  receipt")
    assert "shipment 004500A1: cancelled" in said


@pytest.mark.parametrize("number", ["4500B1", "1ZTRK0000000B9", "NRTX", "Z"])
def test_a_part_of_a_number_names_nothing(place: Place, number: str) -> None:
    assert "is no receipt, file name or shipment" in told(place, number)


def test_the_ledger_tells_of_a_house_bill_whose_file_is_not_kept_any_more(place: Place) -> None:
    for raw in (place.folder / "state" / "archive").rglob("raw"):
        raw.unlink()
    assert "shipment 004500B1: accepted" in told(place, "004500B1")
    assert "shipment 004500B2: refused" in told(place, "004500B2")  # its report is kept


def test_a_number_of_several_shipments_lists_them_all(place: Place) -> None:
    place.drop("good-309.edi", "inbox2")
    place.run()
    said = told(place, "004500A1")
    assert said.startswith("004500A1 is a number of 2 shipments:")
    assert [f"partner {name}" in said for name in ("northtest", "othertest")] == [True, True]
    found = json.loads(run("explain", "1ZTRK0000000A1", str(place.folder), "--json"))["matches"]
    assert {(m["partner"], m["verdict_of_shipment"]) for m in found} == {
        ("northtest", "accepted"),
        ("othertest", "accepted"),
    }
    refused = run("replay", "004500A1", str(place.folder), "--dry-run")
    assert "is a number of shipments of 2 files" in refused and found[0]["receipt"] in refused
    narrowed = run("replay", "004500A1", str(place.folder), "--dry-run", "--json", "--partner", "othertest")
    assert [json.loads(line)["partner"] for line in narrowed.splitlines()] == ["othertest"]


@pytest.mark.parametrize(
    ("rule", "severity", "waiting", "verdict"),
    [
        ("S321-VAL-800", "error", 0, "refused"),
        ("GW-JOIN-PENDING", "info", 1, "waiting"),
        ("GW-JOIN-PENDING", "info", 0, "waited, and was delivered with another message"),
        ("S321-DUP", "warning", 0, "duplicate"),
    ],
)
def test_what_became_of_a_shipment_is_told(place: Place, rule: str, severity: str, waiting: int, verdict: str) -> None:
    ledger = status.ledger_of(place.site)
    try:
        drop = msgspec.structs.replace(ledger.find(newest=1)[0], waiting=waiting)
    finally:
        ledger.close()
    own = [{"shipment": "GW1", "rule": rule, "severity": severity}]
    assert status._verdict(own, numbers.Named(drop, "GW1", accepted=False)) == verdict


def test_the_index_is_asked_not_the_table(place: Place) -> None:
    site = load_site(place.folder)
    ledger = status.ledger_of(site)
    try:
        with ledger.reading() as connection:
            steps: list[str] = []
            real = connection.execute

            def explained(query, *args):  # type: ignore[no-untyped-def]
                compiled = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
                steps.extend(row[3] for row in real(text(f"EXPLAIN QUERY PLAN {compiled}")))
                return real(query, *args)

            connection.execute = explained  # type: ignore[method-assign]
            assert list(holders.issuers(connection, "northtest")) == ["NRTX"]
            assert holders.holders(connection, {"northtest": ["NRTX004500B1"]})
        assert {step for step in steps if "shipments" in step and "SEARCH shipments USING" not in step} == set()
    finally:
        ledger.close()
