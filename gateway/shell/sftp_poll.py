"""A folder on a partner's server that we fetch files from, when the partner does not come to our drop server.

There is no CLOSE to see from here. A file is taken when its size and time stayed the same over several polls, or when
the partner wrote the marker NAME.done. The remote file is moved or deleted only after the gateway has the bytes, so a
crash between the two fetches it again: the gateway knows it by its hash.

What lies there may become another file at any moment:

    written while it is read     size or time of the open file differ afterwards: not taken, counted anew
    another one under its name   stays, and is counted anew: looked at before it is moved, and again where it was moved to
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
from typing import NamedTuple

import paramiko

from gateway.errors import DeliveryError
from gateway.shell.sftp_accounts import EventSink, SftpEvent, escaped, log_event
from gateway.shell.sftp_client import BLOCK, SftpRemote, remote_hash
from gateway.shell.sftp_paths import TakenFile, Upload, is_temporary

_AWAY = ".taken"
_Print = tuple[int, int]
"""Size and modification time of a file, in seconds."""


class _Fetched(NamedTuple):
    """A file that was taken: as it was listed, as it was when it was open, its hash."""

    listed: _Print
    opened: _Print
    sha256: str


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
        self._fetched: dict[str, _Fetched] = {}  # of those
        self._opened: dict[
            str, tuple[_Print, _Print]
        ] = {}  # not taken: as it was listed, and what it was when it was open
        self._doubted: set[str] = set()  # changed behind their marker: must stay the same as well
        self._touches = False  # this server gives a file another time when it is renamed (it copies)
        self._staging.mkdir(mode=0o700, parents=True, exist_ok=True)

    def poll(self) -> int:
        """Fetch what is ready and return how many files were handed over.

        Raises DeliveryError when the server or the staging disk fails, and whatever on_upload raises.
        """
        entries = self._remote.run(lambda client: client.listdir_attr(self._settings.folder))
        files = {entry.filename: entry for entry in entries if stat.S_ISREG(entry.st_mode or stat.S_IFREG)}
        self._note(files)
        self._put_back(files)
        count = 0
        for name in sorted(files):
            size, mtime, _ = self._seen.get(name, (-1, 0, 0))
            if self._taken.get(name) == (size, mtime):
                self._put_away(name)  # the last move failed
            elif self._ready(name, files) and self._fetch(name, (size, mtime)):
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
        self._fetched = {name: fetched for name, fetched in self._fetched.items() if name in self._taken}
        self._opened = {name: states for name, states in self._opened.items() if name in seen}
        self._doubted.intersection_update(seen)

    def _ready(self, name: str, files: dict[str, paramiko.SFTPAttributes]) -> bool:
        if name not in self._seen or "/" in name or "\0" in name:
            return False
        if self._settings.marker and name + self._settings.marker not in files:
            return False
        if self._settings.marker and name not in self._doubted:
            return True
        return self._seen[name][2] >= max(2, self._settings.stable_polls)

    def _fetch(self, name: str, listed: _Print) -> bool:
        """Download, compare and hand over; False when the file is not what the listing said, or was written meanwhile."""
        size = listed[0]
        if size > self._settings.max_file_bytes:
            self._tell("SFTP-LIMIT-SIZE", name, f"{size} bytes")
            return False
        path = self._staging / f"{secrets.token_hex(16)}.partial"
        try:
            got, sha256, before, after = self._remote.run(lambda c: _download(c, self._path(name), path, size))
            told = self._opened.pop(
                name, None
            )  # a server may tell other times of an open file than in its listing, always
            if got != size or before != after or (before != listed and told != (listed, before)):
                self._opened[name] = listed, before
                self._anew(name, f"{got} of {size} bytes")
                return False
            self._fetched[name] = _Fetched(listed, after, sha256)
            taken = self._on_upload(Upload(self._account, name, path, size, sha256))
            self._tell("SFTP-HANDED-OVER", name, f"{size} bytes, receipt {taken.receipt}")
            return True
        finally:
            path.unlink(missing_ok=True)

    def _anew(self, name: str, detail: str) -> None:
        """It is another file by now: begin to count its polls again."""
        self._seen.pop(name, None)
        self._doubted.add(name)
        self._tell("SFTP-UNSTABLE", name, detail)

    def _put_away(self, name: str) -> None:
        """Move or delete what was taken; a fault is told and tried again at the next poll."""
        try:
            gone = self._remote.run(lambda client: self._move(client, name, self._fetched[name]))
        except DeliveryError as error:
            self._tell("SFTP-NOT-MOVED", name, error.message)
            return
        self._taken.pop(name, None)
        self._fetched.pop(name, None)
        if gone:
            self._seen.pop(name, None)
            self._doubted.discard(name)
        else:
            self._anew(name, "another file has its name")

    def _move(self, client: paramiko.SFTPClient, name: str, fetched: _Fetched) -> bool:
        """Move or delete a file, and its marker; False when another one lies under its name, which stays."""
        path = self._path(name)
        before = _print(client.stat(path))
        if before not in (fetched.opened, fetched.listed):
            return False
        away = self._away(client, name)
        try:
            client.rename(path, away)
        except OSError as error:
            if self._settings.done_folder or isinstance(error, TimeoutError | ConnectionError):
                raise
            client.remove(path)  # a server that lets us delete, but not rename
        else:
            if not self._is_it(client, away, before, fetched.sha256):  # another one came between the two
                client.rename(away, path)
                return False
            if not self._settings.done_folder:
                client.remove(away)
        if self._settings.marker:
            with contextlib.suppress(FileNotFoundError):
                client.remove(self._path(name + self._settings.marker))
        return True

    def _is_it(self, client: paramiko.SFTPClient, away: str, before: _Print, sha256: str) -> bool:
        """True when what was moved is the file that was fetched."""
        size, time = _print(client.stat(away))
        if (size, time) == before or size != before[0] or self._touches:
            return size == before[0]
        self._touches = remote_hash(client, away) == sha256
        return self._touches

    def _away(self, client: paramiko.SFTPClient, name: str) -> str:
        """Return where a file goes: into the done folder, or under a name that `_put_back` knows before it is deleted."""
        if not self._settings.done_folder:
            return self._path(f".{name}.{secrets.token_hex(4)}{_AWAY}")
        done = self._path(posixpath.join(self._settings.done_folder, name))
        try:
            client.stat(done)
        except FileNotFoundError:
            return done
        return f"{done}.{secrets.token_hex(4)}"  # an earlier file of this name stays

    def _put_back(self, files: dict[str, paramiko.SFTPAttributes]) -> None:
        """Give a file its name back that was to be deleted when the gateway or the connection died: maybe it was not fetched."""
        for found in [name for name in files if name.startswith(".") and name.endswith(_AWAY)]:
            name = found[1 : -len(_AWAY) - 9]
            if name and name not in files:
                with contextlib.suppress(DeliveryError):
                    self._remote.run(lambda c, old=found, new=name: c.rename(self._path(old), self._path(new)))  # type: ignore[misc]

    def _path(self, name: str) -> str:
        return posixpath.join(self._settings.folder, name)

    def _tell(self, rule: str, name: str, detail: str) -> None:
        self._on_event(SftpEvent(rule, self._account, self._remote.host, escaped(name), detail))


def _print(status: paramiko.SFTPAttributes) -> _Print:
    return status.st_size or 0, status.st_mtime or 0


def _download(client: paramiko.SFTPClient, remote: str, local: Path, most: int) -> tuple[int, str, _Print, _Print]:
    """Copy a remote file, durably; stops one byte after `most`.

    Returns size and SHA-256 of what was read, and what the open file was before and afterwards.
    """
    total, got = hashlib.sha256(), 0
    with client.open(remote, "rb") as source, _local(), local.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        before = _print(_stat(source))
        source.prefetch(before[0])
        while got <= most and (block := _read(source)):
            file.write(block)
            total.update(block)
            got += len(block)
        after = _print(_stat(source))
        file.flush()
        os.fsync(file.fileno())
    return got, total.hexdigest(), before, after


class _RemoteError(Exception):
    """Carries a fault of the server through the block that watches the local disk."""


def _stat(source: paramiko.SFTPFile) -> paramiko.SFTPAttributes:
    try:
        return source.stat()
    except (OSError, EOFError) as error:
        raise _RemoteError from error


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
