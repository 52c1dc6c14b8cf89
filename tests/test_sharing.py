"""Verdicts of another process change nothing: every sample and damaged copies of it, whichever groups the other one judged."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.formats.x12.plans import Plan
from gateway.history import MemoryHistory
from gateway.profile import Profile
from gateway.results import Record, ShipmentResult
from gateway.sharing import SharedError
from gateway.translate import assist
from tests.drops import SAMPLES_NOW, Drop, drop, profile_for, sample
from tests.formats.edifact.samples import interchange, message
from tests.formats.edifact.test_second_values import CUSCAR, SELLER
from tests.fuzz.mutations import mutated
from tests.shell.test_second import bills

FIXTURES = Path(__file__).parent / "../fixtures"
FOLDERS = ("x12", "edifact", "xml", "xml-extra", "cargoimp", "csv", "cases")
FILES = [p for folder in FOLDERS for p in sorted((FIXTURES / folder).resolve().glob("*")) if p.is_file() and p.suffix not in (".md", ".jsonl")]  # fmt: skip
Wanted = Callable[[int], bool]


class Told:
    """Another process that has judged all the groups that it was asked for."""

    def __init__(self, verdicts: Iterator[tuple[int, bytes]]) -> None:
        self.known = dict(verdicts)
        self.used = 0

    def verdicts(self, group: int) -> bytes | None:
        found = self.known.get(group)
        self.used += found is not None
        return found


def told(data: bytes, profile: Profile, name: str, wanted: Wanted) -> Told:
    pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    return Told(assist(pieces, profile, SAMPLES_NOW, wanted, name=name))


def results(one: Drop, history: MemoryHistory) -> tuple[object, ...]:
    records: list[Record] = list(one.outcome.records)
    return one.deliveries, one.answers, one.names, records, one.outcome.counts, one.outcome.refused, vars(history)


def check(data: bytes, name: str, wanted: Wanted) -> int:
    profile, histories = profile_for(data), (MemoryHistory(), MemoryHistory())
    alone = drop(data, histories[0], name=name, now=SAMPLES_NOW, profile=profile)
    others = told(data, profile, name, wanted)
    shared = drop(data, histories[1], name=name, now=SAMPLES_NOW, profile=profile, others=others)
    assert results(shared, histories[1]) == results(alone, histories[0])
    return others.used


def groups_of(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sharing", "settling"):
        monkeypatch.setattr(f"gateway.{module}.AT_ONCE", size)


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    groups_of(2, monkeypatch)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
@pytest.mark.usefixtures("small_groups")
def test_samples_and_damaged_samples_become_the_same(path: Path) -> None:
    data, chance = path.read_bytes(), random.Random(321)
    check(data, path.name, lambda group: True)
    check(data, path.name, lambda group: group % 2 == 1)
    if len(data) < 20_000:
        for _ in range(3):
            bad = mutated([data], chance)
            check(bad, path.name, lambda group: chance.random() < 0.6)


@pytest.mark.parametrize(("name", "before", "more"), [
    ("x12/05", b"N1*CN", b"N1*BT*PAT PAYER~\n"), ("edifact/01", b"NAD+CN", b"NAD+FW+++PAT AGENT'\n"), ("edifact/14", b"NAD+CN", b"NAD+FW+++PAT AGENT'\n"),
])  # fmt: skip
@pytest.mark.usefixtures("small_groups")
def test_what_is_told_once_in_a_message_is_told_by_one_process(name: str, before: bytes, more: bytes) -> None:
    data = sample(name).replace(before, more + before)
    assert data.count(more) > 1
    for wanted in (lambda group: True, lambda group: group % 2 == 1, lambda group: group % 2 == 0):
        check(data, name, wanted)
    said = [f for f in drop(data, now=SAMPLES_NOW, profile=profile_for(data)).findings() if f.rule == "MAP-PARTY-ROLE"]
    assert len(said) == 1


@pytest.mark.parametrize("own", ["111100", "110110", "000000", "101010"])
@pytest.mark.usefixtures("small_groups")
def test_what_the_head_lacks_is_told_by_one_process_of_the_first_shipment_that_lacks_it(own: str) -> None:
    carriage = ("TDT+20+XX901+4++XX:172:3", "LOC+11+USLAX:139:6", "DTM+132:202501162000:203")
    head = tuple(line for line in CUSCAR[: CUSCAR.index("CNI+1+A1")] if not line.startswith("DTM"))
    bill, at = CUSCAR[CUSCAR.index("CNI+1+A1") :], CUSCAR.index(SELLER[0]) - len(head) - 2
    one = [(*bill[:at], *(carriage if kind == "1" else ()), *bill[at:]) for kind in own]
    bills = [line.replace("A1", f"A{n}") for n, lines in enumerate(one) for line in lines]
    data = interchange(message((*head, *bills), identifier="CUSCAR:D:03A:UN"))
    for wanted in (lambda group: True, lambda group: group % 2 == 1, lambda group: group % 2 == 0):
        check(data, "a.edi", wanted)
    results = [r for r in drop(data, now=SAMPLES_NOW).outcome.records if isinstance(r, ShipmentResult)]
    said = [r.id for r in results if any(f.rule == "S321-TIME" for f in r.findings)]
    assert said == [f"A{own.index('0')}"]


@pytest.mark.usefixtures("small_groups")
def test_verdicts_are_really_used() -> None:
    used = dict.fromkeys(FOLDERS, 0)
    for path in FILES:
        used[path.parent.name] += check(path.read_bytes(), path.name, lambda group: True)
    assert all(used.values()), used


def faulty(count: int, every: int, pages: tuple[int, ...]) -> bytes:
    """Return a 309 with wrong elements in some bills, and a new P4 before some."""
    text = bills(count)
    for at in range(every, count, every):
        text = text.replace(f"M11*0045{at:04d}*80107*2*", f"M11*0045{at:04d}*80107*TWO*")
    for at in pages:
        text = text.replace(f"LX*{at}~", f"P4*0901*20250116***14{at:02d}~\nLX*{at}~")
    return re.sub(r"SE\*\d+", f"SE*{text[text.index('ST*') : text.index('GE*')].count('~')}", text).encode()


@pytest.mark.parametrize("every", [2, 3, 5, 7, 17])
@pytest.mark.parametrize("pages", [(), (2, 19, 33, 34, 51)])
def test_wrong_elements_beside_right_ones_are_found_by_both_processes(
    every: int, pages: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    groups_of(5, monkeypatch)
    data = faulty(60, every, pages)
    for wanted in (lambda group: True, lambda group: group % 2 == 1, lambda group: group % 3 > 0):
        assert check(data, "a.edi", wanted) > 4
    found = [f for f in drop(data, now=SAMPLES_NOW, profile=profile_for(data)).findings() if f.value == "TWO"]
    assert len(found) == len(range(every, 60, every))


def test_elements_that_the_other_process_found_right_are_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, passes = [0], Plan.passes

    def counted(plan: Plan, segments: list[list[str]]) -> bool:
        looks[0] += 1
        return passes(plan, segments)

    monkeypatch.setattr(Plan, "passes", counted)
    data = faulty(200, 50, ())
    profile, used = profile_for(data), []
    others = told(data, profile, "a.edi", lambda group: True)
    for other in (None, others):
        looks[0] = 0
        drop(data, name="a.edi", now=SAMPLES_NOW, profile=profile, others=other)
        used.append(looks[0])
    assert used[0] > 180
    assert used[1] < used[0] / 4, "of each group the first two, the faulty and the last one of a piece"


def test_verdicts_of_other_shipments_are_an_error() -> None:
    data = sample("x12/01")
    profile = profile_for(data)
    others = told(sample("x12/02"), profile_for(sample("x12/02")), "other.edi", lambda group: True)
    assert others.known
    others.known = {0: others.known[0].replace(b"\x00\x01", b"\x00\x02", 1)}
    with pytest.raises(SharedError):
        drop(data, name="drop.edi", now=SAMPLES_NOW, profile=profile, others=others)


def test_shipments_that_may_wait_for_others_are_not_shared() -> None:
    data = sample("xml/15")
    assert told(data, profile_for(data), "a.xml", lambda group: True).known
    assert not told(data, profile_for(data, join_hours=24), "a.xml", lambda group: True).known
