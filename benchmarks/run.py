"""`make bench`: the gateway beside its peers on the same files in the same run; see README.md of this folder.

Each case in a fresh process, cases of a group in turn, medians. Writes the marked section of docs/performance.md, the plot
docs/growth.svg and the ratios of history.csv; with --dry it only prints.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import environment
import plot
import report
import sftp_speed
from bench import ROOT, Bench
from runner import KINDS


def section(bench: Bench, rows: list[report.Row]) -> list[str]:
    """Return the section of docs/performance.md."""
    f, facts = bench.figures, bench.facts
    split = next((j for j in bench.jobs if j.name == "split_stream"), None)
    normal = (
        f"`split_stream` {split.size / split.median('cpu_s') / 1e6:.0f} MB/s of process time"
        if split
        else "`split_stream` not run"
    )
    lines = [
        f"Measured {facts['date']} at commit {facts['commit']}, `{facts['command']}`: {environment.machine()}. fsync rate of the disk {facts['fsync']:,.0f}/s;",
        f"{normal}; load average {facts['load']}. Medians of {bench.options.rounds} interleaved rounds, each case in a fresh process. Ratios are of process",
        "time, because the machine is shared; the wall clock stands beside them (it holds the waiting for the disk too). Peers: "
        + environment.versions() + ".",
        *(f"Peer that could not be installed: {name} ({why})." for name, why in facts["missing"].items()),
        "",
        "### Goals",
        "",
        *report.goal_table(rows),
        "",
        f"### Cases ({bench.options.shipments:,} shipments a file)",
        "",
        *report.case_table(bench.jobs),
    ]  # fmt: skip
    if "sftp put" in f:
        lines += ["", (
            f"SFTP: one upload of {sftp_speed.BIG >> 20} MiB {f['sftp put MB/s']:.0f} MB/s (bare {f['bare put MB/s']:.0f}), files of 10 KB put and renamed "
            f"{f['sftp small /s']:.0f}/s (bare {f['bare small /s']:.0f}, which syncs nothing). Server's process time, bare by own: {f['sftp put cpu']:.2f}× and {f['sftp small cpu']:.2f}×."
        )]  # fmt: skip
    if "version ms" in f:
        lines += [
            "",
            "Start, modules compiled as in an installed package, wall clock (process time): "
            + ", ".join(
                f"{words} {f[f'{key} ms']:.0f} ms ({f[f'{key} ms cpu']:.0f})"
                for key, words in (
                    ("interpreter", "interpreter alone"),
                    ("version", "`--version`"),
                    ("check", "`check`"),
                )
            )
            + ".",
        ]
    if bench.growth:
        sizes = sorted({j.count for j in bench.growth})
        lines += ["", "### Growth: the whole way of one file, peak memory and process time", "", *report.growth_table(bench.growth, sizes), "", "![Time and memory over shipments](growth.svg)"]  # fmt: skip
    if bench.tables:
        tables, written, process = (bench.tables[name] for name in ("table", "written", "process"))
        told = ", ".join(
            f"{name} {ms:.1f} ({written[name]:.1f}, {process[name]:.1f})"
            for name, ms in sorted(tables.items(), key=lambda t: -t[1])
        )
        lines += ["", "### Mapping tables, from CSV to a program that can run, ms of process time", "",
            "In brackets: with every function of it written and every code table read, as if all had been used; alone in a process that",
            "has compiled nothing before (with what the first table of a process reads for all: canonical model, structures of the format).",
            "", told + "."]  # fmt: skip
    return lines


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--shipments", type=int, default=10_000)
    options.add_argument("--sizes", default="1000,10000,100000", help="sizes of the growth runs")
    options.add_argument("--full", action="store_true", help="all formats up to a million shipments")
    options.add_argument(
        "--only", default="", help="groups: x12,trace,edifact,xml,csv,others,schema,compile,start,sftp,growth"
    )
    options.add_argument(
        "--resume", action="store_true", help="go on where an earlier run of this commit and size was cut off"
    )
    options.add_argument("--dry", action="store_true", help="print only")
    chosen = options.parse_args()
    chosen.sizes = [
        int(s)
        for s in ("1000,10000,100000,1000000" if chosen.full and chosen.sizes.count(",") == 2 else chosen.sizes).split(
            ","
        )
    ]
    facts = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": environment.commit(), "form": "full" if chosen.full else "quick",
        "shipments": chosen.shipments, "missing": environment.peers(), "load": f"{os.getloadavg()[0]:.1f}",
        "command": " ".join(["benchmarks/run.py", *sys.argv[1:]]),
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        facts["fsync"] = environment.fsync_rate(Path(name))
        bench = Bench(Path(name), chosen, facts)
        if chosen.resume:
            bench.resume()
        bench.run()
        bench.derive()
        facts["load"] += f" at the start, {os.getloadavg()[0]:.1f} at the end"
        rows = report.values({j.name: j for j in bench.jobs}, bench.figures)
        lines = section(bench, rows)
        print("\n".join(lines))
        if chosen.dry:
            return
        report.append_history(environment.HERE / "history.csv", facts, rows)
        if bench.growth:
            points: plot.Points = {}
            for job in bench.growth:
                if not job.spec["bad"] and not job.failed:
                    points.setdefault(job.spec["kind"], []).append(
                        (job.count, job.median("cpu_s"), job.median("peak_mib"))
                    )
            plot.write(ROOT / "docs" / "growth.svg", points, {k: v.words for k, v in KINDS.items()})
        if not chosen.only:
            report.write_section(ROOT / "docs" / "performance.md", lines)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
