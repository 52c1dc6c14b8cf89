"""A changed FHL on disk: the ledger replaces the shipment, once; nothing is changed back by a crash, a replay or old bytes."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.check import parse_instant
from gateway.shell import orders
from gateway.shell.folders import StateFolders
from gateway.shell.history import SqlHistory
from gateway.shell.ledger import open_ledger
from gateway.shell.merge import ClaimConflictError
from gateway.shell.orders import Order
from gateway.shell.schema import drops, person_days, shipments
from gateway.site import base_site
from gateway.translate import translate
from tests.drops import sample
from tests.shell.shell_support import Clock, Config, Yard

FIRST = sample("cargoimp/03").decode()
SECOND = FIRST.replace("NVD/43.98", "NVD/44.98")
THIRD = FIRST.replace("NVD/43.98", "NVD/45.98")
START = parse_instant("2025-02-27T10:00:00Z")


@dataclass
class RealYard(Yard):
    """A yard with the real translation."""

    unwrap: tuple[str, ...] = ()

    def config(self) -> Config:
        config = super().config()
        profile = base_site().partners["gwsender"].profile
        config.partners = [
            replace(p, profile=replace(profile, partner=p.name, unwrap=self.unwrap)) for p in config.partners
        ]
        return config


@pytest.fixture
def yard(tmp_path: Path) -> RealYard:
    return RealYard(tmp_path, clock=Clock(START), translate=translate, partners=("acme",))


def rows(yard: RealYard, table: Any, *columns: Any) -> list[tuple[Any, ...]]:
    with closing(open_ledger(yard.ledger_url)) as ledger, ledger.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).select_from(table).order_by(columns[0]))]


def states(yard: RealYard) -> list[tuple[str, str]]:
    return [row[1:] for row in rows(yard, shipments, shipments.c.id, shipments.c.purpose, shipments.c.state)]


def delivered(yard: RealYard) -> dict[str, tuple[str, str, str]]:
    found = {}
    for name in yard.deliveries():
        message = json.loads((yard.out / name).read_bytes())
        (one,) = message["shipments"]
        found[message["source"]["file_name"]] = (
            message["transmission_purpose"], one["transmission_purpose"], one["total_value"]["amount"],
        )  # fmt: skip
    return found


def send(yard: RealYard, name: str, text: str) -> None:
    yard.drop(name, text)
    yard.run()


def test_the_amendment_takes_the_place_of_the_first(yard: RealYard) -> None:
    send(yard, "first.txt", FIRST)
    send(yard, "second.txt", SECOND)
    send(yard, "third.txt", THIRD)
    assert delivered(yard) == {
        "first.txt": ("original", "original", "43.98"),
        "second.txt": ("amend", "amend", "44.98"),
        "third.txt": ("amend", "amend", "45.98"),
    }
    assert states(yard) == [("original", "replaced"), ("amend", "replaced"), ("amend", "active")]
    assert [value for _, value in rows(yard, person_days, person_days.c.day, person_days.c.value)] == [45_980_000]
    assert yard.problems() == []


def test_the_same_content_again_is_a_duplicate_and_old_bytes_change_nothing_back(yard: RealYard) -> None:
    send(yard, "first.txt", FIRST)
    send(yard, "second.txt", SECOND)
    send(yard, "same.txt", SECOND + "\r\n")  # other bytes, the same content
    send(yard, "old.txt", FIRST)
    assert len(yard.deliveries()) == 2
    assert states(yard) == [("original", "replaced"), ("amend", "active")]
    receipt = json.loads((yard.folder("ack") / "old.txt.receipt.json").read_bytes())
    assert receipt["verdict"] == "duplicate"
    assert "What other files changed since stays changed." in receipt["fix"]
    send(yard, "back.txt", FIRST + "\r\n")  # the sender's last word, in other bytes
    assert delivered(yard)["back.txt"] == ("amend", "amend", "43.98")
    assert yard.problems() == []


def test_old_bytes_are_known_after_a_fast_clock_was_set_right(yard: RealYard) -> None:
    yard.clock = Clock(START + timedelta(days=2))
    send(yard, "first.txt", FIRST)
    send(yard, "second.txt", SECOND)
    yard.clock = Clock(START)
    send(yard, "old.txt", FIRST)
    receipts = rows(yard, drops, drops.c.receipt, drops.c.file_name, drops.c.state, drops.c.received_at)
    assert [row[1:3] for row in receipts] == [("first.txt", "done"), ("second.txt", "done"), ("old.txt", "duplicate")]
    assert receipts[2][3].startswith("2025-02-27T10")  # the time itself is that of the clock
    assert states(yard) == [("original", "replaced"), ("amend", "active")]
    assert yard.problems() == []


def test_what_was_claimed_by_a_fast_clock_is_worked_on_first(yard: RealYard) -> None:
    yard.clock = Clock(START + timedelta(days=2))
    engine = yard.engine()
    yard.drop("first.txt", FIRST)
    engine._poll()  # claimed, and then the machine is switched off
    engine.close()
    yard.clock = Clock(START)
    send(yard, "second.txt", SECOND)
    assert [name for _, name in rows(yard, drops, drops.c.receipt, drops.c.file_name)] == ["first.txt", "second.txt"]
    assert [value for _, value in rows(yard, person_days, person_days.c.day, person_days.c.value)] == [44_980_000]
    assert yard.problems() == []


def test_a_replay_of_the_first_changes_nothing_back(yard: RealYard) -> None:
    send(yard, "first.txt", FIRST)
    send(yard, "second.txt", SECOND)
    (receipt,) = [r for r, name in rows(yard, drops, drops.c.receipt, drops.c.file_name) if name == "first.txt"]
    orders.give(
        StateFolders(yard.root / "state"), orders.ReceiptIds(yard.clock), Order(orders.REPLAY, receipt, "mended")
    )
    yard.run()
    assert [row[1] for row in rows(yard, drops, drops.c.receipt, drops.c.verdict)] == ["accept_with_warnings"] * 2 + [
        "reject"
    ]
    assert len(yard.deliveries()) == 2
    assert states(yard) == [("original", "replaced"), ("amend", "active")]


def hold(yard: RealYard, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes) -> str:
    """Send a file that is held for a person; return its receipt."""

    def broken(*_args: Any, **_facts: Any) -> Any:
        raise RuntimeError

    yard.drop(name, "").write_bytes(data)
    with monkeypatch.context() as patch:
        patch.setattr("gateway.shell.decide.translate", broken)
        patch.setattr("gateway.shell.members.take_out", broken)
        (result,) = yard.run()
    assert result.state == "quarantined"
    return result.receipt


def released(yard: RealYard, receipt: str) -> list[tuple[str, str, str]]:
    engine = yard.engine()
    engine.release(receipt)
    found = [(r.file_name, r.state, r.verdict) for r in engine.run_once()]
    engine.close()
    return found


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner.txt", text)
    return packed.getvalue()


@pytest.mark.parametrize("name", ["first.txt", "first.zip"])
def test_a_held_file_that_is_released_changes_nothing_newer_back(
    yard: RealYard, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    yard.unwrap = ("zip",)
    receipt = hold(yard, monkeypatch, name, zipped(FIRST) if name.endswith(".zip") else FIRST.encode())
    send(yard, "second.txt", SECOND)
    told = released(yard, receipt)
    assert told[-1][1:] == ("done", "reject")
    assert list(delivered(yard)) == ["second.txt"]
    assert states(yard) == [("original", "active")]
    reports = [path.read_text() for folder in ("ack", "reject") for path in yard.folder(folder).glob("*.report.json")]
    (report,) = [text for text in reports if "a file that came later than this one" in text]
    assert [f["rule"] for f in json.loads(report)["findings"] if f["severity"] == "error"] == ["S321-DUP"]
    assert yard.problems() == []


def test_a_held_file_that_is_released_is_judged_as_any_when_nothing_newer_came(
    yard: RealYard, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(yard, "first.txt", FIRST)
    receipt = hold(yard, monkeypatch, "second.txt", SECOND.encode())
    other = FIRST.replace("HBS/", "HBS/X")
    send(yard, "other.txt", other)
    assert [told[1] for told in released(yard, receipt)] == ["done"]
    assert delivered(yard)["second.txt"] == ("amend", "amend", "44.98")
    assert yard.problems() == []


def test_what_was_changed_or_withdrawn_since_a_file_came_is_known(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    texts = (
        "MSG m1\nSHIP a 1\nSHIP b 1\nSHIP c 1\n",
        "MSG m2\nAMEND a 2\nCANCEL b 0\nSHIP d 1\n",
        "MSG m3\nSHIP c 3\n",
    )
    receipts = []
    for number, text in enumerate(texts):
        yard.drop(f"{number}.edi", text)
        receipts += [result.receipt for result in yard.run()]
    with closing(open_ledger(yard.ledger_url)) as ledger:
        for again, newer in (
            (receipts[:1], {"a", "b", "d"}),
            (receipts[:2], set()),
            (receipts[1:2], set()),
            ([], set()),
        ):
            with closing(SqlHistory(ledger, "acme", "2025-03-03T10:00:00Z", again=frozenset(again))) as history:
                assert history.newer(["a", "b", "c", "d", ""]) == newer
        with closing(SqlHistory(ledger, "beta", "2025-03-03T10:00:00Z", again=frozenset(receipts[:1]))) as history:
            assert history.newer(["a", "b"]) == frozenset()


def test_a_crash_before_the_transaction_amends_once(yard: RealYard, monkeypatch: pytest.MonkeyPatch) -> None:
    send(yard, "first.txt", FIRST)
    yard.drop("second.txt", SECOND)

    def dies(*args: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SqlHistory, "commit", dies)
        yard.run()
    assert states(yard) == [("original", "active")]
    yard.run()
    assert states(yard) == [("original", "replaced"), ("amend", "active")]
    assert len(yard.deliveries()) == 2
    assert yard.problems() == []


def test_what_changed_meanwhile_is_looked_at_again(yard: RealYard, monkeypatch: pytest.MonkeyPatch) -> None:
    send(yard, "first.txt", FIRST)
    yard.drop("second.txt", SECOND)
    real, tries = SqlHistory.commit, []

    def once(self: SqlHistory, *args: Any) -> int:
        tries.append(1)
        if len(tries) == 1:
            raise ClaimConflictError("shipment")
        return real(self, *args)

    monkeypatch.setattr(SqlHistory, "commit", once)
    yard.run()
    assert len(tries) == 2
    assert states(yard) == [("original", "replaced"), ("amend", "active")]
    assert yard.problems() == []
