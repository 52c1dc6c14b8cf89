"""`gateway backup TARGET`: a copy of the state folder, and if wanted the proof that it keeps every promise."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.commands.status import ledger_of
from gateway.shell.backup import backup, database_of
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import open_ledger
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
    copy = open_ledger(f"sqlite:///{target / database_of(settings.ledger_url).name}", create=False)
    try:
        problems = verify(target, copy, vault=site.vault)
    finally:
        copy.close()
    return done | {"problems": [{"rule": p.rule, "subject": p.subject, "message": p.message} for p in problems]}
