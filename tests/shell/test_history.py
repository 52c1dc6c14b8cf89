from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select

from gateway.history import Lot, MemoryHistory, Part, ShipmentClaim
from gateway.shell import merge, scratch, statements
from gateway.shell.folders import parse_instant
from gateway.shell.history import SqlHistory
from gateway.shell.ledger import Ledger, open_ledger
from gateway.shell.merge import ClaimConflictError
from gateway.shell.past import MAX_KEYS
from gateway.shell.schema import person_days, shipments
from gateway.shell.scratch import Touched
from tests.shell.shell_support import fresh_ledger

AT = "2025-03-03T10:00:00.000000Z"
LATER = "2026-06-03T10:00:00.000000Z"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    (tmp_path / "ledger.db").write_bytes(fresh_ledger())
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    yield opened
    opened.close()


def claim(
    key: str, value: str = "24.90", person: str = "p", purpose: str = "original", content: str = "c"
) -> ShipmentClaim:
    return ShipmentClaim(key, content, "file a.edi", person, "2025-03-03", Decimal(value), purpose)


def commit(ledger: Ledger, history: SqlHistory, receipt: str = "r1", at: str = AT) -> int:
    with ledger.transaction() as connection:
        return history.commit(connection, receipt, at)


KEYS = st.sampled_from(["b1", "b2", "b3", "b4"])
CLAIMS = st.builds(
    ShipmentClaim,
    key=KEYS,
    content=st.sampled_from(["x", "y"]),
    where=st.just("file"),
    person=st.sampled_from(["", "anna", "ben"]),
    day=st.sampled_from(["2025-03-03", "2025-03-04"]),
    value_usd=st.decimals(min_value=0, max_value=900, places=2),
    purpose=st.sampled_from(["original", "amend", "cancel"]),
)
PARTS = st.builds(
    Part,
    key=KEYS,
    state=st.sampled_from(["waiting", "done", "gone"]),
    where=st.just("file"),
    until=st.just(parse_instant(LATER)),
)
STEPS = st.one_of(
    st.tuples(st.just("claim"), st.lists(CLAIMS, min_size=1, max_size=3)),
    st.tuples(st.just("parts"), st.lists(PARTS, min_size=1, max_size=3)),
    st.tuples(st.just("mark"), st.none()),
    st.tuples(st.just("rollback"), st.none()),
    st.tuples(st.just("ask"), st.none()),
    st.tuples(st.just("commit"), st.none()),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=25))
def test_the_ledger_answers_as_the_memory_history_does(tmp_path: Path, steps: list[tuple[str, Any]]) -> None:
    path = tmp_path / "ledger.db"
    for old in tmp_path.glob("ledger.db*"):
        old.unlink()
    path.write_bytes(fresh_ledger())
    ledger = open_ledger(f"sqlite:///{path}")
    memory, sql = MemoryHistory(), SqlHistory(ledger, "acme", AT)
    marks: list[tuple[int, int]] = []
    for what, claims in [*steps, ("ask", None), ("commit", None), ("ask", None)]:
        if what == "claim":
            memory.claim(claims)
            sql.claim(claims)
        elif what == "parts":
            memory.note_parts(claims)
            sql.note_parts(claims)
        elif what == "mark":
            marks.append((memory.mark(), sql.mark()))
        elif what == "rollback" and marks:
            ours, theirs = marks.pop()
            memory.rollback(ours)
            sql.rollback(theirs)
        elif what == "commit":
            commit(ledger, sql)
            sql.close()
            sql, marks = SqlHistory(ledger, "acme", AT), []
        elif what == "ask":
            names = ["b1", "b2", "b3", "b4"]
            assert [p and (p.key, p.state, p.until) for p in sql.parts(names)] == [
                p and (p.key, p.state, p.until) for p in memory.parts(names)
            ]
            assert [c and (c.key, c.content, c.value_usd) for c in sql.shipments(names)] == [
                c and (c.key, c.content, c.value_usd) for c in memory.shipments(names)
            ]
            for person in ("anna", "ben"):
                for day in ("2025-03-03", "2025-03-04"):
                    total, keys = memory.day_totals([(person, day)])[0]
                    found, named = sql.day_totals([(person, day)])[0]
                    assert (found, sorted(named)) == (total, sorted(keys))
    sql.close()
    ledger.close()


def test_nothing_is_kept_without_commit(ledger: Ledger) -> None:
    history = SqlHistory(ledger, "acme", AT)
    history.claim([claim("b1")])
    history.claim_interchange("S", "R", "1", "a.edi")
    history.close()
    later = SqlHistory(ledger, "acme", AT)
    assert later.shipments(["b1"]) == [None]
    assert later.interchange("S", "R", "1") is None
    later.close()


def test_the_day_sum_counts_all_partners_but_names_only_own_shipments(ledger: Ledger) -> None:
    for partner, key, value in (("acme", "a1", "450"), ("beta", "b1", "400")):
        history = SqlHistory(ledger, partner, AT)
        history.claim([claim(key, value)])
        commit(ledger, history)
        history.close()
    history = SqlHistory(ledger, "beta", AT)
    assert history.day_totals([("p", "2025-03-03")])[0] == (Decimal(850), ["b1"])
    history.close()


def test_partners_do_not_see_each_others_shipments_or_interchanges(ledger: Ledger) -> None:
    history = SqlHistory(ledger, "acme", AT)
    history.claim([claim("b1")])
    history.claim_interchange("S", "R", "1", "a.edi")
    commit(ledger, history)
    history.close()
    other = SqlHistory(ledger, "beta", AT)
    assert (other.shipments(["b1"]), other.interchange("S", "R", "1")) == ([None], None)
    other.close()


def test_a_control_number_may_come_again_after_the_remembered_time(ledger: Ledger) -> None:
    for at, seen in ((AT, None), (AT, "a.edi"), (LATER, None)):
        history = SqlHistory(ledger, "acme", at)
        assert history.interchange("S", "R", "000000001") == seen
        if seen is None:
            history.claim_interchange("S", "R", "000000001", "a.edi")
            commit(ledger, history, at=at)
        history.close()


def test_two_drops_that_claim_the_same_shipment_cannot_both_commit(ledger: Ledger) -> None:
    first, second = SqlHistory(ledger, "acme", AT), SqlHistory(ledger, "acme", AT)
    for history in (first, second):
        assert history.shipments(["b1"]) == [None]
        history.claim([claim("b1")])
    assert commit(ledger, first, "r1") == 1
    with pytest.raises(ClaimConflictError):
        commit(ledger, second, "r2")
    first.close()
    second.close()


def test_two_drops_that_claim_the_same_interchange_cannot_both_commit(ledger: Ledger) -> None:
    first, second = SqlHistory(ledger, "acme", AT), SqlHistory(ledger, "acme", AT)
    for history in (first, second):
        history.claim_interchange("S", "R", "7", "a.edi")
    commit(ledger, first, "r1")
    with pytest.raises(ClaimConflictError):
        commit(ledger, second, "r2")
    first.close()
    second.close()


def test_a_number_was_sent_when_its_counter_reached_it(ledger: Ledger) -> None:
    history = SqlHistory(ledger, "acme", AT)
    assert history.next_control("acme/ISA13") == 1
    assert not history.sent("interchange", "000000001")  # not before the plan of the drop
    with ledger.transaction() as connection:
        history.commit_numbers(connection)
    sent = [history.sent("interchange", number) for number in ("000000001", "000000002", "", "x", "0")]
    assert sent == [True, False, False, False, False]
    assert not history.sent("group", "1")
    history.close()


def test_one_person_with_very_many_shipments_names_a_bounded_number_of_them(ledger: Ledger) -> None:
    history = SqlHistory(ledger, "acme", AT)
    for number in range(300):
        history.day_totals([("p", "2025-03-03")])[0]
        history.claim([claim(f"b{number}", "1")])
    total, keys = history.day_totals([("p", "2025-03-03")])[0]
    assert (total, len(keys)) == (Decimal(300), MAX_KEYS)
    history.close()


def test_all_counters_of_a_drop_are_used_up_each_time(ledger: Ledger) -> None:
    scopes = ["acme/ISA13", "acme/GS06", "acme/XFNM"]
    for number in (1, 2, 3):
        history = SqlHistory(ledger, "acme", AT)
        assert [history.next_control(scope) for scope in scopes] == [number] * 3
        with ledger.transaction() as connection:
            history.commit_numbers(connection)
        history.close()
    assert [ledger.last_control(scope) for scope in scopes] == [3] * 3


def test_a_number_that_somebody_else_took_meanwhile_is_a_conflict(ledger: Ledger) -> None:
    first, second = SqlHistory(ledger, "acme", AT), SqlHistory(ledger, "acme", AT)
    assert [h.next_control("acme/GS06") for h in (first, second, second)] == [1, 1, 2]
    with ledger.transaction() as connection:
        second.commit_numbers(connection)
    with pytest.raises(ClaimConflictError), ledger.transaction() as connection:
        first.commit_numbers(connection)
    assert ledger.last_control("acme/GS06") == 2
    assert ledger.next_control("acme/GS06") == 3
    first.close()
    second.close()


def test_what_was_claimed_is_never_forgotten_however_much_it_is() -> None:
    touched, many = Touched(), 2 * scratch._FEW
    for number in range(many):
        touched.add_all([("p", str(number))])
    assert all(("p", str(number)) in touched for number in range(many))
    assert sum(("q", str(number)) in touched for number in range(10_000)) < 100


@pytest.mark.parametrize("seed", range(12))
def test_claims_come_into_the_ledger_the_same_however_they_are_sorted_and_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Few claims are sorted batch by batch here, many by the scratch database; rows go in statements of many rows."""
    rnd = random.Random(seed)
    known, persons, lots = rnd.randrange(3), ["", "anna", "ben", *map(str, range(90))], ["", "", "o1 o2"][: rnd.randint(1, 3)]  # fmt: skip

    def some(receipt: str, number: int) -> ShipmentClaim:
        key = f"k{number if known < 2 else rnd.randrange(90)}"
        purpose = rnd.choice(("original", "original", "amend", "cancel")) if known else "original"
        made = claim(key, f"{rnd.randrange(90)}.10", rnd.choice(persons), purpose, f"{receipt} {number}")
        return replace(made, orders=rnd.choice(lots))

    drops = {receipt: rnd.sample([some(receipt, number) for number in range(100)], 90) for receipt in ("r1", "r2")[: 1 + (known > 0)]}  # fmt: skip
    seen = []
    for few, together, rows in ((10**6, 7, 3), (10**6, 4096, 64), (0, 50, 64)):
        monkeypatch.setattr(merge, "_FEW", few)
        monkeypatch.setattr(merge, "_SORTED", together)
        monkeypatch.setattr(statements, "_ROWS", rows)
        (path := tmp_path / f"{few}{rows}.db").write_bytes(fresh_ledger())
        ledger, active = open_ledger(f"sqlite:///{path}"), []
        for receipt, claims in drops.items():
            history = SqlHistory(ledger, "acme", AT)
            for start in range(0, len(claims), 13):
                history.claim(claims[start : start + 13])
            active.append(commit(ledger, history, receipt))
            history.close()
        with ledger.reading() as connection:
            columns = [column for column in shipments.c if column.name != "id"]
            found = sorted(map(tuple, connection.execute(select(*columns))))
            seen.append((active, found, sorted(map(tuple, connection.execute(select(person_days))))))
        ledger.close()
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0][1]) >= 60


def test_a_drop_finds_nothing_of_the_drop_before_it(ledger: Ledger) -> None:
    for receipt in ("r1", "r2", "r3"):
        history = SqlHistory(ledger, "acme", AT)
        assert history.interchange("S", "R", "1") is None
        assert history.shipments(["b1"]) == [None]
        history.claim_interchange("S", "R", "1", f"here {receipt}")
        history.claim([claim("b1", "1")])
        history.note_parts([Part("k", "waiting", receipt, b"{}", None)])
        assert history.parts(["k"]) != [None]
        history.close()
    fresh = SqlHistory(ledger, "acme", AT)
    assert fresh.interchange("S", "R", "1") is None
    assert fresh.parts(["k"]) == [None]
    fresh.close()


def test_names_and_numbers_of_any_length_and_kind_are_known_again(ledger: Ledger) -> None:
    """A Cargo-XML message is known by up to 70 characters; what a file claims to be its sender may be anything."""
    number = "999-12345675-" + "0" * 60
    sender, receiver = "C:" + "S" * 200, "\0ZZ:CBP"
    one = SqlHistory(ledger, "acme", AT)
    one.claim_interchange(sender, receiver, f"{number}1", "first")
    assert one.interchange(sender, receiver, f"{number}1") == "first"
    commit(ledger, one)
    one.close()
    two = SqlHistory(ledger, "acme", AT)
    assert two.interchange(sender, receiver, f"{number}1") == "first"
    assert two.interchange(sender, receiver, f"{number}2") is None
    assert two.interchange(f"{sender}S", receiver, f"{number}1") is None
    two.close()


def test_lots_of_orders_are_known_to_later_drops(ledger: Ledger):
    first = SqlHistory(ledger, "acme", AT)
    assert first.lots("p") == []
    lot = replace(claim("b1", "500.00"), orders="k1 k2")
    first.claim([lot, claim("b2", "10.00"), replace(lot, key="b3", person="q")])
    commit(ledger, first)
    first.close()
    second, other = SqlHistory(ledger, "acme", AT), SqlHistory(ledger, "other", AT)
    assert second.lots("p") == [Lot("2025-03-03", Decimal("500"), "k1 k2", "b1")]
    assert other.lots("p") == [Lot("2025-03-03", Decimal("500"), "k1 k2", "")]
    assert second.lots("nobody") == []
    other.close()
    second.claim([replace(claim("b1", "20.00", purpose="amend", content="d"), orders="k3")])
    commit(ledger, second, "r2")
    second.close()
    third = SqlHistory(ledger, "acme", AT)
    assert third.lots("p") == [Lot("2025-03-03", Decimal("20"), "k3", "b1")]
    third.close()


def test_a_number_that_was_given_back_may_be_used_by_a_later_drop(ledger: Ledger):
    for number, back in (("1", True), ("1", False), ("2", False)):
        history = SqlHistory(ledger, "acme", AT)
        assert history.interchange("s", "r", number) is None
        history.claim_interchange("s", "r", number, "a.edi")
        if back:
            history.release_interchange("s", "r", number)
            assert history.interchange("s", "r", number) is None
        commit(ledger, history, f"r{number}{back}")
        history.close()
    last = SqlHistory(ledger, "acme", AT)
    assert last.interchange("s", "r", "1") == "a.edi"
    last.close()


NEW = st.lists(
    st.builds(lambda key, facts: replace(facts, key=key), st.integers(0, 10_000).map("{:05}".format), CLAIMS),
    unique_by=lambda one: one.key,
    max_size=30,
)


@given(NEW, st.lists(CLAIMS, max_size=6), st.integers(1, 30))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_claims_noted_together_are_those_noted_one_by_one(tmp_path, new, repeated, size):
    claims, kept = [*new, *repeated], []
    for name, together in (("one", 1), ("all", size)):
        (tmp_path / f"{name}.db").write_bytes(fresh_ledger())
        ledger = open_ledger(f"sqlite:///{tmp_path}/{name}.db")
        history = SqlHistory(ledger, "acme", AT)
        marks = []
        for start in range(0, len(claims), together):
            history.claim(claims[start : start + together])
            marks.append(history.mark())
        seen = history.shipments([c.key for c in claims]), history.day_totals([(c.person, c.day) for c in claims])
        active = commit(ledger, history)
        history.close()
        with ledger.reading() as connection:
            rows = [connection.execute(select(table)).fetchall() for table in (shipments, person_days)]
        ledger.close()
        kept.append((seen, active, marks[-1:], rows))
    assert kept[0] == kept[1]
