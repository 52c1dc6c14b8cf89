"""A real small disk under the state folder, filled to its last bytes: an operator learns of it, nothing is lost, all goes on."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.commands import serving
from gateway.commands.serving import Gateway
from gateway.shell import room
from gateway.shell.folders import bytes_left
from gateway.shell.outages import Outages
from gateway.shell.room import STATE, Room
from tests.shell.sftp_support import OPTIONS, SFTP, needs_sftp
from tests.shell.shell_support import NOW, Clock
from tests.shell.site_support import Place

pytestmark = [pytest.mark.sftp, needs_sftp]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "site")
    state = place.site.settings.state_dir
    state.mkdir(exist_ok=True)
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(state)], check=False).returncode
    ):
        pytest.skip("mounting a tmpfs is not permitted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(state)], check=True)


def fill(state: Path, left: int) -> Path:
    path = state / "fill"
    path.write_bytes(b"x" * (bytes_left(state) - left))
    assert bytes_left(state) <= left
    return path


def put(place: Place, port: int, *names: str) -> list[bool]:
    """Upload samples with OpenSSH's client, each in a session of its own; True when the client was told that it is safe."""
    key = place.folder / "keys" / "northtest"
    command = [str(SFTP), *OPTIONS, "-i", str(key), "-P", str(port), "-b", "-", "northtest@127.0.0.1"]
    batches = [f"put {place.folder}/samples/{name} in/{name}\n" for name in names]
    runs = [subprocess.run(command, input=b, text=True, capture_output=True, timeout=60, check=False) for b in batches]
    return [done.returncode == 0 for done in runs]


@pytest.mark.parametrize("left", [0, 4096, 24_576, 65_536, 163_840])
def test_a_state_disk_with_a_few_kilobytes_left_is_told_and_everything_goes_on_when_there_is_room(
    place: Place, logs: io.StringIO, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    monkeypatch.setattr(room, "LEAST_FREE", 1_000_000)
    gateway, told = Gateway(place.site, port=0, workers=1), list[tuple[str, str]]()
    gateway._pager.tell = lambda alert: told.append((alert.rule, alert.message))  # type: ignore[method-assign]
    state = place.site.settings.state_dir

    def look(times: int = 4) -> None:
        for _ in range(times):
            gateway._room._next = gateway.engine._next_poll = 0.0
            gateway.engine._queue._later = [(0.0, receipt) for _, receipt in gateway.engine._queue._later]
            gateway.engine.run_once()

    try:
        port = gateway.server.start()
        look(1)
        assert told == []
        full = fill(state, left)
        look(1)
        assert [rule for rule, _ in told] == ["HOUSE-DISK"]  # before any file comes
        assert told[0][1].startswith(f"The disk of the state folder has {left // 1000} KB left.")
        assert '"rule": "HOUSE-DISK"' in logs.getvalue()
        place.drop("good-309.edi")
        look()
        safe = put(place, port, "bad-309.edi")
        look()
        assert not gateway.monitor.ready()
        waits = [rule for rule, _ in told if rule in ("DROP-FOLDER", "DROP-WAITS")]
        assert waits or "good-309.edi.999.edi" in place.names()
        assert safe == [True] or "SFTP-FAULT" in [rule for rule, _ in told]
        full.unlink()
        look()
        assert put(place, port, "bad-309.edi") == [True]
        look()
        assert ("HOUSE-DISK" in [rule for rule, _ in told[1:]]) is False
        assert [
            m
            for r, m in told
            if r == "DROP-RESUMED" and m.startswith("The disk of the state folder can be written to again")
        ]
    finally:
        gateway.close()
    assert "good-309.edi.999.edi" in place.names()
    assert "bad-309.edi.999.edi" in place.names()
    assert place.problems() == []
    assert [path.name for path in (state / "work").iterdir()] == []


def test_a_start_on_a_full_disk_says_that_it_is_full_and_not_to_restore_a_backup(place: Place) -> None:
    place.run()
    fill(place.site.settings.state_dir, 4096)
    command = [sys.executable, "-m", "gateway", "serve", str(place.folder), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 5
    assert "its disk is full" in done.stderr
    assert "mend: Make room on the disk of the state folder" in done.stderr
    assert "backup" not in done.stderr


def test_status_and_doctor_say_that_the_disk_is_full(place: Place) -> None:
    place.drop("good-309.edi")
    place.run()
    fill(place.site.settings.state_dir, 0)
    for command in ("status", "doctor"):
        words = [sys.executable, "-m", "gateway", command, str(place.folder)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        said = " ".join((done.stdout + done.stderr).split())
        assert "Traceback" not in said
        assert "its disk is full" in said
        assert "restore" not in said


NOT_NOW = "The disk of the state folder cannot be written to (Read-only file system): files wait and uploads are refused. Look at mount, rights and faults of the disk."


def test_a_disk_that_became_read_only_is_told_as_such_and_nothing_is_lost(tmp_path: Path) -> None:
    """A real file system that gave up (ext4 does so after a fault of the disk), under a gateway that works."""
    place = Place(tmp_path / "site")
    state, image = place.site.settings.state_dir, tmp_path / "image"
    state.mkdir(exist_ok=True)
    with image.open("wb") as file:
        file.truncate(200 << 20)
    commands = (["mkfs.ext4", "-q", str(image)], ["mount", "-o", "loop", str(image), str(state)])
    if os.geteuid() or any(subprocess.run(c, check=False, capture_output=True).returncode for c in commands):
        pytest.skip("mounting a file is not permitted here")
    gateway, told = Gateway(place.site, port=0, workers=1), list[tuple[str, str]]()
    gateway._pager.tell = lambda alert: told.append((alert.rule, alert.message))  # type: ignore[method-assign]
    try:
        gateway.engine._recover()
        assert gateway.monitor.ready()
        subprocess.run(["mount", "-o", "remount,abort", str(state)], check=True)
        gateway._room._next = 0.0
        gateway._look()
        assert told == [("HOUSE-DISK", NOT_NOW)]  # before a file comes
        place.drop("good-309.edi")
        for _ in range(3):
            gateway._room._next = gateway.engine._next_poll = 0.0
            gateway.engine.run_once()
        assert ("HOUSE-DISK", NOT_NOW) in told
        assert not gateway.monitor.ready()
        said = (
            "The state folder cannot be written to (Read-only file system): files stay in the drop folder until it can."
        )
        assert ("DROP-FOLDER", said) in told
        assert (place.folder / "inbox" / "good-309.edi").exists()
    finally:
        gateway.close()
        subprocess.run(["umount", str(state)], check=True)
    subprocess.run(["e2fsck", "-fy", str(image)], check=False, capture_output=True)
    subprocess.run(commands[1], check=True)
    try:
        place.run()
        assert "good-309.edi.999.edi" in place.names()
        assert place.problems() == []
    finally:
        subprocess.run(["umount", str(state)], check=True)


def test_a_home_that_the_gateway_need_not_write_to_is_no_fault(tmp_path: Path) -> None:
    """Of a partner's home only ack/ and reject/ are written to; in it itself others may be the only ones to write."""
    site = Place(tmp_path / "site").site
    found = serving._written_to(site)
    assert found[STATE] == site.settings.state_dir
    assert found["ack/ and reject/ of northtest"] == site.partners["northtest"].home / "ack"


def test_disks_are_told_once_each_and_one_disk_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    tell = lambda rule, message, receipt="", partner="": found.append(f"{rule} {message}")  # noqa: E731
    looks = Room(Clock(NOW))
    monkeypatch.setattr(room, "LEAST_FREE", 1 << 62)
    monkeypatch.setattr(room.os, "statvfs", lambda _: os.statvfs_result((4096, 4096, 100, 1, 1, 1000, 9, 9, 0, 255)))
    places = {STATE: tmp_path, "the out folder": tmp_path, "gone": tmp_path / "nothing"}
    for _ in range(3):
        looks._next = 0.0
        looks.look(places, tell)
    assert len(found) == 1
    assert found[0].startswith("HOUSE-DISK The disk of the state folder has 4 KB left. ")
    monkeypatch.setattr(room, "LEAST_FREE", 0)
    looks._next = 0.0
    looks.look(places, tell)
    assert len(found) == 1  # inodes are low still: the disk has no room again
    looks = Room(Clock(NOW))
    looks.look(places, tell)
    assert found[1].startswith("HOUSE-DISK The disk of the state folder has 9 file names (inodes) left.")
    assert isinstance(looks._outages, Outages)
