"""Every rule id of the SFTP modules stands in the catalogue, and the other way round."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import gateway.shell

SHELL = Path(next(iter(gateway.shell.__path__)))


def test_every_rule_id_is_explained() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SHELL.glob("sftp_*.py"))
    used = set(re.findall(r'"(SFTP-[A-Z-]+)"', code))
    with (SHELL.parent / "catalogue" / "sftp.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["rule"]: row for row in csv.DictReader(file)}
    assert used == set(rows)
    assert all(row[column] for row in rows.values() for column in ("title", "means", "why", "fix", "citation"))


def test_paramiko_is_imported_by_the_sftp_modules_only() -> None:
    for path in SHELL.parent.rglob("*.py"):
        if re.search(r"^\s*(import|from) paramiko", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert path.parent == SHELL
            assert path.name.startswith("sftp_")
