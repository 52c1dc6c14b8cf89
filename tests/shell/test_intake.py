from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shell import intake
from gateway.shell.claims import Claimed, raw_path
from gateway.shell.drops import Candidate, LocalDrop
from gateway.shell.folders import StateFolders
from gateway.shell.intake import Intake, NotReadyError
from gateway.shell.names import is_takeable, shown_name, stored_name
from tests.shell.shell_support import Clock

NOW_S = 1_741_000_000.0


class Place:
    def __init__(self, root: Path) -> None:
        self.folder, self.staging = root / "in", root / "staging"
        for folder in (self.folder, self.staging):
            folder.mkdir()
        self.folders = StateFolders(root / "state")
        self.folders.create()
        self.intake = Intake(self.folders, 1000, Clock())

    def file(self, name: str, data: bytes = b"data") -> Candidate:
        (self.folder / name).write_bytes(data)
        return Candidate(self.folder / name)

    def claim(self, candidate: Candidate) -> Claimed:
        return self.intake.claim_path(candidate, "acme", "acme-sftp")

    def raw(self, claimed: Claimed) -> Path:
        return raw_path(self.folders.work / claimed.receipt)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_claimed_file_lies_in_the_work_folder_with_its_hash(place: Place) -> None:
    claimed = place.claim(place.file("trip1.edi"))
    assert (claimed.size, claimed.sha256) == (4, hashlib.sha256(b"data").hexdigest())
    assert place.raw(claimed).read_bytes() == b"data"
    assert place.raw(claimed).stat().st_mode & 0o777 == 0o600
    assert os.listdir(place.folder) == []
    assert claimed.receipt.startswith("20250303T100000")


def test_receipts_rise_even_when_the_clock_jumps_back(place: Place) -> None:
    clock = Clock()
    place.intake = Intake(place.folders, 1000, clock)
    first = place.claim(place.file("a"))
    clock.now = clock.now.replace(year=2024)
    assert place.claim(place.file("b")).receipt > first.receipt


def test_a_file_that_vanished_is_not_ready(place: Place) -> None:
    with pytest.raises(NotReadyError):
        place.claim(Candidate(place.folder / "gone"))
    assert list(place.folders.work.iterdir()) == []


def test_a_symbolic_link_is_not_taken(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (place.folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(NotReadyError):
        place.claim(Candidate(place.folder / "link"))
    assert (tmp_path / "secret").exists()


def test_a_link_that_takes_the_place_of_a_file_in_the_last_moment_changes_nothing_elsewhere(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "delivered.json"
    other.write_bytes(b"secret")
    other.chmod(0o640)
    look = intake._regular

    def swap(path: Path) -> os.stat_result:
        found = look(path)
        path.unlink()
        path.symlink_to(other)
        return found

    monkeypatch.setattr(intake, "_regular", swap)
    with pytest.raises(OSError, match="symbolic"):
        place.claim(place.file("trip1.edi"))
    assert other.stat().st_mode & 0o777 == 0o640
    assert other.read_bytes() == b"secret"


def test_a_file_that_is_still_written_goes_back_to_its_place(place: Place) -> None:
    candidate = place.file("slow.edi", b"begin ")
    with candidate.path.open("ab", buffering=0) as writer:
        read = place.intake._read

        def write_on(*args: object) -> Claimed:
            writer.write(b"end")
            return read(*args)  # type: ignore[arg-type]

        place.intake._read = write_on  # type: ignore[method-assign]
        with pytest.raises(NotReadyError):
            place.claim(candidate)
        writer.write(b"!")
    assert candidate.path.read_bytes() == b"begin end!"
    assert list(place.folders.work.iterdir()) == []


def test_a_file_that_is_still_written_stays_claimed_when_its_name_is_taken(place: Place) -> None:
    candidate = place.file("slow.edi", b"begin ")
    with candidate.path.open("ab", buffering=0) as writer:
        read = place.intake._read

        def write_on(*args: object) -> Claimed:
            writer.write(b"end")
            candidate.path.write_bytes(b"the next one")
            return read(*args)  # type: ignore[arg-type]

        place.intake._read = write_on  # type: ignore[method-assign]
        claimed = place.claim(candidate)
    assert place.raw(claimed).read_bytes().startswith(b"begin end")
    assert candidate.path.read_bytes() == b"the next one"


def test_a_file_on_another_file_system_is_copied_whole(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def other_device(path: Path | str, target: Path | str) -> None:
        if Path(path).parent == place.folder:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(path, target)

    monkeypatch.setattr(os, "rename", other_device)
    claimed = place.claim(place.file("trip1.edi"))
    assert place.raw(claimed).read_bytes() == b"data"
    assert os.listdir(place.folder) == []
    assert sorted(os.listdir(place.folders.work / claimed.receipt)) == ["claim.json", "raw"]


def test_the_file_of_another_user_is_copied_when_its_rights_cannot_be_changed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partner's own user writes into a folder that the gateway may write to: renamed, but not ours to chmod."""

    def others(path: Path, _mode: int, **_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", others)
    path = place.file("trip1.edi").path
    path.touch()
    before = path.stat()
    claimed = place.claim(intake.Candidate(path))
    found = place.raw(claimed).stat()
    assert (claimed.size, found.st_mode & 0o777, found.st_mtime_ns) == (4, 0o600, before.st_mtime_ns)
    assert found.st_ino != before.st_ino
    assert os.listdir(place.folder) == []
    assert sorted(os.listdir(place.folders.work / claimed.receipt)) == ["claim.json", "raw"]


def test_a_rename_that_happened_although_it_failed_is_told_so_that_the_work_folder_is_looked_at(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def lost(path: Path | str, target: Path | str) -> None:
        rename(path, target)
        if Path(path).parent == place.folder:
            raise OSError(errno.ETIMEDOUT, "Connection timed out")

    candidates = [place.file("trip1.edi"), place.file("trip2.edi")]
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", lost)
        with pytest.raises(OSError, match="timed out"):
            list(place.intake.claim_paths(candidates, "acme", "acme-sftp"))
    assert [claimed.file_name for claimed in place.intake.recover()] == ["trip1.edi", "trip2.edi"]


def test_an_upload_is_taken_with_the_hash_the_server_made(place: Place) -> None:
    staged = place.staging / "5f.partial"
    staged.write_bytes(b"data")
    claimed = place.intake.claim_upload(staged, "trip 1.edi", "acme", "acme-sftp", 4, "ab" * 32)
    assert (claimed.file_name, claimed.sha256) == ("trip 1.edi", "ab" * 32)
    assert not staged.exists()
    assert place.intake.recover()[0].sha256 == hashlib.sha256(b"data").hexdigest()


def test_an_upload_that_cannot_be_moved_stays_staged(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    staged = place.staging / "5f.partial"
    staged.write_bytes(b"data")

    def full(path: Path | str, target: Path | str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space"):
        place.intake.claim_upload(staged, "trip1.edi", "acme", "acme-sftp", 4, "ab" * 32)
    assert staged.exists()
    assert list(place.folders.work.iterdir()) == []


def test_recovery_keeps_claimed_files_and_removes_claims_without_bytes(place: Place) -> None:
    claimed = place.claim(place.file("trip1.edi"))
    empty = place.folders.work / "20250303T110000000000-aaaaaa"
    empty.mkdir()
    (empty / "claim.json").write_text("{}")
    (empty / "raw.tmp").write_text("half")
    assert place.intake.recover() == [claimed]
    assert [p.name for p in place.folders.work.iterdir()] == [claimed.receipt]


def test_recovery_removes_the_marker_that_a_power_cut_brought_back(place: Place) -> None:
    marker, other = place.folder / "trip1.edi.done", place.folder / "trip2.edi.done"
    claimed = place.claim(place.file("trip1.edi"))
    marker.touch()  # the folder's entries were not on the disk yet
    other.touch()
    assert place.intake.recover() == [claimed]
    assert os.listdir(place.folder) == ["trip2.edi.done"]
    place.file("trip1.edi", b"the next one of this name")
    marker.touch()
    assert place.intake.recover() == [claimed]
    assert sorted(os.listdir(place.folder)) == ["trip1.edi", "trip1.edi.done", "trip2.edi.done"]


def test_recovery_leaves_a_claim_in_progress_alone(place: Place) -> None:
    candidate = place.file("trip1.edi")
    fetch = place.intake._fetch

    def recover_first(*args: Any, **facts: Any) -> None:
        assert place.intake.recover() == []
        fetch(*args, **facts)

    place.intake._fetch = recover_first  # type: ignore[method-assign]
    assert place.raw(place.claim(candidate)).exists()


def test_a_name_that_is_no_utf_8_is_taken_and_shown_escaped(place: Place) -> None:
    path = Path(os.fsdecode(bytes(os.fsencode(place.folder)) + b"/trip\xff.edi"))
    path.write_bytes(b"data")
    claimed = place.claim(Candidate(path))
    assert claimed.file_name == "trip\\xff.edi"
    assert place.intake.recover() == [claimed]


def look(drop: LocalDrop) -> list[str]:
    return [candidate.path.name for candidate in drop.ready(NOW_S)]


def test_a_file_is_ready_when_it_stayed_the_same_over_the_polls(place: Place) -> None:
    drop = LocalDrop(place.folder, 3)
    place.file("a.edi", b"1")
    assert [look(drop), look(drop)] == [[], []]
    place.file("a.edi", b"12")
    assert [look(drop), look(drop), look(drop)] == [[], [], ["a.edi"]]


def test_an_old_modification_time_does_not_make_a_growing_file_ready(place: Place) -> None:
    drop = LocalDrop(place.folder, 2)
    path = place.folder / "copied.edi"
    for size in range(1, 5):
        path.write_bytes(b"x" * size)
        os.utime(path, (1, 1))
        assert look(drop) == []
    assert look(drop) == ["copied.edi"]


def test_a_marker_makes_its_file_ready_at_once_and_goes_with_it(place: Place) -> None:
    drop = LocalDrop(place.folder, 9)
    place.file("a.edi")
    (place.folder / "a.edi.done").touch()
    found = drop.ready(NOW_S)
    assert [candidate.path.name for candidate in found] == ["a.edi"]
    place.claim(found[0])
    assert os.listdir(place.folder) == []


def test_a_marker_older_than_the_file_is_not_believed(place: Place) -> None:
    drop = LocalDrop(place.folder, 9)
    (place.folder / "a.edi.done").touch()
    os.utime(place.folder / "a.edi.done", (1, 1))
    place.file("a.edi")
    assert look(drop) == []


def test_temporary_names_sub_folders_and_links_are_never_taken(place: Place) -> None:
    drop = LocalDrop(place.folder, 2)
    for name in ("a.tmp", "b.part", "c.filepart", ".hidden", "d.edi.done"):
        place.file(name)
    (place.folder / "sub").mkdir()
    (place.folder / "sub" / "x.edi").touch()
    (place.folder / "link").symlink_to(place.folder / "a.tmp")
    assert [look(drop), look(drop), look(drop)] == [[], [], []]


def test_a_temporary_name_older_than_a_day_is_told_once(place: Place) -> None:
    told = []
    drop = LocalDrop(place.folder, 2, lambda name, age_s: told.append((name, round(age_s))))
    place.file("a.filepart")
    os.utime(place.folder / "a.filepart", (NOW_S - 90_000, NOW_S - 90_000))
    place.file("new.filepart")
    os.utime(place.folder / "new.filepart", (NOW_S, NOW_S))
    look(drop)
    look(drop)
    assert told == [("a.filepart", 90_000)]


@pytest.mark.parametrize("name", ["trip1.edi", "A-b_c.1", "x" * 160])
def test_plain_names_are_stored_as_they_are(name: str) -> None:
    assert stored_name(name) == name


@given(st.text(min_size=1), st.text(min_size=1))
def test_every_stored_name_is_safe_and_names_do_not_collide(one: str, two: str) -> None:
    first, second = stored_name(one), stored_name(two)
    assert len(first.encode()) <= 160
    assert set(first) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert not first.startswith(".")
    assert is_takeable(first) or is_takeable("x" + first) is False
    assert (first == second) == (one == two)


@given(st.text())
def test_shown_names_hold_no_control_characters(name: str) -> None:
    shown = shown_name(name)
    assert all(character.isprintable() or character in "\xa0\xad" or ord(character) > 0xFF for character in shown)
    assert "\n" not in shown
    assert "\x1b" not in shown


def test_files_that_lie_there_together_wait_for_the_disk_together(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []

    def counted(files: Any = (), folders: Any = ()) -> None:
        waits.append(len(list(files)) + len(list(folders)))

    monkeypatch.setattr(intake, "sync_all", counted)
    candidates = [place.file(f"trip{number:02d}.edi") for number in range(40)]
    candidates[7].path.unlink()
    taken = list(place.intake.claim_paths(candidates, "acme", "acme-sftp"))
    assert [claimed.file_name for claimed in taken] == [f"trip{number:02d}.edi" for number in range(40) if number != 7]
    assert waits == [31 + 31 + 1, 31 + 31 + 1, 8 + 8 + 1, 8 + 8 + 1]
    assert sorted(os.listdir(place.folders.work)) == [claimed.receipt for claimed in taken]


def test_a_file_that_cannot_be_taken_keeps_none_of_the_others(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    candidates = [place.file(name) for name in ("a.edi", "b.edi", "c.edi")]
    rename = os.rename

    def full(path: Path | str, target: Path | str) -> None:
        if Path(path).name == "b.edi":
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(path, target)

    monkeypatch.setattr(os, "rename", full)
    taken = place.intake.claim_paths(candidates, "acme", "acme-sftp")
    assert [next(taken).file_name, next(taken).file_name] == ["a.edi", "c.edi"]
    with pytest.raises(OSError, match="No space"):
        next(taken)
    assert os.listdir(place.folder) == ["b.edi"]
    assert len(os.listdir(place.folders.work)) == 2


def test_a_file_that_is_another_than_when_it_was_found_is_not_ready(place: Place) -> None:
    path = place.file("trip1.edi").path
    folder = LocalDrop(place.folder, settle_polls=2)
    assert folder.ready(0.0) == []
    (found,) = folder.ready(1.0)
    path.write_bytes(b"other data")
    with pytest.raises(NotReadyError):
        place.claim(found)
    assert path.read_bytes() == b"other data"
    assert folder.ready(2.0) == []
    assert place.claim(folder.ready(3.0)[0]).size == 10
