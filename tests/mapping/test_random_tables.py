"""Any table, not only ours, becomes the same by what is compiled of it and by the plain interpretation: values, findings, places, order."""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from gateway.errors import MappingError
from gateway.formats import format_module
from gateway.formats.detect import HEAD, Transcoded, detect_for
from gateway.formats.edifact.structure import plans as edifact_plans
from gateway.formats.tabular import many_rows
from gateway.formats.x12 import plans as x12_plans
from gateway.formats.xml import layouts
from gateway.mapping.choice import ProgramChoice
from gateway.mapping.folder import MappingSet
from gateway.mapping.program import CompiledProgram
from gateway.profile import Profile
from gateway.records import Unit
from gateway.site import base_mappings, base_site
from tests.drops import FIXTURES
from tests.formats.edifact import test_kinds as of_edifact
from tests.formats.edifact.samples import HEAD as CUSCAR
from tests.formats.edifact.samples import interchange, message
from tests.formats.of_known_kinds import made_at_once
from tests.formats.tabular.test_many_rows import CELLS, GOOD
from tests.formats.x12 import test_kinds as of_x12
from tests.formats.x12.test_plans import file_of
from tests.formats.xml.test_layouts import made as of_xml
from tests.fuzz.mutations import mutated
from tests.mapping.random_tables import changed, plainly, program

MAPPINGS = MappingSet(base_mappings())


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made_at_once(monkeypatch, x12_plans)
    made_at_once(monkeypatch, edifact_plans)
    monkeypatch.setattr("gateway.formats.xml.runs._families", {})
    monkeypatch.setattr(layouts, "_OFTEN", 1)
    monkeypatch.setattr(many_rows, "_SOME_ROWS", 1)


def of_309(r: random.Random) -> bytes:
    return file_of([one for one in [list(of_x12.bill(r)) for _ in range(8)] for _ in range(r.choice((1, 2, 3)))])


def of_cuscar(r: random.Random) -> bytes:
    kinds = [of_edifact._some_odd(list(of_edifact.bill(r)), r) for _ in range(8)]
    return interchange(message([*CUSCAR, *(text for one in kinds for _ in range(r.choice((1, 2, 3))) for text in one)]))


def of_table(r: random.Random) -> bytes:
    columns = [
        name for name in GOOD if r.random() < 0.85 or name in ("house_bill", "item_description", "consignee_name")
    ]
    rows = [{**GOOD, "house_bill": f"GWM{n:03}", "sku": f"S{line}"} for n in range(r.randint(5, 30)) for line in range(r.choice((1, 1, 2)))]  # fmt: skip
    for _ in range(r.randint(0, 12)):
        r.choice(rows)[r.choice(columns)] = r.choice(CELLS)
    text = io.StringIO()
    csv.writer(text).writerows([columns, *([row[name] for name in columns] for row in rows)])
    return text.getvalue().encode()


def of_samples(folder: str) -> Callable[[random.Random], bytes]:
    paths = [path for path in sorted((FIXTURES / folder).glob("*")) if path.suffix != ".md" and path.stat().st_size < 20_000]  # fmt: skip
    return lambda r: mutated([r.choice(paths).read_bytes()], r) if r.random() < 0.5 else r.choice(paths).read_bytes()


def units(data: bytes, name: str) -> tuple[Profile, list[Unit]]:
    profile = base_site().profile_for(data[:HEAD])
    seen = detect_for(data[:HEAD], name, profile)
    if seen.hold is not None:
        return profile, []
    events = format_module(seen.format).read(Transcoded((data,), seen), profile, (seen.skip, seen.factor))
    return profile, [event for event in events if isinstance(event, Unit)]


def told(one: CompiledProgram, found: list[Unit], profile: Profile) -> list[Any]:
    said = []
    for unit in found:
        unit.message.cache.clear()
        unit.message.envelope.setdefault("received_on", "2025-01-14")
    for unit in found:
        mapped = one.run(unit.message, unit.node, profile)
        places = [mapped.locate(f"/{name}") for name in mapped.draft]
        said.append(
            (unit.number, mapped.draft, mapped.findings, places, repr(mapped.draft))
        )  # the order of the keys counts
    return said


def check(data: bytes, name: str, r: random.Random) -> int:
    """Compare both ways for a table made of that of each mapping; return how many units were compared."""
    profile, found = units(data, name)
    of_mapping: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in found:
        choice = MAPPINGS.program(unit.message.format, unit.message.type, unit.message.version)
        if choice is not None:
            one = choice.choose(unit.message, profile) if isinstance(choice, ProgramChoice) else choice
            of_mapping[one.mapping_id].append(unit)
    for mapping, own in of_mapping.items():
        facts = next(facts for facts in MAPPINGS.facts if facts.id == mapping)
        rows = changed(MAPPINGS, facts, r)
        try:
            quick, slow = (program(MAPPINGS, facts, rows, plain=plain) for plain in (False, True))
        except MappingError:  # rows that do not go together
            continue
        by_compiled = told(quick, own, profile)
        with plainly():
            assert told(slow, own, profile) == by_compiled, [row for row in rows if row.line >= 1000]
    return len(found)


@pytest.mark.parametrize(
    ("make", "name", "times"),
    [
        (of_309, "a.edi", 12), (of_cuscar, "a.edi", 5), (of_xml, "a.xml", 25), (of_table, "a.csv", 40),
        (of_samples("x12"), "a.edi", 25), (of_samples("edifact"), "a.edi", 25), (of_samples("cargoimp"), "a.txt", 40), (of_samples("xml"), "a.xml", 10),
    ],
)  # fmt: skip
def test_a_table_made_at_random_becomes_the_same_both_ways(make, name, times):
    r = random.Random(321)
    assert sum(check(make(r), name, r) for _ in range(times)) > times // 3
