"""F16: the plug is pulled at every fsync, rename, link, unlink and mkdir, in two kinds of file system."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.shell import syncing
from gateway.shell.sftp_staging import StagingFolder
from gateway.shell.syncing import sync_all
from tests.shell.power import PowerCut, PowerCutError
from tests.shell.shell_support import Yard
from tests.shell.test_faults import TWO, check_answered_once, converge


@pytest.mark.parametrize("kept", [False, True], ids=["names-lost", "names-kept"])
@pytest.mark.parametrize("stride", [pytest.param(4, id="quick"), pytest.param(1, id="all", marks=pytest.mark.long)])
@pytest.mark.parametrize("key", [False, True], ids=["clear", "sealed"])
def test_a_power_cut_at_any_step_loses_and_doubles_nothing(
    tmp_path: Path, kept: bool, stride: int, key: bool, injected: Callable[[int], None]
) -> None:
    (tmp_path / "2025.key").write_bytes(bytes(32))
    (tmp_path / "2025.key").chmod(0o600)
    for at in range(1, 600, stride):
        live, image = tmp_path / f"live{at}", tmp_path / f"image{at}"
        yard = Yard(live)
        if key:
            shutil.copy(tmp_path / "2025.key", live)
        yard.drop("trip1.edi", TWO)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(syncing, "_SYNCERS", 0)  # one after the other: the plug is pulled between them, too
            cut = PowerCut(patch, live)
            cut.arm(at, image, kept=kept)
            with suppress(PowerCutError):
                yard.run()
            steps, met = cut.steps, image.exists()
        if not met:
            assert steps > 40, "the calls were not noted"
            injected(len(range(1, at, stride)))
            return
        shutil.rmtree(live)
        image.rename(live)  # the same places: claims name the drop folder
        after = Yard(live)
        if key:
            shutil.copy(tmp_path / "2025.key", live)  # it lies on another disk
        converge(after)
        check_answered_once(after)
        archived = {p.suffix for p in (live / "state" / "archive").rglob("*") if p.is_file() and p.name != "claim.json"}
        assert (archived == {".sealed"}) is key
        shutil.rmtree(live)
    pytest.fail("a run without a cut was never reached")


@pytest.mark.parametrize("kept", [False, True], ids=["names-lost", "names-kept"])
def test_an_upload_that_was_taken_survives_a_power_cut(tmp_path: Path, kept: bool) -> None:
    live, image = tmp_path / "live", tmp_path / "image"
    yard = Yard(live)
    engine = yard.engine()
    staged = live / "state" / "staging"
    staged.mkdir()
    (staged / "a.partial").write_text(TWO)
    sync_all((staged / "a.partial",), (staged, live / "state"))  # as the SFTP server does before it hands over
    with pytest.MonkeyPatch.context() as patch:
        cut = PowerCut(patch, live)
        digest = hashlib.sha256(TWO.encode()).hexdigest()
        engine.intake.claim_upload(staged / "a.partial", "trip1.edi", "acme", "acme-sftp", len(TWO), digest)
        cut.arm(1, image, kept=kept)  # the client has its answer; then the plug is pulled
        with suppress(PowerCutError):
            os.fsync(0)
    engine.close()
    assert image.exists()
    after = Yard(image)
    converge(after)
    check_answered_once(after)


def test_the_emulated_disk_forgets_what_was_not_fsynced(tmp_path: Path) -> None:
    live = tmp_path / "live"
    (live / "a").mkdir(parents=True)
    (live / "b").mkdir()
    (live / "a" / "old").write_text("old")
    for kept in (False, True):
        image = tmp_path / f"image-{kept}"
        with pytest.MonkeyPatch.context() as patch:
            cut = PowerCut(patch, live)
            (live / "a" / "new").write_text("never fsynced")
            (live / "a" / "old").rename(live / "b" / "moved")
            cut.arm(1, image, kept=kept)
            with pytest.raises(PowerCutError):
                (live / "c").mkdir()
        found = {str(p.relative_to(image)): p.read_text() for p in image.rglob("*") if p.is_file()}
        assert found == ({"a/new": "", "b/moved": "old"} if kept else {"a/old": "old"})
        (live / "b" / "moved").rename(live / "a" / "old")
        (live / "a" / "new").unlink()


@pytest.mark.parametrize(("module", "kept"), [("assembly", True), ("assembly", False), ("deliver", False)])
def test_a_program_that_forgets_an_fsync_is_caught(tmp_path: Path, module: str, kept: bool) -> None:
    live, image = tmp_path / "live", tmp_path / "image"
    yard = Yard(live)
    yard.drop("trip1.edi", TWO)
    with pytest.MonkeyPatch.context() as patch:
        cut = PowerCut(patch, live)
        patch.setattr(f"gateway.shell.{module}.sync_all", lambda *_, **__: None)
        yard.run()
        cut.arm(1, image, kept=kept)
        with suppress(PowerCutError):
            os.fsync(0)
    assert Yard(image).problems(all_present=True)


@pytest.mark.parametrize("kept", [False, True], ids=["names-lost", "names-kept"])
def test_files_that_were_taken_together_survive_a_power_cut(tmp_path: Path, kept: bool) -> None:
    for at in range(1, 600, 11):
        live, image = tmp_path / f"live{at}", tmp_path / f"image{at}"
        yard = Yard(live)
        for number in range(4):
            yard.drop(f"trip{number}.edi", f"ICN {number}\nMSG m{number}\nSHIP b{number} 1.00\n")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(syncing, "_SYNCERS", 0)
            cut = PowerCut(patch, live)
            cut.arm(at, image, kept=kept)
            with suppress(PowerCutError):
                yard.run()
            met = image.exists()
        if not met:
            return
        shutil.rmtree(live)
        image.rename(live)
        after = Yard(live)
        converge(after)
        assert [name for name in after.names("in") if name.endswith(".edi")] == []  # a marker of the image may be older
        assert [name.split(".")[1] for name in after.deliveries()] == ["m0", "m1", "m2", "m3"]
        assert [name for name in after.names("ack") if "receipt" in name] == [
            f"trip{n}.edi.receipt.json" for n in range(4)
        ]
        shutil.rmtree(live)
    pytest.fail("a run without a cut was never reached")


@pytest.mark.parametrize("kept", [False, True], ids=["names-lost", "names-kept"])
def test_an_upload_under_a_temporary_name_is_whole_or_gone_after_a_power_cut(tmp_path: Path, kept: bool) -> None:
    for at in range(1, 30):
        live, image = tmp_path / f"live{at}", tmp_path / f"image{at}"
        live.mkdir()
        folder, closed = StagingFolder(live, "a"), False
        with pytest.MonkeyPatch.context() as patch:
            cut = PowerCut(patch, live)
            cut.arm(at, image, kept=kept)
            with suppress(PowerCutError):
                file = folder.create("x.part")
                file.write(0, TWO.encode())
                file.seal(keep=True)
                closed = True  # the client has its answer
                os.fsync(folder.fd)
        folder.close()
        found = (
            [(f.name, f.closed, f.path.read_text()) for f in StagingFolder(image, "a").load()] if image.exists() else []
        )
        assert found in ([], [("x.part", True, TWO)])
        if closed:
            assert found or not image.exists()
            return
    pytest.fail("the upload was never closed")
