"""Jobs of the benchmark: each run in a fresh process, the jobs of a group in turn, round after round."""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import corpus
import corpus_formats
from environment import HERE, PEER_PYTHON

JANUARY, MARCH = "2025-01-14T10:00:00+00:00", "2025-03-02T06:00:00+00:00"


@dataclass(frozen=True)
class Kind:
    """One kind of file of the corpus. tables: mappings compiled before the clock starts, as in a running gateway."""

    name: str
    words: str
    write: Callable[..., None]
    partner: str
    when: str
    tables: tuple[str, ...]
    format: str = ""
    bundle: bool = False
    good: str = "accepted"


KINDS = {
    k.name: k
    for k in (
        Kind("truck", "X12 309 005020, truck", corpus.truck_309, "truck", JANUARY, ("x12_309_truck",), "x12"),
        Kind("ocean", "X12 309 004010, ocean", corpus_formats.ocean_309, "ocean", JANUARY, ("x12_309_ocean_rail",), "x12"),
        Kind("cuscar", "CUSCAR D.03A", corpus_formats.cuscar, "air", MARCH, ("edifact_cuscar",), "edifact"),
        Kind("table", "CSV, a row for each goods line", corpus_formats.table, "table", MARCH, ("tabular_csv",), "tabular"),
        Kind("xfhl", "XFHL, completed from a file", corpus_formats.xfhl, "lists", MARCH, ("cargo_xml_xfhl",), "cargo_xml"),
        Kind("xfhl_waits", "XFHL, every house waits", corpus_formats.xfhl, "waits", MARCH, ("cargo_xml_xfhl",), "cargo_xml", good="waiting"),
        Kind("xfzb", "XFZB, a document for each house", corpus_formats.xfzb, "air", MARCH, ("cargo_xml_xfzb",), "cargo_xml", bundle=True),
        Kind("fhl", "FHL/4, a message for each house", corpus_formats.fhl, "air", MARCH, ("cargo_imp_fhl",), "cargo_imp"),
        Kind("itmatt", "ITMATT (XML)", corpus_formats.itmatt, "post", MARCH, ("postal_itmatt",), "postal"),
    )
}  # fmt: skip


class Corpus:
    """The files of one run, written when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, kind: str, count: int, bad_every: int = 0) -> Path:
        """Return a file of so many shipments; bad_every: each n-th is refused by a rule."""
        path = self.folder / f"{kind.removesuffix('_waits')}_{count}{f'_bad{bad_every}' if bad_every else ''}.dat"
        if not path.exists():
            KINDS[kind].write(path, count, bad_every=bad_every)
        return path

    def site(self, houses: int) -> Path:
        """Return a profile folder whose enrichment file knows that many houses."""
        site = self.folder / f"site_{houses}"
        if not site.exists():
            shutil.copytree(HERE / "site", site)
            corpus_formats.houses_csv(site / "houses.csv", houses)
        return site


@dataclass
class Job:
    """One case with its input and the facts that its output must have."""

    name: str
    case: str
    spec: dict[str, Any]
    expect: dict[str, Any]
    count: int
    peer: bool = False
    size: int = 0
    runs: list[dict[str, Any]] = field(default_factory=list)
    failed: str = ""

    def median(self, what: str) -> float:
        """Return the median of "s", "cpu_s" or "peak_mib"; nan when the case failed."""
        return statistics.median(r[what] for r in self.runs) if self.runs and not self.failed else float("nan")

    def facts(self) -> dict[str, Any]:
        """Return what the last run said of its output."""
        return self.runs[-1]["facts"] if self.runs else {}


def job_of(source: Corpus, kind: str, case: str, count: int, **more: Any) -> Job:
    """Return a job of the product on a file of the corpus. more: name, bad_every, expect, facts of the spec."""
    k, bad = KINDS[kind], more.pop("bad_every", 0)
    path = source.file(kind, count, bad)
    refused = count // bad if bad else 0
    refuses = "rejected" if kind != "xfhl_waits" else "waiting"
    expect = {"found": count, k.good: count} if not bad else {"found": count, refuses: refused}
    expect = more.pop("expect", expect)
    spec = {
        "file": str(path), "warm": str(source.file(kind, 20, bad)), "site": str(source.site(count if kind == "xfhl" else 1)), "partner": k.partner, "when": k.when,
        "tables": k.tables, "format": k.format, "bundle": k.bundle, **more.pop("facts", {}),
    }  # fmt: skip
    return Job(more.pop("name", f"{case} {kind}"), case, spec, expect, count, size=path.stat().st_size)


def run_all(jobs: list[Job], rounds: int, folder: Path, say: Callable[[str], None]) -> None:
    """Run a group of jobs, interleaved; a job whose output is not as expected has failed."""
    for number in range(rounds):
        for job in jobs:
            if not job.failed:
                _run(job, folder)
                last = job.runs[-1] if job.runs else {}
                say(
                    f"{number + 1}/{rounds} {job.name}: {job.failed or f'''{last['cpu_s']:.2f} s, {last['peak_mib']:.0f} MiB'''}"
                )


def _run(job: Job, folder: Path, timeout: float = 3600) -> None:
    own = folder / "run"
    shutil.rmtree(own, ignore_errors=True)
    python, script = (str(PEER_PYTHON), "peers.py") if job.peer else (sys.executable, "cases.py")
    spec = json.dumps({**job.spec, "case": job.case, "folder": str(own)})
    try:
        done = subprocess.run(
            [python, str(HERE / script), spec], capture_output=True, text=True, check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        job.failed = f"took longer than {timeout:.0f} s"
        return
    finally:
        shutil.rmtree(own, ignore_errors=True)
    if done.returncode or not done.stdout.strip():
        job.failed = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1][:160]
        return
    result = json.loads(done.stdout.splitlines()[-1])
    wrong = {k: result["facts"].get(k) for k, v in job.expect.items() if result["facts"].get(k) != v}
    job.runs.append(result)
    if wrong:
        job.failed = f"output check: {wrong} instead of {job.expect}"


def time_of(words: Iterable[str], times: int, bytecode: Path) -> tuple[float, float]:
    """Return the medians of wall clock and process time of a command, in milliseconds.

    bytecode: folder for the compiled modules, which an installed package has: one run before the others fills it.
    """
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": str(bytecode)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    taken = []
    for _ in range(times + 1):
        begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(list(words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=environ)
        wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append((wall * 1000, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000))
    return statistics.median(t[0] for t in taken[1:]), statistics.median(t[1] for t in taken[1:])
