"""`gateway backup`: a copy of the state folder that fits together, made while the gateway works.

    1 state/pause is locked: orders of a person, late answers and removals wait (nothing finished changes any more)
    2 the ledger's write lock is taken: nothing is decided, sent or finished meanwhile
        snapshot of the ledger; list of the work folder; what is planned to be sent is copied
        (PostgreSQL: a transaction is opened that sees the ledger of this moment; its rows are copied in step 3)
    3 the lock is let go; received files, archive, quarantine and the rest are copied to where the snapshot has them

What was not decided in the snapshot is copied as it was received, into work/: a restored gateway judges it again. Sealed
files are copied sealed; no key is read. Control numbers of the copy are moved on, so that none is used twice after a
restore although the original went on. Nothing stands under the name of the backup until all of it is on the disk.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from gateway.errors import ConfigError
from gateway.shell.claims import note_owner, owner
from gateway.shell.folders import StateFolders, make_folder, private_file, remove_tree
from gateway.shell.ledger import FINAL, MAX_CONTROL, Ledger
from gateway.shell.ledger_copy import copy_into_file
from gateway.shell.schema import drops
from gateway.shell.soundness import check_file
from gateway.shell.syncing import sync_all, sync_folder
from gateway.shell.vault import stored

SKIPPED_NUMBERS = 100_000
_PAUSE = "pause"
_OTHERS = ("mappings", "keys", "orders", "person.key", "profile.json")
_TOGETHER = 64
_PATIENCE_S = 60.0
_MOVES_S = 10.0  # how long a finished drop is waited for that is about to leave the work folder


@dataclass(slots=True)
class Copied:
    """What a backup holds."""

    drops: int = 0
    files: int = 0
    bytes: int = 0


@contextmanager
def housework(folders: StateFolders) -> Iterator[bool]:
    """Hold off a backup while finished drops are changed; gives False when one is being made."""
    with contextlib.ExitStack() as opened:
        try:
            file = opened.enter_context(open(folders.root / _PAUSE, "ab", opener=private_file))
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def backup(folders: StateFolders, ledger: Ledger, ledger_url: str, target: Path) -> Copied:
    """Copy a state folder to `target`, which must not be there yet. Raises ConfigError, also for a damaged ledger; OSError."""
    source, name = file_of(ledger_url), name_in_backup(ledger_url)
    if target.exists() or target.resolve().is_relative_to(folders.root.resolve()):
        raise ConfigError(f"{target} is there already, or in the state folder.", "Name a new folder outside of it.")
    half = target.with_name(f"{target.name}.part")
    remove_tree(half)
    make_folder(half, mode=0o700)
    copy = _Copy(folders, StateFolders(half))
    copy.goal.create()
    with _paused(folders), contextlib.ExitStack() as opened:
        with _standing_still(ledger) as connection:
            states = _states(connection)
            waiting = [place.name for place in folders.work.glob("[!.]*")]
            if source is not None:
                _snapshot(source, half / name)
            else:
                rows = opened.enter_context(ledger.frozen())
            for receipt, state in states.items():
                if state not in ("seen", *FINAL):
                    copy.planned(receipt)
        if source is None:
            copy_into_file(rows, half / name)
        check_file(half / name)  # pages are copied as they are, and an older backup would make room for damaged ones
        _move_numbers_on(half / name)
        copy.note(half / name)
        for receipt in dict.fromkeys((*states, *waiting)):
            if states.get(receipt, "seen") in FINAL:
                copy.finished(receipt, held=states[receipt] in ("failed", "quarantined"))
            else:
                copy.received(receipt)
        for name in _OTHERS:
            copy.tree(folders.root / name, half / name)
    copy.finish()
    half.rename(target)
    sync_folder(target.parent)
    return copy.done


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite ledger, None for a ledger in another database."""
    address = make_url(url)
    return Path(address.database) if address.get_backend_name() == "sqlite" and address.database else None


def name_in_backup(url: str) -> str:
    """Return the name of the ledger in a backup: that of its file; a PostgreSQL ledger is copied into `ledger.sqlite`."""
    file = file_of(url)
    return file.name if file is not None else "ledger.sqlite"


@contextmanager
def _paused(folders: StateFolders) -> Iterator[None]:
    """Let housework end and hold it off. Raises ConfigError when that takes too long."""
    end = time.monotonic() + _PATIENCE_S
    with open(folders.root / _PAUSE, "ab", opener=private_file) as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > end:
                    raise ConfigError(
                        "The gateway is busy with removals or another backup runs.", "Try again later."
                    ) from None
                time.sleep(0.05)
        yield


@contextmanager
def _standing_still(ledger: Ledger) -> Iterator[Connection]:
    """Hold the write lock of the ledger. Raises ConfigError when others hold it too long."""
    with contextlib.ExitStack() as opened:
        try:
            connection = opened.enter_context(ledger.transaction())
        except OperationalError as error:
            raise ConfigError(f"The ledger cannot be locked: {error.orig}.", "Try again later.") from None
        yield connection


def _states(connection: Connection) -> dict[str, str]:
    query = select(drops.c.receipt, drops.c.state).order_by(drops.c.receipt)
    return {str(row.receipt): str(row.state) for row in connection.execute(query)}


def _snapshot(source: Path, goal: Path) -> None:
    """Copy the database as it was committed last. SQLite's own backup: pages, not files."""
    os.close(os.open(goal, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(goal)) as new:
        old.backup(new)


def _move_numbers_on(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # one file; the gateway puts it back
        step = "UPDATE controls SET last = (last + ? - 1) % ? + 1"
        connection.execute(step, (SKIPPED_NUMBERS, MAX_CONTROL))


def _make(folder: Path) -> None:
    """Make a folder and those above it, for the gateway's user only; synced at the end, all at once."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700)


class _Copy:
    """Copies folders of drops; what was copied is brought to the disk some files at a time."""

    def __init__(self, folders: StateFolders, goal: StateFolders) -> None:
        self.folders, self.goal, self.done = folders, goal, Copied()
        self._unsynced: list[Path] = []

    def planned(self, receipt: str) -> None:
        """Copy what a decided drop is going to send, and all else that lies with it but the received file."""
        place = self.folders.find(receipt)
        if place is not None:
            raw = stored(place / "raw")
            for path in sorted(p for p in place.rglob("*") if p.is_file() and p != raw):
                self._file(path, self.goal.work / receipt / path.relative_to(place))

    def received(self, receipt: str) -> None:
        """Copy a drop as it was received, to work/; one that is not taken yet is left to its drop folder."""
        goal = self.goal.work / receipt
        for _ in range(20):
            place = self.folders.find(receipt)
            raw = stored(place / "raw") if place is not None else None
            if place is None or raw is None or not (place / "claim.json").is_file():
                time.sleep(0.05)  # on its way from one folder to the next, if it is there at all
                continue
            try:
                self._file(raw, goal / raw.name)
                self._file(place / "claim.json", goal / "claim.json")
            except FileNotFoundError:  # it was moved or sealed this moment
                continue
            note_owner(goal, owner(place))
            self.done.drops += 1
            return

    def finished(self, receipt: str, *, held: bool) -> None:
        """Copy a finished drop to the archive or to quarantine; nothing of it may be kept any more."""
        goal = self.goal.quarantine / receipt if held else self.goal.archived(receipt)
        end = time.monotonic() + _MOVES_S
        while (self.folders.work / receipt).is_dir() and time.monotonic() < end:
            time.sleep(0.02)
        place = self.folders.find(receipt)
        if place is None:
            return
        if place.parent == self.folders.work:  # nobody works: it is put away at the next start
            goal = self.goal.work / receipt
        self.tree(place, goal)
        self.done.drops += 1

    def tree(self, source: Path, goal: Path) -> None:
        """Copy a file, or a folder with all that lies in it."""
        if source.is_file():
            self._file(source, goal)
        for path in sorted(p for p in source.rglob("*") if p.is_file()):
            self._file(path, goal / path.relative_to(source))

    def finish(self) -> None:
        """Bring the rest and all folders to the disk."""
        self._sync()
        folders = (place for place in self.goal.root.rglob("*") if place.is_dir())
        while some := list(itertools.islice(folders, _TOGETHER)):
            sync_all(folders=some)
        sync_folder(self.goal.root)

    def note(self, path: Path) -> None:
        """Count a file of the copy and bring it to the disk with others."""
        self.done.files += 1
        self.done.bytes += path.stat().st_size
        self._unsynced.append(path)
        if len(self._unsynced) >= _TOGETHER:
            self._sync()

    def _file(self, source: Path, goal: Path) -> None:
        _make(goal.parent)
        with open(source, "rb", opener=private_file) as old, open(goal, "wb", opener=private_file) as new:
            shutil.copyfileobj(old, new, 1 << 20)
        shutil.copystat(source, goal)
        self.note(goal)

    def _sync(self) -> None:
        sync_all(self._unsynced)
        self._unsynced = []
