"""Uploads of one account: open, written, closed, handed over. Knows names, not paths (gateway.shell.sftp_files does).

OPEN x.part -> WRITE ... -> CLOSE      complete, kept under its temporary name
RENAME x.part -> x                     handed over, tombstone x
OPEN y -> WRITE ... -> CLOSE           handed over, tombstone y
OPEN z -> WRITE ... -> session dies    partial; opened again without truncation it is resumed
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Container
from pathlib import Path

from gateway.errors import GatewayError
from gateway.shell.sftp_accounts import Hourly, Limits, escaped
from gateway.shell.sftp_paths import RefusedError, Status, TakenFile, Upload, Waiting, is_temporary, missing
from gateway.shell.sftp_staging import StagedFile, StagingFolder
from gateway.shell.sftp_tombstones import Tombstone, Tombstones

_FILE = stat.S_IFREG | 0o600


class Uploads:
    """The folder /in of one account, shared by all its sessions; thread safe. Methods raise RefusedError or OSError."""

    def __init__(
        self,
        account: str,
        staging: Path,
        limits: Limits,
        on_upload: Callable[[Upload], TakenFile],
        tell: Callable[[str, str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account, self.limits, self._on_upload, self._tell = account, limits, on_upload, tell
        self._lock = threading.RLock()
        self._folder = StagingFolder(staging, account)
        self._files: dict[str, StagedFile] = {file.name: file for file in self._folder.load()}
        self._taken = Tombstones(limits.grace_s, clock)
        self._hour = Hourly(limits.files_per_hour, clock)

    def status(self, name: str) -> Status:
        """Return size and time of a waiting or just taken file."""
        with self._lock:
            found = self._files.get(name) or self._taken.get(name)
            if found is None:
                raise missing()
            return Status(name, _FILE, found.size, found.mtime)

    def listing(self) -> list[Status]:
        """Return the waiting and just taken files, by name."""
        with self._lock:
            found: dict[str, Tombstone | StagedFile] = {**self._taken.all(), **self._files}
            return [Status(name, _FILE, entry.size, entry.mtime) for name, entry in sorted(found.items())]

    def waiting(self) -> list[Waiting]:
        """Return the files not handed over, for the age alarm and the status command."""
        with self._lock:
            files = [file for file in self._files.values() if not file.busy]
            return [Waiting(self.account, f.name, f.size, f.since, f.closed, f.writer is not None) for f in files]

    def remove(self, name: str) -> None:
        """Delete a waiting upload. A taken one cannot be withdrawn."""
        with self._lock:
            if name in self._files:
                self._clear(name)
            elif self._taken.get(name):
                raise RefusedError("denied", "SFTP-TAKEN", "the file was taken already; send a cancellation instead")
            else:
                raise missing()

    def open(self, name: str, flags: int, handle: object) -> StagedFile:
        """Open a file for writing; flags are os.O_*. The newest handle owns the file."""
        with self._lock:
            file = self._files.get(name)
            if file and flags & os.O_CREAT and flags & os.O_EXCL:
                raise RefusedError("failure", "SFTP-EXISTS", "a file of this name is waiting")
            if file and not flags & os.O_TRUNC and not file.busy and not file.fault:
                file.open(create=False)
            elif not flags & os.O_CREAT:
                raise RefusedError("denied", "SFTP-TAKEN", "the file was taken") if self._taken.get(name) else missing()
            else:
                file = self._begin(name, file)
            file.writer = handle
            return file

    def write(self, file: StagedFile, handle: object, offset: int | None, data: bytes) -> None:
        """Write data; offset None = append."""
        with self._lock:
            self._owned(file, handle)
            offset = file.size if offset is None else offset
            if offset + len(data) > self.limits.max_file_bytes:
                file.fault = f"the file is larger than {self.limits.max_file_bytes} bytes"
                raise RefusedError("failure", "SFTP-LIMIT-SIZE", file.fault)
            self._check_room(file)
        file.write(offset, data)

    def truncate(self, file: StagedFile, handle: object, size: int) -> None:
        """Set the size of an open upload."""
        with self._lock:
            self._owned(file, handle)
        if size > self.limits.max_file_bytes:
            raise RefusedError("failure", "SFTP-LIMIT-SIZE", f"a file may have {self.limits.max_file_bytes} bytes")
        file.truncate(size)

    def finish(self, file: StagedFile, handle: object, *, wrote: bool) -> None:
        """The client closed the file: keep a temporary name, hand over a final one. Raises when it is not complete.

        wrote: the handle created the file or wrote to it. Without that it says nothing about an interrupted upload.
        """
        with self._lock:
            try:
                self._owned(file, handle)
            except RefusedError:
                if file.writer is handle:
                    self._park(file)
                raise
            temporary, final = is_temporary(file.name), self._files.get(file.name) is file
            if not (wrote or file.closed) or not file.ranges.whole(file.size):
                self._park(file)
                if temporary and wrote:
                    return  # gaps may be filled later; until then the rename is refused
                raise RefusedError("failure", "SFTP-PARTIAL", "the file has gaps or was interrupted; send it again")
            if temporary and not final:  # the same temporary name was opened anew
                self._park(file)
                return
            file.writer, file.busy = None, True
        try:
            file.seal(keep=temporary)
        except OSError:
            file.busy = False
            with self._lock:
                self._park(file)
            raise
        if temporary:
            file.busy = False
        else:
            self._hand_over(file, file.name)

    def drop(self, file: StagedFile, handle: object) -> None:
        """The session ended before the client closed the file: it stays partial, whatever its size."""
        with self._lock:
            if file.writer is not handle:
                return
            file.closed = False
            self._park(file)
        self._tell("SFTP-DROPPED", file.name, f"connection lost after {file.size} bytes, before the file was closed")

    def rename(self, old: str, new: str, own: Container[object] = (), *, over: bool = False) -> None:
        """Rename; a final new name hands the file over. over: posix-rename, an existing name gives way.

        own: the session's open handles. A file that another session holds open cannot be renamed: that session may be
        dead, and then the file would never be complete.
        """
        with self._lock:
            file = self._files.get(old)
            if file is None and not self._taken.get(old):
                raise missing()
            if old == new:
                return
            if file and file.busy:
                raise RefusedError("denied", "SFTP-TAKEN", "the file is being taken")
            if file and file.writer is not None and file.writer not in own:
                raise RefusedError("denied", "SFTP-BUSY", "another session is writing the file")
            hand_over = file is not None and file.writer is None and not is_temporary(new)
            if file and hand_over and not file.closed:
                raise RefusedError("failure", "SFTP-PARTIAL", "the upload was interrupted; send the file again")
            if new in self._files:
                if not over:
                    raise RefusedError("failure", "SFTP-EXISTS", "a file of this name is waiting")
                self._clear(new)
            if file is None:
                self._taken.rename(old, new)
                self._tell("SFTP-RENAMED-LATE", new, f"was taken as {escaped(old)} and keeps that name")
                return
            if not hand_over:
                self._files[new] = self._files.pop(old)
                file.name = new
                if file.kept:
                    file.keep(durable=file.closed)
                return
            file.busy = True
        self._hand_over(file, new)

    def set_times(self, name: str, mtime: float | None, size: int | None) -> None:
        """SETSTAT by name: the time is remembered for STAT; a size must be the one the file has."""
        with self._lock:
            found = self.status(name)
            if size is not None and size != found.size:
                raise RefusedError("denied", "SFTP-TAKEN", "the size can be set on an open file only")
            if mtime is not None and (file := self._files.get(name)):
                file.mtime = mtime
            elif mtime is not None:
                self._taken.touch(name, mtime)

    def close(self) -> None:
        """Release the staging folder."""
        self._folder.close()

    # --- inside; all but _hand_over are called with the lock held

    def _check_room(self, file: StagedFile | None = None) -> None:
        """Refuse what would fill the disk: the ledger and the files of other partners need it."""
        if self._folder.full(self.limits.least_free):
            reason = "the gateway's disk is nearly full; send the file again later"
            if file is not None:
                file.fault = reason
            raise RefusedError("failure", "SFTP-FAULT", reason)

    def _begin(self, name: str, before: StagedFile | None) -> StagedFile:
        if self._hour.full():
            raise RefusedError("failure", "SFTP-LIMIT-RATE", f"more than {self.limits.files_per_hour} files in an hour")
        if len(self._files) >= self.limits.max_waiting:
            raise RefusedError(
                "failure", "SFTP-LIMIT-WAITING", f"{len(self._files)} unfinished files; delete or rename some"
            )
        self._check_room()
        file = self._folder.create(name)
        if before and not before.busy and before.writer is None:
            before.discard()  # else its own handle finishes or drops it
        self._hour.add()
        self._files[name] = file
        return file

    def _hand_over(self, file: StagedFile, name: str) -> None:
        """Give a closed file to the gateway. On a fault the client hears of it, and only a temporary name stays.

        A final name goes: paramiko's client does not look at the answer to CLOSE but stats the name afterwards.
        """
        upload = Upload(self.account, name, file.path, file.size, file.sha256, file.synced)
        try:
            taken = self._on_upload(upload)
        except Exception as error:
            with self._lock:
                file.busy = False
                if not is_temporary(file.name):
                    file.fault = "not taken"
                    self._park(file)
            reason = error.message if isinstance(error, GatewayError) else "the gateway could not take the file now"
            self._tell("SFTP-NOT-TAKEN", name, f"{type(error).__name__}: {reason}")
            raise RefusedError("failure", "SFTP-NOT-TAKEN", f"{reason}; send it again later") from error
        with self._lock:
            if self._files.get(file.name) is file:
                del self._files[file.name]
            self._taken.add(name, file.size, file.mtime)
            file.discard()
        self._tell("SFTP-HANDED-OVER", name, f"{file.size} bytes, receipt {taken.receipt}")

    def _park(self, file: StagedFile) -> None:
        """No writer any more and not complete: keep the bytes for a resume, or nothing if they are worthless."""
        file.writer = None
        current = self._files.get(file.name) is file
        if current and file.size and not file.fault:
            file.keep()
            file.release()
            return
        if current:
            del self._files[file.name]
        file.discard()

    def _clear(self, name: str) -> None:
        file = self._files[name]
        if file.writer is not None or file.busy:
            raise RefusedError("denied", "SFTP-BUSY", "the file is being written or taken")
        del self._files[name]
        file.discard()

    def _owned(self, file: StagedFile, handle: object) -> None:
        if file.writer is not handle:
            raise RefusedError("failure", "SFTP-TAKEN-OVER", "the file was opened again by a later request")
        if file.fault:
            raise RefusedError("failure", "SFTP-FAULT", file.fault)
