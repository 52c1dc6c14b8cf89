"""The kept files of drops, as they were received and sent: sealed when gateway.toml names key files, else as they are.

    work/RECEIPT/raw, acks/NAME         clear while the drop is in work
    archive/DAY/RECEIPT/raw.sealed      sealed before the folder moves there, or to quarantine; claim.json stays clear

Paths are those of the clear files; which of both lies there is found out here. Sizes and hashes in the ledger are always
those of the clear bytes. A crash leaves both files: the clear one is whole then, and sealed again.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from gateway.errors import ConfigError
from gateway.shell.folders import BLOCK, StateFolders, make_folder, private_file, read_blocks
from gateway.shell.seal import HEADER, Key, SealError, key_id, read_key, seal, unseal
from gateway.shell.syncing import sync_all, sync_folder

SEALED = ".sealed"
_HALF = (".sealing", ".opening")
_CLEAR = "claim.json"
_INNER = ("acks", "out")
_TOGETHER = 64


class Vault:
    """Reads and seals kept files. keys: the first one seals, all of them open; none: nothing is sealed."""

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        self._first = keys[0] if keys else None
        self._keys = {key.id: key for key in keys}

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, the one that seals first."""
        return tuple(self._keys)

    def exists(self, path: Path) -> bool:
        """True when the file is kept, sealed or not."""
        return stored(path) is not None

    def blocks(self, path: Path) -> Iterator[bytes]:
        """Yield the clear bytes of a file. Raises OSError, SealError."""
        found = stored(path)
        if found is None or found == path:
            yield from read_blocks(path)
            return
        with open(found, "rb", opener=private_file) as file:
            yield from unseal(file.read, self._keys, context(path))

    def read(self, path: Path) -> bytes:
        """Return the clear bytes of a small file."""
        return b"".join(self.blocks(path))

    def file(self, path: Path) -> BinaryIO:
        """Open a file for reading from the beginning to the end."""
        return io.BufferedReader(_Blocks(self.blocks(path)), BLOCK)

    def digest(self, path: Path) -> tuple[int, str]:
        """Return size and SHA-256 of the clear bytes."""
        total, size = hashlib.sha256(), 0
        for block in self.blocks(path):
            total.update(block)
            size += len(block)
        return size, total.hexdigest()

    def proof(self, path: Path) -> list[str | int]:
        """Return name, size and SHA-256 of a stored file: of the clear bytes, or as it lies there when nobody can open it."""
        try:
            return [clear(path).name, *self.digest(clear(path))]
        except SealError:
            return [path.name, *Vault().digest(path)]

    def seal(self, place: Path) -> None:
        """Seal what a drop's folder holds, durably; nothing happens without a key."""
        if self._first is None:
            return
        _clear_up(place)
        key = self._first
        jobs = [p for p in sorted(place.rglob("*")) if p.is_file() and p.suffix != SEALED and p.name != _CLEAR]
        _exchange(jobs, ".sealing", sealed, lambda path: seal(read_blocks(path), key, context(path)))

    def unsealed(self, folders: StateFolders) -> Iterator[Path]:
        """Yield the folders of finished and held drops that hold a clear file; none without a key."""
        places = [*folders.quarantine.iterdir(), *(folders.root / "archive").glob("*/*")] if self._first else []
        for place in sorted(places):
            if any(p.is_file() and p.suffix != SEALED and p.name != _CLEAR for p in place.rglob("*")):
                yield place

    def unseal(self, place: Path) -> None:
        """Put the clear files of a drop back, durably: it goes to work again. raw is the last one of those it needs."""
        if not sealed(place / "raw").exists():
            return
        _clear_up(place)
        jobs = []
        for path in sorted(place.rglob(f"*{SEALED}")):
            if clear(path).exists():  # a crash came between the two
                path.unlink()
            else:
                jobs.append(path)
        _exchange(jobs, ".opening", clear, lambda path: self.blocks(clear(path)))

    def check(self, root: Path) -> None:
        """Make sure that all that is sealed in a state folder can be opened. Raises ConfigError, OSError.

        root/keys holds an empty file named after each key that ever sealed something there.
        """
        marks = root / "keys"
        for mark in sorted(marks.glob("*")) if marks.is_dir() else ():
            if mark.name not in self._keys and not _any_sealed_with(root, mark.name):
                mark.unlink()  # nothing is left that it sealed
            elif mark.name not in self._keys:
                raise ConfigError(
                    f"Kept files are sealed with the key {mark.name}, and it is in none of the key files.",
                    "Name its file in [encryption] key_files of gateway.toml. If it is lost, nobody can open those files "
                    f"again; remove {mark} to go on without them.",
                )
        if self._first is not None and not (marks / self._first.id).exists():
            make_folder(marks, mode=0o700)
            with open(marks / self._first.id, "xb", opener=private_file):
                pass
            sync_folder(marks)


def sealed(path: Path) -> Path:
    """Return the sealed name of a file."""
    return path.with_name(path.name + SEALED)


def clear(path: Path) -> Path:
    """Return the name of a file without the ending of a sealed one."""
    return path.with_name(path.name.removesuffix(SEALED))


def stored(path: Path) -> Path | None:
    """Return the clear or the sealed file of this (clear) name, whichever is there."""
    return next((found for found in (path, sealed(path)) if found.is_file()), None)


def context(path: Path) -> str:
    """Return what a sealed file is bound to: RECEIPT/raw, RECEIPT/acks/NAME. path: of the clear file."""
    return "/".join(path.parts[-3 if path.parent.name in _INNER else -2 :])


def _exchange(
    paths: Sequence[Path], ending: str, renamed: Callable[[Path], Path], made: Callable[[Path], Iterable[bytes]]
) -> None:
    """Put another form of each file beside it, durably, then remove it."""
    rest = iter(paths)
    while some := list(itertools.islice(rest, _TOGETHER)):
        halves = [path.with_name(f".{path.name}{ending}") for path in some]
        for path, half in zip(some, halves, strict=True):
            with open(half, "wb", opener=private_file) as file:
                for block in made(path):
                    file.write(block)
        sync_all(halves)
        folders = {path.parent for path in some}
        for path, half in zip(some, halves, strict=True):
            half.rename(renamed(path))
        sync_all(folders=folders)
        for path in some:
            path.unlink()
        sync_all(folders=folders)


def _clear_up(place: Path) -> None:
    """Remove what a crash left half-way."""
    for path in place.rglob(".*"):
        if path.suffix in _HALF:
            path.unlink()


def _any_sealed_with(root: Path, key: str) -> bool:
    """True when a kept file is sealed with a key."""
    for path in root.rglob(f"*{SEALED}"):
        with open(path, "rb", opener=private_file) as file:
            if key_id(file.read(HEADER)) == key:
                return True
    return False


class _Blocks(io.RawIOBase):
    """An iterator of blocks as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def vault_of(key_files: Sequence[Path], state_dir: Path) -> Vault:
    """Read the key files of gateway.toml. Raises ConfigError."""
    for path in key_files:
        if path.resolve().is_relative_to(state_dir.resolve()):
            raise ConfigError(
                f"{path.name}, a key file of [encryption], lies in the state folder.",
                "Keep it elsewhere, best on another disk: whoever copies the state folder must not have the key.",
            )
    keys = [read_key(path) for path in key_files]
    if len({key.id for key in keys}) != len(keys):
        raise ConfigError("[encryption] key_files: two files hold the same key.", "Name each key once.")
    return Vault(keys)
