"""Deliveries to a real OpenSSH server and to servers that misbehave at a chosen point; polling a remote folder."""

from __future__ import annotations

import errno
import getpass
import hashlib
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import paramiko
import pytest

from gateway.commands.fetching import Fetching
from gateway.errors import ConfigError, DeliveryError
from gateway.shell import sftp_client as module
from gateway.shell import sftp_refusals
from gateway.shell.sftp_client import SftpRemote, SftpTarget, remote_hash
from gateway.shell.sftp_keys import create_host_key, fingerprint
from gateway.shell.sftp_paths import TakenFile, Upload
from gateway.shell.sftp_poll import PollSettings, SftpDrop
from gateway.shell.sftp_refusals import Room
from tests.shell.sftp_support import SSHD, Drop, free_port, needs_sshd, open_drop, public_line, until
from tests.shell.shell_support import Yard
from tests.shell.test_again import message
from tests.shell.test_outages import again

pytestmark = pytest.mark.sftp
DATA = b"{}" * 50_000
SHA = hashlib.sha256(DATA).hexdigest()


@dataclass
class Server:
    """An OpenSSH server whose sftp starts in `folder`."""

    root: Path
    folder: Path
    port: int
    fingerprint: str
    user: str

    def remote(self, host_key: str = "") -> SftpRemote:
        pinned = host_key or self.fingerprint
        return SftpRemote("127.0.0.1", self.port, self.user, self.root / "client", pinned, timeout_s=5)


@pytest.fixture(scope="module")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("sshd")
    folder = root / "folder"
    folder.mkdir()
    shown = create_host_key(root / "host")
    create_host_key(root / "client")
    (root / "authorized").write_text(public_line(root / "client") + "\n")
    port = free_port()
    (root / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {root}/host\nAuthorizedKeysFile {root}/authorized\n"
        "StrictModes no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nUsePAM no\nPidFile none\n"
        f"Subsystem sftp internal-sftp\nForceCommand internal-sftp -d {folder}\nLogLevel ERROR\nMaxStartups 100\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(root / "config")], stderr=subprocess.DEVNULL)
    try:
        if not until(lambda: listening(port)):
            pytest.skip("the OpenSSH server does not start here")
        yield Server(root, folder, port, shown, getpass.getuser())
    finally:
        process.terminate()
        process.wait(5)


@pytest.fixture
def server(openssh: Server) -> Server:
    for path in sorted(openssh.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    return openssh


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- SftpTarget


@needs_sshd
@pytest.mark.parametrize("read_back", [False, True])
def test_a_file_is_delivered_under_its_final_name_only(server: Server, tmp_path: Path, read_back: bool) -> None:
    (tmp_path / "out").write_bytes(DATA)
    target = SftpTarget(server.remote(), "", read_back=read_back)
    target.put("S321 März.json", tmp_path / "out", len(DATA), SHA)
    target.put("chunks.json", [DATA[:7], DATA[7:]], len(DATA), SHA)
    target.put("empty.json", [], 0, hashlib.sha256().hexdigest())
    target.close()
    assert {path.name: path.read_bytes() for path in server.folder.iterdir()} == {
        "S321 März.json": DATA,
        "chunks.json": DATA,
        "empty.json": b"",
    }


@needs_sshd
def test_small_requests_do_not_wait_for_the_peer_to_acknowledge(server: Server) -> None:
    remote = server.remote()
    sock = remote.run(lambda client: client.get_channel().get_transport().sock)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    remote.close()


@needs_sshd
def test_delivering_again_changes_nothing(server: Server) -> None:
    target = SftpTarget(server.remote(), str(server.folder))
    target.put("a.json", [DATA], len(DATA), SHA)
    before = (server.folder / "a.json").stat()
    target.put("a.json", [DATA], len(DATA), SHA)
    after = (server.folder / "a.json").stat()
    target.close()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@needs_sshd
@pytest.mark.parametrize("other", [b"short", b"[]" * 50_000])
def test_another_file_under_the_final_name_is_never_overwritten(server: Server, other: bytes) -> None:
    (server.folder / "a.json").write_bytes(other)
    target = SftpTarget(server.remote(), "")
    with pytest.raises(DeliveryError, match=r"another file named a\.json") as error:
        target.put("a.json", [DATA], len(DATA), SHA)
    assert error.value.retry is False
    assert (server.folder / "a.json").read_bytes() == other


@needs_sshd
def test_an_earlier_delivery_of_the_same_bytes_stays(server: Server, tmp_path: Path) -> None:
    earlier, ours = message(received="2025-03-03T10:00:00Z"), message(received="2025-03-04T11:00:00Z")
    (server.folder / "a.json").write_bytes(earlier)
    (tmp_path / "out").write_bytes(ours)
    found = SftpTarget(server.remote(), "").put("a.json", tmp_path / "out", len(ours), hashlib.sha256(ours).hexdigest())
    assert found == (len(earlier), hashlib.sha256(earlier).hexdigest())
    assert (server.folder / "a.json").read_bytes() == earlier


@needs_sshd
@pytest.mark.parametrize("leftover", [b"half", DATA, DATA * 2])
def test_a_temporary_file_of_an_earlier_try_is_replaced(server: Server, leftover: bytes) -> None:
    (server.folder / ".a.json.tmp").write_bytes(leftover)
    target = SftpTarget(server.remote(), "")
    target.put("a.json", [DATA], len(DATA), SHA)
    target.close()
    assert {path.name: path.read_bytes() for path in server.folder.iterdir()} == {"a.json": DATA}


@needs_sshd
def test_a_source_that_is_not_what_the_ledger_says_is_not_delivered(server: Server, tmp_path: Path) -> None:
    target = SftpTarget(server.remote(), "")
    for size, sha in ((len(DATA) - 1, SHA), (len(DATA), "0" * 64)):
        with pytest.raises(DeliveryError, match="changed while it was sent") as error:
            target.put("a.json", [DATA], size, sha)
        assert error.value.retry is False
    with pytest.raises(DeliveryError, match="none cannot be read"):
        target.put("a.json", tmp_path / "none", 1, SHA)
    with pytest.raises(DeliveryError, match="not a file name"):
        target.put("../a.json", [b""], 0, SHA)
    assert not (server.folder / "a.json").exists()


@needs_sshd
def test_a_missing_folder_is_a_fault_for_a_person(server: Server) -> None:
    with pytest.raises(DeliveryError, match="does not exist") as error:
        SftpTarget(server.remote(), "/nowhere/at/all").put("a", [DATA], len(DATA), SHA)
    assert (error.value.retry, bool(error.value.advice)) == (False, True)


# --- SftpRemote


@needs_sshd
def test_a_changed_host_key_stops_everything_before_the_login(server: Server, tmp_path: Path) -> None:
    other = create_host_key(tmp_path / "other")
    for pinned in (other, public_line(tmp_path / "other")):
        with pytest.raises(DeliveryError, match="is pinned") as error:
            SftpTarget(server.remote(pinned), "").put("a", [DATA], len(DATA), SHA)
        assert error.value.retry is False
    assert list(server.folder.iterdir()) == []


@needs_sshd
def test_a_host_key_of_another_type_than_the_pinned_one_is_a_changed_key(server: Server) -> None:
    rsa = paramiko.RSAKey.generate(3072)
    with pytest.raises(DeliveryError, match="is pinned") as error:
        server.remote(f"ssh-rsa {rsa.get_base64()}").run(lambda client: client.listdir("."))
    assert error.value.retry is False


@needs_sshd
def test_the_host_key_is_pinned_by_fingerprint_or_line(server: Server) -> None:
    line = public_line(server.root / "host")
    for pinned in (server.fingerprint, line, f"{line} comment", f"sftp.example {line}"):
        remote = server.remote(pinned)
        assert remote.run(lambda client: client.listdir(".")) == []
        remote.close()


def test_a_host_key_that_cannot_be_read_is_refused() -> None:
    for text in ("", "SHA256:short", "MD5:aa:bb", "ssh-ed25519", "a b c"):
        with pytest.raises(ConfigError):
            SftpRemote("h", 22, "u", Path("k"), text)


@needs_sshd
def test_a_key_the_server_does_not_know_is_a_fault_for_a_person(server: Server, tmp_path: Path) -> None:
    create_host_key(tmp_path / "unknown")
    remote = SftpRemote("127.0.0.1", server.port, server.user, tmp_path / "unknown", server.fingerprint, timeout_s=5)
    with pytest.raises(DeliveryError, match="refuses the login") as error:
        remote.run(lambda client: client.listdir("."))
    assert error.value.retry is False
    (tmp_path / "unknown").chmod(0o644)
    with pytest.raises(DeliveryError, match="read by others") as error:
        remote.run(lambda client: client.listdir("."))
    assert error.value.retry is False


def test_a_server_that_is_not_there_or_silent_or_not_ssh_is_tried_again(tmp_path: Path) -> None:
    shown = create_host_key(tmp_path / "key")
    with pytest.raises(DeliveryError) as error:
        SftpRemote("127.0.0.1", free_port(), "u", tmp_path / "key", shown).run(lambda client: client.listdir("."))
    assert error.value.retry is True
    with socket.create_server(("127.0.0.1", 0)) as silent:
        remote = SftpRemote("127.0.0.1", silent.getsockname()[1], "u", tmp_path / "key", shown, timeout_s=0.2)
        with pytest.raises(DeliveryError) as error:
            remote.run(lambda client: client.listdir("."))
        assert error.value.retry is True


def test_a_key_file_or_source_that_cannot_be_read_just_now_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file handle left, a network disk away: the drop waits; it does not fail for good."""
    shown = create_host_key(tmp_path / "key")
    (tmp_path / "key").rename(tmp_path / "away")
    with pytest.raises(DeliveryError, match="cannot be read") as error:
        SftpRemote("127.0.0.1", free_port(), "u", tmp_path / "key", shown).run(lambda client: client.listdir("."))
    assert error.value.retry is True
    (tmp_path / "key").write_text("no key")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(DeliveryError, match="not a private key") as error:
        SftpRemote("127.0.0.1", free_port(), "u", tmp_path / "key", shown).run(lambda client: client.listdir("."))
    assert error.value.retry is False
    with pytest.raises(DeliveryError) as error:
        list(module._blocks(tmp_path / "gone.json"))
    assert error.value.retry is False
    with pytest.raises(DeliveryError) as error:
        list(module._blocks(tmp_path))  # stands for any other fault
    assert error.value.retry is True


# --- a server with scripted faults: our own drop server behind a relay that cuts


class Relay:
    """Passes bytes to a server and cuts every connection when `cut` says so, given the bytes sent upward so far."""

    def __init__(self, port: int, cut: Callable[[int], bool]) -> None:
        self._to, self._cut = port, cut
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, upward: bool) -> None:
        passed = 0
        try:
            while data := source.recv(4096):
                passed += len(data)
                if upward and self._cut(passed):
                    break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


@needs_sshd
@pytest.mark.parametrize("after", [1, 1500, 20_000, 60_000, 99_000])
def test_a_connection_cut_anywhere_leaves_no_final_file_and_the_next_try_succeeds(server: Server, after: int) -> None:
    cuts = [after]

    def cut(passed: int) -> bool:
        return bool(cuts) and passed > cuts[0] and bool(cuts.pop())

    relay = Relay(server.port, cut)
    remote = SftpRemote("127.0.0.1", relay.port, server.user, server.root / "client", server.fingerprint, timeout_s=5)
    target = SftpTarget(remote, "")
    with pytest.raises(DeliveryError) as error:
        target.put("a.json", [DATA], len(DATA), SHA)
    assert error.value.retry is True
    assert not (server.folder / "a.json").exists()
    target.put("a.json", [DATA], len(DATA), SHA)
    target.close()
    relay.close()
    assert {path.name: path.read_bytes() for path in server.folder.iterdir()} == {"a.json": DATA}


@needs_sshd
@pytest.mark.parametrize("how", ["login", "host key", "folder", "key file"])
def test_what_a_person_must_mend_at_the_place_is_no_refusal_of_the_file(
    server: Server, tmp_path: Path, how: str
) -> None:
    pinned = "SHA256:" + "A" * 43 if how == "host key" else server.fingerprint
    key = tmp_path / "key"
    if how == "key file":
        key.write_text("no key\n")
        key.chmod(0o600)
    else:
        create_host_key(key) if how == "login" else key.write_bytes((server.root / "client").read_bytes())
        key.chmod(0o600)
    remote = SftpRemote("127.0.0.1", server.port, server.user, key, pinned, timeout_s=5)
    target = SftpTarget(remote, "/nowhere/at/all" if how == "folder" else "")
    with pytest.raises(DeliveryError) as error:
        target.put("a.json", [DATA], len(DATA), SHA)
    target.close()
    assert (error.value.retry, error.value.waits) == (False, True)


@needs_sshd
def test_what_the_receiver_took_while_the_answer_to_the_rename_was_lost_is_not_sent_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = paramiko.SFTPClient.rename

    def lost(client: paramiko.SFTPClient, old: str, new: str) -> None:
        real(client, old, new)
        (server.folder / "a.json").unlink()
        client.get_channel().get_transport().close()
        raise EOFError

    target = SftpTarget(server.remote(), "")
    monkeypatch.setattr(paramiko.SFTPClient, "rename", lost)
    target.put("a.json", [DATA], len(DATA), SHA)
    target.close()
    assert list(server.folder.iterdir()) == []


@needs_sshd
def test_a_temporary_file_that_somebody_removed_is_no_delivery(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    real = paramiko.SFTPClient.rename

    def late(client: paramiko.SFTPClient, old: str, new: str) -> None:
        (server.folder / ".a.json.tmp").unlink()
        real(client, old, new)

    target = SftpTarget(server.remote(), "")
    monkeypatch.setattr(paramiko.SFTPClient, "rename", late)
    with pytest.raises(DeliveryError):
        target.put("a.json", [DATA], len(DATA), SHA)
    target.close()


@needs_sshd
@pytest.mark.parametrize("happened", [True, False])
def test_a_lost_answer_to_the_rename_is_cleared_up_by_looking(
    server: Server, monkeypatch: pytest.MonkeyPatch, happened: bool
) -> None:
    real = paramiko.SFTPClient.rename

    def lost(client: paramiko.SFTPClient, old: str, new: str) -> None:
        if happened:
            real(client, old, new)
        client.get_channel().get_transport().close()
        raise EOFError

    target = SftpTarget(server.remote(), "")
    monkeypatch.setattr(paramiko.SFTPClient, "rename", lost)
    if happened:
        target.put("a.json", [DATA], len(DATA), SHA)
    else:
        with pytest.raises(DeliveryError) as error:
            target.put("a.json", [DATA], len(DATA), SHA)
        assert error.value.retry is True
    monkeypatch.undo()
    target.put("a.json", [DATA], len(DATA), SHA)
    target.close()
    assert [path.name for path in server.folder.iterdir()] == ["a.json"]


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    with open_drop(tmp_path) as started:
        yield started


def test_our_own_drop_server_takes_deliveries_of_our_own_client_once(drop: Drop) -> None:
    remote = SftpRemote("127.0.0.1", drop.port, "carrier-a", drop.key_file, drop.server.fingerprint, timeout_s=5)
    target = SftpTarget(remote, "/in")
    target.put("a.json", [DATA], len(DATA), SHA)
    target.close()
    assert [(upload.name, data) for upload, data in drop.taken] == [("a.json", DATA)]


def test_a_target_that_is_full_is_tried_again(tmp_path: Path) -> None:
    with open_drop(tmp_path, max_file_bytes=1000) as drop:
        remote = SftpRemote("127.0.0.1", drop.port, "carrier-a", drop.key_file, drop.server.fingerprint, timeout_s=5)
        with pytest.raises(DeliveryError, match="SFTP-LIMIT-SIZE") as error:
            SftpTarget(remote, "/in").put("a.json", [DATA], len(DATA), SHA)
        assert error.value.retry is True
        assert drop.taken == []


def test_a_target_that_finds_its_disk_full_at_the_close_or_the_rename_is_told_in_its_words(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """paramiko does not show the answer to CLOSE: what did not lie there then was a missing folder, and held for a person."""
    remote = SftpRemote("127.0.0.1", drop.port, "carrier-a", drop.key_file, drop.server.fingerprint, timeout_s=5)
    target, full = SftpTarget(remote, "/in"), OSError(errno.ENOSPC, "No space left on device")

    def fail(*_: object, **__: object) -> None:
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(drop.server.files["carrier-a"].uploads, "finish", fail)
        with pytest.raises(DeliveryError) as error:
            target.put("a.json", [DATA], len(DATA), SHA)
    assert messages(error.value) == (
        "127.0.0.1 could not store a.json (SFTP-FAULT: No space left on device): mostly its disk is full or a quota is used up."
    )
    drop.fault = full
    with pytest.raises(DeliveryError) as error:
        target.put("a.json", [DATA], len(DATA), SHA)
    assert messages(error.value).startswith("127.0.0.1 refused it (SFTP-NOT-TAKEN: ")
    drop.fault = None
    target.put("a.json", [DATA], len(DATA), SHA)
    assert [data for _, data in drop.taken] == [DATA]
    remote.close()


# --- real disks that are full


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False).returncode
    ):
        pytest.skip("mounting a tmpfs is not permitted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def messages(error: BaseException) -> str:
    assert isinstance(error, DeliveryError)
    assert error.retry
    assert "connection" not in error.message
    return error.message


@needs_sshd
def test_a_full_disk_of_the_receiver_is_told_as_one_and_keeps_no_half_file(server: Server) -> None:
    with small_disk(server.folder / "full", "size=64k") as folder:
        target = SftpTarget(server.remote(), "full")
        with pytest.raises(DeliveryError) as full:
            target.put("a.json", [DATA], len(DATA), SHA)
        assert messages(full.value) == (
            "127.0.0.1 could not store a.json (Failure): its disk is full: 65536 bytes are free in the folder, the file has 100000."
        )
        assert list(folder.iterdir()) == []
        subprocess.run(["mount", "-o", "remount,size=1m", str(folder)], check=True)
        target.put("a.json", [DATA], len(DATA), SHA)
        assert (folder / "a.json").read_bytes() == DATA
        target.close()


@needs_sshd
def test_a_receiver_without_inodes_and_one_with_a_quota_are_told_as_such(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(server.folder / "full", "nr_inodes=1"):
        target = SftpTarget(server.remote(), "full")
        with pytest.raises(DeliveryError) as full:
            target.put("a.json", [b"{}"], 2, hashlib.sha256(b"{}").hexdigest())
        assert messages(full.value).endswith("it is out of inodes.")
    with small_disk(server.folder / "full", "size=64k"):
        for room, words in ((Room(10**9, 5), "so it may be a quota."), (None, "or a quota is used up.")):
            with monkeypatch.context() as patch:
                patch.setattr(sftp_refusals, "room_in", lambda *_, room=room: room)
                with pytest.raises(DeliveryError) as full:
                    target.put("a.json", [DATA], len(DATA), SHA)
                assert messages(full.value).endswith(words)
        target.close()


@needs_sshd
@pytest.mark.parametrize("cut", [False, True])
def test_a_refusal_and_a_dead_connection_are_told_apart(
    server: Server, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    """A listing that fails with the one status that has no meaning, and a socket that is closed: both are bare OSErrors."""
    remote = server.remote()
    remote.run(lambda client: client.listdir("."))

    def work(client: paramiko.SFTPClient) -> None:
        if cut:
            client.get_channel().get_transport().close()  # type: ignore[union-attr]
        client.rename("nothing", "/proc/version") if cut else client.rename(".", "/proc")

    (server.folder / "nothing").write_bytes(b"")
    with pytest.raises(DeliveryError) as error:
        remote.run(work)
    assert error.value.retry
    assert ("connection" in error.value.message) is cut
    assert (error.value.message == "127.0.0.1 refused it (Failure).") is not cut
    remote.close()


@needs_sshd
def test_deliveries_wait_for_room_at_the_receiver_and_go_on_by_themselves(server: Server, tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    with small_disk(server.folder / "full", "size=16k") as folder:
        yard.targets = {"acme": SftpTarget(server.remote(), "full")}
        engine = yard.engine()
        try:
            yard.drop("a.edi", "MSG m1\n" + "".join(f"SHIP b{number} 1\n" for number in range(2000)))
            yard.drop("b.edi", "MSG m2\nAMEND b1 2\n")
            again(engine, 3)
            assert [a.rule for a in yard.alerts] == ["DROP-DELIVERY"]
            assert "its disk is full" in yard.alerts[0].message
            assert "Ask who runs that server to make room" in yard.alerts[0].message
            assert list(folder.iterdir()) == []
            assert yard.names("ack") == []
            subprocess.run(["mount", "-o", "remount,size=1m", str(folder)], check=True)
            again(engine, 1)
            assert [a.rule for a in yard.alerts] == ["DROP-DELIVERY", "DROP-RESUMED"]
            assert sorted(drop.state for drop in engine.desk.ledger.find()) == ["done", "done"]
            assert len(list(folder.iterdir())) == 2
        finally:
            engine.close()
            yard.targets["acme"].close()


# --- SftpDrop


class Poller:
    def __init__(self, server: Server, tmp_path: Path, **settings: object) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.rules: list[str] = []
        self.fault: Exception | None = None
        self.staging = tmp_path / "staging"
        self.drop = SftpDrop(
            server.remote(),
            "carrier-a",
            PollSettings(str(server.folder), **settings),
            self.staging,
            self.take,
            lambda event: self.rules.append(event.rule),
        )

    def take(self, upload: Upload) -> TakenFile:
        if self.fault:
            raise self.fault
        data = upload.staged_path.read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (upload.size, upload.sha256)
        self.taken.append((upload.name, data))
        return TakenFile("R1")


@needs_sshd
def test_a_file_is_fetched_when_it_stayed_the_same_and_is_moved_to_done(server: Server, tmp_path: Path) -> None:
    (server.folder / "done").mkdir()
    (server.folder / "done" / "a.edi").write_bytes(b"earlier")
    file = server.folder / "a.edi"
    file.write_bytes(b"abc")
    (server.folder / "b.part").write_bytes(b"temporary")
    (server.folder / "link").symlink_to("/etc/passwd")
    poller = Poller(server, tmp_path)
    assert [poller.drop.poll(), poller.drop.poll()] == [0, 0]
    file.write_bytes(b"abcdef")  # grew: counting begins again
    assert [poller.drop.poll() for _ in range(4)] == [0, 0, 1, 0]
    assert poller.taken == [("a.edi", b"abcdef")]
    assert sorted(path.read_bytes() for path in (server.folder / "done").iterdir()) == [b"abcdef", b"earlier"]
    assert sorted(path.name for path in server.folder.iterdir()) == ["b.part", "done", "link"]
    assert list((poller.staging / "carrier-a").iterdir()) == []


@needs_sshd
def test_with_a_marker_only_marked_files_are_fetched(server: Server, tmp_path: Path) -> None:
    for name in ("a.edi", "b.edi", "a.edi.done"):
        (server.folder / name).write_bytes(b"x")
    poller = Poller(server, tmp_path, marker=".done", done_folder="")
    assert [poller.drop.poll(), poller.drop.poll()] == [1, 0]
    assert poller.taken == [("a.edi", b"x")]
    assert [path.name for path in server.folder.iterdir()] == ["b.edi"]


@needs_sshd
def test_a_file_that_cannot_be_moved_away_is_taken_once(server: Server, tmp_path: Path) -> None:
    (server.folder / "a.edi").write_bytes(b"x")
    poller = Poller(server, tmp_path, stable_polls=2)  # there is no folder done
    assert [poller.drop.poll() for _ in range(4)] == [0, 1, 0, 0]
    assert poller.rules == ["SFTP-HANDED-OVER", "SFTP-NOT-MOVED", "SFTP-NOT-MOVED", "SFTP-NOT-MOVED"]
    (server.folder / "done").mkdir()
    assert poller.drop.poll() == 0
    assert (server.folder / "done" / "a.edi").exists()
    (server.folder / "a.edi").write_bytes(b"new")
    assert [poller.drop.poll() for _ in range(2)] == [0, 1]


@needs_sshd
def test_a_file_the_gateway_cannot_take_stays_on_the_server(server: Server, tmp_path: Path) -> None:
    (server.folder / "a.edi").write_bytes(b"x")
    poller = Poller(server, tmp_path, stable_polls=2, done_folder="")
    poller.fault = DeliveryError("the ledger is locked")
    poller.drop.poll()
    with pytest.raises(DeliveryError, match="ledger"):
        poller.drop.poll()
    assert (server.folder / "a.edi").exists()
    poller.fault = None
    assert poller.drop.poll() == 1
    assert list(server.folder.iterdir()) == []


@needs_sshd
def test_a_file_over_the_limit_is_told_and_left(server: Server, tmp_path: Path) -> None:
    (server.folder / "a.edi").write_bytes(b"x" * 11)
    poller = Poller(server, tmp_path, stable_polls=2, max_file_bytes=10)
    assert [poller.drop.poll(), poller.drop.poll()] == [0, 0]
    assert poller.rules == ["SFTP-LIMIT-SIZE"]
    assert (server.folder / "a.edi").exists()


@needs_sshd
def test_a_file_that_grew_since_the_listing_is_not_taken(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (server.folder / "a.edi").write_bytes(b"abc")
    poller = Poller(server, tmp_path, stable_polls=2)
    poller.drop.poll()
    real = paramiko.SFTPClient.listdir_attr

    def then_it_grows(client: paramiko.SFTPClient, path: str) -> list[paramiko.SFTPAttributes]:
        entries = real(client, path)
        (server.folder / "a.edi").write_bytes(b"abcdef")
        return entries

    monkeypatch.setattr(paramiko.SFTPClient, "listdir_attr", then_it_grows)
    assert poller.drop.poll() == 0
    assert (poller.taken, poller.rules) == ([], ["SFTP-UNSTABLE"])


def replace(path: Path, data: bytes) -> None:
    """mv another file over it."""
    path.with_suffix(".part").write_bytes(data)
    os.utime(path.with_suffix(".part"), (2_000_000_000, 2_000_000_000))
    path.with_suffix(".part").rename(path)


def overwrite(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    os.utime(path, (2_000_000_000, 2_000_000_000))


def at(monkeypatch: pytest.MonkeyPatch, where: type, method: str, change: Callable[[], None], *, before: bool) -> None:
    """Make a change once, before or behind a call."""
    real, changes = getattr(where, method), [change]

    def call(*args: Any, **facts: Any) -> Any:
        if changes and before:
            changes.pop()()
        found = real(*args, **facts)
        if changes:
            changes.pop()()
        return found

    monkeypatch.setattr(where, method, call)


@needs_sshd
@pytest.mark.parametrize(
    "settings", [{}, {"done_folder": ""}, {"marker": ".done"}, {"marker": ".done", "done_folder": ""}]
)
@pytest.mark.parametrize(
    ("change", "where", "method", "before", "first"),
    [
        (replace, paramiko.SFTPClient, "open", True, []),  # since it was listed
        (replace, paramiko.SFTPFile, "prefetch", False, [b"old"]),  # the open file is the old one, and whole
        (overwrite, paramiko.SFTPFile, "prefetch", True, []),  # half old, half new
        (replace, Poller, "take", False, [b"old"]),
        (overwrite, Poller, "take", False, [b"old"]),
        (replace, paramiko.SFTPClient, "rename", True, [b"old"]),  # looked at, not moved yet
    ],
)
def test_what_takes_the_place_of_a_file_while_it_is_fetched_is_not_lost(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str],
    change: Callable[[Path, bytes], None], where: type, method: str, before: bool, first: list[bytes],
) -> None:  # fmt: skip
    (server.folder / "done").mkdir()
    file = server.folder / "a.edi"
    file.write_bytes(b"old")
    if "marker" in settings:
        (server.folder / "a.edi.done").touch()
    at(monkeypatch, where, method, lambda: change(file, b"new"), before=before)
    poller = Poller(server, tmp_path, stable_polls=2, **settings)
    while not poller.rules:
        poller.drop.poll()
    assert [data for _, data in poller.taken] == first
    assert file.read_bytes() == b"new"
    assert "SFTP-UNSTABLE" in poller.rules
    assert poller.drop.poll() == 0  # counted anew
    for _ in range(3):
        poller.drop.poll()
    assert [data for _, data in poller.taken] == [*first, b"new"]
    kept = [] if settings.get("done_folder") == "" else [b"new"]
    assert [path.read_bytes() for path in (server.folder / "done").iterdir()] == kept
    assert [path.name for path in server.folder.iterdir()] == ["done"]


@needs_sshd
def test_a_server_that_tells_other_times_of_open_and_of_moved_files_is_fetched_from(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_stat, real_rename = paramiko.SFTPFile.stat, paramiko.SFTPClient.rename

    def stat(file: paramiko.SFTPFile) -> paramiko.SFTPAttributes:
        found = real_stat(file)
        found.st_mtime = 7
        return found

    def rename(client: paramiko.SFTPClient, old: str, new: str) -> None:
        real_rename(client, old, new)
        client.utime(new, (9, 9))

    monkeypatch.setattr(paramiko.SFTPFile, "stat", stat)
    monkeypatch.setattr(paramiko.SFTPClient, "rename", rename)
    (server.folder / "done").mkdir()
    poller = Poller(server, tmp_path, stable_polls=2)
    for name in ("a.edi", "b.edi"):
        (server.folder / name).write_bytes(b"x")
        for _ in range(6):
            poller.drop.poll()
    assert [name for name, _ in poller.taken] == ["a.edi", "b.edi"]
    assert [path.name for path in server.folder.iterdir()] == ["done"]


@needs_sshd
@pytest.mark.parametrize("died", ["stat", "remove"])
def test_a_file_that_was_to_be_deleted_when_the_connection_died_is_fetched_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, died: str
) -> None:
    (server.folder / "a.edi").write_bytes(b"x")
    poller = Poller(server, tmp_path, stable_polls=2, done_folder="")
    poller.drop.poll()
    real = getattr(paramiko.SFTPClient, died)

    def dies(client: paramiko.SFTPClient, path: str) -> Any:
        if path.endswith(".taken"):
            monkeypatch.setattr(paramiko.SFTPClient, died, real)
            raise ConnectionResetError
        return real(client, path)

    monkeypatch.setattr(paramiko.SFTPClient, died, dies)
    for _ in range(5):
        poller.drop.poll()
    assert [data for _, data in poller.taken] == [b"x", b"x"]  # the gateway knows it by its hash
    assert list(server.folder.iterdir()) == []


@needs_sshd
def test_a_full_staging_disk_is_not_blamed_on_the_partner(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (server.folder / "a.edi").write_bytes(b"abc")
    poller = Poller(server, tmp_path, stable_polls=2)
    poller.drop.poll()

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DeliveryError, match="staging directory"):
        poller.drop.poll()


@needs_sshd
def test_a_server_that_could_not_be_asked_is_told_once_and_once_when_it_can_be_again(
    server: Server, tmp_path: Path
) -> None:
    told: list[tuple[str, str]] = []
    alert = lambda rule, message, partner, receipt="": told.append((rule, message))  # noqa: E731
    fetching: Any = SimpleNamespace(_stopping=threading.Event(), _alert=alert)
    source: Any = SimpleNamespace(name="northtest", facts=SimpleNamespace(seconds=0.01))
    away = server.folder.with_name("away")
    poller = Poller(server, tmp_path, stable_polls=2)
    thread = threading.Thread(target=Fetching._poll, args=(fetching, source, poller.drop))
    server.folder.rename(away)
    thread.start()
    try:
        assert until(lambda: told)
        (away / "a.edi").write_bytes(b"abc")
        away.rename(server.folder)
        assert until(lambda: poller.taken)
    finally:
        fetching._stopping.set()
        thread.join(10)
        if away.exists():
            away.rename(server.folder)
    assert [rule for rule, _ in told] == ["DROP-FOLDER", "DROP-RESUMED"]
    assert told[1][1] == "The drop folder on the server can be used again after less than a minute."


@needs_sshd
def test_the_remote_hash_is_that_of_the_file(server: Server) -> None:
    (server.folder / "a").write_bytes(DATA)
    remote = server.remote()
    assert remote.run(lambda client: remote_hash(client, "a")) == SHA
    remote.close()
    assert fingerprint(public_line(server.root / "host")) == server.fingerprint


def test_responses_of_the_receiver_are_fetched_from_its_server(server: Server, tmp_path: Path) -> None:
    from gateway.commands.serving import Gateway
    from gateway.responses import Response, write_responses
    from gateway.site import load_site
    from tests.shell.site_support import Place

    place = Place(tmp_path / "site")
    place.drop("good-309.edi")
    place.run()
    shipment = place.shipments()[0]
    (server.folder / "outbound" / "done").mkdir(parents=True)
    config = place.folder / "gateway.toml"
    remote = (
        f'[responses]\nhost = "127.0.0.1"\nport = {server.port}\nuser = "{server.user}"\nkey_file = "{server.root}/client"\n'
        f'host_key = "{server.fingerprint}"\nfolder = "outbound"\nstable_polls = 2\n'
    )
    config.write_text(config.read_text().replace('responses = "responses"\n', "") + remote)
    data = write_responses([Response(shipment, "hold", code="1A", text="EXAM", at="2025-03-03T12:00:00Z")])
    (server.folder / "outbound" / "r1.json").write_bytes(data)
    gateway = Gateway(load_site(place.folder), port=0)
    try:
        ((source, drop),) = gateway._fetching.drops
        assert source.name == "@receiver"
        assert [drop.poll(), drop.poll(), drop.poll()] == [0, 1, 0]
        gateway.engine.run_once()
    finally:
        gateway.close()
    assert b"hold" in place.read(".json")
    assert place.answer("r1.json")["passed_on"] == 1
    assert [p.name for p in (server.folder / "outbound" / "done").iterdir()] == ["r1.json"]
    assert place.problems() == []


def test_a_responses_section_without_a_pinned_key_is_refused(tmp_path: Path) -> None:
    from gateway.site import load_site
    from tests.test_reload import run

    run("demo", "init", str(tmp_path / "site"))
    config = tmp_path / "site" / "gateway.toml"
    config.write_text(config.read_text() + '[responses]\nhost = "h"\nuser = "u"\nkey_file = "k"\n')
    with pytest.raises(ConfigError, match=r"responses\.host_key is missing"):
        load_site(tmp_path / "site")
