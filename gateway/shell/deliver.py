"""Delivery: a file appears under its final name whole, verified and durable, or not at all; nothing is overwritten.

    .NAME.tmp in the target folder -> write, fsync -> read again: size and SHA-256 -> link to NAME -> fsync folder
    a spare copy on the same file system, fsynced already  -> read again: size and SHA-256 -> link to NAME -> fsync folder

The same file delivered again is a success, and so is one that only its time of receipt tells from it (gateway.shell.again):
it stays. Another file under the name is a DeliveryError that retrying does not cure.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from gateway.errors import DeliveryError
from gateway.shell.again import Stored, earlier_delivery
from gateway.shell.folders import digest, private_file, read_blocks
from gateway.shell.syncing import sync_all

_COPY = 1 << 18  # bytes copied at a time
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EXDEV)
TRY_LATER = "The gateway tries again by itself; if it goes on, check free space, rights and mounts of the folder."


class File(NamedTuple):
    """What is delivered. size, sha256: of the source, as the ledger recorded them.

    spare: the source is on the disk and nobody needs it any more, so it may become the delivered file.
    """

    name: str
    source: Path | Iterable[bytes]
    size: int
    sha256: str
    spare: bool = False


class Target(Protocol):
    """A place that files are delivered to; gateway.shell.sftp_client.SftpTarget is one too."""

    def put(self, name: str, source: Path | Iterable[bytes], size: int, sha256: str) -> Stored | None:
        """Deliver a file of known size and hash; return those of an earlier delivery that lies there and stays.

        Raises DeliveryError; its `retry` says whether it may work later.
        """
        ...


@dataclass(frozen=True, slots=True)
class Targets:
    """Where one partner's outputs go: canonical files, those of test messages, acknowledgments, reject files."""

    out: Target
    test: Target
    ack: Target
    reject: Target

    def named(self, name: str) -> Target:
        """Return the target of an output row: out, test, ack or reject."""
        return {"out": self.out, "test": self.test, "ack": self.ack, "reject": self.reject}[name]

    def answered(self, stem: str) -> bool:
        """True when answers to a file of this name lie in the partner's folders: every drop has a receipt, most a report."""
        names = ((self.ack, "receipt.json"), (self.ack, "report.json"), (self.reject, "report.json"))
        return any(isinstance(t, LocalTarget) and (t.folder / f"{stem}.{name}").exists() for t, name in names)


class LocalTarget:
    """A folder on this machine. mode: rights of the delivered files."""

    def __init__(self, folder: Path, *, mode: int = 0o640) -> None:
        self.folder, self._mode = folder, mode

    def __str__(self) -> str:
        return f"the folder {self.folder}"

    def put(self, name: str, source: Path | Iterable[bytes], size: int, sha256: str) -> Stored | None:
        """See Target."""
        return self.put_all([File(name, source, size, sha256)]).get(name)

    def put_all(self, files: Sequence[File]) -> dict[str, Stored]:
        """Put several files: all are written before any appears, and the disk is waited for once. Raises DeliveryError."""
        stays: dict[str, Stored] = {}
        self.publish(files, stays, set())
        try:
            sync_all(folders=(self.folder,))
        except OSError as error:
            raise DeliveryError(f"{files[0].name} could not be written: {error.strerror}.", TRY_LATER) from error
        return stays

    def publish(self, files: Sequence[File], stays: dict[str, Stored], appeared: set[str]) -> None:
        """Let several files appear, all or those before the fault; their names are not synced.

        Adds the earlier deliveries that lie there and stay to `stays`, the names of all that is there to `appeared`.
        Raises DeliveryError.
        """
        alike: dict[Path, bool] = {}
        ready: list[tuple[Path, File]] = []
        written: list[tuple[Path, File]] = []
        try:
            for file in files:
                final, temporary = self._paths(file.name)
                if (there := self._already(final, file)) is not None:
                    temporary.unlink(missing_ok=True)
                    appeared.add(file.name)
                    if there != (file.size, file.sha256):
                        stays[file.name] = there
                elif file.spare and isinstance(file.source, Path) and self._alike(file.source, alike):
                    ready.append((file.source, file))
                else:
                    ready.append((temporary, file))
                    written.append((temporary, file))
                    self._write(temporary, file)
            sync_all(temporary for temporary, _ in written)
            for path, file in ready:
                _check(path, file)
            for path, file in ready:
                self._publish(path, file)
                appeared.add(file.name)
        except (OSError, DeliveryError) as error:
            for temporary, _ in written:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
            if isinstance(error, DeliveryError):
                raise
            name = (written[-1][1] if written else files[0]).name
            raise DeliveryError(f"{name} could not be written: {error.strerror or error}.", TRY_LATER) from error

    def _paths(self, name: str) -> tuple[Path, Path]:
        if not name or "/" in name or name.startswith(".") or "\0" in name:
            raise DeliveryError(f"{name!r} is not a file name we write.", "Check the output names.", retry=False)
        return self.folder / name, self.folder / f".{name}.tmp"

    def _already(self, final: Path, file: File) -> Stored | None:
        """Return what lies under the name when it is the file or an earlier delivery of it, None when nothing does."""
        try:
            if final.lstat().st_size == file.size and digest(final) == (file.size, file.sha256):
                return Stored(file.size, file.sha256)
            if isinstance(file.source, Path) and final.is_file() and not final.is_symlink():
                there = earlier_delivery(read_blocks(file.source), read_blocks(final))
                if there is not None:
                    return there
        except FileNotFoundError:
            return None
        raise DeliveryError(
            f"The target holds another file named {final.name}.",
            "Find out who wrote it and move it away, then run gateway replay RECEIPT.",
            retry=False,
        )

    def _write(self, temporary: Path, file: File) -> None:
        """Write the bytes. Raises DeliveryError when pieces are not those that were recorded."""
        temporary.unlink(missing_ok=True)  # what an earlier try left
        total, sent = hashlib.sha256(), 0
        with open(temporary, "xb", opener=private_file) as copy:
            os.fchmod(copy.fileno(), self._mode)
            if isinstance(file.source, Path):
                with open(file.source, "rb", opener=private_file) as original:
                    shutil.copyfileobj(original, copy, _COPY)
                return
            for block in file.source:
                copy.write(block)
                total.update(block)
                sent += len(block)
        if (sent, total.hexdigest()) != (file.size, file.sha256):
            raise _not_as_recorded(file.name)

    def _alike(self, source: Path, known: dict[Path, bool]) -> bool:
        """True when the source is as a file that is made in this folder: file system, group, mode, attributes (rights).

        A folder with the group bit, an access control list or a label hands them on to what is made in it, not to links.
        """
        if source.parent not in known:
            known[source.parent] = _attributes(self.folder) == _attributes(source.parent)
        here, found = os.stat(self.folder), os.lstat(source)  # noqa: PTH116
        same = (here.st_dev, here.st_gid, self._mode) == (found.st_dev, found.st_gid, stat.S_IMODE(found.st_mode))
        return same and known[source.parent]

    def _publish(self, ready: Path, file: File) -> None:
        """Give a file that is ready its name; one that was written here loses its temporary one."""
        final, own = self.folder / file.name, ready is not file.source
        try:
            os.link(ready, final)  # unlike rename, this never replaces a file
        except FileExistsError:
            self._already(final, file)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if own:
                ready.rename(final)  # a file system without hard links; we looked a moment ago
            else:
                self.publish([file._replace(spare=False)], {}, set())
        if own:
            ready.unlink(missing_ok=True)


def _attributes(folder: Path) -> dict[str, bytes]:
    """Return the extended attributes of a folder, which hold its access control list and label."""
    if not hasattr(os, "listxattr"):
        return {}
    try:
        return {name: os.getxattr(folder, name) for name in os.listxattr(folder)}
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise


def _check(temporary: Path, file: File) -> None:
    """Read a written file again. Raises OSError when the disk lost something, DeliveryError when the source is wrong."""
    found = digest(temporary)
    if found == (file.size, file.sha256):
        return
    if isinstance(file.source, Path) and digest(file.source) != (file.size, file.sha256):
        raise _not_as_recorded(file.name)
    raise OSError(errno.EIO, "the disk did not store what was written")


def _not_as_recorded(name: str) -> DeliveryError:
    return DeliveryError(f"The stored copy for {name} is not what was recorded.", "Run gateway verify.", retry=False)
