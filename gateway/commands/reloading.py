"""Hot reload of `gateway serve`: a saved table or partner file is used from the next file on; a broken one never is.

    profile folder changes -> unchanged for one look -> load and check all -> use it | keep the old one and tell

What became of the last change stands in state/profile.json, which `gateway status` shows.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError, NotNowError
from gateway.own_documents import places_of
from gateway.shell.desk import frames, may_pass
from gateway.shell.log import logger
from gateway.site import Site, base_mappings, load_afresh, load_site

Print = frozenset[tuple[str, int, int]]
"""(path, time of change in ns, size) of every file that a site is made of."""

_SUFFIXES = (".toml", ".csv", ".xml", ".pub")

_TRIES = 5  # to read a folder that is written to
_AGAIN_S = 30.0
"""Until a change is tried again that the machine did not let be taken."""

_AT_START = (
    "workers",
    "state_dir",
    "out_dir",
    "ledger_url",
    "sftp_host",
    "sftp_port",
    "host_key",
    "next_host_key",
    "poll_seconds",
    "settle_polls",
    "monitor_host",
    "monitor_port",
)
"""Settings that a running gateway does not take; all others count from the next file on."""


class Watcher:
    """Looks at a profile folder; `look` is called again and again, between two files."""

    def __init__(
        self,
        site: Site,
        use: Callable[[Site, Print], None],
        alert: Callable[[str, str], None],
        clock: Callable[[], datetime],
        seen: Print,
    ) -> None:
        """use: takes a checked site into work; alert: (rule, sentence) for a person; seen: `fingerprint` of what was loaded."""
        self._site, self._use, self._alert, self._clock = site, use, alert, clock
        self._loaded = self._before = seen
        self._put_off: Print | None = None  # what the machine did not let be taken
        self._again_at = 0.0
        self._note("")

    def look(self) -> None:
        """Load the folder when it changed and has been quiet since the last look."""
        now = fingerprint(self._site)
        quiet, self._before = now == self._before, now
        if now == self._loaded or not quiet or (now == self._put_off and time.monotonic() < self._again_at):
            return
        before, self._loaded = self._loaded, now
        try:
            folder = self._site.settings.folder
            site, found = in_one_piece(folder, lambda: load_afresh(folder, self._site))
            if fingerprint(self._site) != now:  # changed again while it was loaded: at one of the next looks
                return
            self._use(site, found)
        except Exception as error:  # whatever is wrong with a change: it never ends the gateway
            known = isinstance(error, GatewayError | OSError | UnicodeDecodeError)
            if not known:
                logger().error("profile.fault", error=type(error).__name__, code=frames(error))
            why = str(error) if known else f"It could not be loaded ({type(error).__name__})."
            told = now == self._put_off
            if may_pass(error) or isinstance(
                error, NotNowError
            ):  # a full disk, a ledger that is locked: it is no fault
                self._loaded, self._put_off, self._again_at = before, now, time.monotonic() + _AGAIN_S
                why += " It is tried again by itself."
            self._note(why)
            if not told:
                said = "A change of the profile folder was not taken; the old one works on."
                self._alert("PROFILE-BROKEN", f"{said} {why}")
            return
        for name in _AT_START:
            if getattr(site.settings, name) != getattr(self._site.settings, name):
                self._alert(
                    "PROFILE-RESTART", f"gateway.toml: {name} is read at the start only. Start the gateway again."
                )
        self._site, self._loaded, self._put_off = site, found, None
        self._note("")
        left_over = [f" {one.said} {one.mend}" for one in site.unread]
        said = "A change of the profile folder was taken; it counts from the next file on."
        self._alert("PROFILE-LOADED", said + "".join(left_over))

    def _note(self, fault: str) -> None:
        state = self._site.settings.state_dir
        facts = {"loaded_at": self._clock().strftime("%Y-%m-%dT%H:%M:%SZ"), "fault": fault}
        if fault:
            facts = {**last_change(state), "fault": fault, "refused_at": facts["loaded_at"]}
        with contextlib.suppress(OSError):  # the alert says it too
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
            (state / "profile.json").write_text(json.dumps(facts), "utf-8")


def last_change(state_dir: Path) -> dict[str, Any]:
    """Return what became of the last change of the profile folder: loaded_at, fault, refused_at; {} when not known."""
    try:
        facts: dict[str, Any] = json.loads((state_dir / "profile.json").read_text("utf-8"))
        return facts
    except (OSError, ValueError):
        return {}


def load_to_serve(folder: Path) -> tuple[Site, Print]:
    """Return a site that is about to be served, checked, and what tells it from others. Raises as `load_site` does."""

    def load() -> Site:
        site = load_site(folder, starting=True)
        site.check_tables()
        return site

    return in_one_piece(folder, load)


def in_one_piece(folder: Path, load: Callable[[], Site]) -> tuple[Site, Print]:
    """Return what `load` reads of a profile folder that stands still meanwhile, and its fingerprint.

    A file that is saved, comes or goes while the folder is read would be in the fingerprint and not in the site, or the
    other way round: nobody would ever see a change. Raises NotNowError when the folder never stands still.
    """
    for _ in range(_TRIES):
        before = _marks(folder)
        try:
            site = load()
        except (GatewayError, OSError, UnicodeDecodeError):
            if _marks(folder) == before:
                raise
            continue  # half of a file that was just being saved
        found = fingerprint(site)
        if _marks(folder) == before:
            return site, found
    raise NotNowError(
        "The profile folder changes again and again while it is loaded.", "Try again when the files are saved."
    )


def _marks(folder: Path) -> Print:
    """Return what is another one when anything in a profile folder comes, goes or changes, even if it is undone at once."""
    found = set(_told(folder / "gateway.toml"))
    for place in (folder / "partners", folder / "keys", base_mappings(), *places_of(folder)):
        found.update(_told(place))
        found.update(_below(str(place), folders=True))
    return frozenset(found)


def fingerprint(site: Site) -> Print:
    """Return what tells one state of the configuration from another."""
    folder = site.settings.folder
    found = set(_told(folder / "gateway.toml"))
    for place in (folder / "partners", folder / "keys", base_mappings()):
        found.update(_below(str(place)))
    for place in places_of(folder):
        found.update(_told(place))
        found.update(_below(str(place)))
    for partner in site.partners.values():
        for path in partner.sources:
            found.update(_told(path))
    return frozenset(found)


def _told(path: Path | os.DirEntry[str]) -> Iterator[tuple[str, int, int]]:
    try:
        status = path.stat()
    except OSError:  # gone since it was listed; the next look sees it
        return
    if stat.S_ISREG(status.st_mode):
        yield os.fspath(path), status.st_mtime_ns, status.st_size


def _below(folder: str, *, folders: bool = False) -> Iterator[tuple[str, int, int]]:
    """Yield the files of a folder and of those below it; folders: them too, whose time tells what came and went in them.

    It is asked every second: scandir takes a sixth of the time of rglob.
    """
    try:
        if folders:
            yield folder, Path(folder).stat().st_mtime_ns, -1
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _below(entry.path, folders=folders)
                elif entry.name.endswith(_SUFFIXES):
                    yield from _told(entry)
    except OSError:  # no such folder, or gone since it was listed
        return
