from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.errors import ConfigError, DeliveryError
from gateway.shell import drop_folders, log
from gateway.shell.deliver import LocalTarget
from gateway.shell.schema import shipments
from gateway.shell.sftp_paths import Upload
from tests.shell.shell_support import Yard, fake_translate

TEXT = "MSG m1\nSHIP b1 1\n"


def upload(yard: Yard, name: str, text: str, account: str = "acme-sftp") -> Upload:
    staged = yard.root / f"{name}.partial"
    staged.write_bytes(text.encode())
    return Upload(account, name, staged, len(text), hashlib.sha256(text.encode()).hexdigest())


def test_a_second_gateway_on_the_state_folder_is_refused_with_advice(yard: Yard) -> None:
    engine = yard.engine()
    with pytest.raises(ConfigError, match=f"process {os.getpid()}.*Stop it first"):
        yard.engine()
    engine.close()
    yard.engine().close()


def test_the_lock_of_a_dead_process_does_not_bind(yard: Yard) -> None:
    code = "import os,sys; from pathlib import Path; from tests.shell.shell_support import Yard;"
    code += "e = Yard(Path(sys.argv[1])).engine(); os._exit(9)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code, str(yard.root)], check=False, cwd=root).returncode == 9
    yard.engine().close()


def test_an_upload_is_safe_when_its_receipt_is_given_and_is_processed_next(yard: Yard) -> None:
    engine = yard.engine()
    receipt = engine.take_upload(upload(yard, "trip1.edi", TEXT)).receipt
    assert (yard.root / "state" / "work" / receipt / "raw").read_text() == TEXT
    assert engine.status().queued == 1
    assert [result.receipt for result in engine.run_once()] == [receipt]
    status = engine.status()
    assert (status.queued, status.waiting, status.working, status.drops) == (0, 0, "", {"done": 1})
    engine.close()
    assert yard.problems() == []


def test_an_upload_of_an_unknown_account_is_refused(yard: Yard) -> None:
    engine = yard.engine()
    with pytest.raises(ConfigError):
        engine.take_upload(upload(yard, "trip1.edi", TEXT, "nobody"))
    engine.close()


def test_an_upload_whose_move_half_failed_is_processed_all_the_same(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = yard.engine()
    engine.run_once()
    file = upload(yard, "trip1.edi", TEXT)
    fsync = os.fsync

    def failing(fd: int) -> None:
        if not file.staged_path.exists():
            monkeypatch.setattr(os, "fsync", fsync)
            raise OSError(errno.EIO, "Input/output error")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="Input/output"):
        engine.take_upload(file)
    assert [result.state for result in engine.run_once()] == ["done"]
    engine.close()


def test_files_are_processed_in_the_order_of_arrival_after_a_restart(yard: Yard) -> None:
    engine = yard.engine()
    receipts = [engine.take_upload(upload(yard, f"t{n}.edi", f"MSG m{n}\nSHIP b{n} 1\n")).receipt for n in range(5)]
    engine.close()
    yard.drop("later.edi", "MSG m9\nSHIP b9 1\n")
    assert [result.receipt for result in yard.run()][:5] == receipts


def test_run_forever_ends_on_a_signal_after_the_file_in_work(yard: Yard) -> None:
    def signalling(chunks: Iterable[bytes], *args: Any, **facts: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        yield from fake_translate(chunks, *args, **facts)

    yard.translate = signalling
    before = signal.getsignal(signal.SIGTERM)
    engine = yard.engine()
    engine.take_upload(upload(yard, "a.edi", TEXT))
    engine.take_upload(upload(yard, "b.edi", "MSG m2\nSHIP b2 1\n"))
    engine.run_forever()
    assert signal.getsignal(signal.SIGTERM) is before
    assert engine.status().drops == {"done": 1}
    engine.close()
    yard.translate = fake_translate
    assert [result.file_name for result in yard.run()] == ["b.edi"]
    assert yard.problems() == []


def test_a_file_that_outlasts_the_drain_time_is_done_again_and_not_counted_as_a_crash(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.shell.loop.DRAIN_S", -1.0)
    yard.drop("a.edi", TEXT)
    for _ in range(3):
        engine = yard.engine()
        monkeypatch.setattr(engine, "_must_stop", lambda: True)
        object.__setattr__(engine.desk, "stopped", lambda: True)
        assert [result.waiting for result in engine.run_once()] == [True]
        engine.close()
    assert [result.state for result in yard.run()] == ["done"]
    assert yard.problems() == []


def test_run_forever_wakes_for_an_upload(yard: Yard) -> None:
    done = threading.Event()
    config = yard.config()
    config.poll_seconds = 60.0
    yard.config = lambda: config  # type: ignore[method-assign]
    engine = yard.engine()
    engine._on_result = lambda _result: done.set()
    worker = threading.Thread(target=engine.run_forever)
    worker.start()
    engine.take_upload(upload(yard, "a.edi", TEXT))
    assert done.wait(10)
    engine.stop()
    worker.join(10)
    assert not worker.is_alive()
    engine.close()


def test_a_missing_drop_folder_alerts_and_the_others_go_on(yard: Yard) -> None:
    yard.folder("in").rmdir()
    yard.drop("b.edi", TEXT, "beta")
    assert [result.partner for result in yard.run()] == ["beta"]
    assert {alert.rule for alert in yard.alerts} == {"DROP-FOLDER"}


def test_a_drop_whose_partner_was_removed_waits_for_the_partner(yard: Yard) -> None:
    engine = yard.engine()
    engine.take_upload(upload(yard, "a.edi", TEXT, "beta-sftp"))
    engine.close()
    yard.partners = ("acme",)
    assert [result.waiting for result in yard.run()] == [True]
    yard.partners = ("acme", "beta")
    assert [result.state for result in yard.run()] == ["done"]


def test_a_waiting_drop_is_tried_again_later_and_does_not_stop_the_others(yard: Yard) -> None:
    class Down:
        def put(self, name: str, source: object, size: int, sha256: str) -> None:
            raise DeliveryError("The partner's server does not answer.")

    yard.targets["acme"] = Down()
    yard.drop("a.edi", TEXT)
    yard.drop("b.edi", TEXT, "beta")
    engine = yard.engine()
    assert sorted((r.partner, r.state) for r in engine.run_once()) == [("acme", "waiting"), ("beta", "done")]
    assert engine.status().waiting == 1
    assert engine.run_once() == []
    engine.close()
    yard.targets.clear()
    assert [result.state for result in yard.run()] == ["done"]
    assert yard.problems() == []


def test_nothing_of_a_partner_overtakes_a_drop_that_cannot_be_decided_now(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard.drop("1.edi", "MSG m1\nSHIP b1 1\n")
    yard.drop("2.edi", "MSG m2\nCANCEL b1 0\n")
    yard.drop("3.edi", "MSG m3\nSHIP c1 1\n", "beta")
    engine = yard.engine()
    real, locked = engine.desk.ledger.see, [1]

    def see(drop: Any, *args: Any, **facts: Any) -> Any:
        if drop.file_name == "1.edi" and locked:
            raise sqlite3.OperationalError("database is locked")
        return real(drop, *args, **facts)

    monkeypatch.setattr(engine.desk.ledger, "see", see)
    assert sorted((r.file_name, r.state) for r in engine.run_once()) == [("1.edi", "waiting"), ("3.edi", "done")]
    assert [alert.rule for alert in yard.alerts] == ["DROP-WAITS"]
    locked.clear()
    engine._queue._later = [(0.0, receipt) for _, receipt in engine._queue._later]
    assert [(r.file_name, r.accepted) for r in engine.run_once()] == [("1.edi", 1), ("2.edi", 1)]
    with engine.desk.ledger.reading() as connection:
        states = connection.execute(select(shipments.c.state).where(shipments.c.partner == "acme")).scalars().all()
    assert states == ["cancelled", "cancelled"]
    engine.close()
    assert yard.problems() == []


class Away:
    """A target that is away until `back`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.back, self.asked = LocalTarget(folder), False, 0

    def put(self, name: str, source: Any, size: int, sha256: str) -> Any:
        self.asked += 1
        if not self.back:
            raise DeliveryError("The partner's server does not answer.")
        return self.folder.put(name, source, size, sha256)


def test_deliveries_of_a_partner_keep_their_order_while_a_target_is_away_and_after_a_restart(yard: Yard) -> None:
    away = Away(yard.out)
    yard.targets["acme"] = away
    yard.drop("1.edi", "MSG m1\nSHIP b1 1\n")
    yard.drop("2.edi", "MSG m2\nAMEND b1 2\n")
    yard.drop("3.edi", "MSG m3\nBAD b1\n")  # nothing to deliver: answered at once
    yard.drop("4.edi", "MSG m4\nCANCEL b1 0\n")
    engine = yard.engine()
    found = [(r.file_name, r.state) for r in engine.run_once()]
    assert found == [("1.edi", "waiting"), ("2.edi", "waiting"), ("3.edi", "done"), ("4.edi", "waiting")]
    assert away.asked == 1
    states = {drop.file_name: drop.state for drop in engine.desk.ledger.find()}
    assert states == {"1.edi": "translated", "2.edi": "translated", "3.edi": "done", "4.edi": "translated"}
    away.back = True  # just when a new file comes
    yard.drop("5.edi", "MSG m5\nSHIP b1 5\n")
    assert [(r.file_name, r.state) for r in engine.run_once()] == [("5.edi", "waiting")]
    engine._queue._later = [(0.0, receipt) for _, receipt in engine._queue._later]
    assert [r.file_name for r in engine.run_once()] == ["1.edi", "2.edi", "4.edi", "5.edi"]
    engine.close()
    away.back = False
    for number in (6, 7):
        yard.drop(f"{number}.edi", f"MSG m{number}\nSHIP b{number} 1\n")
    yard.run()
    away.back = True
    assert [r.file_name for r in yard.run()] == ["6.edi", "7.edi"]
    assert yard.problems() == []


def test_an_acknowledgment_that_waits_holds_up_no_delivery(yard: Yard) -> None:
    yard.folder("ack").rename(yard.root / "away")
    for number in (1, 2):
        yard.drop(f"{number}.edi", f"MSG m{number}\nSHIP b{number} 1\n")
    engine = yard.engine()
    assert [r.state for r in engine.run_once()] == ["waiting", "waiting"]
    assert len(yard.deliveries()) == 2
    (yard.root / "away").rename(yard.folder("ack"))
    engine._queue._later = [(0.0, receipt) for _, receipt in engine._queue._later]
    assert [r.state for r in engine.run_once()] == ["done", "done"]
    engine.close()
    assert yard.problems() == []


def test_log_lines_are_json_and_cannot_be_forged(logs: io.StringIO) -> None:
    log.logger().info("drop.seen", file="a\n2026 INFO accepted\x1b]0;x\u2028", number=3)
    line = logs.getvalue()
    assert line.count("\n") == 1
    entry = json.loads(line)
    assert entry["file"] == "a\\x0a2026 INFO accepted\\x1b]0;x\\u2028"
    assert (entry["number"], entry["level"]) == (3, "info")


def test_a_full_log_disk_does_not_stop_the_work() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    log.configure(Full())
    log.logger().info("drop.done")


def test_a_backlog_stays_in_its_folder_and_others_do_not_wait_for_it(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drop_folders, "AHEAD", 4)
    for number in range(20):
        yard.drop(f"t{number:02}.edi", f"MSG m1\nSHIP b{number} 1\n")
    yard.drop("other.edi", "MSG m1\nSHIP c1 1\n", "beta")
    engine, left = yard.engine(), []
    engine._on_result = lambda result: left.append((result.partner, len(yard.names("in")) // 2))
    results = engine.run_once()
    engine.close()
    assert len(results) == 21
    assert left[0][1] == 16  # of 20 files (and their markers) four are claimed when the first is done
    assert "beta" in [partner for partner, _ in left[:5]]
    assert yard.names("in") == []
    assert yard.problems() == []
