"""Puts the pieces that `translate` yields together as files in the drop's folder; what is delivered later is a copy.

head + shipment + "," + shipment + ... + close      one canonical message
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

import msgspec

from gateway.results import Delivery, Outcome
from gateway.shell.folders import NewFile, remove_tree
from gateway.shell.names import stored_name
from gateway.shell.spool import FileSpool
from gateway.shell.syncing import sync_all

DELIVERED = 0o640  # rights of a file that may become the delivered one
_TOGETHER = 64  # files that are brought to the disk at once


class BooksError(Exception):
    """Counters that do not agree, or a message without an end: the file is held, nothing is delivered (promise P5)."""


class Staged(msgspec.Struct, frozen=True):
    """A file that lies in the drop's folder, ready to be delivered. staged: its path below that folder."""

    kind: str
    target: str
    name: str
    staged: str
    size: int
    sha256: str


class _Message(msgspec.Struct, frozen=True):
    key: str
    shipments: int
    staged: Staged


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Message).decode


class Assembler:
    """Writes the canonical files of one drop. prefix, sha256: of the partner and the drop, they make the names."""

    def __init__(self, place: Path, prefix: str, sha256: str) -> None:
        self._folder, self._prefix, self._sha = place / "out", prefix, sha256[:16]
        self._folder.mkdir(mode=0o700)
        self._done = FileSpool(place / "messages.spool")
        self._file: NewFile | None = None
        self._number = self._shipments = 0
        self._key, self._test = "", False
        self._unended: set[str] = set()

    def add(self, piece: Delivery) -> None:
        """Take the next piece. Raises BooksError when the pieces of two messages are mixed."""
        if piece.kind == "head":
            self._start(piece)
        elif self._file is None or piece.key != self._key:
            raise BooksError(f"a {piece.kind} of message {piece.key} came outside of it")
        elif piece.kind == "shipment":
            if self._shipments:
                self._write(b",")
            self._shipments += piece.count
            self._write(piece.data)
        else:
            self._write(piece.data)
            self._finish()

    def check_ends(self, refused: Container[str]) -> None:
        """Raise BooksError when a message that is kept has no end."""
        unended = self._unended | ({self._key} if self._file is not None else set())
        if kept := [key for key in unended if key not in refused]:
            raise BooksError(f"message {min(kept)} has no end")

    def kept(self, refused: Container[str]) -> Iterator[Staged]:
        """Yield the files of the messages that were not refused and hold a shipment."""
        for message in map(_decode, self._done):
            if message.key not in refused and message.shipments:
                yield message.staged

    def shipments(self, refused: Container[str]) -> int:
        """Return how many shipments the kept messages hold."""
        return sum(message.shipments for message in map(_decode, self._done) if message.key not in refused)

    def close(self) -> None:
        """Close the files."""
        if self._file is not None:
            self._file.close()
        self._done.close()

    def _start(self, piece: Delivery) -> None:
        if self._file is not None:
            self._file.close()
            self._unended.add(self._key)  # `kept` looks whether it was refused
        self._number += 1
        self._key, self._test, self._shipments = piece.key, piece.test, 0
        self._file = NewFile(f"{self._folder}/{self._number:06d}", DELIVERED)
        self._write(piece.data)

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        self._file.write(data)

    def _finish(self) -> None:
        assert self._file is not None
        file, self._file = self._file, None
        file.close()
        name = f"{self._prefix}.{stored_name(self._key)}.{self._sha}.json"
        target = "test" if self._test else "out"
        staged = Staged("delivery", target, name, f"out/{self._number:06d}", file.size, file.sha256)
        self._done.append(_encode(_Message(self._key, self._shipments, staged)))


def sync_staged(place: Path, staged: Iterable[Staged]) -> None:
    """Bring all that is staged to the disk: the file system waits once for up to _TOGETHER files and their folders.

    Raises OSError when the disk did not take it.
    """
    rest = iter(staged)
    some = list(itertools.islice(rest, _TOGETHER))
    while more := list(itertools.islice(rest, _TOGETHER)):
        _sync(place, some)
        some = more
    _sync(place, some, [place, *(folder for name in ("out", "acks") if (folder := place / name).is_dir())])


def _sync(place: Path, staged: list[Staged], folders: Iterable[Path] = ()) -> None:
    paths = [(place / one.staged, one.size) for one in staged]
    paths += [(path, one.size) for one in staged if one.kind != "delivery" and (path := spare(place, one.name))]
    sync_all([path for path, _ in paths], folders)
    if any(path.stat().st_size != size for path, size in paths):
        raise OSError(errno.EIO, "the disk did not store what was written")


def stage_answers(outcome: Outcome, stem: str, place: Path) -> list[Staged]:
    """Write all answers of an outcome to acks/ in the drop's folder; their names are `stem` + suffix. Not synced.

    A second copy lies in out/, if there is such a folder: it becomes the delivered file, the one in acks/ stays.
    """
    staged, out = [], (place / "out").is_dir()
    for ack in sorted(outcome.acks, key=lambda ack: ack.kind == "receipt"):  # whoever sees it finds the others
        kind = "receipt" if ack.kind == "receipt" else "ack"
        target = "reject" if ack.folder == "reject" else "ack"
        staged.append(write_answer(place, kind, target, stem + ack.name, ack.chunks, again=out))
    return staged


def stage_file(place: Path, kind: str, target: str, name: str, chunks: Iterable[bytes]) -> Staged:
    """Write one acknowledgment or report to acks/ in the drop's folder, durably."""
    staged = write_answer(place, kind, target, name, chunks)
    sync_staged(place, [staged])  # with the name of acks/
    return staged


def spare(place: Path, name: str) -> Path | None:
    """Return the copy of an answer that may become the delivered file."""
    path = place / "out" / name
    return path if path.is_file() else None


def write_answer(
    place: Path, kind: str, target: str, name: str, chunks: Iterable[bytes], *, again: bool = False
) -> Staged:
    """Write one answer as `stage_file` does. Not synced. again: a second time to out/."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(f"{place}/acks", 0o700)  # noqa: PTH102
    with contextlib.ExitStack() as opened:  # closes both, also when the disk is full at the first
        file = opened.enter_context(contextlib.closing(NewFile(f"{place}/acks/{name}")))
        files = [file]
        if again:
            files.append(opened.enter_context(contextlib.closing(NewFile(f"{place}/out/{name}", DELIVERED))))
        for chunk in chunks:
            for one in files:
                one.write(chunk)
    return Staged(kind, target, name, f"acks/{name}", file.size, file.sha256)


def clear(place: Path) -> None:
    """Remove what an earlier try left in a drop's folder."""
    remove_tree(place / "out")
    remove_tree(place / "acks")
