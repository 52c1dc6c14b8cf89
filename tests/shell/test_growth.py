"""What a drop asks of the ledger does not grow with the drops before it: counted in steps of SQLite's machine, not in time, and
looked up in its plans."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.shell.shell_support import Yard

_FIRST, _MORE = 30, 400
_GRAIN = 20  # steps that are counted at once


class Steps:
    """Steps of all connections that were made while it listens."""

    def __init__(self) -> None:
        self.taken = 0

    def count(self) -> int:
        self.taken += _GRAIN
        return 0

    def of(self, connection: Any, _: object) -> None:
        connection.set_progress_handler(self.count, _GRAIN)


@pytest.fixture
def steps() -> Iterator[Steps]:
    counter = Steps()
    event.listen(Engine, "connect", counter.of)
    yield counter
    event.remove(Engine, "connect", counter.of)


def fill(yard: Yard, name: str, count: int, month: str = "") -> None:
    """Drop files whose shipments arrive on one day, or each file's on another day of a month."""
    for number in range(count):
        day = f"{month}-{number + 1:02d}" if month else "2025-03-03"
        bills = "".join(f"SHIP {name}{number}b{one} 1.00 p{number}{one} {day}\n" for one in range(3))
        yard.drop(f"{name}{number}.edi", f"ICN {name}{number}\nMSG m1\n{bills}")


def test_the_ledger_is_asked_as_little_after_many_drops_as_after_few(tmp_path: Path, steps: Steps) -> None:
    yard = Yard(tmp_path)
    fill(yard, "w", 5)
    yard.run()  # the ledger is made

    def taken(name: str, month: str = "") -> float:
        fill(yard, name, _FIRST, month)
        before = steps.taken
        assert len(yard.run()) == _FIRST
        return (steps.taken - before) / _FIRST

    few = taken("a")
    fill(yard, "b", _MORE)
    yard.run()
    many = taken("c")
    assert few > 200  # steps are counted at all
    assert many < 1.5 * few
    assert taken("d", "2025-05") < 1.5 * few  # days on which nobody is known to get anything
    assert yard.problems() == []


ALL_KINDS = (
    "ICN {0}\nMSG m1\nSHIP {0}a 500.00 anna\nSHIP {0}b 20.00 bert 2025-03-{1:02d}\nBAD x\n",
    "ICN {0}\nMSG m1\nSHIP {0}a 1.00 anna\nSHIP {0}a 1.00 anna\nMSG m2\nSHIP {0}c 1.00 carl\nREFUSE\n",
    "ICN {0}\nTEST m1\nSHIP {0}a 1.00 test:anna\n",
)


WALKS = r"ORDER BY journal\.seq DESC\s+LIMIT|WHERE journal\.event IN"
"""The last record, for which one step is enough; the holds of persons, asked at a start and once a day."""


@pytest.fixture
def said() -> Iterator[dict[str, str]]:
    """Statements of all connections that were made while it listens: without their values -> with those of one time."""
    found: dict[str, str] = {}

    def note(statement: str) -> None:
        found[re.sub(r"'[^']*'|\b[0-9]+\b", "?", statement)] = statement

    def listen(connection: Any, _: object) -> None:
        connection.set_trace_callback(note)

    event.listen(Engine, "connect", listen)
    yield found
    event.remove(Engine, "connect", listen)


def test_no_statement_of_a_drop_walks_through_a_table_that_grows(tmp_path: Path, said: dict[str, str]) -> None:
    yard = Yard(tmp_path)
    fill(yard, "w", 1)
    yard.run()  # what a start asks once is not looked at
    said.clear()
    for number in range(6):
        yard.drop(f"a{number}.edi", ALL_KINDS[number % 3].format(f"a{number}", number + 1))
    yard.drop("again.edi", ALL_KINDS[0].format("a0", 1))
    yard.drop("amend.edi", "ICN z1\nMSG m1\nAMEND a0a 2.00 anna\nCANCEL a3b 1.00 bert\n")
    yard.run()
    with sqlite3.connect(next(tmp_path.rglob("ledger.db"))) as ledger:
        walks = {
            bare: plan
            for bare, statement in said.items()
            if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)", statement)
            for *_, plan in ledger.execute(f"EXPLAIN QUERY PLAN {statement}")
            if re.match("SCAN (drops|outputs|interchanges|shipments|person_days|parts|responses|journal)\\b", plan)
        }
    assert len(said) > 20  # statements are heard at all
    walks = {bare for bare in walks if not re.search(WALKS, bare)}
    assert not walks
