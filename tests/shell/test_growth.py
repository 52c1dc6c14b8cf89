"""What a drop asks of the ledger does not grow with the drops before it: counted in steps of SQLite's machine, not in time."""

from __future__ import annotations

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
