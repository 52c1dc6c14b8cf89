"""A backup that is made at any moment of the work fits together, and a gateway restored from it delivers nothing twice."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigError
from gateway.shell import backup as module
from gateway.shell import orders
from gateway.shell.backup import SKIPPED_NUMBERS, backup, housework
from gateway.shell.drops import Keep
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import Ledger, open_ledger
from gateway.shell.orders import RETAIN, Order
from gateway.shell.verify import verify
from tests.in_process import run
from tests.shell.shell_support import Yard
from tests.shell.site_support import Place
from tests.shell.test_faults import TWO

HELD = "MSG m4\nSHIP h1 1.00\nHOLD\n"


def back_up(yard: Yard, target: Path) -> None:
    url = f"sqlite:///{yard.root}/state/ledger.db"
    ledger = open_ledger(url)
    try:
        backup(StateFolders(yard.root / "state"), ledger, url, target)
    finally:
        ledger.close()


def problems(yard: Yard, state: Path) -> list[tuple[str, str]]:
    ledger = open_ledger(f"sqlite:///{state}/ledger.db")
    try:
        return [(p.rule, p.message) for p in verify(state, ledger, vault=yard.vault())]
    finally:
        ledger.close()


def outside(yard: Yard) -> dict[str, bytes]:
    """All that was delivered: what receivers and senders have."""
    found = [*yard.out.glob("*.json"), *yard.folder("ack").iterdir(), *yard.folder("reject").iterdir()]
    return {str(path.relative_to(yard.root)): path.read_bytes() for path in found if path.is_file()}


def restore(yard: Yard, copy: Path) -> None:
    """Put a copy in the place of the state folder, as docs/operations.md says."""
    shutil.rmtree(yard.root / "state")
    shutil.copytree(copy, yard.root / "state")


class Moments:
    """Calls something at the n-th step of the work that is no part of a transaction."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.at, self.depth, self.busy = 0, 0, 0, False
        self.act: Callable[[], None] = lambda: None
        for name in ("fsync", "link", "rename", "replace", "unlink", "mkdir", "rmdir"):  # pathlib calls them, too
            monkeypatch.setattr(os, name, self._wrapped(getattr(os, name)))
        for name in ("transaction", "passing"):
            monkeypatch.setattr(Ledger, name, self._transaction(getattr(Ledger, name)))

    def arm(self, at: int, act: Callable[[], None]) -> None:
        self.count, self.at, self.act = 0, at, act

    @property
    def met(self) -> bool:
        return self.count >= self.at > 0

    def step(self) -> None:
        if self.busy or self.depth:
            return
        self.count += 1
        if self.count == self.at:
            self.busy = True
            try:
                self.act()
            finally:
                self.busy = False

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **facts: Any) -> Any:
            result = call(*args, **facts)
            self.step()
            return result

        return stepped

    def _transaction(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def stepped(ledger: Ledger) -> Iterator[Any]:
            self.step()
            self.depth += 1
            try:
                with call(ledger) as connection:
                    yield connection
            finally:
                self.depth -= 1
            self.step()

        return stepped


def test_every_way_to_change_a_folder_is_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = Moments(monkeypatch)
    place, other = tmp_path / "a", tmp_path / "b"
    ways: list[Callable[[], object]] = [
        place.mkdir, lambda: place.rename(other), lambda: os.rename(other, place), lambda: place.replace(other), other.rmdir,
        lambda: os.makedirs(place), lambda: os.rmdir(place), place.touch, lambda: other.hardlink_to(place), place.unlink, lambda: os.unlink(other),
    ]  # fmt: skip
    counts = []
    for way in ways:
        before = moments.count
        way()
        counts.append(moments.count - before)
    assert counts == [1] * 7 + [0] + [1] * 3  # a new file is no moment: its fsync is


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("key", "first", "stride"),
    [
        pytest.param(False, 5, 11, id="clear"),
        pytest.param(True, 9, 11, id="sealed"),
        pytest.param(False, 1, 1, id="every step, clear", marks=pytest.mark.long),
        pytest.param(True, 1, 1, id="every step, sealed", marks=pytest.mark.long),
    ],
)
def test_a_backup_at_any_step_is_whole_and_delivers_nothing_twice(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: bool,
    first: int,
    stride: int,
    injected: Callable[[int], None],
) -> None:
    moments = Moments(monkeypatch)
    monkeypatch.setattr(module, "_PATIENCE_S", 0.0)  # the work stands still while we look
    monkeypatch.setattr(module, "_MOVES_S", 0.0)
    made = 0
    for at in range(first, 500, stride):
        yard, copy = Yard(tmp_path / str(at)), tmp_path / str(at) / "copy"
        if key:
            yard.new_key("2025")
        yard.drop("raw.edi", TWO)
        yard.drop("held.edi", HELD)

        def take(yard: Yard = yard, copy: Path = copy) -> None:
            with contextlib.suppress(ConfigError):  # busy with removals
                back_up(yard, copy)

        moments.arm(at, take)
        yard.run()
        met = moments.met
        moments.arm(0, take)
        if not met:
            assert made * stride > 30, "no backups were made"
            injected(made)
            return
        if copy.exists():
            made += 1
            found = problems(yard, copy)
            assert [p for p in found if p[0] != "VERIFY-STATE"] == []  # finished, but not put away when it was copied
            before = outside(yard)
            restore(yard, copy)
            yard.run()
            assert yard.problems(all_present=False) == []
            after = outside(yard)
            assert {name for name in before if ".997." not in name} <= after.keys()
            assert {n: d for n, d in after.items() if n.startswith("out")} == {
                n: d for n, d in before.items() if n.startswith("out")
            }
            assert not [*(yard.root / "state" / "work").iterdir()]
            yard.drop("raw.edi", TWO)  # the senders repeat what they are not sure of
            yard.drop("held.edi", HELD)
            yard.run()
            assert {n for n in outside(yard) if n.startswith("out")} == {n for n in before if n.startswith("out")}
            assert yard.problems(all_present=False) == []
        shutil.rmtree(yard.root)
    pytest.fail("a run without a backup was never reached")


def copies_of_a_busy_gateway(
    yard: Yard, files: int, copies: list[Path], take: Callable[[Yard, Path], object]
) -> list[Path]:
    """Let a gateway work on files of two partners, take copies meanwhile, and wait until all is delivered."""
    for number in range(files):
        yard.drop(f"a{number}.edi", f"MSG a{number}\nSHIP x{number} 1.00\n", "acme" if number % 2 else "beta")
    engine = yard.engine()
    thread = threading.Thread(target=engine.run_forever)
    thread.start()
    try:
        for copy in copies:
            take(yard, copy)
            time.sleep(0.1)
        end = time.monotonic() + 60
        while len(yard.deliveries()) < files:
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        engine.stop()
        thread.join(30)
        engine.close()
    return copies


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_backups_of_a_busy_gateway_are_whole(tmp_path: Path, workers: int) -> None:
    yard = Yard(tmp_path, workers=workers, clock=module_clock())
    yard.new_key("2025")
    copies = copies_of_a_busy_gateway(yard, 30, [tmp_path / f"copy{number}" for number in range(4)], back_up)
    before = outside(yard)
    for copy in copies:
        assert problems(yard, copy) == []
    for copy in copies:
        restore(yard, copy)
        yard.run()
        assert {n: d for n, d in outside(yard).items() if n.startswith("out")} == {n: d for n, d in before.items() if n.startswith("out")}  # fmt: skip
        assert yard.problems(all_present=False) == []


def module_clock() -> Callable[[], Any]:
    from gateway.shell.folders import utc_now

    return utc_now


def test_numbers_of_our_answers_are_not_used_twice_after_a_restore(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.drop("a.edi", "MSG m1\nSHIP b1 1.00\n")
    yard.run()
    back_up(yard, tmp_path / "copy")
    yard.drop("b.edi", "MSG m2\nSHIP b2 1.00\n")
    yard.run()
    restore(yard, tmp_path / "copy")
    yard.drop("c.edi", "MSG m3\nSHIP b3 1.00\n")
    yard.run()
    assert yard.controls() == [1, 2, SKIPPED_NUMBERS + 2]


def test_no_orders_and_no_removals_while_a_backup_is_made(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.drop("a.edi", "MSG m1\nSHIP b1 1.00\n")
    yard.run()
    folders = StateFolders(tmp_path / "state")
    orders.give(folders, orders.ReceiptIds(yard.clock), Order(RETAIN))
    yard.keep = Keep(raw=1)
    with module._paused(folders):
        yard.run()
        assert [*(tmp_path / "state" / "orders").iterdir()]
    yard.run()
    assert not [*(tmp_path / "state" / "orders").iterdir()]


def test_a_backup_waits_for_removals_that_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 0.2)
    yard = Yard(tmp_path)
    yard.run()
    with housework(StateFolders(tmp_path / "state")) as may, pytest.raises(ConfigError, match="busy with removals"):
        assert may
        back_up(yard, tmp_path / "copy")
    back_up(yard, tmp_path / "copy")


def test_nothing_is_written_over_and_a_half_copy_never_has_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = Yard(tmp_path)
    yard.drop("a.edi", "MSG m1\nSHIP b1 1.00\n")
    yard.run()
    for target in (tmp_path / "out", tmp_path / "state" / "copy"):
        with pytest.raises(ConfigError, match="there already, or in the state folder"):
            back_up(yard, target)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(module.shutil, "copyfileobj", full)
        back_up(yard, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    back_up(yard, tmp_path / "copy")
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "copy").rglob("*")}
    assert modes == {0}


def test_the_command_copies_a_real_site_and_checks_the_copy(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.drop("good-309.edi")
    place.drop("bad-309.edi")
    place.run()
    said = json.loads(run("backup", str(tmp_path / "copy"), str(place.folder), "--check", "--json"))
    assert said["drops"] == 2
    assert said["problems"] == []
    raw = next((tmp_path / "copy" / "archive").rglob("raw"))
    raw.write_bytes(b"changed")
    shutil.rmtree(place.folder / "state")
    (tmp_path / "copy").rename(place.folder / "state")
    assert "VERIFY-RAW" in run("verify", str(place.folder))
    assert "Name a new folder" in run("backup", str(place.folder / "out"), str(place.folder))


def test_files_that_come_again_after_a_restore_are_answered_beside_the_earlier_answers(tmp_path: Path) -> None:
    """Their answers lie in the folders already; the new ones took the same names, and every such drop was held."""
    place = Place(tmp_path / "site")
    place.drop("good-309.edi")
    place.run()
    run("backup", str(tmp_path / "copy"), str(place.folder))
    place.drop("prelim-309.edi")
    place.run()
    shutil.rmtree(place.folder / "state")
    (tmp_path / "copy").rename(place.folder / "state")
    for path in (place.folder / "out").glob("*.json"):  # the receiver took them away
        path.unlink()
    place.drop("prelim-309.edi")
    place.run()
    rows = [json.loads(line) for line in run("status", str(place.folder), "--json").splitlines()]
    assert [(row["file"], row["state"]) for row in rows] == [("good-309.edi", "done"), ("prelim-309.edi", "done")]
    assert all(rows[1]["receipt"] in name for name in rows[1]["answers"])
    assert len(list((place.folder / "out").glob("*.json"))) == 1
