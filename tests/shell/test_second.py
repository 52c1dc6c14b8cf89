"""The second process of a large file: never waited for, its death costs nothing, what it says of others is found out."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.check import parse_instant
from gateway.shell import second
from gateway.shell.crew import Shop
from gateway.shell.second import Second
from gateway.site import base_site
from gateway.translate import assist, translate
from tests.drops import sample
from tests.shell.shell_support import Clock, Config, Yard

START = parse_instant("2025-01-14T10:00:00Z")
RECEIPT = re.compile(rb"[0-9T]{21}-[0-9a-f]{6}")
Work = Iterator[tuple[int, bytes]]
Wanted = Callable[[int], bool]


def until(found: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not found():
        assert time.monotonic() < end
        time.sleep(0.005)


def ready(other: Second) -> None:
    """Wait until the next verdicts are there."""
    until(other._complete)


def test_verdicts_come_in_order_and_those_that_are_too_late_are_left_out() -> None:
    def work(wanted: Wanted) -> Work:
        yield from ((group, b"v%d" % group) for group in (2, 3, 5, 9))

    other = Second(work)
    try:
        ready(other)
        assert [other.verdicts(group) for group in (0, 2, 3, 4)] == [None, b"v2", b"v3", None]
        assert other.verdicts(9) == b"v9"  # 5 came too late
        assert other.verdicts(10) is None
        assert other.used == 3
    finally:
        other.close()


def test_a_fork_beside_the_listening_thread_does_not_warn_and_never_loses_the_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fork = os.fork

    def warning() -> int:  # as Python 3.12 does: in the parent, with the child running
        if pid := fork():
            warnings.warn("multi-threaded", DeprecationWarning, stacklevel=2)
        return pid

    def work(wanted: Wanted) -> Work:
        yield 0, b"v"

    monkeypatch.setattr(os, "fork", warning)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other = Second(work)
    ready(other)
    assert other.verdicts(0) == b"v"
    other.close()


def test_nobody_waits_for_a_process_that_hangs() -> None:
    def work(wanted: Wanted) -> Work:
        time.sleep(600)
        yield 0, b"never"

    other = Second(work)
    begin = time.monotonic()
    assert [other.verdicts(group) for group in range(90)] == [None] * 90
    other.close()
    other.close()  # a second time does nothing
    assert time.monotonic() - begin < 10


def test_a_process_that_is_of_no_use_is_ended() -> None:
    def work(wanted: Wanted) -> Work:
        time.sleep(600)
        yield 0, b"never"

    other = Second(work)
    assert not any(other.verdicts(group) for group in range(second._TRIAL))
    with pytest.raises(ProcessLookupError):
        os.kill(other._pid, 0)
    assert other.verdicts(1000) is None
    other.close()


def test_more_than_a_pipe_holds_waits_in_the_other_process_and_skips_what_was_passed() -> None:
    size = 3 * second._PIPE // 4

    def work(wanted: Wanted) -> Work:
        yield from ((group, b"x" * size) for group in range(2, 40) if wanted(group))

    other = Second(work)
    try:
        ready(other)
        assert other.verdicts(20) is None  # 2 and what the pipe holds are too late; then come those from 22 on
        found = 21
        while found < 40 and not (data := other.verdicts(found)):
            until(other._complete)
            found += 1
        assert found >= 22
        assert data == b"x" * size
    finally:
        other.close()


def test_the_process_holds_nothing_of_its_parent_and_ends_with_the_pipe(tmp_path: Path) -> None:
    def work(wanted: Wanted) -> Work:
        yield 0, "\n".join(os.listdir("/proc/self/fd")).encode()
        while True:
            yield 1, b"y" * 100_000

    with (tmp_path / "lock").open("w"):
        other = Second(work)
        ready(other)
        held = other.verdicts(0)
        assert held is not None
        assert len([fd for fd in held.split() if int(fd) > 2]) == 2  # the pipe, and the folder that is being listed
    os.close(other._pipe)
    other._ended = True
    assert os.waitpid(other._pid, 0)[1] == 0


# --- in a gateway -----------------------------------------------------------------------------------------------


class RealYard(Yard):
    def config(self) -> Config:
        config = super().config()
        profile = base_site().profile_for(sample("x12/01"))
        config.partners = [replace(p, profile=replace(profile, partner=p.name)) for p in config.partners]
        return config


def shop(root: Path, partners: tuple[str, ...], max_tries: int, ledger_url: str) -> Shop:
    """What a worker of these tests works with: every file is a large one."""
    second.FROM = 1
    yard = RealYard(root, partners=partners, ledger_url=ledger_url)
    return Shop(yard.config(), patiently, {"good": assist, "dies": dies, "wrong": wrong}[(root / "how").read_text()], lambda: START)  # fmt: skip


class Patient:
    """Waits for the first verdicts, so that a slow machine uses some too."""

    def __init__(self, other: Second) -> None:
        self._other = other

    def verdicts(self, group: int) -> bytes | None:
        if group == second._AHEAD:
            ready(self._other)
        return self._other.verdicts(group)


def patiently(*args: Any, others: Any = None, **names: Any) -> Any:
    return translate(*args, others=others and Patient(others), **names)


def dies(*args: object, **names: object) -> Work:
    """Judge a few groups, then die."""
    for number, piece in enumerate(assist(*args, **names)):  # type: ignore[arg-type]
        if number == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        yield piece


def wrong(*args: object, **names: object) -> Work:
    """Say of each group what was said of the one before."""
    before = b""
    for group, data in assist(*args, **names):  # type: ignore[arg-type]
        if before:
            yield group, before
        before = data


def bills(count: int) -> str:
    """Return a 309 of many bills made of the one of a sample; every fifth lacks the consignee's ZIP code."""
    head, _, rest = sample("x12/01").decode().partition("LX*1")
    one, _, tail = rest.partition("SE*")
    one = one.partition("LX*")[0]
    number = re.search(r"M11\*(\w+)", one)
    assert number is not None
    made = []
    for at in range(1, count + 1):
        text = (
            one.replace(number[1], f"{number[1][:-4]}{at:04d}")
            .replace("1Z", f"9Z{at:05d}")
            .replace("905 BIRCH", f"{at} BIRCH")
        )
        made.append(f"LX*{at}" + (text if at % 5 else re.sub(r"(N4\*[^*]*\*[A-Z]{2})\*[0-9]{5}", r"\1*", text)))
    body = head[head.index("ST*") :] + "".join(made)
    return head[: head.index("ST*")] + body + "SE*" + re.sub(r"^\d+", str(body.count("~") + 1), tail)


@pytest.mark.parametrize("how", ["good", "dies", "wrong"])
def test_a_file_comes_out_the_same_with_and_without_a_second_process(
    tmp_path: Path, how: str, logs: io.StringIO
) -> None:
    text, found = bills(400), []
    for workers in (0, 2):
        yard = RealYard(tmp_path / str(workers), clock=Clock(START), translate=translate, partners=("acme",), workers=workers, shop="tests.shell.test_second:shop")  # fmt: skip
        (yard.root / "how").write_text(how)
        yard.drop("big.edi", text)
        (result,) = yard.run()
        assert (result.found, result.accepted, result.rejected) == (400, 320, 80)
        assert yard.problems() == []
        folders = (yard.out, yard.folder("ack"), yard.folder("reject"))
        found.append({p.name: RECEIPT.sub(b"R", p.read_bytes()) for folder in folders for p in folder.glob("*.*")})
    assert len(found[0]) > 4
    assert found[0] == found[1]
    lines = [json.loads(line) for line in logs.getvalue().splitlines()]
    used = [line["groups"] for line in lines if line["event"] == "drop.second"]
    assert len(used) == 1
    assert 0 < used[0] <= {"good": 25, "dies": 5, "wrong": 1}[how]
    assert [line["event"] for line in lines].count("drop.shared") == (how == "wrong")
