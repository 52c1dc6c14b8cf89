"""What lies in the work folder and in no row of the ledger yet: received files that nobody has begun, or that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gateway.shell.claims import RAW, ClaimError, owner, read_claim
from gateway.shell.folders import StateFolders
from gateway.shell.vault import sealed
from gateway.site import Site


class Unreadable(NamedTuple):
    """A drop that keeps its place until a person mends it. partner: "" = not known; claim: its claim.json, else its bytes."""

    receipt: str
    partner: str
    claim: bool
    why: str

    def said(self) -> str:
        """Return what cannot be read, in words."""
        return f"{'claim.json' if self.claim else 'what was received'} cannot be read ({self.why})"


def unreadable(site: Site) -> list[Unreadable]:
    """Return the files of the work folder that cannot be read."""
    return [found for place in _places(site) if (found := _fault(place)) is not None]


def not_begun(site: Site) -> Iterator[dict[str, Any]]:
    """Yield what is known of the drops in the work folder; the ledger knows those that were begun."""
    for place in _places(site):
        try:
            claimed = read_claim(place)
        except ClaimError:  # told by `unreadable`, or on its way to the archive
            continue
        yield {"receipt": place.name, "partner": claimed.partner, "file": claimed.file_name, "received_at": claimed.received_at}  # fmt: skip


def _places(site: Site) -> list[Path]:
    work = StateFolders(site.settings.state_dir).work
    return sorted(work.glob("2*")) if work.is_dir() else []


def _fault(place: Path) -> Unreadable | None:
    try:
        partner = read_claim(place).partner
    except ClaimError as error:  # without its folder it is on its way to the archive
        return Unreadable(place.name, owner(place), True, str(error.strerror)) if place.is_dir() else None
    for path in (place / RAW, sealed(place / RAW)):
        try:
            path.open("rb").close()
        except FileNotFoundError:
            continue
        except OSError as error:
            return Unreadable(place.name, partner, False, str(error.strerror))
    return None
