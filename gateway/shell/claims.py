"""claim.json: what is known of a received file in the work folder, and the files that were taken out of another one."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
from datetime import timedelta
from pathlib import Path

import msgspec

from gateway.shell.folders import NewFile, StateFolders, instant, parse_instant, remove_tree
from gateway.shell.names import shown_name, stored_name
from gateway.shell.syncing import sync_all, sync_folder

CLAIM = "claim.json"
RAW = "raw"
_OWNER = "user.gateway.partner"  # attribute of a drop's folder; it lies in another block than the claim
_OWNER_FILE = "partner"


class Claimed(msgspec.Struct, frozen=True):
    """A file that is safe in the work folder. file_name: as sent, made printable; received_at: ledger instant.

    source: where it came from, to finish a copy after a crash: [path, device, inode, size, mtime in ns].
    sha256 is "" in claim.json until the file was read.
    """

    receipt: str
    partner: str
    account: str
    file_name: str
    stored_name: str
    received_at: str
    size: int = -1
    sha256: str = ""
    fault: str = ""  # why it cannot be processed: "larger than 1000 bytes"
    source: tuple[str, int, int, int, int] | None = None
    replay_of: str = ""  # receipt of the drop whose bytes are judged again on a person's order
    released: bool = False  # it, or the archive it comes from, was held until a person put it back to work
    mapping: str = ""  # ID@VERSION of the mapping that a replay uses instead of today's


def member_claim(claimed: Claimed, number: int, name: str, partner: str) -> Claimed:
    """Return the claim of a file that was taken out of another one; the same one each time.

    Each came a microsecond after the one before it: the order of a partner's files can be told by their times alone.
    """
    receipt = f"{claimed.receipt}-{number:04d}"
    at = instant(parse_instant(claimed.received_at) + timedelta(microseconds=number))
    return Claimed(
        receipt, partner, claimed.account, shown_name(name), stored_name(name), at, released=claimed.released
    )  # fmt: skip


def is_member(receipt: str) -> bool:
    """True for the receipt of a file that was taken out of another one."""
    return receipt.count("-") > 1


def put_member(folders: StateFolders, claimed: Claimed, path: Path) -> None:
    """Move a file into the work folder as a claimed drop, durably and at once."""
    half = folders.work / f".{claimed.receipt}"
    remove_tree(half)
    half.mkdir(mode=0o700)
    path.rename(half / RAW)
    write_claim(half, claimed)
    half.rename(folders.work / claimed.receipt)
    sync_folder(folders.work)


def write_claim(place: Path, claimed: Claimed) -> None:
    """Write claim.json durably."""
    put_claim(place, claimed)
    sync_all((place / CLAIM,), (place,))


def put_claim(place: Path, claimed: Claimed) -> None:
    """Write claim.json; it is not on the disk yet."""
    file = NewFile(f"{place}/{CLAIM}")
    file.write(msgspec.json.encode(claimed))
    file.close()
    note_owner(place, claimed.partner)


def note_owner(place: Path, partner: str) -> None:
    """Note whose drop lies in a folder where a damaged claim takes no harm to it: in an attribute, else in a file beside it."""
    with contextlib.suppress(OSError, AttributeError):
        os.setxattr(place, _OWNER, partner.encode())
        return
    file = NewFile(f"{place}/{_OWNER_FILE}")  # not every system and file system has attributes
    file.write(partner.encode())
    file.close()


def note_release(place: Path) -> None:
    """Note in claim.json, whole or not at all, that a person puts the drop back to work. Raises OSError."""
    rewrite_claim(place, msgspec.structs.replace(read_claim(place), released=True))


def rewrite_claim(place: Path, claimed: Claimed) -> None:
    """Put another claim.json into the place of the one that is there, whole or not at all. Raises OSError."""
    half = NewFile(f"{place}/{CLAIM}.tmp")
    half.write(msgspec.json.encode(claimed))
    half.close()
    sync_all((place / f"{CLAIM}.tmp",))
    (place / f"{CLAIM}.tmp").rename(place / CLAIM)
    sync_folder(place)


def owner_of(name: str) -> str:
    """Return the receipt of the drop that a member ("RECEIPT-0001", half: ".RECEIPT-0001") comes from, "" for others."""
    return name.removeprefix(".").rpartition("-")[0] if is_member(name) else ""


def raw_path(place: Path) -> Path:
    """Return where the received bytes lie in a drop's folder."""
    return place / RAW


class ClaimError(OSError):
    """A claim.json was damaged or cannot be read; strerror says why."""


def read_claim(place: Path) -> Claimed:
    """Return the claim of a folder. Raises ClaimError when it was damaged or cannot be read."""
    try:
        return msgspec.json.decode((place / CLAIM).read_bytes(), type=Claimed)
    except msgspec.DecodeError as error:
        raise ClaimError(errno.EIO, "it was damaged") from error
    except OSError as error:
        raise ClaimError(error.errno, error.strerror) from error


def owner(place: Path) -> str:
    """Return whose drop lies in a folder when its claim cannot be read: by what `note_owner` noted, or what is left of the claim.

    "" when nothing tells it.
    """
    with contextlib.suppress(OSError, AttributeError, UnicodeDecodeError):
        return os.getxattr(place, _OWNER).decode()
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if name := (place / _OWNER_FILE).read_bytes().decode():
            return name
    return rest_of_claim(place, "partner")


def rest_of_claim(place: Path, name: str) -> str:
    """Return a text of a damaged claim.json by its name, "" when it is not there."""
    with contextlib.suppress(OSError, ValueError):
        found = re.search(rb'"%s":("(?:[^"\\]|\\.)*")' % name.encode(), (place / CLAIM).read_bytes())
        return str(json.loads(found[1])) if found else ""
    return ""
