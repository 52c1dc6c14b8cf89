"""A target that is away for an hour is told once, and once when it is back, however many drops wait and however often they are tried."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.commands.status import _describe
from gateway.shell import housework, journal
from gateway.shell.desk import Result, Trouble
from gateway.shell.intake import Intake
from gateway.shell.ledger import open_ledger
from gateway.shell.loop import Engine
from gateway.shell.outages import Outages
from tests.shell.shell_support import NOW, Clock, Yard


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def again(engine: Engine, times: int) -> None:
    """Let what waits be tried again at once, some times."""
    for _ in range(times):
        engine._queue._later = [(0.0, receipt) for _, receipt in engine._queue._later]
        engine.run_once()


def whys(yard: Yard) -> list[str]:
    with contextlib.closing(open_ledger(yard.ledger_url)) as ledger:
        return [_describe(ledger, drop)["why"] for drop in ledger.find()]


def test_an_outage_of_a_target_is_told_once_and_its_end_with_the_number_of_drops(yard: Yard) -> None:
    yard.out.rename(yard.root / "away")
    for number in range(3):
        yard.drop(f"{number}.edi", f"MSG m{number}\nSHIP b{number} 1.00\n")
    engine = yard.engine()
    try:
        again(engine, 4)
        assert [a.rule for a in yard.alerts] == ["DROP-DELIVERY"]
        assert yard.alerts[0].message.endswith("gateway status lists them.")
        assert len(whys(yard)) == 3 and all(why.endswith("[DROP-DELIVERY]") for why in whys(yard))
        with engine.desk.ledger.reading() as connection:
            events = [r["event"] for r in journal.records(connection)]
        assert events.count("waits") == 3  # not one for each try
        (yard.root / "away").rename(yard.out)
        yard.clock.now += timedelta(minutes=58)  # type: ignore[attr-defined]
        again(engine, 1)
    finally:
        engine.close()
    assert [a.rule for a in yard.alerts] == ["DROP-DELIVERY", "DROP-RESUMED"]
    assert yard.alerts[1].message == f"The folder {yard.out} can be used again after 58 minutes; 3 drops waited for it."
    assert len(yard.deliveries()) == 3


def test_another_outage_is_told_anew_and_another_place_for_itself(yard: Yard) -> None:
    engine = yard.engine()
    try:
        for number in range(2):
            yard.out.rename(yard.root / "away")
            yard.drop(f"{number}.edi", f"MSG m{number}\nSHIP b{number} 1.00\n")
            again(engine, 2)
            (yard.root / "away").rename(yard.out)
            again(engine, 1)
        assert [a.rule for a in yard.alerts] == ["DROP-DELIVERY", "DROP-RESUMED"] * 2
        yard.alerts.clear()
        yard.folder("ack").rename(yard.root / "acks")
        yard.folder("ack", "beta").rename(yard.root / "acks2")
        for partner in ("acme", "beta"):
            yard.drop("x.edi", f"MSG x{partner}\nSHIP x{partner} 1.00\n", partner)
        again(engine, 2)
        assert [a.rule for a in yard.alerts] == ["DROP-DELIVERY"] * 2
    finally:
        engine.close()


def test_workers_tell_of_an_outage_once_too(tmp_path: Path) -> None:
    yard = Yard(tmp_path, workers=2)
    engine = yard.engine()
    try:
        yard.drop("first.edi", "MSG m1\nSHIP b1 1.00\n")
        again(engine, 1)  # the workers have loaded, which makes the folders of a yard
        yard.out.rename(yard.root / "away")
        for partner in ("acme", "beta"):
            yard.drop("a.edi", f"MSG m{partner}\nSHIP b{partner} 1.00\n", partner)
        yard.drop("b.edi", "MSG m2\nAMEND bacme 2.00\n")  # decided, and delivered after the first
        again(engine, 2)
        assert sum(drop.state == "translated" for drop in engine.desk.ledger.find()) == 3
        (yard.root / "away").rename(yard.out)
        again(engine, 1)
    finally:
        engine.close()
    assert [a.rule for a in yard.alerts] == ["DROP-DELIVERY", "DROP-RESUMED"]
    assert "3 drops waited" in yard.alerts[1].message
    assert len(yard.deliveries()) == 4


def test_a_drop_folder_that_is_away_is_told_once_until_it_is_back(yard: Yard) -> None:
    engine = yard.engine()
    try:
        for _ in range(2):
            yard.folder("in").rename(yard.root / "away")
            for _ in range(3):
                engine._next_poll = 0.0
                engine.run_once()
            (yard.root / "away").rename(yard.folder("in"))
            engine._next_poll = 0.0
            engine.run_once()
    finally:
        engine.close()
    assert [(a.rule, a.partner) for a in yard.alerts] == [("DROP-FOLDER", "acme"), ("DROP-RESUMED", "acme")] * 2
    assert yard.alerts[1].message == "The drop folder can be used again after less than a minute."


def test_a_file_that_could_not_be_taken_and_is_or_goes_away_ends_what_was_told(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(times: int) -> None:
        for _ in range(times):
            engine._next_poll = 0.0
            engine.run_once()

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    engine = yard.engine()
    try:
        for gone in (False, True):
            yard.drop("a.edi", f"MSG m{gone}\nSHIP b{gone} 1.00\n")
            with monkeypatch.context() as patch:
                patch.setattr(Intake, "_fetch", refuse)
                look(4)
                assert [a.rule for a in yard.alerts] == ["DROP-FOLDER"]
            if gone:
                for path in yard.folder("in").iterdir():
                    path.unlink()
            yard.clock.now += timedelta(minutes=3)  # type: ignore[attr-defined]
            look(2)
            assert [a.rule for a in yard.alerts] == ["DROP-FOLDER", "DROP-RESUMED"]
            assert yard.alerts[1].message == "The drop folder can be used again after 3 minutes."
            yard.alerts.clear()
        assert len(yard.deliveries()) == 1
    finally:
        engine.close()


def test_orders_and_late_answers_that_waited_are_told_when_they_go_on(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    engine = yard.engine()
    try:
        for where in ("overdue", "due"):
            with monkeypatch.context() as patch:
                patch.setattr(housework, where, locked)
                for _ in range(2):
                    engine._house._next_cleaning = engine._next_poll = 0.0
                    engine.run_once()
            engine._house._next_cleaning = engine._next_poll = 0.0
            engine.run_once()
    finally:
        engine.close()
    assert [a.rule for a in yard.alerts] == ["JOIN-WAITS", "DROP-RESUMED", "HOUSE-WAITS", "DROP-RESUMED"]


def test_a_drop_that_the_target_refused_does_not_end_the_outage_of_the_others() -> None:
    clock, told = Clock(NOW), list[str]()

    def tell(rule: str, message: str, receipt: str = "", partner: str = "") -> None:
        told.append(rule)

    def waits(receipt: str) -> Result:
        trouble = Trouble("DROP-DELIVERY", "the folder", "It is away.")
        return Result(receipt, "acme", "a", "waiting", waiting=True, trouble=trouble)

    outages = Outages(clock)
    for receipt in ("1", "2"):
        outages.look(waits(receipt), tell)
    outages.look(Result("1", "acme", "a", "failed"), tell)
    outages.look(waits("2"), tell)
    outages.look(Result("2", "acme", "a", "waiting", waiting=True), tell)  # stopped
    assert told == ["DROP-DELIVERY"]
    outages.look(Result("2", "acme", "a", "done"), tell)
    assert told == ["DROP-DELIVERY", "DROP-RESUMED"]
