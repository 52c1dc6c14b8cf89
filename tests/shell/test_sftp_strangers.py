"""Peers that did not get in: a partner with an old client is told of with what it lacks, and not a hundred times."""

from __future__ import annotations

import io
import json
import socket
import subprocess
from pathlib import Path

import paramiko
import pytest

from gateway.shell.log import configure
from gateway.shell.sftp_accounts import log_event
from gateway.shell.sftp_keys import create_host_key
from gateway.shell.sftp_strangers import Seldom
from tests.shell.sftp_support import OPTIONS, SFTP, Drop, needs_sftp, open_drop, until

pytestmark = pytest.mark.sftp


@pytest.fixture
def drop(tmp_path: Path):
    with open_drop(tmp_path, ban_after_ip=10_000) as started:
        yield started


def openssh(drop: Drop, *options: str) -> None:
    command = [str(SFTP), *OPTIONS, "-i", str(drop.key_file), *options, "-P", str(drop.port), "-b", "/dev/null"]
    done = subprocess.run([*command, "carrier-a@127.0.0.1"], capture_output=True, timeout=30, check=False)
    assert done.returncode != 0


@needs_sftp
@pytest.mark.parametrize(
    ("option", "missing"),
    [
        ("-oCiphers=aes128-cbc,aes256-cbc", "no cipher in common, it offers aes128-cbc aes256-cbc"),
        ("-oMACs=hmac-sha1", "no MAC in common, it offers hmac-sha1"),
        ("-oHostKeyAlgorithms=rsa-sha2-256", "no host key in common, it offers rsa-sha2-256"),
        (
            "-oKexAlgorithms=diffie-hellman-group1-sha1",
            "no key exchange in common, it offers diffie-hellman-group1-sha1",
        ),
    ],
)
def test_what_a_client_offers_and_we_do_not_accept_is_named_with_its_address(
    drop: Drop, option: str, missing: str
) -> None:
    openssh(drop, option)
    assert until(lambda: drop.events)
    (event,) = drop.events
    assert (event.rule, event.peer, event.account) == ("SFTP-ALGORITHMS", "127.0.0.1", "")
    assert event.detail.startswith("SSH-2.0-OpenSSH_")
    assert event.detail.endswith(f": {missing}")


def test_all_that_is_missing_is_told_at_once(drop: Drop) -> None:
    transport = drop.transport()
    options = transport.get_security_options()
    options.ciphers, options.digests = ("aes128-cbc",), ("hmac-sha1",)
    with pytest.raises(paramiko.SSHException):
        transport.start_client(timeout=10)
    transport.close()
    assert until(lambda: drop.events)
    assert "no cipher in common, it offers aes128-cbc; no MAC in common, it offers hmac-sha1" in drop.events[0].detail


def test_the_line_of_the_log_holds_nothing_that_the_peer_could_forge(
    drop: Drop, capsys: pytest.CaptureFixture[str]
) -> None:
    configure()
    with socket.create_connection(("127.0.0.1", drop.port), 5) as peer:
        peer.sendall(b"SSH-1.5-a\x1b[2J" + b"x" * 200 + b"\r\n")
        while peer.recv(4096):
            pass
    assert until(lambda: drop.events)
    log_event(drop.events[0])
    (line,) = [json.loads(text) for text in capsys.readouterr().err.splitlines()]
    assert line["peer"] == "127.0.0.1"
    assert line["level"] == "warning"
    assert "\x1b" not in line["detail"]
    assert line["detail"].endswith(": Incompatible version (1.5 instead of 2.0)")
    assert len(line["detail"]) < 300


@needs_sftp
def test_a_client_that_does_not_know_our_host_key_is_told_of(drop: Drop, tmp_path: Path) -> None:
    create_host_key(tmp_path / "other")
    other = paramiko.PKey.from_path(tmp_path / "other")
    known = tmp_path / "known"
    known.write_text(f"[127.0.0.1]:{drop.port} {other.get_name()} {other.get_base64()}\n")
    options = ["-oStrictHostKeyChecking=yes", f"-oUserKnownHostsFile={known}", "-F/dev/null", "-P", str(drop.port)]
    subprocess.run([str(SFTP), *options, "-b", "/dev/null", "carrier-a@127.0.0.1"], capture_output=True, check=False)
    assert until(lambda: drop.events)
    assert [e.rule for e in drop.events] == ["SFTP-HANDSHAKE"]
    assert drop.events[0].detail.endswith("left before it logged in")


def test_who_logs_in_and_who_only_looks_at_the_port_are_no_strangers(drop: Drop) -> None:
    with drop.client() as client:
        client.putfo(io.BytesIO(b"x"), "/in/a.edi")
    for word in (b"", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", drop.port), 5) as scan:
            scan.sendall(word)
            assert until(lambda: any(not c.user for c in drop.server._list()))
    assert until(lambda: not drop.server._list())
    assert not {"SFTP-ALGORITHMS", "SFTP-HANDSHAKE"} & set(drop.rules())


def test_a_client_that_tries_again_and_again_is_one_line_a_minute_with_a_number(drop: Drop) -> None:
    now = [100.0]
    drop.server._seldom = Seldom(clock=lambda: now[0])

    def attempt() -> None:
        transport = drop.transport()
        transport.get_security_options().ciphers = ("aes128-cbc",)
        with pytest.raises(paramiko.SSHException):
            transport.start_client(timeout=10)
        transport.close()

    for _ in range(4):
        attempt()
    assert until(lambda: [left_out for _, left_out in drop.server._seldom._last.values()] == [3])
    assert drop.rules() == ["SFTP-ALGORITHMS"]
    now[0] += 61
    attempt()
    assert until(lambda: drop.rules() == ["SFTP-ALGORITHMS"] * 2)
    assert drop.events[1].detail.endswith("it offers aes128-cbc; 3 more of these before")


def test_a_banned_address_does_not_fill_the_log(tmp_path: Path) -> None:
    with open_drop(tmp_path, ban_after_ip=1) as drop:
        drop.server.guard.failed("127.0.0.1", "nobody")
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", drop.port), 5) as refused:
                refused.settimeout(5)
                assert refused.recv(100) == b""
        assert drop.rules() == ["SFTP-BANNED"]


def test_many_addresses_do_not_fill_the_memory() -> None:
    seldom = Seldom(clock=lambda: 0.0)
    for number in range(10_005):
        assert seldom.told("SFTP-BANNED", str(number)) == 0
    assert len(seldom._last) < 10_000
