"""What every command shares: the two consoles, the options that mean the same everywhere, times and profiles."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.check import parse_instant
from gateway.errors import GatewayError
from gateway.site import Site, base_site, load_site

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line, for machines.")]
AsOf = Annotated[str, typer.Option("--as-of", help="Judge as if it were this time (ISO, UTC): 2025-03-03T10:00:00Z.")]
ProfileDir = Annotated[
    Path | None, typer.Option("--profile", help="A profile folder as `gateway demo init` writes it.")
]


PartnerName = Annotated[
    str, typer.Option("--partner", help="Read the files as this partner's; default: the sender in the file decides.")
]


def site_of(profile: Path | None, partner: str = "") -> Site:
    """The profile folder loaded, or the site as it is delivered; with one partner only when one is named."""
    site = load_site(profile) if profile is not None else base_site()
    return site.only(partner) if partner else site


def moment_of(as_of: str) -> datetime | None:
    """An `--as-of` time, aware UTC; None when none was given."""
    try:
        return parse_instant(as_of) if as_of else None
    except ValueError:
        raise GatewayError(f'"{as_of}" is not a time.', "Write it like 2025-03-03T10:00:00Z.") from None


def plain(text: str) -> str:
    """Text of a partner for a terminal: no control characters, no escapes."""
    return "".join(c if c.isprintable() else "?" for c in text)
