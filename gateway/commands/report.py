"""`gateway report PARTNER --since 7d`: how good a partner's data is, and which mends would save most shipments.

Counts are those of the ledger (and of the journal); rules come from the report files of the archive. A drop whose archive
was cleared counts, its rules are not known any more, and the report says so.
"""

from __future__ import annotations

import html
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.catalogue import load_catalogue
from gateway.commands.pages import html_page
from gateway.commands.since import start_of
from gateway.commands.status import ledger_of
from gateway.errors import ConfigError
from gateway.shell.folders import StateFolders, parse_instant
from gateway.shell.ledger import Drop
from gateway.shell.vault import Vault, clear
from gateway.site import Site

_COUNTS = ("found", "accepted", "rejected", "duplicate", "joined", "waiting")
_MENDS = 3
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}"
    "td,th{border:1px solid #bbb;padding:.3em .7em;text-align:left}"
)


def quality(site: Site, partner: str, since: str, now: datetime) -> dict[str, Any]:
    """Return the report: totals, one entry a day, rules with the shipments they refuse, the mends that save most."""
    if partner not in site.partners:
        raise ConfigError(f"There is no partner {partner}.", f"Known: {', '.join(site.partners)}.")
    start, ledger = start_of(since, now), ledger_of(site)
    try:
        found = [
            d
            for d in ledger.find(newest=1_000_000)
            if d.partner == partner and start <= parse_instant(d.received_at) <= now
        ]
    finally:
        ledger.close()
    # what the receiver answered is no file of the partner's
    drops = [d for d in reversed(found) if d.state not in ("duplicate", "seen") and d.format != "responses"]
    sent = {d.sha256: d.received_at[:10] for d in reversed(drops)}  # a replay is no file of the partner's
    drops = list({d.sha256: d for d in drops}.values())  # and it says what stands now
    folders, vault = StateFolders(site.settings.state_dir), site.vault
    days: dict[str, Counter[str]] = defaultdict(Counter)
    refusals: list[frozenset[str]] = []
    warned: Counter[str] = Counter()
    fixes: dict[str, Counter[str]] = defaultdict(Counter)
    unknown = 0
    for drop in drops:
        days[sent[drop.sha256]].update({name: getattr(drop, name) for name in _COUNTS} | {"files": 1})
        told = _told(drop, folders, vault)
        if told is None:
            unknown += drop.rejected > 0
            continue
        refusals += told[0]
        warned.update(told[1])
        for rule, fix in told[2]:
            fixes[rule][fix] += 1
    totals = Counter[str]()
    for day in days.values():
        totals.update(day)
    return {
        "partner": partner, "since": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "until": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "totals": {n: totals[n] for n in ("files", *_COUNTS)}, "reject_rate": _rate(totals),
        "days": [{"day": day, **{n: c[n] for n in ("files", *_COUNTS)}, "reject_rate": _rate(c)} for day, c in sorted(days.items())],
        "rules": _rules(refusals, warned), "mends": _mends(refusals, fixes), "files_without_report": unknown,
    }  # fmt: skip


def _rate(counts: Counter[str]) -> float:
    return round(counts["rejected"] / counts["found"], 4) if counts["found"] else 0.0


def _told(
    drop: Drop, folders: StateFolders, vault: Vault
) -> tuple[list[frozenset[str]], Counter[str], list[tuple[str, str]]] | None:
    """Return (error rules of each refused shipment, warnings by rule, rule and mend as the sender was told).

    None when the report is not kept any more.

    The newest report counts: a late answer says what became of the shipments that waited.
    """
    place = folders.find(drop.receipt)
    files = (
        sorted({clear(p) for p in (place / "acks").glob("*.report.json*")}, key=_lateness) if place is not None else []
    )
    if not files:
        return ([], Counter(), []) if place is not None and not drop.rejected else None
    errors: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    warnings: Counter[str] = Counter()
    fixes: list[tuple[str, str]] = []
    for f in json.loads(vault.read(files[-1]))["findings"]:
        if f["severity"] == "error" and f.get("shipment") and f.get("verdict") == "rejected":
            errors[f.get("message", ""), f["shipment"], f.get("label", "")].add(f["rule"])
            fixes.append((f["rule"], f.get("fix", "")))
        elif f["severity"] == "warning":
            warnings[f["rule"]] += 1
    return [frozenset(rules) for rules in errors.values()], warnings, fixes


def _lateness(path: Path) -> tuple[bool, str]:
    return path.name.endswith(".late.report.json"), path.name


def _rules(refusals: list[frozenset[str]], warned: Counter[str]) -> list[dict[str, Any]]:
    refused = Counter(rule for rules in refusals for rule in rules)
    names = sorted({*refused, *warned}, key=lambda r: (-refused[r], -warned[r], r))
    return [
        {"rule": r, "refused_shipments": refused[r], "warnings": warned[r], "title": _text(r, "title")} for r in names
    ]


def _mends(refusals: list[frozenset[str]], fixes: dict[str, Counter[str]]) -> list[dict[str, Any]]:
    """Return the mends that would save most shipments, each counted on what the ones before it left."""
    left, found = [set(rules) for rules in refusals], []
    for _ in range(_MENDS):
        saved = Counter(next(iter(rules)) for rules in left if len(rules) == 1)
        touched = Counter(rule for rules in left for rule in rules)
        if not touched:
            break
        rule = min(touched, key=lambda r: (-saved[r], -touched[r], r))
        found.append(
            {
                "rule": rule,
                "saves": saved[rule],
                "touches": touched[rule],
                "fix": next((fix for fix, _ in fixes[rule].most_common(1)), "") or _text(rule, "fix"),
                "title": _text(rule, "title"),
            }
        )
        for rules in left:
            rules.discard(rule)
        left = [rules for rules in left if rules]
    return found


def _text(rule: str, field: str) -> str:
    known = load_catalogue().get(rule)
    return str(getattr(known, field)) if known else ""


# --- as text and as a page ----------------------------------------------------------------------------------------


def lines(report: dict[str, Any]) -> Iterator[str]:
    """Yield the report for a terminal."""
    t = report["totals"]
    yield f"{report['partner']}, {report['since'][:10]} to {report['until'][:10]}: {t['files']} files, {t['found']} shipments, {t['rejected']} refused ({report['reject_rate']:.1%})"
    for day in report["days"]:
        bar = "#" * round(day["reject_rate"] * 40)
        yield f"  {day['day']}  {day['found']:>8} shipments  {day['rejected']:>6} refused  {day['reject_rate']:>6.1%}  {bar}"
    for rule in report["rules"]:
        yield f"  {rule['refused_shipments']:>6} refused  {rule['warnings']:>6} remarks  {rule['rule']:<20} {rule['title']}"
    for number, mend in enumerate(report["mends"], 1):
        yield f"mend {number}: {mend['rule']} saves {mend['saves']} of {mend['touches']} shipments: {mend['fix']}"
    if report["files_without_report"]:
        yield f"{report['files_without_report']} files with refused shipments are not in the archive any more; their rules are not counted."


def page(report: dict[str, Any]) -> str:
    """Return the report as one self-contained page with a plot of the reject rate."""
    t, e = report["totals"], html.escape
    rules = "".join(
        f"<tr><td>{e(r['rule'])}</td><td>{e(r['title'])}</td><td>{r['refused_shipments']}</td><td>{r['warnings']}</td></tr>"
        for r in report["rules"]
    )
    mends = "".join(
        f"<li><b>{e(m['rule'])}</b> {e(m['title'])}: {e(m['fix'])} <i>saves {m['saves']} of the {m['touches']} shipments it touches</i></li>"
        for m in report["mends"]
    )
    title = f"Data quality of {report['partner']}"
    body = (
        f"<h1>{e(title)}</h1><p>{e(report['since'][:10])} to {e(report['until'][:10])}: {t['files']} files, {t['found']} shipments, "
        f"{t['accepted']} accepted, {t['rejected']} refused ({report['reject_rate']:.1%}), {t['duplicate']} duplicate.</p>"
        f"<h2>Refused shipments by day</h2>{_plot(report['days'])}<h2>What would save most</h2><ol>{mends}</ol>"
        f"<h2>Rules</h2><table><tr><th>rule</th><th></th><th>refused shipments</th><th>remarks</th></tr>{rules}</table>"
    )
    return html_page(title, _STYLE, body)


def _plot(days: list[dict[str, Any]]) -> str:
    """Return an SVG of bars: the share of refused shipments of each day."""
    width, height = max(1, len(days)) * 46, 160
    bars = []
    for index, day in enumerate(days):
        tall = round(day["reject_rate"] * (height - 40), 1)
        x = index * 46 + 8
        bars.append(
            f'<rect x="{x}" y="{height - 20 - tall}" width="30" height="{tall}" fill="#b33"/>'
            f'<text x="{x + 15}" y="{height - 24 - tall}" font-size="11" text-anchor="middle">{day["reject_rate"]:.0%}</text>'
            f'<text x="{x + 15}" y="{height - 6}" font-size="10" text-anchor="middle">{html.escape(day["day"][5:])}</text>'
        )
    line = f'<line x1="0" y1="{height - 20}" x2="{width}" y2="{height - 20}" stroke="#333"/>'
    return f'<svg role="img" aria-label="share of refused shipments by day" width="{width}" height="{height}">{"".join(bars)}{line}</svg>'
