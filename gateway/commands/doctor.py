"""`gateway doctor DIR`: looks at everything an installation needs, and names the mend of what is wrong."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from gateway.commands.departed import departed
from gateway.commands.doctor_keys import Check, encryption, keys, of_partner, of_servers
from gateway.commands.doctor_machine import is_running, ports, programs
from gateway.commands.doctor_places import folders
from gateway.commands.taken import unreadable
from gateway.errors import GatewayError
from gateway.shell.folders import StateFolders, as_user, parse_instant, user_name
from gateway.shell.ledger import open_ledger
from gateway.shell.soundness import DAMAGED_MEND, damage
from gateway.shell.unopened import LOST, LOST_MEND, without_rights
from gateway.site import Site, load_afresh

_FREE = 1_000_000_000
_FSYNCS = 40
_SLOW = 20.0  # fsyncs a second below which a drop takes half a second and more


def doctor(folder: Path, *, remote: bool = False) -> Iterator[Check]:
    """Yield all checks of a profile folder. remote: also log in to the partners' servers."""
    owner = folder.stat().st_uid if folder.is_dir() else 0
    if owner and hasattr(os, "geteuid") and os.geteuid() == 0:
        said = f"root may do everything, the gateway's user {user_name(owner)} may not; and what is made here would belong to root"
        yield Check("user", "error", said, as_user(owner))
        return
    try:
        site = load_afresh(folder)
    except (GatewayError, OSError, UnicodeDecodeError) as error:
        yield _refused("profile", error)
        return
    yield Check(
        "profile",
        "ok",
        f"{len(site.partners)} partner{'s' * (len(site.partners) != 1)}; all tables compile and their examples hold",
    )
    for look in (_state, _disk, _speed, folders, _ledger, _claims, _clock, ports, programs, keys, encryption):
        yield from _guarded(look, site)
    for one in site.own.unread:
        yield Check("documents", "warning", one.said, one.mend)
    for name, partner in site.partners.items():
        yield from _guarded(partial(of_partner, name=name, partner=partner), site, f"partner {name}")
        if remote:
            yield from of_servers(site, name, {"target": partner.target, "poll": partner.poll})
    if remote:
        yield from of_servers(site, "the receiver", {"responses": site.settings.responses_poll})


def _guarded(look: Callable[[Site], Iterator[Check]], site: Site, name: str = "") -> Iterator[Check]:
    """Run one look; what the machine refuses is a finding too."""
    try:
        yield from look(site)
    except GatewayError as error:
        yield Check(name or look.__name__.lstrip("_"), "error", error.message, error.advice)
    except OSError as error:
        yield _refused(name or look.__name__.lstrip("_"), error)


def _refused(name: str, error: Exception) -> Check:
    """Return what the machine or the profile folder refused."""
    if isinstance(error, GatewayError):
        return Check(name, "error", error.message, error.advice)
    if not isinstance(error, OSError):  # UnicodeDecodeError
        return Check(name, "error", str(error), "Save the file as UTF-8.")
    said = f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    return Check(name, "error", said, _MENDS.get(error.errno or 0, "Give the gateway's user the rights it needs."))


_MENDS = {
    errno.ENOTDIR: "Name the profile folder.",
    errno.ENOSPC: "Free some room on the disk of the state folder; the intake goes on by itself.",
    errno.EDQUOT: "Raise the quota of the gateway's user, or free some room.",
    errno.ENOENT: "Put the file there, or correct its name in the partner file or gateway.toml.",
    errno.EROFS: "Mount the disk for writing.",
}


# --- folders and disks --------------------------------------------------------------------------------------------


def _state(site: Site) -> Iterator[Check]:
    state = site.settings.state_dir
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = stat.S_IMODE(state.stat().st_mode)
    if mode & 0o077:
        yield Check("state folder", "error", f"others may look into it (mode {mode:o})", f"chmod 700 {state}")
    else:
        yield Check("state folder", "ok", "for the gateway's user only")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        yield Check(
            "user", "warning", "the gateway would run as root", "Run it as a user of its own (docs/operations.md)."
        )
    for partner in site.partners.values():
        place = partner.in_dir
        if place is not None and place.is_dir() and place.stat().st_dev != state.stat().st_dev:
            said = f"{place} is on another file system than the state folder: files are copied, not moved"
            yield Check("drop folder", "warning", said, "Put both on one file system if you can.")


def _disk(site: Site) -> Iterator[Check]:
    for name, place in (("state", site.settings.state_dir), ("out", site.settings.out_dir)):
        place.mkdir(parents=True, exist_ok=True)
        usage = shutil.disk_usage(place)
        said = f"{usage.free / 1e9:.1f} GB free" if usage.free >= _FREE else f"{usage.free // 1_000_000} MB free"
        bad = usage.free < _FREE or usage.free < usage.total * 0.05
        yield Check(
            f"disk of {name}",
            "warning" if bad else "ok",
            said,
            "Free some room; a full disk stops the intake." if bad else "",
        )


def _claims(site: Site) -> Iterator[Check]:
    for one in unreadable(site):
        said = f"{one.said()} of {one.receipt}: later files of {one.partner or 'all partners'} wait"
        mend = f"gateway claim {one.receipt} DIR --partner {one.partner or 'NAME'} --file FILE"
        if not one.claim:
            mend = "Put it back from a backup, or give the gateway's user the right to read it."
        yield Check("work folder", "error", said, mend)


def _speed(site: Site) -> Iterator[Check]:
    path = site.settings.state_dir / ".doctor"
    begun = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(_FSYNCS):
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    path.unlink()
    rate = _FSYNCS / (time.perf_counter() - begun)
    slow = rate < _SLOW
    yield Check(
        "disk speed",
        "warning" if slow else "ok",
        f"{rate:.0f} fsyncs a second",
        "Use a local disk for state, not a network share." if slow else "",
    )


def _ledger(site: Site) -> Iterator[Check]:
    url = site.settings.ledger_url
    if url.startswith("sqlite:///") and not Path(url[10:]).exists():
        lost = StateFolders(site.settings.state_dir).keeps_drops()
        yield Check("ledger", "error", LOST, LOST_MEND) if lost else Check("ledger", "ok", "is made at the first start")
        return
    if url.startswith("sqlite:///") and (why := without_rights(Path(url[10:]))):
        mend = "Give the gateway's user the right to read and write it."
        yield Check("ledger", "error", f"it cannot be used: {why}", mend)
        return
    ledger = open_ledger(url, create=False)
    try:
        if wrong := damage(ledger):
            yield Check("ledger", "error", f"it is damaged ({wrong})", DAMAGED_MEND)
            return
        newest = ledger.find(newest=1)
        if not newest and StateFolders(site.settings.state_dir).keeps_drops():
            yield Check("ledger", "error", LOST, LOST_MEND)
            return
        counts = ledger.counts()
        gone = list(departed(site, ledger))
    finally:
        ledger.close()
    held = counts.get("quarantined", 0) + counts.get("failed", 0)
    in_use = ", in use by the running gateway" if is_running(site) else ""
    yield Check("ledger", "ok", f"{sum(counts.values())} drops{in_use}")
    if held:
        yield Check(
            "held drops",
            "warning",
            f"{held} drops wait for a person",
            "gateway status shows them, gateway explain says why.",
        )
    for one in gone:
        yield Check(f"partner {one.name}", "warning", one.said, one.mend)
    if newest and parse_instant(newest[0].received_at) > datetime.now(UTC):
        yield Check(
            "clock", "error", "the newest drop came in the future: the clock was set back", "Set the clock right."
        )


def _clock(site: Site) -> Iterator[Check]:
    path = site.settings.state_dir / ".doctor"
    path.write_bytes(b"")
    skew = abs(path.stat().st_mtime - time.time())
    path.unlink()
    if skew > 2:
        yield Check(
            "clock",
            "error",
            f"disk and machine differ by {skew:.0f} seconds",
            "Set the clock of the file server right.",
        )
    elif datetime.now(UTC).year < 2025:
        yield Check(
            "clock", "error", f"it is {datetime.now(UTC):%Y-%m-%d}?", "Set the clock right and let it be kept by NTP."
        )
    else:
        yield Check("clock", "ok", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")


def facts_of(check: Check) -> dict[str, Any]:
    """Return a check as the JSON of --json."""
    return {"check": check.name, "state": check.state, "said": check.said, "mend": check.mend}
