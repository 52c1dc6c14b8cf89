"""What `gateway doctor` looks at in folders: the gateway must write to some, and take files from others."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from gateway.commands.doctor_keys import Check
from gateway.commands.doctor_machine import is_running
from gateway.shell.folders import StateFolders, check_readable, not_writable, user_name
from gateway.shell.names import is_takeable
from gateway.site import Site

_FILES = 1_000
"""Of a drop folder that are looked at; a backlog may be much longer."""


def folders(site: Site) -> Iterator[Check]:
    """Look at every folder that the gateway writes to, and at those that it takes files from."""
    running = is_running(site)
    for name, place in _written(site):
        yield from _writable(place, name) if place.is_dir() else [_missing(place, name, running=running)]
    for name, place in _taken(site):
        yield from _takeable(place, name) if place.is_dir() else [_missing(place, name, running=running)]


def _written(site: Site) -> Iterator[tuple[str, Path]]:
    s = site.settings
    state = StateFolders(s.state_dir)
    for place in (state.work, state.quarantine, s.state_dir / "archive", s.state_dir / "staging"):
        if place.exists():  # else it is made, in a folder that is looked at
            yield f"{place.name} of the state folder", place
    yield "out folder", s.out_dir
    yield "out folder of test messages", s.out_dir / "test"
    for name, partner in site.partners.items():
        for part in ("ack", "reject"):
            yield f"{part} folder of {name}", partner.home / part
    if s.responses_dir is not None:
        yield "answers to the receiver", s.responses_dir / "answers"


def _taken(site: Site) -> Iterator[tuple[str, Path]]:
    for name, partner in site.partners.items():
        if partner.in_dir is not None:
            yield f"drop folder of {name}", partner.in_dir
    if site.settings.responses_dir is not None:
        yield "folder of responses", site.settings.responses_dir


def _missing(place: Path, name: str, *, running: bool) -> Check:
    """Return what is to be said of a folder that is none."""
    if place.exists() or place.is_symlink():
        return Check(name, "error", f"{place} is no folder", "Move it away; the gateway makes the folder.")
    if running:
        said = f"{place} is not there, and a gateway runs: it makes folders at the start only"
        return Check(name, "error", said, "Mount it, or make it again for the gateway's user.")
    above = next(parent for parent in place.absolute().parents if parent.exists())
    if why := not_writable(above):
        said = f"{place} is not there and cannot be made in {above} ({why})"
        return Check(name, "error", said, f"Give the gateway's user the right to write into {above}.")
    return Check(name, "ok", "is made at the start")


def _writable(place: Path, name: str) -> Iterator[Check]:
    if why := not_writable(place):
        said = f"{place} cannot be written to ({why}): what goes there waits"
        yield Check(name, "error", said, _right_to(place, "write"))


def _takeable(place: Path, name: str) -> Iterator[Check]:
    """A file is taken when it can be read and moved away."""
    if not os.access(place, os.R_OK | os.X_OK, effective_ids=True):
        yield Check(name, "error", f"{place} cannot be read: no file is seen there", _right_to(place, "read"))
        return
    if why := not_writable(place):
        yield Check(name, "error", f"no file can be taken out of {place} ({why})", _right_to(place, "write"))
        return
    status = place.stat()
    if status.st_mode & stat.S_ISVTX and status.st_uid != os.geteuid():
        said = f"{place} has the sticky bit and belongs to {user_name(status.st_uid)}: files of others cannot be taken"
        yield Check(name, "error", said, f"chmod -t {place}")
    number = sum(not _readable(path) for path in islice(place.iterdir(), _FILES))
    if number:
        said = f"{number} file{'s' * (number > 1)} in {place} cannot be read by the gateway's user: not taken"
        yield Check(
            name, "error", said, "Have the sender's program write them readable for the gateway's user or group."
        )


def _readable(path: Path) -> bool:
    try:
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and is_takeable(path.name):
            check_readable(path, status)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _right_to(place: Path, do: str) -> str:
    status = place.stat()
    return f"Give the gateway's user the right to {do} there: it belongs to {user_name(status.st_uid)}, mode {stat.S_IMODE(status.st_mode):o}."
