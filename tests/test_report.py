"""The quality report of a partner: numbers of the ledger, rules of the archive, the mends that save most."""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import html

from gateway.commands.report import _mends, lines, page, quality
from gateway.commands.serving import serve_config
from gateway.errors import ConfigError
from gateway.shell import journal
from gateway.shell.loop import Engine
from gateway.site import Site, load_site
from gateway.translate import translate
from tests.test_reload import run


def words() -> dict[str, Counter[str]]:
    return defaultdict(Counter)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "site"
    run("demo", "init", str(folder))
    toml = folder / "partners" / "northtest.toml"
    toml.write_text('in_dir = "inbox"\n' + toml.read_text())
    loaded = load_site(folder)
    engine = Engine(serve_config(loaded), translate)
    for name in ("good-309.edi", "bad-309.edi", "bad-code-309.edi", "bad-xfzb.xml"):
        shutil.copy(folder / "samples" / name, folder / "inbox" / name)
        (folder / "inbox" / f"{name}.done").touch()
    engine.run_once()
    engine.close()
    return loaded


def test_the_numbers_are_those_of_the_journal_and_the_rules_those_of_the_reports(site: Site) -> None:
    now = datetime.now(UTC)
    found = quality(site, "northtest", "1d", now)
    totals = found["totals"]
    assert totals["files"] == 4
    assert totals["found"] == totals["accepted"] + totals["rejected"] + totals["duplicate"]
    from gateway.shell.ledger import open_ledger

    ledger = open_ledger(site.settings.ledger_url)
    with ledger.reading() as connection:
        told = [r["payload"] for r in journal.records(connection) if r["event"] == "translated"]
    ledger.close()
    assert {n: sum(p[n] for p in told) for n in ("found", "accepted", "rejected")} == {
        n: totals[n] for n in ("found", "accepted", "rejected")
    }
    rules = {r["rule"]: r["refused_shipments"] for r in found["rules"]}
    assert rules["S321-VAL-800"] >= 1
    assert rules["X12-ELE-CODE"] >= 1
    assert found["files_without_report"] == 0
    assert (
        quality(site, "northtest", (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"), now + timedelta(hours=2))[
            "totals"
        ]["files"]
        == 0
    )


def test_a_cleared_archive_is_said_not_guessed(site: Site) -> None:
    for path in site.settings.state_dir.rglob("*.report.json"):
        path.unlink()
    found = quality(site, "northtest", "1d", datetime.now(UTC))
    assert found["totals"]["rejected"] > 0
    assert found["files_without_report"] == 3
    assert any("not in the archive" in line for line in lines(found))


def test_the_mends_are_those_that_leave_fewest_shipments_refused() -> None:
    refusals = [frozenset("A")] * 3 + [frozenset("AB")] * 4 + [frozenset("B")] + [frozenset("BC")] * 2
    found = [(m["rule"], m["saves"], m["touches"]) for m in _mends(refusals, words())]
    assert found == [("A", 3, 7), ("B", 5, 7), ("C", 2, 2)]
    assert _mends([], words()) == []


def test_the_page_stands_alone_and_shows_each_day(site: Site) -> None:
    found = quality(site, "northtest", "1d", datetime.now(UTC))
    tree = html.fromstring(page(found))
    assert len(tree.xpath("//rect")) == len(found["days"]) >= 1
    assert not tree.xpath("//script | //link | //img | //@src | //@href")
    assert "S321-VAL-800" in tree.text_content()


def test_the_command_and_bad_use(site: Site) -> None:
    folder = str(site.settings.folder)
    assert json.loads(run("report", "northtest", folder, "--json"))["partner"] == "northtest"
    assert "mend 1:" in run("report", "northtest", folder)
    with pytest.raises(ConfigError, match="no partner"):
        quality(site, "nobody", "1d", datetime.now(UTC))
    with pytest.raises(ConfigError, match="is no time"):
        quality(site, "northtest", "soon", datetime.now(UTC))


def test_a_mend_is_told_in_the_words_that_the_sender_was_told() -> None:
    told = words()
    told["S321-ADDR-ZIP"].update(['Write the ZIP code into column "PLZ".'] * 2 + ["Write the ZIP code into N4-03."])
    (mend,) = _mends([frozenset(("S321-ADDR-ZIP",))] * 2, told)
    assert mend["fix"] == 'Write the ZIP code into column "PLZ".'
