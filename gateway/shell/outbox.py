"""The outbox: what a drop is going to send is fixed in one transaction, then sent, then noted as sent.

    seen --plan--> translated --deliver--> delivered --acknowledge--> acked --settle--> a final state

After `plan` nothing is translated again: a restart sends the very same bytes, with the same control numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Update,
    bindparam,
    literal,
    literal_column,
    or_,
    select,
)

from gateway.results import Counts
from gateway.shell import journal
from gateway.shell.assembly import Staged
from gateway.shell.ledger import Drop, Ledger
from gateway.shell.schema import drops, outputs
from gateway.shell.statements import in_batches, insert_rows, run

_PAGE = 500
_COLUMNS = ("receipt", "kind", "target", "name", "staged", "size", "sha256", "state")


class Plan(msgspec.Struct, frozen=True):
    """What was decided about a drop. goal: the state it ends in. error: one plain sentence, no personal data."""

    goal: str
    verdict: str
    format: str = ""
    counts: Counts = msgspec.field(default_factory=Counts)
    error: str = ""
    duplicate_of: str = ""


class Output(msgspec.Struct, frozen=True):
    """One row of the table outputs."""

    id: int
    receipt: str
    kind: str
    target: str
    name: str
    staged: str
    size: int
    sha256: str
    state: str


def plan(
    connection: Connection, receipt: str, plan: Plan, files: Iterable[Staged], answers: Iterable[Staged], at: str
) -> None:
    """Write the decision and all outputs; claims are merged by the caller in the same transaction."""
    run(connection, _UNPLAN, of=receipt)
    number = _add_outputs(connection, receipt, files) + _add_outputs(connection, receipt, answers)
    values = msgspec.structs.asdict(plan) | msgspec.structs.asdict(plan.counts) | {"state": "translated"}
    values.pop("counts")
    if run(connection, _decide(tuple(values)), of=receipt, **values).rowcount != 1:
        raise RuntimeError("this drop was decided before")  # rolls back: outputs and claims are never planned twice
    facts = {"goal": plan.goal, "verdict": plan.verdict, "outputs": number, **msgspec.structs.asdict(plan.counts)}
    journal.append(connection, at, "translated", receipt, **facts)


def answer_again(connection: Connection, receipt: str, verdict: str, answers: Iterable[Staged]) -> None:
    """Plan further answers of a drop that is done; what was sent before stays as it is."""
    _add_outputs(connection, receipt, answers)
    mark(connection, receipt, "translated", goal="done", verdict=verdict, done_at="")


def replan(connection: Connection, receipt: str, error: str, files: Iterable[Staged], at: str) -> None:
    """A target refuses for good: keep what was delivered and claimed, hold the rest, send `files` instead."""
    rest = outputs.update().where(outputs.c.receipt == receipt, outputs.c.state == "planned")
    connection.execute(rest.values(state="held"))
    _add_outputs(connection, receipt, files)
    mark(connection, receipt, "delivered", goal="failed", error=error)
    journal.append(connection, at, "held", receipt, error=error)


def release(connection: Connection, drop: Drop, at: str) -> None:
    """Put a held drop back to work on a person's order: failed = send the rest, quarantined = translate it anew."""
    rows = outputs.c.receipt == drop.receipt
    if drop.state == "failed":
        connection.execute(outputs.update().where(rows, outputs.c.state == "held").values(state="planned"))
        mark(connection, drop.receipt, "translated", goal="done", error="", done_at="")
    else:
        connection.execute(outputs.delete().where(rows))
        stem = f"{drop.stored_name}.{drop.receipt}.{at[:19].replace(':', '')}"  # the first answers keep their name
        mark(connection, drop.receipt, "seen", goal="", error="", done_at="", tries=0, answer_stem=stem)
    journal.append(connection, at, "released", drop.receipt)


def mark(connection: Connection, receipt: str, state: str, **values: Any) -> None:
    """Set the state of a drop."""
    run(connection, _mark(("state", *values)), of=receipt, state=state, **values)


def count_try(connection: Connection, receipt: str, tries: int) -> None:
    """Note how often the translation of an undecided drop was begun."""
    undecided = drops.update().where(drops.c.receipt == receipt, drops.c.state == "seen")
    connection.execute(undecided.values(tries=tries))


def stays(connection: Connection, receipt: str, name: str, size: int, sha256: str) -> None:
    """Note that an earlier delivery, of this size and hash, lies under the name of an output and stays there."""
    rows = outputs.update().where(outputs.c.receipt == receipt, outputs.c.kind == "delivery", outputs.c.name == name)
    connection.execute(rows.values(size=size, sha256=sha256))


def appeared(connection: Connection, receipt: str, before: int, ids: Sequence[int]) -> None:
    """Note which planned outputs are at their targets while others are not: those with these ids, and all before one."""
    some = or_(outputs.c.id < before, outputs.c.id.in_(ids))
    rows = outputs.update().where(outputs.c.receipt == receipt, outputs.c.state == "planned", some)
    connection.execute(rows.values(state="delivered"))


def sent(connection: Connection, receipt: str, kinds: tuple[str, ...], state: str) -> None:
    """Note that all planned outputs of these kinds are at their targets."""
    run(connection, _delivered(kinds), of=receipt)
    mark(connection, receipt, state)


def settle(connection: Connection, receipt: str, at: str) -> str:
    """Write the final state and the names and hashes of all that was sent; return that state."""
    goal = str(run(connection, _GOAL, of=receipt).fetchone()[0])
    mark(connection, receipt, goal, done_at=at)
    found = iter(run(connection, _SENT, of=receipt).fetchone, None)
    pages = in_batches(list(row) for row in found)
    journal.append(connection, at, goal, receipt, sent=next(pages, []))
    for page in pages:  # a file of very many messages makes several records
        journal.append(connection, at, goal, receipt, sent=page)
    return goal


def outputs_of(ledger: Ledger, receipt: str, kinds: tuple[str, ...] = (), state: str = "") -> Iterator[Output]:
    """Yield the outputs of a drop, in the order they were planned; in pages, so that nothing stays locked.

    kinds, state: only those; empty = all.
    """
    last = 0
    while True:
        with ledger.reading() as connection:
            rows = run(connection, _page(kinds, state), of=receipt, after=last).fetchall()
        for row in rows:
            yield Output(*row)
        if len(rows) < _PAGE:
            return
        last = rows[-1][0]


def planned(ledger: Ledger, receipt: str, kinds: tuple[str, ...]) -> Iterator[Output]:
    """Yield what is still to be sent."""
    return outputs_of(ledger, receipt, kinds, "planned")


def acknowledgments(ledger: Ledger, receipt: str) -> Iterator[Output]:
    """Yield the acknowledgments and reject files that a drop was answered with, without its receipt."""
    return outputs_of(ledger, receipt, ("ack",), "delivered")


_OF: BindParameter[str] = bindparam("of")
_GOAL = select(drops.c.goal).where(drops.c.receipt == _OF)
_SENT = (
    select(outputs.c.name, outputs.c.sha256)
    .where(outputs.c.receipt == _OF, outputs.c.state == literal("delivered"))
    .order_by(outputs.c.id)
)
_UNPLAN = outputs.delete().where(outputs.c.receipt == _OF, outputs.c.state == "planned")


@cache
def _decide(names: tuple[str, ...]) -> Update:
    undecided = drops.update().where(drops.c.receipt == _OF, drops.c.state == "seen")
    return undecided.values({name: bindparam(name) for name in names})


@cache
def _mark(names: tuple[str, ...]) -> Update:
    return drops.update().where(drops.c.receipt == _OF).values({name: bindparam(name) for name in names})


@cache
def _delivered(kinds: tuple[str, ...]) -> Update:
    return (
        outputs.update()
        .where(outputs.c.receipt == _OF, _among(kinds), outputs.c.state == "planned")
        .values(state=literal("delivered"))
    )


@cache
def _page(kinds: tuple[str, ...], state: str) -> Select[Any]:
    query = select(outputs).where(outputs.c.receipt == _OF, outputs.c.id > bindparam("after"))
    if kinds:
        query = query.where(_among(kinds), outputs.c.state == state)
    return query.order_by(outputs.c.id).limit(literal_column(str(_PAGE)))


def _among(kinds: tuple[str, ...]) -> ColumnElement[bool]:
    return or_(*(outputs.c.kind == kind for kind in kinds))  # IN has no fixed text


def _add_outputs(connection: Connection, receipt: str, files: Iterable[Staged]) -> int:
    number = 0
    rows = ((receipt, f.kind, f.target, f.name, f.staged, f.size, f.sha256, "planned") for f in files)
    for batch in in_batches(rows):
        insert_rows(connection, outputs, _COLUMNS, batch)
        number += len(batch)
    return number
