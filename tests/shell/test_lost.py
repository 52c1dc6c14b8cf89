"""A received file whose claim.json cannot be read keeps its place: its partner's next files wait, others go on, a command mends it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.commands.claiming import order_claim
from gateway.commands.doctor import doctor
from gateway.commands.taken import unreadable
from gateway.errors import ConfigError
from gateway.shell import claims, orders
from gateway.shell.backup import backup
from gateway.shell.claims import owner, read_claim
from gateway.shell.folders import ReceiptIds, StateFolders
from gateway.shell.loop import Engine
from gateway.shell.orders import CLAIM, Order
from gateway.shell.vault import Vault
from tests.shell.sftp_support import until
from tests.shell.shell_support import Yard
from tests.shell.site_support import Place
from tests.shell.test_loop import upload

FIRST, CHANGE, OTHER = "MSG m1\nSHIP b1 1\n", "MSG m2\nAMEND b1 2\n", "MSG m3\nSHIP b3 1\n"


def damage(claim: Path, how: str) -> None:
    whole = claim.read_bytes()
    if how == "cut":
        claim.write_bytes(whole[:20])
    elif how == "zeroed":
        claim.write_bytes(b"\0" * len(whole))
    elif how == "flipped":
        claim.write_bytes(whole.replace(b'"account":', b'"accou\xffnt":'))
    elif how == "gone":
        claim.unlink()


def stands_still(yard: Yard, how: str, *, known: bool = True) -> str:
    """Leave a file of acme in the work folder with a damaged claim and an amendment of it behind; return its receipt."""
    engine = yard.engine()
    receipt = engine.take_upload(upload(yard, "a.edi", FIRST)).receipt
    engine.take_upload(upload(yard, "b.edi", CHANGE))
    engine.take_upload(upload(yard, "c.edi", OTHER, "beta-sftp"))
    engine.close()
    place = yard.root / "state" / "work" / receipt
    damage(place / "claim.json", how)
    if not known:
        os.removexattr(place, claims._OWNER)
    return receipt


def rounds(engine: Engine, number: int = 2) -> list[tuple[str, str]]:
    found = []
    for _ in range(number):
        engine._next_poll = 0.0
        found += [(r.file_name, r.state) for r in engine.run_once()]
    return found


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("how", ["cut", "zeroed", "flipped", "gone"])
def test_nothing_of_the_partner_overtakes_a_file_whose_claim_cannot_be_read(
    tmp_path: Path, how: str, workers: int
) -> None:
    yard = Yard(tmp_path, workers=workers)
    receipt = stands_still(yard, how)
    engine = yard.engine()
    try:
        assert rounds(engine, 3) == [("c.edi", "done")]  # another partner's
        yard.drop("d.edi", "MSG m4\nSHIP b4 1\n")
        assert rounds(engine, 3) == []
        (alert,) = yard.alerts
        assert (alert.rule, alert.receipt, alert.partner) == ("DROP-CLAIM", receipt, "acme")
        assert "Later files of acme wait for it." in alert.message
        assert f"gateway claim {receipt} DIR --partner acme --file FILE" in alert.message
        assert not engine.status().ready
        order = Order(CLAIM, receipt, "the disk was bad", partner="acme", file="a.edi")
        orders.give(StateFolders(yard.root / "state"), ReceiptIds(yard.clock), order)
        assert rounds(engine, 3) == [("a.edi", "done"), ("b.edi", "done"), ("d.edi", "done")]
        assert [a.rule for a in yard.alerts] == ["DROP-CLAIM", "DROP-RESUMED"]
        assert yard.alerts[1].message.startswith(f"Drop {receipt} can be worked on again after")
        assert engine.status().ready
    finally:
        engine.close()
    assert "a.edi.997.edi" in yard.names("ack")
    assert yard.problems() == []


def test_a_file_that_nobody_can_be_named_for_is_overtaken_by_nobody(yard: Yard) -> None:
    receipt = stands_still(yard, "zeroed", known=False)
    engine = yard.engine()
    try:
        assert rounds(engine, 3) == []
        assert (
            "Later files of any partner, for whose it is cannot be read either, wait for it." in yard.alerts[0].message
        )
        assert f"gateway claim {receipt} DIR --partner NAME --file FILE" in yard.alerts[0].message
        order = Order(CLAIM, receipt, partner="acme", file="a.edi")
        orders.give(StateFolders(yard.root / "state"), ReceiptIds(yard.clock), order)
        assert sorted(rounds(engine, 3)) == [("a.edi", "done"), ("b.edi", "done"), ("c.edi", "done")]
    finally:
        engine.close()
    assert yard.problems() == []


def test_what_came_before_it_goes_on(yard: Yard) -> None:
    engine = yard.engine()
    engine.take_upload(upload(yard, "a.edi", FIRST))
    receipt = engine.take_upload(upload(yard, "b.edi", CHANGE)).receipt
    engine.close()
    (yard.root / "state" / "work" / receipt / "claim.json").write_bytes(b"")
    engine = yard.engine()
    assert rounds(engine, 3) == [("a.edi", "done")]
    engine.close()


def test_a_claim_that_can_be_read_again_needs_no_command(yard: Yard) -> None:
    receipt = stands_still(yard, "")
    claim = yard.root / "state" / "work" / receipt / "claim.json"
    whole = claim.read_bytes()
    claim.write_bytes(whole[:20])
    engine = yard.engine()
    assert rounds(engine) == [("c.edi", "done")]
    claim.write_bytes(whole)
    assert rounds(engine) == [("a.edi", "done"), ("b.edi", "done")]
    engine.close()
    assert [a.rule for a in yard.alerts] == ["DROP-CLAIM", "DROP-RESUMED"]
    assert yard.problems() == []


@pytest.mark.parametrize("how", ["zeroed", "gone"])
@pytest.mark.parametrize("kind", ["first", "replay", "released"])
def test_what_the_ledger_knows_of_a_drop_is_written_back_by_itself(yard: Yard, how: str, kind: str) -> None:
    yard.drop("a.edi", FIRST if kind != "released" else f"{FIRST}HOLD\n")
    engine = yard.engine()
    (result,) = engine.run_once()
    receipt = result.receipt
    if kind == "replay":
        receipt = orders.give(engine.desk.folders, ReceiptIds(yard.clock), Order(orders.REPLAY, receipt, "trial"))
        engine._house._follow_orders(engine._partners, engine.desk)
    elif kind == "released":
        engine.release(receipt)
    place = yard.root / "state" / "work" / receipt
    if kind == "first":
        (yard.root / "state" / "archive").rglob(receipt).__next__().rename(place)
        with engine.desk.ledger.transaction() as connection:
            connection.exec_driver_sql("UPDATE drops SET state = 'acked' WHERE receipt = ?", (receipt,))
    before = read_claim(place)
    engine.close()
    damage(place / "claim.json", how)
    engine = yard.engine()
    try:
        engine._recover()
        after = read_claim(place)
        names = ("receipt", "partner", "account", "file_name", "stored_name", "received_at", "replay_of", "released")
        assert [getattr(after, name) for name in names] == [getattr(before, name) for name in names]
        assert "DROP-CLAIM" not in [alert.rule for alert in yard.alerts]
        rounds(engine)
        assert not place.exists()
    finally:
        engine.close()


def test_bytes_that_cannot_be_read_hold_up_the_partner_too(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = stands_still(yard, "")
    whole = Vault.digest

    def digest(vault: Vault, path: Path) -> tuple[int, str]:
        if path.parent.name == receipt:
            raise OSError(errno.EIO, "Input/output error")
        return whole(vault, path)

    engine = yard.engine()
    with monkeypatch.context() as patch:
        patch.setattr(Vault, "digest", digest)
        assert rounds(engine) == [("c.edi", "done")]
        assert [(a.rule, a.receipt, a.partner) for a in yard.alerts] == [("DROP-WAITS", receipt, "acme")]
        assert not engine.status().ready
    assert rounds(engine) == [("a.edi", "done"), ("b.edi", "done")]
    assert [a.rule for a in yard.alerts] == ["DROP-WAITS", "DROP-RESUMED"]
    assert engine.status().ready
    engine.close()
    assert yard.problems() == []


def test_a_work_folder_that_cannot_be_listed_begins_nothing(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    stands_still(yard, "")
    engine = yard.engine()

    def recover(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(engine.intake, "recover", recover)
        yard.drop("d.edi", "MSG m4\nSHIP b4 1\n")
        assert rounds(engine) == []
        assert [a.rule for a in yard.alerts] == ["DROP-WAITS"]
    assert [name for name, _ in rounds(engine, 3) if name != "c.edi"] == ["a.edi", "b.edi", "d.edi"]
    engine.close()


def test_the_owner_stands_beside_the_claim(yard: Yard) -> None:
    receipt = stands_still(yard, "zeroed")
    place = yard.root / "state" / "work" / receipt
    assert owner(place) == "acme"
    os.removexattr(place, claims._OWNER)
    assert owner(place) == ""
    (place / "claim.json").write_bytes(b'{"receipt":"1","partner":"acme","acc')
    assert owner(place) == "acme"


# --- the command


def test_the_command_asks_for_what_cannot_be_read_and_refuses_what_is_wrong(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.engine().close()
    work = place.site.settings.state_dir / "work"
    folder = work / "20261201T100000000000-000000"
    folder.mkdir()
    (folder / "raw").write_bytes(b"x")

    def refused(receipt: str, partner: str = "", file: str = "") -> str:
        with pytest.raises(ConfigError) as error:
            order_claim(place.site, receipt, partner, file, "")
        return str(error.value)

    assert "no drop in the work folder" in refused("20261201T100000000000-000001")
    assert "no drop in the work folder" in refused("../work")
    assert "Whose file it is cannot be read any more. Say it: --partner NAME" in refused(folder.name)
    assert "There is no partner nortest. Did you mean northtest?" in refused(folder.name, "nortest", "a.edi")
    assert "The name of the file cannot be read any more. Say it: --file NAME" in refused(folder.name, "northtest")
    os.setxattr(folder, claims._OWNER, b"othertest")
    assert "one of othertest" in refused(folder.name, "northtest", "a.edi")
    (folder / "claim.json").write_bytes(
        b'{"receipt":"x","partner":"othertest","account":"o","file_name":"a \\"b\\".edi","st'
    )
    assert [one.partner for one in unreadable(place.site)] == ["othertest"]
    checks = [check for check in doctor(place.folder) if check.name == "work folder"]
    assert [(check.state, check.mend) for check in checks] == [
        ("error", f"gateway claim {folder.name} DIR --partner othertest --file FILE")
    ]
    given = order_claim(place.site, folder.name, "", "", "")
    assert (given.partner, given.file) == ("othertest", 'a "b".edi')


def test_where_there_are_no_attributes_the_owner_is_noted_beside_the_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> bytes:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", unsupported)
    monkeypatch.setattr(os, "getxattr", unsupported)
    yard = Yard(tmp_path)
    receipt = stands_still(yard, "zeroed")
    engine = yard.engine()
    try:
        assert rounds(engine, 3) == [("c.edi", "done")]  # another partner's
        (alert,) = yard.alerts
        assert (alert.rule, alert.receipt, alert.partner) == ("DROP-CLAIM", receipt, "acme")
    finally:
        engine.close()


def test_a_backup_keeps_whose_drop_it_is_apart_from_the_claim(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    engine = place.engine()
    try:
        place.drop("good-309.edi")
        engine.stop()  # taken, not begun
        engine._poll()
        (receipt,) = (p.name for p in (place.site.settings.state_dir / "work").iterdir())
        url = place.site.settings.ledger_url
        backup(StateFolders(place.site.settings.state_dir), engine.desk.ledger, url, tmp_path / "copy")
    finally:
        engine.close()
    claim = tmp_path / "copy" / "work" / receipt / "claim.json"
    claim.write_bytes(b"")
    assert owner(claim.parent) == "northtest"


@pytest.mark.sftp
def test_a_served_gateway_goes_on_after_the_command(tmp_path: Path) -> None:
    """Real processes: kill -9 with two files in the queue, a damaged claim, `gateway claim`."""
    place = Place(tmp_path / "site")
    config = place.folder / "gateway.toml"
    config.write_text("workers = 0\n" + config.read_text().replace("poll_seconds = 1.0", "poll_seconds = 0.05"))

    def gateway(*words: str) -> str:
        command = [sys.executable, "-m", "gateway", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def serve() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "gateway", "serve", str(place.folder), "--port", "0"]
        served = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert served.stdout is not None
        assert "SFTP" in served.stdout.readline()
        return served

    engine = place.engine()
    place.drop("bad-309.edi")
    place.drop("good-309.edi", "inbox2")
    for partner, drop in engine.folders.drops:
        for claimed in engine.intake.claim_paths(drop.ready(time.time()), partner.name, partner.account):
            if claimed.partner == "northtest":
                receipt = claimed.receipt
    engine.close()
    (place.site.settings.state_dir / "work" / receipt / "claim.json").write_bytes(b"\0" * 300)
    served = serve()
    try:
        place.drop("good-309.edi")
        assert until(lambda: "good-309.edi.999.edi" in place.names("othertest"), 20)
        assert f"{receipt} waits: claim.json cannot be read" in gateway("status", str(place.folder))
        assert place.names() == []
        said = gateway("claim", receipt, str(place.folder), "--file", "bad-309.edi", "--why", "disk")
        assert said.startswith(f"{receipt}: bad-309.edi of northtest\n")
        assert until(lambda: "good-309.edi.999.edi" in place.names(), 20)
        assert "bad-309.edi.999.edi" in place.names()
    finally:
        served.terminate()
        served.communicate(timeout=30)
    assert place.problems() == []
