"""What a user can type or write is documented; the pages made from data are up to date; links lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import typer

from gateway.catalogue import load_catalogue
from gateway.catalogue.page import rules_page
from gateway.check import Checker, describe_finding
from gateway.cli import app
from gateway.config_files import Acks, Alerts, GatewayFile, Monitor, PartnerFile, Responses, Retention, Sftp, Target
from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.plain.facts import facts_of
from gateway.mapping.transforms import registry
from gateway.profile import AckPolicy
from gateway.results import Counts
from gateway.site import base_site, load_site
from tests.drops import NOW, drop, sample

ROOT = Path(__file__).parent.parent
DOCS = {
    p.relative_to(ROOT).as_posix(): p.read_text("utf-8")
    for p in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
}
OPTIONS_OF_ALL = {"--help"}


def commands() -> dict[str, set[str]]:
    """Return "mapping check" -> its options."""
    found: dict[str, set[str]] = {}

    def walk(command, path):
        for name, child in getattr(command, "commands", {}).items():
            walk(child, [*path, name])
        if not hasattr(command, "commands"):
            found[" ".join(path)] = {o for p in command.params for o in p.opts if o.startswith("--")}

    walk(typer.main.get_command(app), [])
    return found


@pytest.mark.parametrize("name", sorted(commands()))
def test_each_command_and_option_is_documented(name):
    lines = [line for line in DOCS["docs/commands.md"].splitlines() if f"`gateway {name}" in line]
    assert lines, f"docs/commands.md does not tell of gateway {name}"
    told = " ".join(lines)
    assert {o for o in commands()[name] - OPTIONS_OF_ALL if o not in told} == set()


def test_each_key_of_a_partner_file_is_documented():
    page = DOCS["docs/partners.md"]
    assert {k for k in PartnerFile.__struct_fields__ if not re.search(rf"\b{k}\b", page)} == set()
    assert {name for name in AckPolicy.__struct_fields__ if not re.search(rf"\b{name}\b", page)} == set()


def test_each_key_of_gateway_toml_is_documented():
    page, sections = DOCS["docs/partners.md"], (GatewayFile, Sftp, Monitor, Alerts, Retention, Responses, Target)
    assert {k for part in sections for k in part.__struct_fields__ if not re.search(rf"\b{k}\b", page)} == set()


def test_the_partner_file_of_the_page_can_be_loaded_and_says_which_keys_are_needed(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", DOCS["docs/partners.md"], re.S)
    (tmp_path / "partners").mkdir()
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "nrtx.pub").write_text("")
    (tmp_path / "gateway.toml").write_text("")
    (tmp_path / "partners" / "nrtx.toml").write_text(text)
    assert load_site(tmp_path).partners["nrtx"].profile.program == "entry_11"
    needed = [f.name for f in msgspec.structs.fields(PartnerFile) if f.required]
    assert needed == ["originator_code", "senders", "receivers"]
    assert f"Needed are `{needed[0]}`, `{needed[1]}` and `{needed[2]}`" in DOCS["docs/partners.md"]


@pytest.mark.parametrize("application", ["none", "824+355", "824", "355", "aperak", "cusres", "aperak+cusres"])
def test_each_value_of_acks_application_is_a_value_of_the_page(application):
    msgspec.convert({"application": application}, Acks)
    assert all(
        f"{word}" in DOCS["docs/partners.md"].partition("application (")[2][:200] for word in application.split("+")
    )


def _keys(value: object) -> set[str]:
    """Return all keys of an object, of what is inside too; what stands under findings by rule has none."""
    if isinstance(value, list):
        return set().union(*map(_keys, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    rules = {k for k in value if re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", k)}
    return (value.keys() - rules).union(*(_keys(v) for v in value.values()))


def _documented(start: str) -> set[str]:
    block = DOCS["docs/commands.md"].partition(start)[2].partition("```")[2].partition("```")[0]
    return set(re.findall(r'"([a-z_0-9]+)"', block))


def test_the_keys_of_each_json_are_documented(tmp_path):
    full = Position(1, 1, 1, "N1", 1, "N1", 1, 1, 1, "1", "/a", 1, "c")
    every = facts_of(
        Finding("S321-VAL-800", Severity.ERROR, Scope.SHIPMENT, "x", full), load_catalogue(), show_personal=True
    )
    dropped = drop(sample("csv/03"))
    counts = Counts(joined=1, waiting=1).facts()
    report = _keys(dropped.report()) | _keys(drop(sample("x12/43")).report()) | set(every) | set(counts)
    assert _documented("`NAME.report.json`") == report
    assert _documented("`NAME.receipt.json`") == _keys(drop(sample("x12/01")).receipt()) | set(counts)
    run = [sys.executable, "-m", "gateway"]
    for words in (["demo", "init", "site"], ["demo", "run", "site"]):
        subprocess.run([*run, *words], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    told = {
        words: subprocess.run(
            [*run, *words.split(), "site", "--json"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        for words in ("status", "report northtest")
    }
    assert _documented("`gateway status --json`") == set().union(
        *(json.loads(line) for line in told["status"].splitlines())
    )
    assert _documented("`gateway report PARTNER --json`") == _keys(json.loads(told["report northtest"]))


def test_the_keys_of_check_are_documented():
    finding = Finding("S321-VAL-800", Severity.ERROR, Scope.SHIPMENT, "x", Position(xpath="/a", row=1, column="c"))
    found = describe_finding(finding, load_catalogue())
    assert _documented("## The JSON of `gateway check --json` (stable)") >= found.keys()
    outcome = _keys(
        {
            k: v
            for k, v in Checker(base_site(), NOW).file(ROOT / "fixtures" / "x12" / "43_value_over_800.edi").items()
            if k not in ("messages", "findings")
        }
    )
    assert (
        _documented("## The JSON of `gateway check --json` (stable)") - found.keys() - {"messages", "findings"}
        == outcome
    )


def test_each_transform_is_documented():
    page = DOCS["docs/mapping.md"]
    assert {name for name in registry() if not re.search(rf"\b{name}\b", page)} == set()


def test_each_code_of_the_table_check_is_documented():
    code = "".join(p.read_text("utf-8") for p in (ROOT / "gateway" / "mapping").rglob("*.py"))
    codes = set(re.findall(r'Fault\(\s*"(MAP-[A-Z-]+)"', code))
    assert {"MAP-EXAMPLE", "MAP-CODE-TWICE"} <= codes
    assert {c for c in codes if c not in DOCS["docs/mapping.md"]} == set()


def test_the_page_of_rules_is_made_from_the_catalogue():
    assert DOCS["docs/rules.md"] == rules_page(load_catalogue()), "run gateway explain --all > docs/rules.md"
    assert all(r.rule in DOCS["docs/rules.md"] for r in load_catalogue())


@pytest.mark.parametrize("page", sorted(DOCS))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", DOCS[page]):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("page", ["README.md", "docs/rules.md"])
def test_the_pages_say_honestly_that_the_exemption_is_suspended(page):
    assert "2025-08-29" in DOCS[page]
    assert "2027-07-01" in DOCS[page]


def test_the_commands_of_the_readme_exist():
    known = commands()
    said = re.findall(r"^\s*(?:\.venv/bin/)?gateway ([a-z]+(?: [a-z]+)?)", DOCS["README.md"], re.M)
    assert said
    for words in said:
        first = words.split()[0]
        assert words in known or first in known, words


def test_check_as_the_readme_prints_it_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "check", "fixtures/x12/43_value_over_800.edi", "--as-of", "2025-01-14T10:00:00Z"],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "S321-VAL-800" in done.stdout


def test_the_example_of_the_readme_is_the_sample_and_what_check_says_of_it(tmp_path):
    run = [sys.executable, "-m", "gateway"]
    subprocess.run([*run, "demo", "init", "try"], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    sample = (tmp_path / "try" / "samples" / "bad-309.edi").read_text().split("\n")
    said = subprocess.run(
        [*run, "check", "try/samples/bad-309.edi", "--profile", "try", "--as-of", "2025-01-14T10:00:00Z"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    ).stdout  # fmt: skip
    shown = DOCS["README.md"].partition("## What goes in, what comes out")[2].split("```")
    assert [line for line in shown[1].split("\n") if line not in (*sample, "")] == []
    assert [line for line in shown[3].strip().split("\n") if line.strip() not in said] == []


def test_every_test_that_the_table_of_faults_names_exists():
    page = DOCS["docs/reliability.md"].partition("## Each fault and its test")[2]
    paths = list((ROOT / "tests").rglob("test_*.py"))
    modules, whole = {p.stem for p in paths}, "".join(p.read_text("utf-8") for p in paths)
    named = re.findall(r"\btest_[a-z0-9_]+\b", page)
    functions = [name for name in named if name not in modules]
    assert len(functions) > 35
    assert [name for name in functions if f"def {name}(" not in whole] == []
    assert set(re.findall(r"F(\d\d)", page)) == {f"{n:02d}" for n in range(1, 39)}
