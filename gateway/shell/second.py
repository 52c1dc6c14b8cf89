"""A second process for a large file: forked from the worker, it reads the file too and hands over verdicts (gateway.sharing).

    worker ── fork ──> second process ── pipe: group, length, verdicts ...──> worker
        position (shared memory): the group that the worker has reached, so that the other one skips what is too late

It has the lowest claim on a processor, holds no lock and no connection, and ends when the worker closes the pipe or dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from gateway.profile import Profile
from gateway.shell.claims import Claimed
from gateway.shell.desk import Desk
from gateway.shell.folders import read_blocks
from gateway.shell.log import logger
from gateway.shell.service import rather_than_others

Verdicts = Iterator[tuple[int, bytes]]
"""gateway.translate.assist: number of the group and what was made of it."""

FROM = 4_000_000
"""Bytes of a file that is worth a process: some 9,000 shipments, four seconds of work."""

_AHEAD = 4  # groups left to the worker: with 2 it reached one in nine while that was being judged
_PIPE = 1 << 20  # bytes of verdicts that may wait: some 600 shipments
_NICE = 10
_TRIAL = 100  # groups after which it is looked whether the process is of use
_FEW = 10  # verdicts of them that are not worth it: the processors are wanted elsewhere
_HEAD = 12  # bytes before the verdicts: group and length


@contextlib.contextmanager
def second(claimed: Claimed, profile: Profile, moment: datetime, raw: Path, desk: Desk) -> Iterator[dict[str, Any]]:
    """Yield {"others": a second process} for a large file on a desk that has one, else nothing."""
    assist = desk.assist
    if assist is None or claimed.size < FROM:
        yield {}
        return
    try:
        other = Second(lambda wanted: assist(read_blocks(raw), profile, moment, wanted, name=claimed.file_name))
    except OSError as error:  # no process, no memory, no descriptor left: alone then
        logger().warning("drop.second", receipt=claimed.receipt, error=type(error).__name__)
        yield {}
        return
    try:
        yield {"others": other}
    finally:
        other.close()
        logger().info("drop.second", receipt=claimed.receipt, groups=other.used)


class Second:
    """The second process as the worker sees it, see gateway.sharing.Others. work: is called in the other process."""

    def __init__(self, work: Callable[[Callable[[int], bool]], Verdicts]) -> None:
        self._pid, self._position = -1, mmap.mmap(-1, 8)
        self._pipe, writing = os.pipe()
        with contextlib.suppress(OSError):  # more than the system lets us have
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE)
        try:
            self._pid = _fork()
        except OSError:
            os.close(self._pipe)
            raise
        finally:
            if self._pid:
                os.close(writing)
        if self._pid == 0:
            _run(work, self._position, writing)
        os.set_blocking(self._pipe, False)
        self._buffer = bytearray()
        self._ended = False
        self._asked = self._used_before = self.used = 0

    def verdicts(self, group: int) -> bytes | None:
        """Return the verdicts of a group if they are there; never waits."""
        if self._ended or not self._worth_it():
            return None
        self._position[:8] = group.to_bytes(8, "big")
        while self._complete():
            found = int.from_bytes(self._buffer[:8], "big")
            if found > group:
                return None
            size = int.from_bytes(self._buffer[8:_HEAD], "big")
            data = bytes(self._buffer[_HEAD : _HEAD + size]) if found == group else b""
            del self._buffer[: _HEAD + size]
            if data:
                self.used += 1
                return data
        return None

    def _worth_it(self) -> bool:
        """End a process that is of little use."""
        self._asked += 1
        if self._asked % _TRIAL == 0:
            if self.used - self._used_before < _FEW:
                self.close()
            self._used_before = self.used
        return not self._ended

    def close(self) -> None:
        """End the process."""
        if self._ended:
            return
        self._ended = True
        os.close(self._pipe)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._position.close()

    def _complete(self) -> bool:
        """True when the buffer begins with all verdicts of a group."""
        while len(self._buffer) < _HEAD or len(self._buffer) < _HEAD + int.from_bytes(self._buffer[8:_HEAD], "big"):
            try:
                piece = os.read(self._pipe, _PIPE)
            except BlockingIOError:
                return False
            if not piece:
                return False
            self._buffer += piece
        return True


def _fork() -> int:
    """Fork beside the thread in which a worker listens to the gateway, without the warning of Python 3.12 and later.

    They warn since a lock that another thread holds stays locked in the child. That thread waits in a read, and the child
    takes no lock of its (it has neither its pipe nor its queue); if it hung all the same, the worker would do all by itself:
    it never waits for a second process. As an error the warning would be raised with the child running and its number lost.
    The nursery forks without a thread (tests/shell/test_workers.py).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _run(work: Callable[[Callable[[int], bool]], Verdicts], position: mmap.mmap, writing: int) -> NoReturn:
    """Write verdicts until there are none; whatever goes wrong, the worker does what is missing."""
    try:
        os.nice(_NICE)
        rather_than_others()
        _close_others(writing)
        for group, data in work(lambda group: group >= int.from_bytes(position[:8], "big") + _AHEAD):
            _write(writing, group.to_bytes(8, "big") + len(data).to_bytes(4, "big") + data)
    finally:
        os._exit(0)


def _close_others(kept: int) -> None:
    """Close what the worker has open: the lock, the ledger and the pipe to the gateway are not ours to hold."""
    last = os.sysconf("SC_OPEN_MAX")
    os.closerange(3, kept)
    os.closerange(kept + 1, last)


def _write(pipe: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(pipe, rest) :]
