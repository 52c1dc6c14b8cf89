"""The unit in docs/gateway.service, and what `gateway serve` tells a service manager. docs/operations.md says what was run under systemd."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.commands.doctor import doctor
from gateway.errors import ConfigError
from gateway.shell import service
from gateway.shell.folders import ReceiptIds, StateFolders, user_name
from gateway.shell.orders import RETAIN, Order, give
from tests.shell.sftp_support import until
from tests.test_reload import run

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "docs" / "gateway.service"


def serve(
    folder: Path, *before: str, stdin: int | None = None, start_new_session: bool = False, **more: str
) -> subprocess.Popen[str]:
    """Start a gateway that heeds a hang-up, whether or not the tests themselves were started to ignore it (nohup)."""
    command = [*before, sys.executable, "-m", "gateway", "serve", str(folder), "--port", "0"]
    inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        return subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **more},
            start_new_session=start_new_session,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGHUP, inherited)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    run("demo", "init", str(tmp_path / "site"))
    return tmp_path / "site"


def test_the_page_quotes_the_unit():
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert page.split("```ini\n")[1].partition("```")[0] == UNIT.read_text("utf-8")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_knows_every_word_of_the_unit(tmp_path):
    """The program and the user are not on this machine: others take their place."""
    text = UNIT.read_text("utf-8").replace("/opt/gateway/.venv/bin/gateway", shutil.which("true") or "")
    (tmp_path / "gateway.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(tmp_path / "gateway.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if "gateway.service" in line] == []
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_hears_when_the_port_is_open(site, tmp_path, abstract):
    name = f"\0gateway-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.settimeout(60)
        process = serve(site, NOTIFY_SOCKET=name.replace("\0", "@"))
        try:
            first, status = manager.recv(4096).decode().splitlines()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    assert process.stdout is not None
    port = process.stdout.read().split("127.0.0.1:")[1].split()[0]
    assert (first, status) == ("READY=1", f"STATUS=SFTP on port {port}")


@pytest.mark.parametrize("place", ["", "nowhere", "/nowhere/notify", "@nobody-listens"])
def test_a_manager_that_does_not_listen_is_no_fault(monkeypatch, place):
    monkeypatch.setenv("NOTIFY_SOCKET", place)
    service.tell("READY=1")


def test_a_broken_configuration_and_a_machine_that_does_not_let_it_start_end_with_different_codes(site):
    """The unit is started again after 5, not after 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = site / "gateway.toml"
        text = config.read_text()
        config.write_text(f"{text}\n[monitor]\nport = {taken.getsockname()[1]}\n")
        process = serve(site)
        said = process.communicate(timeout=60)[1]
        assert (process.returncode, "mend: Choose another [monitor] port" in said) == (5, True)
    config.write_text("nonsense = 1\n" + text)
    process = serve(site)
    said = process.communicate(timeout=60)[1]
    assert (process.returncode, "mend:" in said, "Traceback" in said) == (2, True, False)


def test_a_state_folder_or_a_ledger_in_use_may_be_free_later(site):
    process = serve(site)
    assert process.stdout is not None
    assert process.stdout.readline()
    second = serve(site)
    said = second.communicate(timeout=60)[1]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert (second.returncode, "Another gateway" in said) == (5, True)
    (site / "state" / "ledger.sqlite").unlink()
    (site / "state" / "ledger.sqlite").mkdir()
    third = serve(site)
    said = third.communicate(timeout=60)[1]
    assert (third.returncode, "The ledger cannot be opened" in said) == (5, True)


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="looks into /proc")
def test_workers_are_killed_before_the_gateway_when_memory_runs_out():
    code = "from gateway.shell.service import rather_than_others as r; r(); r(); print(open('/proc/self/oom_score_adj').read())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    own = int(Path("/proc/self/oom_score_adj").read_text())
    assert int(done.stdout) == min(1000, own + 400)


def test_an_order_that_the_gateway_could_not_read_is_refused(tmp_path, monkeypatch):
    folders = StateFolders(tmp_path)
    folders.create()
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(tmp_path).st_uid + 1)
    with pytest.raises(ConfigError, match=f"belongs to {user_name(os.stat(tmp_path).st_uid)};.*runuser -u"):
        give(folders, ReceiptIds(), Order(RETAIN))
    assert not (tmp_path / "orders").exists()
    monkeypatch.undo()
    assert give(folders, ReceiptIds(), Order(RETAIN))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_doctor_does_not_judge_as_root_what_another_user_may_do(site):
    os.chown(site, 12345, 12345)
    (found,) = doctor(site)
    assert (found.name, found.state) == ("user", "error")
    assert "runuser -u 12345" in found.mend
    assert not (site / "state").exists()


def group(number: int) -> list[str]:
    """Return the processes of a process group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended since
            found.append(path.read_text().rpartition(")")[2].split())
    return [fields[0] for fields in found if int(fields[2]) == number]


def caught(process: int, number: int) -> bool:
    """True when a process has a handler for a signal."""
    line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("SigCgt"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


def told(process: subprocess.Popen[str], word: str) -> bool:
    """True when the log says a word before it ends."""
    assert process.stderr is not None
    return any(word in line for line in process.stderr)


@pytest.mark.sftp
def test_a_hang_up_of_a_service_looks_at_the_profile_and_ends_neither_the_gateway_nor_its_workers(site):
    config = site / "gateway.toml"
    config.write_text("workers = 2\n" + config.read_text().replace("poll_seconds = 1.0", "poll_seconds = 0.2"))
    process = serve(site, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        assert until(lambda: b"serve" in Path(f"/proc/{process.pid}/cmdline").read_bytes())
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            while not ready.select(0.05):
                if caught(process.pid, signal.SIGHUP):
                    process.send_signal(signal.SIGHUP)  # while it starts
        assert "SFTP" in process.stdout.readline()
        assert until(
            lambda: len(group(process.pid)) == 5, 60
        )  # gateway, nursery, two workers and the one for small files
        with (site / "partners" / "northtest.toml").open("a") as file:
            file.write("# changed\n")
        for _ in range(5):
            os.killpg(process.pid, signal.SIGHUP)  # as systemd and a terminal do: the whole group
        assert told(process, "PROFILE-LOADED")
        process.terminate()
        _, log = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "WORKER" not in log
    finally:
        process.kill()


@pytest.mark.sftp
def test_a_gateway_whose_terminal_is_gone_ends_in_order(site):
    master, terminal = os.openpty()
    process = serve(site, stdin=terminal, start_new_session=True)
    try:
        assert told(process, "engine.start")
        os.close(terminal)
        os.close(master)
        process.send_signal(signal.SIGHUP)
        assert told(process, "engine.stop")
        assert process.wait(30) == 0
    finally:
        process.kill()


@pytest.mark.sftp
def test_nohup_is_heeded(site):
    process = serve(site, "nohup", stdin=subprocess.DEVNULL)
    try:
        assert told(process, "engine.start")
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
