"""The real folders of an account: ack/ and reject/, read, list and delete only.

Opened by directory handle for every request, no symbolic link followed on any component.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.shell.sftp_paths import Status, is_temporary, missing


class AnswerFolders:
    """Reads home/ack and home/reject. Raises RefusedError for what a client cannot have, OSError for the disk."""

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()  # once: a link put in its way later is not followed
        for folder in ("ack", "reject"):
            (self._home / folder).mkdir(mode=0o700, parents=True, exist_ok=True)

    def status(self, folder: str, name: str) -> Status:
        """Return size and time of one answer."""
        with self._folder(folder) as fd:
            return _status(fd, name)

    def listing(self, folder: str) -> list[Status]:
        """Return the finished answers of a folder, by name."""
        with self._folder(folder) as fd:
            names = sorted(os.listdir(fd))  # noqa: PTH208 - a directory handle, not a path
            return [_status(fd, name) for name in names if _is_answer(fd, name)]

    def open(self, folder: str, name: str) -> int:
        """Return a file descriptor to read an answer from."""
        with self._folder(folder) as fd:
            _status(fd, name)
            answer = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=fd)
        if not stat.S_ISREG(os.fstat(answer).st_mode):  # swapped since we looked
            os.close(answer)
            raise missing()
        return answer

    def remove(self, folder: str, name: str) -> None:
        """Delete an answer."""
        with self._folder(folder) as fd:
            _status(fd, name)
            os.unlink(name, dir_fd=fd)

    @contextmanager
    def _folder(self, folder: str) -> Iterator[int]:
        flags = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open("/", os.O_PATH | flags)
        try:
            for part in self._home.parts[1:]:
                fd = _below(fd, part, os.O_PATH | flags)
            fd = _below(fd, folder, os.O_RDONLY | flags)
            yield fd
        finally:
            os.close(fd)


def _below(fd: int, part: str, flags: int) -> int:
    below = os.open(part, flags, dir_fd=fd)
    os.close(fd)
    return below


def _is_answer(fd: int, name: str) -> bool:
    """True for a regular, finished file; links, devices and files being written do not exist for the client."""
    if is_temporary(name) or "/" in name:
        return False
    try:
        name.encode()
        return stat.S_ISREG(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)
    except (OSError, ValueError):
        return False


def _status(fd: int, name: str) -> Status:
    if not _is_answer(fd, name):
        raise missing()
    found = os.stat(name, dir_fd=fd, follow_symlinks=False)
    return Status(name, stat.S_IFREG | 0o600, found.st_size, found.st_mtime)
