"""What the drop server's file side speaks of: paths, names, refusals, and what is handed over.

A client's path is split as text into a folder and one name; it never reaches the file system.
"""

from __future__ import annotations

import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("in", "ack", "reject")
TEMPORARY = (".filepart", ".part", ".partial", ".tmp", ".temp", ".swp", ".crdownload")
MAX_NAME_BYTES = 200
_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # can show a name falsely
FOLDER_STAT = (stat.S_IFDIR | 0o700, 0)


@dataclass(frozen=True, slots=True)
class Upload:
    """A complete upload for `on_upload`, which renames `staged_path` into the work directory. name: the client's.

    synced: its bytes are on the disk; else `on_upload` brings them there.
    """

    account: str
    name: str
    staged_path: Path
    size: int
    sha256: str
    synced: bool = False


@dataclass(frozen=True, slots=True)
class TakenFile:
    """The answer of `on_upload`: the file is safe in the work directory. receipt: the gateway's id for it."""

    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """What STAT and a listing say of one name. size in bytes, mtime in seconds since 1970."""

    name: str
    mode: int
    size: int
    mtime: float = 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is not handed over: temporary name, or interrupted. since: seconds since 1970."""

    account: str
    name: str
    size: int
    since: float
    complete: bool
    open: bool  # a client is writing it now


class RefusedError(Exception):
    """A client's request that is not served. kind: missing, denied, failure. rule and reason go to client and log."""

    def __init__(self, kind: str, rule: str, reason: str) -> None:
        super().__init__(f"{rule}: {reason}")
        self.kind, self.rule, self.reason = kind, rule, reason


def is_temporary(name: str) -> bool:
    """True for the names clients use while they write: hidden files and .filepart, .part, .tmp and the like."""
    return name.startswith((".", "~")) or name.lower().endswith(TEMPORARY)


def split_path(path: str) -> tuple[str, str]:
    """Return (folder, name) of a client's path; ("", "") is the root, ("in", "") a folder. Raises RefusedError.

    >>> split_path("/in/manifest.edi"), split_path("manifest.edi"), split_path("/ack")
    (('in', 'manifest.edi'), ('in', 'manifest.edi'), ('ack', ''))
    """
    if "\0" in path:
        raise RefusedError("denied", "SFTP-PATH", "a path must not hold a NUL character")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise RefusedError("denied", "SFTP-PATH", "the path leaves the account's folders")
    folder = parts.pop(0) if parts and parts[0] in FOLDERS else ("in" if parts else "")
    if len(parts) > 1:
        raise RefusedError("denied", "SFTP-PATH-DEPTH", "sub-folders are not used; put the file straight into /in")
    name = parts[0] if parts else ""
    _check_name(name)
    return folder, name


def _check_name(name: str) -> None:
    if len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        raise RefusedError("denied", "SFTP-NAME", f"a file name may have {MAX_NAME_BYTES} bytes at most")
    for character in name:
        if character == "\\" or character in _BIDI or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise RefusedError("denied", "SFTP-NAME", "a file name must not hold backslashes or control characters")


def missing() -> RefusedError:
    """Return the refusal for a name that is not there."""
    return RefusedError("missing", "SFTP-MISSING", "no such file")
