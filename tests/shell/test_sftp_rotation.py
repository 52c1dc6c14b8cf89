"""The next host key is announced and proved; a client that learned it connects after the change without a question."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from gateway.commands.serving import Gateway
from gateway.shell.sftp_keys import create_host_key
from gateway.site import load_site
from tests.in_process import run
from tests.shell.sftp_support import SFTP, USER, Drop, needs_sftp, open_drop, public_line, until

pytestmark = pytest.mark.sftp
ANNOUNCE, PROVE = "hostkeys-00@openssh.com", "hostkeys-prove-00@openssh.com"


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    create_host_key(tmp_path / "next")
    with open_drop(tmp_path) as found:
        yield found


def log_in(drop: Drop) -> tuple[paramiko.Transport, list[list[bytes]]]:
    """Log in; return the connection and the keys of each announcement."""
    transport, told = drop.transport(), []
    real = transport._parse_global_request

    def listen(message: paramiko.Message) -> None:
        copy = paramiko.Message(message.asbytes()[message.packet.tell() :])
        if copy.get_text() == ANNOUNCE:
            copy.get_boolean()
            keys = []
            while copy.get_remainder():
                keys.append(copy.get_binary())
            told.append(keys)
        real(message)

    transport._handler_table = transport._handler_table | {paramiko.common.MSG_GLOBAL_REQUEST: listen}
    transport.connect(username=USER, pkey=paramiko.PKey.from_path(drop.key_file))
    paramiko.SFTPClient.from_transport(transport).listdir("/")
    return transport, told


def blobs(drop: Drop) -> list[bytes]:
    return [paramiko.PKey.from_path(drop.root / name).asbytes() for name in ("host", "next")]


def test_both_keys_are_announced_and_each_is_proved(drop: Drop) -> None:
    transport, told = log_in(drop)
    assert until(lambda: told)
    assert told == [blobs(drop)]
    assert transport.get_remote_server_key().asbytes() == blobs(drop)[0]
    answer = transport.global_request(PROVE, tuple(blobs(drop)))
    assert answer is not None
    for name in ("host", "next"):
        private = paramiko.PKey.from_path(drop.root / name)
        key = paramiko.PKey.from_type_string(private.get_name(), private.asbytes())
        said = paramiko.Message()
        for text in (PROVE.encode(), transport.session_id, key.asbytes()):
            said.add_string(text)
        signature = paramiko.Message(answer.get_binary())
        assert key.verify_ssh_sig(said.asbytes(), signature)
        signature.rewind()
        assert not key.verify_ssh_sig(said.asbytes() + b"x", signature)


@pytest.mark.parametrize("other", ["stranger", "none", "another request"])
def test_nothing_else_is_signed_or_answered(drop: Drop, other: str) -> None:
    transport, _ = log_in(drop)
    stranger = paramiko.ECDSAKey.generate().asbytes()
    asked: dict[str, tuple[str, tuple[bytes, ...]]] = {
        "stranger": (PROVE, (blobs(drop)[0], stranger)),
        "none": (PROVE, ()),
        "another request": ("streamlocal-forward@openssh.com", (b"socket",)),
    }
    assert transport.global_request(*asked[other]) is None
    assert transport.is_active()


def test_nothing_is_proved_before_the_login(drop: Drop) -> None:
    transport = drop.transport()
    transport.start_client(timeout=5)
    assert transport.global_request(PROVE, tuple(blobs(drop))) is None
    transport.close()


def test_a_single_key_is_not_announced(tmp_path: Path) -> None:
    with open_drop(tmp_path) as drop:
        transport, told = log_in(drop)
        assert transport.global_request(PROVE, (drop.server.host_keys[0].asbytes(),)) is None
        assert told == []


def sftp(drop: Drop, known: Path) -> subprocess.CompletedProcess[str]:
    assert SFTP is not None
    options = ("BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=yes", f"UserKnownHostsFile={known}", "GlobalKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "HashKnownHosts=no")  # fmt: skip
    words = [SFTP, *(f"-o{option}" for option in options), "-i", str(drop.key_file), "-P", str(drop.port), "-b", "-", f"{USER}@127.0.0.1"]  # fmt: skip
    return subprocess.run(words, input="ls /\n", capture_output=True, text=True, check=False, timeout=30)


@needs_sftp
def test_the_openssh_client_learns_the_next_key_and_connects_after_the_change(drop: Drop, tmp_path: Path) -> None:
    host, coming = public_line(tmp_path / "host"), public_line(tmp_path / "next")
    known = tmp_path / "known_hosts"

    def change() -> None:
        for name in ("host", "next"):
            (tmp_path / name).rename(tmp_path / f"old_{name}")
        (tmp_path / "old_next").rename(tmp_path / "host")
        port = drop.port
        drop.server.stop()
        drop.start()
        known.write_text(known.read_text().replace(f":{port} ", f":{drop.port} "))

    known.write_text(f"[127.0.0.1]:{drop.port} {host}\n")
    first = sftp(drop, known)
    assert first.returncode == 0, first.stderr
    assert until(lambda: coming in known.read_text())
    change()
    second = sftp(drop, known)
    assert second.returncode == 0, second.stderr
    known.write_text(f"[127.0.0.1]:{drop.port} {host}\n")  # a client that never heard of it
    third = sftp(drop, known)
    assert third.returncode != 0
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in third.stderr or "verification failed" in third.stderr


def test_the_next_key_is_made_shown_and_checked(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    run("demo", "init", str(folder))
    config = folder / "gateway.toml"
    config.write_text(config.read_text().replace('host_key = "keys/host_ed25519"', 'host_key = "keys/host_ed25519"\nnext_host_key = "keys/host_2027"'))  # fmt: skip
    gateway = Gateway(load_site(folder), port=0)
    prints = gateway.server.fingerprint, gateway.server.next_fingerprint
    gateway.close()
    assert all(text.startswith("SHA256:") for text in prints)
    assert len(set(prints)) == 2
    path = folder / "keys" / "host_2027"
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(run("config", "show", str(folder), "--json"))["keys"]["next host key"]["there"]
    path.chmod(0o644)
    assert "next host key: others may read it" in run("doctor", str(folder))
