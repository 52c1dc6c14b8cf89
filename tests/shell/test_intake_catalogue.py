from __future__ import annotations

import csv
import re
from importlib import resources
from pathlib import Path

import gateway.shell

OWN = re.compile(r'"((?:DROP|VERIFY|PROFILE|JOIN|RESPONSE|REPLAY|HOUSE|WORKER)-[A-Z-]+)"')


def test_every_rule_the_shell_raises_is_in_the_catalogue_and_none_is_unused() -> None:
    folder = Path(gateway.shell.__path__[0])
    sources = [*folder.glob("*.py"), *(folder.parent / "commands").glob("*.py")]
    raised = {rule for path in sources for rule in OWN.findall(path.read_text(encoding="utf-8"))}
    text = resources.files("gateway.catalogue").joinpath("intake.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert raised == {row["rule"] for row in rows}
    assert [row["rule"] for row in rows] == sorted(row["rule"] for row in rows)
    for row in rows:
        assert None not in row.values()
        assert row["means"] and row["why"] and row["fix"].endswith("."), row["rule"]
