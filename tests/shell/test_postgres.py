"""The ledger in PostgreSQL: the tests that depend on the database, once more on a real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.shell.ledger import Ledger, open_ledger
from tests.shell.postgres_support import Server, programs, running
from tests.shell.shell_support import Clock, Yard
from tests.shell.test_history import *  # noqa: F403  the same tests with the fixtures of this module
from tests.shell.test_meanwhile import *  # noqa: F403
from tests.shell.test_workers import (  # noqa: F401
    test_a_drop_that_meets_a_second_conflict_is_alone_in_work,
    test_an_amendment_never_overtakes_its_original,
    test_drops_of_two_partners_are_in_work_at_once,
    test_two_drops_in_work_at_once_never_pass_the_limit_of_a_person_together,
)

del test_a_conflict_in_a_drop_that_is_alone_is_a_fault_of_ours  # noqa: F821  it needs a gateway without workers

PROGRAMS = programs()
pytestmark = [pytest.mark.timeout(90), pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL is not installed")]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    assert PROGRAMS is not None
    with running(PROGRAMS) as started:
        yield started


@pytest.fixture
def ledger(server: Server) -> Iterator[Ledger]:
    with closing(open_ledger(server.database())) as opened:
        yield opened


@pytest.fixture
def yard(tmp_path: Path, server: Server) -> Yard:
    return Yard(tmp_path, workers=2, partners=("acme", "beta", "gamma"), ledger_url=server.database())


@pytest.mark.parametrize("workers", [0, 2])
def test_a_server_that_is_away_for_a_while_delays_and_loses_nothing(
    tmp_path: Path, server: Server, workers: int
) -> None:
    clock = Clock()
    yard = Yard(tmp_path, clock, workers=workers, ledger_url=server.database())
    engine = yard.engine()
    try:
        yard.drop("a.edi", "MSG m1\nSHIP a1 1\n")
        done = [r.file_name for r in engine.run_once() if r.state == "done"]
        server.stop()
        try:
            yard.drop("b.edi", "MSG m2\nSHIP b1 1\n")
            assert all(r.state != "done" for r in engine.run_once())
        finally:
            server.start()
        clock.now += timedelta(hours=1)
        yard.drop("c.edi", "MSG m3\nSHIP c1 1\n")
        end = time.monotonic() + 30
        while len(done) < 3 and time.monotonic() < end:
            done += [r.file_name for r in engine.run_once() if r.state == "done"]
    finally:
        engine.close()
    assert sorted(done) == ["a.edi", "b.edi", "c.edi"]
    assert yard.problems() == []
