"""A command imports, reads and compiles what its file needs; counted, not timed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.mapping.folder import MappingSet
from gateway.mapping.program import CompiledProgram
from gateway.site import base_mappings

ROOT = Path(__file__).parent.parent
HEAVY = (
    "alembic", "cryptography", "email.parser", "importlib.metadata", "jsonschema", "logging", "lxml", "openpyxl", "paramiko", "prometheus_client",
    "pycountry", "pydantic", "pyx12", "rich", "sqlalchemy", "ssl", "stdnum", "structlog", "zipfile",
)  # fmt: skip
TOLD = """
import json, sys
from gateway.__main__ import main
sys.argv = ["gateway", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
partner = sys.modules.get("gateway.partner")
tables = partner.base_tables() if partner else None
said = {
    "modules": sorted(sys.modules),
    "compiled": sorted(tables._compiled) if tables else [],
    "codes": sorted(tables.codes._tables) if tables else [],
}
print(json.dumps(said))
"""


def after(*words: str) -> dict[str, list[str]]:
    """Run a command in a process of its own; return what is imported, compiled and read at its end."""
    done = subprocess.run([sys.executable, "-c", TOLD, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.fixture(scope="module")
def truck() -> dict[str, list[str]]:
    return after("check", "fixtures/x12/01_309_truck_5020_s321.edi", "--as-of", "2025-01-14T10:00:00Z")


def test_check_of_an_x12_file_imports_nothing_that_it_does_not_need(truck):
    assert "gateway.formats.x12" in truck["modules"]
    assert [name for name in HEAVY if name in truck["modules"]] == []
    others = ("cargo_imp", "cargo_xml", "edifact", "postal", "tabular", "wco_xml", "xml")
    assert [name for name in others if f"gateway.formats.{name}" in truck["modules"]] == []
    shell = ("crew", "deliver", "ledger", "loop", "pool", "sftp_client", "sftp_server", "unwrap")
    assert [name for name in shell if f"gateway.shell.{name}" in truck["modules"]] == []


def test_check_compiles_the_one_table_that_its_profile_picks_and_reads_the_codes_it_names(truck):
    assert truck["compiled"] == ["x12_309_truck"]
    assert 0 < len(truck["codes"]) < 10


def test_check_of_an_edifact_file_needs_no_reader_of_xml_or_workbooks():
    told = after("check", "fixtures/edifact/01_cuscar_d03a_air_3hawb.edi", "--as-of", "2025-10-01T10:00:00Z")
    assert [name for name in ("lxml", "openpyxl", "paramiko", "rich", "sqlalchemy") if name in told["modules"]] == []
    assert [name.partition("_")[0] for name in told["compiled"]] == ["edifact"]


def test_the_version_is_told_without_the_command_line():
    assert "typer" not in after("--version")["modules"]


def test_a_command_that_judges_no_file_imports_no_reader():
    assert "gateway.translate" not in after("version")["modules"]


@pytest.mark.parametrize("mapping", ["x12_309_truck", "edifact_cuscar", "tabular_csv", "cargo_xml_xfhl"])
def test_a_compiled_table_has_no_closures_before_a_message_comes(mapping):
    mappings = MappingSet(base_mappings())
    program = mappings.compiled(next(facts for facts in mappings.facts if facts.id == mapping))
    lines = [line for blocks in program.blocks.values() for b in blocks for t in b.targets for line in t.lines]
    assert len(lines) > 20
    assert made(program) == 0
    assert mappings.codes._tables == {}
    for line in lines:
        assert line.values is not None or line.row.default
    assert made(program) == len(lines)


def made(program: CompiledProgram) -> int:
    """Return how many rows of a program have closures that read."""
    blocks = [b for of_level in program.blocks.values() for b in of_level]
    return sum("values" in vars(line) or "holds" in vars(line) for b in blocks for t in b.targets for line in t.lines)
