"""What is measured, group by group; what is done is kept, so that a run that was cut off can go on (--resume)."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import environment
import sftp_speed
from runner import Corpus, Job, job_of, run_all, time_of

ROOT = environment.HERE.parent
RAW = ROOT / "build" / "bench-raw.json"
MAPS = ROOT / "gateway" / "formats" / "x12" / "maps" / "005020"


def say(text: str) -> None:
    """Tell how far it is, on standard error."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Bench:
    """One run: its corpus, its jobs by group, the figures that are no job's."""

    def __init__(self, folder: Path, options: argparse.Namespace, facts: dict[str, Any]) -> None:
        self.folder, self.options = folder, options
        self.facts = facts
        self.done: list[str] = []
        self.corpus = Corpus(folder / "corpus")
        self.jobs: list[Job] = []
        self.growth: list[Job] = []
        self.tables: dict[str, dict[str, float]] = {}
        self.figures: dict[str, float] = {}

    def _own(self, kind: str, *cases: str, expect: dict[str, Any] | None = None, count: int = 0) -> list[Job]:
        more = {} if expect is None else {"expect": expect}
        return [job_of(self.corpus, kind, case, count or self.options.shipments, **more) for case in cases]

    def _peer(self, kind: str, case: str, expect: dict[str, Any], count: int = 0, **spec: Any) -> Job:
        count = count or self.options.shipments
        file = self.corpus.file(kind, count)
        warm = self.corpus.file(kind, 20)
        given = {"file": str(file), "warm": str(warm), **spec}
        return Job(case, case, given, expect, count, peer=True, size=file.stat().st_size)

    def _wanted(self, name: str) -> bool:
        if name in self.done or (self.options.only and name not in self.options.only.split(",")):
            return False
        say(f"group {name}")
        return True

    def _group(self, name: str, jobs: Callable[[], list[Job]], rounds: int = 0) -> None:
        if self._wanted(name):
            found = jobs()
            run_all(found, rounds or self.options.rounds, self.folder, say)
            self.jobs += found
            self.finish(name)

    def run(self) -> None:
        """Measure everything."""
        n = self.options.shipments
        found = {"found": n}
        self._group("x12", lambda: [
            *self._own("truck", "gateway", "translate", "translate_no_rules"),
            *self._own("truck", "reader", expect=found),
            *self._own("truck", "tokens", expect={}),
            self._peer("truck", "pyx12_validate", {"valid": True}, maps=str(MAPS)),
            self._peer("truck", "bots_translate", found),
            self._peer("truck", "ideal", {"faults": 0, "good": n, "bad": 0}),
            self._peer("truck", "split_stream", {}),
            self._peer("truck", "split_stream_pos", {}),
        ])  # fmt: skip
        self._group("trace", lambda: [
            *self._own("truck", "places", expect={"accepted": n, "places": 0}, count=n),
            *self._own("truck", "untraced", "traced", expect=found),
        ], 1)  # fmt: skip
        self._group("edifact", lambda: [
            *self._own("cuscar", "gateway", "translate"),
            *self._own("cuscar", "tokens", expect={}),
            self._peer("cuscar", "pydifact_parse", {}),
            self._peer("cuscar", "split_release_stream", {}),
        ])  # fmt: skip
        documents = max(n // 5, 100)
        self._group("xml", lambda: [
            *self._own("xfhl", "gateway", "translate"),
            *self._own("xfhl_waits", "gateway", "translate"),
            self._peer("xfhl", "lxml_extract", found),
            *self._own("xfzb", "translate", count=documents),
            self._peer("xfzb", "lxml_documents", {"found": documents}, documents),
        ])  # fmt: skip
        self._group(
            "csv", lambda: [*self._own("table", "gateway", "translate"), self._peer("table", "csv_reader", found)]
        )
        self._group("others", lambda: [j for kind in ("ocean", "itmatt", "fhl") for j in self._own(kind, "translate")])
        self._schema()
        self._compile()
        self._start_up()
        self._sftp()
        self._growth()

    def _schema(self) -> None:
        if not self._wanted("schema"):
            return
        lines, rules = schema_input(self.corpus, self.options.shipments)
        spec = {"file": str(lines), "filer": "carrier", "schema": str(rules)}
        n = self.options.shipments
        expect = {"found": n, "refused": n // 50}
        size = lines.stat().st_size
        jobs = [
            Job("schema", "schema", spec, expect, n, size=size),
            Job("jsonschema_alone", "jsonschema_alone", spec, expect, n, peer=True, size=size),
        ]
        run_all(jobs, self.options.rounds, self.folder, say)
        self.jobs += jobs
        pair = [
            Job("own paths", "schema_paths", spec, {}, n),
            Job("their paths", "jsonschema_paths", spec, {}, n, peer=True),
        ]
        run_all(pair, 1, self.folder, say)
        if all(j.runs for j in pair):
            own, theirs = (j.facts()["paths"] for j in pair)
            self.figures["schema differs"] = sum(a != b for a, b in zip(own, theirs, strict=True))
        self.finish("schema")

    def _compile(self) -> None:
        if not self._wanted("compile"):
            return
        job = Job("compile_tables", "compile_tables", {"times": max(self.options.rounds, 3)}, {}, 1)
        run_all([job], 1, self.folder, say)
        self.tables = job.facts()
        if self.tables:
            self.figures["compile ms"] = max(self.tables["table"].values())
        self.finish("compile")

    def _start_up(self) -> None:
        if not self._wanted("start"):
            return
        gateway = str(Path(sys.executable).with_name("gateway"))
        file = self.corpus.file("truck", 20)
        for name, words in (
            ("interpreter ms", [sys.executable, "-c", "pass"]),
            ("version ms", [gateway, "--version"]),
            ("check ms", [gateway, "check", str(file), "--as-of", "2025-01-14T10:00:00Z"]),
        ):
            self.figures[name], self.figures[f"{name} cpu"] = time_of(words, 7, self.folder / "bytecode")
        self.finish("start")

    def _sftp(self) -> None:
        if not self._wanted("sftp"):
            return
        found = sftp_speed.measure(self.folder / "sftp", max(self.options.rounds, 3))
        own, bare = found["own"], found["bare"]
        self.figures |= {
            "sftp put": bare["put"] / own["put"], "sftp small": bare["small"] / own["small"],
            "sftp put MB/s": sftp_speed.BIG / own["put"] / 1e6, "bare put MB/s": sftp_speed.BIG / bare["put"] / 1e6,
            "sftp small /s": sftp_speed.SMALL / own["small"], "bare small /s": sftp_speed.SMALL / bare["small"],
            "sftp put cpu": bare["put_cpu"] / own["put_cpu"], "sftp small cpu": bare["small_cpu"] / own["small_cpu"],
        }  # fmt: skip
        self.finish("sftp")

    def _growth(self) -> None:
        if not self._wanted("growth"):
            return
        for kind in ("truck", "ocean", "cuscar", "table", "xfhl_waits", "itmatt", "fhl"):
            for size in self.options.sizes:
                for bad in (0, 1):
                    if self._grows(kind, size, bad):
                        self._grow(kind, size, bad)
        self.finish("growth")

    def _grows(self, kind: str, size: int, bad: int) -> bool:
        """True when a run of this size is part of this form; small machines do not write a million FHL files."""
        if any((j.spec["kind"], j.count, j.spec["bad"]) == (kind, size, bad) for j in self.growth):
            return False
        if bad and kind == "xfhl_waits":
            return False
        most = 100_000 if kind == "fhl" or bad else 1_000_000
        return size <= (most if self.options.full or kind == "truck" else min(10_000, most))

    def _grow(self, kind: str, size: int, bad: int) -> None:
        job = job_of(self.corpus, kind, "gateway", size, bad_every=bad, name=f"growth {kind} {size} {bad}")
        job.spec |= {"kind": kind, "bad": bad}
        run_all([job], 1, self.folder, say)
        self.growth.append(job)
        self.keep()
        if size > 10_000:
            Path(job.spec["file"]).unlink()

    def finish(self, group: str) -> None:
        """Note a group as measured."""
        self.done.append(group)
        self.keep()

    def keep(self) -> None:
        """Write every single run: for whoever wants more than medians, and for --resume."""
        RAW.parent.mkdir(exist_ok=True)
        kept = {name: getattr(self, name) for name in ("facts", "done", "figures", "tables")}
        kept |= {"jobs": [asdict(j) for j in self.jobs], "growth": [asdict(j) for j in self.growth]}
        RAW.write_text(json.dumps(kept, indent=1), "utf-8")

    def resume(self) -> None:
        """Take over what an earlier run of the same commit and size has measured."""
        kept = json.loads(RAW.read_text("utf-8")) if RAW.is_file() else {"facts": {}}
        if all(kept["facts"].get(name) == self.facts[name] for name in ("commit", "shipments")):
            self.facts["load"] = f"{kept['facts']['load']} and {self.facts['load']}"
            self.done, self.figures, self.tables = kept["done"], kept["figures"], kept["tables"]
            self.jobs = [Job(**j) for j in kept["jobs"]]
            self.growth = [Job(**j) for j in kept["growth"]]

    def derive(self) -> None:
        """Work out the figures that come from several jobs."""
        jobs = {j.name: j for j in self.jobs}
        with_, without = jobs.get("translate truck"), jobs.get("translate_no_rules truck")
        if with_ and without and not (with_.failed or without.failed):
            self.figures["rules share"] = 100 * (with_.median("cpu_s") / without.median("cpu_s") - 1)
        if "places truck" in jobs and jobs["places truck"].runs:
            self.figures["places"] = jobs["places truck"].facts()["places"]
        for bad, word in ((0, ""), (1, " refused")):
            chosen = [j for j in self.growth if bool(j.spec["bad"]) == bool(bad) and not j.failed]
            if chosen:
                self.figures[f"peak{word}"] = max(j.median("peak_mib") for j in chosen)
                more = _above_10k(chosen)
                if more:
                    self.figures[f"growth{word}"] = max(more)


def _above_10k(jobs: list[Job]) -> list[float]:
    """Return for each kind measured beyond 10,000 shipments how much more memory its largest size needs."""
    more = []
    for kind in {j.spec["kind"] for j in jobs}:
        own = {j.count: j.median("peak_mib") for j in jobs if j.spec["kind"] == kind}
        if 10_000 in own and max(own) > 10_000:
            more.append(own[max(own)] - own[10_000])
    return more


def schema_input(corpus: Corpus, count: int) -> tuple[Path, Path]:
    """Write canonical shipments made by the gateway itself, each 50th damaged, and the schema they are held against."""
    from damaged import records

    from gateway.canonical import validate

    lines, rules = corpus.folder / f"canonical_{count}.jsonl", corpus.folder / "schema.json"
    rules.write_text(json.dumps(validate._shipment_schema("carrier", False).schema))
    with lines.open("wb") as file:
        file.writelines(records(corpus, count))
    return lines, rules
