"""The SSH side: algorithms, keys, what may be opened, limits, idle sessions, port scans, stopping."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from paramiko.message import Message
from paramiko.sftp import CMD_SETSTAT, CMD_STATUS

from gateway.catalogue import load_catalogue
from gateway.errors import ConfigError
from gateway.shell.log import configure
from gateway.shell.sftp_accounts import USUAL, Account, Guard, Limits, SftpEvent, escaped, log_event
from gateway.shell.sftp_keys import CIPHERS, MACS, create_host_key, fingerprint
from gateway.shell.sftp_server import SftpDropServer
from tests.shell.sftp_support import USER, Drop, close, needs_sftp, open_drop, until

pytestmark = pytest.mark.sftp
WEAK_CIPHERS = ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"]
WEAK_MACS = ["hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"]


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    with open_drop(tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drop]:
    """One server for the tests that change nothing in it."""
    root = tmp_path_factory.mktemp("drop")
    with open_drop(root, ban_after_ip=10_000, ban_after_user=10_000) as started:
        yield started


# --- algorithms


def handshake(drop: Drop, **only: str) -> paramiko.Transport:
    transport = drop.transport()
    options = transport.get_security_options()
    for kind, name in only.items():
        setattr(options, kind, (name,))
    try:
        transport.start_client(timeout=10)
    except Exception:
        transport.close()
        raise
    return transport


@pytest.mark.parametrize("name", WEAK_CIPHERS)
def test_a_client_with_only_this_weak_cipher_is_refused(shared: Drop, name: str) -> None:
    with pytest.raises(paramiko.SSHException):
        handshake(shared, ciphers=name)


@pytest.mark.parametrize("name", WEAK_MACS)
def test_a_client_with_only_this_weak_mac_is_refused(shared: Drop, name: str) -> None:
    with pytest.raises(paramiko.SSHException):
        handshake(shared, digests=name, ciphers="aes256-ctr")


@pytest.mark.parametrize(("kind", "name"), [*(("ciphers", n) for n in CIPHERS), *(("digests", n) for n in MACS)])
def test_a_client_with_only_this_strong_algorithm_is_served(shared: Drop, kind: str, name: str) -> None:
    handshake(shared, **{kind: name}).close()


def test_only_the_listed_algorithms_are_offered_and_key_exchange_is_strict(shared: Drop) -> None:
    transport = handshake(shared)
    try:
        own = transport.sock.getsockname()[1]
        [connection] = [c for c in shared.server._list() if c.alive and c.transport.getpeername()[1] == own]
        assert set(connection.transport.preferred_ciphers) <= set(CIPHERS)
        assert set(connection.transport.preferred_macs) <= set(MACS)
        assert not any("sha1" in name for name in connection.transport.preferred_kex)
        assert not any(name == "ssh-rsa" for name in connection.transport.preferred_pubkeys)
        assert transport.agreed_on_strict_kex
        assert "paramiko" not in transport.remote_version
    finally:
        transport.close()


def test_the_host_key_is_the_one_whose_fingerprint_is_shown(shared: Drop) -> None:
    transport = handshake(shared)
    key = transport.get_remote_server_key()
    transport.close()
    assert key.get_name() == "ssh-ed25519"
    assert fingerprint(key.asbytes()) == shared.server.fingerprint


# --- who may log in


def login(drop: Drop, user: str, key: paramiko.PKey) -> paramiko.Transport:
    transport = drop.transport()
    try:
        transport.start_client(timeout=10)
        transport.auth_publickey(user, key)
    except Exception:
        transport.close()
        raise
    return transport


@pytest.fixture(scope="module")
def other_key(tmp_path_factory: pytest.TempPathFactory) -> paramiko.PKey:
    path = tmp_path_factory.mktemp("keys") / "other"
    create_host_key(path)
    return paramiko.PKey.from_path(path)


@pytest.mark.parametrize("user", [USER, "carrier-b", "nobody", "root", "", "a\nb", "x" * 5000])
def test_a_wrong_key_is_refused_alike_for_known_and_unknown_users(
    shared: Drop, other_key: paramiko.PKey, user: str
) -> None:
    with pytest.raises(paramiko.AuthenticationException) as refused:
        login(shared, user, other_key)
    assert str(refused.value) == "Authentication failed."
    told = shared.events[-1].detail  # the log says why, for the person whom the partner calls
    known = user in (USER, "carrier-b")
    assert told == (f"key {other_key.fingerprint} is none of this account" if known else "no such account")


def test_an_account_without_that_key_does_not_accept_another_accounts_key(shared: Drop) -> None:
    with pytest.raises(paramiko.AuthenticationException):
        login(shared, "carrier-b", paramiko.PKey.from_path(shared.key_file))


def test_a_right_public_key_with_a_wrong_signature_is_refused_and_counted(
    shared: Drop, other_key: paramiko.PKey
) -> None:
    class Forged(paramiko.Ed25519Key):
        def sign_ssh_data(self, data: bytes, algorithm: str | None = None) -> Message:
            return other_key.sign_ssh_data(data, algorithm)

    before = shared.rules().count("SFTP-AUTH")
    with pytest.raises(paramiko.AuthenticationException):
        login(shared, USER, Forged(filename=str(shared.key_file)))
    assert shared.rules().count("SFTP-AUTH") == before + 1


METHODS = {
    "none": lambda transport: transport.auth_none(USER),
    "password": lambda transport: transport.auth_password(USER, "secret"),
    "interactive": lambda transport: transport.auth_interactive(USER, lambda *_: ["secret"]),
}


@pytest.mark.parametrize("method", METHODS)
def test_nothing_but_a_public_key_logs_in(shared: Drop, method: str) -> None:
    transport = handshake(shared)
    try:
        with pytest.raises(paramiko.BadAuthenticationType) as refused:
            METHODS[method](transport)
        assert refused.value.allowed_types == ["publickey"]
        assert not transport.is_authenticated()
    finally:
        transport.close()


def test_every_refusal_takes_the_same_time(tmp_path: Path, other_key: paramiko.PKey) -> None:
    with open_drop(tmp_path, auth_delay_s=0.15) as drop:
        for user in (USER, "nobody"):
            begun = time.monotonic()
            with pytest.raises(paramiko.AuthenticationException):
                login(drop, user, other_key)
            assert time.monotonic() - begun >= 0.15


def test_after_three_wrong_keys_the_connection_ends(shared: Drop, other_key: paramiko.PKey) -> None:
    transport = handshake(shared)
    for _ in range(3):
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_publickey(USER, other_key)
    assert until(lambda: not transport.is_active())


def test_answers_do_not_wait_for_the_peer_to_acknowledge(drop: Drop) -> None:
    with drop.client():
        (connection,) = drop.server._list()
        assert connection.transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_ecdsa_key_logs_in(tmp_path: Path) -> None:
    key = paramiko.ECDSAKey(vals=(k := ec.generate_private_key(ec.SECP256R1()), k.public_key()))
    with open_drop(tmp_path) as drop:
        account = Account("ec", (f"{key.get_name()} {key.get_base64()}",), drop.home)
        drop.server.stop()
        drop.server = SftpDropServer(
            "127.0.0.1",
            host_key_file=tmp_path / "host",
            accounts=[account],
            staging=drop.staging,
            on_upload=drop.take,
        )
        drop.port = drop.server.start()
        login(drop, "ec", key).close()


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ('from="127.0.0.0/8"', True),
        ('from="192.0.2.0/24,127.0.0.1"', True),
        ('from="192.0.2.0/24"', False),
        ('expiry-time="20200101"', False),
        ('expiry-time="29991231235959Z",from="127.0.0.1"', True),
        ("restrict", True),
    ],
)
def test_key_options_are_kept(tmp_path: Path, options: str, allowed: bool) -> None:
    with open_drop(tmp_path, key_options=options) as drop:
        if allowed:
            with drop.client() as client:
                assert client.listdir("/") == ["in", "ack", "reject"]
        else:
            with pytest.raises(paramiko.AuthenticationException), drop.client():
                pass


def test_too_many_wrong_keys_ban_the_address(tmp_path: Path, other_key: paramiko.PKey) -> None:
    with open_drop(tmp_path, ban_after_ip=2) as drop:
        for _ in range(2):
            with pytest.raises(paramiko.AuthenticationException):
                login(drop, "nobody", other_key)
        with pytest.raises((paramiko.SSHException, EOFError, OSError)), drop.client():
            pass
        assert "SFTP-BANNED" in drop.rules()


def test_too_many_wrong_keys_ban_the_user(tmp_path: Path, other_key: paramiko.PKey) -> None:
    with open_drop(tmp_path, ban_after_user=2, ban_after_ip=99) as drop:
        for _ in range(2):
            with pytest.raises(paramiko.AuthenticationException):
                login(drop, USER, other_key)
        with pytest.raises(paramiko.AuthenticationException), drop.client():
            pass
        assert drop.events[-1].rule == "SFTP-BANNED"


def test_a_job_with_a_wrong_key_does_not_shut_out_others_at_its_address(
    tmp_path: Path, other_key: paramiko.PKey
) -> None:
    with open_drop(tmp_path, ban_after_ip=2, ban_after_user=99) as drop:
        with drop.client() as client:
            client.listdir("/in")
        for _ in range(4):
            with pytest.raises(paramiko.AuthenticationException):
                login(drop, "nobody", other_key)
        with drop.client() as client:
            client.listdir("/in")
        assert "SFTP-BANNED" not in drop.rules()


def test_a_ban_ends_and_networks_are_counted_as_one() -> None:
    now = [0.0]
    guard = Guard(Limits(ban_after_ip=2, ban_after_user=3, ban_s=100, max_connections=3, max_per_ip=2), lambda: now[0])
    guard.failed("2001:db8::1", "u")
    guard.failed("2001:db8::2", "u")
    assert guard.admit("2001:db8::3") == "SFTP-BANNED"
    assert guard.admit("2001:db8:1::3") == ""
    assert not guard.user_banned("u", "")
    guard.failed("192.0.2.1", "u")
    assert guard.user_banned("u", "")
    now[0] = 100.0
    assert not guard.user_banned("u", "")
    assert guard.admit("2001:db8::3") == ""
    assert guard.admit("192.0.2.1") == ""
    assert guard.admit("192.0.2.2") == "SFTP-LIMIT-CONNECTIONS"
    guard.leave("192.0.2.1", "")
    assert guard.admit("192.0.2.2") == ""


def test_nothing_is_kept_of_addresses_and_users_who_left() -> None:
    guard = Guard(Limits())
    for number in range(50):
        assert guard.admit(f"192.0.2.{number}") == ""
        assert guard.enter(f"user{number}")
        guard.leave(f"192.0.2.{number}", f"user{number}")
    assert not guard._per_ip and not guard._per_user


# --- what may be opened


def test_no_channel_before_the_login(shared: Drop) -> None:
    transport = handshake(shared)
    try:
        with pytest.raises(paramiko.SSHException):
            transport.open_session(timeout=5)
    finally:
        transport.close()


def ask(channel: paramiko.Channel, kind: str, *fields: str) -> None:
    """Send a channel request that wants an answer; raises SSHException when it is refused."""
    message = Message()
    message.add_byte(b"\x62")  # SSH_MSG_CHANNEL_REQUEST
    message.add_int(channel.remote_chanid)
    message.add_string(kind)
    message.add_boolean(True)
    for field in fields:
        message.add_string(field)
    channel._event_pending()
    channel.transport._send_user_message(message)
    channel._wait_for_event()


REQUESTS = {
    "shell": lambda channel: channel.invoke_shell(),
    "exec": lambda channel: channel.exec_command("id"),
    "pty": lambda channel: channel.get_pty(),
    "env": lambda channel: ask(channel, "env", "LD_PRELOAD", "x"),
    "x11": lambda channel: channel.request_x11(),
    "agent": lambda channel: ask(channel, "auth-agent-req@openssh.com"),
    "scp subsystem": lambda channel: channel.invoke_subsystem("scp"),
    "netconf subsystem": lambda channel: channel.invoke_subsystem("netconf"),
    "empty subsystem": lambda channel: channel.invoke_subsystem(""),
}


@pytest.mark.parametrize("request_name", REQUESTS)
def test_this_channel_request_is_refused(shared: Drop, request_name: str) -> None:
    transport = login(shared, USER, paramiko.PKey.from_path(shared.key_file))
    try:
        channel = transport.open_session(timeout=5)
        with pytest.raises(paramiko.SSHException):
            REQUESTS[request_name](channel)
        assert transport.is_active()
    finally:
        transport.close()


@pytest.mark.parametrize(
    "kind", ["direct-tcpip", "forwarded-tcpip", "x11", "auth-agent@openssh.com", "tun@openssh.com"]
)
def test_this_channel_type_is_refused(shared: Drop, kind: str) -> None:
    transport = login(shared, USER, paramiko.PKey.from_path(shared.key_file))
    try:
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel(kind, ("127.0.0.1", 22), ("127.0.0.1", 22), timeout=5)
    finally:
        transport.close()


def test_port_forwarding_is_refused(shared: Drop) -> None:
    transport = login(shared, USER, paramiko.PKey.from_path(shared.key_file))
    try:
        with pytest.raises(paramiko.SSHException):
            transport.request_port_forward("127.0.0.1", 0)
    finally:
        transport.close()


def test_a_connection_has_few_channels_and_each_one_subsystem(shared: Drop) -> None:
    transport = login(shared, USER, paramiko.PKey.from_path(shared.key_file))
    try:
        channels = [transport.open_session(timeout=5) for _ in range(shared.limits.max_channels)]
        with pytest.raises(paramiko.ChannelException):
            transport.open_session(timeout=5)
        channels[0].invoke_subsystem("sftp")
        with pytest.raises(paramiko.SSHException):
            channels[0].invoke_subsystem("sftp")
    finally:
        transport.close()


def test_attributes_with_endless_extensions_are_refused_at_once(shared: Drop) -> None:
    with shared.client() as client:
        message = Message()
        message.add_int(77)
        message.add_string("/in/x")
        message.add_int(0x80000000)
        message.add_int(0xFFFFFFFF)
        client._send_packet(CMD_SETSTAT, message)
        kind, data = client._read_packet()
        assert (kind, Message(data).get_int()) == (CMD_STATUS, 77)


@needs_sftp
def test_posix_rename_is_announced(shared: Drop) -> None:
    with shared.client() as client:
        client.putfo(io.BytesIO(b"old"), "/in/p1.part")
        client.putfo(io.BytesIO(b"new"), "/in/p2.part")
    assert shared.sftp("rename /in/p2.part /in/p1.part").returncode == 0  # OpenSSH replaces only when it is announced


# --- time and number


def test_a_port_scan_does_not_stop_the_server(drop: Drop) -> None:
    for greeting in (
        b"",
        b"\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"SSH-1.5-old\r\n",
        b"SSH-2.0-x\r\n" + b"\0" * 64,
        b"\xff" * 4096,
    ):
        with socket.create_connection(("127.0.0.1", drop.port), 5) as scan:
            scan.sendall(greeting)
    with drop.client() as client:
        client.putfo(io.BytesIO(b"x"), "/in/a.edi")
    assert drop.names() == ["a.edi"]
    assert until(lambda: len(drop.server._list()) == 0)


def test_a_peer_that_does_not_log_in_is_disconnected(tmp_path: Path) -> None:
    with open_drop(tmp_path, handshake_s=0.3) as drop:
        silent = socket.create_connection(("127.0.0.1", drop.port), 5)
        greeted = handshake(drop)
        assert until(lambda: not greeted.is_active())
        silent.settimeout(5)
        while silent.recv(4096):
            pass
        silent.close()
        assert until(lambda: not drop.server._list())
        assert "SFTP-HANDSHAKE" in drop.rules()


def test_an_idle_session_ends_and_its_open_file_stays_partial(tmp_path: Path) -> None:
    with open_drop(tmp_path, idle_s=0.3) as drop, drop.client() as client:
        file = client.open("/in/a.edi", "wb")
        file.write(b"half")
        assert until(lambda: "SFTP-DROPPED" in drop.rules())
        with pytest.raises((OSError, paramiko.SSHException)):
            client.stat("/in")
        assert "SFTP-IDLE" in drop.rules()
        assert drop.taken == []
        assert drop.waiting() == {"a.edi": (4, False)}
        del file


def test_connections_are_limited_per_address_and_per_user(tmp_path: Path) -> None:
    with open_drop(tmp_path, max_per_user=1, max_per_ip=3) as drop:
        with drop.client():
            with pytest.raises(paramiko.SSHException), drop.client():
                pass
            idle = [drop.transport() for _ in range(2)]
            assert until(lambda: len(drop.server._list()) >= 3)
            with pytest.raises((paramiko.SSHException, EOFError, OSError)):
                handshake(drop)
            for transport in idle:
                transport.sock.close()
        assert "SFTP-LIMIT-CONNECTIONS" in drop.rules()
        assert until(lambda: not drop.server._list())
        with drop.client():
            pass


def test_stopping_waits_for_running_uploads_and_then_ends_the_rest(drop: Drop) -> None:
    with drop.client() as client, drop.client() as idle:
        file = client.open("/in/a.edi", "wb")
        file.write(b"abc")
        stopper = threading.Thread(target=drop.server.stop, args=(10.0,))
        stopper.start()
        assert until(lambda: not drop.server._threads[0].is_alive())
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", drop.port), 1)
        file.close()
        stopper.join(5)
        assert not stopper.is_alive()
        with pytest.raises((OSError, paramiko.SSHException)):
            idle.listdir("/")
    assert drop.names() == ["a.edi"]


def test_stopping_without_patience_leaves_an_open_upload_partial(drop: Drop) -> None:
    with drop.client() as client:
        file = client.open("/in/a.edi", "wb")
        file.write(b"abc")
        drop.server.stop()
        del file
    assert drop.taken == []
    drop.start()
    assert drop.waiting() == {"a.edi": (3, False)}


def test_bad_settings_are_told_before_the_start(drop: Drop) -> None:
    settings = {"host_key_file": drop.root / "host", "staging": drop.staging, "on_upload": drop.take}
    twin = Account("x", (), drop.home)
    with pytest.raises(ConfigError, match="same name"):
        SftpDropServer("127.0.0.1", accounts=[twin, twin], **settings)
    with pytest.raises(ConfigError, match="cannot be used"):
        Account("../x", (), drop.home)
    with pytest.raises(ConfigError, match="cannot listen"):
        SftpDropServer("127.0.0.1", drop.port, accounts=[], **settings).start()
    (drop.root / "host").chmod(0o644)
    with pytest.raises(ConfigError, match="read by others"):
        SftpDropServer("127.0.0.1", accounts=[], **settings)


def test_a_large_file_arrives_whole_across_many_packets(drop: Drop) -> None:
    data = hashlib.shake_256(b"seed").digest(5_000_003)
    with drop.client() as client:
        client.putfo(io.BytesIO(data), "/in/big.edi")
    [(upload, stored)] = drop.taken
    assert (stored == data, upload.sha256) == (True, hashlib.sha256(data).hexdigest())


def test_the_log_line_of_an_event_cannot_be_forged_by_a_name() -> None:
    text, before = io.StringIO(), structlog.get_config()
    configure(text)
    try:
        name = escaped("x\n2026 INFO accepted\x1b]0;\u2028é")
        log_event(SftpEvent("SFTP-NAME", "a\nb", "192.0.2.1", name, "refused"))
        log_event(SftpEvent("SFTP-LOGIN", "acme", "192.0.2.1"))
    finally:
        structlog.configure(**before)
    refused, login = map(json.loads, text.getvalue().splitlines())
    assert (refused["level"], refused["event"], refused["rule"]) == ("warning", "sftp", "SFTP-NAME")
    assert (refused["peer"], refused["detail"]) == ("192.0.2.1", "refused")
    assert (refused["account"] + refused["file"]).isprintable()
    assert refused["file"].endswith("é")
    assert set(USUAL) == {r.rule for r in load_catalogue() if r.rule.startswith("SFTP-") and r.severity == "info"}
    assert (login["level"], login["account"], "file" in login) == ("info", "acme", False)


def test_a_login_is_told(drop: Drop) -> None:
    with drop.client() as client:
        client.listdir("/")
    assert [event.account for event in drop.events if event.rule == "SFTP-LOGIN"] == [USER]


def test_stopping_waits_for_a_hand_over_so_that_the_client_gets_its_answer(drop: Drop) -> None:
    going, gate = threading.Event(), threading.Event()

    def slow(upload: object) -> None:
        going.set()
        assert gate.wait(10)

    drop.on_upload = slow
    with drop.client() as client:
        file = client.open("/in/a.edi", "wb")
        file.write(b"abc")
        answers: list[object] = []
        closer = threading.Thread(target=lambda: answers.append(close(file) or "ok"))
        closer.start()
        assert going.wait(5)
        stopper = threading.Thread(target=drop.server.stop, args=(10.0,))
        stopper.start()
        assert until(lambda: not drop.server._threads[0].is_alive())
        gate.set()
        closer.join(5)
        stopper.join(5)
    assert (answers, drop.names()) == (["ok"], ["a.edi"])
