"""Bringing files and directories to the disk: nothing is promised before it is there.

    sync_all([claim], [place, work])      all of them at once: the file system then writes them in one go
    sync_handles([file, folder])          the same for descriptors that are open

Threads wait for all but one of them: also on a disk that needs a tenth of a millisecond that is less than one after the other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from queue import SimpleQueue

_SYNCERS = 7
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def sync_folder(folder: Path) -> None:
    """Bring a directory's entries to the disk."""
    _sync_one(folder, _FOLDER)


def sync_file(path: Path) -> None:
    """Bring a file's bytes to the disk. A failed fsync is an OSError: the bytes are then not to be trusted."""
    _sync_one(path, _FILE)


def _sync_one(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(files: Iterable[Path] = (), folders: Iterable[Path] = ()) -> None:
    """Bring several files and directories to the disk at once: the file system then writes them in one go.

    One after the other each waits for a commit of its own. Raises the first OSError, after all have ended.
    """
    paths = [(path, _FILE) for path in files] + [(path, _FOLDER) for path in folders]
    for start in range(0, len(paths), _SYNCERS + 1):
        handles = list[int]()
        try:
            handles += (os.open(path, flags) for path, flags in paths[start : start + _SYNCERS + 1])
            sync_handles(handles)
        finally:  # opened and closed here: the threads do nothing but wait, and need the interpreter once
            for handle in handles:
                os.close(handle)


def sync_handles(handles: Iterable[int]) -> None:
    """Bring what several descriptors stand for to the disk at once, as `sync_all` does."""
    waiting = list(handles)
    if not waiting:
        return
    ended = _Ended()
    for handle in waiting[1:]:
        _syncers().put((handle, ended))
    errors = [_synced(waiting[0])]  # here, not in a thread: one hand-over less
    errors += [ended.get() for _ in waiting[1:]]
    for error in errors:
        if error is not None:
            raise error


def _synced(handle: int) -> BaseException | None:
    try:
        os.fsync(handle)
    except BaseException as error:  # raised when the others have ended, too
        return error
    return None


_Ended = SimpleQueue[BaseException | None]
_Jobs = SimpleQueue[tuple[int, _Ended]]


@cache
def _syncers() -> _Jobs:
    """Return the queue of threads that wait for the disk; an executor costs a small drop a millisecond more."""
    jobs = _Jobs()

    def run() -> None:
        while True:
            handle, ended = jobs.get()
            ended.put(_synced(handle))

    for number in range(_SYNCERS):
        threading.Thread(target=run, name=f"sync-{number}", daemon=True).start()
    return jobs


os.register_at_fork(after_in_child=_syncers.cache_clear)  # a forked worker has the queue, but none of its threads
