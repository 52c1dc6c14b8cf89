"""One SFTP session: paramiko's requests in, gateway.shell.sftp_files calls out, refusals back as status and words.

paramiko closes open handles itself when a client dies, after `session_ended`. So a close before the end is the client's
word that the file is complete, and a close after it is not (measured with paramiko 5.1; gateway.shell.sftp_files.drop).
"""

from __future__ import annotations

import os
import posixpath
import stat
import time
from collections.abc import Callable
from typing import Any, TypeVar

import paramiko
from paramiko.sftp import (
    SFTP_EOF,
    SFTP_FAILURE,
    SFTP_NO_SUCH_FILE,
    SFTP_OK,
    SFTP_PERMISSION_DENIED,
)

from gateway.shell.sftp_files import AccountFiles
from gateway.shell.sftp_paths import RefusedError, Status
from gateway.shell.sftp_staging import StagedFile

T = TypeVar("T")
_CODES = {"missing": SFTP_NO_SUCH_FILE, "denied": SFTP_PERMISSION_DENIED, "failure": SFTP_FAILURE}
_MAX_MODE = 0o640
_MAX_READ = 1 << 18


class Session(paramiko.SFTPServerInterface):
    """Answers the requests of one SFTP channel."""

    def __init__(self, server: paramiko.ServerInterface, files: AccountFiles, peer: str, *args: Any) -> None:
        super().__init__(server)
        self.files, self.peer = files, peer
        self.ended = False
        self.last_seen = time.monotonic()
        self.handles: Callable[[], tuple[int, int]] = lambda: (0, 0)  # open files; folders not read to their end
        files.sessions.add(self)
        self.uploads: set[UploadHandle] = set()
        self._reason = ""

    def take_reason(self) -> str:
        """Return the words for the refusal just given, once."""
        reason, self._reason = self._reason, ""
        return reason

    def answer(self, call: Callable[[], T], name: str = "") -> T | int:
        """Run a request; a refusal becomes its status code, is told to the operator and kept for the client."""
        try:
            return call()
        except RefusedError as refused:
            self._reason = str(refused)
            if refused.rule not in ("SFTP-MISSING", "SFTP-NOT-TAKEN"):  # usual, and told already
                self.files.tell(refused.rule, name, refused.reason, self.peer)
            return _CODES[refused.kind]
        except FileNotFoundError:
            return SFTP_NO_SUCH_FILE
        except OSError as error:
            self._reason = f"SFTP-FAULT: {error.strerror}"
            self.files.tell("SFTP-FAULT", name, str(error.strerror), self.peer)
            return SFTP_FAILURE

    def done(self, call: Callable[[], None], name: str = "") -> int:
        """Run a request that has no result."""
        code = self.answer(call, name)
        return SFTP_OK if code is None else code

    # --- requests (called by paramiko)

    def session_ended(self) -> None:
        """From here on a close is not the client's."""
        self.ended = True
        self.files.sessions.discard(self)

    def refuse_bytes(self) -> int:
        """A request with a name that is no UTF-8: refused in words, else nobody knows why."""
        return self._deny("", "SFTP-NAME", "a file name must be UTF-8; send the file under a plain name")

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        """OPEN: reading answers, writing uploads. The mode a client asks for is not used."""
        return self.answer(lambda: self._open(path, flags), path)

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        """OPENDIR."""

        def listing() -> list[paramiko.SFTPAttributes]:
            self._check_handles(listing=True)
            return [attributes(entry) for entry in self.files.listing(path)]

        return self.answer(listing, path)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        """STAT."""
        return self.answer(lambda: attributes(self.files.status(path)), path)

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        """LSTAT: there are no links, so the same as STAT."""
        return self.stat(path)

    def remove(self, path: str) -> int:
        """REMOVE."""
        return self.done(lambda: self.files.remove(path), path)

    def rename(self, oldpath: str, newpath: str) -> int:
        """RENAME: fails on an existing name, as version 3 of the protocol says."""
        return self.done(lambda: self.files.rename(oldpath, newpath, self.uploads), newpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        """posix-rename@openssh.com: an existing waiting file gives way."""
        return self.done(lambda: self.files.rename(oldpath, newpath, self.uploads, over=True), newpath)

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        """MKDIR: never."""
        return self._deny(path, "SFTP-PATH-DEPTH", "folders cannot be made; put files straight into /in")

    def rmdir(self, path: str) -> int:
        """RMDIR: never."""
        return self._deny(path, "SFTP-PATH", "folders cannot be removed")

    def symlink(self, target_path: str, path: str) -> int:
        """SYMLINK: never."""
        return self._deny(path, "SFTP-LINK", "links cannot be made")

    def readlink(self, path: str) -> str | int:
        """READLINK: there are none."""
        return self._deny(path, "SFTP-LINK", "there are no links")

    def chattr(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        """SETSTAT."""

        def change() -> None:
            check_attributes(attr)
            self.files.set_times(path, attr.st_mtime, attr.st_size)

        return self.done(change, path)

    def canonicalize(self, path: str) -> str:
        """REALPATH: text only, never above the root; what it returns is checked when it is used."""
        return posixpath.normpath("/" + path.replace("\0", "")).replace("//", "/")

    def _open(self, path: str, flags: int) -> paramiko.SFTPHandle:
        self._check_handles()
        if flags & (os.O_WRONLY | os.O_RDWR):
            handle = UploadHandle(self, flags)
            handle.begin(self.files.open_upload(path, flags, handle))
            return handle
        return AnswerHandle(self.files.open_answer(path))

    def _check_handles(self, *, listing: bool = False) -> None:
        limits, every = self.files.limits, [session.handles() for session in list(self.files.sessions)]
        if sum(self.handles()) >= limits.max_open_handles:
            raise RefusedError("failure", "SFTP-LIMIT-HANDLES", "too many open files in this session")
        if sum(map(sum, every)) >= limits.max_account_handles:
            raise RefusedError("failure", "SFTP-LIMIT-HANDLES", "too many open files in all sessions of this account")
        if listing and sum(folders for _, folders in every) >= limits.max_listings:
            raise RefusedError("failure", "SFTP-LIMIT-HANDLES", "too many folders are being listed by this account")

    def _deny(self, path: str, rule: str, reason: str) -> int:
        def deny() -> None:
            raise RefusedError("denied", rule, reason)

        return self.done(deny, path)


class UploadHandle(paramiko.SFTPHandle):
    """A file in /in being written."""

    file: StagedFile

    def __init__(self, session: Session, flags: int) -> None:
        super().__init__(flags)
        self._session, self._append = session, bool(flags & os.O_APPEND)
        self._wrote = self.over = False

    def begin(self, file: StagedFile) -> None:
        """Attach the staged file; an empty one counts as written."""
        self.file, self._wrote = file, file.size == 0
        self._session.uploads.add(self)

    def write(self, offset: int, data: Any) -> int:
        """WRITE; with append the offset is not used."""
        self._wrote = True
        at = None if self._append else offset
        return self._session.done(lambda: self._session.files.uploads.write(self.file, self, at, data), self.file.name)

    def read(self, offset: int, length: int) -> bytes | int:
        """READ: uploads cannot be read back."""
        return SFTP_PERMISSION_DENIED

    def stat(self) -> paramiko.SFTPAttributes | int:
        """FSTAT."""
        return attributes(Status(self.file.name, stat.S_IFREG | 0o600, self.file.size, self.file.mtime))

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        """FSETSTAT: times are remembered, a size cuts the file."""

        def change() -> None:
            check_attributes(attr)
            if attr.st_size is not None and attr.st_size != self.file.size:
                self._wrote = True
                self._session.files.uploads.truncate(self.file, self, attr.st_size)
            if attr.st_mtime is not None:
                self.file.mtime = attr.st_mtime

        return self._session.done(change, self.file.name)

    def close(self) -> None:
        """CLOSE by the client, or paramiko's clean-up after the session ended. A refusal is raised for the client."""
        if self.over:
            return
        self.over = True
        uploads = self._session.files.uploads
        try:
            if self._session.ended:
                uploads.drop(self.file, self)
            elif self._session.done(lambda: uploads.finish(self.file, self, wrote=self._wrote), self.file.name):
                raise paramiko.SFTPError("not complete")  # paramiko then answers FAILURE
        finally:
            self._session.uploads.discard(self)


class AnswerHandle(paramiko.SFTPHandle):
    """An ack or reject file being read."""

    def __init__(self, fd: int) -> None:
        super().__init__(os.O_RDONLY)
        self._fd = fd

    def read(self, offset: int, length: int) -> bytes | int:
        """READ. The end is a status."""
        try:
            return os.pread(self._fd, min(length, _MAX_READ), offset) or SFTP_EOF
        except (OSError, OverflowError):
            return SFTP_FAILURE

    def stat(self) -> paramiko.SFTPAttributes | int:
        """FSTAT."""
        found = os.fstat(self._fd)
        return attributes(Status("", stat.S_IFREG | 0o600, found.st_size, found.st_mtime))

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        """FSETSTAT: answers cannot be changed."""
        return SFTP_PERMISSION_DENIED

    def close(self) -> None:
        """CLOSE."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def attributes(status: Status) -> paramiko.SFTPAttributes:
    """Return a Status as the protocol's attributes; owner and group are not told."""
    found = paramiko.SFTPAttributes()
    found.filename = status.name
    found.st_mode, found.st_size = status.mode, status.size
    found.st_uid = found.st_gid = 0
    found.st_atime = found.st_mtime = int(status.mtime)
    return found


def check_attributes(attr: paramiko.SFTPAttributes) -> None:
    """Refuse chown, and chmod beyond 0640. No mode is ever applied: files stay 0600.

    A mode sent with times is a copy of the local file's (sftp put -p, WinSCP); refusing it would fail the upload.
    """
    if attr.st_uid is not None or attr.st_gid is not None:
        raise RefusedError("denied", "SFTP-CHOWN", "the owner cannot be changed")
    if attr.st_mode is not None and attr.st_mtime is None and stat.S_IMODE(attr.st_mode) & ~_MAX_MODE:
        raise RefusedError("denied", "SFTP-CHMOD", "the mode can be 0600 or 0640 only")
