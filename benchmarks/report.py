"""Results as Markdown: the marked section of docs/performance.md, and one line a goal in history.csv."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from goals import GOALS, Goal
from runner import KINDS, Job

BEGIN, END = "<!-- written by benchmarks/run.py: begin -->", "<!-- written by benchmarks/run.py: end -->"
Row = tuple[Goal, float, float, str]  # goal, ratio or figure by process time, ratio by wall clock (nan = none), fault


def values(jobs: Mapping[str, Job], figures: Mapping[str, float]) -> list[Row]:
    """Return each goal with its figure; nan when it was not measured, with the reason."""
    rows: list[Row] = []
    for goal in GOALS:
        if goal.kind in ("below", "least"):
            fault = "" if goal.own in figures else "not measured"
            rows.append((goal, figures.get(goal.own, math.nan), math.nan, fault))
            continue
        own, peer = jobs.get(goal.own), jobs.get(goal.peer)
        fault = next((f"{j.name}: {j.failed}" for j in (own, peer) if j is not None and j.failed), "")
        if own is None or peer is None or fault:
            rows.append((goal, math.nan, math.nan, fault or "not measured"))
            continue
        cpu, wall = (peer.median(w) / peer.count / (own.median(w) / own.count) for w in ("cpu_s", "s"))
        rows.append((goal, cpu, wall, "") if goal.kind == "faster" else (goal, 1 / cpu, 1 / wall, ""))
    return rows


def _figure(value: float, unit: str) -> str:
    if math.isnan(value):
        return "–"
    text = (
        f"{value:,.2f}"
        if unit == "×" and value < 3
        else f"{value:,.1f}"
        if value < 100 and value != int(value)
        else f"{value:,.0f}"
    )
    return f"{text}{unit}" if unit in ("×", "") else f"{text} {unit}"


def goal_table(rows: Iterable[Row]) -> Iterable[str]:
    """Yield the table of the goals."""
    yield "| goal | measured | by wall clock | bar | aim | |"
    yield "|---|---|---|---|---|---|"
    for goal, value, wall, fault in rows:
        sign = "≥" if goal.kind in ("faster", "least") else "≤"
        if math.isnan(value):
            verdict = fault
        elif goal.reached(value, goal.aim):
            verdict = "aim reached"
        else:
            verdict = "bar reached" if goal.reached(value, goal.bar) else "**not reached**"
        bar, aim = (f"{sign} {_figure(limit, goal.unit)}" for limit in (goal.bar, goal.aim))
        yield f"| {goal.words} | {_figure(value, goal.unit)} | {_figure(wall, goal.unit)} | {bar} | {aim} | {verdict} |"


def case_table(jobs: Iterable[Job]) -> Iterable[str]:
    """Yield the table of the cases."""
    yield "| case | shipments | process time, s | wall, s | shipments/s | MB/s | peak MiB |"
    yield "|---|---|---|---|---|---|---|"
    for job in jobs:
        if job.failed:
            yield f"| {job.name} | {job.count:,} | failed: {job.failed} | | | | |"
            continue
        cpu = job.median("cpu_s")
        rate = f"{job.size / cpu / 1e6:.2f}" if job.size else ""
        yield f"| {job.name} | {job.count:,} | {cpu:.3f} | {job.median('s'):.3f} | {job.count / cpu:,.0f} | {rate} | {job.median('peak_mib'):.0f} |"


def growth_table(jobs: Iterable[Job], sizes: list[int]) -> Iterable[str]:
    """Yield peak memory and process time by size, one row for each kind and whether all of it is refused."""
    by_kind: dict[tuple[str, bool], dict[int, Job]] = {}
    for job in jobs:
        by_kind.setdefault((job.spec["kind"], bool(job.spec["bad"])), {})[job.count] = job
    yield f"| file | {' | '.join(f'{n:,}' for n in sizes)} |"
    yield "|---" * (len(sizes) + 1) + "|"
    for (kind, bad), found in by_kind.items():
        words = KINDS[kind].words + (", all refused" if bad else "")
        yield f"| {words} | {' | '.join(_cell(found.get(n)) for n in sizes)} |"


def _cell(job: Job | None) -> str:
    if job is None:
        return ""
    return job.failed or f"{job.median('peak_mib'):.0f} MiB, {job.median('cpu_s'):.1f} s"


def write_section(path: Path, lines: Iterable[str]) -> None:
    """Put the lines between the marks of a Markdown file, at its end when it has none."""
    text = path.read_text("utf-8")
    before, found, rest = text.partition(BEGIN)
    after = rest.partition(END)[2] if found else "\n"
    path.write_text(before.rstrip("\n") + "\n\n" + "\n".join([BEGIN, *lines, END]) + after, "utf-8")


def append_history(path: Path, facts: Mapping[str, Any], rows: Iterable[Row]) -> None:
    """Append a line for each goal that was measured."""
    names = ["date", "commit", "form", "shipments", "goal", "measured", "by_wall", "bar", "aim", "unit"]
    fresh = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        if fresh:
            out.writerow(names)
        for goal, value, wall, _ in rows:
            if not math.isnan(value):
                told = "" if math.isnan(wall) else f"{wall:.3f}"
                out.writerow(
                    [
                        *(facts[n] for n in names[:4]),
                        goal.id,
                        f"{value:.3f}",
                        told,
                        f"{goal.bar:g}",
                        f"{goal.aim:g}",
                        goal.unit,
                    ]
                )
