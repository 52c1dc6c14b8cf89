"""Functions made for the shape of a unit fill, find and refuse what closures fill, find and refuse: every table, damaged files."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from gateway.formats import cargo_imp, edifact, x12
from gateway.formats.edifact.paths import EdifactDialect
from gateway.formats.tree import TreeDialect
from gateway.mapping import shapes
from gateway.mapping.folder import MappingSet
from gateway.records import Unit
from gateway.site import base_mappings, base_site
from tests.fuzz.mutations import mutated

FIXTURES = Path(__file__).parents[2] / "fixtures"
READERS = {"x12": x12.read, "edifact": edifact.read, "cargoimp": cargo_imp.read}
PROFILE = base_site().partners["gwsender"].profile
FILES = [path for folder in READERS for path in sorted((FIXTURES / folder).glob("*")) if path.suffix != ".md"]
IN_LINE, CLOSURES = MappingSet(base_mappings()), MappingSet(base_mappings())


def units(data: bytes, folder: str) -> list[Unit]:
    return [event for event in READERS[folder]([data], PROFILE) if isinstance(event, Unit)]


def mapped(mappings: MappingSet, found: list[Unit]) -> list[Any]:
    """What a mapping makes of the units; what the header says comes with the first unit of a message only."""
    results = []
    for unit in found:
        message = unit.message
        message.cache.clear()
        program = mappings.program(message.format, message.type, message.version)
        if program is not None:
            one = program.run(message, unit.node, PROFILE)
            places = [one.locate("/" + name) for name in one.draft]
            results.append((one.draft, one.findings, places))
    return results


def check(data: bytes, folder: str, monkeypatch: pytest.MonkeyPatch) -> int:
    found = units(data, folder)
    quick = mapped(IN_LINE, found)
    with monkeypatch.context() as patch:
        patch.delattr(TreeDialect, "in_line_helpers")
        patch.delattr(EdifactDialect, "in_line_helpers")
        slow = mapped(CLOSURES, found)
    for one, other in zip(quick, slow, strict=True):
        assert one == other
    return len(quick)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_samples_and_damaged_samples_become_the_same_both_ways(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, chance = path.read_bytes(), random.Random(321)
    check(data, path.parent.name, monkeypatch)
    if len(data) < 20_000:
        for _ in range(15):
            check(mutated([data], chance), path.parent.name, monkeypatch)


def test_samples_of_each_family_have_units_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in READERS:
        assert sum(check(p.read_bytes(), folder, monkeypatch) for p in FILES if p.parent.name == folder) > 10


def test_a_rare_shape_shares_a_function_and_a_frequent_one_gets_its_own() -> None:
    made: list[frozenset[str] | None] = []
    of = shapes.Shapes(lambda shape: made.append(shape) or (shape,), lambda: (None,)).chooser(sometimes=False)
    nodes = [type("Node", (), {"children": dict.fromkeys(f"S{number}" for number in range(size))}) for size in range(6)]
    for node in nodes:
        of(node, None)
    assert made == [*(frozenset(node.children) for node in nodes[:4]), None]
    for _ in range(40):
        assert of(nodes[5], None)
    assert made[5:] == [frozenset(nodes[5].children)]
    assert of(nodes[4], None) == (None,)
