"""Real worker processes: what may be in work at once, deaths on both sides, conflicts, the drain at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.shell.desk import Result
from gateway.shell.ledger import open_ledger
from gateway.shell.loop import Engine
from gateway.shell.schema import drops
from tests.shell.shell_support import Yard

pytestmark = pytest.mark.timeout(90)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path, workers=2, partners=("acme", "beta", "gamma"))


def watched(yard: Yard, tell: Callable[[Result], None]) -> list[Result]:
    """Let a gateway do all there is to do; tell what it hears of."""
    engine = yard.engine()
    engine._on_result = tell
    try:
        return engine.run_once() + engine.run_once()
    finally:
        engine.close()


def hand(engine: Engine, receipt: str) -> int:
    """Return the process that works on a drop."""
    lanes = engine._crew._lanes  # type: ignore[attr-defined]
    return next((h.pid for h in (lane.hand for lane in lanes) if h and h.claimed and h.claimed.receipt == receipt), 0)


def wait(found: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 30
    while not found():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def row(yard: Yard, name: str) -> tuple[str, int, int]:
    ledger = open_ledger(yard.ledger_url)
    try:
        (drop,) = ledger.find(drops.c.file_name == name)
        return drop.state, drop.accepted, drop.tries
    finally:
        ledger.close()


@pytest.fixture
def running(yard: Yard) -> Iterator[Callable[[], Engine]]:
    """Starts the yard's gateway in a thread."""
    started: list[tuple[Engine, threading.Thread]] = []

    def start() -> Engine:
        engine = yard.engine()
        thread = threading.Thread(target=engine.run_forever)
        thread.start()
        started.append((engine, thread))
        return engine

    yield start
    for engine, thread in started:
        engine.stop()
        thread.join(20)
        with suppress(OSError):
            engine.close()


def test_drops_of_two_partners_are_in_work_at_once(yard: Yard) -> None:
    yard.drop("a.edi", f"MSG m1\nTOUCH {yard.root}/a\nTAKE {yard.root}/b\nSHIP a1 1\n")
    yard.drop("b.edi", f"MSG m1\nTOUCH {yard.root}/b\nTAKE {yard.root}/a\nSHIP b1 1\n", "beta")
    assert sorted((r.file_name, r.state) for r in yard.run()) == [("a.edi", "done"), ("b.edi", "done")]
    assert yard.problems() == []


def test_an_amendment_never_overtakes_its_original(yard: Yard) -> None:
    yard.drop("1.edi", "MSG m1\nSLEEP 0.5\nSHIP s1 1\n")
    yard.drop("2.edi", "MSG m2\nAMEND s1 2\n")
    yard.drop("3.edi", "MSG m3\nCANCEL s1 0\n")
    yard.drop("b.edi", "MSG m1\nSHIP b1 1\n", "beta")
    names = [r.file_name for r in yard.run()]
    assert sorted(names) == ["1.edi", "2.edi", "3.edi", "b.edi"]
    assert [name for name in names if name != "b.edi"] == ["1.edi", "2.edi", "3.edi"]
    assert names[0] == "b.edi"
    assert yard.problems() == []


def test_a_small_file_never_waits_behind_large_ones(yard: Yard) -> None:
    padding = "\n".join("# " + "x" * 50_000 for _ in range(20))
    for partner in ("acme", "beta"):
        yard.drop("large.edi", f"MSG m1\nTAKE {yard.root}/{partner}.go\nSHIP {partner} 1\n{padding}\n", partner)
    heard: list[str] = []

    def tell(result: Result) -> None:
        heard.append(result.partner)
        if result.partner == "gamma":
            for partner in ("acme", "beta"):
                (yard.root / f"{partner}.go").touch()

    engine = yard.engine()
    engine._on_result = tell
    engine._poll()
    wait(lambda: (not engine._begin() and len(engine._queue.working()) == 2) or bool(engine._crew.ended()), "not begun")
    yard.drop("small.edi", "MSG m1\nSHIP g1 1\n", "gamma")
    engine.run_once()
    engine.close()
    assert heard[0] == "gamma"
    assert sorted(heard) == ["acme", "beta", "gamma"]


def test_two_drops_in_work_at_once_never_pass_the_limit_of_a_person_together(yard: Yard) -> None:
    root = yard.root
    yard.drop("a.edi", f"MSG m1\nSHIP a1 500 anna\nSHIP a2 500 bob\nTOUCH {root}/read\nTAKE {root}/go\n")
    yard.drop("b.edi", f"MSG m1\nTAKE {root}/read\nSHIP b1 500 anna\nSHIP b2 300 bob\n", "beta")

    def tell(result: Result) -> None:
        if result.file_name == "b.edi":
            (root / "go").touch()
            threading.Timer(0.5, (root / "go").touch).start()  # for the second translation

    results = {r.file_name: (r.accepted, r.rejected) for r in watched(yard, tell)}
    assert results == {"b.edi": (2, 0), "a.edi": (1, 1)}  # 500 and 300 of bob are the limit, not above it
    delivered = [s["id"] for name in yard.deliveries() for s in json.loads((yard.out / name).read_text())["shipments"]]
    assert sorted(delivered) == ["a2", "b1", "b2"]
    assert yard.problems() == []


def test_sums_that_stay_within_the_limit_are_no_conflict(yard: Yard) -> None:
    root = yard.root
    yard.drop("a.edi", f"MSG m1\nSHIP a1 500 anna\nTOUCH {root}/read\nTAKE {root}/go\n")
    yard.drop("b.edi", f"MSG m1\nTAKE {root}/read\nSHIP b1 300 anna\n", "beta")
    results = watched(yard, lambda r: (root / "go").touch() if r.file_name == "b.edi" else None)
    assert {r.file_name: r.accepted for r in results} == {"a.edi": 1, "b.edi": 1}
    assert not (root / "go").exists()  # a second translation would wait for it in vain


def test_a_drop_that_meets_a_second_conflict_is_alone_in_work(yard: Yard) -> None:
    root, heard = yard.root, []
    text = f"MSG m1\nSHIP a1 500 anna\nSHIP a2 500 bob\nTOUCH {root}/read\nTAKE {root}/go\nSHIP a3 1\n"
    yard.drop("a.edi", text)
    yard.drop("b.edi", f"MSG m1\nTAKE {root}/read\nSHIP b1 500 anna\n", "beta")
    yard.drop("c.edi", f"MSG m2\nTAKE {root}/read\nSHIP b2 500 bob\n", "beta")

    def tell(result: Result) -> None:
        heard.append((result.file_name, result.state))
        if result.file_name in ("b.edi", "c.edi"):
            (root / "go").touch()
        if result.alone:
            yard.drop("d.edi", "MSG m3\nSHIP b3 1\n", "beta")
            threading.Timer(0.5, (root / "go").touch).start()

    watched(yard, tell)
    assert heard == [("b.edi", "done"), ("c.edi", "done"), ("a.edi", "waiting"), ("a.edi", "done"), ("d.edi", "done")]
    assert row(yard, "a.edi") == ("done", 1, 1)  # the conflicts are not counted as deaths
    assert yard.problems() == []


def test_a_killed_worker_is_replaced_and_its_drop_goes_back(yard: Yard, running: Callable[[], Engine]) -> None:
    yard.drop("a.edi", f"MSG m1\nTOUCH {yard.root}/begun\nTAKE {yard.root}/go\nSHIP a1 1\n")
    engine = running()
    wait((yard.root / "begun").exists, "not begun")
    (yard.root / "begun").unlink()
    first = hand(engine, engine.status().working)
    os.kill(first, signal.SIGKILL)
    wait((yard.root / "begun").exists, "not begun again")
    assert hand(engine, engine.status().working) not in (0, first)
    yard.drop("b.edi", "MSG m1\nSHIP b1 1\n", "beta")
    wait(lambda: engine.status().drops.get("done", 0) == 1, "the other partner waits")
    (yard.root / "go").touch()
    wait(lambda: engine.status().drops.get("done", 0) == 2, "not done")
    assert [a.rule for a in yard.alerts] == ["WORKER-DIED"]
    assert row(yard, "a.edi") == ("done", 1, 2)


def test_a_file_that_kills_two_workers_is_held_and_the_others_go_on(yard: Yard) -> None:
    yard.drop("a.edi", "MSG m1\nSHIP b1 1\nDIE\n")
    yard.drop("b.edi", "MSG m2\nSHIP b2 1\n")
    yard.drop("c.edi", "MSG m2\nSHIP c2 1\n", "beta")
    results = yard.run()
    assert sorted((r.file_name, r.state) for r in results if not r.waiting) == [
        ("a.edi", "quarantined"), ("b.edi", "done"), ("c.edi", "done"),
    ]  # fmt: skip
    assert [a.rule for a in yard.alerts] == ["WORKER-DIED", "WORKER-DIED", "DROP-POISON"]
    assert yard.problems() == []


def test_the_nursery_forks_without_a_thread(yard: Yard, running: Callable[[], Engine]) -> None:
    pool = running()._crew
    wait(lambda: all(lane.hand and lane.hand.pid for lane in pool._lanes), "no workers")  # type: ignore[attr-defined]
    nursery = pool._nursery._process.pid  # type: ignore[attr-defined]
    assert len(list(Path(f"/proc/{nursery}/task").iterdir())) == 1


def test_a_dead_nursery_is_replaced(yard: Yard, running: Callable[[], Engine]) -> None:
    engine = running()
    pool = engine._crew
    wait(lambda: all(lane.hand and lane.hand.pid for lane in pool._lanes), "no workers")  # type: ignore[attr-defined]
    pool._nursery._process.kill()  # type: ignore[attr-defined]
    wait(lambda: bool(yard.alerts), "not noticed")
    assert [a.rule for a in yard.alerts] == ["WORKER-NONE"]
    yard.drop("a.edi", "MSG m1\nSHIP a1 1\nDIE\n")  # needs new workers
    wait(lambda: engine.status().drops.get("quarantined", 0) == 1, "not held")


def test_workers_that_cannot_load_stop_the_start_with_advice(yard: Yard) -> None:
    yard.shop = "tests.shell.test_workers:broken_shop"
    yard.drop("a.edi", "MSG m1\nSHIP a1 1\n")
    engine = yard.engine()
    try:
        with pytest.raises(ConfigError, match="cannot be started: No tables"):
            engine.run_once()
    finally:
        engine.close()


def broken_shop(*_: object) -> None:
    raise ConfigError("No tables.", "Write some.")


def test_stop_lets_the_files_in_work_finish_and_begins_no_other(yard: Yard, running: Callable[[], Engine]) -> None:
    yard.drop("a.edi", f"MSG m1\nTOUCH {yard.root}/begun\nSLEEP 0.5\nSHIP a1 1\n")
    engine = running()
    wait((yard.root / "begun").exists, "not begun")
    engine.stop()
    yard.drop("b.edi", "MSG m1\nSHIP b1 1\n", "beta")
    wait(lambda: engine.status().working == "", "still working")
    assert engine.status().drops == {"done": 1}


def test_a_file_that_outlasts_the_drain_time_is_done_again_and_not_counted(
    yard: Yard, running: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.shell.loop.DRAIN_S", 0.2)
    yard.drop("a.edi", f"MSG m1\nTOUCH {yard.root}/begun\n" + "SLEEP 0.1\n" * 30 + "SHIP a1 1\n")
    engine = running()
    wait((yard.root / "begun").exists, "not begun")
    engine.stop()
    wait(lambda: engine.status().working == "", "still working")
    assert row(yard, "a.edi") == ("seen", 0, 0)


def test_a_worker_that_does_not_end_is_killed_after_the_drain_time(
    yard: Yard, running: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.shell.loop.DRAIN_S", 0.2)
    monkeypatch.setattr("gateway.shell.loop._GRACE_S", 0.2)
    yard.drop("a.edi", f"MSG m1\nTOUCH {yard.root}/begun\nTAKE {yard.root}/go\nSHIP a1 1\n")
    engine = running()
    wait((yard.root / "begun").exists, "not begun")
    process = hand(engine, engine.status().working)
    engine.stop()
    time.sleep(0.6)
    engine.close()
    wait(lambda: not alive(process), "the worker lives on")
    (yard.root / "go").touch()
    yard.workers = 0
    assert [r.state for r in yard.run()] == ["done"]


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def of_session(leader: int) -> list[int]:
    """Return the living processes of a session."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            if os.getsid(int(place.name)) == leader and alive(int(place.name)):
                found.append(int(place.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_no_worker_outlives_a_killed_gateway_and_the_next_one_waits_for_them(yard: Yard) -> None:
    yard.drop("a.edi", f"MSG m1\nTOUCH {yard.root}/begun\nTAKE {yard.root}/go\nSHIP a1 1\n")
    process = start(yard.root, workers=2)
    wait((yard.root / "begun").exists, "not begun")
    assert len(of_session(process.pid)) == 5  # gateway, nursery, three workers
    with pytest.raises(ConfigError, match="Another gateway"):
        yard.engine()
    process.kill()
    process.wait()
    engine = yard.engine()  # at once: it waits for the workers and is not refused
    assert of_session(process.pid) == []
    (yard.root / "go").touch()
    try:
        assert [(r.file_name, r.state) for r in engine.run_once()] == [("a.edi", "done")]
    finally:
        engine.close()
    assert yard.problems() == []


def test_a_worker_holds_the_lock_of_a_dead_gateway(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.drop("a.edi", f"MSG m1\nTOUCH {yard.root}/begun\nTAKE {yard.root}/go\nSHIP a1 1\n")
    process = start(yard.root, workers=2)
    wait((yard.root / "begun").exists, "not begun")
    others = [one for one in of_session(process.pid) if one != process.pid]
    for one in others:
        os.kill(one, signal.SIGSTOP)
    process.kill()
    process.wait()
    monkeypatch.setattr("gateway.shell.lock._WORKERS_END_S", 0.3)
    with pytest.raises(ConfigError, match=f"process {process.pid}"):
        yard.engine()
    for one in others:
        with suppress(ProcessLookupError):  # the system lets stopped processes without a leader die
            os.kill(one, signal.SIGCONT)
    monkeypatch.setattr("gateway.shell.lock._WORKERS_END_S", 10)
    yard.engine(workers=0).close()


def start(root: Path, workers: int, tries: int = 2) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.shell.one_round", str(root), str(tries), str(workers)]
    null = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, stdout=null, stderr=null, start_new_session=True)


@pytest.mark.parametrize(
    ("after", "step"),
    [
        (False, 6),
        (True, 7),
        pytest.param(False, 1, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
        pytest.param(True, 1, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
def test_a_worker_that_dies_at_any_step_loses_and_doubles_nothing(
    yard: Yard, after: bool, step: int, injected: Callable[[int], None]
) -> None:
    yard.shop, order = "tests.shell.dying:dying_shop", yard.root / "die_at"
    engine = yard.engine()
    try:
        for at in range(1, 300, step):
            order.write_text(str(-at if after else at))
            yard.drop(f"t{at}.edi", f"ICN {at}\nMSG m1\nSHIP a{at} 24.90 p{at}\nMSG m2\nSHIP b{at} 1\nBAD c{at}\n")
            engine._next_poll = 0.0
            results: list[Result] = []
            while not results:  # a drop that was decided comes back after a second
                results = [r for r in engine.run_once() if not r.waiting]
                time.sleep(0.02)
            assert [(r.state, r.accepted) for r in results] == [("done", 2)]
            if order.exists():  # it got through without meeting the fault
                break
        assert at > 20, "the faults were not injected"
    finally:
        engine.close()
    assert len(yard.alerts) == (at - 1) // step
    assert {a.rule for a in yard.alerts} == {"WORKER-DIED"}
    assert len(yard.deliveries()) == 2 * len(range(1, at + 1, step))
    order.unlink()
    assert yard.problems() == []
    injected(len(yard.alerts))
