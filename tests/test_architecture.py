"""Who may import whom, who does IO, who grows too big; docs/architecture.md says why."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GATEWAY = ROOT / "gateway"
MODULES = {
    ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p
    for p in sorted(GATEWAY.rglob("*.py"))
}

BASE = ("gateway.dialect", "gateway.findings", "gateway.kinds", "gateway.limits", "gateway.records", "gateway.results", "gateway.spools", "gateway.history", "gateway.halves", "gateway.profile", "gateway.errors", "gateway.shipped", "gateway.responses", "gateway.moments", "gateway.often", "gateway.spreadsheets", "gateway.written", "gateway.zips", "gateway.openpgp", "gateway.canonical.model", "gateway.canonical.parts")  # fmt: skip
ONE_PLACE = {
    "lxml": ("gateway.formats.xml", "gateway.outputs.xml"),
    "openpyxl": ("gateway.formats.tabular", "gateway.commands", "gateway.workbook", "gateway.outputs.xlsx"),
    "jsonschema": ("gateway.canonical.validate",),
    "jsonschema_rs": ("gateway.canonical.validate",),
    "paramiko": ("gateway.shell.sftp_",),
    "pyx12": ("gateway.formats.x12.pyx12_maps",),
    "sqlalchemy": ("gateway.shell.",),
    "sqlite3": ("gateway.shell.",),
    "cryptography": ("gateway.shell.seal", "gateway.shell.sftp_", "gateway.commands.demo"),
    "alembic": ("gateway.shell.",),
}
IMPURE = {"socket", "sqlite3", "random", "logging", "subprocess", "threading", "time", "secrets"}


def layer(name: str) -> int:
    """0 base, 1 formats, mapping, rules, catalogue, canonical, acks, 2 translate, 3 shell, 4 commands."""
    if name in BASE:
        return 0
    if name.startswith("gateway.shell"):
        return 3
    if name in (
        "gateway.translate",
        "gateway.judge",
        "gateway.cancelling",
        "gateway.unasked",
        "gateway.echoes",
        "gateway.own_words",
        "gateway.books",
        "gateway.repeats",
        "gateway.fresh",
        "gateway.settling",
        "gateway.comparing",
        "gateway.reading",
        "gateway.sharing",
        "gateway.message_facts",
        "gateway.filling",
        "gateway.joining",
        "gateway.late",
        "gateway.responding",
    ):
        return 2
    if name.startswith(("gateway.formats", "gateway.mapping", "gateway.rules", "gateway.catalogue", "gateway.canonical", "gateway.outputs")) or name == "gateway.acks":  # fmt: skip
        return 1
    return 4


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{a.name}" for a in node.names if f"{node.module}.{a.name}" in MODULES}
    return found


@pytest.mark.parametrize("name", MODULES, ids=str)
def test_imports_go_one_way(name):
    own = layer(name)
    for other in imports(MODULES[name]) & set(MODULES):
        theirs = layer(other)
        if own == 0:
            assert theirs == 0, f"{name} (base) imports {other}"
        elif own in (1, 2):
            assert theirs <= own or other == "gateway", f"{name} imports {other}"
        elif own == 3:
            assert theirs in (0, 3) or other in (
                "gateway.translate",
                "gateway.sharing",
                "gateway.late",
                "gateway.responding",
                "gateway",
            ), f"the shell module {name} imports {other}"


@pytest.mark.parametrize("name", [n for n in MODULES if layer(n) == 1], ids=str)
def test_formats_and_mapping_do_not_know_each_other(name):
    others = imports(MODULES[name])
    if name.startswith("gateway.formats."):
        assert not any(o.startswith(("gateway.mapping", "gateway.rules")) for o in others)
        own = name.split(".")[2]
        shared = {
            "delimited",
            "gathering",
            "halves",
            "handed_out",
            "no_shipment",
            "noise",
            "notes",
            "objects",
            "structure",
            "sums",
            "tree",
            "whole_words",
            "detect",
            "plain",
            "xml",
            own,
        }
        assert not {o.split(".")[2] for o in others if o.startswith("gateway.formats.")} - shared
    if name.startswith("gateway.mapping.") and name not in ("gateway.mapping.folder", "gateway.mapping.lint"):
        assert not any(o.startswith("gateway.formats.") for o in others)


@pytest.mark.parametrize("name", MODULES, ids=str)
def test_packages_have_one_importing_place(name):
    for other in imports(MODULES[name]):
        places = ONE_PLACE.get(other.partition(".")[0])
        assert places is None or name.startswith(places), f"{name} imports {other}"


@pytest.mark.parametrize("name", [n for n in MODULES if layer(n) <= 2], ids=str)
def test_the_core_does_no_io(name):
    tree = ast.parse(MODULES[name].read_text("utf-8"))
    assert not {o.partition(".")[0] for o in imports(MODULES[name])} & IMPURE
    if name.endswith((".folder", ".pyx12_maps")):
        return  # these read tables of the configuration, once
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("open", "eval", "input"), f"{name}:{node.lineno} calls {node.func.id}"
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today", "environ"):
            base = node.value.id if isinstance(node.value, ast.Name) else ""
            assert base not in ("datetime", "date", "os"), f"{name}:{node.lineno} asks for {base}.{node.attr}"


@pytest.mark.parametrize("path", sorted(GATEWAY.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_stay_readable(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= 500, f"{path.name} has {lines} lines: split it"


def test_the_test_of_imports_sees_imports():
    assert "gateway.findings" in imports(MODULES["gateway.reading"])
    assert layer("gateway.shell.loop") == 3
    assert layer("gateway.cli") == 4
