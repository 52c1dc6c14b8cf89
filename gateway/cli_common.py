"""What every command shares: the two ways out, the options that mean the same everywhere, times and profiles."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.site import Site


AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line, for machines.")]
AsOf = Annotated[str, typer.Option("--as-of", help="Judge as if it were this time (ISO, UTC): 2025-03-03T10:00:00Z.")]
ProfileDir = Annotated[
    Path | None, typer.Option("--profile", help="A profile folder as `gateway demo init` writes it.")
]


PartnerName = Annotated[
    str, typer.Option("--partner", help="Read the files as this partner's; default: the sender in the file decides.")
]


def out(text: str) -> None:
    """Write a line to standard output; styles (typer.style) are taken out when it is no terminal, or NO_COLOR is set."""
    typer.echo(text, color=False if os.environ.get("NO_COLOR") else None)


def command(*words: object) -> str:
    """Return a command line that a shell reads as these words: what is printed can be copied, blanks in a path too."""
    return shlex.join(map(str, words))


def with_profile(profile: Path | None, partner: str = "") -> list[object]:
    """Return the options that say of whom a command is, to be said again of the next one."""
    return [*(("--profile", profile) if profile is not None else ()), *(("--partner", partner) if partner else ())]


def err(text: str) -> None:
    """Write a line to standard error."""
    typer.echo(text, err=True, color=False if os.environ.get("NO_COLOR") else None)


def write_page(path: Path, text: str) -> None:
    """Write an HTML page; one of before is overwritten, a file of another kind is not. Raises GatewayError."""
    if path.is_file() and path.suffix.lower() not in (".html", ".htm"):
        raise GatewayError(
            f"{path} is there already, and its name is none of a page.", "Write a name such as page.html."
        )
    path.write_text(text, "utf-8")


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Write a table to standard output, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(*columns)
    for row in rows:
        shown.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200, highlight=False, markup=False, emoji=False).print(
        shown, soft_wrap=True
    )


def site_of(profile: Path | None, partner: str = "") -> Site:
    """The profile folder loaded, or the site as it is delivered; with one partner only when one is named."""
    from gateway.shell import heap
    from gateway.site import base_site, load_site

    site = load_site(profile) if profile is not None else base_site()
    heap.keep()
    return site.only(partner) if partner else site


def moment_of(as_of: str) -> datetime | None:
    """An `--as-of` time, aware UTC; None when none was given."""
    from gateway.check import parse_instant

    try:
        return parse_instant(as_of) if as_of else None
    except ValueError:
        raise GatewayError(f'"{as_of}" is not a time.', "Write it like 2025-03-03T10:00:00Z.") from None


def plain(text: str) -> str:
    """Text of a partner for a terminal: no control characters, no escapes."""
    return "".join(c if c.isprintable() else "?" for c in text)
