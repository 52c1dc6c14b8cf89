"""How much room is left on the disks that the gateway writes to: told while it can still be written down.

A disk that is full already is told too: alerts go to the log and to [alerts], which need no room.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from gateway.shell.folders import Clock, not_writable, size_in_words
from gateway.shell.outages import Outages, Tell

LEAST_FREE = 100_000_000
"""Bytes that must be free on the disk of the state folder, for /readyz and before a person is told."""
STATE = "the state folder"
_LEAST_NAMES = 1_000  # inodes; a drop makes some ten files
_EVERY_S = 10.0
_MEND = "left. When it is full, files wait and uploads are refused; make room there."


class Room:
    """Looks at disks at a slow pace and tells of each once when it gets low, and once when it has room again."""

    def __init__(self, clock: Clock) -> None:
        self._outages, self._next = Outages(clock), 0.0

    def look(self, places: Mapping[str, Path], tell: Tell) -> None:
        """places: STATE and others -> folder; of several folders on one disk the first one names it. Never raises."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_S
        disks = set[int]()
        for name, folder in places.items():
            try:
                status, device = os.statvfs(folder), folder.stat().st_dev
            except OSError:  # away: who needs it says so
                continue
            if device in disks:
                continue
            disks.add(device)
            if said := _lacks(folder, status, all_of_it=name == STATE):
                text = f"The disk of {name} {said}"
                self._outages.once("HOUSE-DISK", name, text, tell)
            else:
                self._outages.passed("HOUSE-DISK", name, f"The disk of {name} can be written to again", tell)


def _lacks(folder: Path, status: os.statvfs_result, *, all_of_it: bool) -> str:
    """Return what a disk lacks, in words. all_of_it: the limit is that of /readyz, however small the disk is."""
    if status.f_flag & os.ST_RDONLY:
        return (
            "is read-only: files wait and uploads are refused. Look for a fault of the disk in the log of the machine."
        )
    free, total = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
    if free < (LEAST_FREE if all_of_it else min(LEAST_FREE, total // 20)):
        return f"has {size_in_words(free)} {_MEND}"
    names = min(_LEAST_NAMES, status.f_files // 20)
    if status.f_files and status.f_favail < names:  # some file systems have no number of them
        return f"has {status.f_favail} file names (inodes) {_MEND}"
    why = not_writable(folder)
    return f"cannot be written to ({why}): files wait and uploads are refused. Look at mount, rights and faults of the disk." if why else ""  # fmt: skip
