from __future__ import annotations

import errno
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gateway.errors import ConfigError, DeliveryError
from gateway.results import Delivery, Outcome
from gateway.shell import decide, orders, outbox
from gateway.shell.claims import Claimed
from gateway.shell.desk import Later, Result
from gateway.shell.folders import ReceiptIds, StateFolders
from gateway.shell.newer import overtaken
from gateway.shell.process import later_files
from tests.shell.shell_support import NOW, Clock, Yard, fake_translate

TWO = "ICN 1\nMSG m1\nSHIP b1 24.90\nSHIP b2 10.00\nBAD b3\n"


def only(results: list[Result]) -> Result:
    assert len(results) == 1
    return results[0]


def test_a_drop_is_delivered_acknowledged_and_archived(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    result = only(yard.run())
    assert (result.state, result.verdict, result.found, result.accepted, result.rejected) == (
        "done",
        "partial",
        3,
        2,
        1,
    )
    name = yard.deliveries()
    assert len(name) == 1
    assert name[0].startswith("acme.m1.")
    assert json.loads((yard.out / name[0]).read_text()) == {
        "key": "m1",
        "shipments": [{"id": "b1", "n": 2}, {"id": "b2", "n": 3}],
    }
    assert yard.names("ack") == ["trip1.edi.997.edi", "trip1.edi.receipt.json"]
    assert yard.names("reject") == ["trip1.edi.rejects.csv"]
    assert yard.names("in") == []
    archived = yard.root / "state" / "archive" / "2025-03-03" / result.receipt
    assert (archived / "raw").read_text() == TWO
    assert not (archived / "out").exists()
    assert yard.problems() == []


def test_test_messages_go_to_the_test_folder_only(yard: Yard) -> None:
    yard.drop("trip1.edi", "TEST m1\nSHIP b1 1\n")
    yard.run()
    assert yard.deliveries() == []
    assert len(list((yard.out / "test").iterdir())) == 1


def test_a_refused_message_is_not_delivered_and_its_claims_are_undone(yard: Yard) -> None:
    yard.drop("trip1.edi", "MSG m1\nSHIP b1 1\nREFUSE\nMSG m2\nSHIP b2 1\n")
    assert only(yard.run()).rejected == 1
    assert [name.split(".")[1] for name in yard.deliveries()] == ["m2"]
    yard.drop("trip2.edi", "MSG m1\nSHIP b1 1\n")
    assert only(yard.run()).accepted == 1


def test_the_same_bytes_again_get_the_same_acknowledgments_and_nothing_is_delivered(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    first = only(yard.run())
    ack = (yard.folder("ack") / "trip1.edi.997.edi").read_bytes()
    yard.drop("again.edi", TWO)
    again = only(yard.run())
    assert (again.state, again.duplicate_of) == ("duplicate", first.receipt)
    assert (yard.folder("ack") / "again.edi.997.edi").read_bytes() == ack
    assert (
        json.loads((yard.folder("ack") / "again.edi.receipt.json").read_text())["duplicate_of"]["receipt_id"]
        == first.receipt
    )
    assert len(yard.deliveries()) == 1
    assert yard.problems() == []


def test_the_same_file_under_the_same_name_restores_the_first_acknowledgment(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    ack = yard.folder("ack") / "trip1.edi.997.edi"
    before = ack.read_bytes()
    ack.unlink()
    yard.drop("trip1.edi", TWO)
    again = only(yard.run())
    assert ack.read_bytes() == before
    assert f"trip1.edi.{again.receipt}.receipt.json" in yard.names("ack")


def test_a_third_copy_is_a_duplicate_of_the_first(yard: Yard) -> None:
    receipts = []
    for name in ("a.edi", "b.edi", "c.edi"):
        yard.drop(name, TWO)
        receipts.append(only(yard.run()))
    assert [r.duplicate_of for r in receipts] == ["", receipts[0].receipt, receipts[0].receipt]


def test_the_same_bytes_of_another_partner_are_not_a_duplicate(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.drop("trip1.edi", TWO, "beta")
    assert [r.state for r in yard.run()] == ["done", "done"]
    assert len(yard.deliveries()) == 2


def test_another_file_under_a_used_name_gets_answers_under_its_receipt(yard: Yard) -> None:
    yard.drop("trip.edi", TWO)
    yard.run()
    yard.drop("trip.edi", "MSG m9\nSHIP b9 5\n")
    result = only(yard.run())
    assert result.state == "done"
    assert f"trip.edi.{result.receipt}.997.edi" in yard.names("ack")
    assert yard.problems() == []


def test_a_used_control_number_is_seen_by_a_later_file(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    yard.drop("trip2.edi", "ICN 1\nMSG m5\nSHIP b5 1\n")
    assert only(yard.run()).verdict == "reject"


def test_a_fault_of_our_code_holds_the_file_and_tells_the_sender_nothing_of_it(yard: Yard, logs: io.StringIO) -> None:
    yard.drop("bad.edi", "MSG m1\nSHIP b1 1\nBOOM\n")
    yard.drop("good.edi", "MSG m1\nSHIP b1 1\n")
    bad, good = yard.run()
    assert (bad.state, good.state) == ("quarantined", "done")
    receipt = (yard.folder("reject") / "bad.edi.receipt.json").read_text()
    assert "held for a person" in receipt
    assert "Error" not in receipt
    assert yard.names("ack") == ["good.edi.997.edi", "good.edi.receipt.json"]
    held = yard.root / "state" / "quarantine" / bad.receipt
    assert "JANE FICTUM" in (held / "traceback.txt").read_text()
    assert "RuntimeError" in logs.getvalue()
    assert "JANE" not in logs.getvalue()
    assert [alert.rule for alert in yard.alerts] == ["DROP-BUG"]
    assert yard.problems() == []


def test_books_that_do_not_balance_hold_the_file(yard: Yard) -> None:
    yard.drop("trip1.edi", "MSG m1\nSHIP b1 1\nLOSE\n")
    assert only(yard.run()).state == "quarantined"
    assert yard.deliveries() == []
    assert [alert.rule for alert in yard.alerts] == ["DROP-BOOKS"]


def test_a_quarantine_verdict_sends_only_the_receipt_and_claims_nothing(yard: Yard) -> None:
    yard.drop("trip1.edi", "ICN 4\nMSG m1\nSHIP b1 1\nHOLD\n")
    assert only(yard.run()).state == "quarantined"
    assert (yard.names("ack"), yard.names("reject"), yard.deliveries()) == (["trip1.edi.receipt.json"], [], [])
    yard.drop("trip2.edi", "ICN 4\nMSG m1\nSHIP b1 1\n")
    assert only(yard.run()).accepted == 1


def test_a_file_above_the_size_limit_is_held(yard: Yard) -> None:
    yard.max_file_bytes = 10
    yard.drop("big.edi", TWO)
    assert only(yard.run()).state == "quarantined"
    assert "larger than 10 bytes" in (yard.folder("reject") / "big.edi.receipt.json").read_text()


def test_an_equal_file_at_the_target_is_a_success(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    made = yard.out / yard.deliveries()[0]
    other = Yard(yard.root / "other")
    (other.out / made.name).write_bytes(made.read_bytes())
    other.drop("trip1.edi", TWO)
    assert only(other.run()).state == "done"


def refused_by_target(yard: Yard) -> tuple[Yard, str, Result]:
    """Return another yard, whose target has another file under the name of the delivery, that name, and what became of the drop."""
    yard.drop("trip1.edi", TWO)
    yard.run()
    name = yard.deliveries()[0]
    other = Yard(yard.root / "other")
    (other.out / name).write_bytes(b"something else")
    other.drop("trip1.edi", TWO)
    return other, name, only(other.run())


def test_another_file_at_the_target_fails_the_drop_and_a_person_releases_it(yard: Yard) -> None:
    other, name, result = refused_by_target(yard)
    assert result.state == "failed"
    assert (other.out / name).read_bytes() == b"something else"
    assert other.names("ack") == []
    assert other.names("reject") == ["trip1.edi.held.receipt.json"]
    assert other.problems() == []

    other.drop("again.edi", TWO)  # the same bytes: nothing is answered that was not sent
    assert only(other.run()).state == "duplicate"
    told = json.loads((other.folder("ack") / "again.edi.receipt.json").read_text())
    assert "could not be delivered yet" in told["message"] and told["fix"].startswith("Wait:")
    assert other.names("ack") == ["again.edi.receipt.json"]

    (other.out / name).unlink()
    engine = other.engine()
    engine.release(result.receipt)
    assert [r.state for r in engine.run_once()] == ["done"]
    engine.close()
    assert (other.out / name).read_bytes() == (yard.out / name).read_bytes()
    assert other.names("ack") == ["again.edi.receipt.json", "trip1.edi.997.edi", "trip1.edi.receipt.json"]
    assert other.problems() == []


@pytest.mark.parametrize(
    ("receipt", "state", "goal", "form", "later"),
    [
        ("R-1", "seen", "", "", Later.WAIT),
        ("R-1", "translated", "done", "x12", Later.GO),  # only its answers wait
        ("R-1", "translated", "done", "zip", Later.WAIT),
        ("R-1", "translated", "quarantined", "zip", Later.GO),
        ("R-1", "done", "done", "zip", Later.WAIT),  # it cannot be put away, and what it held comes behind it
        ("R-1", "delivered", "done", "responses", Later.WAIT),
        ("R-1-0001", "delivered", "done", "responses", Later.GO),
        ("R-1", "quarantined", "quarantined", "", Later.GO),
    ],
)
def test_what_later_files_may_do_while_a_drop_waits(
    yard: Yard, receipt: str, state: str, goal: str, form: str, later: Later
) -> None:
    engine = yard.engine()
    drop = decide.new_drop(Claimed(receipt, "acme", "acme", "a", "a", "2025-03-03T10:00:00.000000Z"))
    assert later_files(receipt, engine.desk) is Later.WAIT  # nobody knows it
    engine.desk.ledger.see(msgspec.structs.replace(drop, state=state, goal=goal, format=form), drop.received_at)
    assert later_files(receipt, engine.desk) is later
    engine.close()


def test_what_a_target_refused_is_not_sent_after_a_later_file_changed_it(yard: Yard) -> None:
    other, name, result = refused_by_target(yard)
    for state, text in (("failed", "MSG m9\nAMEND b1 7\n"), ("done", "MSG m9\nAMEND b1 8\n")):
        twin = Yard(yard.root / state)
        twin.drop("trip2.edi", text)
        twin.run()
        if state == "failed":  # nothing newer was delivered: it may go on
            (other.out / twin.deliveries()[0]).write_bytes(b"another")
        other.drop("trip2.edi", text)
        assert only(other.run()).state == state
        engine = other.engine()
        assert overtaken(engine.desk.ledger, engine.desk.ledger.drop(result.receipt)) == (state == "done")
        engine.close()
    (other.out / name).unlink()
    orders.give(StateFolders(other.root / "state"), ReceiptIds(other.clock), orders.Order("replay", result.receipt))
    other.alerts.clear()
    assert other.run() == []
    assert [a.rule for a in other.alerts] == ["REPLAY-OVERTAKEN"]
    assert "changed or withdrew 1 of its shipments" in other.alerts[0].message
    assert not (other.out / name).exists()
    assert other.problems() == []


def test_a_quarantined_drop_is_translated_anew_after_release(yard: Yard) -> None:
    def broken(*_args: Any, **_facts: Any) -> Iterator[Delivery | Outcome]:
        raise RuntimeError

    yard.translate = broken
    yard.drop("trip1.edi", "MSG m1\nSHIP b1 1\n")
    held = only(yard.run())
    assert held.state == "quarantined"
    yard.translate = fake_translate
    engine = yard.engine()
    engine.release(held.receipt)
    assert [r.state for r in engine.run_once()] == ["done"]
    engine.close()
    assert yard.problems() == []


def test_releasing_a_finished_drop_is_refused_with_advice(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    done = only(yard.run())
    engine = yard.engine()
    with pytest.raises(ConfigError, match="gateway status"):
        engine.release(done.receipt)
    engine.close()


def test_deliveries_come_before_acknowledgments(yard: Yard) -> None:
    yard.folder("ack").rmdir()
    yard.drop("trip1.edi", TWO)
    assert only(yard.run()).waiting
    assert len(yard.deliveries()) == 1
    yard.folder("ack").mkdir()
    assert only(yard.run()).state == "done"
    assert yard.problems() == []


def test_what_was_fetched_while_the_acknowledgments_wait_is_not_delivered_again(yard: Yard) -> None:
    yard.folder("ack").rmdir()
    yard.drop("trip1.edi", TWO)
    assert only(yard.run()).waiting
    (yard.out / yard.deliveries()[0]).unlink()
    yard.folder("ack").mkdir()
    assert only(yard.run()).state == "done"
    assert yard.deliveries() == []


class Elsewhere:
    """A target on another machine, whose receiver takes a file as soon as it is there. full: no room after so many."""

    def __init__(self, full: int = 1_000, *, for_good: bool = False) -> None:
        self.full, self.for_good, self.taken = full, for_good, list[str]()

    def put(self, name: str, source: object, size: int, sha256: str) -> None:
        if len(self.taken) == self.full:
            raise DeliveryError("no room", retry=not self.for_good)
        self.taken.append(name.split(".")[1])


MANY = "".join(f"MSG m{number:03}\nSHIP b{number} 1\n" for number in range(70))  # more than are delivered at once


@pytest.mark.parametrize("sent", [1, 64, 66])
def test_what_was_delivered_before_a_fault_is_not_delivered_again_when_the_rest_is(yard: Yard, sent: int) -> None:
    yard.targets["acme"] = receiver = Elsewhere(sent)
    yard.drop("trip1.edi", MANY)
    assert only(yard.run()).waiting
    receiver.full = 1_000
    assert only(yard.run()).state == "done"
    assert receiver.taken == [f"m{number:03}" for number in range(70)]
    assert yard.problems(all_present=False) == []


def test_what_cannot_be_noted_is_not_sent_again_and_again(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of the ledger is full from the moment on in which a receiver elsewhere took the file."""
    full = False

    class Taking(Elsewhere):
        def put(self, name: str, source: object, size: int, sha256: str) -> None:
            nonlocal full
            full = True
            super().put(name, source, size, sha256)

    def until_full(usual: Callable[..., Any]) -> Callable[..., Any]:
        def write(*args: Any, **facts: Any) -> Any:
            if full:
                raise OSError(errno.ENOSPC, "No space left on device")
            return usual(*args, **facts)

        return write

    for call in ("appeared", "sent", "mark", "settle"):
        monkeypatch.setattr(outbox, call, until_full(getattr(outbox, call)))
    yard.targets["acme"] = receiver = Taking()
    yard.drop("trip1.edi", "MSG m1\nSHIP b1 1\n")
    for _ in range(4):
        waits = only(yard.run())
        assert waits.waiting and waits.trouble is not None and waits.trouble.rule == "DROP-WAITS"
    assert receiver.taken == ["m1"]
    full = False
    monkeypatch.undo()
    assert only(yard.run()).state == "done"


def test_a_drop_waits_for_a_person_to_mend_the_place_it_goes_to(yard: Yard) -> None:
    """A login that is refused, another host key, a folder that is gone: no fault of this file, and no answer says so."""

    class Shut(Elsewhere):
        def put(self, name: str, source: object, size: int, sha256: str) -> None:
            if self.full == 0:
                raise DeliveryError("sftp.example refuses the login of gateway.", retry=False, waits=True)
            super().put(name, source, size, sha256)

    yard.targets["acme"] = receiver = Shut(0)
    yard.drop("trip1.edi", "MSG m1\nSHIP b1 1\n")
    waits = only(yard.run())
    assert (waits.waiting, waits.trouble is not None and waits.trouble.rule) == (True, "DROP-DELIVERY")
    assert yard.names("ack") == yard.names("reject") == []
    receiver.full = 1_000
    assert only(yard.run()).state == "done"
    assert receiver.taken == ["m1"]


class DeathError(BaseException):
    """Stands for kill -9."""


@pytest.mark.parametrize("sent", [1, 40, 69])
def test_what_a_receiver_elsewhere_took_before_a_crash_is_not_sent_again(yard: Yard, sent: int) -> None:
    class Dying(Elsewhere):
        def put(self, name: str, source: object, size: int, sha256: str) -> None:
            if len(self.taken) == self.full:
                raise DeathError
            super().put(name, source, size, sha256)

    yard.targets["acme"] = receiver = Dying(sent)
    yard.drop("trip1.edi", MANY)
    with pytest.raises(DeathError):
        yard.run()
    receiver.full = 1_000
    assert only(yard.run()).state == "done"
    assert receiver.taken == [f"m{number:03}" for number in range(70)]
    assert yard.problems(all_present=False) == []


def test_what_was_delivered_before_a_refusal_is_not_delivered_again_when_a_person_releases_the_rest(yard: Yard) -> None:
    yard.targets["acme"] = receiver = Elsewhere(1, for_good=True)
    yard.drop("trip1.edi", "MSG m1\nSHIP b1 1\nMSG m2\nSHIP b2 1\n")
    failed = only(yard.run())
    assert failed.state == "failed"
    receiver.full = 1_000
    engine = yard.engine()
    engine.release(failed.receipt)
    assert [r.state for r in engine.run_once()] == ["done"]
    engine.close()
    assert receiver.taken == ["m1", "m2"]
    assert yard.problems(all_present=False) == []


def test_what_was_fetched_from_one_folder_while_another_is_away_is_not_delivered_again(yard: Yard) -> None:
    (yard.out / "test").rmdir()
    yard.drop("trip1.edi", "MSG m1\nSHIP b1 1\nTEST m2\nSHIP b2 1\n")
    assert only(yard.run()).waiting
    (yard.out / yard.deliveries()[0]).unlink()
    (yard.out / "test").mkdir()
    assert only(yard.run()).state == "done"
    assert (yard.deliveries(), len(list((yard.out / "test").iterdir()))) == ([], 1)


def test_an_answer_that_was_fetched_while_another_waits_is_not_sent_again(yard: Yard) -> None:
    away = yard.root / "away"
    yard.folder("ack").rename(away)
    yard.drop("trip1.edi", TWO)
    assert only(yard.run()).waiting
    (yard.folder("reject") / "trip1.edi.rejects.csv").unlink()
    away.rename(yard.folder("ack"))
    assert only(yard.run()).state == "done"
    assert (yard.names("reject"), yard.names("ack")) == ([], ["trip1.edi.997.edi", "trip1.edi.receipt.json"])


def test_what_is_kept_and_what_was_sent_are_two_files(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    done = only(yard.run())
    kept = yard.root / "state" / "archive" / "2025-03-03" / done.receipt
    sent = [*yard.out.iterdir(), *yard.folder("ack").iterdir(), *yard.folder("reject").iterdir()]
    assert sorted(p.name for p in kept.iterdir()) == ["acks", "claim.json", "raw"]
    for path in (p for p in [*sent, *kept.rglob("*")] if p.is_file()):
        assert (path.stat().st_nlink, path.stat().st_mode & 0o777) == (1, 0o640 if path in sent else 0o600)


def test_no_acknowledgment_leaves_while_the_delivery_fails(yard: Yard) -> None:
    away = yard.root / "away"
    yard.out.rename(away)
    yard.drop("trip1.edi", TWO)
    assert only(yard.run()).waiting
    assert yard.names("ack") == []
    away.rename(yard.out)
    assert only(yard.run()).state == "done"
    assert yard.controls() == [1]


def test_an_amendment_replaces_and_a_cancellation_frees_the_shipment(yard: Yard) -> None:
    for name, text in (
        ("1", "SHIP b1 500 anna"),
        ("2", "AMEND b1 300 anna"),
        ("3", "CANCEL b1 0"),
        ("4", "SHIP b1 9 anna"),
    ):
        yard.drop(f"{name}.edi", f"MSG m{name}\n{text}\n")
        assert only(yard.run()).accepted == 1
    assert yard.problems() == []


def test_the_receipt_comes_last_whoever_sees_it_finds_the_reject_file_too(yard: Yard) -> None:
    yard.folder("reject").rmdir()
    yard.drop("trip1.edi", TWO)
    assert only(yard.run()).waiting
    assert yard.names("ack") == []
    yard.folder("reject").mkdir()
    assert only(yard.run()).state == "done"
    assert yard.names("ack") == ["trip1.edi.997.edi", "trip1.edi.receipt.json"]
    assert yard.problems() == []


def test_the_same_bytes_are_known_after_a_month_and_a_restart(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    first = only(yard.run())
    yard.clock = Clock(NOW + timedelta(days=31))
    yard.drop("again.edi", TWO)
    again = only(yard.run())
    assert (again.state, again.duplicate_of, len(yard.deliveries())) == ("duplicate", first.receipt, 1)
