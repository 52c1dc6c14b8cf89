"""Folders and files that the gateway's user may not read or write: told in the right words, and nobody waits for another's file."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.commands.doctor import doctor
from gateway.shell import folders as shell_folders
from gateway.shell.loop import Engine
from tests.shell.shell_support import Yard
from tests.shell.site_support import Place

_BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
"""Root without the rights to pass over the rights of files."""


def as_user(*words: str) -> list[str]:
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("no setpriv")
    return [*(_BOUND if os.geteuid() == 0 else []), sys.executable, "-m", "gateway", *words]


def errors(folder: Path) -> dict[str, tuple[str, str]]:
    done = subprocess.run(as_user("doctor", str(folder), "--json"), capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == any(one["state"] == "error" for one in found), done.stderr
    return {one["check"]: (one["said"], one["mend"]) for one in found if one["state"] == "error"}


@pytest.mark.parametrize(
    ("folder", "mode", "name", "said"),
    [
        ("out", 0o500, "out folder", "cannot be written to (Permission denied): what goes there waits"),
        ("drop/northtest/ack", 0o500, "ack folder of northtest", "cannot be written to"),
        ("drop/northtest/reject", 0o500, "reject folder of northtest", "cannot be written to"),
        ("state/work", 0o500, "work of the state folder", "cannot be written to"),
        ("inbox", 0o500, "drop folder of northtest", "no file can be taken out of"),
        ("inbox", 0o300, "drop folder of northtest", "cannot be read: no file is seen there"),
        ("responses", 0o500, "folder of responses", "no file can be taken out of"),
        ("state/ledger.sqlite", 0o400, "ledger", "mode 400"),
    ],
)
def test_doctor_names_the_folder_that_lacks_rights(
    tmp_path: Path, folder: str, mode: int, name: str, said: str
) -> None:
    place = Place(tmp_path / "site")
    place.run()
    assert errors(place.folder) == {}
    path = place.folder / folder
    usual = path.stat().st_mode
    path.chmod(mode)
    try:
        found = errors(place.folder)
    finally:
        path.chmod(usual)
    assert list(found) == [name]
    assert said in found[name][0]
    assert found[name][1]


def test_a_start_with_a_ledger_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.run()
    (place.folder / "state" / "ledger.sqlite").chmod(0o400)
    words = as_user("serve", str(place.folder), "--port", "0")
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 5
    assert "ledger.sqlite belongs to" in done.stderr and "mode 400" in done.stderr
    assert "fault of the gateway" not in done.stderr


def test_doctor_looks_at_what_stands_in_the_place_of_a_folder(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    (place.folder / "inbox").rmdir()
    (place.folder / "inbox").write_bytes(b"")
    assert "is no folder" in {c.name: c.said for c in doctor(place.folder)}["drop folder of northtest"]


def test_doctor_knows_a_running_gateway(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.drop("good-309.edi")
    engine = place.engine()
    try:
        engine.run_once()
        shutil.rmtree(place.folder / "drop" / "northtest" / "ack")
        found = {c.name: (c.state, c.said) for c in doctor(place.folder)}
    finally:
        engine.close()
    assert found["ledger"] == ("ok", "1 drops, in use by the running gateway")
    state, said = found["ack folder of northtest"]
    assert (state, "a gateway runs: it makes folders at the start only" in said) == ("error", True)


def test_doctor_tries_ports_and_looks_for_programs(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    config = place.folder / "gateway.toml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        more = f'\n[monitor]\nport = {taken.getsockname()[1]}\n[alerts]\ncommand = ["/no/such/pager"]\n'
        config.write_text(config.read_text().replace('host = "127.0.0.1"', 'host = "192.0.2.1"') + more)
        found = {c.name: (c.state, c.said, c.mend) for c in doctor(place.folder)}
    assert found["SFTP port"][0] == "error" and "0.0.0.0" in found["SFTP port"][2]
    assert found["monitor port"][0] == "warning" and "Stop the other program" in found["monitor port"][2]
    assert found["alert command"][0] == "error"


def unreadable_for_us(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Another user's file, mode 0600, in a folder that both may write to."""
    usual = os.open

    def refuse(path: object, *rest: object, **more: object) -> int:
        if Path(str(path)).name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return usual(path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(shell_folders.os, "geteuid", lambda: 54321)
    monkeypatch.setattr(os, "open", refuse)


def rounds(engine: Engine, number: int = 3) -> list[tuple[str, str]]:
    found = []
    for _ in range(number):
        engine._next_poll = 0.0
        found += [(r.file_name, r.state) for r in engine.run_once()]
    return found


def test_a_file_that_cannot_be_read_stays_in_its_drop_folder_and_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = Yard(tmp_path)
    engine = yard.engine()
    try:
        yard.drop("a.edi", "MSG m1\nSHIP b1 1\n")
        yard.drop("b.edi", "MSG m2\nSHIP b2 1\n")
        with monkeypatch.context() as patch:
            unreadable_for_us(patch, "a.edi")
            assert rounds(engine) == [("b.edi", "done")]
            assert [path.name for path in (yard.root / "state" / "work").iterdir()] == []
            assert any(path.name == "a.edi" for path in yard.root.rglob("a.edi"))
            (alert,) = yard.alerts
            assert alert.rule == "DROP-FOLDER"
            assert alert.message.startswith("a.edi in the drop folder belongs to another user, and ours cannot read it")
        assert rounds(engine) == [("a.edi", "done")]
        assert [alert.rule for alert in yard.alerts] == ["DROP-FOLDER", "DROP-RESUMED"]
    finally:
        engine.close()
