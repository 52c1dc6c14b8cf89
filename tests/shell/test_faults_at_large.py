"""Kills at random moments under load, a ledger that another process holds, and a backup of yesterday that is put back."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shell.shell_support import Yard
from tests.shell.test_workers import of_session, start

ROOT = Path(__file__).parents[2]


def fill(yard: Yard, round_: int, files: int, partner: str = "acme") -> set[str]:
    """Drop files of a few shipments each; return the shipments."""
    numbers = set()
    for file in range(files):
        bills = [f"{partner[0]}{round_}f{file}b{n}" for n in range(4)]
        numbers |= set(bills)
        yard.drop(f"t{round_}-{file}.edi", "MSG m1\n" + "".join(f"SHIP {b} 1.00\n" for b in bills), partner)
    return numbers


def delivered(yard: Yard) -> list[str]:
    import json

    return [s["id"] for name in yard.deliveries() for s in json.loads((yard.out / name).read_text())["shipments"]]


def kill_at_random(tmp_path: Path, kills: int, seed: int) -> None:
    """Start a gateway with work to do and kill it after a random time, again and again; then let it finish."""
    chance = random.Random(seed)
    # no file is held as one that kills the gateway: chance may strike a file twice
    yard, wanted = Yard(tmp_path, max_tries=kills), set()
    for number in range(kills):
        wanted |= fill(yard, number, 3)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.shell.one_round", str(tmp_path), str(kills)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.25, 0.9))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    yard.run()
    found = delivered(yard)
    assert sorted(found) == sorted(wanted)  # nothing lost, nothing twice
    assert yard.problems() == []
    before = sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*") if p.is_file() and "state" not in p.parts)
    yard.run()
    assert (
        sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*") if p.is_file() and "state" not in p.parts)
        == before
    )


def kill_with_workers(tmp_path: Path, kills: int, seed: int) -> None:
    """As above with two workers: some of the times a worker or the nursery is killed first, then the gateway."""
    chance = random.Random(seed)
    yard, wanted = Yard(tmp_path, max_tries=10 * kills), set()
    for number in range(kills):
        wanted |= fill(yard, number, 3)
        wanted |= fill(yard, number, 2, "beta")
        process = start(tmp_path, workers=2, tries=10 * kills)
        time.sleep(chance.uniform(0.8, 2.2))
        if chance.random() < 0.6:
            others = [one for one in of_session(process.pid) if one != process.pid]
            if others:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(others), signal.SIGKILL)
                time.sleep(chance.uniform(0.0, 0.6))
        process.kill()
        process.wait()
    yard.workers = 2
    yard.run()
    found = delivered(yard)
    assert sorted(found) == sorted(wanted)  # nothing lost, nothing twice
    for partner in yard.partners:
        numbers = yard.controls(partner)
        assert len(set(numbers)) == len(numbers) > kills
    assert yard.problems() == []
    assert yard.run() == []


def test_kills_of_gateway_and_workers_lose_and_double_nothing(tmp_path: Path, injected: Callable[[int], None]) -> None:
    kill_with_workers(tmp_path, 4, seed=321)
    injected(4)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(4))
def test_fifty_kills_of_gateway_and_workers_lose_and_double_nothing(
    tmp_path: Path, seed: int, injected: Callable[[int], None]
) -> None:
    kill_with_workers(tmp_path, 50, seed)
    injected(50)


def test_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path, injected: Callable[[int], None]) -> None:
    kill_at_random(tmp_path, 5, seed=321)
    injected(5)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_kills_at_random_moments_lose_and_double_nothing(
    tmp_path: Path, seed: int, injected: Callable[[int], None]
) -> None:
    kill_at_random(tmp_path, 100, seed)
    injected(100)


def test_a_ledger_that_another_process_holds_delays_and_loses_nothing(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.run()
    wanted = fill(yard, 0, 1)
    holder = sqlite3.connect(tmp_path / "state" / "ledger.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    threading.Timer(1.0, lambda: holder.execute("COMMIT")).start()
    yard.run()
    holder.close()
    assert set(delivered(yard)) == wanted
    assert yard.problems() == []


def test_a_ledger_that_is_no_database_any_more_stops_the_start_with_advice(tmp_path: Path) -> None:
    from gateway.errors import ConfigError

    yard = Yard(tmp_path)
    yard.run()
    ledger = tmp_path / "state" / "ledger.db"
    for other in (tmp_path / "state").glob("ledger.db-*"):
        other.unlink()
    data = bytearray(ledger.read_bytes())
    data[:4096] = bytes(4096)
    ledger.write_bytes(data)
    with pytest.raises(ConfigError, match="backup"):
        yard.engine()


def test_a_state_folder_of_yesterday_delivers_nothing_twice(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    fill(yard, 0, 1)
    yard.run()
    shutil.copytree(tmp_path / "state", tmp_path / "backup")
    yard.drop("second.edi", "MSG m2\nSHIP z1 1.00\n")
    yard.run()
    before = {name: (yard.out / name).read_bytes() for name in yard.deliveries()}
    shutil.rmtree(tmp_path / "state")
    (tmp_path / "backup").rename(tmp_path / "state")
    yard.drop(
        "second.edi", "MSG m2\nSHIP z1 1.00\n"
    )  # the sender, who has no answer in the restored world, sends again
    yard.run()
    assert {name: (yard.out / name).read_bytes() for name in yard.deliveries()} == before
    assert sorted(delivered(yard)) == sorted(set(delivered(yard)))
