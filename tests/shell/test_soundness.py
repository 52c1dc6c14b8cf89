"""A ledger with a damaged page is a fault of the machine: drops wait, nobody is told that his file is at fault, no backup is made of it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from gateway.commands.doctor import doctor
from gateway.commands.status import drops, verify_promises
from gateway.errors import ConfigError
from gateway.shell.backup import backup
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import open_ledger
from tests.shell.site_support import Place


def damaged(place: Place, *tables: str) -> Path:
    """Overwrite the first pages of tables of the ledger; return its file."""
    path = place.site.settings.state_dir / "ledger.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        pages = [
            row[1] for row in connection.execute("SELECT tbl_name, rootpage FROM sqlite_master") if row[0] in tables
        ]
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)
    return path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "site")
    place.drop("good-309.edi")
    place.run()
    return place


def test_drops_wait_for_a_damaged_ledger_and_no_sender_is_answered(place: Place) -> None:
    damaged(place, "shipments")
    place.drop("bad-309.edi")
    engine = place.engine()
    try:
        engine.run_once()
        assert [(row["file"], row["state"]) for row in drops(place.site)][1:] == [("bad-309.edi", "seen")]
        assert "The gateway's ledger is damaged. Stop the gateway" in drops(place.site)[1]["why"]
    finally:
        engine.close()
    assert place.alerts()[-1] == "DROP-WAITS"
    assert not [name for name in place.names() if name.startswith("bad-309")]


def test_doctor_verify_and_backup_say_that_it_is_damaged(place: Place, tmp_path: Path) -> None:
    path = damaged(place, "shipments")
    (check,) = (c for c in doctor(place.folder) if c.name == "ledger")
    assert (check.state, check.said.startswith("it is damaged (")) == ("error", True)
    with pytest.raises(ConfigError, match="The ledger is damaged"):
        verify_promises(place.site)
    url = f"sqlite:///{path}"
    with contextlib.closing(open_ledger(url)) as ledger, pytest.raises(ConfigError, match="The ledger is damaged"):
        backup(StateFolders(place.site.settings.state_dir), ledger, url, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_ledger_that_is_damaged_at_a_start_is_told_with_its_mend(place: Place) -> None:
    damaged(place, "alembic_version", "journal")
    with pytest.raises(
        ConfigError, match=r"The ledger is damaged: database disk image is malformed\. Stop the gateway"
    ):
        place.engine()


def test_a_ledger_that_is_gone_is_not_made_anew_beside_drops_of_before(place: Place) -> None:
    """It would count its control numbers from 1 again, and know no shipment."""
    path = place.site.settings.state_dir / "ledger.sqlite"
    whole = path.read_bytes()
    path.unlink()
    (check,) = (c for c in doctor(place.folder) if c.name == "ledger")
    assert check.state == "error"
    for _ in range(2):  # the first start made a file
        with pytest.raises(
            ConfigError, match="The ledger is empty or not there, and the state folder holds drops"
        ) as error:
            place.engine()
        assert "restore it" in error.value.advice
    (check,) = (c for c in doctor(place.folder) if c.name == "ledger")
    assert check.state == "error"
    for found in path.parent.glob("ledger.sqlite*"):
        found.unlink()
    path.write_bytes(whole)
    place.run()
    assert [row["file"] for row in drops(place.site)] == ["good-309.edi"]
