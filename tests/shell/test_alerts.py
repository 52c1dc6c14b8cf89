"""Each alert of the shell is said when its cause is there, and names receipt or partner, never a person."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from gateway.commands import reloading
from gateway.commands.departed import departed
from gateway.commands.doctor import doctor
from gateway.commands.explaining import lines
from gateway.commands.serving import Gateway
from gateway.commands.status import _describe
from gateway.responses import Response
from gateway.settings import Settings
from gateway.shell import housework, late, orders, translating
from gateway.shell.desk import Alert
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import open_ledger
from gateway.shell.orders import HOLD, REPLAY, Order
from gateway.shell.schema import parts
from gateway.shell.sftp_accounts import SftpEvent
from gateway.shell.sftp_paths import Upload, Waiting
from gateway.site import load_site
from gateway.translate import translate
from tests.drops import sample
from tests.shell.sftp_support import until
from tests.shell.shell_support import Clock, Yard
from tests.shell.site_support import Place
from tests.shell.test_late import LIST, START, RealYard

ONE = "MSG m1\nSHIP b1 1.00\n"


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def rules(yard: Yard) -> list[str]:
    for alert in yard.alerts:
        assert "JANE" not in alert.message and alert.message.endswith(".")
    return [alert.rule for alert in yard.alerts]


def test_a_file_that_kills_the_gateway(yard: Yard) -> None:
    yard.drop("a.edi", "MSG m1\nDIE\n")
    for _ in range(2):
        subprocess.run([sys.executable, "-m", "tests.shell.one_round", str(yard.root)], check=False)
    yard.run()
    assert rules(yard) == ["DROP-POISON"]


def test_a_negative_answer_to_something_of_ours(tmp_path: Path) -> None:
    yard = RealYard(tmp_path, clock=Clock(START), translate=translate, partners=("acme",))
    yard.drop("good.txt", sample("cargoimp/09_fma").decode())
    yard.run()
    assert [a.rule for a in yard.alerts] == []
    yard.drop("bad.txt", sample("cargoimp/08_fna").decode())
    yard.run()
    assert rules(yard) == ["ACK-REFUSED"]
    assert yard.alerts[0].message.startswith("The partner refused 1 of our messages or answers;")


def test_a_fault_of_ours_and_wrong_books(yard: Yard) -> None:
    yard.drop("a.edi", "MSG m1\nBOOM\n")
    yard.drop("b.edi", "MSG m2\nSHIP b1 1.00\nLOSE\n")
    yard.drop("c.edi", "MSG m3\nHOLD\n")
    yard.run()
    assert rules(yard) == ["DROP-BUG", "DROP-BOOKS", "DROP-HELD"]


def test_a_file_that_is_too_large(yard: Yard) -> None:
    yard.max_file_bytes = 3
    yard.drop("a.edi", ONE)
    yard.run()
    assert rules(yard) == ["DROP-TOO-LARGE"]


def test_bytes_that_change_after_they_were_taken(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.drop("a.edi", ONE)
    monkeypatch.setattr(translating, "read_blocks", lambda _path: iter((b"MSG m1\n",)))
    yard.run()
    assert rules(yard) == ["DROP-CHANGED"]


def test_a_target_that_is_away_or_refuses(yard: Yard) -> None:
    yard.drop("a.edi", ONE)
    yard.out.rename(yard.root / "away")
    yard.run()
    assert set(rules(yard)) == {"DROP-DELIVERY"}
    (yard.root / "away").rename(yard.out)
    yard.run()
    other = Yard(yard.root / "other")
    (other.out / yard.deliveries()[0]).write_bytes(b"of somebody else")
    other.drop("a.edi", ONE)
    other.run()
    assert rules(other) == ["DROP-FAILED"]


def told(yard: Yard) -> tuple[dict, list[str]]:
    """Return what `gateway status` and `gateway explain` say of the first drop."""
    with contextlib.closing(open_ledger(yard.ledger_url)) as ledger:
        (drop,) = ledger.find()
        facts = _describe(ledger, drop)
    return facts, list(lines(facts | {"report": None}))


def test_what_is_not_sent_is_not_told_as_sent(yard: Yard) -> None:
    """While a target is away status and explain said "delivered", and nothing of why."""
    yard.drop("a.edi", ONE)
    yard.out.rename(yard.root / "away")
    yard.run()
    facts, said = told(yard)
    assert (facts["state"], facts["delivered"], facts["answers"]) == ("translated", [], [])
    assert len(facts["pending"]) >= 2 and facts["why"].endswith("[DROP-DELIVERY]")
    assert any(line.startswith("  not sent yet: ") for line in said)
    assert any(line.startswith("  waits: ") for line in said)
    assert not any(line.startswith("  delivered: ") for line in said)
    (yard.root / "away").rename(yard.out)
    yard.run()
    facts, said = told(yard)
    assert (facts["state"], len(facts["delivered"]), facts["pending"], facts["why"]) == ("done", 1, [], "")
    assert not any("waits" in line for line in said)


def test_what_a_target_refused_for_good_is_told_as_not_sent(yard: Yard) -> None:
    yard.drop("a.edi", ONE)
    yard.run()
    other = Yard(yard.root / "other")
    (other.out / yard.deliveries()[0]).write_bytes(b"of somebody else")
    other.drop("a.edi", ONE)
    other.run()
    facts, said = told(other)
    assert (facts["state"], facts["delivered"]) == ("failed", [])
    assert yard.deliveries()[0] in facts["pending"]
    assert any("gateway replay" in line for line in said)


def test_a_partner_who_is_gone(yard: Yard) -> None:
    yard.out.rename(yard.root / "away")
    yard.drop("a.edi", ONE)
    yard.run()
    yard.partners = ("beta",)
    yard.run()
    assert "DROP-NO-PARTNER" in rules(yard)


def test_a_disk_that_is_full(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    yard.drop("a.edi", ONE)
    with monkeypatch.context() as patch:
        patch.setattr(translating, "stage_answers", full)
        yard.run()
    assert set(rules(yard)) == {"DROP-WAITS"}
    yard.run()
    assert len(yard.deliveries()) == 1


def test_orders_that_have_to_wait(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    yard.drop("a.edi", ONE)
    (result,) = yard.run()
    folders = StateFolders(yard.root / "state")
    orders.give(folders, orders.ReceiptIds(yard.clock), Order(HOLD, result.receipt, "audit"))
    with monkeypatch.context() as patch:
        patch.setattr(orders, "set_hold", locked)
        yard.run()
    assert set(rules(yard)) == {"HOUSE-WAITS"}
    assert len([*orders.pending(folders)]) == 1
    yard.run()
    assert not [*orders.pending(folders)]


def test_an_order_that_cannot_be_carried_out_ends_neither_the_gateway_nor_the_next_order(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard.drop("a.edi", "MSG m1\nSHIP b1 1.00\nHOLD\n")
    yard.drop("b.edi", ONE)
    held, done = yard.run()
    folders, ids = StateFolders(yard.root / "state"), orders.ReceiptIds(yard.clock)
    orders.give(folders, ids, Order(REPLAY, held.receipt, "trial"))
    shutil.rmtree(folders.quarantine / held.receipt)  # somebody cleared it by hand
    orders.give(folders, ids, Order(HOLD, done.receipt, "audit"))
    yard.alerts.clear()
    yard.run()
    assert rules(yard) == ["REPLAY-GONE"]
    assert not [*orders.pending(folders)]

    def bug(*_: object) -> None:
        raise KeyError("JANE")

    orders.give(folders, ids, Order(HOLD, done.receipt, "audit"))
    with monkeypatch.context() as patch:
        patch.setattr(orders, "set_hold", bug)
        yard.run()
    assert rules(yard) == ["REPLAY-GONE", "HOUSE-WAITS"]
    assert [path.suffix for path in (folders.root / "orders").iterdir()] == [".wrong"]


def test_waiting_shipments_whose_drop_is_gone_or_whose_ledger_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from gateway.translate import translate
    from tests.shell.shell_support import Clock

    yard = RealYard(tmp_path, clock=Clock(START), translate=translate, partners=("acme",))
    yard.drop("list.xml", LIST)
    yard.run()
    yard.clock = Clock(START + timedelta(days=2))

    def locked(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(housework, "overdue", locked)
        yard.run()
    assert set(rules(yard)) == {"JOIN-WAITS"}

    def bug(*_: object, **__: object) -> None:
        raise KeyError("JANE")

    yard.alerts.clear()
    with monkeypatch.context() as patch:
        patch.setattr(late, "answer_late", bug)
        yard.run()
    assert rules(yard) == ["JOIN-WAITS"]
    for kept in (yard.root / "state" / "archive").rglob(late._KEPT):
        kept.unlink()
    yard.run()
    assert "JOIN-GONE" in rules(yard)


def test_the_responses_of_the_receiver(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.respond("a.json", Response("NOBODY", "hold"))
    place.respond("b.json", data=b"ISA*")
    place.run()
    assert place.alerts() == ["RESPONSE-UNKNOWN", "DROP-RESPONSE"]


def test_a_wrapping_that_cannot_be_opened(yard: Yard) -> None:
    class Unwrapping(Yard):
        def config(self):
            config = super().config()
            config.partners = [replace(p, profile=replace(p.profile, unwrap=("zip",))) for p in config.partners]
            return config

    own = Unwrapping(yard.root)
    (own.folder("in") / "a.zip").write_bytes(b"PK\x03\x04 no archive at all")
    (own.folder("in") / "a.zip.done").touch()
    own.run()
    assert rules(own) == ["DROP-WRAPPED"]


def test_a_setting_that_is_read_at_the_start_only(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    alerts: list[str] = []
    gateway = Gateway(place.site, port=0)
    try:
        gateway.engine.desk = replace(gateway.engine.desk, on_alert=lambda alert: alerts.append(alert.rule))
        toml = place.folder / "partners" / "northtest.toml"
        remote = '[poll]\nhost = "sftp.example.com"\nuser = "u"\nkey_file = "keys/northtest"\nhost_key = "ssh-ed25519 AAAA"\n'
        toml.write_text(toml.read_text() + remote)
        gateway._use(load_site(place.folder))
    finally:
        gateway.close()
    assert alerts == ["PROFILE-RESTART"]


def test_an_upload_that_nobody_finishes_is_told_once(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    gateway = Gateway(place.site, port=0, workers=1)
    told: list[tuple[str, str, str]] = []
    gateway.engine.desk = replace(gateway.engine.desk, on_alert=lambda a: told.append((a.rule, a.partner, a.message)))
    try:
        stranger = place.folder / "state" / "staging" / "gone-account"
        stranger.mkdir(parents=True)
        (stranger / "token").write_bytes(b"x")
        (stranger.parent / "northtest").mkdir(exist_ok=True)
        now = gateway.engine.desk.clock().timestamp()
        waiting = [
            Waiting("northtest", n, 9, now - 3600 * h, c, o)
            for n, h, c, o in (
                ("a.tmp", 30, True, False),
                ("b.edi", 25, False, False),
                ("c.tmp", 23, True, False),
                ("d.tmp", 99, False, True),
            )
        ]
        gateway.server.waiting = lambda: waiting  # type: ignore[method-assign]
        gateway._look()
        gateway._look()
    finally:
        gateway.close()
    assert told == [
        ("FILE-TEMP-NAME", "gone-account", "Uploads of an account that no partner has any more lie in the staging folder."),
        ("FILE-TEMP-NAME", "northtest", "A file waits under a temporary name for 30 hours."),
        ("FILE-TEMP-NAME", "northtest", "An interrupted upload waits for 25 hours."),
    ]  # fmt: skip


def test_an_empty_marker_that_is_uploaded_is_no_drop(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    gateway = Gateway(place.site, port=0, workers=1)
    try:
        for name, size in (("a.edi.done", 0), ("b.edi.done", 3)):
            path = place.folder / "state" / "staging" / name
            path.write_bytes(b"x" * size)
            taken = gateway.engine.take_upload(
                Upload("northtest", name, path, size, hashlib.sha256(b"x" * size).hexdigest(), False)
            )
            assert bool(taken.receipt) is bool(size)
            assert not path.exists()
    finally:
        gateway.close()
    assert len(list((place.folder / "state" / "work").iterdir())) == 1


def test_a_partner_with_a_new_name_is_told_at_the_start_at_a_change_and_by_doctor(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.drop("good-309.edi")
    place.run()
    toml = place.folder / "partners" / "northtest.toml"
    text = toml.read_text().replace('partner = "northtest"', 'partner = "nrtx"')
    toml.unlink()
    (place.folder / "partners" / "nrtx.toml").write_text(text)
    found = [c for c in doctor(place.folder) if c.name == "partner northtest"]
    assert [(c.state, c.said[:49]) for c in found] == [("warning", "northtest is nrtx now (account northtest): files,")]
    gateway = Gateway(load_site(place.folder), port=0, workers=1)
    told: list[tuple[str, str]] = []
    gateway.engine.desk = replace(gateway.engine.desk, on_alert=lambda a: told.append((a.rule, a.partner)))
    try:
        assert [one.name for one in gateway._gone] == ["northtest"]
        gateway._use(load_site(place.folder))
        assert told == []  # once
        gateway._gone.clear()
        gateway._use(load_site(place.folder))
        assert told == [("PROFILE-PARTNER-GONE", "northtest")]
        (place.folder / "partners" / "nrtx.toml").unlink()
        (place.folder / "partners" / "northtest.toml").write_text(text.replace('"nrtx"', '"northtest"'))
        gateway._use(load_site(place.folder))
        assert not gateway._gone
    finally:
        gateway.close()


def test_shipments_that_wait_for_a_partner_who_is_gone_are_told(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.drop("good-309.edi")
    place.run()
    (place.folder / "partners" / "northtest.toml").unlink()
    site, ledger = load_site(place.folder), open_ledger(place.site.settings.ledger_url)
    row = {"partner": "northtest", "key": "k", "receipt": "r", "message": 0, "number": 1, "place": "", "draft": "{}"}
    try:
        assert list(departed(site, ledger)) == []  # a partner who is gone and has nothing open is no matter
        with ledger.transaction() as connection:
            connection.execute(parts.insert(), [row | {"state": "waiting", "until": "2026-01-01T00:00:00Z"}])
        (one,) = departed(site, ledger)
    finally:
        ledger.close()
    assert one.said.startswith("1 shipment of northtest wait")


def test_each_setting_is_taken_or_told(tmp_path: Path) -> None:
    """A new field of gateway.toml must be thought of: what a running gateway does not take, it says."""
    taken = {
        "folder", "max_file_bytes", "alert_command", "alert_webhook", "responses_dir", "key_files", "retention", "person_key", "person_key_named",
        "fx_usd", "outputs",
    }  # fmt: skip
    told = set(reloading._AT_START) | {"responses_poll"}  # the last one by serving.Gateway._use
    assert {field.name for field in fields(Settings)} == taken | told
    assert not taken & told


def test_a_changed_limit_and_a_changed_alert_command_count_from_the_next_file_on(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    gateway = Gateway(place.site, port=0, workers=1)
    try:
        config, said = place.folder / "gateway.toml", tmp_path / "said"
        command = json.dumps(["/bin/sh", "-c", f"cat >> {said}"])
        config.write_text(f"max_file_bytes = 99\n{config.read_text()}\n[alerts]\ncommand = {command}\n")
        gateway._use(load_site(place.folder))
        assert (gateway.engine.intake.max_file_bytes, gateway.engine.desk.limits.total) == (99, 99)
        gateway._alert(Alert("DROP-WAITS", "A file waits.", "", ""))
        assert until(said.exists)
    finally:
        gateway.close()
    assert json.loads(said.read_text())["rule"] == "DROP-WAITS"


def test_a_key_file_of_any_name_is_watched(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    toml = place.folder / "partners" / "northtest.toml"
    shutil.copy(place.folder / "keys" / "northtest.pub", place.folder / "keys" / "authorized_keys")
    toml.write_text(re.sub(r"(?m)^keys = .*$", 'keys = ["keys/authorized_keys"]', toml.read_text()))
    site = load_site(place.folder)
    before = reloading.fingerprint(site)
    (place.folder / "keys" / "authorized_keys").write_text("# nobody\n")
    assert reloading.fingerprint(site) != before


def test_a_change_with_a_key_that_cannot_be_read_is_not_taken_in_part(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    gateway = Gateway(place.site, port=0, workers=1)
    told: list[str] = []
    gateway._pager.tell = lambda alert: told.append(alert.rule)  # type: ignore[method-assign]
    try:
        tables, keys = gateway.engine._config, gateway.server.keys
        (place.folder / "keys" / "northtest.pub").write_text("ssh-ed25519 AAAA\n")
        for _ in range(3):
            gateway.engine._next_poll = 0.0
            gateway.engine.run_once()
        assert (told, gateway.engine._config, gateway.server.keys) == (["PROFILE-BROKEN"], tables, keys)
    finally:
        gateway.close()


def test_a_disk_that_takes_no_upload_is_told_once_a_minute(tmp_path: Path) -> None:
    site = Place(tmp_path / "site").site
    told: list[str] = []
    gateway = Gateway(site, port=0)
    try:
        gateway._pager.tell = lambda alert: told.append(f"{alert.rule} {alert.partner}: {alert.message}")
        for rule in ("SFTP-LOGIN", "SFTP-FAULT", "SFTP-FAULT"):
            gateway._event(SftpEvent(rule, "northtest", "192.0.2.1", "a.edi", "No space left on device"))
    finally:
        gateway.close()
    assert len(told) == 1 and told[0].startswith("SFTP-FAULT northtest: An upload could not be stored (No space left")
