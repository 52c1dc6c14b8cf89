"""Damaged files against every reader and loader; inputs that crashed once are replayed for ever."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.fuzz import run
from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS, Target

SECONDS = float(os.environ.get("GATEWAY_FUZZ_SECONDS", "20"))  # a release: 600
KEPT = sorted(run.CRASHES.glob("*/*.bin"))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_crashed_once_does_not_crash_again(path: Path) -> None:
    assert run.fault_of(TARGETS[path.parent.name], path.read_bytes()) == ""


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_are_read_or_refused(name: str) -> None:
    target, chance = TARGETS[name], random.Random(321)
    corpus = target.corpus()
    assert corpus
    for _ in range(5 if name in ("mapping", "partner", "codes") else 25):
        data = mutated(corpus, chance)
        assert run.fault_of(target, data) == "", data[:2000]


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_for_a_while(name: str) -> None:
    runs, crashes = run.fuzz(name, SECONDS, random.randrange(1 << 30))
    assert runs
    assert crashes == {}


def test_a_crash_is_found_kept_small_and_told_by_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(data: bytes) -> None:
        assert b"X" not in data, "a crash"

    monkeypatch.setattr(run, "CRASHES", tmp_path)
    monkeypatch.setitem(run.TARGETS, "try", Target(lambda: [b"some text XX " * 20], check))
    runs, crashes = run.fuzz("try", 0.5, 1)
    assert runs > 0
    (path,) = crashes.values()
    assert path.read_bytes() == b"X", path.read_bytes()


def test_an_endless_target_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def spin(_data: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr(run, "HANGS_S", 0.2)
    with pytest.raises(run.HangError), run.limited(0.2):
        spin(b"")
