"""The jail: what a client may name, and what links and other accounts cannot do."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shell.sftp_paths import FOLDERS, RefusedError, is_temporary, split_path
from tests.shell.sftp_support import Drop, needs_sftp, open_drop


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    with open_drop(tmp_path) as started:
        yield started


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("", ("", "")),
        (".", ("", "")),
        ("/", ("", "")),
        ("//", ("", "")),
        ("/in", ("in", "")),
        ("in/", ("in", "")),
        ("a.edi", ("in", "a.edi")),
        ("/a.edi", ("in", "a.edi")),
        ("/./in//.//a.edi", ("in", "a.edi")),
        ("/in2", ("in", "in2")),  # a file name in the root, not a folder beside in
        ("/in/in", ("in", "in")),
        ("/in/%2e%2e", ("in", "%2e%2e")),  # a name like any other: nothing decodes it
        ("/in/...", ("in", "...")),
        ("/in/a.", ("in", "a.")),
        ("/in/a ", ("in", "a ")),
        ("/in/con", ("in", "con")),
        ("/in/" + "x" * 200, ("in", "x" * 200)),
        ("/in/\u00e9", ("in", "\u00e9")),
        ("/in/e\u0301", ("in", "e\u0301")),  # NFD stays NFD
    ],
)
def test_a_path_is_a_folder_and_a_name(path: str, place: tuple[str, str]) -> None:
    assert split_path(path) == place


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("..", "SFTP-PATH"),
        ("/in/..", "SFTP-PATH"),
        ("../../outbox/evil.edi", "SFTP-PATH"),
        ("/in/../../etc/passwd", "SFTP-PATH"),
        ("/in/../ack/a", "SFTP-PATH"),
        ("/in/a\0.edi", "SFTP-PATH"),
        ("/etc/passwd", "SFTP-PATH-DEPTH"),
        ("/in2/a.edi", "SFTP-PATH-DEPTH"),
        ("/in/2025/03/a.edi", "SFTP-PATH-DEPTH"),
        ("/%2e%2e/%2e%2e/a", "SFTP-PATH-DEPTH"),
        ("/ack/sub/a", "SFTP-PATH-DEPTH"),
        ("in\\a.edi", "SFTP-NAME"),
        ("..\\..\\a.edi", "SFTP-NAME"),
        ("/in/a\nb", "SFTP-NAME"),
        ("/in/a\x1b]0;b", "SFTP-NAME"),
        ("/in/a\x85b", "SFTP-NAME"),
        ("/in/a\u2028b", "SFTP-NAME"),
        ("/in/ide.\u202eexe", "SFTP-NAME"),
        ("/in/" + "x" * 201, "SFTP-NAME"),
        ("/in/" + "\u00e9" * 101, "SFTP-NAME"),
        ("/" + "x" * 4095, "SFTP-NAME"),
        ("/in/" + "a/" * 2046, "SFTP-PATH-DEPTH"),
    ],
)
def test_other_paths_are_refused(path: str, rule: str) -> None:
    with pytest.raises(RefusedError) as refused:
        split_path(path)
    assert refused.value.rule == rule


@given(st.text(alphabet=st.sampled_from("/.\\%2e\0ab in"), max_size=40) | st.text(max_size=40))
def test_no_text_makes_a_name_that_could_leave_a_folder(path: str) -> None:
    try:
        folder, name = split_path(path)
    except RefusedError:
        return
    assert folder in (*FOLDERS, "")
    assert "/" not in name
    assert "\0" not in name
    assert name not in (".", "..")


@pytest.mark.parametrize("name", ["a.part", "a.filepart", "A.TMP", ".a", "a.edi.swp", "~a"])
def test_temporary_names_are_known(name: str) -> None:
    assert is_temporary(name)
    assert not is_temporary("a.part.edi")


@pytest.mark.sftp
def test_a_path_out_of_the_folders_writes_nothing_and_is_told(drop: Drop) -> None:
    before = sorted(path.relative_to(drop.root) for path in drop.root.rglob("*"))
    with drop.client() as client:
        for path in (
            "../../outbox/evil.edi",
            "/etc/evil",
            "/in/2025/03/a.edi",
            "/in/a\\b",
            "/ack/a",
            "/reject/a",
            "/in",
        ):
            with pytest.raises(PermissionError):
                client.open(path, "wb")
        assert client.normalize("/in/../../..") == "/"
        assert client.normalize(".") == "/"
        assert client.normalize("in/..//ack") == "/ack"
    assert sorted(path.relative_to(drop.root) for path in drop.root.rglob("*")) == before
    assert {"SFTP-PATH", "SFTP-PATH-DEPTH", "SFTP-NAME", "SFTP-WRITE"} <= set(drop.rules())
    assert all(event.name.isascii() and event.name.isprintable() for event in drop.events)


@pytest.mark.sftp
@needs_sftp
def test_the_openssh_client_cannot_leave_either(drop: Drop) -> None:
    done = drop.sftp(
        "-put /etc/hostname ../../evil.edi", "-get ../../etc/hostname", "-ln -s /etc/passwd in/x", "-mkdir in/y"
    )
    assert done.stderr.lower().count("denied") >= 3
    assert drop.taken == []
    assert "SFTP-LINK" in drop.rules()


@pytest.mark.sftp
def test_the_root_shows_three_folders_that_cannot_be_changed(drop: Drop) -> None:
    with drop.client() as client:
        assert client.listdir("/") == ["in", "ack", "reject"]
        for call in (
            lambda: client.mkdir("/in/sub"),
            lambda: client.mkdir("/new"),
            lambda: client.rmdir("/ack"),
            lambda: client.remove("/in"),
            lambda: client.symlink("/etc/passwd", "/in/x"),
            lambda: client.readlink("/in/x"),
            lambda: client.chmod("/ack", 0o600),
            lambda: client.rename("/ack", "/in/x"),
        ):
            with pytest.raises(PermissionError):
                call()
        with pytest.raises(FileNotFoundError):
            client.listdir("/in/sub")


@pytest.mark.sftp
def test_answers_are_read_listed_and_deleted_and_nothing_else(drop: Drop) -> None:
    ack = drop.home / "ack"
    (ack / "a.997").write_bytes(b"ST*997" * 20_000)
    (ack / ".b.997.tmp").write_bytes(b"half")
    (ack / "sub").mkdir()
    os.mkfifo(ack / "pipe")
    with drop.client() as client:
        assert client.listdir("/ack") == ["a.997"]
        buffer = io.BytesIO()
        client.getfo("/ack/a.997", buffer)
        assert buffer.getvalue() == b"ST*997" * 20_000
        for name in (".b.997.tmp", "sub", "pipe", "none"):
            with pytest.raises(FileNotFoundError):
                client.open(f"/ack/{name}", "rb")
        for call in (
            lambda: client.open("/ack/a.997", "r+"),
            lambda: client.open("/ack/a.997", "ab"),
            lambda: client.rename("/ack/a.997", "/ack/b"),
            lambda: client.chmod("/ack/a.997", 0o600),
            lambda: client.utime("/ack/a.997", (1, 1)),
        ):
            with pytest.raises(PermissionError):
                call()
        client.remove("/ack/a.997")
        assert client.listdir("/ack") == []


@pytest.mark.sftp
def test_symbolic_links_are_not_followed_on_any_component(drop: Drop) -> None:
    secret = drop.root / "secret"
    secret.mkdir()
    (secret / "plan").write_text("x")
    ack, reject = drop.home / "ack", drop.home / "reject"
    (ack / "link").symlink_to(secret / "plan")
    (ack / "dangling").symlink_to(drop.root / "nowhere")
    reject.rmdir()
    reject.symlink_to(secret)
    with drop.client() as client:
        assert client.listdir("/ack") == []
        for path in ("/ack/link", "/ack/dangling"):
            with pytest.raises(FileNotFoundError):
                client.open(path, "rb")
            with pytest.raises(FileNotFoundError):
                client.remove(path)
        for call in (
            lambda: client.listdir("/reject"),
            lambda: client.open("/reject/plan"),
            lambda: client.stat("/reject/plan"),
        ):
            with pytest.raises(OSError, match="SFTP-FAULT"):
                call()
        home = drop.home.rename(drop.root / "moved")
        (home / "ack" / "true").write_text("x")
        drop.home.symlink_to(home)  # a link in the middle of the path, made after the start
        with pytest.raises(OSError, match="SFTP-FAULT"):
            client.listdir("/ack")
    assert (secret / "plan").exists()
