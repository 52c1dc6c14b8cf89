"""`gateway explain RECEIPT`: the report of a drop as sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

_SHOWN = 5
_LISTED = 50


def folded(findings: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield findings, each with how many more of its kind follow that are not shown.

    What is said of the whole file many times over (columns that nobody knows) would hide the rest; an error is never left out.
    """
    kinds = Counter(f["rule"] for f in findings if _folds(f))
    met: Counter[str] = Counter()
    for finding in findings:
        if not _folds(finding):
            yield finding, 0
            continue
        rule = finding["rule"]
        met[rule] += 1
        if met[rule] <= _SHOWN:
            yield finding, kinds[rule] - _SHOWN if met[rule] == _SHOWN else 0


def _folds(finding: dict[str, Any]) -> bool:
    return finding.get("severity") != "error" and not finding.get("shipment")


def lines(facts: dict[str, Any], folder: str = "DIR") -> Iterator[str]:
    """Yield the lines that explain a drop: what it was, what became of it, every fault with its mend.

    folder: the profile folder as a command line names it.
    """
    if "matches" in facts:
        yield from _several(facts, folder)
        return
    yield f"{facts['file']}  receipt {facts['receipt']}, partner {facts['partner']}, received {facts['received_at']}"
    yield f"  {facts['format'] or 'unknown format'}: {facts['verdict'] or facts['state']}, {facts['found']} shipments: {facts['accepted']} accepted, {facts['rejected']} rejected, {facts['duplicate']} duplicate"  # fmt: skip
    if facts.get("shipment"):
        yield f"  shipment {facts['shipment']}: {facts['verdict_of_shipment']}"
    if facts["delivered"]:
        yield f"  delivered: {', '.join(facts['delivered'])}"
    yield f"  answered:  {', '.join(facts['answers']) or 'not yet'}"
    if facts["pending"]:
        yield f"  not sent yet: {', '.join(facts['pending'])}"
    if facts["why"]:
        yield f"  waits: {facts['why']}"
    if facts["error"]:
        yield f"  held: {facts['error'].rstrip('.')}. When that is mended: gateway replay {facts['receipt']} {folder}"
    report = facts.get("report")
    told = [f for f in (report or {}).get("findings", ()) if f.get("severity") != "info"]
    for finding, more in folded(told):
        yield ""
        yield from _finding(finding)
        if more > 0:
            yield f"  and {more} more of {finding['rule']}: the report lists them."
    if report is None and facts["verdict"] == "accept":
        yield "  Nothing was wrong."
    if report is None and facts["verdict"] not in ("accept", "") and facts["state"] == "done":
        yield "  What was said of it is not kept any more ([retention] answers)."
    if told:
        yield ""
        yield f"next: gateway explain {told[0]['rule']} tells what the rule means; send mended shipments in a new file."


def _several(facts: dict[str, Any], folder: str) -> Iterator[str]:
    matches = facts["matches"]
    yield f"{facts['shipment']} is a number of {len(matches)} shipments:"
    for m in matches[:_LISTED]:
        yield f"  shipment {m['shipment']}: {m['verdict_of_shipment']}, file {m['file']}, receipt {m['receipt']}, partner {m['partner']}"
    if len(matches) > _LISTED:
        yield f"  and {len(matches) - _LISTED} more: --json lists them."
    yield ""
    yield f"next: gateway explain SHIPMENT {folder} or gateway explain RECEIPT {folder}, with one of these."


def _finding(f: dict[str, Any]) -> Iterator[str]:
    where = f"shipment {f['shipment']}" if f.get("shipment") else "the file"
    label = f" ({f['label']})" if f.get("label") else ""
    place = ", ".join(
        part
        for part in (
            f"line {f['line']}" if f.get("line") else "",
            f"row {f['row']}" if f.get("row") else "",
            f'column "{f["column"]}"' if f.get("column") else "",
            f"byte {f['offset']}" if f.get("offset") is not None else "",
            f["xpath"] if f.get("xpath") else f"segment {f['segment']}" if f.get("segment") else "",
            f"element {f['element']}" if f.get("element") else "",
        )
        if part
    )
    yield f"  {f['severity']}: {where}{label}  [{f['rule']}]"
    yield f"    {f['what']}"
    if place:
        yield f"    where: {place}"
    if f.get("field"):
        yield f"    field: {f['field']}" + (f", value {f['value']!r}" if f.get("value") else "")
    if f.get("why"):
        yield f"    why:   {f['why']}"
    if f.get("fix"):
        yield f"    mend:  {f['fix']}"
    if f.get("example"):
        yield f"    like:  {f['example']}"
