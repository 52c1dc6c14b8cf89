"""Where uploads wait until they are complete: one folder per account, random names, 0600.

    staging/carrier-a/5f0c...e1.partial    the bytes
    staging/carrier-a/5f0c...e1.json       name, ranges and hash; written when a file must outlive its session

A file is complete when its writer closed it and the written ranges leave no hole. A session that dies closes nothing.
Bytes without a .json belong to an upload the process did not survive: nobody was told they are safe; they are removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.shell.syncing import sync_handles

MAX_RANGES = 10_000  # a client that scatters more writes than this is not sending a file
BLOCK = 1 << 20


class Ranges:
    """The written byte ranges of a file: sorted, disjoint, not touching."""

    def __init__(self, spans: list[tuple[int, int]] | None = None) -> None:
        self.spans: list[tuple[int, int]] = spans or []

    def add(self, start: int, end: int) -> None:
        """Note that [start, end) was written."""
        if start >= end:
            return
        if self.spans and start == self.spans[-1][1]:  # the usual case
            self.spans[-1] = (self.spans[-1][0], end)
            return
        first = bisect_left(self.spans, start, key=lambda span: span[1])
        last = bisect_right(self.spans, end, key=lambda span: span[0])
        if first < last:
            start, end = min(start, self.spans[first][0]), max(end, self.spans[last - 1][1])
        self.spans[first:last] = [(start, end)]

    def cut(self, size: int) -> None:
        """Forget everything from byte `size` on."""
        self.spans = [(start, min(end, size)) for start, end in self.spans if start < size]

    def whole(self, size: int) -> bool:
        """True when every byte of a file of this size was written."""
        return self.spans == ([(0, size)] if size else [])


class StagedFile:
    """One upload on its way. `name` is the client's; `closed` says its bytes are complete, `synced` that they are on disk.

    writer: the handle that may write now; a later opener takes over, so a dead session cannot block a resume.
    """

    def __init__(self, folder: StagingFolder, name: str, token: str) -> None:
        self.folder, self.name, self.token = folder, name, token
        self.ranges = Ranges()
        self.size = 0
        self.writer: object | None = None
        self.closed = self.synced = self.busy = self.kept = False
        self.fault = ""  # why this upload can never be completed
        self.sha256 = ""
        self.mtime = self.since = time.time()
        self._hash, self._hashed = hashlib.sha256(), 0
        self._fd = -1
        self._lock = threading.Lock()  # guards _fd: a number closed here may be another file a moment later

    @property
    def path(self) -> Path:
        """Where the bytes lie, for the one who takes the file."""
        return self.folder.path / f"{self.token}.partial"

    def open(self, *, create: bool) -> None:
        """Open the bytes for writing."""
        if self._fd < 0:
            flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
            self._fd = os.open(self.path.name, flags, 0o600, dir_fd=self.folder.fd)

    def write(self, offset: int, data: bytes) -> None:
        """Write all of data at offset. A fault here (disk full) makes the upload incomplete for good."""
        self.synced = False
        if self.closed:
            self.closed = False
            if self.kept:
                self.keep()
        with self._lock:
            try:
                view, at = memoryview(data), offset
                while view:
                    written = os.pwrite(self._fd, view, at)  # may be short: a full disk answers on the next turn
                    view, at = view[written:], at + written
            except OSError as error:
                self.fault = f"the upload could not be stored ({error.strerror})"
                raise
        if self._hashed == offset:
            self._hash.update(data)
            self._hashed = offset + len(data)
        elif data:
            self._hashed = -1  # not sequential: hashed at the end
        self.ranges.add(offset, offset + len(data))
        if len(self.ranges.spans) > MAX_RANGES:
            self.fault = "the upload was written in too many scattered pieces"
        self.size = max(self.size, offset + len(data))
        self.mtime = time.time()

    def truncate(self, size: int) -> None:
        """Cut the file to a size; a larger size leaves a hole."""
        self.synced = False
        with self._lock:
            os.ftruncate(self._fd, size)
        if size != self.size:
            self.closed = False
        self.ranges.cut(size)
        self.size, self._hashed = size, (self._hashed if self._hashed <= size else -1)

    def seal(self, *, keep: bool) -> None:
        """Check the size, fix the hash; keep: bring it all to the disk under its name, else whoever takes it syncs it.

        Raises OSError when the disk says otherwise.
        """
        try:
            found = os.fstat(self._fd).st_size
            if found != self.size:
                raise OSError(5, f"{found} of {self.size} bytes are stored")
            self.sha256 = self._hash.hexdigest() if self._hashed == self.size else self._read_hash()
            self.closed = True
            if keep:
                self.keep(durable=True, also=self._fd)
                self.synced = True
        except OSError as error:  # after a failed fsync the bytes are not to be trusted, never retried
            self.closed = False
            self.fault = f"the upload could not be stored ({error.strerror})"
            raise
        self.release()

    def release(self) -> None:
        """Close the bytes."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def keep(self, *, durable: bool = False, also: int = -1) -> None:
        """Write the .json so that the file outlives the process; durable: also a power cut. also: what is synced with it."""
        state = {
            "name": self.name,
            "ranges": self.ranges.spans,
            "closed": self.closed,
            "sha256": self.sha256,
            "mtime": self.mtime,
            "since": self.since,
        }
        final, again = f"{self.token}.json", self.kept
        name = f"{final}.tmp" if again else final  # the first one may be half: then the upload was never kept
        self.kept = True
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600, dir_fd=self.folder.fd)
        with os.fdopen(fd, "wb") as file:
            file.write(json.dumps(state).encode())
            file.flush()
            if again:
                if durable:
                    os.fsync(fd)
                os.rename(name, final, src_dir_fd=self.folder.fd, dst_dir_fd=self.folder.fd)
            if durable:
                sync_handles([fd, self.folder.fd, *([also] if also >= 0 else ())])

    def discard(self) -> None:
        """Remove what is left of the file here: everything, or only the .json once it was taken."""
        self.release()
        for name in (f"{self.token}.partial", *((f"{self.token}.json",) if self.kept else ())):
            try:
                os.unlink(name, dir_fd=self.folder.fd)
            except FileNotFoundError:
                continue

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what the .json of an earlier process says."""
        self.ranges = Ranges([(int(a), int(b)) for a, b in state["ranges"]])
        self.size = self.ranges.spans[-1][1] if self.ranges.spans else 0
        self.closed, self.sha256 = bool(state["closed"]), str(state["sha256"])
        self.mtime, self.since = float(state["mtime"]), float(state["since"])
        self._hashed, self.kept, self.synced = (0 if self.size == 0 else -1), True, self.closed

    def _read_hash(self) -> str:
        total, at = hashlib.sha256(), 0
        while block := os.pread(self._fd, BLOCK, at):
            total.update(block)
            at += len(block)
        return total.hexdigest()


class StagingFolder:
    """The staging directory of one account, held open: a swapped symbolic link changes nothing."""

    def __init__(self, staging: Path, account: str) -> None:
        self.path = staging / account
        staging.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700, exist_ok=True)
        self.fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def create(self, name: str) -> StagedFile:
        """Return a new, empty, open file."""
        file = StagedFile(self, name, secrets.token_hex(16))
        file.open(create=True)
        return file

    def full(self, least: int) -> bool:
        """True when no more than `least` bytes, or a twentieth of the disk where that is less, are free."""
        disk = os.fstatvfs(self.fd)
        return disk.f_bavail * disk.f_frsize <= min(least, disk.f_blocks * disk.f_frsize // 20)

    def load(self) -> Iterator[StagedFile]:
        """Yield the files an earlier process kept and remove the rest."""
        names = set(os.listdir(self.fd))  # noqa: PTH208 - a directory handle, not a path
        tokens = sorted(name.partition(".")[0] for name in names if name.endswith(".json"))
        files = [file for token in tokens if f"{token}.partial" in names and (file := self._read(token))]
        kept = {f"{file.token}{ending}" for file in files for ending in (".json", ".partial")}
        for name in names - kept:
            os.unlink(name, dir_fd=self.fd)
        yield from files

    def close(self) -> None:
        """Close the directory."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _read(self, token: str) -> StagedFile | None:
        fd = os.open(f"{token}.json", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self.fd)
        with os.fdopen(fd, encoding="utf-8") as text:
            try:
                state = json.load(text)
                file = StagedFile(self, str(state["name"]), token)
                file.restore(state)
            except (ValueError, KeyError, TypeError):
                return None
        file.open(create=False)
        stored = os.fstat(file._fd).st_size
        if stored > file.size:  # written after the .json and never closed
            file.truncate(file.size)
        file.release()
        return file if stored >= file.size else None
