"""Two drops translated at the same time: the second to commit is told when what it was judged by has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.history import PERSON_LIMIT_USD, Part
from gateway.rules.values import LIMIT_USD
from gateway.shell import decide, journal, late, outbox
from gateway.shell.claims import Claimed
from gateway.shell.history import SqlHistory
from gateway.shell.ledger import Ledger, open_ledger
from gateway.shell.merge import ClaimConflictError
from gateway.shell.outbox import Plan
from gateway.translate import translate
from tests.shell.shell_support import Clock, Yard, fresh_ledger
from tests.shell.test_history import claim
from tests.shell.test_late import LIST, START, RealYard

AT = "2025-03-03T10:00:00.000000Z"
Begin = Callable[..., SqlHistory]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    (tmp_path / "ledger.db").write_bytes(fresh_ledger())
    with closing(open_ledger(f"sqlite:///{tmp_path}/ledger.db")) as opened:
        yield opened


@pytest.fixture
def begin(ledger: Ledger) -> Iterator[Begin]:
    """Begin a drop: see it and open its history."""
    opened = []

    def started(receipt: str, partner: str = "acme", again: frozenset[str] = frozenset()) -> SqlHistory:
        name = f"{receipt}.edi"
        ledger.see(decide.new_drop(Claimed(receipt, partner, partner, name, name, AT, 1, receipt)), AT)
        opened.append(SqlHistory(ledger, partner, AT, again=again))
        return opened[-1]

    yield started
    for history in opened:
        history.close()


def plan(ledger: Ledger, history: SqlHistory, receipt: str) -> None:
    """What decides about a drop, in one transaction."""
    with ledger.transaction() as connection:
        outbox.plan(connection, receipt, Plan("done", "accept"), (), (), AT)
        history.commit_numbers(connection)
        history.commit(connection, receipt, AT)


def states(ledger: Ledger) -> dict[str, str]:
    return {drop.receipt: drop.state for drop in ledger.find()}


def test_the_limit_is_the_one_of_the_rules() -> None:
    assert PERSON_LIMIT_USD == LIMIT_USD


@pytest.mark.parametrize(("others", "conflict"), [("300", False), ("300.000001", True)])
def test_a_sum_that_grew_above_the_limit_is_a_conflict(
    ledger: Ledger, begin: Begin, others: str, conflict: bool
) -> None:
    mine, other = begin("r1"), begin("r2", "beta")
    assert mine.day_totals([("anna", "2025-03-03")])[0] == (Decimal(0), [])
    mine.claim([claim("a1", "500", "anna"), claim("a2", "10", "carl")])
    other.claim([claim("b1", others, "anna"), claim("b2", "800", "bob")])
    plan(ledger, other, "r2")
    if conflict:
        with pytest.raises(ClaimConflictError, match="sum of a person"):
            plan(ledger, mine, "r1")
        assert states(ledger) == {"r1": "seen", "r2": "translated"}  # nothing of it was kept
        again = begin("r1")
        assert again.day_totals([("anna", "2025-03-03")])[0][0] == Decimal(others)
        again.claim([claim("a2", "10", "carl")])
        plan(ledger, again, "r1")
    else:
        plan(ledger, mine, "r1")
    assert states(ledger) == {"r1": "translated", "r2": "translated"}


def test_a_sum_of_before_that_is_above_the_limit_is_no_conflict(ledger: Ledger, begin: Begin) -> None:
    """A partner whose table only remarks on the sum may pass it."""
    first = begin("r0", "beta")
    first.claim([claim("b1", "700", "anna")])
    plan(ledger, first, "r0")
    mine, other = begin("r1"), begin("r2", "beta")
    mine.claim([claim("a1", "500", "anna")])
    other.claim([claim("b2", "5", "bob")])
    plan(ledger, other, "r2")
    plan(ledger, mine, "r1")


def test_a_shipment_that_was_judged_a_duplicate_of_one_that_is_cancelled_meanwhile(
    ledger: Ledger, begin: Begin
) -> None:
    first = begin("r0")
    first.claim([claim("a1")])
    plan(ledger, first, "r0")
    mine, other = begin("r1"), begin("r2")
    assert mine.shipments(["a1"])[0] is not None  # a duplicate: nothing is claimed
    other.claim([claim("a1", purpose="cancel")])
    plan(ledger, other, "r2")
    with pytest.raises(ClaimConflictError, match="drop r2"):
        plan(ledger, mine, "r1")


def test_a_part_that_another_drop_completed_meanwhile(ledger: Ledger, begin: Begin) -> None:
    first = begin("r0")
    first.note_parts([Part("m/h", "waiting", "file list.xml", b'{"a":1}')])
    plan(ledger, first, "r0")
    mine, other = begin("r1"), begin("r2")
    for history, number in ((mine, "1"), (other, "2")):
        (found,) = history.parts(["m/h"])
        assert found is not None
        assert found.state == "waiting"
        history.note_parts([Part("m/h", "done", f"file {number}")])
    plan(ledger, other, "r2")
    with pytest.raises(ClaimConflictError):
        plan(ledger, mine, "r1")


def test_control_numbers_of_two_drops_at_once(ledger: Ledger, begin: Begin) -> None:
    mine, other = begin("r1"), begin("r2", "beta")
    assert mine.next_control("common/ISA13") == other.next_control("common/ISA13") == 1
    plan(ledger, other, "r2")
    with pytest.raises(ClaimConflictError, match="counter"):
        plan(ledger, mine, "r1")
    assert begin("r1").next_control("common/ISA13") == 2


def test_a_replay_beside_another_drop_of_the_partner(ledger: Ledger, begin: Begin) -> None:
    first = begin("r0")
    first.claim_interchange("S", "R", "1", "file a.edi")
    first.claim([claim("a1", content="old")])
    plan(ledger, first, "r0")
    replayed, other = begin("r1", again=frozenset({"r0"})), begin("r2")
    assert replayed.interchange("S", "R", "1") is None
    replayed.claim_interchange("S", "R", "1", "file a.edi")
    other.claim([claim("a1", purpose="amend", content="new")])
    plan(ledger, other, "r2")
    with pytest.raises(ClaimConflictError):
        plan(ledger, replayed, "r1")


def test_a_late_answer_given_meanwhile(ledger: Ledger, begin: Begin) -> None:
    begin("r0")
    mine = begin("r1")
    with ledger.transaction() as connection:
        journal.append(connection, AT, "late", "r0", rejected=1)
    with pytest.raises(ClaimConflictError, match="drop r0"):
        plan(ledger, mine, "r1")


def test_drops_of_other_partners_are_no_conflict(ledger: Ledger, begin: Begin) -> None:
    mine, other = begin("r1"), begin("r2", "beta")
    mine.claim([claim("x1", person="")])
    other.claim([claim("x1", person="")])
    plan(ledger, other, "r2")
    plan(ledger, mine, "r1")
    assert states(ledger) == {"r1": "translated", "r2": "translated"}


def test_a_late_answer_is_given_up_when_a_shipment_was_completed_while_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = RealYard(tmp_path, clock=Clock(START), translate=translate, partners=("acme",))
    yard.drop("list.xml", LIST)
    (result,) = yard.run()
    stage = late.stage_answers
    engine = yard.engine()
    profile = engine._partners["acme"].profile

    def completed(*facts: object, **more: object) -> object:
        with engine.desk.ledger.transaction() as connection:  # as a worker does that has the missing message
            connection.exec_driver_sql("UPDATE parts SET state = 'done' WHERE state = 'waiting'")
        return stage(*facts, **more)  # type: ignore[arg-type]

    drop = engine.desk.ledger.drop(result.receipt)
    assert drop is not None
    monkeypatch.setattr(late, "stage_answers", completed)
    with pytest.raises(ClaimConflictError):
        late.answer(drop, profile, engine.desk)
    assert engine.desk.ledger.drop(result.receipt) == drop
    assert not (tmp_path / "state" / "work" / result.receipt).exists()
    engine.close()


def test_a_conflict_in_a_drop_that_is_alone_is_a_fault_of_ours(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def conflict(*_: object) -> int:
        raise ClaimConflictError("always")

    monkeypatch.setattr(SqlHistory, "commit", conflict)
    yard.drop("a.edi", "MSG m1\nSHIP b1 1\n")
    engine = yard.engine()
    engine.desk = replace(engine.desk, alone=True)
    assert [r.state for r in engine.run_once()] == ["quarantined"]
    engine.close()
    assert [a.rule for a in yard.alerts] == ["DROP-BUG"]
