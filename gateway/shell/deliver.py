"""Delivery: a file appears under its final name whole, verified and durable, or not at all; nothing is overwritten.

    .NAME.tmp in the target folder -> write, fsync -> read again: size and SHA-256 -> link to NAME -> fsync folder

The same file delivered again is a success; another file under the name is a DeliveryError that retrying does not cure.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import stamina

from gateway.errors import DeliveryError
from gateway.shell.folders import digest, private_file, sync_all

_COPY = 1 << 18  # bytes copied at a time
_TRY_LATER = "The gateway tries again by itself; if it goes on, check free space, rights and mounts of the folder."


class File(NamedTuple):
    """What is delivered. size, sha256: of the source, as the ledger recorded them."""

    name: str
    source: Path | Iterable[bytes]
    size: int
    sha256: str


class Target(Protocol):
    """A place that files are delivered to; gateway.shell.sftp_client.SftpTarget is one too."""

    def put(self, name: str, source: Path | Iterable[bytes], size: int, sha256: str) -> None:
        """Deliver a file of known size and hash. Raises DeliveryError; its `retry` says whether it may work later."""
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


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often one delivery is tried at once; afterwards the drop waits and the engine comes back to it."""

    attempts: int = 3
    first_wait_s: float = 0.2
    longest_wait_s: float = 5.0
    timeout_s: float = 60.0


def deliver(
    target: Target, name: str, source: Path | Iterable[bytes], size: int, sha256: str, policy: RetryPolicy
) -> None:
    """Put one file, trying again as the policy says. Raises the last DeliveryError."""
    for attempt in _attempts(policy):
        with attempt:
            target.put(name, source, size, sha256)


def deliver_all(target: Target, files: Sequence[File], policy: RetryPolicy) -> None:
    """Put several files into one target, trying again as the policy says. Raises the last DeliveryError."""
    if not isinstance(target, LocalTarget):
        for file in files:
            deliver(target, file.name, file.source, file.size, file.sha256, policy)
        return
    for attempt in _attempts(policy):
        with attempt:
            target.put_all(files)


def _attempts(policy: RetryPolicy) -> Iterable[stamina.Attempt]:
    return stamina.retry_context(
        on=_may_pass,
        attempts=policy.attempts,
        timeout=policy.timeout_s,
        wait_initial=policy.first_wait_s,
        wait_max=policy.longest_wait_s,
        wait_jitter=policy.first_wait_s,
    )


def _may_pass(error: Exception) -> bool:
    return isinstance(error, DeliveryError) and error.retry


class LocalTarget:
    """A folder on this machine. mode: rights of the delivered files."""

    def __init__(self, folder: Path, *, mode: int = 0o640) -> None:
        self.folder, self._mode = folder, mode

    def put(self, name: str, source: Path | Iterable[bytes], size: int, sha256: str) -> None:
        """See Target."""
        self.put_all([File(name, source, size, sha256)])

    def put_all(self, files: Sequence[File]) -> None:
        """Put several files: all are written before any appears, and the disk is waited for once. Raises DeliveryError."""
        written: list[tuple[Path, File]] = []
        try:
            for file in files:
                final, temporary = self._paths(file.name)
                if self._already(final, file.size, file.sha256):
                    temporary.unlink(missing_ok=True)
                else:
                    written.append((temporary, file))
                    self._write(temporary, file)
            sync_all(temporary for temporary, _ in written)
            for temporary, file in written:
                _check(temporary, file)
            for temporary, file in written:
                self._publish(temporary, self.folder / file.name, file.size, file.sha256)
            sync_all(folders=(self.folder,))
        except (OSError, DeliveryError) as error:
            for temporary, _ in written:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
            if isinstance(error, DeliveryError):
                raise
            name = (written[-1][1] if written else files[0]).name
            raise DeliveryError(f"{name} could not be written: {error.strerror or error}.", _TRY_LATER) from error

    def _paths(self, name: str) -> tuple[Path, Path]:
        if not name or "/" in name or name.startswith(".") or "\0" in name:
            raise DeliveryError(f"{name!r} is not a file name we write.", "Check the output names.", retry=False)
        return self.folder / name, self.folder / f".{name}.tmp"

    def _already(self, final: Path, size: int, sha256: str) -> bool:
        try:
            if final.lstat().st_size == size and digest(final) == (size, sha256):
                return True
        except FileNotFoundError:
            return False
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

    def _publish(self, temporary: Path, final: Path, size: int, sha256: str) -> None:
        try:
            os.link(temporary, final)  # unlike rename, this never replaces a file
        except FileExistsError:
            self._already(final, size, sha256)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
                raise
            temporary.rename(final)  # a file system without hard links; we looked a moment ago
        temporary.unlink(missing_ok=True)


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
