"""The ledger in PostgreSQL: the tests that depend on the database, once more on a real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import ConfigError, NotNowError
from gateway.shell import sole
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


@pytest.fixture
def two_yards(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> tuple[Yard, Yard]:
    """Two gateways with state folders of their own and one database; the second waits for the first a moment only."""
    monkeypatch.setattr(sole, "_ENDS_S", 0.3)
    url = server.database()
    return Yard(tmp_path / "one", ledger_url=url), Yard(tmp_path / "other", ledger_url=url)


def test_a_second_gateway_on_the_database_is_refused_also_with_a_state_folder_of_its_own(
    two_yards: tuple[Yard, Yard], server: Server
) -> None:
    one, other = two_yards
    with closing(one.engine()) as engine:
        with pytest.raises(NotNowError, match="Another gateway works with this ledger"):
            other.engine()
        server.stop()
        server.start()
        engine._next_poll = 0.0
        engine.run_once()  # takes the lock again, which went with the server
        with pytest.raises(NotNowError, match="Another gateway"):
            other.engine()
        one.drop("a.edi", "MSG m1\nSHIP a1 1\n")
        engine._next_poll = 0.0
        assert [r.state for r in engine.run_once()] == ["done"]
    other.engine().close()  # the first one has ended


def test_a_gateway_that_lost_the_database_to_another_one_stops(two_yards: tuple[Yard, Yard], server: Server) -> None:
    one, other = two_yards
    with closing(one.engine()) as engine:
        server.stop()
        server.start()
        with closing(other.engine()), pytest.raises(NotNowError, match="Another gateway"):
            engine._next_poll = 0.0
            engine.run_once()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_keep_all_names_is_refused(server: Server, encoding: str) -> None:
    with pytest.raises(ConfigError, match=f"keeps texts as {encoding}"):
        open_ledger(server.database(encoding))
