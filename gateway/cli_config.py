"""The commands about the settings of a profile folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli_common import AsJson, command, out, plain
from gateway.site import load_site

config_app = typer.Typer(help="The settings of a profile folder.", no_args_is_help=True)


@config_app.callback()
def config() -> None:
    """Keep `show` a command of its own."""


@config_app.command("show")
def show(folder: Annotated[Path, typer.Argument(help="The profile folder.")] = Path(), as_json: AsJson = False) -> None:
    """Print the settings of gateway.toml and the partner files, and the documents of the site's own; secrets are masked, key files only named."""
    from gateway.commands.config import lines, private_files, shown

    site = load_site(folder)
    found = dict(shown(site))
    keys = {what: {"file": str(path), "there": path.is_file()} for what, path in private_files(site)}
    if as_json:
        print(json.dumps({"files": found, "keys": keys}, ensure_ascii=False, default=str))
        return
    for name, settings in found.items():
        out(name)
        for line in lines(settings):
            out(f"  {plain(line)}")
    for what, facts in keys.items():
        out(f"{what}: {facts['file']} ({'there' if facts['there'] else 'not there'})")
    out(f"next: {command('gateway', 'doctor', folder)}")
