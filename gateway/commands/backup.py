"""`gateway backup TARGET`: a copy of the state folder, and if wanted the proof that it keeps every promise; `gateway load-ledger`."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.commands.status import ledger_of
from gateway.errors import ConfigError
from gateway.shell.backup import backup, name_in_backup
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import open_ledger
from gateway.shell.ledger_copy import load
from gateway.shell.lock import StateLock
from gateway.shell.verify import verify
from gateway.site import Site


def make_backup(site: Site, target: Path, *, check: bool) -> dict[str, Any]:
    """Copy the state folder; return drops, files, bytes and (check) the broken promises of the copy. Raises ConfigError."""
    settings, ledger = site.settings, ledger_of(site)
    try:
        done = asdict(backup(StateFolders(settings.state_dir), ledger, settings.ledger_url, target))
    finally:
        ledger.close()
    if not check:
        return done
    copy = open_ledger(f"sqlite:///{target / name_in_backup(settings.ledger_url)}", create=False)
    try:
        problems = verify(target, copy, vault=site.vault)
    finally:
        copy.close()
    return done | {"problems": [{"rule": p.rule, "subject": p.subject, "message": p.message} for p in problems]}


def load_ledger(site: Site, copy: Path) -> int:
    """Fill the empty ledger of a site from the ledger file of a backup; return the number of rows. Raises ConfigError."""
    if not copy.is_file():
        raise ConfigError(f"There is no file {copy}.", "Name the file ledger.sqlite of a backup.")
    with StateLock(site.settings.state_dir), contextlib.closing(open_ledger(site.settings.ledger_url)) as ledger:
        return load(copy, ledger)
