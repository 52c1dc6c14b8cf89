"""Drop folders on this machine: which files lie there complete, and which wait too long under a temporary name.

    in/trip1.edi            taken when size and time stayed the same over several polls
    in/trip1.edi.done       taken at once, the marker goes with it
    in/trip1.edi.filepart   never taken; after 24 hours somebody is told
    in/old/trip0.edi        sub-folders are not read

Whether the *content* is complete (IEA, UNZ, closing tag) is the reader's question, not ours.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gateway.shell.names import MARKER, is_takeable
from gateway.shell.vault import Vault

TEMPORARY_AGE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class PartnerDrop:
    """Where one partner's files come from and where the answers go. in_dir None: only through the SFTP server.

    targets: where deliveries go instead of the common out folder, see gateway.shell.deliver.Target; None = out folder.
    """

    name: str
    account: str
    in_dir: Path | None
    ack_dir: Path
    reject_dir: Path
    profile: Any  # gateway.profile.Profile
    out_target: Any = None


@dataclass(frozen=True, slots=True)
class Keep:
    """Days; 0 keeps for ever. canonical: delivered files that nobody fetched from the out folder."""

    raw: int = 0
    answers: int = 0
    canonical: int = 0
    persons: int = 0


class ServeConfig(Protocol):
    """What the engine needs of gateway.toml; gateway.shell.config fills it."""

    @property
    def state_dir(self) -> Path:
        """State folder, on the same file system as the staging folder of the SFTP server."""

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL."""

    @property
    def partners(self) -> list[PartnerDrop]:
        """All partners."""

    @property
    def keep(self) -> Keep:
        """How long what is kept."""

    @property
    def vault(self) -> Vault:
        """Reads and seals kept files."""

    @property
    def out_dir(self) -> Path:
        """Folder of the canonical files; test messages go to out_dir/test."""

    @property
    def poll_seconds(self) -> float:
        """Time between two looks into the local drop folders."""

    @property
    def settle_polls(self) -> int:
        """How many looks in a row must show the same size and time, 2 or more."""

    @property
    def max_file_bytes(self) -> int:
        """Larger files are held for a person."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that is ready to be taken. marker: its .done file, if it has one.

    seen: size and modification time (ns) when it was found ready; one that is another by now is not ready. None = any.
    """

    path: Path
    marker: Path | None = None
    seen: tuple[int, int] | None = None


class LocalDrop:
    """One partner's in folder. Call `ready` at a steady pace; what it saw before is kept in memory only."""

    def __init__(self, folder: Path, settle_polls: int, late: Callable[[str, float], None] | None = None) -> None:
        self.folder, self._polls, self._late = folder, max(2, settle_polls), late
        self._seen: dict[str, tuple[tuple[int, int, int], int]] = {}
        self._told: set[str] = set()

    def ready(self, now_s: float) -> list[Candidate]:
        """Return the files to take now, by name. now_s: seconds since 1970. Raises OSError when the folder is gone."""
        found = self._scan()
        self._warn(found, now_s)
        seen = {}
        for name, status in found.items():
            if is_takeable(name):
                mark = (status.st_size, status.st_mtime_ns, status.st_ino)
                before, count = self._seen.get(name, (mark, 0))
                seen[name] = (mark, count + 1 if before == mark else 1)
        self._seen = seen
        ready = []
        for name, (mark, count) in sorted(seen.items()):
            marker = found.get(name + MARKER)
            if marker is not None and marker.st_mtime_ns >= found[name].st_mtime_ns:  # an older one is for another file
                ready.append(Candidate(self.folder / name, self.folder / (name + MARKER), mark[:2]))
            elif count >= self._polls:
                ready.append(Candidate(self.folder / name, seen=mark[:2]))
        return ready

    def _scan(self) -> dict[str, os.stat_result]:
        found = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # gone since it was listed
                    continue
                if stat.S_ISREG(status.st_mode):
                    found[entry.name] = status
        return found

    def _warn(self, found: dict[str, os.stat_result], now_s: float) -> None:
        old = {n for n, s in found.items() if not is_takeable(n) and now_s - s.st_mtime > TEMPORARY_AGE_S}
        for name in sorted(old - self._told):
            if self._late:
                self._late(name, now_s - found[name].st_mtime)
        self._told = old
