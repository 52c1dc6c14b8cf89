"""Host keys, fingerprints, authorized key lines, private key files."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import paramiko
import pytest

from gateway.errors import ConfigError
from gateway.shell.sftp_accounts import Account
from gateway.shell.sftp_keys import (
    AuthorizedKey,
    create_host_key,
    fingerprint,
    key_allowed,
    load_private_key,
    parse_authorized_key,
)
from tests.shell.sftp_support import USER, Drop, open_drop, public_line, until

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYGEN = shutil.which("ssh-keygen")
needs_keygen = pytest.mark.skipif(KEYGEN is None, reason="ssh-keygen is not installed")


def test_a_new_host_key_is_ed25519_private_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "host"
    shown = create_host_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_private_key(path).get_name() == "ssh-ed25519"
    assert fingerprint(public_line(path)) == shown
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="exists"):
        create_host_key(path)
    assert path.read_bytes() == before
    with pytest.raises(FileNotFoundError):  # another fault is not called a key that exists
        create_host_key(tmp_path / "gone" / "host")


@needs_keygen
def test_the_fingerprint_is_the_one_ssh_keygen_prints(tmp_path: Path) -> None:
    path = tmp_path / "host"
    shown = create_host_key(path)
    printed = subprocess.run([str(KEYGEN), "-l", "-f", str(path)], capture_output=True, text=True, check=True).stdout
    assert printed.split()[1] == shown


@needs_keygen
def test_a_private_key_with_a_passphrase_is_read_with_it_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run([str(KEYGEN), "-q", "-t", "ed25519", "-N", "open sesame", "-f", str(path)], check=True)
    assert load_private_key(path, "open sesame").get_name() == "ssh-ed25519"
    for passphrase in (None, "wrong"):
        with pytest.raises(ConfigError, match="not a private key we can use"):
            load_private_key(path, passphrase)


def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create_host_key(path)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="read by others"):
        load_private_key(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_private_key(tmp_path / "none")


def test_short_rsa_keys_are_refused_and_3072_bits_are_enough() -> None:
    lines = {}
    for bits in (2048, 3072):
        key = paramiko.RSAKey.generate(bits)
        lines[bits] = f"ssh-rsa {key.get_base64()}"
    with pytest.raises(ConfigError, match="2048 bits is too short"):
        parse_authorized_key(lines[2048])
    assert parse_authorized_key(lines[3072]).blob


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-dss AAAAB3NzaC1kc3M=",
        "ssh-ed25519",
        "ssh-ed25519 not-base64",
        "ssh-ed25519 AAAA",
        'command="id" {key}',
        "cert-authority {key}",
        'from="nowhere" {key}',
        'expiry-time="soon" {key}',
        'expiry-time="20261399" {key}',
        "from= {key}",
    ],
)
def test_other_lines_are_refused_with_advice(tmp_path: Path, line: str) -> None:
    create_host_key(tmp_path / "k")
    with pytest.raises(ConfigError) as refused:
        parse_authorized_key(line.replace("{key}", public_line(tmp_path / "k")))
    assert refused.value.advice


def test_options_in_any_order_are_read(tmp_path: Path) -> None:
    create_host_key(tmp_path / "k")
    line = public_line(tmp_path / "k")
    key = parse_authorized_key(
        f'no-pty,expiry-time="202601020304",from="192.0.2.0/24, 2001:db8::/32",restrict  {line} a b'
    )
    assert key.expires == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert key.usable("192.0.2.9", NOW)
    assert key.usable("::ffff:192.0.2.9", NOW)
    assert key.usable("2001:db8::1", NOW)
    assert not key.usable("198.51.100.1", NOW)
    assert not key.usable("192.0.2.9", datetime(2026, 1, 2, 3, 4, tzinfo=UTC))


def test_a_key_is_found_among_several() -> None:
    keys = (AuthorizedKey(b"one"), AuthorizedKey(b"two", expires=NOW))
    assert key_allowed(keys, b"one", "192.0.2.1", NOW)
    assert not key_allowed(keys, b"two", "192.0.2.1", NOW)
    assert not key_allowed(keys, b"three", "192.0.2.1", NOW)
    assert not key_allowed((), b"", "192.0.2.1", NOW)


def test_a_session_ends_when_its_key_is_taken_away_and_others_stay(tmp_path: Path) -> None:
    with open_drop(tmp_path) as drop:
        taken_away(drop)


def taken_away(drop: Drop) -> None:
    new_key = drop.root / "new"
    create_host_key(new_key)
    lines = (public_line(drop.key_file), public_line(new_key))
    with drop.client() as old:
        old.listdir("/")
        drop.server.set_accounts([Account(USER, lines, drop.home)])
        old.listdir("/")
        drop.server.set_accounts([Account(USER, lines[1:], drop.home)])
        with pytest.raises((OSError, EOFError, paramiko.SSHException)):
            old.listdir("/")
    assert until(lambda: "SFTP-KEY-GONE" in drop.rules())
    drop.key_file = new_key
    with drop.client() as new:
        drop.server.set_accounts([Account(USER, lines[1:], drop.home)])
        assert "in" in new.listdir("/")
    assert drop.rules().count("SFTP-KEY-GONE") == 1
