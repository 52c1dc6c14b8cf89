from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.commands.status import verify_promises
from tests.shell.shell_support import Yard
from tests.shell.site_support import Place

TWO = "ICN 1\nMSG m1\nSHIP b1 24.90 anna\nSHIP b2 10.00\nBAD b3\n"


def sql(statement: str) -> Callable[[Yard], None]:
    def change(yard: Yard) -> None:
        with sqlite3.connect(yard.root / "state" / "ledger.db") as connection:
            connection.execute(statement)
        connection.close()

    return change


def archived(yard: Yard) -> Path:
    return next((yard.root / "state" / "archive").glob("*/*"))


def change_raw(yard: Yard) -> None:
    (archived(yard) / "raw").write_text("else")


def back_to_work(yard: Yard) -> None:
    archived(yard).rename(yard.root / "state" / "work" / archived(yard).name)


def foreign(yard: Yard) -> None:
    (archived(yard).parent / "20200101T000000000000-abcdef").mkdir()


def half(yard: Yard) -> None:
    (yard.out / ".x.json.tmp").touch()


def other_output(yard: Yard) -> None:
    next(yard.out.glob("acme*")).write_text("else")


def no_output(yard: Yard) -> None:
    next(yard.out.glob("acme*")).unlink()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (sql("UPDATE drops SET accepted=3"), "VERIFY-BOOKS"),
        (sql("UPDATE drops SET done_at=''"), "VERIFY-STATE"),
        (sql("UPDATE drops SET sha256='00'"), "VERIFY-RAW"),
        (sql("UPDATE drops SET state='failed'"), "VERIFY-JOURNAL"),
        (sql("DELETE FROM drops"), "VERIFY-LOST"),
        (sql("DELETE FROM journal WHERE event='done'"), "VERIFY-JOURNAL"),
        (sql("UPDATE journal SET event='lost' WHERE event='done'"), "VERIFY-JOURNAL"),
        (sql("DELETE FROM outputs WHERE kind='receipt'"), "VERIFY-UNANSWERED"),
        (sql("DELETE FROM outputs WHERE kind='delivery'"), "VERIFY-BOOKS"),
        (sql("UPDATE outputs SET state='planned' WHERE kind='ack'"), "VERIFY-UNSENT"),
        (sql("DELETE FROM person_days"), "VERIFY-SUMS"),
        (change_raw, "VERIFY-RAW"),
        (foreign, "VERIFY-LOST"),
        (half, "VERIFY-HALF"),
        (other_output, "VERIFY-OUTPUT"),
        (no_output, "VERIFY-MISSING"),
    ],
)
def test_every_damage_is_named(yard: Yard, change: Callable[[Yard], None], rule: str) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    assert yard.problems() == []
    change(yard)
    assert rule in {problem.rule for problem in yard.problems()}


def test_a_final_drop_in_the_work_folder_is_named_and_put_away_by_the_next_start(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    back_to_work(yard)
    assert {problem.rule for problem in yard.problems()} == {"VERIFY-STATE"}
    yard.run()
    assert yard.problems() == []


def test_outputs_that_a_receiver_took_are_not_missed(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    no_output(yard)
    assert yard.problems(all_present=False) == []


def test_a_drop_whose_bytes_vanished_before_it_was_done_is_lost(yard: Yard) -> None:
    yard.folder("ack").rmdir()
    yard.drop("trip1.edi", TWO)
    yard.run()
    place = next((yard.root / "state" / "work").iterdir())
    (place / "raw").unlink()
    assert "VERIFY-LOST" in {problem.rule for problem in yard.problems(all_present=False)}


def test_a_new_site_has_all_folders_that_something_is_sent_to(tmp_path: Path) -> None:
    """The first messages of a new partner are test messages."""
    place = Place(tmp_path / "site")
    path = place.folder / "samples" / "good-309.edi"
    data = path.read_bytes()
    assert data.count(b"*0*P*") == 1
    path.write_bytes(data.replace(b"*0*P*", b"*0*T*"))
    place.drop("good-309.edi")
    place.run()
    assert "good-309.edi.receipt.json" in place.names()
    assert [p.parent.name for p in (place.folder / "out").rglob("*.json")] == ["test"]
    assert verify_promises(place.site) == []


def test_the_receipt_names_the_answers_as_they_are_named(tmp_path: Path) -> None:
    """A name that was used before, or that no file can have, is another one in the folders of the answers."""
    place = Place(tmp_path / "site")
    data = (place.folder / "samples" / "bad-309.edi").read_bytes()
    for number, name in enumerate(("trip.edi", "trip.edi", "Größe 1.edi")):
        (place.folder / "samples" / name).write_bytes(data.replace(b"000000045", b"00000004%d" % number))
        place.drop(name)
        place.run()
    folder = place.folder / "drop" / "northtest"
    there = {p.name for kind in ("ack", "reject") for p in (folder / kind).iterdir()}
    receipts = [p for p in (folder / "ack").iterdir() if p.name.endswith(".receipt.json")]
    named = [name for p in receipts for name in json.loads(p.read_bytes())["answers"]]
    assert len(receipts) == 3
    assert sorted([*named, *(p.name for p in receipts)]) == sorted(there)


def test_the_command_looks_into_every_folder_that_something_was_sent_to(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.run()
    for folder in ("out", "out/test", "responses/answers", "drop/northtest/ack", "drop/othertest/reject"):
        (place.folder / folder / ".x.json.tmp").touch()
    assert [p["rule"] for p in verify_promises(place.site)] == ["VERIFY-HALF"] * 5
