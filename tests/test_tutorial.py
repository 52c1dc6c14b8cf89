"""docs/tutorial.md is run as it stands, by a shell, from the checkout; only the port and the folder are other ones."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_command_of_the_tutorial_does_what_the_page_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", page, re.S)
    assert len(blocks) == 7
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = "\n".join(["set -eu", "trap 'kill $(jobs -p)' EXIT", *blocks]).replace("2222", str(port))
    script = script.replace(".venv/bin/gateway", f"{sys.executable} -m gateway")
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    said = done.stdout
    assert "shipments 3: 2 accepted, 1 rejected" in said
    assert "S321-VAL-800" in said
    out = [json.loads(p.read_bytes()) for p in (tmp_path / "site" / "out").glob("*.json")]
    shipments = {s["shipment_id"]: s for m in out for s in m["shipments"]}
    assert len(shipments) == 4
    assert shipments["CP987654326DE"]["first_us_port"] == "5201"  # the row of step 3
    assert shipments["CP987654326DE"]["gross_weight_kg"] == "1.350"  # decimal comma
    acks = {p.name for p in (tmp_path / "site" / "partners-home").rglob("*") if p.is_file()}
    assert {
        "02_semicolon_cp1252.csv.report.json",
        "02_semicolon_cp1252.csv.receipt.json",
        "08_309_rail_4040.edi.997.edi",
    } <= acks
    assert "<h2 id=" in (tmp_path / "site" / "railway.html").read_text()
