"""The state folder: where a drop lies while it is worked on and afterwards. Directories 0700, files 0600.

    state/ledger.db  state/lock
    state/work/RECEIPT/claim.json raw out/ acks/     claimed, not finished: the work folder is the queue
    state/archive/2025-03-03/RECEIPT/                finished: raw, claim.json and the acknowledgments that were sent
                                                     (raw.sealed ... when there is a key, see gateway.shell.vault)
    state/quarantine/RECEIPT/                        held for a person

A receipt id starts with the time of arrival ("20250303T100000123456-7f3a9c"), so names sort in the order of arrival.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

BLOCK = 1 << 15
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant, aware, UTC: the clock of production."""
    return datetime.now(UTC)


def instant(moment: datetime) -> str:
    """Return the text of an instant as the ledger keeps it.

    >>> instant(datetime(2025, 3, 3, 10, tzinfo=UTC))
    '2025-03-03T10:00:00.000000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> datetime:
    """Return the instant of a ledger text."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def received(receipt: str) -> datetime:
    """Return when a drop came, from its receipt id."""
    return datetime.strptime(receipt[:21], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)


def sync_folder(folder: Path) -> None:
    """Bring a directory's entries to the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file(path: Path) -> None:
    """Bring a file's bytes to the disk. A failed fsync is an OSError: the bytes are then not to be trusted."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_all(files: Iterable[Path] = (), folders: Iterable[Path] = ()) -> None:
    """Bring several files and directories to the disk at once: the file system then writes them in one go.

    One after the other each waits for a commit of its own. Raises the first OSError, after all have ended.
    """
    jobs = [(sync_file, path) for path in files] + [(sync_folder, path) for path in folders]
    if len(jobs) == 1:
        jobs[0][0](jobs[0][1])
        return
    waiting = [_syncers().submit(sync, path) for sync, path in jobs]
    errors = [error for job in waiting if (error := job.exception()) is not None]
    if errors:
        raise errors[0]


@cache
def _syncers() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(8, thread_name_prefix="sync")


os.register_at_fork(after_in_child=_syncers.cache_clear)  # a forked worker has the pool, but none of its threads


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder and those above it, durably: what is fsynced in it later must not vanish with it."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode=mode)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def private_file(path: str, flags: int) -> int:
    """An opener for `open`: new files are readable by the owner only and never reached through a symbolic link."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    with open(path, "rb", opener=private_file) as file:
        while block := file.read(BLOCK):
            yield block


def digest(path: Path) -> tuple[int, str]:
    """Return size and SHA-256 of a file, read in full."""
    total, size = hashlib.sha256(), 0
    for block in read_blocks(path):
        total.update(block)
        size += len(block)
    return size, total.hexdigest()


class ReceiptIds:
    """Hands out receipt ids that rise even when the clock jumps back; thread safe."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._last = datetime.min.replace(tzinfo=UTC)

    def next(self) -> tuple[str, datetime]:
        """Return a new receipt id and the present instant."""
        with self._lock:
            now = self._clock()
            self._last = max(now, self._last + timedelta(microseconds=1))
            return f"{self._last:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}", now


@dataclass(frozen=True, slots=True)
class StateFolders:
    """Paths below one state folder."""

    root: Path

    @property
    def work(self) -> Path:
        """Drops that are not finished."""
        return self.root / "work"

    @property
    def quarantine(self) -> Path:
        """Drops held for a person."""
        return self.root / "quarantine"

    def archived(self, receipt: str) -> Path:
        """Return where a finished drop lies: archive/DAY/RECEIPT."""
        return self.root / "archive" / f"{receipt[:4]}-{receipt[4:6]}-{receipt[6:8]}" / receipt

    def create(self) -> None:
        """Make the folders, durably; existing ones stay."""
        for folder in (self.root, self.work, self.quarantine, self.root / "archive"):
            make_folder(folder, mode=0o700)

    def find(self, receipt: str) -> Path | None:
        """Return the folder of a drop, wherever it lies."""
        places = (self.work / receipt, self.archived(receipt), self.quarantine / receipt)
        return next((place for place in places if place.is_dir()), None)

    def move(self, receipt: str, goal: Path) -> None:
        """Move a drop's folder durably; nothing happens when it was moved before."""
        source = self.work / receipt
        if not source.is_dir():
            return
        if not goal.parent.is_dir():
            goal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(goal.parent.parent)
        source.rename(goal)
        sync_all(folders=(goal.parent, self.work))


def remove_tree(folder: Path) -> None:
    """Delete a folder if it is there."""
    if folder.is_dir():
        shutil.rmtree(folder)
