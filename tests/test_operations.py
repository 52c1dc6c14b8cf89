"""Operation: health, numbers and alerts of a real `gateway serve`; `gateway doctor` names what is wrong and its mend."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.commands.config import lines, masked
from gateway.commands.doctor import doctor
from gateway.commands.explaining import folded
from tests.test_reload import run, wait


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def _up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, int, subprocess.Popen[str]]]:
    folder = tmp_path / "site"
    run("demo", "init", str(folder))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = tmp_path / "page.sh"
    page.write_text(f"#!/bin/sh\ncat >> {tmp_path}/paged; echo >> {tmp_path}/paged\n")
    page.chmod(0o755)
    config = folder / "gateway.toml"
    text = config.read_text().replace("poll_seconds = 1.0", "poll_seconds = 0.1")
    config.write_text(text + f'\n[monitor]\nport = {port}\n\n[alerts]\ncommand = ["{page}"]\n')
    toml = folder / "partners" / "northtest.toml"
    toml.write_text('in_dir = "inbox"\n' + toml.read_text())
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield folder, port, process
    if process.poll() is None:
        process.kill()
    process.wait()


def test_health_numbers_alerts_and_a_quick_end(served) -> None:
    folder, port, process = served
    wait(lambda: _up(port) and get(port, "/readyz")[0] == 200, "never ready")
    assert get(port, "/healthz") == (200, "ok\n")
    assert get(port, "/secret")[0] == 404
    for name in ("bad-309.edi", "held.bin"):
        data = (folder / "samples" / "bad-309.edi").read_bytes() if name.endswith("edi") else b"\x1f\x8bnothing"
        (folder / "inbox" / name).write_bytes(data)
        (folder / "inbox" / f"{name}.done").touch()
    wait(
        lambda: 'gateway_drops_total{partner="northtest",verdict="quarantine"} 1.0' in get(port, "/metrics")[1],
        "not counted",
    )
    numbers = get(port, "/metrics")[1]
    assert 'gateway_shipments_total{partner="northtest",verdict="rejected"} 1.0' in numbers
    assert 'gateway_alerts_total{rule="DROP-HELD"} 1.0' in numbers
    assert 'gateway_ledger_drops{state="done"} 1.0' in numbers
    assert "RILEY" not in numbers
    paged = folder.parent / "paged"
    wait(lambda: paged.exists() and "DROP-HELD" in paged.read_text(), "nobody was paged")
    assert json.loads(paged.read_text().splitlines()[0])["partner"] == "northtest"
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    assert time.monotonic() - begun < 10
    with pytest.raises(urllib.error.URLError, match="refused"):
        get(port, "/healthz")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    run("demo", "init", str(tmp_path / "site"))
    return tmp_path / "site"


def states(folder: Path) -> dict[str, tuple[str, str]]:
    return {c.name: (c.state, c.mend) for c in doctor(folder)}


def test_a_fresh_folder_is_in_order(site: Path) -> None:
    found = states(site)
    assert {
        "profile",
        "state folder",
        "disk of out",
        "disk speed",
        "ledger",
        "clock",
        "host key",
        "partner northtest",
    } <= set(found)
    assert not [name for name, (state, _) in found.items() if state == "error"]
    assert not (site / "state" / "ledger.sqlite").exists()


def test_each_fault_is_named_with_its_mend(site: Path) -> None:
    (site / "keys" / "host_ed25519").chmod(0o644)
    (site / "keys" / "person.key").chmod(0o644)
    (site / "keys" / "northtest.pub").write_text("ssh-rsa nonsense\n")
    (site / "state").mkdir(exist_ok=True)
    (site / "state").chmod(0o755)
    found = states(site)
    for name in ("host key", "person key", "state folder", "partner northtest"):
        state, mend = found[name]
        assert (name, state, bool(mend)) == (name, "error", True)
    (site / "partners" / "northtest" / "x12_309_truck.csv").parent.mkdir()
    (site / "partners" / "northtest" / "x12_309_truck.csv").write_text("level,target,source\nshipment,no_such,M11.01\n")
    (broken,) = list(doctor(site))
    assert (broken.name, broken.state) == ("profile", "error")
    assert "no_such" in broken.said


def test_a_file_in_the_place_of_a_profile_folder_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("no folder")
    (broken,) = list(doctor(tmp_path / "site"))
    assert broken.said.startswith("Not a directory: ")
    assert "Errno" not in broken.said
    assert broken.mend == "Name the profile folder."


def test_a_wrong_setting_is_told_once_with_its_mend(site: Path) -> None:
    path = site / "partners" / "northtest.toml"
    path.write_text("nonsense = 1\n" + path.read_text())
    (broken,) = list(doctor(site))
    assert 'key "nonsense" is not known' in broken.said
    assert broken.mend
    assert broken.mend not in broken.said


def test_a_key_that_lists_name_twice_is_shown_once(site: Path) -> None:
    keys = site / "keys"
    key = keys.joinpath("northtest.pub").read_text()
    keys.joinpath("again.pub").write_text(f"# the same key\n{key.strip()} \n")
    path = site / "partners" / "northtest.toml"
    text = path.read_text()
    text = text.replace('["keys/northtest.pub"]', '["keys/northtest.pub", "keys/northtest.pub", "keys/again.pub"]')
    for section in ("target", "poll"):
        text += (
            f'\n[{section}]\nhost = "127.0.0.1"\nuser = "u"\nkey_file = "keys/host_ed25519"\nhost_key = "SHA256:x"\n'
        )
    path.write_text(text)
    found = list(doctor(site))
    assert next(c.said for c in found if c.name == "partner northtest").startswith("1 key, ")
    assert [c.name for c in found if c.name.endswith("key of northtest")] == ["target and poll key of northtest"]
    wrapped = site / "wrap.key"
    wrapped.write_bytes(b"k" * 32)
    settings = site / "gateway.toml"
    settings.write_text(f'{settings.read_text()}\n[encryption]\nkey_files = ["{wrapped}", "wrap.key"]\n')
    shown = json.loads(run("config", "show", str(site), "--json"))["keys"]
    assert [name for name in shown if name.startswith("encryption")] == ["encryption key 1"]
    assert [name for name in shown if name.endswith("key of northtest")] == ["target and poll key of northtest"]


@pytest.mark.parametrize(
    ("old", "new", "said", "mend"),
    [
        ('key_file = "keys/host_ed25519"', 'key_file = "keys/nowhere"', "nowhere is not there", "private key"),
        ('host_key = "SHA256:x"', 'host_key = "wrong"', "cannot be read", "ssh-keygen"),
    ],
)
def test_a_key_that_is_not_there_ends_no_other_look(site: Path, old: str, new: str, said: str, mend: str) -> None:
    path = site / "partners" / "northtest.toml"
    remote = (
        '\n[target]\nhost = "127.0.0.1"\nport = 1\nuser = "u"\nkey_file = "keys/host_ed25519"\nhost_key = "SHA256:x"\n'
    )
    path.write_text(path.read_text() + remote.replace(old, new) + remote.replace("target", "poll"))
    found = list(doctor(site, remote=True))
    assert [c.mend for c in found if said in c.said and mend in c.mend and "target" in c.name], found
    assert any(c.name == "poll of northtest" for c in found)


def test_a_full_disk_is_no_question_of_rights(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    (check,) = (c for c in doctor(site) if c.name == "speed")
    assert (check.state, check.said) == ("error", os.strerror(28))
    assert check.mend.startswith("Free some room")


def test_who_looks_at_the_state_needs_no_partner_file_without_fault(site: Path, tmp_path: Path) -> None:
    """While a coordinator edits, the operator still sees drops, explains them and makes a backup."""
    assert run("demo", "run", str(site), "--json")
    path = site / "partners" / "northtest.toml"
    path.write_text(path.read_text().replace("filer_type =", "filer_typ ="))
    shown = run("status", str(site))
    assert "bad-309.edi" in shown and "filer_typ" in shown.replace("\n", "")
    assert "S321-VAL-800" in run("explain", "bad-309.edi", str(site))
    refused, taken = run("explain", "004500B2", str(site)), run("explain", "NRTX004500B1", str(site))
    assert "shipment 004500B2: refused" in refused and "S321-VAL-800" in refused and "004500B1" not in refused
    assert "shipment NRTX004500B1: accepted" in taken and "004500B2" not in taken
    assert "no receipt, file name or shipment" in run("explain", "004500B9", str(site))
    assert 'row 2, column "' in run("explain", "bad-table.csv", str(site))
    assert "wrote" in run("backup", str(tmp_path / "copy"), str(site))
    assert "kept" in run("archive", "show", str(site))


def test_what_is_no_rule_is_told_as_such() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "explain", "S321-VAL-8000", "/"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "is no rule" in done.stderr and "Did you mean S321-VAL-800?" in done.stderr


def test_settings_are_shown_as_they_can_be_written(site: Path) -> None:
    path = site / "partners" / "northtest.toml"
    path.write_text(path.read_text() + '\n[constants.seller]\nname = "A \\"B\\" é\\\\"\n"odd key" = [1.5, false]\n')
    wanted = tomllib.loads(path.read_text())
    text = "\n".join(lines(masked(wanted)))
    assert tomllib.loads(text) == wanted
    assert wanted["constants"]["seller"] == {"name": 'A "B" é\\', "odd key": [1.5, False]}


def test_the_command_ends_with_1_for_an_error_and_names_the_next_step(site: Path) -> None:
    assert "next: gateway serve" in run("doctor", str(site))
    (site / "keys" / "host_ed25519").chmod(0o644)
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "doctor", str(site), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {
        "check": "host key",
        "state": "error",
        "said": "others may read it",
        "mend": f"chmod 600 {site}/keys/host_ed25519",
    } in lines
    assert os.path.exists(site)


def test_remarks_on_the_whole_file_do_not_hide_the_rest() -> None:
    many = [{"rule": "CSV-EXTRA-COLUMN", "severity": "warning", "shipment": ""} for _ in range(12)]
    errors = [{"rule": "CSV-QUOTE", "severity": "error", "shipment": ""} for _ in range(8)]
    own = [{"rule": "S321-TIME", "severity": "warning", "shipment": f"H{n}"} for n in range(9)]
    shown = [(finding["rule"], more) for finding, more in folded([*many, *errors, *own])]
    assert shown[:5] == [("CSV-EXTRA-COLUMN", 0)] * 4 + [("CSV-EXTRA-COLUMN", 7)]
    assert len(shown) == 5 + 8 + 9
    assert [more for _, more in folded(many[:5])] == [0] * 5
