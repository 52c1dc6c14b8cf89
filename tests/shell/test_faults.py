"""Every step of a drop cut off or failing, one after the other, until a run meets no fault; then all promises are checked."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.shell import folders, intake
from gateway.shell.ledger import Ledger
from tests.shell.shell_support import NOW, Clock, Yard

TWO = "ICN 1\nMSG m1\nSHIP b1 24.90 anna\nSHIP b2 10.00\nMSG m2\nSHIP b4 1\nBAD b3\n"
STRACE = shutil.which("strace")


class CrashError(BaseException):
    """The process ends here; nothing of ours may catch it."""


class Faults:
    """Lets the n-th dangerous call raise; before or after the call took effect."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.at, self.after = 0, 0, False
        self.error: BaseException = CrashError()
        for name in ("fsync", "link", "rename", "unlink", "mkdir", "rmdir"):  # pathlib calls them, too
            monkeypatch.setattr(os, name, self._wrapped(getattr(os, name)))
        for name in ("transaction", "passing"):
            monkeypatch.setattr(Ledger, name, self._transaction(getattr(Ledger, name)))

    def arm(self, at: int, error: BaseException, *, after: bool) -> None:
        self.count, self.at, self.error, self.after = 0, at, error, after

    @property
    def met(self) -> bool:
        return self.count >= self.at > 0

    def _step(self) -> bool:
        self.count += 1
        return self.count == self.at

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **facts: Any) -> Any:
            hit = self._step()
            if hit and not self.after:
                raise self.error
            result = call(*args, **facts)
            if hit:
                raise self.error
            return result

        return stepped

    def _transaction(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def stepped(ledger: Ledger) -> Iterator[Any]:
            hit = self._step()
            with call(ledger) as connection:
                yield connection
                if hit and not self.after:
                    raise self.error  # everything was written, nothing committed
            if hit:
                raise self.error

        return stepped


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    return Faults(monkeypatch)


def converge(yard: Yard) -> None:
    """Start again without faults, twice: the second start has nothing to do."""
    yard.run()
    found = sorted((path, path.stat().st_mtime_ns) for path in yard.root.rglob("*") if "state" not in path.parts)
    assert yard.run() == []
    assert found == sorted(
        (path, path.stat().st_mtime_ns) for path in yard.root.rglob("*") if "state" not in path.parts
    )
    assert yard.problems() == []


def check_answered_once(yard: Yard) -> None:
    assert yard.names("in") == []
    assert [name.split(".")[1] for name in yard.deliveries()] == ["m1", "m2"]
    assert "trip1.edi.receipt.json" in yard.names("ack")
    assert [name for name in yard.names("ack") if name.endswith(".997.edi")] == ["trip1.edi.997.edi"]
    assert yard.names("reject") == ["trip1.edi.rejects.csv"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_step_loses_and_doubles_nothing(
    tmp_path: Path, faults: Faults, injected: Callable[[int], None], after: bool
) -> None:
    for at in range(1, 500):
        yard = Yard(tmp_path / str(at))
        yard.drop("trip1.edi", TWO)
        faults.arm(at, CrashError(), after=after)
        with suppress(CrashError):
            yard.run()
        met = faults.met
        faults.arm(0, CrashError(), after=after)
        converge(yard)
        check_answered_once(yard)
        shutil.rmtree(yard.root)
        if not met:
            assert at > 40, "the faults were not injected"
            injected(at - 1)
            return
    pytest.fail("a run without a fault was never reached")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["disk-full", "io-error"])
def test_a_failing_disk_at_any_step_only_delays(
    tmp_path: Path, faults: Faults, injected: Callable[[int], None], number: int
) -> None:
    for at in range(1, 500):
        yard = Yard(tmp_path / str(at))
        yard.drop("trip1.edi", TWO)
        faults.arm(at, OSError(number, os.strerror(number)), after=False)
        with suppress(OSError):  # a fault before the engine is up ends the start
            yard.run()
        met = faults.met
        faults.arm(0, CrashError(), after=False)
        converge(yard)
        check_answered_once(yard)
        shutil.rmtree(yard.root)
        if not met:
            assert at > 40, "the faults were not injected"
            injected(at - 1)
            return
    pytest.fail("a run without a fault was never reached")


def test_a_crash_at_any_step_of_a_duplicate_or_a_held_file_is_harmless(
    tmp_path: Path, faults: Faults, injected: Callable[[int], None]
) -> None:
    for at in range(1, 500):
        yard = Yard(tmp_path / str(at))
        yard.drop("trip1.edi", TWO)
        yard.run()
        yard.drop("again.edi", TWO)
        yard.drop("bad.edi", "MSG m9\nSHIP b9 1\nBOOM\n")
        faults.arm(at, CrashError(), after=False)
        with suppress(CrashError):
            yard.run()
        met = faults.met
        faults.arm(0, CrashError(), after=False)
        converge(yard)
        assert len(yard.deliveries()) == 2
        assert yard.names("ack") == [
            "again.edi.997.edi", "again.edi.receipt.json", "trip1.edi.997.edi", "trip1.edi.receipt.json",
        ]  # fmt: skip
        assert "bad.edi.receipt.json" in yard.names("reject")
        shutil.rmtree(yard.root)
        if not met:
            injected(at - 1)
            return
    pytest.fail("a run without a fault was never reached")


def test_a_crash_at_any_step_of_a_copy_across_file_systems_is_harmless(
    tmp_path: Path, faults: Faults, monkeypatch: pytest.MonkeyPatch, injected: Callable[[int], None]
) -> None:
    rename = os.rename

    def other_device(path: Path | str, target: Path | str) -> None:
        if Path(path).parent.name == "in":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(path, target)

    monkeypatch.setattr(os, "rename", other_device)
    for at in range(1, 500):
        yard = Yard(tmp_path / str(at))
        yard.drop("trip1.edi", TWO)
        faults.arm(at, CrashError(), after=bool(at % 2))
        with suppress(CrashError):
            yard.run()
        met = faults.met
        faults.arm(0, CrashError(), after=False)
        converge(yard)
        check_answered_once(yard)
        shutil.rmtree(yard.root)
        if not met:
            injected(at - 1)
            return
    pytest.fail("a run without a fault was never reached")


def test_control_numbers_rise_and_are_never_used_twice_over_crashes(tmp_path: Path, faults: Faults) -> None:
    yard = Yard(tmp_path)
    for at in range(5, 65, 6):
        yard.drop(f"trip{at}.edi", f"MSG m{at}\nSHIP b{at} 1\n")
        faults.arm(at, CrashError(), after=bool(at % 2))
        with suppress(CrashError):
            yard.run()
        faults.arm(0, CrashError(), after=False)
        yard.run()
    numbers = yard.controls()
    assert len(numbers) == len(set(numbers)) == 10
    assert yard.problems() == []


def test_a_file_that_kills_the_process_twice_is_held_and_the_others_go_on(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.drop("a-poison.edi", "MSG m1\nSHIP b1 1\nDIE\n")
    yard.drop("b-good.edi", "MSG m2\nSHIP b2 1\n")
    assert [start(yard).returncode for _ in range(3)] == [9, 9, 0]
    assert yard.names("reject") == ["a-poison.edi.receipt.json"]
    assert yard.names("ack") == ["b-good.edi.997.edi", "b-good.edi.receipt.json"]
    assert yard.problems() == []


def test_a_file_size_limit_of_the_system_delays_but_never_truncates(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.run()  # the ledger is there
    text = "MSG m1\n" + "".join(f"SHIP b{number} 1\n" for number in range(20_000))
    yard.drop("big.edi", text)
    limited = start(yard, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000)))
    assert limited.returncode == 0, limited.stderr
    assert b"waiting" in limited.stdout
    assert yard.deliveries() == []
    converge(yard)
    assert len(yard.deliveries()) == 1


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="needs root to mount a small tmpfs")
def test_a_full_disk_at_the_target_delays_until_there_is_room(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(yard.out)], check=False)
    if mounted.returncode:
        pytest.skip("mounting a tmpfs is not permitted here")
    try:
        yard.drop("trip1.edi", "MSG m1\n" + "".join(f"SHIP b{number} 1\n" for number in range(2000)))
        assert [result.waiting for result in yard.run()] == [True]
        assert yard.deliveries() == []
        assert yard.names("ack") == []
        subprocess.run(["mount", "-o", "remount,size=1m", str(yard.out)], check=True)
        assert [result.state for result in yard.run()] == ["done"]
        assert yard.problems(all_present=True) == []
    finally:
        subprocess.run(["umount", str(yard.out)], check=True)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="needs root to mount a small tmpfs")
def test_a_target_without_inodes_delays_until_there_are_some(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=2", "tmpfs", str(yard.out)], check=False)
    if mounted.returncode:
        pytest.skip("mounting a tmpfs is not permitted here")
    try:
        (yard.out / "test").mkdir()  # the second and last inode
        yard.drop("trip1.edi", TWO)
        assert [result.waiting for result in yard.run()] == [True]
        assert yard.deliveries() == []
        assert yard.names("ack") == []
        subprocess.run(["mount", "-o", "remount,nr_inodes=100", str(yard.out)], check=True)
        assert [result.state for result in yard.run()] == ["done"]
        check_answered_once(yard)
        assert yard.problems(all_present=True) == []
    finally:
        subprocess.run(["umount", str(yard.out)], check=True)


def test_too_few_file_descriptors_delay_and_lose_nothing(tmp_path: Path) -> None:
    waited = 0
    for most in range(12, 60, 4):
        yard = Yard(tmp_path / str(most))
        yard.drop("trip1.edi", TWO)
        limited = start(yard, preexec_fn=lambda n=most: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))
        waited += limited.stdout.split() != [b"done"]
        converge(yard)
        check_answered_once(yard)
    assert 0 < waited < 12, "the limit must hinder some runs, and not all"


@pytest.mark.slow
@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize(
    "every", [pytest.param(False, id="some"), pytest.param(True, id="all", marks=pytest.mark.long)]
)
@pytest.mark.parametrize("call", ["fsync", "fdatasync", "rename", "link", "unlink"])
def test_kill_9_at_system_calls_loses_and_doubles_nothing(
    tmp_path: Path, call: str, every: bool, injected: Callable[[int], None]
) -> None:
    probe = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", "trace=getpid", "true"]
    if subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("strace may not trace processes here")
    step = 1 if every else {"fsync": 7, "fdatasync": 3, "link": 2, "unlink": 4}.get(call, 1)
    for at in range(1, 200, step):
        yard = Yard(tmp_path / str(at))
        yard.drop("trip1.edi", TWO)
        wrapper = [str(STRACE), "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        killed = start(yard, [*wrapper, "-e", f"inject={call}:signal=SIGKILL:when={at}"])
        converge(yard)
        check_answered_once(yard)
        shutil.rmtree(yard.root)
        if killed.returncode == 0:
            assert at > 1, f"{call} is never called"
            injected(len(range(1, at, step)))
            return
    pytest.fail("a run without a kill was never reached")


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("file", ["out/000001", "acks/trip1.edi.997.edi", "out/trip1.edi.997.edi"])
def test_a_short_write_that_reports_success_is_noticed_before_the_file_is_published(tmp_path: Path, file: str) -> None:
    yard = Yard(tmp_path)
    engine = yard.engine()
    path = yard.drop("trip1.edi", TWO)
    claimed = engine.intake.claim_path(intake.Candidate(path, Path(f"{path}.done")), "acme", "acme-sftp")
    engine.close()
    written = yard.root / "state" / "work" / claimed.receipt / file
    short = [str(STRACE), "-f", "-qq", "-o", "/dev/null", "-P", str(written), "-e", "trace=write"]
    run = start(yard, [*short, "-e", "inject=write:retval=7:when=1"])
    if b"PTRACE" in run.stderr:
        pytest.skip("strace may not trace processes here")
    assert run.stdout.startswith(b"waiting"), run.stdout
    assert [*yard.deliveries(), *yard.names("ack"), *yard.names("reject")] == []
    converge(yard)
    check_answered_once(yard)


@pytest.mark.skipif(STRACE is None or os.geteuid() != 0, reason="needs strace, and root to give a folder away")
def test_a_short_write_of_a_copy_in_another_folder_is_noticed(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.run()
    yard.out.chmod(0o2750)  # what is made in it belongs to its group, so files are copied
    os.chown(yard.out, -1, 1)
    yard.drop("trip1.edi", TWO)
    name = ".acme.m1." + folders.digest(yard.folder("in") / "trip1.edi")[1][:16] + ".json.tmp"
    short = [str(STRACE), "-f", "-qq", "-o", "/dev/null", "-P", str(yard.out / name), "-e", "trace=write"]
    run = start(yard, [*short, "-e", "inject=write:retval=17:when=1"])
    if b"PTRACE" in run.stderr:
        pytest.skip("strace may not trace processes here")
    assert run.stdout.startswith(b"waiting"), run.stdout
    assert not [name for name in yard.deliveries() if (yard.out / name).stat().st_size < 20]
    converge(yard)
    check_answered_once(yard)
    assert {(yard.out / name).stat().st_gid for name in yard.deliveries()} == {1}


def start(yard: Yard, wrapper: list[str] | None = None, **facts: Any) -> subprocess.CompletedProcess[bytes]:
    """Run one round of the engine in a process of its own."""
    command = [*(wrapper or []), sys.executable, "-m", "tests.shell.one_round", str(yard.root)]
    return subprocess.run(command, check=False, capture_output=True, timeout=60, cwd=Path(__file__).parents[2], **facts)


def test_a_rename_that_happened_although_the_call_failed_is_recovered(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    engine = yard.engine()
    path = yard.drop("trip1.edi", TWO)
    claimed = engine.intake.claim_path(intake.Candidate(path), "acme", "acme-sftp")
    engine.close()  # claimed, nobody was told
    assert [result.receipt for result in yard.run()] == [claimed.receipt]
    assert Clock()() > NOW
