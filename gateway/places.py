"""Folders of a site that must not be one another: what is taken from a folder is moved out of it.

A drop folder that is the out folder would take deliveries back, the acknowledgment folder would be answered for ever, the
profile folder would lose its settings. Answers of two partners in one folder would be read by both, and take each other's
names. Only files directly in a folder are taken and shown, so a folder below another is another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import ConfigError
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.partner import Partner

_OWN = "Give it a folder of its own."


def check_places(settings: Settings, partners: dict[str, Partner]) -> None:
    """Raise ConfigError when files would be taken from a folder that is written, or by two; or two share a home or an account."""
    written = _apart(settings, partners)
    state = settings.state_dir.resolve()
    taken: dict[Path, str] = {}
    for words, path in _taken(settings, partners):
        place = path.resolve()
        if place.is_relative_to(state):
            raise ConfigError(f"{words} lies in the state folder.", _OWN)
        if place in written or place in taken:
            raise ConfigError(f"{words} is {written.get(place) or taken[place]}.", _OWN)
        taken[place] = words
    for words, path in (("The out folder", settings.out_dir), *((f"home of {n}", p.home) for n, p in partners.items())):
        if path.resolve().is_relative_to(state):
            raise ConfigError(f"{words} lies in the state folder.", _OWN)
    accounts: dict[str, str] = {}
    for name, partner in partners.items():
        other = accounts.setdefault(partner.profile.account, name) if partner.keys else name
        if other != name:
            said = f"Partners {other} and {name} have one SSH account, {partner.profile.account}."
            raise ConfigError(said, "The account tells whose a file is: give each its own.")


def _apart(settings: Settings, partners: dict[str, Partner]) -> dict[Path, str]:
    """Return what is written into which folder. Raises ConfigError when a partner would read what is not its own."""
    homes: dict[Path, str] = {}
    for name, partner in partners.items():
        other = homes.setdefault(partner.home.resolve(), name)
        if other != name:
            said = f"home of {name} is home of {other}: each would read the other's acknowledgments."
            raise ConfigError(said, _OWN)
    written = {path.resolve(): words for words, path in _ours(settings)}
    for name, partner in partners.items():
        for part in ("ack", "reject"):
            place = (partner.home / part).resolve()
            if place in written:
                raise ConfigError(f"home of {name}: its {part} folder is {written[place]}.", _OWN)
            written[place] = f"the {part} folder of {name}"
    return written


def _taken(settings: Settings, partners: dict[str, Partner]) -> Iterator[tuple[str, Path]]:
    for name, partner in partners.items():
        if partner.in_dir is not None:
            yield f"in_dir of {name}", partner.in_dir
    if settings.responses_dir is not None:
        yield "The folder of responses", settings.responses_dir


def _ours(settings: Settings) -> Iterator[tuple[str, Path]]:
    folder = settings.folder
    yield "the profile folder", folder
    yield "the folder of the partner files", folder / "partners"
    yield "the folder of the keys", folder / "keys"
    yield "the out folder", settings.out_dir
    yield "the out folder of test messages", settings.out_dir / "test"
