"""A folder on a partner's server that we fetch files from, when the partner does not come to our drop server.

There is no CLOSE to see from here. A file is taken when its size and time stayed the same over several polls, or when
the partner wrote the marker NAME.done. The remote file is moved or deleted only after the gateway has the bytes, so a
crash between the two fetches it again: the gateway knows it by its hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko

from gateway.errors import DeliveryError
from gateway.shell.sftp_accounts import EventSink, SftpEvent, escaped, log_event
from gateway.shell.sftp_client import BLOCK, SftpRemote
from gateway.shell.sftp_paths import TakenFile, Upload, is_temporary


@dataclass(frozen=True, slots=True)
class PollSettings:
    """How a remote drop folder is read.

    stable_polls: how many polls in a row must show the same size and time (2 or more; not used with a marker).
    marker: ending of the partner's ready marker, e.g. ".done"; "" = none.
    done_folder: below the drop folder, must exist; "" = delete fetched files.
    """

    folder: str
    stable_polls: int = 3
    marker: str = ""
    done_folder: str = "done"
    max_file_bytes: int = 8 << 30


class SftpDrop:
    """Fetches complete files of one account. Call `poll` at a steady pace; its memory between polls is in RAM only."""

    def __init__(
        self,
        remote: SftpRemote,
        account: str,
        settings: PollSettings,
        staging: Path,
        on_upload: Callable[[Upload], TakenFile],
        on_event: EventSink = log_event,
    ) -> None:
        self._remote, self._account, self._settings = remote, account, settings
        self._staging, self._on_upload, self._on_event = staging / account, on_upload, on_event
        self._seen: dict[str, tuple[int, int, int]] = {}  # name -> size, time, polls
        self._taken: dict[str, tuple[int, int]] = {}  # taken, but not yet moved away
        self._staging.mkdir(mode=0o700, parents=True, exist_ok=True)

    def poll(self) -> int:
        """Fetch what is ready and return how many files were handed over.

        Raises DeliveryError when the server or the staging disk fails, and whatever on_upload raises.
        """
        entries = self._remote.run(lambda client: client.listdir_attr(self._settings.folder))
        files = {entry.filename: entry for entry in entries if stat.S_ISREG(entry.st_mode or stat.S_IFREG)}
        self._note(files)
        count = 0
        for name in sorted(files):
            size, mtime, _ = self._seen.get(name, (-1, 0, 0))
            if self._taken.get(name) == (size, mtime):
                self._put_away(name)  # the last move failed
            elif self._ready(name, files) and self._fetch(name, size):
                self._taken[name] = (size, mtime)
                count += 1
                self._put_away(name)
        return count

    def _note(self, files: dict[str, paramiko.SFTPAttributes]) -> None:
        seen = {}
        for name, entry in files.items():
            if is_temporary(name) or (self._settings.marker and name.endswith(self._settings.marker)):
                continue
            size, mtime = entry.st_size or 0, entry.st_mtime or 0
            old = self._seen.get(name)
            seen[name] = (size, mtime, old[2] + 1 if old and old[:2] == (size, mtime) else 1)
        self._seen = seen
        self._taken = {name: state for name, state in self._taken.items() if seen.get(name, (0, 0, 0))[:2] == state}

    def _ready(self, name: str, files: dict[str, paramiko.SFTPAttributes]) -> bool:
        if name not in self._seen or "/" in name or "\0" in name:
            return False
        if self._settings.marker:
            return name + self._settings.marker in files
        return self._seen[name][2] >= max(2, self._settings.stable_polls)

    def _fetch(self, name: str, size: int) -> bool:
        """Download, compare and hand over; False when the file is not what the listing said."""
        if size > self._settings.max_file_bytes:
            self._tell("SFTP-LIMIT-SIZE", name, f"{size} bytes")
            return False
        path = self._staging / f"{secrets.token_hex(16)}.partial"
        try:
            got, sha256 = self._remote.run(lambda client: _download(client, self._path(name), path, size))
            if got != size:
                self._seen.pop(name, None)  # still growing: start counting again
                self._tell("SFTP-UNSTABLE", name, f"{got} of {size} bytes")
                return False
            taken = self._on_upload(Upload(self._account, name, path, size, sha256))
            self._tell("SFTP-HANDED-OVER", name, f"{size} bytes, receipt {taken.receipt}")
            return True
        finally:
            path.unlink(missing_ok=True)

    def _put_away(self, name: str) -> None:
        """Move or delete what was taken; a fault is told and tried again at the next poll."""
        try:
            self._remote.run(lambda client: self._move(client, name))
            self._taken.pop(name, None)
            self._seen.pop(name, None)
        except DeliveryError as error:
            self._tell("SFTP-NOT-MOVED", name, error.message)

    def _move(self, client: paramiko.SFTPClient, name: str) -> None:
        if self._settings.marker:
            with contextlib.suppress(FileNotFoundError):
                client.remove(self._path(name + self._settings.marker))
        if not self._settings.done_folder:
            client.remove(self._path(name))
            return
        done = self._path(posixpath.join(self._settings.done_folder, name))
        try:
            client.stat(done)
            done += "." + secrets.token_hex(4)  # an earlier file of this name stays
        except FileNotFoundError:
            pass
        client.rename(self._path(name), done)

    def _path(self, name: str) -> str:
        return posixpath.join(self._settings.folder, name)

    def _tell(self, rule: str, name: str, detail: str) -> None:
        self._on_event(SftpEvent(rule, self._account, self._remote.host, escaped(name), detail))


def _download(client: paramiko.SFTPClient, remote: str, local: Path, most: int) -> tuple[int, str]:
    """Copy a remote file, durably; stops one byte after `most`. Returns size and SHA-256 of what was read."""
    total, got = hashlib.sha256(), 0
    with client.open(remote, "rb") as source, _local(), local.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        source.prefetch()
        while got <= most and (block := _read(source)):
            file.write(block)
            total.update(block)
            got += len(block)
        file.flush()
        os.fsync(file.fileno())
    return got, total.hexdigest()


class _RemoteError(Exception):
    """Carries a fault of the server through the block that watches the local disk."""


def _read(source: paramiko.SFTPFile) -> bytes:
    try:
        return source.read(BLOCK)
    except (OSError, EOFError) as error:
        raise _RemoteError from error


@contextmanager
def _local() -> Iterator[None]:
    try:
        yield
    except _RemoteError as error:
        raise error.__cause__ or error from None
    except OSError as error:
        raise DeliveryError(
            f"The staging directory cannot be written ({error.strerror}).", "Free space or check the rights there."
        ) from error
