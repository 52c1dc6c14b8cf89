"""The commands as a user runs them: real processes, exit codes, stable JSON."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
X12 = ROOT / "fixtures" / "x12"
KEYS = {"file", "format", "verdict", "shipments", "accepted", "rejected", "findings", "messages", "acks"}
FINDING_KEYS = {
    "rule",
    "severity",
    "shipment",
    "field",
    "line",
    "offset",
    "segment",
    "element",
    "message",
    "fix",
    "ack",
}


def gateway(*args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *args], capture_output=True, text=True, timeout=60, cwd=cwd, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_version_is_printed():
    done = gateway("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "gateway")


@pytest.mark.parametrize(
    ("sample", "code"),
    [("01_309_truck_5020_s321.edi", 0), ("43_value_over_800.edi", 1), ("30_bad_se_count.edi", 1)],
)
def test_check_exits_with_the_documented_code_and_prints_stable_json(sample, code):
    done = gateway("check", str(X12 / sample), "--json", "--as-of", "2025-01-14T10:00:00Z")
    result = json.loads(done.stdout)
    assert done.returncode == code
    assert set(result) == KEYS
    assert all(set(f) >= FINDING_KEYS for f in result["findings"])
    counts = result["shipments"]
    assert counts["found"] == counts["accepted"] + counts["rejected"] + counts["duplicate"]


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_there_is_not_is_bad_use(port):
    done = gateway("serve", "nowhere", "--port", port)
    assert done.returncode == 2
    assert "0<=x<=65535" in done.stderr


def test_a_page_is_not_written_over_a_file_that_is_none(tmp_path):
    table = tmp_path / "rates.csv"
    table.write_text("a,b")
    done = gateway("mapping", "cover", str(X12 / "01_309_truck_5020_s321.edi"), "--html", str(table))
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert table.read_text() == "a,b"
    pages = [
        gateway("mapping", "cover", str(X12 / "01_309_truck_5020_s321.edi"), "--html", f"{table}.html") for _ in "12"
    ]
    assert [page.returncode for page in pages] == [0, 0]


def test_a_held_file_exits_with_3():
    assert gateway("check", str(ROOT / "fixtures" / "cases" / "S104_zero_bytes.edi")).returncode == 3


def test_check_leaves_nothing_behind(tmp_path):
    shutil.copy(X12 / "01_309_truck_5020_s321.edi", tmp_path / "a.edi")
    gateway("check", "a.edi", cwd=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.edi"]


@pytest.mark.parametrize(
    "args",
    [("check",), ("check", "nowhere.edi"), ("serve", "nowhere"), ("check", "x", "--as-of", "noon"), ("frobnicate",),
     ("explain", "nothing"), ("mapping", "show", "nothing"), ("check", "--unknown")],
)  # fmt: skip
def test_bad_use_exits_with_2_and_names_the_mend_without_a_traceback(args, tmp_path):
    done = gateway(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) >= 2


def test_case_file_is_run_and_summed_up():
    done = gateway("check", "--cases", str(ROOT / "fixtures" / "cases" / "cases.jsonl"), "--only", "x12")
    assert (done.returncode, "0 differ" in done.stderr) == (0, True)


def test_translate_writes_canonical_json_and_answers(tmp_path):
    done = gateway(
        "translate", str(X12 / "43_value_over_800.edi"), "-o", str(tmp_path), "--as-of", "2025-01-14T10:00:00Z"
    )
    assert done.returncode == 1
    (message,) = [p for p in tmp_path.iterdir() if p.name.startswith("nrtx-")]
    shipments = json.loads(message.read_bytes())["shipments"]
    assert [s["house_bill_number"] for s in shipments] == ["00450001"]
    names = {p.name.removeprefix("43_value_over_800.edi") for p in tmp_path.iterdir()} - {message.name}
    assert names == {".999.edi", ".824.edi", ".355.edi", ".rejects.csv", ".report.json", ".receipt.json"}


def test_mapping_show_and_trace(tmp_path):
    assert "x12_309_truck" in gateway("mapping", "show", "x12_309_truck").stdout
    done = gateway("mapping", "trace", str(X12 / "01_309_truck_5020_s321.edi"), "--json", "--shipment", "00450001")
    data = (X12 / "01_309_truck_5020_s321.edi").read_bytes()
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(steps) > 30
    for step in steps:
        if step["raw"]:
            assert data[step["offset"] : step["offset"] + step["length"]].decode() == step["raw"]
    bill = next(s for s in steps if s["pointer"] == "/house_bill_number")
    assert (bill["raw"], bill["row"].startswith("x12_309_truck/map.csv:")) == ("00450001", True)


@pytest.mark.parametrize(
    ("field", "said", "mend"),
    [
        ("hts_number", "hts_number is no field of a shipment", "Did you mean items.hts_number?"),
        ("sellr", "sellr is no field of a shipment", "Did you mean seller?"),
        ("seller.name", "No shipment of the file has a value for seller.name", "Without --field"),
    ],
)
def test_a_trace_of_nothing_says_so(field, said, mend):
    done = gateway("mapping", "trace", str(X12 / "01_309_truck_5020_s321.edi"), "--field", field)
    assert (done.returncode, said in done.stderr, mend in done.stderr) == (2, True, True)


def test_a_trace_takes_the_names_that_findings_use():
    done = gateway("mapping", "trace", str(X12 / "01_309_truck_5020_s321.edi"), "--field", "items.hts_number")
    assert "/items/0/hts_number = " in done.stdout


def test_explain_tells_a_rule():
    done = gateway("explain", "s321-val-800")
    assert done.returncode == 0
    assert "mend:" in done.stdout


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A gateway in its own process, with the demo folder."""
    folder = tmp_path_factory.mktemp("demo") / "d"
    assert gateway("demo", "init", str(folder)).returncode == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", str(folder), "--port", "0"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    port = int(lines[0].split("127.0.0.1:")[1].split()[0])
    yield folder, port, lines, process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def wait_for(path: Path, seconds: float = 15) -> Path:
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert path.exists(), f"{path.name} did not come"
    return path


@pytest.mark.sftp
@pytest.mark.skipif(shutil.which("sftp") is None, reason="needs the Debian package openssh-client")
def test_the_first_five_minutes_with_a_real_sftp_client(served, tmp_path):
    folder, port, lines, _ = served
    assert "next: sftp -P" in lines[3]
    batch = tmp_path / "batch"
    batch.write_text(f"put {folder}/samples/bad-309.edi in/\nls in\n")
    done = subprocess.run(
        ["sftp", "-q", "-b", str(batch), "-P", str(port), "-i", str(folder / "keys" / "northtest"), "-o",
         "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "northtest@127.0.0.1"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    home = folder / "drop" / "northtest"
    receipt = json.loads(wait_for(home / "ack" / "bad-309.edi.receipt.json").read_bytes())
    assert (receipt["verdict"], receipt["shipments"]["rejected"]) == ("partial", 1)
    assert (home / "reject" / "bad-309.edi.rejects.csv").exists()
    (delivered,) = list((folder / "out").glob("*.json"))
    assert len(json.loads(delivered.read_bytes())["shipments"]) == 1
    rows = [json.loads(line) for line in gateway("status", str(folder), "--json").stdout.splitlines()]
    assert [r["file"] for r in rows] == ["bad-309.edi"]
    told = gateway("explain", rows[0]["receipt"], str(folder)).stdout
    assert "S321-VAL-800" in told
    assert "mend:" in told
    assert "Did you mean S321-VAL-800?" in gateway("explain", "S321-VAL800", str(folder)).stderr


@pytest.mark.sftp
def test_the_same_bytes_again_are_answered_but_not_delivered_again(served):
    folder, port, _, _ = served
    from gateway.shell.sftp_client import SftpRemote
    from gateway.shell.sftp_keys import fingerprint, load_private_key

    key = fingerprint(load_private_key(folder / "keys" / "host_ed25519").asbytes())
    remote = SftpRemote("127.0.0.1", port, "northtest", folder / "keys" / "northtest", key)
    ack = folder / "drop" / "northtest" / "ack"
    for name in ("good.edi", "again.edi"):
        remote.run(lambda sftp, name=name: sftp.put(str(folder / "samples" / "good-309.edi"), f"/in/{name}"))
        wait_for(ack / f"{name}.receipt.json")
    remote.close()
    assert (ack / "good.edi.999.edi").read_bytes() == (ack / "again.edi.999.edi").read_bytes()
    assert json.loads((ack / "again.edi.receipt.json").read_bytes())["verdict"] == "duplicate"
    sent = [p for p in (folder / "out").glob("*.json") if "000000001_1_0001" in p.name]
    assert len(sent) == 1


@pytest.mark.sftp
def test_a_second_gateway_on_the_folder_is_refused(served):
    folder, _, _, _ = served
    done = gateway("serve", str(folder), "--port", "0")
    assert done.returncode == 5
    assert "Traceback" not in done.stderr


@pytest.mark.sftp
def test_sigterm_ends_the_gateway_within_ten_seconds(served):
    _, _, _, process = served
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    assert time.monotonic() - start < 10


def test_the_logs_of_a_demo_hold_no_personal_data(served):
    folder, _, _, _ = served
    for log in folder.glob("*.log"):
        text = log.read_text("utf-8")
        assert "RILEY" not in text
        assert "LAKEVIEW" not in text


def test_the_demo_shows_a_good_and_a_bad_file_of_each_family(tmp_path):
    done = gateway("demo", "run", str(tmp_path / "demo"), "--json")
    assert done.returncode == 0, done.stderr
    rows = {r["file"]: r for r in map(json.loads, done.stdout.splitlines())}
    good = {n for n, r in rows.items() if n.startswith("good") and r["verdict"].startswith("accept")}
    bad = {n for n, r in rows.items() if n.startswith("bad") and r["verdict"] in ("partial", "reject")}
    assert len(good) >= 7
    assert good | bad | {"prelim-309.edi", "consist-358.edi", "cut-309.edi"} == set(rows)
    kinds = {a.rpartition(".")[0] for r in rows.values() for a in r["acks"]}
    assert {
        "ta1",
        "999",
        "824",
        "355",
        "contrl",
        "aperak",
        "xfnm",
        "fma",
        "fna",
        "cusrsp",
        "receipt",
        "rejects",
    } <= kinds
    assert all(
        r["shipments"]["found"] == sum(r["shipments"][k] for k in ("accepted", "rejected", "duplicate"))
        for r in rows.values()
    )
    assert gateway("verify", str(tmp_path / "demo")).returncode == 0


def test_a_fault_of_ours_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import gateway.cli

    def fails(**_: object) -> None:
        raise KeyError("JORDAN EXAMPLE")

    monkeypatch.setattr(gateway.cli, "app", fails)
    with pytest.raises(SystemExit) as left:
        gateway.cli.run()
    said = capsys.readouterr().err
    assert left.value.code == 4
    assert "KeyError" in said and "test_cli.py line" in said
    assert "JORDAN" not in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"not json", "line 2 is no case"),
        (b"[1]", "line 2 is no case"),
        (b"\xff\x00", "line 2 is no case"),
        (b'{"id": "S1"}', "line 2 has no basis"),
        (
            b'{"id":"S1","basis":"std","kind":"k","format":"x12","file":"gone.edi","expected":"accept"}',
            "line 2: gone.edi is not there",
        ),
    ],
)
def test_a_case_file_that_is_none_is_told_with_its_line(tmp_path: Path, line: bytes, said: str) -> None:
    (tmp_path / "cases.jsonl").write_bytes(b"\n" + line + b"\n")
    done = gateway("check", "--cases", str(tmp_path / "cases.jsonl"))
    assert done.returncode == 2
    assert f"error: cases.jsonl, {said}" in done.stderr
