"""Written ranges, staged files, disk faults."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shell.sftp_accounts import Account, Hourly, Limits
from gateway.shell.sftp_files import AccountFiles
from gateway.shell.sftp_paths import RefusedError, TakenFile, Upload
from gateway.shell.sftp_staging import Ranges, StagingFolder
from gateway.shell.sftp_tombstones import Tombstones
from gateway.shell.syncing import sync_file

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=30)


@given(SPANS, st.none() | st.integers(0, 60))
def test_ranges_hold_exactly_the_written_bytes(spans: list[tuple[int, int]], cut: int | None) -> None:
    ranges, written = Ranges(), set()
    for start, length in spans:
        ranges.add(start, start + length)
        written |= set(range(start, start + length))
    if cut is not None:
        ranges.cut(cut)
        written = {byte for byte in written if byte < cut}
    assert {byte for start, end in ranges.spans for byte in range(start, end)} == written
    assert all(a[1] < b[0] for a, b in zip(ranges.spans, ranges.spans[1:], strict=False))
    size = max(written, default=-1) + 1
    assert ranges.whole(size) == (written == set(range(size)))


@given(st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=10)), max_size=12))
def test_a_staged_file_hashes_what_it_holds_in_whatever_order(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[int, bytes]]
) -> None:
    folder = StagingFolder(tmp_path_factory.getbasetemp() / "staging", "a")
    file = folder.create("x")
    model = bytearray()
    for offset, data in writes:
        file.write(offset, data)
        if data:
            model.extend(bytes(max(0, offset + len(data) - len(model))))
            model[offset : offset + len(data)] = data
    if file.size == len(model):  # an empty write past the end makes no byte
        file.seal(keep=False)
        assert file.sha256 == hashlib.sha256(model).hexdigest()
        assert file.path.read_bytes() == model
    file.discard()
    folder.close()


class Desk:
    """One account without a network."""

    def __init__(self, root: Path, **limits: float) -> None:
        self.taken: list[Upload] = []
        self.now = 0.0
        account = Account("a", (), root / "home")
        self.files = AccountFiles(
            account, root / "staging", Limits(**limits), self.take, lambda event: None, lambda: self.now
        )
        self.staging = root / "staging" / "a"

    def take(self, upload: Upload) -> TakenFile:
        if not upload.synced:
            sync_file(upload.staged_path)
        self.taken.append(upload)
        upload.staged_path.unlink()
        return TakenFile()


FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, data[:7], at))
    folder = StagingFolder(tmp_path, "a")
    file = folder.create("x")
    file.write(0, b"0123456789" * 5)
    file.seal(keep=False)
    assert file.path.read_bytes() == b"0123456789" * 5
    folder.close()


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_a_disk_fault_makes_the_upload_fail_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    desk, handle = Desk(tmp_path), object()
    file = desk.files.open_upload("/in/a.edi", FLAGS, handle)
    desk.files.uploads.write(file, handle, 0, b"abc")
    with monkeypatch.context() as patch:

        def broken(*_: object) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(os, call, broken)
        request = {
            "pwrite": lambda: desk.files.uploads.write(file, handle, 3, b"def"),
            "fsync": lambda: desk.files.uploads.finish(file, handle, wrote=True),
        }[call]
        with pytest.raises((OSError, RefusedError), match=r"No space|send it again"):
            request()
    with pytest.raises(RefusedError):
        desk.files.uploads.finish(file, handle, wrote=True)
    assert desk.taken == []
    assert desk.files.uploads.waiting() == []
    assert list(desk.staging.iterdir()) == []


def test_a_file_that_lost_bytes_on_disk_is_not_handed_over(tmp_path: Path) -> None:
    desk, handle = Desk(tmp_path), object()
    file = desk.files.open_upload("/in/a.edi", FLAGS, handle)
    desk.files.uploads.write(file, handle, 0, b"abc")
    os.truncate(file.path, 2)
    with pytest.raises(OSError, match="2 of 3 bytes"):
        desk.files.uploads.finish(file, handle, wrote=True)
    assert desk.taken == []


def test_bytes_written_after_the_last_record_are_dropped_at_the_next_start(tmp_path: Path) -> None:
    folder = StagingFolder(tmp_path, "a")
    file = folder.create("x")
    file.write(0, b"abc")
    file.keep()
    file.write(3, b"def")
    orphan = folder.create("y")
    orphan.write(0, b"abc")
    (folder.path / "broken.json").write_text("{")
    (folder.path / "broken.partial").write_text("x")
    folder.close()
    [loaded] = StagingFolder(tmp_path, "a").load()
    assert (loaded.name, loaded.size, loaded.closed) == ("x", 3, False)
    assert loaded.path.read_bytes() == b"abc"
    assert sorted(path.suffix for path in folder.path.iterdir()) == [".json", ".partial"]


def test_a_record_without_all_its_bytes_is_dropped(tmp_path: Path) -> None:
    folder = StagingFolder(tmp_path, "a")
    file = folder.create("x")
    file.write(0, b"abc")
    file.seal(keep=True)
    os.truncate(file.path, 1)
    folder.close()
    assert list(StagingFolder(tmp_path, "a").load()) == []


def test_too_many_scattered_writes_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.shell.sftp_staging.MAX_RANGES", 3)
    desk, handle = Desk(tmp_path), object()
    file = desk.files.open_upload("/in/a.edi", FLAGS, handle)
    for at in range(0, 8, 2):
        desk.files.uploads.write(file, handle, at, b"x")
    with pytest.raises(RefusedError, match="scattered"):
        desk.files.uploads.write(file, handle, 8, b"x")


def test_an_hour_after_the_limit_uploads_go_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, files_per_hour=1)
    desk.files.open_upload("/in/a", FLAGS, object())
    with pytest.raises(RefusedError, match="SFTP-LIMIT-RATE"):
        desk.files.open_upload("/in/b", FLAGS, object())
    desk.now = 3600.0
    desk.files.open_upload("/in/b", FLAGS, object())
    count = Hourly(1, lambda: 0.0)
    count.add()
    assert count.full()


def test_exclusive_open_refuses_a_waiting_name(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.files.open_upload("/in/a", FLAGS | os.O_EXCL, object())
    with pytest.raises(RefusedError, match="SFTP-EXISTS"):
        desk.files.open_upload("/in/a", FLAGS | os.O_EXCL, object())
    with pytest.raises(RefusedError, match="SFTP-BUSY"):
        desk.files.remove("/in/a")
    with pytest.raises(RefusedError, match="SFTP-MISSING"):
        desk.files.open_upload("/in/b", os.O_WRONLY, object())


def test_two_uploads_of_one_name_at_once_are_two_drops(tmp_path: Path) -> None:
    desk, one, two = Desk(tmp_path), object(), object()
    first = desk.files.open_upload("/in/a", FLAGS, one)
    desk.files.uploads.write(first, one, 0, b"1")
    second = desk.files.open_upload("/in/a", FLAGS, two)
    desk.files.uploads.write(second, two, 0, b"22")
    desk.files.uploads.finish(first, one, wrote=True)
    desk.files.uploads.finish(second, two, wrote=True)
    assert [upload.size for upload in desk.taken] == [1, 2]
    assert list(desk.staging.iterdir()) == []


def test_tombstones_end_and_are_forgotten() -> None:
    now = [0.0]
    stones = Tombstones(60, lambda: now[0])
    stones.add("a", 1, 5.0)
    now[0] = 30.0
    stones.add("b", 2, 5.0)
    stones.touch("b", 6.0)
    assert {name: stone.size for name, stone in stones.all().items()} == {"a": 1, "b": 2}
    now[0] = 60.0
    assert stones.get("a") is None
    assert [stone.mtime for stone in stones.all().values()] == [6.0]
    now[0] = 90.0
    stones.add("c", 3, 5.0)
    assert list(stones._stones) == ["c"]
