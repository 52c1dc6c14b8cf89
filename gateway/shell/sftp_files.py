"""The files one account sees: /in (write and list own), /ack and /reject (read, list, delete). Nothing else exists.

Uploads lie under random names in the staging folder (gateway.shell.sftp_uploads) and are handed over when the client
closes a final name or renames to one. A taken upload leaves a tombstone: for a while its name still answers STAT,
SETSTAT and RENAME, because clients look once more after CLOSE and send the file again when it is gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

from gateway.shell.sftp_accounts import Account, EventSink, Limits, SftpEvent, escaped
from gateway.shell.sftp_answers import AnswerFolders
from gateway.shell.sftp_paths import (
    FOLDER_STAT,
    FOLDERS,
    RefusedError,
    Status,
    TakenFile,
    Upload,
    missing,
    split_path,
)
from gateway.shell.sftp_staging import StagedFile
from gateway.shell.sftp_uploads import Uploads


class AccountFiles:
    """Turns a client's paths into names in one of the three folders. Methods raise RefusedError or OSError."""

    def __init__(
        self,
        account: Account,
        staging: Path,
        limits: Limits,
        on_upload: Callable[[Upload], TakenFile],
        on_event: EventSink,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account, self.limits, self._on_event = account, limits, on_event
        self.sessions: set[Any] = set()  # the open ones of this account, see gateway.shell.sftp_session
        self._answers = AnswerFolders(account.home)
        self.uploads = Uploads(account.name, staging, limits, on_upload, self.tell, clock)

    def status(self, path: str) -> Status:
        """Return what STAT and LSTAT say."""
        folder, name = split_path(path)
        if not name:
            return Status(folder, *FOLDER_STAT)
        return self.uploads.status(name) if folder == "in" else self._answers.status(folder, name)

    def listing(self, path: str) -> list[Status]:
        """Return the entries of a folder."""
        folder, name = split_path(path)
        if name:
            raise missing()
        if not folder:
            return [Status(name, *FOLDER_STAT) for name in FOLDERS]
        return self.uploads.listing() if folder == "in" else self._answers.listing(folder)

    def open_answer(self, path: str) -> int:
        """Return a file descriptor of an ack or reject file."""
        folder, name = split_path(path)
        if folder == "in" or not name:
            raise RefusedError("denied", "SFTP-READ", "only files in /ack and /reject can be read")
        return self._answers.open(folder, name)

    def open_upload(self, path: str, flags: int, handle: object) -> StagedFile:
        """Open a file in /in for writing; flags are os.O_*."""
        return self.uploads.open(_upload_name(path, "files can be written to /in only"), flags, handle)

    def remove(self, path: str) -> None:
        """Delete an answer, or a waiting upload."""
        folder, name = split_path(path)
        if not name:
            raise RefusedError("denied", "SFTP-PATH", "folders cannot be removed")
        if folder == "in":
            self.uploads.remove(name)
        else:
            self._answers.remove(folder, name)

    def rename(self, old: str, new: str, own: Container[object] = (), *, over: bool = False) -> None:
        """Rename inside /in; own: the session's open handles; over: an existing name gives way."""
        reason = "files can be renamed inside /in only"
        self.uploads.rename(_upload_name(old, reason), _upload_name(new, reason), own, over=over)

    def set_times(self, path: str, mtime: float | None, size: int | None) -> None:
        """SETSTAT by name."""
        self.uploads.set_times(_upload_name(path, "attributes can be set in /in only"), mtime, size)

    def tell(self, rule: str, name: str = "", detail: str = "", peer: str = "") -> None:
        """Report an event of this account."""
        self._on_event(SftpEvent(rule, self.account.name, peer, escaped(name), detail))


def _upload_name(path: str, reason: str) -> str:
    folder, name = split_path(path)
    if folder != "in" or not name:
        raise RefusedError("denied", "SFTP-WRITE", reason)
    return name
