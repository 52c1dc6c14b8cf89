"""What no line of the program may do, and what no regular expression of it may be made to do (worse than squares)."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

import gateway
from gateway import written
from gateway.canonical.validate import load_schema
from gateway.errors import MappingError
from gateway.formats import edifact, x12
from gateway.formats.edifact.structure import plans
from gateway.mapping.folder import MappingSet
from gateway.mapping.grammar import parse_when
from gateway.records import Unit
from gateway.site import base_mappings
from tests.drops import profile_for, sample
from tests.fuzz.run import HangError, limited

ROOT = Path(gateway.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
FORBIDDEN = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads", "marshal.loads", "yaml.load", "tempfile.mktemp"}  # fmt: skip


def called(path: Path) -> Iterator[tuple[int, str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func), node


def test_the_program_evaluates_no_text_and_starts_no_shell() -> None:
    seen = 0
    for path in SOURCES:
        for line, name, call in called(path):
            seen += 1
            made_by_us = path.name == "written.py" and name == "compile"  # see the next test
            assert made_by_us or name not in FORBIDDEN, f"{path.name}:{line} {name}"
            shell = [k for k in call.keywords if k.arg == "shell" and ast.unparse(k.value) != "False"]
            assert not shell, f"{path.name}:{line} shell="
    assert seen > 5000


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The functions that are made of tables, as text."""
    found: list[str] = []
    real = written._code
    monkeypatch.setattr(written, "_code", lambda text: found.append(text) or real(text))
    return found


def write_functions(mappings: MappingSet) -> None:
    """Make the functions of all tables, which come to be when the first message comes."""
    for facts in mappings.facts:
        mappings.compiled(facts).write()


def check_constants_only(texts: list[str], constant: str) -> None:
    fixed = {
        "above", "any", "below", "beside", "BLANKS", "blocks", "c", "CAREFUL", "children", "codes", "e", "EMPTY", "first", "get", "index",
        "item", "items", "kinds", "known", "learn", "len", "lines", "mapped", "node", "nodes", "NONE", "numbers", "one", "out", "part",
        "parts", "raw", "references", "refused", "root", "run", "told", "tuple", "unit", "value", "x", "y",
    }  # fmt: skip
    for node in (node for text in texts for node in ast.walk(ast.parse(text))):
        assert not isinstance(node, ast.Import | ast.ImportFrom | ast.Lambda)
        if isinstance(node, ast.Name):
            assert node.id in fixed or re.fullmatch(r"[a-z]([cw]?\d+_)*[cw]?\d+", node.id), node.id
        elif isinstance(node, ast.Attribute):
            assert node.attr in {
                "add", "append", "children", "elements", "get", "index", "inherited", "isprintable", "items", "join", "keys", "kinds", "level",
                "lines", "lower", "numbers", "odd_line", "parent", "parties", "party", "references", "setdefault", "split", "strip", "upper",
            }, node.attr  # fmt: skip
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert re.fullmatch(constant, node.value), node.value


def test_functions_made_of_tables_hold_numbered_names_and_constants_only(texts: list[str]) -> None:
    write_functions(MappingSet(base_mappings()))
    assert len(texts) > 100
    check_constants_only(texts, r"[A-Za-z0-9_+.:@-]*|[ ?*,]|  ")


def test_functions_made_of_the_segments_of_shipments_hold_numbered_names_only(texts: list[str]) -> None:
    bill = b"LX*1~M11*00450001*80107*2*PCS*1.2*K***13***NRTX~" + b"N9*2I*1Z~" * 5 + b"N1*SH*A~N3*1 ELM~N3*2 ELM~"
    data = sample("x12/01").replace(b"LX*1~", bill.replace(b"~", b"~\n") * 30 + b"LX*1~", 1)
    list(x12.read([data], profile_for(data)))
    made = [text for text in texts if text.startswith("def hang(nodes)")]
    assert made
    check_constants_only(made, "")


def test_functions_made_of_kinds_of_shipments_hold_numbered_names_and_constants_only(texts: list[str]) -> None:
    data = sample("edifact/01")
    found = re.search(rb"CNI.*?(?=CNI)", data, re.DOTALL)
    assert found
    plans.plans_of.cache_clear()  # else other tests have had all of them made
    data = data[: found.start()] + found[0].replace(b"'GID+1", b"'GID+1'GID+2'GID+1") * 40 + data[found.start() :]
    mappings = MappingSet(base_mappings())
    for unit in (event for event in edifact.read([data], profile_for(data)) if isinstance(event, Unit)):
        program = mappings.program(unit.message.format, unit.message.type, unit.message.version)
        assert program is not None
        program.run(unit.message, unit.node, profile_for(data))
    made = [text for text in texts if text.startswith("def hang(unit, nodes)")]
    assert made and len(texts) > len(made) + 3
    assert any(text.startswith("def whole(") for text in texts)
    check_constants_only(made, "")
    check_constants_only(texts, r"[A-Za-z0-9_+.:@-]*|[ ?*,]|  ")


@pytest.mark.parametrize(
    "source", ['M11"].x; import os', "M11.01\"]; __import__('os')", "N1*ST'].elements or exec('1')", "a\nimport os"]
)
def test_no_cell_of_a_table_becomes_code(tmp_path: Path, texts: list[str], source: str) -> None:
    head = "level,target,source,when,transform,default,required,rule,message,example"
    quoted = source.replace('"', '""')
    (tmp_path / "x12_309_truck.csv").write_text(f'{head}\nshipment,carrier_code,"{quoted}",,,,,,,\n')
    with contextlib.suppress(MappingError):
        mappings = MappingSet(base_mappings(), [tmp_path])
        mappings.check()
        write_functions(mappings)
        assert texts
    check_constants_only(texts, r"(?s).*")


def test_paramiko_is_new_enough_for_its_known_faults() -> None:
    assert int(metadata.version("paramiko").split(".")[0]) >= 5


def test_the_schema_refers_to_nothing_outside_of_itself() -> None:
    found = re.findall(r'"\$ref": "([^"]*)"', json.dumps(load_schema()))
    assert found
    assert [ref for ref in found if not ref.startswith("#/")] == []


def patterns() -> dict[str, re.Pattern]:
    """Every expression of the program that stands in a module."""
    found = {}
    for module in pkgutil.walk_packages([str(ROOT)], "gateway."):
        if module.name.endswith("__main__") or ".migrations" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                found[f"{module.name}.{name}"] = value
    return found


BLANKS_JOINED = {"gateway.mapping.grammar._TEST"}
"""Expressions that never see two blanks in a row."""

HOSTILE = ("a", "A", "0", " ", "\t", "\n", "-", ".", "'", '"', "<", "/", "A ", "0.", "a1", "é", "<!--", "-->", "&a;", "A/", "ab=", "1,", "=\"", "\\x")  # fmt: skip


def slow(pattern: re.Pattern, length: int = 800, seconds: float = 1.5) -> str:
    """Return the kind of text that an expression chokes on, "" when there is none among ours."""
    kind = bytes if isinstance(pattern.pattern, bytes) else str
    for piece in HOSTILE:
        text = piece * (length // len(piece)) + "!\0"
        try:
            with limited(seconds):
                for call in (pattern.search, pattern.fullmatch):
                    call(text.encode() if kind is bytes else text)  # type: ignore[arg-type]
        except HangError:
            return repr(piece)
    return ""


@pytest.mark.timeout(600)
def test_no_expression_takes_its_time_over_hostile_text() -> None:
    every = patterns()
    assert len(every) > 40
    assert set(every) >= BLANKS_JOINED
    found = {name: piece for name, pattern in every.items() if (piece := slow(pattern))}
    assert {name: piece for name, piece in found.items() if name not in BLANKS_JOINED} == {}


def test_long_blanks_in_a_condition_are_joined() -> None:
    with limited(2.0):
        tests = parse_when("N1*ST.02 " + " " * 5000 + " present  and\n\tM10.02=A")
    assert len(tests) == 2


def test_a_slow_expression_is_noticed() -> None:
    assert slow(re.compile("(a|a?)+$"), 30, 1.0) == "'a'"
