"""Taking a file: from a drop folder or the SFTP server's staging folder into work/RECEIPT/raw.

    1 work/RECEIPT/claim.json (who, which name, when), fsync of it, its folders and the file
    2 rename into work/RECEIPT/raw (or copy + fsync + delete, when it lies on another file system)
    3 fsync of both folders: from here on the file survives a power cut, the receipt may be given

A crash before 2 leaves the file where it was, after 2 it leaves a claimed file: `recover` sorts both out. A sender who
still writes is noticed: size and time are compared around the reading, the hash again when the file is processed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec

from gateway.shell.claims import CLAIM, RAW, Claimed, owner_of, put_claim, read_claim
from gateway.shell.drops import Candidate
from gateway.shell.folders import (
    Clock,
    ReceiptIds,
    StateFolders,
    check_readable,
    instant,
    private_file,
    read_blocks,
    remove_tree,
    utc_now,
)
from gateway.shell.names import MARKER, shown_name, stored_name
from gateway.shell.seal import SealError
from gateway.shell.syncing import sync_all, sync_folder
from gateway.shell.vault import Vault, sealed

_TOGETHER = 32  # files that are taken at once


class NotReadyError(Exception):
    """The file is gone, no regular file, or still being written: look again at the next poll."""


class UnreadableError(OSError):
    """A file in a drop folder may be moved, but not be read by our user."""


class Intake:
    """Takes files for one state folder; thread safe, several files may be taken at once."""

    def __init__(
        self,
        folders: StateFolders,
        max_file_bytes: int,
        clock: Clock = utc_now,
        vault: Vault | None = None,
        ids: ReceiptIds | None = None,
    ) -> None:
        self.vault = vault or Vault()  # a drop that comes back to work may be sealed
        self.max_file_bytes = max_file_bytes
        self._folders, self._ids = folders, ids or ReceiptIds(clock)
        self._open: set[str] = set()  # receipts that are being claimed; `recover` leaves them alone

    def claim_path(self, candidate: Candidate, partner: str, account: str) -> Claimed:
        """Take a file of a local drop folder. Raises NotReadyError or OSError; the file is then still in its place."""
        for claimed in self.claim_paths([candidate], partner, account):
            return claimed
        raise NotReadyError(candidate.path.name)

    def claim_paths(self, candidates: Sequence[Candidate], partner: str, account: str) -> Iterator[Claimed]:
        """Take files of a local drop folder and yield them; those that are gone or still written stay out.

        The disk is waited for twice for up to _TOGETHER files. Raises OSError, after it yielded what could be taken; what
        could not is still in its place, or in the work folder for `recover`. A file that we may move, but not read, would
        hold up its partner in the work folder: it stays where its sender can give us the right.
        """
        for start in range(0, len(candidates), _TOGETHER):
            yield from self._claim_some(candidates[start : start + _TOGETHER], partner, account)

    def _claim_some(self, candidates: Sequence[Candidate], partner: str, account: str) -> Iterator[Claimed]:
        begun, taken = [], []
        fault: OSError | None = None
        with ExitStack() as opened:
            for candidate in candidates:
                with suppress(NotReadyError):
                    path, before = candidate.path, _regular(candidate.path)
                    if candidate.seen is not None and candidate.seen != _print(before):
                        raise NotReadyError(path.name)
                    try:
                        check_readable(path, before)
                    except OSError as error:
                        fault = UnreadableError(error.errno, error.strerror, str(path))
                        continue
                    claimed, place = opened.enter_context(self._begin(path.name, path, before, partner, account))
                    begun.append((candidate, before, claimed, place))
            places = [place for *_, place in begun]
            if begun:
                sync_all([place / CLAIM for place in places], [*places, self._folders.work])
            for one in begun:
                candidate, before, _, place = one
                try:
                    if candidate.marker:  # first: a marker left behind would call the next file of this name complete
                        candidate.marker.unlink(missing_ok=True)
                    self._fetch(candidate.path, place, before)
                    taken.append(one)
                except NotReadyError:
                    continue
                except OSError as error:
                    gone = isinstance(error, FileNotFoundError) and not candidate.path.exists()
                    if not gone or not self._folders.work.exists():
                        fault = error
            places = [place for *_, place in taken]
            folders = {candidate.path.parent for candidate, *_ in taken}
            sync_all([place / RAW for place in places], [*places, *folders])
            for candidate, before, claimed, place in taken:
                read = self._read(claimed, place)
                if _print((place / RAW).stat()) != _print(before):
                    with suppress(NotReadyError):
                        yield self._give_back(claimed, place, candidate.path)
                    continue
                yield read
        if fault is not None:
            raise fault

    def claim_upload(
        self, staged: Path, name: str, partner: str, account: str, size: int, sha256: str, *, synced: bool = False
    ) -> Claimed:
        """Take a complete upload whose hash is known. Raises OSError; the upload is then not receipted.

        synced: its bytes are on the disk already. Else they are brought there: nobody writes to it any more.
        """
        before = _regular(staged)
        with self._begin(name, staged, before, partner, account) as (claimed, place):
            sync_all((place / CLAIM, *(() if synced else (staged,))), (place, self._folders.work))
            self._fetch(staged, place, before)
            sync_all(folders=(place, staged.parent))
            return self._checked(claimed, size, sha256)

    def recover(
        self,
        known: Callable[[str], bool] = lambda _receipt: False,
        on_fault: Callable[[Path, OSError], None] | None = None,
    ) -> list[Claimed]:
        """Return the claimed files of the work folder in the order of arrival; sort out what a crash left there.

        known: true for the receipts that are queued or in work already; their folders are left alone. What is being
        taken out of a drop comes after it. on_fault: hears of the folder of a drop that cannot be read now, and the
        others are returned; without it that is raised.
        """
        found = []
        places = sorted(self._folders.work.iterdir())
        names = {place.name for place in places}
        for place in places:
            if place.name in self._open or known(place.name) or known(owner_of(place.name)):
                continue
            if owner_of(place.name) in names and not place.name.startswith("."):
                continue
            if place.name.startswith("."):  # half of what an archive held; it is taken out again
                remove_tree(place)
                continue
            try:
                claimed = self._recovered(place)
            except OSError as error:
                if on_fault is None:
                    raise
                on_fault(place, error)
            else:
                found += [claimed] if claimed is not None else []
        return found

    def _recovered(self, place: Path) -> Claimed | None:
        """Return the claimed file of a folder, None when it never left its place. Raises OSError; nothing is deleted then."""
        if not (_is_there(place / RAW) or _is_there(sealed(place / RAW))):
            remove_tree(place)  # anything copied here is half
            return None
        claimed = read_claim(place)
        _finish_copy(claimed, place)
        return self._read(claimed, place)

    @contextmanager
    def _begin(
        self, name: str, path: Path, before: os.stat_result, partner: str, account: str
    ) -> Iterator[tuple[Claimed, Path]]:
        """Make work/RECEIPT with claim.json, not synced; remove it again when the file did not get there."""
        receipt, now = self._ids.next()
        source = (os.fsencode(path).decode("latin-1"), before.st_dev, before.st_ino, *_print(before))
        claimed = Claimed(receipt, partner, account, shown_name(name), stored_name(name), instant(now), source=source)
        place = self._folders.work / receipt
        self._open.add(receipt)
        try:
            place.mkdir(mode=0o700)
            put_claim(place, claimed)
            yield claimed, place
        except FileNotFoundError as error:
            if path.exists() or not self._folders.work.exists():
                raise
            raise NotReadyError(name) from error
        finally:
            if not _is_there(place / RAW):
                remove_tree(place)
            self._open.discard(receipt)

    def _give_back(self, claimed: Claimed, place: Path, path: Path) -> Claimed:
        """Put a file that is still being written back under its name; if that is taken now, the file stays claimed."""
        try:
            os.link(place / RAW, path)
        except OSError:
            return self._read(claimed, place)
        sync_folder(path.parent)
        (place / RAW).unlink()
        raise NotReadyError(path.name)

    def _fetch(self, path: Path, place: Path, before: os.stat_result) -> None:
        raw = place / RAW
        try:
            path.rename(raw)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(path, raw, before)
            path.unlink()
        else:
            if stat.S_IMODE(before.st_mode) != 0o600:
                try:
                    _make_private(raw)
                except PermissionError:  # the file of another user, in a folder of ours
                    _copy(raw, raw, before)

    def _read(self, claimed: Claimed, place: Path) -> Claimed:
        try:
            return self._checked(claimed, *self.vault.digest(place / RAW))
        except SealError:  # it is known from before; whoever works on it tells
            return claimed

    def _checked(self, claimed: Claimed, size: int, sha256: str) -> Claimed:
        fault = f"larger than {self.max_file_bytes} bytes" if size > self.max_file_bytes else ""
        return msgspec.structs.replace(claimed, size=size, sha256=sha256, fault=fault)


def _is_there(path: Path) -> bool:
    """True for a file. Raises OSError when that cannot be found out: what cannot be seen is not gone."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def _regular(path: Path) -> os.stat_result:
    try:
        status = path.lstat()
    except FileNotFoundError as error:
        raise NotReadyError(path.name) from error
    if not stat.S_ISREG(status.st_mode):
        raise NotReadyError(path.name)
    return status


def _print(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _make_private(raw: Path) -> None:
    """Take the rights of others away, never those of what a link points to that was put there in the last moment."""
    if not hasattr(os, "O_PATH"):  # not Linux: chmod itself can leave links alone
        raw.chmod(0o600, follow_symlinks=False)
        return
    fd = os.open(raw, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            os.chmod(f"/proc/self/fd/{fd}", 0o600)  # noqa: PTH101 - the open file, whatever its rights to read are
    finally:
        os.close(fd)


def _copy(path: Path, raw: Path, before: os.stat_result) -> None:
    """Make a file of our own: whole and on the disk before the source goes."""
    half = raw.with_name("raw.tmp")
    with open(half, "wb", opener=private_file) as file:
        for block in read_blocks(path):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if _print(path.lstat()) != _print(before) or half.stat().st_size != before.st_size:
        raise NotReadyError(path.name)
    os.utime(half, ns=(before.st_atime_ns, before.st_mtime_ns))
    half.rename(raw)
    sync_folder(raw.parent)


def _finish_copy(claimed: Claimed, place: Path) -> None:
    """Delete what the crash left of a file that was taken whole: its marker, and the source if it is still the same file."""
    if claimed.source is None:
        return
    name, device, inode, size, mtime = claimed.source
    path = Path(os.fsdecode(name.encode("latin-1")))
    marker = path.with_name(path.name + MARKER)
    try:
        status = path.lstat()
    except FileNotFoundError:
        with suppress(OSError):  # without its file a marker is nobody's: it must be younger than the file it tells of
            marker.unlink()
        return
    except OSError:  # the drop folder is away
        return
    same = (status.st_dev, status.st_ino, *_print(status)) == (device, inode, size, mtime)
    if same and (place / RAW).exists() and not path.samefile(place / RAW):
        marker.unlink(missing_ok=True)
        path.unlink()
        sync_folder(path.parent)
