"""Uploads with real clients: complete or not, names, renames, pick-up at once, restart, limits."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from paramiko.sftp import CMD_OPEN

from gateway.errors import GatewayError
from tests.shell.sftp_support import USER, Drop, close, needs_sftp, open_drop, public_line, until

pytestmark = pytest.mark.sftp

DYING_CLIENT = """
import os, sys, paramiko
port, key, user, name, count = sys.argv[1:]
transport = paramiko.Transport(("127.0.0.1", int(port)))
transport.connect(username=user, pkey=paramiko.PKey.from_path(key))
file = paramiko.SFTPClient.from_transport(transport).open(name, "wb")
left = int(count)
while left:
    size = min(left, 32768)
    file.write(b"x" * size)
    left -= size
os._exit(9)
"""


DYING_SERVER = """
import sys, time
from pathlib import Path
from gateway.shell.sftp_accounts import Account
from gateway.shell.sftp_server import SftpDropServer
root, user, key = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
account = Account(user, (key,), root / "home" / user)
server = SftpDropServer("127.0.0.1", host_key_file=root / "host", accounts=[account],
                        staging=root / "staging", on_upload=None)
print(server.start(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    with open_drop(tmp_path) as started:
        yield started


@pytest.mark.parametrize("count", [0, 1, 32767, 32768, 99_999, 100_000])
def test_a_client_that_dies_before_close_hands_over_nothing(drop: Drop, count: int) -> None:
    arguments = [str(drop.port), str(drop.key_file), USER, "/in/a.edi", str(count)]
    died = subprocess.run([sys.executable, "-c", DYING_CLIENT, *arguments], timeout=30, check=False)
    assert died.returncode == 9
    assert until(lambda: "SFTP-DROPPED" in drop.rules())
    assert drop.taken == []
    assert drop.waiting() == ({"a.edi": (count, False)} if count else {})


def test_a_session_that_ends_in_order_without_close_hands_over_nothing(drop: Drop) -> None:
    with drop.client() as client:
        file = client.open("/in/a.edi", "wb")
        file.write(b"complete but not closed")
        client.get_channel().close()
        assert until(lambda: "SFTP-DROPPED" in drop.rules())
    assert drop.taken == []


def test_a_closed_file_is_handed_over_with_its_hash(drop: Drop) -> None:
    data = bytes(range(256)) * 1000
    with drop.client() as client:
        answered = client.putfo(io.BytesIO(data), "/in/manifest.edi")  # confirm=True: looks again after CLOSE
    assert answered.st_size == len(data)
    [(upload, stored)] = drop.taken
    assert stored == data
    assert (upload.account, upload.name, upload.size) == (USER, "manifest.edi", len(data))
    assert upload.sha256 == hashlib.sha256(data).hexdigest()
    assert not any((drop.staging / USER).iterdir())


def test_an_empty_file_is_a_drop_too(drop: Drop) -> None:
    with drop.client() as client:
        client.open("/in/empty.edi", "wb").close()
    assert drop.names() == ["empty.edi"]


def test_a_look_at_a_name_that_is_not_there_is_no_event(drop: Drop) -> None:
    """Clients look before each upload."""
    with drop.client() as client, pytest.raises(FileNotFoundError):
        client.stat("/in/manifest.edi")
    assert [event.rule for event in drop.events] == ["SFTP-LOGIN"]


def test_a_file_put_into_the_root_counts_as_put_into_in(drop: Drop) -> None:
    with drop.client() as client:
        client.putfo(io.BytesIO(b"x"), "a.edi")
        assert client.listdir("/in") == ["a.edi"]
    assert drop.names() == ["a.edi"]


@pytest.mark.parametrize(
    "name",
    [
        "Manifest März 2025 (final) ✓.edi",
        "a b.edi",
        "trailing.",
        "trailing ",
        "%2e%2e%2fevil",
        "\u0627\u062e",
        "e\u0301.edi",
    ],
)
def test_the_original_name_reaches_the_gateway(drop: Drop, name: str) -> None:
    with drop.client() as client:
        client.putfo(io.BytesIO(b"x"), f"/in/{name}")
    assert drop.names() == [name]


@pytest.mark.parametrize("name", ["m.edi.filepart", "m.part", "m.TMP", ".m.edi", "m.swp"])
def test_a_temporary_name_is_kept_until_it_is_renamed(drop: Drop, name: str) -> None:
    with drop.client() as client:
        client.putfo(io.BytesIO(b"abc"), f"/in/{name}")
        assert drop.taken == []
        assert drop.waiting() == {name: (3, True)}
        client.rename(f"/in/{name}", "/in/m.edi")
        assert client.stat("/in/m.edi").st_size == 3
    assert [(upload.name, data) for upload, data in drop.taken] == [("m.edi", b"abc")]
    assert drop.waiting() == {}


def test_after_pick_up_the_name_answers_stat_times_and_rename(drop: Drop) -> None:
    with drop.client() as client:
        client.putfo(io.BytesIO(b"abc"), "/in/a.edi")
        client.utime("/in/a.edi", (1_700_000_000, 1_700_000_000))
        client.chmod("/in/a.edi", 0o640)
        assert client.lstat("/in/a.edi").st_mtime == 1_700_000_000
        client.rename("/in/a.edi", "/in/a.sent")
        assert client.stat("/in/a.sent").st_size == 3
        with pytest.raises(FileNotFoundError):
            client.stat("/in/a.edi")
    assert drop.names() == ["a.edi"]
    assert "SFTP-RENAMED-LATE" in drop.rules()


def test_a_taken_file_cannot_be_withdrawn_read_or_appended(drop: Drop) -> None:
    with drop.client() as client:
        client.putfo(io.BytesIO(b"abc"), "/in/a.edi")
        with pytest.raises(PermissionError, match="SFTP-TAKEN"):
            client.remove("/in/a.edi")
        with pytest.raises(PermissionError, match="SFTP-TAKEN"):
            client.open("/in/a.edi", "r+")
        with pytest.raises(PermissionError, match="SFTP-READ"):
            client.open("/in/a.edi", "rb")
    assert len(drop.taken) == 1


def test_the_tombstone_goes_after_its_time(tmp_path: Path) -> None:
    with open_drop(tmp_path, grace_s=0.0) as drop, drop.client() as client:
        client.putfo(io.BytesIO(b"abc"), "/in/a.edi", confirm=False)
        assert client.listdir("/in") == []


def test_the_same_name_sent_again_is_a_new_drop_even_while_the_first_is_being_taken(drop: Drop) -> None:
    going, gate = threading.Event(), threading.Event()

    def slow(upload: object) -> None:
        if not going.is_set():
            going.set()
            assert gate.wait(10)

    drop.on_upload = slow
    with drop.client() as first, drop.client() as second:
        worker = threading.Thread(target=lambda: first.putfo(io.BytesIO(b"one"), "/in/a.edi"))
        worker.start()
        assert going.wait(5)
        second.putfo(io.BytesIO(b"two!"), "/in/a.edi")
        gate.set()
        worker.join(5)
        assert [data for _, data in drop.taken] == [b"two!", b"one"]
        second.putfo(io.BytesIO(b"three"), "/in/a.part")
        second.rename("/in/a.part", "/in/a.edi")
    assert drop.names() == ["a.edi"] * 3
    assert drop.waiting() == {}


def test_writes_out_of_order_are_put_in_order_and_hashed(drop: Drop) -> None:
    with drop.client() as client, client.open("/in/a.edi", "wb") as file:
        for at, data in ((3, b"def"), (0, b"abX"), (2, b"c")):  # gap, fill, overlap
            file.seek(at)
            file.write(data)
    [(upload, data)] = drop.taken
    assert data == b"abcdef"
    assert upload.sha256 == hashlib.sha256(b"abcdef").hexdigest()


def test_a_file_with_a_hole_is_refused_at_close_and_can_be_completed(drop: Drop) -> None:
    with drop.client() as client:
        file = client.open("/in/a.edi", "wb")
        file.seek(3)
        file.write(b"def")
        with pytest.raises(OSError, match="SFTP-PARTIAL"):
            close(file)
        assert drop.taken == []
        with client.open("/in/a.edi", "r+") as again:
            again.write(b"abc")
    assert [data for _, data in drop.taken] == [b"abcdef"]


def interrupted(drop: Drop, name: str, data: bytes) -> None:
    with drop.client() as client:
        file = client.open(name, "wb")
        file.write(data)
        client.get_channel().close()  # first, because a dropped SFTPFile object sends CLOSE
        assert until(lambda: "SFTP-DROPPED" in drop.rules())
    assert drop.waiting()[name.rpartition("/")[2]] == (len(data), False)


def test_an_interrupted_upload_is_resumed(drop: Drop) -> None:
    interrupted(drop, "/in/a.edi", b"abc")
    with drop.client() as client:
        assert client.stat("/in/a.edi").st_size == 3
        with client.open("/in/a.edi", "ab") as file:
            file.write(b"def")
    assert [data for _, data in drop.taken] == [b"abcdef"]


def test_an_interrupted_upload_is_resumed_after_a_restart(drop: Drop) -> None:
    interrupted(drop, "/in/März.part", b"abc")
    drop.restart()
    with drop.client() as client:
        with client.open("/in/März.part", "r+") as file:
            file.seek(3)
            file.write(b"def")
        client.rename("/in/März.part", "/in/März")
    [(upload, data)] = drop.taken
    assert (upload.name, data, upload.sha256) == ("März", b"abcdef", hashlib.sha256(b"abcdef").hexdigest())


def test_a_finished_temporary_file_survives_a_restart(drop: Drop) -> None:
    with drop.client() as client:
        client.putfo(io.BytesIO(b"abc"), "/in/a.part")
    (drop.staging / USER / "stray.partial").write_bytes(b"no name")
    drop.restart()
    assert drop.waiting() == {"a.part": (3, True)}
    assert not (drop.staging / USER / "stray.partial").exists()
    with drop.client() as client:
        client.rename("/in/a.part", "/in/a.edi")
    assert [data for _, data in drop.taken] == [b"abc"]


def test_an_interrupted_upload_is_not_handed_over_by_rename_or_an_idle_open(drop: Drop) -> None:
    interrupted(drop, "/in/a.part", b"abc")
    with drop.client() as client:
        with pytest.raises(OSError, match="SFTP-PARTIAL"):
            client.rename("/in/a.part", "/in/a.edi")
        file = client.open("/in/a.part", "r+")
        with pytest.raises(OSError, match="SFTP-PARTIAL"):
            close(file)
        client.remove("/in/a.part")
        assert client.listdir("/in") == []
    assert drop.taken == []


def test_a_resume_takes_over_from_a_session_that_hangs(drop: Drop) -> None:
    with drop.client() as hanging, drop.client() as client:
        stale = hanging.open("/in/a.edi", "wb")
        stale.write(b"abc")
        with client.open("/in/a.edi", "r+") as file:
            file.seek(3)
            file.write(b"def")
        with pytest.raises(OSError, match="SFTP-TAKEN-OVER"):
            stale.write(b"late")
        with pytest.raises(OSError, match="SFTP-TAKEN-OVER"):
            close(stale)
    assert [data for _, data in drop.taken] == [b"abcdef"]


def test_plain_rename_refuses_an_existing_name_and_posix_rename_replaces_it(drop: Drop) -> None:
    with drop.client() as client:
        client.putfo(io.BytesIO(b"old"), "/in/a.part")
        client.putfo(io.BytesIO(b"new!"), "/in/b.part")
        with pytest.raises(OSError, match="SFTP-EXISTS"):
            client.rename("/in/b.part", "/in/a.part")
        client.posix_rename("/in/b.part", "/in/a.part")
        assert drop.waiting() == {"a.part": (4, True)}
        with pytest.raises(FileNotFoundError):
            client.rename("/in/none", "/in/x")
        for pair in (("/in/a.part", "/ack/a"), ("/in/a.part", "/in/sub/a"), ("/in/a.part", "/../a")):
            with pytest.raises(PermissionError):
                client.rename(*pair)


def test_a_rename_before_close_hands_over_at_close(drop: Drop) -> None:
    with drop.client() as client:
        file = client.open("/in/a.part", "wb")
        file.write(b"abc")
        client.rename("/in/a.part", "/in/a.edi")
        assert drop.taken == []
        file.close()
    assert drop.names() == ["a.edi"]


def test_a_file_another_session_holds_open_cannot_be_renamed(drop: Drop) -> None:
    with drop.client() as holder, drop.client() as client:
        file = holder.open("/in/a.part", "wb")
        file.write(b"abc")
        with pytest.raises(PermissionError, match="SFTP-BUSY"):
            client.rename("/in/a.part", "/in/a.edi")
        file.close()
        client.rename("/in/a.part", "/in/a.edi")
    assert drop.names() == ["a.edi"]


def test_a_gateway_that_cannot_take_the_file_makes_close_and_rename_fail(drop: Drop) -> None:
    drop.fault = GatewayError("the ledger is locked")
    with drop.client() as client:
        file = client.open("/in/a.edi", "wb")
        with pytest.raises(OSError, match="the ledger is locked"):
            close(file)
        with pytest.raises(FileNotFoundError):
            client.putfo(io.BytesIO(b"abc"), "/in/a.edi")
        client.putfo(io.BytesIO(b"abc"), "/in/b.part")
        with pytest.raises(OSError, match="SFTP-NOT-TAKEN"):
            client.rename("/in/b.part", "/in/b")
        drop.fault = None
        client.rename("/in/b.part", "/in/b")
        client.putfo(io.BytesIO(b"again"), "/in/a.edi")
    assert drop.names() == ["b", "a.edi"]


def test_sizes_modes_and_owners_that_a_client_sets(drop: Drop) -> None:
    with drop.client() as client:
        with client.open("/in/a.part", "wb") as file:
            file.write(b"abcdef")
            file.truncate(3)
            assert file.stat().st_size == 3
            file.chmod(0o600)
            with pytest.raises(PermissionError, match="SFTP-CHMOD"):
                file.chmod(0o755)
        for mode in (0o666, 0o700, 0o4600):
            with pytest.raises(PermissionError, match="SFTP-CHMOD"):
                client.chmod("/in/a.part", mode)
        with pytest.raises(PermissionError, match="SFTP-CHOWN"):
            client.chown("/in/a.part", 0, 0)
        with pytest.raises(PermissionError):
            client.truncate("/in/a.part", 1)
        client.rename("/in/a.part", "/in/a")
    assert [data for _, data in drop.taken] == [b"abc"]


def test_a_file_over_the_size_limit_is_refused_while_it_is_written(tmp_path: Path) -> None:
    with open_drop(tmp_path, max_file_bytes=1000) as drop, drop.client() as client:
        file = client.open("/in/a.edi", "wb")
        file.write(b"x" * 1000)
        with pytest.raises(OSError, match="SFTP-LIMIT-SIZE"):
            file.write(b"x")
        with pytest.raises(OSError, match="larger than 1000"):
            close(file)
        assert drop.taken == []
        assert client.listdir("/in") == []
        assert not any((drop.staging / USER).iterdir())


def test_files_per_hour_waiting_files_and_open_handles_are_limited(tmp_path: Path) -> None:
    with open_drop(tmp_path, files_per_hour=6, max_waiting=2, max_open_handles=2) as drop, drop.client() as client:
        client.putfo(io.BytesIO(b"x"), "/in/1.part")
        held = [client.open("/in/2.part", "wb"), client.open("/in/2.part", "r+")]
        with pytest.raises(OSError, match="SFTP-LIMIT-HANDLES"):
            client.open("/in/3.part", "wb")
        with pytest.raises(OSError, match="SFTP-LIMIT-HANDLES"):
            client.listdir("/in")
        with pytest.raises(OSError, match="SFTP-TAKEN-OVER"):
            close(held[0])
        held[1].close()
        with pytest.raises(OSError, match="SFTP-LIMIT-WAITING"):
            client.open("/in/3.part", "wb")
        client.remove("/in/1.part")
        for number in range(4):
            client.putfo(io.BytesIO(b"x"), f"/in/{number}.edi")
        with pytest.raises(OSError, match="SFTP-LIMIT-RATE"):
            client.open("/in/last.edi", "wb")


@needs_sftp
def test_the_openssh_client_puts_with_times_renames_and_reads_acks(drop: Drop) -> None:
    local = drop.root / "local.edi"
    local.write_bytes(b"ISA*00")
    local.chmod(0o644)
    (drop.home / "ack" / "a.997").write_bytes(b"ST*997")
    done = drop.sftp(
        f"put -p {local} /in/a.edi",
        f"put {local} /in/März.filepart",
        "rename /in/März.filepart /in/März.edi",
        f"put {local} b.edi",
        "cd ack",
        f"get a.997 {drop.root}/got",
        "rm a.997",
        "cd ..",
        "ls -l in",
    )
    assert done.returncode == 0, done.stderr
    assert "denied" not in done.stderr.lower()
    assert drop.names() == ["a.edi", "März.edi", "b.edi"]
    assert (drop.root / "got").read_bytes() == b"ST*997"
    assert not (drop.home / "ack" / "a.997").exists()


@needs_sftp
def test_the_openssh_client_resumes_with_reput(drop: Drop) -> None:
    local = drop.root / "local.edi"
    local.write_bytes(b"x" * 70_000)
    interrupted(drop, "/in/a.edi", b"x" * 30_000)
    done = drop.sftp(f"reput {local} /in/a.edi")
    assert done.returncode == 0, done.stderr
    assert [data for _, data in drop.taken] == [local.read_bytes()]


@needs_sftp
def test_scp_ends_well_both_ways(drop: Drop) -> None:
    local = drop.root / "local.edi"
    local.write_bytes(b"ISA*00")
    (drop.home / "ack" / "a.997").write_bytes(b"ST*997")
    up, down = drop.scp(str(local), ":in/a.edi"), drop.scp(":ack/a.997", str(drop.root / "got"))
    assert (up.returncode, down.returncode) == (0, 0), up.stderr + down.stderr
    assert drop.names() == ["a.edi"]
    assert (drop.root / "got").read_bytes() == b"ST*997"
    assert drop.scp(str(local), ":nowhere/a.edi").returncode != 0


def test_an_unauthenticated_staging_name_is_never_the_clients(drop: Drop) -> None:
    with drop.client() as client:
        client.putfo(io.BytesIO(b"x"), "/in/name.part")
        with pytest.raises(FileNotFoundError):
            client.stat("/in/name.filepart")
    assert all("name" not in path.name for path in (drop.staging / USER).iterdir())
    assert all(path.stat().st_mode & 0o077 == 0 for path in (drop.staging / USER).iterdir())


def test_many_sessions_at_once_lose_and_mix_nothing(drop: Drop) -> None:
    faults: list[BaseException] = []

    def send(number: int) -> None:
        try:
            with drop.client() as client:
                for step in range(5):
                    client.putfo(io.BytesIO(f"{number}.{step}".encode() * 999), f"/in/{number}-{step}.part")
                    client.rename(f"/in/{number}-{step}.part", f"/in/{number}-{step}")
        except (OSError, paramiko.SSHException, AssertionError) as error:
            faults.append(error)

    workers = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert faults == []
    assert {upload.name: data for upload, data in drop.taken} == {
        f"{n}-{s}": f"{n}.{s}".encode() * 999 for n in range(4) for s in range(5)
    }


def test_a_closed_temporary_file_survives_a_killed_gateway_and_an_open_one_does_not(drop: Drop) -> None:
    drop.server.stop()
    arguments = [str(drop.root), USER, public_line(drop.key_file)]
    server = subprocess.Popen(
        [sys.executable, "-c", DYING_SERVER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    assert server.stdin is not None
    drop.port = int(server.stdout.readline())
    with drop.client() as client:
        client.putfo(io.BytesIO(b"abc"), "/in/whole.part")
        half = client.open("/in/half.edi", "wb")
        half.write(b"abc")
        server.kill()
        server.wait(5)
        del half
    server.stdin.close()
    server.stdout.close()
    drop.start()
    assert drop.waiting() == {"whole.part": (3, True)}
    with drop.client() as client:
        client.rename("/in/whole.part", "/in/whole.edi")
    assert [(upload.name, data) for upload, data in drop.taken] == [("whole.edi", b"abc")]


def test_a_name_that_is_not_utf8_is_refused_and_the_session_goes_on(drop: Drop) -> None:
    with drop.client() as client:
        with pytest.raises(OSError, match="SFTP-NAME: a file name must be UTF-8"):
            client._request(CMD_OPEN, b"/in/M\xe4rz.edi", 0x1A, paramiko.SFTPAttributes())
        client.putfo(io.BytesIO(b"x"), "/in/a.edi")
    assert drop.names() == ["a.edi"]
