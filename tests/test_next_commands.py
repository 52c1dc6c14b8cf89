"""What a command prints as the next one can be copied; a wrong argument gives advice."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

from tests.drops import FIXTURES
from tests.in_process import run
from tests.shell.site_support import Place

SAMPLE = FIXTURES / "x12" / "43_value_over_800.edi"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile folder whose path has a blank, with three files, of which the second is refused in part."""
    place = Place(tmp_path_factory.mktemp("a site") / "try it")
    for name in ("good-309.edi", "bad-309.edi", "prelim-309.edi"):
        place.drop(name)
        place.run()
    return place.folder


def next_command(said: str) -> list[str]:
    """Return the words of the command behind next:, up to the words for a person."""
    (line,) = [line for line in said.splitlines() if line.startswith("next: ")]
    text = line[line.index("gateway ") :]
    for end in (" shows ", " orders ", " removes ", " tells "):
        text = text.partition(end)[0]
    return shlex.split(text)[1:]


def test_the_check_that_translate_names_is_of_the_same_profile_partner_and_time(demo: Path, tmp_path: Path) -> None:
    sample = tmp_path / "with blank.edi"
    shutil.copy(SAMPLE, sample)
    given = ("--profile", str(demo), "--partner", "northtest", "--as-of", "2025-01-14T10:00:00Z")
    said = run("translate", str(sample), "-o", str(tmp_path / "out"), *given)
    assert next_command(said) == ["check", str(sample), *given]


def test_a_dry_replay_names_the_whole_order(demo: Path) -> None:
    site = str(demo)
    said = run("replay", "refused", site, "--since", "7d", "--why", "table mended", "--dry-run")
    assert next_command(said) == ["replay", "refused", site, "--since", "7d", "--why", "table mended"]


@pytest.mark.parametrize(("words", "says"), [
    (["replay", "refused", "{site}", "--rule", "S321-VAL-80"], "Did you mean S321-VAL-800?"),
    (["replay", "refused", "{site}", "--partner", "nobody"], "There is no partner nobody."),
    (["replay", "held", "{site}", "--since", "7d"], "Leave out --since 7d."),
    (["status", "{site}", "--newest", "0"], "0 is not in the range x>=1"),
    (["status", "{site}", "--newest", "-3"], "-3 is not in the range x>=1"),
    (["explain", "OUT-CUT", "--json"], "A rule is told in words only."),
    (["explain", "--all", "--html", "x.html"], "A rule is told in words only."),
    (["check", "{empty}"], "holds no file"),
    (["check", "-"], "Standard input is not read."),
    (["check", "x*.edi"], "No file has a name like x*.edi."),
    (["check", "--cases", "{cases}", "--only", "nope"], "cases.jsonl holds no such case."),
    (["translate", "{empty}", "-o", "x"], "is a folder. | Name the files in it."),
    (["translate", "{sample}", "-o", "{sample}"], "is a file. | Name a folder with -o."),
    (["mapping", "cover", "{empty}"], "is a folder."),
    (["mapping", "trace", "/dev/null"], "/dev/null is no file."),
    (["mapping", "check", "--profile", "/nope"], "/nope is no folder."),
    (["mapping", "export", "x12_309_truck", "-o", "x.csv"], "Write -o x.xlsx."),
    (["mapping", "export", "x12_309_truck", "-o", "{sample}.xlsx"], "is there already; it may have been edited."),
])  # fmt: skip
def test_a_wrong_argument_gives_advice(demo: Path, tmp_path: Path, words: list[str], says: str) -> None:
    empty, sample = tmp_path / "empty", tmp_path / "sample"
    empty.mkdir()
    sample.touch()
    Path(f"{sample}.xlsx").touch()
    names = {"site": demo, "empty": empty, "sample": sample, "cases": FIXTURES / "cases" / "cases.jsonl"}
    said = run(*(word.format(**names) for word in words))
    assert says in said.replace("\n  mend: ", " | ")
    assert "Traceback" not in said
    assert "fault of the gateway" not in said


def test_status_leads_to_the_newest_drop_that_something_was_refused_of(demo: Path) -> None:
    rows = [json.loads(line) for line in run("status", str(demo), "--json").splitlines()]
    assert [row["rejected"] for row in rows] == [0, 1, 0]
    assert next_command(run("status", str(demo))) == ["explain", rows[1]["receipt"], str(demo)]


def test_an_archive_of_which_nothing_is_removed_names_no_command_that_is_refused(demo: Path) -> None:
    said = run("archive", "show", str(demo))
    assert "gateway archive clean" not in said
    assert "[retention] of gateway.toml" in said


def test_a_report_ends_at_its_time(demo: Path) -> None:
    found = json.loads(run("report", "northtest", str(demo), "--as-of", "2020-01-01T00:00:00Z", "--json"))
    assert (found["totals"]["files"], found["days"]) == (0, [])


def test_what_is_not_kept_any_more_is_told_and_no_order_is_offered(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.drop("bad-309.edi")
    place.run()
    for kept in (place.folder / "state" / "archive").rglob("*"):
        if kept.name == "raw" or kept.name.endswith("report.json"):
            kept.unlink()
    said = run("replay", "refused", str(place.folder), "--dry-run")
    assert "Its bytes are not kept any more." in said
    assert "next:" not in said
    assert "What was said of it is not kept any more" in run("explain", "bad-309.edi", str(place.folder))
