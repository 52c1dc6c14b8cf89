"""What a client with an account may not do to the others: take all memory, file handles or disk, or lock them out."""

from __future__ import annotations

import io
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from gateway.shell.service import more_files
from gateway.shell.sftp_accounts import Account, Guard, Limits
from tests.shell.sftp_support import USER, Drop, open_drop, until

OPEN, READDIR, OPENDIR, EXTENDED, HANDLE, NAME, STATUS = 3, 12, 11, 200, 102, 104, 101
WRITE_NEW = struct.pack(">II", 0x1A, 0)  # pflags, no attributes


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    with open_drop(tmp_path) as started:
        yield started


def text(value: str | bytes) -> bytes:
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">I", len(raw)) + raw


class Raw:
    """A client that sends the bytes it is told to."""

    def __init__(self, transport: paramiko.Transport) -> None:
        self.channel = transport.open_session()
        self.channel.settimeout(10)
        self.channel.invoke_subsystem("sftp")
        self.send(1, struct.pack(">I", 3))
        self.answer()

    def send(self, kind: int, body: bytes) -> None:
        self.channel.sendall(struct.pack(">IB", len(body) + 1, kind) + body)

    def answer(self) -> tuple[int, bytes]:
        (size,) = struct.unpack(">I", self._read(4))
        packet = self._read(size)
        return packet[0], packet[5:]

    def ask(self, kind: int, body: bytes) -> tuple[int, bytes]:
        self.send(kind, struct.pack(">I", 7) + body)
        return self.answer()

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            piece = self.channel.recv(size - len(found))
            if not piece:
                raise EOFError
            found += piece
        return found


def logged_in(drop: Drop) -> paramiko.Transport:
    transport = drop.transport()
    transport.connect(username=USER, pkey=paramiko.PKey.from_path(drop.key_file))
    return transport


def test_the_sessions_of_an_account_share_a_number_of_open_files(tmp_path: Path) -> None:
    with open_drop(tmp_path, max_account_handles=5) as drop:
        transport = logged_in(drop)
        one, other = Raw(transport), Raw(transport)
        for number in range(5):
            session = (one, other)[number % 2]
            assert session.ask(OPEN, text(f"/in/{number}.part") + WRITE_NEW)[0] == HANDLE
        kind, told = other.ask(OPEN, text("/in/5.part") + WRITE_NEW)
        assert (kind, b"SFTP-LIMIT-HANDLES" in told) == (STATUS, True)
        one.channel.close()  # what a session had open is free again
        assert until(lambda: other.ask(OPEN, text("/in/5.part") + WRITE_NEW)[0] == HANDLE)
        transport.close()


def test_folders_that_are_listed_and_not_read_are_few(drop: Drop) -> None:
    for number in range(200):
        (drop.home / "ack" / f"{number:03}").write_bytes(b"")
    transport = logged_in(drop)
    client = Raw(transport)
    for _ in range(8):
        assert client.ask(OPENDIR, text("/ack"))[0] == HANDLE
    kind, told = client.ask(OPENDIR, text("/ack"))
    assert (kind, b"SFTP-LIMIT-HANDLES" in told) == (STATUS, True)
    names = 0
    while (answer := client.ask(READDIR, text("hx1")))[0] == NAME:
        names += struct.unpack(">I", answer[1][:4])[0]
    assert names == 200
    assert client.ask(OPENDIR, text("/ack"))[0] == HANDLE  # the one that was read to its end holds nothing
    transport.close()


def test_a_packet_larger_than_any_client_sends_ends_the_session(drop: Drop) -> None:
    transport = logged_in(drop)
    client = Raw(transport)
    client.channel.sendall(struct.pack(">IB", 1 << 20, 6))
    assert client.channel.recv(1) == b""
    with drop.client() as usual:
        usual.putfo(io.BytesIO(b"x" * 300_000), "/in/a.edi")
    assert len(drop.taken[0][1]) == 300_000
    transport.close()


def test_check_file_which_costs_the_square_of_a_file_is_not_served(drop: Drop) -> None:
    (drop.home / "ack" / "a").write_bytes(b"x" * 1000)
    with drop.client() as client, client.open("/ack/a", "rb") as file, pytest.raises(OSError, match="unsupported"):
        file.check("sha1")


@pytest.mark.parametrize("name", [b"Fr\xe4sen.csv", b"\xff"])
def test_a_name_that_is_no_utf_8_is_refused_in_words(drop: Drop, name: bytes) -> None:
    transport = logged_in(drop)
    kind, told = Raw(transport).ask(OPEN, text(b"/in/" + name) + WRITE_NEW)
    transport.close()
    assert (kind, b"SFTP-NAME: a file name must be UTF-8" in told) == (STATUS, True)
    assert "SFTP-NAME" in drop.rules()


def test_uploads_leave_room_on_the_disk(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    size = [100 << 30, 6 << 30]  # of the disk, of what is free

    class Disk:
        f_frsize = 4096

        @property
        def f_blocks(self) -> int:
            return size[0] // 4096

        @property
        def f_bavail(self) -> int:
            return size[1] // 4096

    monkeypatch.setattr(os, "fstatvfs", lambda _fd: Disk())
    with drop.client() as client:
        with client.open("/in/before.part", "wb") as file:
            file.write(b"x")
        file = client.open("/in/a.part", "wb")
        file.write(b"x" * 40_000)
        size[1] = 1 << 30
        with pytest.raises(OSError, match="SFTP-FAULT: the gateway's disk is nearly full"):
            file.write(b"x" * 40_000)
        with pytest.raises(OSError, match="nearly full"):
            client.open("/in/b.part", "wb")
        client.rename("/in/before.part", "/in/before.edi")  # what is there may go on
        size[:] = 1 << 20, 80 << 10  # of a small disk a twentieth stays free
        client.putfo(io.BytesIO(b"x"), "/in/c.edi")
    assert drop.names() == ["before.edi", "c.edi"]


@pytest.mark.parametrize("account_gone", [True, False])
def test_a_login_that_opened_nothing_yet_ends_with_its_key(drop: Drop, account_gone: bool) -> None:
    transport = logged_in(drop)
    accounts = [] if account_gone else [Account(USER, (), drop.home)]
    drop.server.set_accounts(accounts)
    with pytest.raises((paramiko.SSHException, EOFError, OSError)):
        Raw(transport)
    assert until(lambda: "SFTP-KEY-GONE" in drop.rules())


def test_who_logged_in_before_is_not_kept_out_by_strangers() -> None:
    guard = Guard(Limits(ban_after_user=3), lambda: 0.0)
    guard.welcome("192.0.2.7", "carrier-a")
    for number in range(9):
        guard.failed(f"198.51.100.{number}", "carrier-a")
    assert guard.user_banned("carrier-a", "198.51.100.99")
    assert not guard.user_banned("carrier-a", "192.0.2.7")
    assert guard.user_banned("carrier-a", "192.0.2.8")


def test_an_attacker_with_many_addresses_and_long_names_costs_little() -> None:
    guard = Guard(Limits(), lambda: 0.0)
    begun = time.process_time()
    for number in range(30_000):
        guard.failed(f"2001:db8:{number // 60_000:x}:{number % 60_000:x}::1", f"{number:030}" * 900)
        guard.welcome(f"2001:db8:1:{number:x}::1", "carrier-a")
    kept = [*guard._failures, *(user for _, user in guard._welcome)]
    assert len(guard._failures) <= 10_002
    assert len(guard._welcome) <= 10_000
    assert max(map(len, kept)) < 60
    assert time.process_time() - begun < 5.0


def test_the_gateway_asks_for_the_open_files_it_may_have() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 300), before[1]))
        assert more_files(500) == 500
        assert more_files(400) == 500  # never fewer
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
