"""A backup of a gateway whose ledger is in PostgreSQL: whole, of one moment, and back in an empty database."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.commands.backup import load_ledger
from gateway.errors import ConfigError
from gateway.shell import backup as module
from gateway.shell.backup import SKIPPED_NUMBERS, backup
from gateway.shell.folders import StateFolders, utc_now
from gateway.shell.ledger import Ledger, open_ledger
from gateway.shell.ledger_copy import copy_into_file, load
from gateway.shell.schema import metadata
from gateway.shell.verify import verify
from gateway.site import load_site
from tests.in_process import run
from tests.shell.postgres_support import Server, programs, running
from tests.shell.shell_support import Yard
from tests.shell.test_backup import copies_of_a_busy_gateway, outside

PROGRAMS = programs()
on_a_server = pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL is not installed")
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    assert PROGRAMS is not None
    with running(PROGRAMS) as started:
        yield started


@contextlib.contextmanager
def opened(url: str) -> Iterator[Ledger]:
    with contextlib.closing(open_ledger(url)) as ledger:
        yield ledger


def back_up(yard: Yard, target: Path) -> None:
    with opened(yard.ledger_url) as ledger:
        backup(StateFolders(yard.root / "state"), ledger, yard.ledger_url, target)


def all_rows(ledger: Ledger) -> dict[str, list[tuple]]:
    with ledger.reading() as connection:
        tables = metadata.sorted_tables
        return {t.name: [tuple(r) for r in connection.execute(select(t).order_by(*t.primary_key))] for t in tables}


def problems(state: Path, yard: Yard) -> list[tuple[str, str]]:
    with opened(f"sqlite:///{state}/ledger.sqlite") as ledger:
        return [(p.rule, p.message) for p in verify(state, ledger, vault=yard.vault())]


def worked(tmp_path: Path, url: str = "") -> Yard:
    yard = Yard(tmp_path, ledger_url=url)
    for number in range(3):
        yard.drop(f"a{number}.edi", f"MSG a{number}\nSHIP x{number} 1.00\n", "acme" if number else "beta")
    yard.run()
    return yard


def test_rows_are_copied_as_they_are_and_only_into_an_empty_ledger(tmp_path: Path) -> None:
    yard = worked(tmp_path)
    with opened(yard.ledger_url) as ledger:
        with ledger.reading() as connection:
            copy_into_file(connection, tmp_path / "copy.sqlite")
        rows = all_rows(ledger)
    assert len(rows["drops"]) == 3
    assert (tmp_path / "copy.sqlite").stat().st_mode & 0o077 == 0
    with opened(f"sqlite:///{tmp_path}/third.sqlite") as third:
        assert load(tmp_path / "copy.sqlite", third) == sum(map(len, rows.values()))
        assert all_rows(third) == rows
        with pytest.raises(ConfigError, match="holds rows already"):
            load(tmp_path / "copy.sqlite", third)
        assert all_rows(third) == rows


@on_a_server
def test_a_backup_is_of_one_moment_and_the_ledger_does_not_stand_still_while_rows_are_copied(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = worked(tmp_path, server.database())

    def later(*given: object) -> None:
        with opened(yard.ledger_url) as other:
            other.next_control("of a later moment")
        copy_into_file(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "copy_into_file", later)
    back_up(yard, tmp_path / "copy")
    assert problems(tmp_path / "copy", yard) == []
    with opened(yard.ledger_url) as ledger, opened(f"sqlite:///{tmp_path}/copy/ledger.sqlite") as copy:
        there, here = all_rows(ledger), all_rows(copy)
    assert "of a later moment" in [scope for scope, _ in there["controls"]]
    assert [(s, n - SKIPPED_NUMBERS) for s, n in here.pop("controls")] == [
        row for row in there.pop("controls") if row[0] != "of a later moment"
    ]
    assert here == there
    assert [p.name for p in (tmp_path / "copy").glob("ledger*")] == ["ledger.sqlite"]


@on_a_server
def test_a_restored_database_goes_on_where_the_backup_stood(tmp_path: Path, server: Server) -> None:
    yard = worked(tmp_path, server.database())
    back_up(yard, tmp_path / "copy")
    before = outside(yard)
    shutil.rmtree(tmp_path / "state")
    shutil.copytree(tmp_path / "copy", tmp_path / "state")
    yard.ledger_url = server.database()
    with opened(yard.ledger_url) as ledger:
        load(tmp_path / "state" / "ledger.sqlite", ledger)
    (tmp_path / "state" / "ledger.sqlite").unlink()
    yard.drop("a1.edi", "MSG a1\nSHIP x1 1.00\n")  # the sender repeats
    yard.drop("new.edi", "MSG n1\nSHIP n1 1.00\n")  # new rows get new numbers
    yard.run()
    assert yard.problems() == []
    assert len(yard.deliveries()) == len([n for n in before if n.startswith("out")]) + 1
    assert yard.controls()[-1] > SKIPPED_NUMBERS


@on_a_server
def test_backups_of_a_busy_gateway_with_workers_are_whole(tmp_path: Path, server: Server) -> None:
    yard = Yard(tmp_path, workers=2, clock=utc_now, ledger_url=server.database())
    copies = copies_of_a_busy_gateway(yard, 20, [tmp_path / f"copy{number}" for number in range(3)], back_up)
    for copy in copies:
        assert [p for p in problems(copy, yard) if p[0] != "VERIFY-STATE"] == []


@on_a_server
def test_the_commands_copy_a_site_and_load_it_again(tmp_path: Path, server: Server) -> None:
    from tests.shell.site_support import Place

    place = Place(tmp_path / "site")
    config = place.folder / "gateway.toml"
    plain = config.read_text()
    config.write_text(f'ledger = "{server.database()}"\n{plain}')
    place.site = load_site(place.folder)
    place.drop("good-309.edi")
    place.run()
    assert '"problems": []' in run("backup", str(tmp_path / "copy"), str(place.folder), "--check", "--json")
    assert "holds rows already" in run("load-ledger", str(tmp_path / "copy" / "ledger.sqlite"), str(place.folder))
    config.write_text(f'ledger = "{server.database()}"\n{plain}')
    assert "no file" in run("load-ledger", str(tmp_path / "copy" / "gone"), str(place.folder))
    assert load_ledger(load_site(place.folder), tmp_path / "copy" / "ledger.sqlite") > 3
    assert "good-309.edi" in run("status", str(place.folder))
