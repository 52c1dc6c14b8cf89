"""Kept files are sealed at rest: nothing of a message stands in the archive in clear, and all that reads it works on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.errors import ConfigError
from gateway.shell import orders
from gateway.shell import vault as module
from gateway.shell.drops import Keep
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import open_ledger
from gateway.shell.orders import REPLAY, Order
from gateway.shell.schema import journal
from gateway.shell.vault import Vault, clear
from gateway.site import load_site
from tests.in_process import run
from tests.shell.shell_support import Clock, Yard
from tests.shell.site_support import Place
from tests.shell.test_faults import TWO, CrashError, Faults, check_answered_once, converge
from tests.shell.test_late import START, RealYard, translate
from tests.shell.test_late import (
    test_when_the_time_is_up_the_sender_gets_a_second_answer_once as answered_late,
)
from tests.shell.test_process import (
    test_a_quarantined_drop_is_translated_anew_after_release as released,
)
from tests.shell.test_process import (
    test_another_file_at_the_target_fails_the_drop_and_a_person_releases_it as failed_and_released,
)
from tests.shell.test_retention import later

NAMES = (b"FICTUM", b"MAIN", b"anna", b"SHIP b1")


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """A yard with a key."""
    found = Yard(tmp_path, clock=Clock())
    found.new_key("2025")
    return found


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    return Faults(monkeypatch)


def kept(root: Path) -> list[Path]:
    """All files of finished and held drops but the claims."""
    state = root / "state"
    return sorted(
        p for place in ("archive", "quarantine") for p in (state / place).rglob("*") if p.is_file() and p.name != "claim.json"
    )  # fmt: skip


def receipts(yard: Yard) -> list[str]:
    ledger = open_ledger(f"sqlite:///{yard.root}/state/ledger.db")
    try:
        return [drop.receipt for drop in ledger.find()]
    finally:
        ledger.close()


def order_replay(yard: Yard, receipt: str) -> None:
    orders.give(StateFolders(yard.root / "state"), orders.ReceiptIds(yard.clock), Order(REPLAY, receipt, "trial"))


class SealedPlace(Place):
    """A real site with a key beside the state folder."""

    def __init__(self, folder: Path, key: bool = True) -> None:
        super().__init__(folder)
        if key:
            self.key = folder / "keys" / "seal.key"
            self.key.write_bytes(os.urandom(32))
            self.key.chmod(0o600)
            config = folder / "gateway.toml"
            config.write_text(config.read_text() + '\n[encryption]\nkey_files = ["keys/seal.key"]\n')
        self.site = load_site(folder)

    def command(self, *words: str) -> list[dict]:
        return [json.loads(line) for line in run(*words, "--json").splitlines() if line.startswith("{")]


PERSONS = (b"JORDAN SAMPLE", b"FICTIONAL", b"SAMPLE ")


@pytest.mark.parametrize("key", [True, False], ids=["sealed", "clear"])
def test_no_name_of_a_message_stands_in_the_archive_and_all_commands_work(tmp_path: Path, key: bool) -> None:
    place = SealedPlace(tmp_path / "site", key)
    names = [
        line.split(b"*")[2].rstrip(b"~\r")
        for sample in ("good-309.edi", "bad-309.edi")
        for line in (place.folder / "samples" / sample).read_bytes().replace(b"~", b"\n").splitlines()
        if line.startswith(b"N1*")
    ]
    assert len(set(names)) >= 4
    for sample in ("good-309.edi", "bad-309.edi", "cut-309.edi", "good-xfzb.xml"):
        place.drop(sample)
    place.run()
    found = [(path, name) for path in kept(place.folder) for name in names if name in path.read_bytes()]
    assert bool(found) is not key  # without a key they are found: the search is right
    assert {path.suffix == ".sealed" for path in kept(place.folder)} == {key}
    assert len(kept(place.folder)) > 12

    folder = str(place.folder)
    assert "every promise was kept" in run("verify", folder)
    (trial,) = place.command("replay", "good-309.edi", folder, "--dry-run")
    assert trial["now"]["duplicate"] == 2
    (told,) = place.command("explain", "bad-309.edi", folder)
    assert told["report"]["findings"]
    assert place.command("report", "northtest", folder)[0]["rules"]
    (tmp_path / "rows").mkdir()
    row = (
        "level,target,source,when,transform,default,required,rule,message,example\nshipment,first_us_port,,,,5201,,,,\n"
    )
    (tmp_path / "rows" / "tabular_csv.csv").write_text(row)  # of none of the four files
    (diff,) = place.command("mapping", "diff", "--new", str(tmp_path / "rows"), "--since", "1d", "--profile", folder)
    assert diff["counts"]["files"] == 4
    assert diff["counts"]["unchanged"] >= 3
    raw = next(path for path in kept(place.folder) if path.name.startswith("raw"))
    assert place.command("mapping", "trace", str(raw), "--profile", folder)
    assert "files" in run("archive", "show", folder)

    before = place.names()
    place.command("replay", "good-309.edi", folder)
    place.drop("bad-309.edi")
    place.run()
    assert len(place.names()) > len(before)
    assert place.shipments().count("NRTX004500A1") == 1
    assert "every promise was kept" in run("verify", folder)


def test_a_second_copy_gets_the_same_answers_out_of_the_sealed_ones(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    (first,) = (path for path in yard.folder("ack").glob("*.997.edi"))
    data = first.read_bytes()
    first.unlink()
    yard.drop("trip1.edi", TWO)
    yard.run()
    assert first.read_bytes() == data
    assert yard.problems(all_present=False) == []


def test_a_failed_drop_is_sealed_with_its_outputs_and_released(yard: Yard) -> None:
    (yard.root / "other").mkdir()
    shutil.copy(yard.root / "2025.key", yard.root / "other" / "2025.key")
    failed_and_released(yard)
    assert {path.suffix for path in kept(yard.root / "other")} == {".sealed"}


def test_a_quarantined_drop_is_sealed_and_released(yard: Yard) -> None:
    released(yard)
    assert {path.suffix for path in kept(yard.root)} == {".sealed"}


def test_a_late_answer_is_made_out_of_sealed_files(tmp_path: Path) -> None:
    yard = RealYard(tmp_path, clock=Clock(START), translate=translate, partners=("acme",))
    yard.new_key("2025")
    answered_late(yard)
    assert {path.suffix for path in kept(tmp_path)} == {".sealed"}
    assert any(path.name == "waiting.spool.sealed" for path in kept(tmp_path))


def test_the_proof_of_a_removal_names_the_clear_bytes(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    yard.keep = Keep(raw=30, answers=30)
    later(yard, 40)
    assert kept(yard.root) == []
    ledger = open_ledger(f"sqlite:///{yard.root}/state/ledger.db")
    with ledger.reading() as connection:
        told = connection.execute(select(journal.c.payload).where(journal.c.event == "removed")).scalars().all()
    proofs = [proof for one in told for proof in json.loads(one)["files"]]
    ledger.close()
    assert sorted(name for name, _, _ in proofs) == ["raw", "trip1.edi.997.edi", "trip1.edi.receipt.json", "trip1.edi.rejects.csv"]  # fmt: skip
    assert ["raw", len(TWO)] in [proof[:2] for proof in proofs]
    assert yard.problems(all_present=False) == []


def test_a_lost_or_wrong_key_stops_the_start_and_is_never_made_anew(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    key = yard.root / "2025.key"
    before = key.read_bytes()
    key.unlink()
    with pytest.raises(ConfigError, match="is in none of the key files") as told:
        yard.run()
    assert "key_files" in told.value.advice
    assert not key.exists()
    yard.new_key("2025")  # a wrong one
    with pytest.raises(ConfigError, match="is in none of the key files"):
        yard.run()
    assert [p.rule for p in _verified(yard)] == ["VERIFY-SEALED"]
    key.write_bytes(before)
    assert yard.run() == []
    assert yard.problems() == []


def test_a_person_may_go_on_without_what_a_lost_key_sealed(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    yard.new_key("2025")
    for mark in (yard.root / "state" / "keys").iterdir():
        mark.unlink()
    (old,) = receipts(yard)
    order_replay(yard, old)
    yard.drop("trip2.edi", "MSG m5\nSHIP b7 1.00\n")
    assert [result.state for result in yard.run()] == ["done"]
    assert "REPLAY-GONE" in [alert.rule for alert in yard.alerts]
    assert [p.rule for p in yard.problems()] == ["VERIFY-SEALED"]
    assert not [*(yard.root / "state" / "work").glob(".*")]


def _verified(yard: Yard) -> list:
    from gateway.shell.verify import verify

    ledger = open_ledger(f"sqlite:///{yard.root}/state/ledger.db")
    try:
        return verify(yard.root / "state", ledger, vault=yard.vault())
    finally:
        ledger.close()


def test_a_new_key_seals_and_the_old_one_opens_until_nothing_needs_it(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    yard.new_key("2026")  # the newest comes first
    old, new = yard.vault().ids[1], yard.vault().ids[0]
    order_replay(yard, receipts(yard)[0])
    yard.run()
    headers = {path.read_bytes()[8:16].hex() for path in kept(yard.root)}
    assert headers == {old, new}
    assert yard.problems() == []
    key = (yard.root / "2025.key").read_bytes()
    (yard.root / "2025.key").unlink()
    with pytest.raises(ConfigError, match=old):
        yard.run()
    for path in kept(yard.root):
        if path.read_bytes()[8:16].hex() == old:
            path.unlink()
    assert yard.run() == []  # nothing is left that the old one sealed
    assert [p.name for p in (yard.root / "state" / "keys").iterdir()] == [new]
    assert key not in b"".join(path.read_bytes() for path in (yard.root / "state").rglob("*") if path.is_file())


def test_files_that_were_kept_in_clear_before_there_was_a_key_are_read_too(tmp_path: Path) -> None:
    yard = Yard(tmp_path, clock=Clock())
    yard.drop("trip1.edi", TWO)
    yard.run()
    yard.new_key("2025")
    order_replay(yard, receipts(yard)[0])
    yard.run()
    assert {path.suffix for path in kept(tmp_path)} == {".sealed", "", ".edi", ".json", ".csv"}
    assert yard.problems() == []


def test_what_was_kept_in_clear_is_sealed_on_order(tmp_path: Path) -> None:
    yard = Yard(tmp_path, clock=Clock())
    yard.drop("trip1.edi", TWO)
    yard.drop("held.edi", "MSG m2\nSHIP b9 1.00\nHOLD\n")
    yard.run()
    before = kept(tmp_path)
    folders = StateFolders(tmp_path / "state")
    yard.new_key("2025")
    orders.give(folders, orders.ReceiptIds(yard.clock), Order(orders.SEAL))
    yard.run()
    assert {path.suffix for path in kept(tmp_path)} == {".sealed"}
    assert [clear(path) for path in kept(tmp_path)] == before
    assert [*yard.vault().unsealed(folders)] == []
    assert yard.problems() == []


def test_sealing_without_a_key_is_refused_with_advice(tmp_path: Path) -> None:
    place = SealedPlace(tmp_path / "site", key=False)
    assert "has no [encryption]" in run("archive", "seal", str(place.folder))


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_seal_as_the_gateway_does(tmp_path: Path, workers: int) -> None:
    yard = Yard(tmp_path, workers=workers)
    yard.new_key("2025")
    yard.drop("trip1.edi", TWO)
    yard.drop("trip2.edi", "MSG m7\nSHIP c1 3\n", "beta")
    yard.run()
    assert {path.suffix for path in kept(tmp_path)} == {".sealed"}
    assert yard.problems() == []


def test_a_changed_sealed_file_is_noticed_and_the_others_go_on(yard: Yard) -> None:
    yard.drop("trip1.edi", TWO)
    yard.run()
    raw = next(path for path in kept(yard.root) if path.name == "raw.sealed")
    data = bytearray(raw.read_bytes())
    data[100] ^= 1
    raw.write_bytes(data)
    assert [p.rule for p in yard.problems()] == ["VERIFY-SEALED"]
    order_replay(yard, receipts(yard)[0])
    yard.drop("trip2.edi", "MSG m5\nSHIP b7 1.00\n")
    assert [result.state for result in yard.run()] == ["done"]
    assert "REPLAY-GONE" in [alert.rule for alert in yard.alerts]


def test_a_held_drop_whose_sealed_bytes_were_changed_waits_and_stops_nobody(yard: Yard) -> None:
    yard.drop("trip1.edi", "MSG m1\nSHIP b1 1.00\nHOLD\n")
    yard.run()
    raw = next(path for path in kept(yard.root) if path.name == "raw.sealed")
    data = raw.read_bytes()
    raw.write_bytes(data[:-1])
    order_replay(yard, receipts(yard)[0])
    yard.drop("trip2.edi", "MSG m5\nSHIP b7 1.00\n", "beta")
    assert sorted({result.state for result in yard.run()}) == ["done", "waiting"]
    assert "DROP-WAITS" in [alert.rule for alert in yard.alerts]
    (found,) = (yard.root / "state" / "work").iterdir()
    (found / "raw.sealed").write_bytes(data)
    assert [result.state for result in yard.run()] == ["quarantined"]
    assert yard.problems() == []


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_step_of_sealing_loses_and_doubles_nothing(tmp_path: Path, faults: Faults, after: bool) -> None:
    for at in range(30, 500):  # the steps before are those of a gateway without a key
        yard = Yard(tmp_path / str(at))
        yard.new_key("2025")
        yard.drop("trip1.edi", TWO)
        faults.arm(at, CrashError(), after=after)
        with contextlib.suppress(CrashError):
            yard.run()
        met = faults.met
        faults.arm(0, CrashError(), after=after)
        converge(yard)
        check_answered_once(yard)
        assert {path.suffix for path in kept(yard.root)} == {".sealed"}
        assert not [path for path in (yard.root / "state").rglob(".*") if path.suffix in (".sealing", ".opening")]
        shutil.rmtree(yard.root)
        if not met:
            assert at > 60, "the faults were not injected"
            return
    pytest.fail("a run without a fault was never reached")


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_step_of_a_release_loses_nothing(tmp_path: Path, faults: Faults, after: bool) -> None:
    made = Yard(tmp_path / "made")
    made.new_key("2025")
    made.drop("trip1.edi", "MSG m1\nSHIP b1 1.00\nHOLD\n")
    made.run()
    order_replay(made, receipts(made)[0])
    for at in range(1, 500):
        shutil.copytree(made.root, tmp_path / str(at))
        yard = Yard(tmp_path / str(at))
        faults.arm(at, CrashError(), after=after)
        with contextlib.suppress(CrashError):
            yard.run()
        met = faults.met
        faults.arm(0, CrashError(), after=after)
        yard.run()
        assert yard.problems() == []
        assert {path.suffix for path in kept(yard.root)} == {".sealed"}
        assert not [*(yard.root / "state" / "work").iterdir()]
        shutil.rmtree(yard.root)
        if not met:
            assert at > 40, "the faults were not injected"
            return
    pytest.fail("a run without a fault was never reached")


def test_a_release_that_was_cut_off_among_very_many_answers_goes_on(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """raw is cleared last: it tells the next start that the folder may still hold sealed files."""
    yard.new_key("2025")
    vault, place = yard.vault(), yard.root / "RECEIPT"
    (place / "acks").mkdir(parents=True)
    names = ["raw", *(f"acks/{number:03}.edi" for number in range(100))]
    for name in names:
        (place / name).write_bytes(name.encode())
    vault.seal(place)
    found = Path.rglob
    monkeypatch.setattr(Path, "rglob", lambda path, pattern: iter(sorted(found(path, pattern), reverse=True)))
    calls = []

    def cut(paths: object = (), folders: object = ()) -> None:
        calls.append(True)
        if len(calls) > 3:  # the first 64 are exchanged
            raise CrashError

    with monkeypatch.context() as patch, pytest.raises(CrashError):
        patch.setattr(module, "sync_all", cut)
        vault.unseal(place)
    vault.unseal(place)
    assert {name: (place / name).read_bytes() for name in names} == {name: name.encode() for name in names}
    assert not [*found(place, "*.sealed")]


def test_a_key_file_in_the_state_folder_or_one_that_others_read_is_refused(tmp_path: Path) -> None:
    place = SealedPlace(tmp_path / "site")
    config = place.folder / "gateway.toml"
    good = config.read_text()
    place.key.chmod(0o644)
    assert "can be read by others" in run("serve", str(place.folder), "--port", "0")
    place.key.chmod(0o600)
    (place.folder / "state").mkdir(exist_ok=True)
    shutil.copy(place.key, place.folder / "state" / "seal.key")
    config.write_text(good.replace("keys/seal.key", "state/seal.key"))
    assert "lies in the state folder" in run("doctor", str(place.folder)).replace("\n", " ")
    config.write_text(good.replace("keys/seal.key", "keys/gone.key"))
    said = run("doctor", str(place.folder)).replace("\n", " ")
    assert "cannot be read (No such file or directory)" in said
    assert not (place.folder / "keys" / "gone.key").exists()
    config.write_text(good.replace("key_files", "keyfile"))
    said = run("doctor", str(place.folder))
    assert 'key "encryption.keyfile" is not known.' in said
    assert said.count("Did you mean key_files?") == 1


def test_what_is_shown_holds_no_key(tmp_path: Path) -> None:
    place = SealedPlace(tmp_path / "site")
    secret = place.key.read_bytes()
    shown = run("config", "show", str(place.folder)) + run("doctor", str(place.folder))
    assert "keys/seal.key" in shown
    assert load_site(place.folder).vault.ids[0] in shown
    for form in (secret.hex(), repr(secret), repr(list(secret))):
        assert form not in shown
    assert "Vault object" in repr(Vault())
