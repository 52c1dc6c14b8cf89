"""How much room is left on the disks that the gateway writes to: told while it can still be written down.

A disk that is full already is told too: alerts go to the log and to [alerts], which need no room.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from gateway.shell.folders import Clock, size_in_words
from gateway.shell.outages import Outages, Tell

LEAST_FREE = 100_000_000
"""Bytes that must be free on the disk of the state folder, for /readyz and before a person is told."""
STATE = "the state folder"
_LEAST_NAMES = 1_000  # inodes; a drop makes some ten files
_EVERY_S = 10.0


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
            if said := _lacks(status, all_of_it=name == STATE):
                text = f"The disk of {name} has {said} left. When it is full, files wait and uploads are refused; make room there."
                self._outages.once("HOUSE-DISK", name, text, tell)
            else:
                self._outages.passed("HOUSE-DISK", name, f"The disk of {name} has room again", tell)


def _lacks(status: os.statvfs_result, *, all_of_it: bool) -> str:
    """Return what is low on a disk. all_of_it: the limit is that of /readyz, however small the disk is."""
    free, total = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
    if free < (LEAST_FREE if all_of_it else min(LEAST_FREE, total // 20)):
        return size_in_words(free)
    names = min(_LEAST_NAMES, status.f_files // 20)
    if status.f_files and status.f_favail < names:  # some file systems have no number of them
        return f"{status.f_favail} file names (inodes)"
    return ""
