"""What nobody may do to a real `gateway serve` with two partners: see the other, speak for the other, forge a log line."""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest
from packaging.requirements import Requirement

from gateway.shell.sftp_keys import create_host_key
from tests.shell.sftp_support import public_line
from tests.test_reload import run, wait

ROOT = Path(__file__).parent.parent

TOKEN = "T0KEN-of-the-webhook"
STRANGER = "OTHR"


@dataclass
class Served:
    """A running gateway. northtest: the carrier of the demo; othertest: another company with ids of its own."""

    folder: Path
    port: int
    printed: list[str]

    def sftp(self, account: str, key: str = "") -> paramiko.SFTPClient:
        transport = paramiko.Transport(("127.0.0.1", self.port))
        transport.connect(
            username=account, pkey=paramiko.Ed25519Key.from_private_key_file(self.folder / "keys" / (key or account))
        )
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        return client

    def send(self, account: str, sample: str, name: str) -> dict:
        """Upload a sample and return the receipt."""
        client = self.sftp(account)
        client.put(str(self.folder / "samples" / sample), f"in/{name}", confirm=False)
        client.get_channel().get_transport().close()
        return self.receipt(account, name)

    def receipt(self, account: str, name: str) -> dict:
        places = [self.folder / "drop" / account / box / f"{name}.receipt.json" for box in ("ack", "reject")]
        wait(lambda: any(place.exists() for place in places), f"no receipt of {name}")
        return json.loads(next(place for place in places if place.exists()).read_bytes())

    def log(self) -> str:
        return (self.folder.parent / "log").read_text("utf-8")

    def answers(self, account: str) -> dict[str, bytes]:
        place = self.folder / "drop" / account
        return {path.name: path.read_bytes() for box in ("ack", "reject") for path in (place / box).iterdir()}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("security")
    folder = root / "site"
    run("demo", "init", str(folder))
    (folder / "keys" / "person.key").unlink()
    config = folder / "gateway.toml"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("person_secret_file")]
    config.write_text(
        "\n".join(lines).replace("poll_seconds = 1.0", "poll_seconds = 0.1")
        + f'\n[alerts]\ncommand = ["/bin/true", "{TOKEN}"]\nwebhook = "http://127.0.0.1:9/{TOKEN}"\n'
    )
    toml = (folder / "partners" / "northtest.toml").read_text()
    start, end = toml.index("senders ="), toml.index("receivers =")
    other = toml[:start] + f'senders = [{{ id = "{STRANGER}" }}]\n' + toml[end:]
    other = other.replace("northtest", "othertest").replace("NRTX01", "OTHR01")
    (folder / "partners" / "othertest.toml").write_text('in_dir = "inbox2"\n' + other)
    create_host_key(folder / "keys" / "othertest")
    (folder / "keys" / "othertest.pub").write_text(public_line(folder / "keys" / "othertest"))
    command = [sys.executable, "-m", "gateway", "serve", str(folder), "--port", "0"]
    with (root / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, umask=0)
    assert process.stdout is not None
    printed = [process.stdout.readline() for _ in range(4)]
    site = Served(folder, int(printed[0].split(":")[1].split()[0]), printed)
    yield site
    process.terminate()
    assert process.wait(15) == 0


def test_the_key_of_the_person_hash_is_made_at_the_first_start_and_never_shown(served: Served) -> None:
    path = served.folder / "state" / "person.key"
    key = path.read_bytes()
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shown = (
        served.log()
        + "".join(served.printed)
        + run("config", "show", str(served.folder))
        + run("doctor", str(served.folder))
    )
    for form in (key.hex(), base64.b64encode(key).decode(), repr(key)[2:-1]):
        assert form not in shown


def test_no_secret_stands_in_config_show(served: Served) -> None:
    for words in ((), ("--json",)):
        shown = run("config", "show", str(served.folder), *words)
        assert "partners/othertest.toml" in shown
        assert "OTHR01" in shown
        assert TOKEN not in shown
        assert "PRIVATE KEY" not in shown
    assert TOKEN not in served.log()


def test_an_upload_answers_and_every_file_is_for_the_gateways_user_only(served: Served) -> None:
    assert served.send("northtest", "good-309.edi", "modes.edi")["file_name"] == "modes.edi"
    wait(lambda: not list((served.folder / "state" / "work").iterdir()), "still in work")
    made = [served.folder / "state", *(served.folder / "state").rglob("*"), *(served.folder / "drop").rglob("*")]
    made += [served.folder / "out", *(served.folder / "out").rglob("*")]
    assert len(made) > 10
    for path in made:
        mode = stat.S_IMODE(path.stat().st_mode)
        ours = "state" in path.relative_to(served.folder).parts
        assert not mode & (0o077 if ours or path.is_dir() else 0o137), f"{path.name} {mode:o}"


def test_a_partner_sees_nothing_of_the_other(served: Served) -> None:
    served.send("northtest", "good-309.edi", "mine.edi")
    client = served.sftp("othertest")
    assert client.listdir("/") == ["in", "ack", "reject"] or sorted(client.listdir("/")) == ["ack", "in", "reject"]
    seen = {name for box in ("in", "ack", "reject") for name in client.listdir(box)}
    assert not [name for name in seen if name.startswith("mine.edi")]
    outside = (
        "../northtest/ack",
        "/../northtest",
        "../../state",
        "ack/../../northtest/ack",
        str(served.folder / "drop" / "northtest" / "ack"),
    )
    for path in outside:
        with pytest.raises((FileNotFoundError, PermissionError)):
            client.listdir(path)
        with pytest.raises((FileNotFoundError, PermissionError)):
            client.open(f"{path}/mine.edi.receipt.json").read()
    for name in served.answers("northtest"):
        with pytest.raises((FileNotFoundError, PermissionError)):
            client.open(f"ack/{name}").read()
    with pytest.raises(paramiko.AuthenticationException):
        served.sftp("northtest", key="othertest")


@pytest.mark.parametrize(("sample", "said"), [
    ("good-309.edi", "X12-SENDER"), ("good-cuscar.edi", "EDIFACT-SENDER"), ("good-xfzb.xml", "XML-SENDER"), ("good-itmatt.xml", "XML-SENDER"),
])  # fmt: skip
def test_an_envelope_in_the_name_of_another_partner_is_refused_answered_and_told(
    served: Served, sample: str, said: str
) -> None:
    before = {path.name for path in (served.folder / "out").rglob("*.json")}
    receipt = served.send("othertest", sample, f"spoof-{sample}")

    def found() -> dict[str, bytes]:
        return {n: data for n, data in served.answers("othertest").items() if n.startswith(f"spoof-{sample}")}

    wait(lambda: len(found()) > 2, "more than the receipt: the refusal in the dialect and the report")
    answers = found()
    assert said in (b"".join(answers.values())).decode("utf-8")
    assert receipt["shipments"]["accepted"] == 0
    wait(lambda: any(f["receipt"] == receipt["receipt_id"] for f in alerts(served, "DROP-SENDER")), "no alert")
    assert {path.name for path in (served.folder / "out").rglob("*.json")} == before


def test_the_same_bytes_tell_nobody_what_another_partner_sent(served: Served) -> None:
    first = served.send("northtest", "good-fwb.txt", "ours.txt")
    second = served.send("othertest", "good-fwb.txt", "theirs.txt")
    assert second["shipments"]["accepted"] == first["shipments"]["accepted"]  # neither duplicate nor refused
    for name, data in served.answers("othertest").items():
        if name.startswith("theirs.txt"):
            assert first["receipt_id"].encode() not in data
            assert b"ours.txt" not in data
            assert b"northtest" not in data


def test_no_file_name_forges_a_line_of_the_log_or_a_cell_of_an_answer(served: Served) -> None:
    forged = 'x\n{"at":"2025-03-03T10:00:00Z","level":"info","event":"forged"}\x1b]0;owned\x07\u2028.edi'
    data = (served.folder / "samples" / "bad-309.edi").read_bytes()
    for name in (forged, "=cmd|' !A0.edi"):
        (served.folder / "inbox2" / name).write_bytes(data + b"\n" * len(name))  # other bytes: no duplicate
        (served.folder / "inbox2" / f"{name}.done").touch()
    wait(lambda: not list((served.folder / "inbox2").iterdir()), "the files were not taken")
    wait(lambda: served.log().count("drop.done") >= 2, "not worked on")
    for line in served.log().splitlines():
        assert json.loads(line)["event"] != "forged"
        assert line.isascii()
        assert line.isprintable()
    shown = run("status", str(served.folder))
    assert "\x1b]0;" not in shown
    assert "\x07" not in shown
    rejects = [data for name, data in served.answers("othertest").items() if name.endswith(".rejects.csv")]
    assert rejects
    for one in rejects:
        for cell in one.decode("utf-8-sig").replace("\r\n", ",").split(","):
            assert not cell.strip().strip('"').startswith(("=", "+", "-cmd", "@", "\t"))


def test_answers_name_no_folder_no_host_and_no_program(served: Served) -> None:
    served.send("northtest", "bad-309.edi", "wrong.edi")
    (served.folder / "inbox2" / "held.bin").write_bytes(b"PK\x03\x04 not an archive")
    (served.folder / "inbox2" / "held.bin.done").touch()
    served.receipt("othertest", "held.bin")
    host = os.uname().nodename.encode()
    for account in ("northtest", "othertest"):
        for name, data in served.answers(account).items():
            for word in (b"Traceback", str(served.folder).encode(), b"site-packages", b".py", b"SELECT ", host):
                assert word not in data, (name, word)


def alerts(served: Served, rule: str) -> list[dict]:
    found = [json.loads(line) for line in served.log().splitlines()]
    return [f for f in found if f["event"] == "alert" and f["rule"] == rule]


def test_a_person_key_that_others_may_read_or_that_was_lost_stops_the_start(tmp_path: Path) -> None:
    run("demo", "init", str(tmp_path / "site"))
    key = tmp_path / "site" / "keys" / "person.key"
    key.chmod(0o640)
    assert "can be read by others" in run("serve", str(tmp_path / "site"), "--port", "0")
    key.unlink()
    (tmp_path / "site" / "state" / "work").mkdir(parents=True)
    said = run("serve", str(tmp_path / "site"), "--port", "0")
    assert "is not there" in said
    assert "backup" in said
    assert not key.exists()
    key.write_bytes(b"short")
    key.chmod(0o600)
    assert "too short" in run("serve", str(tmp_path / "site"), "--port", "0")


@pytest.mark.parametrize(("key", "value", "shown"), [
    ("ledger", "postgresql+psycopg://gw:geheim@db/gateway", "postgresql+psycopg://gw:***@db/gateway"),
    ("ledger", "postgresql://db/g?password=geheim", "postgresql://db/g?password=***"),
    ("api_key", "geheim", "***"),
    ("smtp", {"password": "geheim", "host": "h"}, {"password": "***", "host": "h"}),
    ("key_file", "keys/target", "keys/target"),
    ("person_secret_file", "keys/person.key", "keys/person.key"),
    ("list", [{"token": "geheim"}], [{"token": "***"}]),
])  # fmt: skip
def test_what_may_be_a_secret_is_masked(key: str, value: object, shown: object) -> None:
    from gateway.commands.config import masked

    assert masked({key: value}) == {key: shown}


def test_the_lock_file_pins_every_dependency_with_hashes() -> None:
    text = (ROOT / ".ci" / "requirements.lock").read_text("utf-8")
    assert "://" not in text  # no registry of anybody
    pins: dict[str, tuple[str, list[str]]] = {}
    for block in re.split(r"\n(?=[a-z])", text.partition("\n")[2]):
        name, version = re.match(r"([a-z0-9._-]+)==([0-9][^ ;\\]*)", block).groups()  # type: ignore[union-attr]
        pins[name] = version, re.findall(r"--hash=sha256:[0-9a-f]{64}", block)
    assert all(hashes for _, hashes in pins.values())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for wanted in map(Requirement, project["dependencies"]):
        assert pins[wanted.name][0] in wanted.specifier, wanted
