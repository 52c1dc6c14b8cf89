"""Where the results of a file are kept while it is read: appended, then read again as often as needed.

The shell has one on disk (shell/spool.py); those here are for small files and for readings that nobody asks about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Spool(Protocol):
    """An append-only store of bytes that can be read again; bytes go in and come out unchanged and in order."""

    def append(self, record: bytes) -> None:
        """Add one record."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Read all records again from the first."""
        ...

    def mark(self) -> int:
        """Return a place for `since`: the end, as it is now."""
        ...

    def since(self, mark: int) -> Iterator[bytes]:
        """Read the records that were added after a mark. Thousands of such readings may be open at once."""
        ...

    def sibling(self) -> Spool:
        """Return a second, empty spool that lives as long as this one."""
        ...


class MemorySpool:
    """The spool of tests and small files."""

    def __init__(self) -> None:
        self._records: list[bytes] = []

    def append(self, record: bytes) -> None:
        """Add one record."""
        self._records.append(record)

    def __iter__(self) -> Iterator[bytes]:
        """Read all records again."""
        return iter(self._records)

    def mark(self) -> int:
        """Return the number of records."""
        return len(self._records)

    def since(self, mark: int) -> Iterator[bytes]:
        """Read the records after a mark."""
        return (self._records[at] for at in range(mark, len(self._records)))

    def sibling(self) -> MemorySpool:
        """Return another one."""
        return MemorySpool()


class NoSpool:
    """Keeps nothing: for a reading whose results nobody asks for."""

    def append(self, record: bytes) -> None:
        """See Spool."""

    def __iter__(self) -> Iterator[bytes]:
        """See Spool."""
        return iter(())

    def mark(self) -> int:
        """See Spool."""
        return 0

    def since(self, mark: int) -> Iterator[bytes]:
        """See Spool."""
        return iter(())

    def sibling(self) -> NoSpool:
        """See Spool."""
        return self
