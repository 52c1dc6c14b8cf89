"""The order in which claimed files are begun."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.shell import schedule
from gateway.shell.claims import Claimed
from gateway.shell.desk import Later, Result, Trouble
from gateway.shell.schedule import Queue

ANY = 10**12
AWAY = Trouble("DROP-DELIVERY", "the folder", "It is away.")


def file(receipt: str, partner: str = "acme", size: int = 100) -> Claimed:
    return Claimed(receipt, partner, partner, f"{receipt}.edi", f"{receipt}.edi", "", size)


def waits(receipt: str, **facts: Any) -> Result:
    return Result(receipt, "acme", f"{receipt}.edi", "waiting", waiting=True, **facts)


def begun(queue: Queue, now: float = 0.0, room: Any = lambda _size: True) -> list[str]:
    """Begin all that can be begun."""
    found = []
    while one := queue.next(now, room):
        found.append(one.claimed.receipt)
    return found


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setattr(schedule.time, "monotonic", lambda: 0.0)
    return Queue()


def test_one_file_of_a_partner_is_in_work_and_they_go_in_the_order_of_arrival(queue: Queue) -> None:
    for receipt, size in (("r2", 1), ("r1", 500), ("r3", 1)):
        queue.put(file(receipt, size=size))
    for receipt in ("r1", "r2", "r3"):
        assert begun(queue) == [receipt]
        assert queue.working() == [receipt]
        queue.done(file(receipt))
    assert begun(queue) == []


def test_across_partners_small_files_go_first(queue: Queue) -> None:
    queue.put(file("r1", "a", 9000))
    queue.put(file("r2", "b", 20))
    queue.put(file("r3", "c", 300))
    assert begun(queue) == ["r2", "r3", "r1"]


def test_a_file_without_room_lets_smaller_ones_pass(queue: Queue) -> None:
    queue.put(file("r1", "a", 9000))
    queue.put(file("r2", "b", 20))
    assert begun(queue, room=lambda size: size < 100) == ["r2"]
    assert queue.ready(0.0)


def test_a_large_file_starts_in_the_end_whatever_else_comes(queue: Queue) -> None:
    queue.put(file("r1", "a", 10**9))
    for number in range(2, 200):
        queue.put(file(f"s{number:03}", f"p{number}", 10))
        (one,) = [queue.next(number, lambda _size: True)]  # one place, a small file more each second
        assert one is not None
        queue.done(one.claimed)
        if one.claimed.receipt == "r1":
            assert number == 60
            return
    pytest.fail("the large file starved")


def test_a_file_that_waits_comes_back_later_and_later_and_others_go_on(queue: Queue) -> None:
    queue.put(file("r1"))
    queue.put(file("r2", "beta"))
    spans = []
    for _ in range(11):
        now = queue.due() if queue.due() < float("inf") else 0.0
        one = queue.next(now, lambda _size: True)
        assert one is not None
        assert one.claimed.receipt == "r1"
        queue.again(one.claimed, waits("r1"), now)
        spans.append(queue.due() - now)
    assert spans == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert queue.sizes() == (1, 1)
    assert begun(queue, now=0.0) == ["r2"]
    assert queue.sizes() == (0, 1)  # what is in work is neither


def put_back(queue: Queue, receipt: str, now: float = 0.0, **facts: Any) -> None:
    """Begin the next file, which must be this one, and put it back."""
    one = queue.next(now, lambda _size: True)
    assert one is not None
    assert one.claimed.receipt == receipt
    queue.again(one.claimed, waits(receipt, **facts), now)


def test_nothing_of_a_partner_is_begun_while_a_file_before_it_waits_undecided(queue: Queue) -> None:
    for receipt, partner in (("r1", "acme"), ("r2", "acme"), ("r3", "beta")):
        queue.put(file(receipt, partner))
    put_back(queue, "r1", trouble=AWAY)  # the ledger was locked
    assert begun(queue) == ["r3"]
    assert not queue.ready(0.0)
    assert queue.due() == 1.0
    queue.put(file("r0"))  # an earlier one, which a person released
    assert begun(queue) == ["r0"]
    assert begun(queue, 1.0) == []  # r1 is ready, r0 in work
    queue.done(file("r0"))
    for receipt in ("r1", "r2"):
        assert begun(queue, 1.0) == [receipt]
        queue.done(file(receipt))


def test_what_comes_behind_an_undelivered_file_is_decided_and_sent_after_it_one_by_one(queue: Queue) -> None:
    for receipt in ("r1", "r2", "r3"):
        queue.put(file(receipt))
    put_back(queue, "r1", later=Later.DECIDE, trouble=AWAY)
    for receipt in ("r2", "r3"):
        one = queue.next(0.0, lambda _size: True)
        assert one is not None
        assert (one.claimed.receipt, one.behind) == (receipt, AWAY)
        queue.again(one.claimed, waits(receipt, later=Later.DECIDE, trouble=AWAY, behind=True), 0.0)
    assert queue.sizes() == (0, 3)
    assert begun(queue, 0.5) == []
    one = queue.next(1.0, lambda _size: True)  # only the first asks again whether the target is there
    assert one is not None
    assert (one.claimed.receipt, one.behind) == ("r1", None)
    queue.put(file("r4"))
    queue.done(one.claimed)
    for receipt in ("r2", "r3", "r4"):
        one = queue.next(1.0, lambda _size: True)
        assert one is not None
        assert (one.claimed.receipt, one.behind) == (receipt, None)
        assert begun(queue, 1.0) == []
        queue.done(one.claimed)
    assert queue.sizes() == (0, 0)


def test_a_file_whose_answers_wait_holds_up_nobody(queue: Queue) -> None:
    for receipt in ("r1", "r2", "r3"):
        queue.put(file(receipt))
    put_back(queue, "r1", later=Later.DECIDE, trouble=AWAY)
    put_back(queue, "r2", later=Later.DECIDE, trouble=AWAY, behind=True)
    put_back(queue, "r3", later=Later.DECIDE, trouble=AWAY, behind=True)
    put_back(queue, "r1", 1.0, later=Later.GO, trouble=AWAY)  # delivered; its answers wait for another folder
    put_back(queue, "r2", 1.0, later=Later.GO, trouble=AWAY)
    assert begun(queue, 1.0) == ["r3"]


def test_the_same_bytes_come_back_when_the_first_are_through(queue: Queue) -> None:
    queue.put(file("r1"))
    queue.put(file("r2"))
    queue.put(file("r3"))
    put_back(queue, "r1", later=Later.DECIDE, trouble=AWAY)
    put_back(queue, "r2", behind=True)  # the same bytes as r1: nobody knows what becomes of them
    assert begun(queue) == []  # r3 may change what r2 is compared with
    one = queue.next(1.0, lambda _size: True)
    assert one is not None
    assert one.claimed.receipt == "r1"
    queue.done(one.claimed)
    assert begun(queue, 1.0) == ["r2"]


def test_a_file_that_goes_back_at_once_keeps_its_place(queue: Queue) -> None:
    queue.put(file("r1"))
    queue.put(file("r2"))
    assert begun(queue) == ["r1"]
    queue.again(file("r1"), waits("r1"), 0.0, at_once=True)
    assert begun(queue) == ["r1"]


def test_a_file_that_must_be_alone_waits_for_the_others_and_then_nothing_is_begun(queue: Queue) -> None:
    queue.put(file("r1", "a"))
    queue.put(file("r2", "b"))
    assert begun(queue) == ["r1", "r2"]
    queue.again(file("r1", "a"), waits("r1", alone=True), 0.0)
    queue.put(file("r3", "c", 1))
    assert begun(queue) == []  # r2 is in work
    queue.done(file("r2", "b"))
    one = queue.next(0.0, lambda _size: True)
    assert one is not None
    assert (one.claimed.receipt, one.alone) == ("r1", True)
    assert begun(queue) == []
    queue.done(file("r1", "a"))
    assert begun(queue) == ["r3"]


def test_a_partner_is_stopped_and_goes_on(queue: Queue) -> None:
    queue.put(file("r1"))
    assert queue.stop("acme")
    assert begun(queue) == []
    assert not queue.ready(0.0)
    queue.go("acme")
    assert begun(queue) == ["r1"]
    assert not queue.stop("acme")  # something of it is in work


def test_a_file_is_queued_once(queue: Queue) -> None:
    queue.put(file("r1"))
    queue.put(file("r1"))
    assert queue.knows("r1")
    assert begun(queue) == ["r1"]
    queue.put(file("r1"))
    queue.done(file("r1"))
    assert begun(queue) == []
    assert not queue.knows("r1")
