from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import OperationalError

from gateway.errors import ConfigError, NotNowError
from gateway.shell import journal
from gateway.shell import ledger as ledger_module
from gateway.shell.ledger import MAX_CONTROL, Ledger, open_ledger
from gateway.shell.revisions import REVISION, upgrade
from gateway.shell.schema import controls, metadata
from gateway.shell.statements import in_batches


def opened(folder: Path) -> Ledger:
    return open_ledger(f"sqlite:///{folder}/ledger.db")


def test_a_new_ledger_has_exactly_the_tables_that_the_migrations_make(tmp_path: Path) -> None:
    migrated = create_engine(f"sqlite:///{tmp_path}/migrated.db")
    upgrade(migrated)
    ledger = opened(tmp_path)
    with ledger.transaction() as new, migrated.begin() as old:
        for connection in (new, old):
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert _tables(new) == _tables(old)
        assert new.exec_driver_sql("SELECT * FROM alembic_version").fetchall() == [(REVISION,)]
        assert old.exec_driver_sql("SELECT * FROM alembic_version").fetchall() == [(REVISION,)]
    ledger.close()
    migrated.dispose()


def _tables(connection: Connection) -> dict[str, list[str]]:
    """Return the lines of all definitions, which come in another order where a column was added later."""
    made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    made = [(name, re.sub(r"\s+", " ", sql).partition("(")) for name, sql in made]
    return {name: [head, *sorted(re.split(r",(?![^(]*\))", rest))] for name, (head, _, rest) in made}


def test_sqlite_is_durable_and_private(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    with ledger.reading() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]
    assert (tmp_path / "ledger.db").stat().st_mode & 0o777 == 0o600
    ledger.close()


def test_a_missing_ledger_is_not_made_when_only_asked_about(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no ledger"):
        open_ledger(f"sqlite:///{tmp_path}/ledger.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_ledger_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this is no database, it is a text" * 100)
    with pytest.raises(ConfigError, match=r"The ledger is damaged: .*restore the last backup"):
        opened(tmp_path)


def test_a_ledger_that_may_not_be_written_to_is_not_told_as_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(engine: Engine) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only = 1")
            connection.exec_driver_sql("CREATE TABLE one (a)")

    monkeypatch.setattr(ledger_module, "migrate", refused)
    with pytest.raises(NotNowError, match="may not write to it") as told:
        open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    assert "backup" not in told.value.advice
    assert "the gateway's user" in told.value.advice


def test_a_ledger_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num='9999'")
    connection.close()
    with pytest.raises(ConfigError, match="newer gateway"):
        opened(tmp_path)


def test_an_unusable_url_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="ledger cannot be used"):
        open_ledger("nonsense://x/y")


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    with pytest.raises(RuntimeError), ledger.transaction() as connection:
        journal.append(connection, "t", "test")
        raise RuntimeError
    with ledger.reading() as connection:
        assert list(journal.records(connection)) == []
    ledger.close()


def test_control_numbers_wrap_to_one_and_scopes_are_independent(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    assert [ledger.next_control("a/ISA13"), ledger.next_control("a/ISA13"), ledger.next_control("a/GS06")] == [1, 2, 1]
    with ledger.transaction() as connection:
        connection.execute(controls.update().where(controls.c.scope == "a/ISA13").values(last=MAX_CONTROL - 1))
    assert [ledger.next_control("a/ISA13"), ledger.next_control("a/ISA13")] == [MAX_CONTROL, 1]
    ledger.close()


def test_a_control_number_is_durable_before_it_is_used(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    number = ledger.next_control("a/ISA13")
    with sqlite3.connect(tmp_path / "ledger.db") as other:
        assert other.execute("SELECT last FROM controls").fetchone() == (number,)
    other.close()
    ledger.close()


def test_processes_that_draw_at_once_never_draw_the_same_number(tmp_path: Path) -> None:
    opened(tmp_path).close()
    code = (
        "import sys; from gateway.shell.ledger import open_ledger; l = open_ledger(sys.argv[1]);"
        "print(*(l.next_control('a/ISA13') for _ in range(40)))"
    )
    command = [sys.executable, "-c", code, f"sqlite:///{tmp_path}/ledger.db"]
    root = Path(__file__).parents[2]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) for _ in range(3)]
    drawn = [int(number) for process in running for number in process.communicate(timeout=60)[0].split()]
    assert sorted(drawn) == list(range(1, 121))


def test_the_journal_shows_changed_removed_and_swapped_records(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    with ledger.transaction() as connection:
        for number in range(5):
            journal.append(connection, f"t{number}", "test", "r", number=number)
    ledger.close()
    whole = (tmp_path / "ledger.db").read_bytes()
    for damage, found in (
        ("UPDATE journal SET payload='{\"number\":9}' WHERE seq=3", {3}),
        ("UPDATE journal SET at='t9' WHERE seq=5", {5}),
        ("DELETE FROM journal WHERE seq=2", {3}),
        ("UPDATE journal SET seq=seq+100 WHERE seq=2", {3, 102}),
    ):
        (tmp_path / "ledger.db").write_bytes(whole)
        with sqlite3.connect(tmp_path / "ledger.db") as connection:
            connection.execute(damage)
        connection.close()
        ledger = opened(tmp_path)
        with ledger.reading() as reading:
            assert {seq for seq, _ in journal.broken_links(reading)} == found, damage
        ledger.close()


def test_the_journal_of_one_drop_can_be_read(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    with ledger.transaction() as connection:
        journal.append(connection, "t1", "seen", "r1", size=4)
        journal.append(connection, "t2", "seen", "r2", size=5)
    with ledger.reading() as connection:
        assert [record["payload"] for record in journal.records(connection, "r2")] == [{"size": 5}]
    ledger.close()


def test_batches_hold_everything_once() -> None:
    assert list(in_batches(iter(range(5)), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_batches(iter([]), 2)) == []


def test_a_transaction_waits_for_the_disk_and_a_passing_one_does_not(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    found = []
    for opening in (ledger.passing, ledger.transaction, ledger.passing, ledger.reading):
        with opening() as connection:
            found.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())
    assert found == [1, 2, 1, 2]
    with suppress(RuntimeError), ledger.passing():
        raise RuntimeError
    with ledger.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    ledger.close()


def test_what_is_not_committed_is_seen_by_its_writer_only(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    with ledger.reading(), ledger.transaction() as connection:  # as a drop that asks while it is decided about
        journal.append(connection, "t", "test")
        with ledger.reading() as other:
            assert list(journal.records(other)) == []
        with ThreadPoolExecutor() as pool:
            assert pool.submit(ledger.counts).result() == {}
        assert len(list(journal.records(connection))) == 1
    with ledger.reading() as connection:
        assert len(list(journal.records(connection))) == 1
    ledger.close()


def test_a_fault_of_the_storage_is_the_same_error_in_every_connection(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    with sqlite3.connect(tmp_path / "ledger.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with ledger.reading() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=1")
        with pytest.raises(OperationalError), ledger.transaction():
            pytest.fail("two writers at once")
        other.execute("ROLLBACK")
    other.close()
    with ledger.transaction() as connection:
        journal.append(connection, "t", "test")
    ledger.close()


def test_a_connection_that_no_longer_waits_for_the_disk_is_not_used_again(tmp_path: Path) -> None:
    ledger = opened(tmp_path)

    def deny(action: int, *_: object) -> int:
        return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_PRAGMA else sqlite3.SQLITE_OK

    with pytest.raises(sqlite3.DatabaseError), ledger.passing() as connection:
        connection.connection.driver_connection.set_authorizer(deny)  # type: ignore[union-attr]
        raise RuntimeError
    with ledger.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        journal.append(connection, "t", "test")
    ledger.close()
