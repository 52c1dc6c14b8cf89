"""Power cuts without a device mapper: what was not fsynced is gone. Emulates what a disk may forget.

    cut = PowerCut(monkeypatch, root)     # from here on it notes every fsync, rename, link, unlink and mkdir
    cut.arm(17, image, kept=False)        # at the 17th of them the plug is pulled: `image` is what the disk holds then

Bytes of a file are on the disk as they were when the file was fsynced last; never fsynced: none. With kept=False an
entry of a directory is there since that directory was fsynced; a rename between two directories happens in both or in
neither. With kept=True all names are as the program left them, and only bytes are lost: a journaling file system.
The ledger is SQLite's own matter: its files are taken as they are (WAL, synchronous=FULL).
"""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest


class PowerCutError(BaseException):
    """The machine is off; nothing of ours may catch it."""


class PowerCut:
    """The disk as a power cut would leave it. steps: how many calls were noted since `arm`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        self.root, self.steps, self._at = root, 0, 0
        self._image, self._kept, self._off = root, False, False
        self._lock = threading.RLock()
        self._bytes: dict[int, bytes] = {}  # inode -> content at its last fsync
        self._entries: dict[int, dict[str, int]] = {}  # inode of a directory -> what it holds on the disk
        self._moves: list[tuple[int, str, int, str, int]] = []  # from, name, to, name, inode; neither side fsynced yet
        self._is_dir: set[int] = set()
        self._open: list[int] = []  # keeps the numbers of removed files from being given to new ones
        for path in (root, *root.rglob("*")):
            self._note(path)
        fsync, rename = os.fsync, os.rename
        monkeypatch.setattr(os, "fsync", lambda fd: self._fsync(fd, fsync))
        monkeypatch.setattr(os, "rename", lambda path, target: self._rename(Path(path), Path(target), rename))
        self.mkdir = os.mkdir
        for name in ("link", "unlink", "mkdir", "rmdir"):  # pathlib calls them, too
            monkeypatch.setattr(os, name, self._stepped(getattr(os, name)))

    def arm(self, at: int, image: Path, *, kept: bool) -> None:
        """Pull the plug at the `at`-th step; the disk is copied to `image`."""
        self.steps, self._at, self._image, self._kept, self._off = 0, at, image, kept, False

    def disarm(self) -> None:
        """Go on without a cut."""
        self._at, self._off = 0, False

    def close(self) -> None:
        """Let go of the removed files."""
        for fd in self._open:
            os.close(fd)
        self._open.clear()

    def _note(self, path: Path) -> None:
        """Take a file or directory as it is now for on the disk."""
        status = path.lstat()
        self._open.append(os.open(path, os.O_RDONLY))
        if stat.S_ISDIR(status.st_mode):
            self._is_dir.add(status.st_ino)
            self._entries[status.st_ino] = {p.name: p.lstat().st_ino for p in path.iterdir()}
        elif not _is_ledger(path):
            self._bytes[status.st_ino] = path.read_bytes()

    def _step(self) -> None:
        with self._lock:
            if self._off:
                raise PowerCutError
            self.steps += 1
            if self.steps == self._at:
                self._off = True
                self._copy(self.root, self._image)
                raise PowerCutError

    def _stepped(self, call: Any) -> Any:
        def stepped(*args: Any, **facts: Any) -> Any:
            self._step()
            return call(*args, **facts)

        return stepped

    def _rename(self, path: Path, target: Path, rename: Any) -> None:
        self._step()
        with self._lock:
            places = (
                path.parent.stat().st_ino,
                path.name,
                target.parent.stat().st_ino,
                target.name,
                path.lstat().st_ino,
            )
            rename(path, target)
            self._moves.append(places)

    def _fsync(self, fd: int, fsync: Any) -> None:
        self._step()
        fsync(fd)
        with self._lock:
            status, path = os.fstat(fd), Path(f"/proc/self/fd/{fd}").readlink()
            self._open.append(os.dup(fd))
            if self._off:
                raise PowerCutError
            if not stat.S_ISDIR(status.st_mode):
                self._bytes[status.st_ino] = path.read_bytes()
                return
            self._is_dir.add(status.st_ino)
            self._entries[status.st_ino] = {p.name: p.lstat().st_ino for p in path.iterdir()}
            for move in [m for m in self._moves if status.st_ino in (m[0], m[2])]:  # a rename is whole or not at all
                source, old, goal, new, inode = move
                self._moves.remove(move)
                if self._entries.get(source, {}).get(old) == inode:
                    del self._entries[source][old]
                if goal != status.st_ino:
                    self._entries.setdefault(goal, {})[new] = inode

    # --- the image

    def _copy(self, live: Path, image: Path) -> None:
        self.mkdir(image)  # no step
        here = live.stat().st_ino
        names = {p.name: p.lstat().st_ino for p in live.iterdir()} if self._kept else self._entries.get(here, {})
        for name, inode in names.items():
            self._copy_one(live / name, inode, image / name)
        for path in live.iterdir():
            if _is_ledger(path):
                (image / path.name).write_bytes(path.read_bytes())

    def _copy_one(self, live: Path, inode: int, image: Path) -> None:
        if _is_ledger(live):
            return
        if inode not in self._is_dir and not live.is_dir():
            image.write_bytes(self._bytes.get(inode, b""))
            return
        found = live if live.is_dir() and live.stat().st_ino == inode else _find(self.root, inode)
        if found is not None:
            self._copy(found, image)  # a directory may have been moved since
        else:
            self.mkdir(image)  # it was removed, and the disk does not know yet; what was in it comes back
            for name, one in self._entries.get(inode, {}).items():
                self._copy_one(live / name, one, image / name)


def _is_ledger(path: Path) -> bool:
    return path.name.startswith("ledger.db")


def _find(root: Path, inode: int) -> Path | None:
    return next((p for p in root.rglob("*") if p.is_dir() and p.stat().st_ino == inode), None)
