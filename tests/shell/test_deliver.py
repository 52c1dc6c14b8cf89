from __future__ import annotations

import errno
import hashlib
import os
import signal
from pathlib import Path

import pytest

from gateway.errors import DeliveryError
from gateway.results import Delivery
from gateway.shell import deliver as module
from gateway.shell.assembly import Assembler, BooksError, write_answer
from gateway.shell.deliver import LocalTarget
from gateway.shell.publishing import RetryPolicy, deliver
from gateway.shell.spool import FileSpool
from gateway.shell.syncing import sync_all

DATA = b"shipment" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


def put(folder: Path, name: str = "a.json", data: bytes = DATA) -> None:
    LocalTarget(folder).put(name, [data], len(data), hashlib.sha256(data).hexdigest())


def test_a_file_appears_whole_without_leftovers(tmp_path: Path) -> None:
    put(tmp_path)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.json", DATA)]
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o640


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path)
    before = (tmp_path / "a.json").stat()
    put(tmp_path)
    after = (tmp_path / "a.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_another_file_under_the_name_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"x" * len(DATA))
    with pytest.raises(DeliveryError) as caught:
        put(tmp_path)
    assert not caught.value.retry
    assert (tmp_path / "a.json").read_bytes() == b"x" * len(DATA)


def test_a_file_that_appears_at_the_last_moment_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"other")
        raise FileExistsError(errno.EEXIST, "File exists")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(DeliveryError) as caught:
        put(tmp_path)
    assert not caught.value.retry
    assert (tmp_path / "a.json").read_bytes() == b"other"


def test_a_file_system_without_links_is_served_by_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: Path, target: Path) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "link", link)
    put(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_leftover_of_a_crash_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".a.json.tmp").write_bytes(b"half")
    put(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_bytes_that_the_disk_did_not_store_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "digest", lambda path: (len(DATA) - 1, SHA))
    with pytest.raises(DeliveryError) as caught:
        put(tmp_path)
    assert caught.value.retry
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_is_not_what_was_recorded_is_not_delivered(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        LocalTarget(tmp_path).put("a.json", [b"short"], len(DATA), SHA)
    assert not caught.value.retry
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_may_come_back(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        put(tmp_path / "gone")
    assert caught.value.retry


@pytest.mark.parametrize("name", ["", "../a", ".hidden", "a/b", "a\0b"])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeliveryError):
        put(tmp_path, name)


class Flaky:
    def __init__(self, faults: list[bool]) -> None:
        self.faults, self.calls = faults, 0

    def put(self, name: str, source: object, size: int, sha256: str) -> None:
        self.calls += 1
        if self.faults:
            raise DeliveryError("no", retry=self.faults.pop(0))


POLICY = RetryPolicy(attempts=3, first_wait_s=0.0, longest_wait_s=0.0)


def test_a_fault_that_may_pass_is_tried_again(tmp_path: Path) -> None:
    target = Flaky([True, True])
    deliver(target, "a", tmp_path, 0, "", POLICY)
    assert target.calls == 3


def test_a_fault_that_stays_is_not_tried_again(tmp_path: Path) -> None:
    target = Flaky([False])
    with pytest.raises(DeliveryError):
        deliver(target, "a", tmp_path, 0, "", POLICY)
    assert target.calls == 1


def test_tries_end(tmp_path: Path) -> None:
    target = Flaky([True] * 9)
    with pytest.raises(DeliveryError):
        deliver(target, "a", tmp_path, 0, "", POLICY)
    assert target.calls == 3


def pieces(key: str, *shipments: bytes, end: bool = True) -> list[Delivery]:
    middle = [Delivery(key, "shipment", data) for data in shipments]
    return [Delivery(key, "head", b"["), *middle, *([Delivery(key, "close", b"]\n")] if end else [])]


def assembled(folder: Path, deliveries: list[Delivery], refused: set[str]) -> tuple[list[bytes], int]:
    files = Assembler(folder, "acme", "ab" * 32)
    try:
        for piece in deliveries:
            files.add(piece)
        files.check_ends(refused)
        return [(folder / staged.staged).read_bytes() for staged in files.kept(refused)], files.shipments(refused)
    finally:
        files.close()


def test_messages_are_joined_by_commas_and_refused_ones_left_out(tmp_path: Path) -> None:
    all_pieces = [*pieces("m1", b"1", b"2"), *pieces("m2", b"3"), *pieces("m3", b"4")]
    assert assembled(tmp_path, all_pieces, {"m2"}) == ([b"[1,2]\n", b"[4]\n"], 3)


def test_a_message_without_an_end_is_a_fault_unless_it_was_refused(tmp_path: Path) -> None:
    broken = [*pieces("m1", b"1", end=False), *pieces("m2", b"2")]
    (tmp_path / "1").mkdir()
    with pytest.raises(BooksError, match="m1"):
        assembled(tmp_path / "1", broken, set())
    (tmp_path / "2").mkdir()
    assert assembled(tmp_path / "2", broken, {"m1"}) == ([b"[2]\n"], 1)


def test_a_shipment_outside_of_its_message_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(BooksError):
        assembled(tmp_path, [Delivery("m1", "shipment", b"1")], set())


def test_a_spool_gives_back_every_record_again_and_again_even_while_it_grows(tmp_path: Path) -> None:
    with FileSpool(tmp_path / "spool") as spool:
        records = [b"", b"a" * 300_000, b"\0\1"]
        for record in records:
            spool.append(record)
        first = iter(spool)
        assert next(first) == b""
        spool.append(b"later")
        assert list(spool) == [*records, b"later"]
        assert list(first) == records[1:]
        assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "spool").exists()


def test_a_small_spool_needs_no_file(tmp_path: Path) -> None:
    with FileSpool(tmp_path / "spool") as spool:
        other = spool.sibling()
        spool.append(b"one")
        mark = spool.mark()
        reading = iter(spool)
        spool.append(b"two")
        other.append(b"three")
        assert [list(spool), list(spool.since(mark)), list(other), list(reading)] == [
            [b"one", b"two"],
            [b"two"],
            [b"three"],
            [b"one"],
        ]
        assert list(tmp_path.iterdir()) == []
        spool.append(b"x" * (1 << 16))
        assert list(spool.since(mark)) == [b"two", b"x" * (1 << 16)]
    assert list(tmp_path.iterdir()) == []


def test_a_forked_process_syncs_with_threads_of_its_own(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.write_bytes(b"x")
    sync_all(files, [tmp_path])  # the threads of this process are there now
    child = os.fork()
    if not child:
        signal.alarm(20)  # a child without threads would wait for ever
        sync_all(files, [tmp_path])
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_a_full_disk_at_an_answer_leaves_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drop is tried again every five minutes: with one more open file each time none would be left the next day."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "out").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(os, "write", full)
        write_answer(tmp_path, "ack", "ack", "a.edi.997.edi", [b"ISA"], again=True)
    assert len(os.listdir("/proc/self/fd")) == before
