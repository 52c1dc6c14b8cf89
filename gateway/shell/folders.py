"""The state folder: where a drop lies while it is worked on and afterwards. Directories 0700, files 0600.

    state/ledger.db  state/lock
    state/work/RECEIPT/claim.json raw out/ acks/     claimed, not finished: the work folder is the queue
    state/archive/2025-03-03/RECEIPT/                finished: raw, claim.json and the acknowledgments that were sent
                                                     (raw.sealed ... when there is a key, see gateway.shell.vault)
    state/quarantine/RECEIPT/                        held for a person

A receipt id starts with the time of arrival ("20250303T100000123456-7f3a9c"), so names sort in the order of arrival.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import pwd
import re
import secrets
import shlex
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.shell.syncing import sync_folder

BLOCK = 1 << 15
_RECEIPT = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{6}")
_WAITING = 1 << 17  # bytes of a new file that are kept before they are written
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
    return datetime.fromisoformat(text)


def received(receipt: str) -> datetime:
    """Return when a drop came, from its receipt id."""
    return datetime.strptime(receipt[:21], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder and those above it, durably: what is fsynced in it later must not vanish with it."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode=mode)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def user_name(number: int) -> str:
    """Return the name of a user, or the number when there is no such user here."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def as_user(number: int) -> str:
    """Return this command line, given as another user."""
    return f"runuser -u {user_name(number)} -- {shlex.join(sys.argv)}"


def private_file(path: str, flags: int) -> int:
    """An opener for `open`: new files are readable by the owner only and never reached through a symbolic link."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def check_readable(path: Path, status: os.stat_result) -> None:
    """Raise OSError when a file of another user cannot be read by ours; one of our own can be given the right."""
    if status.st_uid != os.geteuid():
        os.close(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))


class NewFile:
    """A private file that is written from its beginning to its end; what was there before is gone. Not synced.

    mode: rights it ends up with, whatever the umask is. size, sha256: of what was written so far.
    """

    def __init__(self, path: str, mode: int = 0o600) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o600)
        self._waiting, self._bytes, self._hash = list[bytes](), 0, hashlib.sha256()
        self.size = 0
        if mode != 0o600:
            os.fchmod(self._fd, mode)

    @property
    def sha256(self) -> str:
        """Hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._waiting.append(data)
        self._hash.update(data)
        self._bytes += len(data)
        self.size += len(data)
        if self._bytes >= _WAITING:
            self._flush()

    def close(self) -> None:
        """Write what is left and close."""
        if self._fd < 0:
            return
        try:
            self._flush()
        finally:
            os.close(self._fd)
            self._fd = -1

    def _flush(self) -> None:
        rest = memoryview(b"".join(self._waiting))
        self._waiting, self._bytes = [], 0
        while rest:
            rest = rest[os.write(self._fd, rest) :]


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    with open(path, "rb", opener=private_file) as file:
        while block := file.read(BLOCK):
            yield block


def digest(path: Path) -> tuple[int, str]:
    """Return size and SHA-256 of a file, read in full."""
    total, size = hashlib.sha256(), 0
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        while block := os.read(fd, BLOCK):
            total.update(block)
            size += len(block)
    finally:
        os.close(fd)
    return size, total.hexdigest()


def bytes_left(folder: Path) -> int:
    """Return how many bytes the gateway's user may still write there. Raises OSError."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def not_writable(folder: Path) -> str:
    """Return why no file can be made in a folder ("Read-only file system"), "" when one can. A file without a name is made.

    A file system that gave up after a fault does not say so of itself (ext4), and the free bytes stay what they were.
    """
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except AttributeError:  # a system without such files
        return ""
    except OSError as error:
        return "" if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL) else str(error.strerror)
    return ""


def size_in_words(size: int) -> str:
    """Return a number of bytes for a person.

    >>> size_in_words(4096), size_in_words(98_500_000)
    ('4 KB', '98 MB')
    """
    return f"{size // 1_000_000} MB" if size >= 1_000_000 else f"{size // 1_000} KB"


class ReceiptIds:
    """Hands out receipt ids that rise even when the clock jumps back; thread safe.

    last: the highest that was handed out before this start: a clock that was fast may have been set right since.
    """

    def __init__(self, clock: Clock = utc_now, last: str = "") -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._last = received(last) if last else datetime.min.replace(tzinfo=UTC)

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

    def keeps_drops(self) -> bool:
        """True when finished or held drops lie here."""
        return any(any((self.root / name).glob(drops)) for name, drops in (("archive", "*/*"), ("quarantine", "*")))

    def newest(self) -> str:
        """Return the highest receipt in the work folder and among the orders, of which the ledger may not know; "" = none."""
        names = [
            path.name for folder in (self.work, self.root / "orders") if folder.is_dir() for path in folder.iterdir()
        ]
        return max((name for name in names if _RECEIPT.match(name)), default="")

    def find(self, receipt: str) -> Path | None:
        """Return the folder of a drop, wherever it lies."""
        places = (self.work / receipt, self.archived(receipt), self.quarantine / receipt)
        return next((place for place in places if place.is_dir()), None)

    def move(self, receipt: str, goal: Path) -> None:
        """Move a drop's folder; nothing happens when it was moved before."""
        source = self.work / receipt
        if not source.is_dir():
            return
        if not goal.parent.is_dir():
            goal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(goal.parent.parent)
        source.rename(goal)  # whole or not at all: what a power cut undoes is moved again, so nobody waits for the disk


def remove_tree(folder: Path) -> None:
    """Delete a folder if it is there; some names at a time, a drop may have left 100,000 files."""
    if not folder.is_dir():
        return
    try:
        while names := _some_names(folder):
            for name in names:
                os.unlink(f"{folder}/{name}")  # noqa: PTH108
        os.rmdir(folder)  # noqa: PTH106
    except OSError:  # it holds folders
        shutil.rmtree(folder)


def _some_names(folder: Path) -> list[str]:
    with os.scandir(folder) as found:
        return [entry.name for entry in itertools.islice(found, 1000)]
