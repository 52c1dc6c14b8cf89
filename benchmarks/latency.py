"""`latency.py [N]`: how long after the close of an upload its acknowledgment can be read, with a real `gateway serve`.

N uploads of 20 shipments over one SFTP connection, first while nothing else is there, then while a file of 100,000
shipments of another partner is in work. The clock starts before the client's CLOSE; it is read when the 999 can be read
(it stands in the folder that the server shows) and when it was read back over SFTP, which takes the client some requests.
Prints p50 and p99 of both in milliseconds and the disk's fsyncs a second, as JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

from corpus import _segments, tracking_number, truck_309

SHIPMENTS = 20


def site(folder: Path, workers: int) -> None:
    """Make a demo site of two partners: one over SFTP, one with a drop folder for the large file."""
    command = [sys.executable, "-m", "gateway", "demo", "init", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    first = folder / "partners" / "northtest.toml"
    second = first.read_text().replace('"northtest"', '"bigtest"').replace("NRTX01", "BIGT01")
    second = second.replace("drop/northtest", "drop/bigtest").replace('keys = ["keys/northtest.pub"]', "keys = []")
    (folder / "partners" / "bigtest.toml").write_text('in_dir = "inbox"\n' + second)
    (folder / "inbox").mkdir()
    config = folder / "gateway.toml"
    config.write_text(f"workers = {workers}\n" + config.read_text())


def small(number: int) -> bytes:
    """Return a 309 of 20 shipments with numbers of its own."""
    text = "".join("*".join(map(str, segment)) + "~\n" for segment in _segments(SHIPMENTS, SHIPMENTS, 0))
    text = text.replace("*000000001", f"*{number:09d}").replace("NRTX25A001", f"NRTX{number:06d}")
    text = text.replace(" APT ", f" {number} APT ")  # other persons: their sums of the day are their own
    text = re.sub(r"M11\*(\d{8})", lambda bill: f"M11*{number * 100 + int(bill[1]):08d}", text)
    return re.sub(r"1ZSAMPLE(\d{9})\d", lambda bill: tracking_number(number * 100 + int(bill[1])), text).encode()


def fsyncs(folder: Path) -> float:
    """Return how many fsyncs of a 4 KB append the disk does in a second."""
    with (folder / "fsync.test").open("wb") as file:
        begin = time.perf_counter()
        for _ in range(200):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        return 200 / (time.perf_counter() - begin)


def measure(sftp: Any, folder: Path, first: int, count: int, on: Any = lambda: True) -> list[tuple[float, float]]:
    """Upload files one after the other while `on` says so; return the seconds from close until it can be, and was read."""
    found = []
    for number in range(first, first + count):
        if not on():
            break
        name, data = f"t{number:06d}.edi", small(number)
        answer = f"{name}.999.edi"
        local = folder / "drop" / "northtest" / "ack" / answer
        file = sftp.open(f"/in/{name}", "wb")
        file.set_pipelined(True)
        file.write(data)
        begin = time.perf_counter()
        file.close()
        end = begin + 60
        while not local.exists() and time.perf_counter() < end:
            time.sleep(0.0005)
        readable = time.perf_counter() - begin
        target = io.BytesIO()
        sftp.getfo(f"/ack/{answer}", target, prefetch=False)
        found.append((readable, time.perf_counter() - begin))
        assert b"AK9*A" in target.getvalue(), target.getvalue()
        time.sleep(0.02)
    return found


def told(found: list[tuple[float, float]]) -> dict[str, float]:
    told: dict[str, float] = {"n": len(found)}
    for name, taken in zip(("readable", "read"), zip(*found, strict=True), strict=False):
        ordered = sorted(ms * 1000 for ms in taken)
        p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        for what, ms in (("p50", statistics.median(ordered)), ("p99", p99), ("max", ordered[-1])):
            told[f"{name}_{what}_ms"] = round(ms, 1)
    return told


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("count", type=int, nargs="?", default=200)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--large", type=int, default=100_000, help="shipments of the large file; 0: idle only")
    given = words.parse_args()
    import paramiko

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "site"
        site(folder, given.workers)
        rate = fsyncs(folder)
        log = (Path(name) / "log").open("w")
        command = [sys.executable, "-m", "gateway", "serve", str(folder), "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        port = int(process.stdout.readline().split("127.0.0.1:")[1].split()[0])
        transport = paramiko.Transport(("127.0.0.1", port))
        key = paramiko.Ed25519Key.from_private_key_file(str(folder / "keys" / "northtest"))
        transport.connect(username="northtest", pkey=key)
        sftp = paramiko.SFTPClient.from_transport(transport)
        measure(sftp, folder, 900_000, 10)  # warm
        result: dict[str, Any] = {"workers": given.workers, "fsyncs_per_s": round(rate)}
        result["idle"] = told(measure(sftp, folder, 1, given.count))
        if given.large:
            truck_309(folder / "big.edi", given.large)
            text = (folder / "big.edi").read_text().replace("NRTX25A", "BIGX25A")
            (folder / "inbox" / "big.edi").write_text(text)
            (folder / "inbox" / "big.edi.done").touch()
            while not list((folder / "state" / "work").glob("*/out")):
                time.sleep(0.01)
            begin, receipt = time.perf_counter(), folder / "drop" / "bigtest" / "ack" / "big.edi.receipt.json"
            busy = measure(sftp, folder, 100_001, 10**6, lambda: not receipt.exists())
            result["large_in_work"] = told(busy) | {"large_s": round(time.perf_counter() - begin, 1)}
        result["fsyncs_per_s_after"] = round(fsyncs(folder))
        print(json.dumps(result))
        transport.close()
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
