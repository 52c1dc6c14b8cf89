"""Takes files out of zip, gzip and PGP wrappings, for partners whose profile says `unwrap`.

    batch.zip (a.edi, b.edi) -> work/RECEIPT-0001, work/RECEIPT-0002: drops of their own, with answers of their own

Declared sizes are not believed: bytes are counted while they come out. All or nothing: a member that breaks a limit or a
path rule holds the whole archive. What is wrapped inside a wrapping is not opened again. Source: OWASP, zip bombs.
"""

from __future__ import annotations

import errno
import gzip
import signal
import stat
import subprocess
import threading
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from gateway.openpgp import is_openpgp
from gateway.shell.folders import private_file
from gateway.shell.syncing import sync_file
from gateway.zips import DAMAGED, LARGEST_DIRECTORY, directory_size, is_plain

KINDS = ("zip", "gz", "pgp")
_BLOCK = 1 << 16
_MAGIC = ((b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"\x1f\x8b", "gz"), (b"-----BEGIN PGP MESSAGE", "pgp"))
_OFFICE = (b"[Content_Types].xml", b"xl/", b"docProps/")


class UnwrapError(Exception):
    """The wrapping is not opened; the text says why and is fit for the sender."""


@dataclass(frozen=True, slots=True)
class Limits:
    """members: files in one archive; total: bytes that may come out; ratio: of them to those that went in, above floor."""

    members: int = 1000
    total: int = 5_000_000_000
    ratio: int = 100
    floor: int = 1 << 20
    seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Member:
    """One file that was taken out. name: as the sender knows it; path: where it lies now."""

    name: str
    path: Path


def wrapping(raw: Path, allowed: Sequence[str]) -> str:
    """Return zip, gz or pgp when the file is wrapped so and that is allowed, else "". Workbooks are no archives."""
    if not allowed:
        return ""
    with open(raw, "rb", opener=private_file) as file:
        head = file.read(4096)
    kind = next((k for magic, k in _MAGIC if head.startswith(magic)), "") or ("pgp" if is_openpgp(head) else "")
    if kind == "zip" and any(part in head for part in _OFFICE):
        return ""
    return kind if kind in allowed else ""


def take_out(
    raw: Path, name: str, kind: str, folder: Path, limits: Limits, pgp_home: Path | None = None
) -> list[Member]:
    """Write the files of a wrapping into `folder`, durably. Raises UnwrapError; what was written then is of no use."""
    budget = _Budget(limits, raw.stat().st_size)
    found = []
    try:
        for number, (inner, blocks) in enumerate(_members(raw, name, kind, limits, pgp_home), 1):
            path = folder / f"{number:04d}"
            with open(path, "xb", opener=private_file) as file:
                for block in blocks:
                    budget.spend(len(block))
                    file.write(block)
            sync_file(path)
            found.append(Member(inner, path))
    except DAMAGED as error:
        raise UnwrapError(
            f"The {_words(kind)} is damaged or of a kind that is not opened ({type(error).__name__})."
        ) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place before the beginning of the file; all else is the machine's fault
            raise
        raise UnwrapError(f"The {_words(kind)} is damaged: it points to where it has no bytes.") from error
    if not found:
        raise UnwrapError(f"The {_words(kind)} holds no file.")
    return found


class _Budget:
    def __init__(self, limits: Limits, size: int) -> None:
        self._limits, self._left = limits, min(limits.total, max(limits.floor, size * limits.ratio))

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise UnwrapError(
                f"More comes out of it than is allowed ({self._limits.total} bytes, or {self._limits.ratio} times its size)."
            )


def _words(kind: str) -> str:
    return {"zip": "zip archive", "gz": "gzip file", "pgp": "PGP message"}[kind]


def _members(
    raw: Path, name: str, kind: str, limits: Limits, pgp_home: Path | None
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield (name, blocks) of each file; the blocks must be read before the next one."""
    if kind == "zip":
        yield from _zipped(raw, name, limits)
        return
    ending = {"gz": (".gz", ".gzip"), "pgp": (".pgp", ".gpg", ".asc")}[kind]
    inner = next((name[: -len(e)] for e in ending if name.lower().endswith(e) and len(name) > len(e)), name)
    if kind == "gz":
        with gzip.open(raw, "rb") as file:
            yield inner, iter(lambda: file.read(_BLOCK), b"")
    else:
        yield inner, _decrypted(raw, pgp_home, limits)


def _zipped(raw: Path, name: str, limits: Limits) -> Iterator[tuple[str, Iterable[bytes]]]:
    with raw.open("rb") as file:
        if directory_size(file) > LARGEST_DIRECTORY:
            raise UnwrapError(f"It holds far more than {limits.members} files.")
    with zipfile.ZipFile(raw) as archive:
        entries = [i for i in archive.infolist() if not i.filename.endswith("/")]  # is_dir() fails without a name
        if len(entries) > limits.members:
            raise UnwrapError(f"It holds {len(entries)} files; {limits.members} are allowed.")
        for entry in entries:  # all of them before the first byte comes out
            _check_entry(entry)
        for entry in entries:
            with archive.open(entry) as file:
                yield f"{name}.{entry.filename.replace('/', '_')}", _blocks(file)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    path, mode = PurePosixPath(entry.filename.replace("\\", "/")), entry.external_attr >> 16
    if (
        not path.parts
        or path.is_absolute()
        or ".." in path.parts
        or ":" in path.parts[0]
        or "\0" in entry.orig_filename
    ):
        raise UnwrapError("A name in it leads out of the archive.")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UnwrapError("It holds a link or a device, not only files.")
    if entry.flag_bits & 1:
        raise UnwrapError("It is encrypted with a password.")
    if not is_plain(entry):
        raise UnwrapError(
            "A file in it is packed in an unusual way: pack with deflate, as zip programs do by themselves."
        )


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _decrypted(raw: Path, home: Path | None, limits: Limits) -> Iterator[bytes]:
    """Yield what gpg makes of a message. A message whose integrity gpg does not confirm is refused."""
    if home is None:
        raise UnwrapError("No key for PGP messages is set up at the gateway (pgp_home).")
    words = ["gpg", "--batch", "--quiet", "--no-tty", "--homedir", str(home), "--decrypt", str(raw)]
    try:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise UnwrapError("The gateway has no gpg to open PGP messages with.") from None
    assert process.stdout is not None
    patience = threading.Timer(limits.seconds, process.kill)  # it may wait for a lock or an agent without end
    patience.start()
    try:
        yield from _blocks(process.stdout)
        code = process.wait()
    finally:
        patience.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
    if -code in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # all of us are being stopped: the file waits
        raise OSError(errno.EINTR, "gpg was stopped")
    if code == -signal.SIGKILL:
        raise UnwrapError(f"The PGP message could not be opened within {limits.seconds:.0f} seconds.")
    if code:
        raise UnwrapError("The PGP message cannot be opened with the key of the gateway, or it was changed on the way.")
