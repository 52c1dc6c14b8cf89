"""Threads that work as long as the gateway does outlive what fails around them: else it goes on without them, in silence."""

from __future__ import annotations

import csv
import errno
import http.client
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from gateway.commands import reloading
from gateway.commands.fetching import Fetching
from gateway.commands.serving import Gateway
from gateway.shell import pager as pages
from gateway.shell import pool
from gateway.shell.desk import Alert
from gateway.shell.pager import Pager
from gateway.shell.sftp_accounts import SftpEvent
from tests.shell.shell_support import Yard
from tests.shell.site_support import Place

FULL = OSError(errno.ENOSPC, "No space left on device")


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("error", [FULL, UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a name in the listing")])
def test_a_server_is_asked_again_after_a_fault_of_our_disk_or_an_answer_that_is_none(error: Exception) -> None:
    told: list[str] = []
    alert = lambda rule, _message, partner, receipt="": told.append(f"{rule} {partner}")  # noqa: E731
    fetching: Any = SimpleNamespace(_stopping=threading.Event(), _alert=alert)
    asked = []

    def poll() -> None:
        asked.append(True)
        if len(asked) < 3:
            raise error
        if len(asked) > 3:
            fetching._stopping.set()

    source: Any = SimpleNamespace(name="northtest", facts=SimpleNamespace(seconds=0.0))
    drop: Any = SimpleNamespace(poll=poll)
    Fetching._poll(fetching, source, drop)
    assert (len(asked), told) == (4, ["DROP-FOLDER northtest", "DROP-RESUMED northtest"])


def test_a_file_that_stays_on_a_partners_server_is_told_to_a_person_once() -> None:
    told: list[str] = []
    alert = lambda rule, _message, partner: told.append(f"{rule} {partner}")  # noqa: E731
    fetching: Any = SimpleNamespace(_left=set(), _alert=alert)
    for name in ("big.edi", "big.edi", "bigger.edi"):
        Fetching._polled(fetching, SftpEvent("SFTP-LIMIT-SIZE", "acme-sftp", "sftp.example", name, "9 bytes"))
    Fetching._polled(fetching, SftpEvent("SFTP-HANDED-OVER", "acme-sftp", "sftp.example", "a.edi"))
    assert told == ["SFTP-LIMIT-SIZE acme-sftp"] * 2


def test_an_alert_is_told_after_one_that_the_web_hook_answered_with_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []

    def noise(request: Any, **_: object) -> Any:
        sent.append(request.data)
        raise http.client.BadStatusLine("\x16\x03")

    monkeypatch.setattr(pages.urllib.request, "urlopen", noise)
    pager = Pager(webhook="https://alerts.example.com/hook")
    pager.tell(Alert("DROP-BUG", "one"))
    pager.tell(Alert("DROP-BUG", "two"))
    pager.close()
    assert len(sent) == 2


def test_a_changed_profile_that_cannot_be_taken_now_does_not_end_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OperationalError("INSERT", {}, Exception("database or disk is full"))
    gateway = Gateway(Place(tmp_path / "site").site, port=0, workers=1)
    told: list[str] = []
    gateway._pager.tell = lambda alert: told.append(alert.rule)  # type: ignore[method-assign]
    try:
        for error in (FULL, full, csv.Error("field larger than field limit (131072)")):
            monkeypatch.setattr(reloading, "load_afresh", failing(error))
            monkeypatch.setattr(Path, "write_text", failing(FULL))
            with (gateway.site.settings.folder / "partners" / "northtest.toml").open("a") as file:
                file.write("# changed\n")
            for _ in range(3):
                gateway.engine._next_poll = 0.0
                gateway.engine.run_once()
    finally:
        gateway.close()
    assert told == ["PROFILE-BROKEN"] * 3


@pytest.mark.parametrize("error", [FULL, OperationalError("INSERT", {}, Exception("database or disk is full"))])
def test_a_change_that_the_machine_did_not_let_be_taken_is_taken_later_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It was told that the old tables work on, and they did until somebody saved a file once more."""
    gateway = Gateway(Place(tmp_path / "site").site, port=0, workers=1)
    told: list[str] = []
    gateway._pager.tell = lambda alert: told.append(alert.rule)  # type: ignore[method-assign]

    def look(times: int) -> None:
        for _ in range(times):
            gateway.engine._next_poll = gateway._watcher._again_at = 0.0
            gateway.engine.run_once()

    try:
        with monkeypatch.context() as patch:
            patch.setattr(gateway, "_keep_versions", failing(error))
            with (gateway.site.settings.folder / "partners" / "northtest.toml").open("a") as file:
                file.write("# changed\n")
            look(4)
            assert told == ["PROFILE-BROKEN"]
            assert "It is tried again by itself." in reloading.last_change(gateway.site.settings.state_dir)["fault"]
        look(1)
        assert told == ["PROFILE-BROKEN", "PROFILE-LOADED"]
        look(2)
        assert told == ["PROFILE-BROKEN", "PROFILE-LOADED"]
    finally:
        gateway.close()


def test_a_process_that_cannot_be_started_is_tried_again(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.workers = 2
    engine = yard.engine()
    try:
        yard.drop("a.edi", "MSG m1\nSHIP b1 1\n")
        assert [r.state for r in engine.run_once()] == ["done"]
        crew = engine._crew
        assert isinstance(crew, pool.Pool)
        assert crew._nursery is not None
        crew._nursery._process.kill()
        for lane in crew._lanes:
            assert lane.hand is not None
            lane.hand.kill()
        with monkeypatch.context() as patch:
            patch.setattr(pool.subprocess, "Popen", failing(OSError(errno.ENOMEM, "Cannot allocate memory")))
            yard.drop("b.edi", "MSG m2\nSHIP b2 1\n")
            end = time.monotonic() + 20
            while crew._nursery is not None or any(lane.hand is not None for lane in crew._lanes) or crew._fails < 3:
                assert time.monotonic() < end
                time.sleep(0.01)
                crew._not_before = 0.0
                assert not crew.room(0) or crew.ended() == []
            assert [alert.rule for alert in yard.alerts].count("WORKER-NONE") == 1
        crew._not_before = 0.0
        for lane in crew._lanes:
            lane.not_before = 0.0
        assert [r.state for r in engine.run_once()] == ["done"]
        assert [alert.rule for alert in yard.alerts][-1] == "DROP-RESUMED"
    finally:
        engine.close()
