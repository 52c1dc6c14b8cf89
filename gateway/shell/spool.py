"""The spool of production: records in a private file, re-readable, a few hundred kilobytes of memory whatever the size.

4 bytes length (big-endian) + record, again and again
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from gateway.shell.folders import private_file
from gateway.shell.syncing import sync_file, sync_folder

_BUFFER = 1 << 17
_SMALL = 1 << 16  # bytes of a spool without a file
_FIRST = 1 << 11  # bytes of the first piece of a reading: most stop after a few records


def save(path: Path, records: Iterable[bytes]) -> None:
    """Write records to a file that stays, durably."""
    with open(path, "wb", buffering=_BUFFER, opener=private_file) as file:
        for record in records:
            file.write(len(record).to_bytes(4, "big"))
            file.write(record)
    sync_file(path)
    sync_folder(path.parent)


def load(file: BinaryIO) -> Iterator[bytes]:
    """Read what `save` wrote, and close the file."""
    with file:
        while size := file.read(4):
            record = file.read(int.from_bytes(size, "big"))
            if len(record) != int.from_bytes(size, "big"):
                raise OSError(5, "the spool file is shorter than what was written to it")
            yield record


class FileSpool:
    """A gateway.spools.Spool in a file; what was in the file before is gone. Iterations may overlap with appends.

    What is small stays in memory and needs no file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._small = bytearray()
        self._end = 0
        self._siblings: list[FileSpool] = []

    def sibling(self) -> FileSpool:
        """Return a second spool beside this one; it is closed and deleted with it."""
        other = FileSpool(self._path.with_name(f"{self._path.name}.{len(self._siblings) + 2}"))
        self._siblings.append(other)
        return other

    def append(self, record: bytes) -> None:
        """Add one record."""
        size = len(record)
        self._end += 4 + size
        file = self._file
        if file is None:
            if self._end <= _SMALL:
                self._small += size.to_bytes(4, "big")
                self._small += record
                return
            file = self._file = open(self._path, "w+b", buffering=_BUFFER, opener=private_file)  # noqa: SIM115 - closed by close()
            file.write(self._small)
            self._small = bytearray()
        file.write(size.to_bytes(4, "big"))
        file.write(record)

    def __iter__(self) -> Iterator[bytes]:
        """Read all records that were added so far, from the first."""
        return self.since(0)

    def mark(self) -> int:
        """Return the size of the file."""
        return self._end

    def since(self, mark: int) -> Iterator[bytes]:
        """Read the records that were added after a mark. All readings share one file handle and begin with little memory."""
        if self._file is None:
            return _records(bytes(self._small[mark:]))
        self._file.flush()
        return self._read(self._file.fileno(), mark, self._end)

    def _read(self, handle: int, at: int, end: int) -> Iterator[bytes]:
        block, buffer = _FIRST, b""
        while at < end:
            if len(buffer) < 4 or len(buffer) < 4 + int.from_bytes(buffer[:4], "big"):
                want = max(block, 4 + int.from_bytes(buffer[:4], "big") if len(buffer) >= 4 else 4)
                buffer = os.pread(handle, min(want, end - at), at)
                block = _BUFFER
                if len(buffer) < 4 or len(buffer) < min(want, end - at):
                    raise OSError(5, "the spool file is shorter than what was written to it")
                if len(buffer) < 4 + int.from_bytes(buffer[:4], "big"):
                    continue
            start = 0
            while len(buffer) - start >= 4:
                stop = start + 4 + int.from_bytes(buffer[start : start + 4], "big")
                if stop > len(buffer):
                    break
                yield buffer[start + 4 : stop]
                start = stop
            at, buffer = at + start, buffer[start:]

    def close(self) -> None:
        """Close and delete the file."""
        for other in self._siblings:
            other.close()
        self._small = bytearray()
        if self._file is not None:
            with contextlib.suppress(OSError):  # nobody needs it any more; a leftover goes with the drop's folder
                self._file.close()
                self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _records(buffer: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(buffer):
        stop = start + 4 + int.from_bytes(buffer[start : start + 4], "big")
        yield buffer[start + 4 : stop]
        start = stop
