"""What a user can type or write is documented; the pages made from data are up to date; links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from gateway.catalogue import load_catalogue
from gateway.catalogue.page import rules_page
from gateway.cli import app
from gateway.config_files import Alerts, GatewayFile, Monitor, PartnerFile, Responses, Retention, Sftp, Target
from gateway.mapping.transforms import registry
from gateway.profile import AckPolicy

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
