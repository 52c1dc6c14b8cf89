"""Removal of what is older than the settings: with proof, never what is held, waits, or was changed by somebody."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.shell import orders
from gateway.shell.drops import Keep
from gateway.shell.folders import StateFolders, instant
from gateway.shell.ledger import open_ledger
from gateway.shell.orders import HOLD, REPLAY, RETAIN, UNHOLD, Order
from gateway.shell.retention import due, remove, set_hold
from gateway.shell.schema import journal, parts, person_days, shipments
from tests.shell.shell_support import NOW, Clock, Yard

EVERYTHING = Keep(raw=30, answers=60, canonical=10, persons=40)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """One good and one held drop of 2025-03-03."""
    found = Yard(tmp_path, clock=Clock())
    found.drop("a.edi", "MSG m1\nSHIP b1 24.90 anna\nSHIP b2 10.00\nBAD b3\n")
    found.drop("held.edi", "MSG m2\nSHIP b9 1.00\nHOLD\n")
    found.run()
    found.keep = EVERYTHING
    return found


def later(yard: Yard, days: int) -> Yard:
    """Start again after so many days; a person says that the clock is right."""
    yard.clock = Clock(NOW + timedelta(days=days))
    orders.give(StateFolders(yard.root / "state"), orders.ReceiptIds(yard.clock), Order(RETAIN))
    yard.run()
    return yard


def order(yard: Yard, do: str, receipt: str) -> str:
    ids = orders.ReceiptIds(yard.clock)
    return orders.give(StateFolders(yard.root / "state"), ids, Order(do, receipt, "audit"))


def kept(yard: Yard) -> list[str]:
    place = yard.root / "state" / "archive"
    return sorted(p.name for p in place.rglob("*") if p.is_file() and p.name != "claim.json")


def rows(yard: Yard, query) -> list:
    ledger = open_ledger(yard.ledger_url)
    try:
        with ledger.reading() as connection:
            return connection.execute(query).all()
    finally:
        ledger.close()


def receipt(yard: Yard, name: str) -> str:
    ledger = open_ledger(yard.ledger_url)
    try:
        return next(d.receipt for d in ledger.find() if d.file_name == name)
    finally:
        ledger.close()


def test_each_class_goes_when_its_days_are_over_and_what_is_held_stays(yard: Yard) -> None:
    answers = ["a.edi.997.edi", "a.edi.receipt.json", "a.edi.rejects.csv"]
    assert kept(later(yard, 30)) == [*answers, "raw"]  # the thirtieth day is kept
    assert kept(later(yard, 31)) == answers
    assert kept(later(yard, 61)) == []
    assert not any((yard.root / "state" / "archive").iterdir())
    assert len([*(yard.root / "state" / "quarantine").iterdir()]) == 1
    assert yard.problems(all_present=False) == []


def test_the_journal_proves_what_was_removed(yard: Yard) -> None:
    raw = next((yard.root / "state" / "archive").rglob("raw")).read_bytes()
    later(yard, 31)
    told = [json.loads(r.payload) for r in rows(yard, select(journal).where(journal.c.event == "removed"))]
    (proof,) = [t for t in told if t["kind"] == "raw"]
    assert proof["files"] == [["raw", len(raw), hashlib.sha256(raw).hexdigest()]]


def test_a_file_that_somebody_deleted_is_missed(yard: Yard) -> None:
    next((yard.root / "state" / "archive").rglob("raw")).unlink()
    assert [p.rule for p in yard.problems()] == ["VERIFY-LOST"]


def test_persons_are_forgotten_and_the_sums_agree(yard: Yard) -> None:
    assert len(rows(yard, select(person_days))) == 1
    later(yard, 39)
    assert len(rows(yard, select(person_days))) == 1
    later(yard, 42)
    assert rows(yard, select(person_days)) == []
    assert [r.person for r in rows(yard, select(shipments))] == ["", ""]
    assert yard.problems(all_present=False) == []


def test_a_delivered_file_goes_when_nobody_fetched_it_but_a_changed_one_stays(tmp_path: Path) -> None:
    yard = Yard(tmp_path, clock=Clock())
    yard.drop("a.edi", "MSG m1\nSHIP b1 1.00\nMSG m2\nSHIP b2 1.00\n")
    yard.run()
    _, second = yard.deliveries()
    (yard.out / second).write_text("{}")
    (yard.out / "notes.json").write_text("{}")
    for path in yard.out.iterdir():
        if path.is_file():
            os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    yard.keep = EVERYTHING
    later(yard, 11)
    assert yard.deliveries() == [second, "notes.json"]


def test_a_legal_hold_keeps_a_drop_until_it_is_lifted(yard: Yard) -> None:
    name = receipt(yard, "a.edi")
    order(yard, HOLD, name)
    assert len(kept(later(yard, 100))) == 4
    order(yard, UNHOLD, name)
    assert kept(later(yard, 101)) == []
    assert yard.problems(all_present=False) == []


def test_a_hold_that_comes_while_files_are_being_removed_keeps_what_is_left(yard: Yard) -> None:
    yard.drop("b.edi", "MSG m3\nSHIP b7 1.00\n")
    yard.run()
    engine = yard.engine()
    removals = due(engine.desk.ledger, engine.desk.folders, yard.out, EVERYTHING, NOW + timedelta(days=61))
    first = next(removals)
    assert first.receipt == receipt(yard, "a.edi")
    with engine.desk.ledger.transaction() as connection:
        set_hold(connection, receipt(yard, "b.edi"), True, "audit", "2025-05-03T10:00:00.000000Z")
    for removal in (first, *removals):
        remove(removal, engine.desk)
    engine.close()
    assert kept(yard) == ["b.edi.997.edi", "b.edi.receipt.json", "raw"]
    assert yard.problems(all_present=False) == []


def test_an_order_that_is_none_lifts_no_hold(yard: Yard) -> None:
    name = receipt(yard, "a.edi")
    order(yard, HOLD, name)
    order(yard, "extend", name)  # of a later version, say
    assert len(kept(later(yard, 100))) == 4
    assert [p.suffix for p in (yard.root / "state" / "orders").iterdir()] == [".wrong"]


def test_delivered_files_that_are_fetched_while_it_looks_do_not_end_the_removal(tmp_path: Path) -> None:
    yard = Yard(tmp_path, clock=Clock())
    yard.drop("a.edi", "MSG m1\nSHIP b1 1.00\nMSG m2\nSHIP b2 1.00\nMSG m3\nSHIP b3 1.00\n")
    yard.run()
    made = [yard.out / name for name in yard.deliveries()]
    for path in made:
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    (yard.out / "listed.json").symlink_to(yard.out / "fetched")  # as one that went after the folder was read
    engine = yard.engine()
    removals = due(engine.desk.ledger, engine.desk.folders, yard.out, Keep(canonical=10), NOW + timedelta(days=11))
    first = next(removals)
    made[1].unlink()
    assert [one.files for one in (first, *removals)] == [(made[0],), (made[2],)]
    engine.close()


def test_persons_of_shipments_that_were_replaced_or_cancelled_are_forgotten_too(tmp_path: Path) -> None:
    yard = Yard(tmp_path, clock=Clock())
    for name, line in (("1", "SHIP b1 5 anna"), ("2", "CANCEL b1 0")):
        yard.drop(f"{name}.edi", f"MSG m{name}\n{line}\n")
        yard.run()
    yard.keep = EVERYTHING
    assert "anna" in [r.person for r in rows(yard, select(shipments))]
    later(yard, 42)
    assert [r.person for r in rows(yard, select(shipments))] == ["", ""]
    (told,) = [
        json.loads(r.payload)
        for r in rows(yard, select(journal).where(journal.c.event == "removed"))
        if "persons" in r.payload
    ]
    assert told["rows"] == 1


def test_a_crash_between_proof_and_removal_is_made_good(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "unlink", stop)
        later(yard, 31)
    assert "raw" in kept(yard)
    assert "raw" not in kept(later(yard, 31))
    assert yard.problems(all_present=False) == []


def test_a_replay_and_a_removal_at_once_lose_nothing(yard: Yard) -> None:
    """F36: the replay works on a copy; one that comes too late is told to a person."""
    name = receipt(yard, "a.edi")
    again = order(yard, REPLAY, name)
    later(yard, 31)
    gone = rows(yard, select(journal.c.receipt).where(journal.c.event == "removed"))
    assert name in [r.receipt for r in gone]
    assert [p for p in yard.names("ack") if again in p]
    order(yard, REPLAY, name)
    later(yard, 32)
    assert "REPLAY-GONE" in [a.rule for a in yard.alerts]
    assert yard.problems(all_present=False) == []


def test_a_person_who_was_forgotten_stands_in_no_file_of_the_ledger_while_the_gateway_works(tmp_path: Path) -> None:
    yard = Yard(tmp_path, clock=Clock())
    name = "ZQXANNA PERSON"
    party = {"name": name, "address_line_1": "12 ZQXANNA STREET"}
    halves = [{"of": "mail", "where": "file a.xml", "draft": {"final_deliver_to_party": party, "quantity": "1"}}]
    row = {
        "partner": "acme", "receipt": "R", "message": 1, "number": 1, "state": "done", "place": "file a.xml",
        "draft": json.dumps({"halves": halves}), "until": instant(NOW + timedelta(days=2)),
    }  # fmt: skip
    engine = yard.engine()
    try:
        with engine.desk.ledger.transaction() as connection:
            connection.execute(parts.insert(), [{**row, "key": f"m/{number}"} for number in range(300)])
        files = [*(tmp_path / "state").glob("ledger*")]
        assert any(b"ZQXANNA" in file.read_bytes() for file in files)
        yard.clock.now += timedelta(days=3)
        for _ in range(3):
            engine._next_poll = 0.0
            engine.run_once()
        with engine.desk.ledger.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
            assert connection.exec_driver_sql("SELECT count(*) FROM parts").scalar() == 300
        assert [file.name for file in files if b"ZQXANNA" in file.read_bytes()] == []
    finally:
        engine.close()


def test_nothing_is_removed_without_settings(yard: Yard) -> None:
    yard.keep = Keep()
    before = kept(yard)
    assert kept(later(yard, 9999)) == before


def test_a_clock_that_jumps_forward_removes_nothing_for_a_day(yard: Yard) -> None:
    """A wrong clock makes everything old; what is removed does not come back when it is set right."""
    before = kept(yard)
    engine = yard.engine()

    def look(days: float) -> list[str]:
        """Look again when the next cleaning is due, by a clock that shows so many days."""
        yard.clock.now = NOW + timedelta(days=days)  # type: ignore[attr-defined]
        engine._house._next_cleaning = engine._next_poll = 0.0
        engine.run_once()
        return kept(yard)

    try:
        assert look(0) == look(5) == before  # five days by the clock in no time: a machine that slept over the weekend
        assert [a.rule for a in yard.alerts if a.rule != "DROP-HELD"] == []
        assert look(400) == before
        assert [a.rule for a in yard.alerts if a.rule != "DROP-HELD"] == ["HOUSE-CLOCK"]
        assert len(look(401)) < len(before)  # nobody set it right: it is right
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(days=400), "nothing is removed for a day"),
        (timedelta(days=6), ""),
        (timedelta(minutes=-4), ""),
        (timedelta(hours=-3), "the clock went back"),
    ],
)
def test_a_clock_that_was_set_while_the_gateway_was_off(yard: Yard, away: timedelta, words: str) -> None:
    before = kept(yard)
    yard.clock = Clock(NOW + away)
    yard.run()
    assert kept(yard) == before
    told = [a.message for a in yard.alerts if a.rule == "HOUSE-CLOCK"]
    assert len(told) == bool(words) and words in "".join(told)
    yard.clock = Clock(NOW + away + timedelta(days=1))
    yard.run()
    assert len([a for a in yard.alerts if a.rule == "HOUSE-CLOCK"]) == bool(words), "told once"
    assert (len(kept(yard)) < len(before)) == (away.days == 400), "the next day it is right"


def test_a_person_who_orders_the_removal_has_looked_at_the_clock(yard: Yard) -> None:
    before = len(kept(yard))
    engine = yard.engine()
    try:
        engine.run_once()
        yard.clock.now = NOW + timedelta(days=400)  # type: ignore[attr-defined]
        orders.give(StateFolders(yard.root / "state"), orders.ReceiptIds(yard.clock), Order(RETAIN))
        engine._next_poll = 0.0
        engine.run_once()
    finally:
        engine.close()
    assert len(kept(yard)) < before
