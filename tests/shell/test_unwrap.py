"""Wrapped files: opened only where the profile says so, within limits, each member a drop of its own, all or nothing."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import shutil
import stat
import subprocess
import time
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.check import parse_instant
from gateway.formats.detect import detect
from gateway.openpgp import is_openpgp
from gateway.shell import members
from gateway.shell.claims import Claimed, member_claim
from gateway.shell.desk import may_pass
from gateway.shell.unwrap import Limits, UnwrapError, take_out, wrapping
from gateway.site import base_site
from gateway.translate import translate
from tests.bombs import archive_of_names
from tests.drops import FIXTURES, sample
from tests.shell.shell_support import Clock, Config, Yard

ONE = sample("x12/01_309_truck_5020_s321.edi")
TWO = sample("x12/03_309_truck_prelim_P.edi").replace(b"000000003", b"000000303")


class Open(Yard):
    """A yard with the real translation and a partner who may send archives."""

    def config(self) -> Config:
        config = super().config()
        profile = replace(base_site().partners["nrtx"].profile, unwrap=("zip", "gz"))
        config.partners = [replace(p, profile=replace(profile, partner=p.name)) for p in config.partners]
        return config


@pytest.fixture
def yard(tmp_path: Path) -> Open:
    return Open(tmp_path, clock=Clock(parse_instant("2025-01-14T10:00:00Z")), translate=translate, partners=("acme",))


def zipped(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), content)
    return data.getvalue()


def put(yard: Yard, name: str, data: bytes) -> None:
    (yard.folder("in") / name).write_bytes(data)
    (yard.folder("in") / f"{name}.done").touch()


def test_each_file_of_an_archive_is_a_drop_with_answers_of_its_own(yard: Open) -> None:
    put(yard, "batch.zip", zipped(a_DOT_edi=ONE, sub__b_DOT_edi=TWO))
    yard.run()
    acks = yard.names("ack")
    assert {"batch.zip.receipt.json", "batch.zip.a.edi.999.edi", "batch.zip.sub_b.edi.999.edi"} <= set(acks)
    receipt = json.loads((yard.folder("ack") / "batch.zip.receipt.json").read_text())
    assert [m["file_name"] for m in receipt["members"]] == ["batch.zip.a.edi", "batch.zip.sub_b.edi"]
    assert len(yard.deliveries()) == 2
    assert yard.problems() == []
    put(yard, "again.zip", zipped(a_DOT_edi=ONE, sub__b_DOT_edi=TWO))  # the same bytes inside
    yard.run()
    assert len(yard.deliveries()) == 2
    assert yard.problems() == []


def test_what_comes_behind_an_archive_never_overtakes_its_files(yard: Open) -> None:
    yard.folder("ack").rename(yard.root / "away")  # its receipt has to wait, and its files wait with it
    put(yard, "1.zip", zipped(a_DOT_edi=ONE))
    put(yard, "2.edi", TWO)
    engine = yard.engine()
    assert [(r.file_name, r.state) for r in engine.run_once()] == [("1.zip", "waiting")]
    (yard.root / "away").rename(yard.folder("ack"))
    engine._queue._later = [(0.0, receipt) for _, receipt in engine._queue._later]
    assert [r.file_name for r in engine.run_once()] == ["1.zip", "1.zip.a.edi", "2.edi"]
    engine.close()
    assert yard.problems() == []


def test_a_gzip_file_is_opened_and_answered_under_its_inner_name(yard: Open) -> None:
    put(yard, "trip.edi.gz", gzip.compress(ONE))
    yard.run()
    assert "trip.edi.999.edi" in yard.names("ack")
    assert yard.problems() == []


def test_each_member_came_after_the_one_before_it() -> None:
    """Nothing else in a delivered message tells the order of the files of an archive."""
    whole = Claimed("20250303T100000000000-aaaaaa", "p", "p", "a.zip", "a.zip", "2025-03-03T10:00:00.999999Z")
    times = [member_claim(whole, number, "a.csv", "p").received_at for number in (1, 2)]
    assert times == ["2025-03-03T10:00:01.000000Z", "2025-03-03T10:00:01.000001Z"]


def test_a_crash_between_the_members_makes_none_twice_and_loses_none(yard: Open, monkeypatch) -> None:
    put(yard, "batch.zip", zipped(a_DOT_edi=ONE, b_DOT_edi=TWO))
    real, calls = members.put_member, []

    def stop(*args: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(members, "put_member", stop)
        yard.run()
    yard.run()
    assert len(yard.deliveries()) == 2
    assert sum(name.endswith("999.edi") for name in yard.names("ack")) == 2
    assert yard.problems() == []


PGP = b"-----BEGIN PGP MESSAGE-----\n"


def test_a_gpg_that_waits_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gpg").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "gpg").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "raw").write_bytes(PGP)
    (tmp_path / "out").mkdir()
    limits = Limits(seconds=0.2)
    with pytest.raises(UnwrapError, match="within 0 seconds"):
        take_out(tmp_path / "raw", "a.pgp", "pgp", tmp_path / "out", limits, tmp_path)


def test_a_gpg_that_is_stopped_with_the_gateway_does_not_condemn_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service manager or a terminal tells every process to end."""
    (tmp_path / "gpg").write_text("#!/bin/sh\nkill -TERM $$\n")
    (tmp_path / "gpg").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "raw").write_bytes(PGP)
    (tmp_path / "out").mkdir()
    with pytest.raises(OSError, match="stopped") as told:
        take_out(tmp_path / "raw", "a.pgp", "pgp", tmp_path / "out", Limits(), tmp_path)
    assert may_pass(told.value)


def test_a_gpg_that_cannot_be_started_just_now_is_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    (tmp_path / "raw").write_bytes(PGP)
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(subprocess, "Popen", full)
    with pytest.raises(OSError, match="Cannot allocate"):  # the file waits; it is not held
        take_out(tmp_path / "raw", "a.pgp", "pgp", tmp_path / "out", Limits(), tmp_path)


def test_what_is_wrapped_twice_is_held_and_nothing_of_a_bad_archive_is_taken(yard: Open) -> None:
    put(yard, "twice.zip", zipped(inner_DOT_zip=zipped(a_DOT_edi=ONE)))
    put(yard, "bad.zip", zipped(a_DOT_edi=ONE)[:-40])
    yard.run()
    assert yard.deliveries() == []
    held = json.loads((yard.folder("reject") / "bad.zip.receipt.json").read_text())
    assert "damaged" in held["message"]
    assert "twice.zip.inner.zip.receipt.json" in yard.names("ack") + yard.names("reject")
    assert yard.problems() == []


def test_without_the_setting_an_archive_is_held_as_before(tmp_path: Path) -> None:
    yard = Yard(tmp_path, clock=Clock(parse_instant("2025-01-14T10:00:00Z")), translate=translate, partners=("acme",))
    put(yard, "batch.zip", zipped(a_DOT_edi=ONE))
    yard.run()
    assert yard.deliveries() == []
    assert list((tmp_path / "state" / "quarantine").iterdir())


# --- what is refused ------------------------------------------------------------------------------------------------


def entry(
    name: str, mode: int = stat.S_IFREG | 0o644, data: bytes = b"x", flags: int = 0, packed: int = zipfile.ZIP_STORED
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, data, packed)
    raw = bytearray(out.getvalue())
    if flags:
        raw[6] |= flags
        raw[raw.find(b"PK\x01\x02") + 8] |= flags
    return bytes(raw)


BAD = {
    "leads out": entry("../../etc/cron.d/x"), "leads out ": entry("/etc/passwd"), "leads out  ": entry("C:\\x.edi"),
    "link or a device": entry("l.edi", stat.S_IFLNK | 0o777, b"/etc/passwd"), "link or a device ": entry("d", stat.S_IFCHR | 0o600),
    "encrypted": entry("e.edi", flags=1), "no file": entry("folder/", stat.S_IFDIR | 0o755), "damaged": b"PK\x03\x04" + bytes(200),
    "an unusual way": entry("a.edi", packed=zipfile.ZIP_BZIP2), "an unusual way ": entry("a.edi", packed=zipfile.ZIP_LZMA),
}  # fmt: skip


@pytest.mark.parametrize("said", BAD)
def test_an_archive_with_anything_but_plain_files_is_not_opened(tmp_path: Path, said: str) -> None:
    (tmp_path / "raw").write_bytes(BAD[said])
    with pytest.raises(UnwrapError, match=said.strip()):
        take_out(tmp_path / "raw", "x.zip", "zip", tmp_path, Limits())


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_a_bomb_is_stopped_soon_whatever_size_it_declares(tmp_path: Path, kind: str) -> None:
    zeros = bytes(300_000_000)
    (tmp_path / "raw").write_bytes(gzip.compress(zeros, 9) if kind == "gz" else zipped(a_DOT_edi=zeros))
    begun = time.process_time()
    with pytest.raises(UnwrapError, match="More comes out"):
        take_out(tmp_path / "raw", "x", kind, tmp_path, Limits())
    assert time.process_time() - begun < 5
    assert sum(p.stat().st_size for p in tmp_path.glob("0*")) < 40_000_000


def test_too_many_members_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(zipped(**{f"f{n}": b"x" for n in range(1001)}))
    with pytest.raises(UnwrapError, match="1001 files"):
        take_out(tmp_path / "raw", "x", "zip", tmp_path, Limits())


def test_a_workbook_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(zipped(**{"[Content_Types]_DOT_xml": b"<x/>", "xl__workbook_DOT_xml": b"<x/>"}))
    assert wrapping(tmp_path / "raw", ("zip",)) == ""


def ring(tmp_path: Path, key: str = "rsa2048") -> tuple[Path, list[str]]:
    """Return a key ring with a key of this kind, and the command that uses it."""
    home = tmp_path / "ring"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--batch", "--quiet", "--homedir", str(home), "--pinentry-mode", "loopback", "--passphrase", ""]
    asked = [
        *gpg,
        "--quick-gen-key",
        "gateway@example.com",
        key,
        "default" if key == "default" else "encr,sign",
        "never",
    ]
    subprocess.run(asked, check=True, capture_output=True)
    return home, gpg


def made(gpg: list[str], tmp_path: Path, *how: str) -> Path:
    """Return a file that gpg made of one 309."""
    (tmp_path / "plain").write_bytes(ONE)
    to = ["--trust-model", "always", "-o", str(tmp_path / "raw"), *how]
    subprocess.run([*gpg, *to, str(tmp_path / "plain")], check=True, capture_output=True)
    return tmp_path / "raw"


needs_gpg = pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed")


@needs_gpg
def test_a_pgp_message_is_opened_with_the_key_of_the_gateway_and_a_changed_one_is_not(tmp_path: Path) -> None:
    home, gpg = ring(tmp_path)
    raw = made(gpg, tmp_path, "--armor", "-r", "gateway@example.com", "--encrypt")
    assert wrapping(raw, ("pgp",)) == "pgp"
    (member,) = take_out(raw, "t.edi.pgp", "pgp", tmp_path, Limits(), home)
    assert (member.name, member.path.read_bytes()) == ("t.edi", ONE)
    text = raw.read_text().splitlines()
    text[6] = text[6][::-1]
    (tmp_path / "changed").write_text("\n".join(text))
    (tmp_path / "n").mkdir()
    with pytest.raises(UnwrapError, match="cannot be opened"):
        take_out(tmp_path / "changed", "t.edi.pgp", "pgp", tmp_path / "n", Limits(), home)
    with pytest.raises(UnwrapError, match="pgp_home"):
        (tmp_path / "m").mkdir()
        take_out(raw, "t.edi.pgp", "pgp", tmp_path / "m", Limits())


@needs_gpg
@pytest.mark.parametrize("key", ["rsa2048", "default"])
def test_a_pgp_message_in_bytes_is_opened_too(tmp_path: Path, key: str) -> None:
    home, gpg = ring(tmp_path, key)
    raw = made(gpg, tmp_path, "-r", "gateway@example.com", "--encrypt")
    assert not raw.read_bytes().startswith(b"-")
    assert wrapping(raw, ("pgp",)) == "pgp"
    (member,) = take_out(raw, "t.edi.gpg", "pgp", tmp_path, Limits(), home)
    assert (member.name, member.path.read_bytes()) == ("t.edi", ONE)


@needs_gpg
@pytest.mark.parametrize(
    "how",
    [
        ("-r", "gateway@example.com", "--encrypt"),
        ("--symmetric", "--passphrase", "x"),
        ("--sign",),
        ("--sign", "-z", "0"),
    ],
)
def test_a_pgp_message_in_bytes_is_held_as_one_where_it_may_not_be_opened(tmp_path: Path, how: tuple[str, ...]) -> None:
    _, gpg = ring(tmp_path)
    seen = detect(made(gpg, tmp_path, *how).read_bytes()[:4096], "a.gpg", {})
    assert (seen.kind, seen.hold and seen.hold.rule) == ("PGP", "FILE-WRAPPED")


@pytest.mark.parametrize("text", ["ISA*00*", "UNB+UNOA:1", "<?xml ", "FHL/4", "Übersicht;Stück", "№;货物", "HAWB,Name"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-be", "cp1252", "cp037", "cp500", "gb18030", "shift_jis"])
def test_a_text_in_any_character_set_is_no_pgp_message(text: str, codec: str) -> None:
    assert not is_openpgp((text * 20).encode(codec, "replace"))


def test_check_looks_into_an_archive_of_a_partner_who_may_send_one(tmp_path: Path) -> None:
    from gateway.commands.unwrapping import opened

    site = base_site()
    first = next(iter(site.partners))
    partner = site.partners[first]
    site = replace(site, partners={first: replace(partner, profile=replace(partner.profile, unwrap=("zip",)))})
    with opened(FIXTURES / "cases" / "S106_zip_with_one_309.zip", site) as members:
        assert [name for name, _ in members] == ["S106_zip_with_one_309.zip.manifest.edi"]
        assert members[0][1].read_bytes().startswith(b"ISA")


def test_an_archive_of_millions_of_names_is_refused_before_they_are_read(tmp_path: Path) -> None:
    raw = tmp_path / "a.zip"
    raw.write_bytes(archive_of_names(300_000))
    tracemalloc.start()
    try:
        with pytest.raises(UnwrapError, match="far more than 1000 files"):
            take_out(raw, "a.zip", "zip", tmp_path, Limits())
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    raw.write_bytes(archive_of_names(1001))
    with pytest.raises(UnwrapError, match="It holds 1002 files; 1000 are allowed"):
        take_out(raw, "a.zip", "zip", tmp_path, Limits())
