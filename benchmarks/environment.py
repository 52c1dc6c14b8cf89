"""The peers' own environment (.bench-venv), and what there is to know of the machine."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
VENV = HERE.parent / ".bench-venv"
PEER_PYTHON = VENV / "bin" / "python"


def peers() -> dict[str, str]:
    """Build the environment once for each text of peers.txt; return what could not be installed, with the reason."""
    wanted = (HERE / "peers.txt").read_text("utf-8")
    told = VENV / "peers.json"
    if told.is_file():
        known = json.loads(told.read_text("utf-8"))
        if known["wanted"] == wanted:
            failed: dict[str, str] = known["failed"]
            return failed
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    failed = {}
    for line in wanted.splitlines():
        if line.strip() and not line.startswith("#"):
            print(f"installing {line} into {VENV.name}", file=sys.stderr)
            done = subprocess.run(
                [str(PEER_PYTHON), "-m", "pip", "install", "-q", line], capture_output=True, text=True, check=False
            )
            if done.returncode:
                errors = [e for e in done.stderr.splitlines() if e.startswith("ERROR")] or ["pip failed"]
                failed[line] = errors[-1].removeprefix("ERROR: ")[:120]
    told.write_text(json.dumps({"wanted": wanted, "failed": failed}), "utf-8")
    return failed


def versions() -> str:
    """Return what is installed of the peers."""
    done = subprocess.run(
        [str(PEER_PYTHON), "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True
    )
    names = {
        w.partition(">")[0].partition("=")[0].strip() for w in (HERE / "peers.txt").read_text("utf-8").splitlines()
    }
    return ", ".join(
        f"{p['name']} {p['version']}" for p in json.loads(done.stdout) if p["name"] in names | {"botscore"}
    )


def machine() -> str:
    """Return processor, cores, memory, system and Python in one line."""
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), platform.machine())  # fmt: skip
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release().partition('-')[0]}, CPython {platform.python_version()}"


def fsync_rate(folder: Path, seconds: float = 1.0) -> float:
    """Return how often a second 512 bytes can be appended durably (median of 3)."""
    rates = []
    for _ in range(3):
        with (folder / "fsync").open("wb", buffering=0) as file:
            count, begin = 0, time.perf_counter()
            while time.perf_counter() - begin < seconds / 3:
                file.write(b"x" * 512)
                os.fsync(file.fileno())
                count += 1
            rates.append(count / (time.perf_counter() - begin))
    return statistics.median(rates)


def commit() -> str:
    """Return the last commit that changed the product, "+" when the tree had changes."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(HERE), *words], capture_output=True, text=True, check=False
        ).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "../gateway", "../mappings")
    return git("log", "-1", "--format=%h", "--", "../gateway", "../mappings") + ("+" if changed else "")
