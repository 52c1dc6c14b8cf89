"""The drop folders of the partners: what lies ready in them is claimed, a partner's files only some ahead of the work."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.shell.desk import Desk
from gateway.shell.drops import Candidate, LocalDrop, PartnerDrop, ServeConfig
from gateway.shell.intake import Intake, UnreadableError
from gateway.shell.names import shown_name
from gateway.shell.outages import Outages
from gateway.shell.schedule import Queue

AHEAD = 256  # files of a partner that are claimed before they are begun; the others stay in the drop folder


class DropFolders:
    """Of one engine; all methods are called from its thread. changed: a claim failed half-way, so a file may lie in the work folder."""

    def __init__(self, intake: Intake, queue: Queue, outages: Outages, changed: Callable[[], None]) -> None:
        self._intake, self._queue, self._outages, self._changed = intake, queue, outages, changed
        self._found: dict[str, deque[Candidate]] = {}  # partner -> files that were ready at the last look
        self.drops: list[tuple[PartnerDrop, LocalDrop]] = []

    def use(self, config: ServeConfig, desk: Desk) -> None:
        """Look into the folders of these partners from now on; what is known of a folder that stays is kept."""
        seen = {drop.folder: drop for _, drop in self.drops}
        self.drops = [(p, seen.get(p.in_dir) or _local(p, config, desk)) for p in config.partners if p.in_dir is not None]  # fmt: skip
        self._found.clear()  # what was not taken yet is found again

    def look(self, desk: Desk) -> None:
        """Find what is ready in the folders of which all was taken."""
        for partner, drop in self.drops:
            if not self._found.get(partner.name):
                with self._faults(partner.name, "look", desk):
                    self._found[partner.name] = deque(drop.ready(desk.clock().timestamp()))
                    if not self._found[partner.name]:  # nor is there a file any more that could not be taken
                        self._works(partner.name, "take", desk)

    def take(self, desk: Desk) -> None:
        """Claim what was found; others' files do not wait for a hundred thousand of one partner."""
        accounts = {partner.name: partner.account for partner, _ in self.drops}
        for name, found in self._found.items():
            room = AHEAD - self._queue.line(name)
            some = [found.popleft() for _ in range(min(room, len(found)))]
            with self._faults(name, "take" if some else "", desk):
                for claimed in self._intake.claim_paths(some, name, accounts[name]):
                    self._queue.put(claimed)

    @contextmanager
    def _faults(self, partner: str, doing: str, desk: Desk) -> Iterator[None]:
        """Tell of a fault of a folder, once until it is over. doing: "" is nothing that could show that it is over."""
        try:
            yield
        except OSError as error:
            self._changed()
            text = _said(error, desk)
            self._outages.once("DROP-FOLDER", f"{partner} {doing}", text, desk.alert, partner=partner)
        else:
            if doing:
                self._works(partner, doing, desk)

    def _works(self, partner: str, doing: str, desk: Desk) -> None:
        said = "The drop folder can be used again"
        self._outages.passed("DROP-FOLDER", f"{partner} {doing}", said, desk.alert, partner=partner)


def _said(error: OSError, desk: Desk) -> str:
    if isinstance(error, UnreadableError):
        name = shown_name(Path(error.filename).name)
        return f"{name} in the drop folder belongs to another user, and ours cannot read it ({error.strerror}). It stays there until it can; other files are taken."
    of_state = isinstance(error.filename, str) and Path(error.filename).is_relative_to(desk.folders.root)
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or of_state:
        return f"The state folder cannot be written to ({error.strerror}): files stay in the drop folder until it can."
    return f"The drop folder cannot be read or its file not be taken ({error.strerror})."


def _local(partner: PartnerDrop, config: ServeConfig, desk: Desk) -> LocalDrop:
    def late(name: str, age_s: float) -> None:
        text = f"A file waits under a temporary name for {age_s / 3600:.0f} hours."
        desk.alert("FILE-TEMP-NAME", text, partner=partner.name)

    assert partner.in_dir is not None
    return LocalDrop(partner.in_dir, config.settle_polls, late)
