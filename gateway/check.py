"""`gateway check`: what the gateway would say of a file, without leaving anything behind.

One JSON object a line; its keys are stable (docs/commands.md). Also runs case files (fixtures/cases/cases.jsonl).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from gateway.commands.progress import Meter
from gateway.errors import GatewayError
from gateway.findings import Finding, Scope, Severity
from gateway.formats import folder_of
from gateway.history import History, MemoryHistory
from gateway.moments import in_zone, read_moment
from gateway.profile import Profile
from gateway.results import Delivery, MessageFinding, MessageOpened, Outcome, ShipmentResult
from gateway.translate import translate

_BLOCK = 1 << 16


class Checker:
    """Checks files one after the other as drops into one gateway: the second sees what the first left.

    `as_of` is the processing time of every file; None = now. progress: show it on standard error for long files.
    """

    def __init__(
        self, profiles: Any, as_of: datetime | None = None, history: History | None = None, *, progress: bool = False
    ) -> None:
        self._profiles, self._as_of, self._progress = profiles, as_of, progress
        self._history = history or MemoryHistory()
        self._seen: dict[tuple[str, str], dict[str, Any]] = {}

    def file(self, path: Path, name: str = "") -> dict[str, Any]:
        """Check one file; name: what the sender called it (default: the file's own name)."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as source:
            head = source.read(_BLOCK)
            for block in _blocks(head, source):
                digest.update(block)
                size += len(block)
        profile: Profile = self._profiles.profile_for(head)
        key = (profile.partner, digest.hexdigest())
        if size and key in self._seen:
            return _duplicate(self._seen[key], name or path.name)
        with path.open("rb") as source:
            result = self._run(source, name or path.name, profile, size, key[1])
        if result["verdict"] != "quarantine":
            self._seen[key] = result
        return result

    def _run(self, source: BinaryIO, name: str, profile: Profile, size: int, sha256: str) -> dict[str, Any]:
        meter = Meter(size, active=self._progress)
        now = self._as_of or datetime.now(UTC)
        outcome, messages = gather(translate(
            meter.blocks(source), profile, now, self._history, name=name, size=size, sha256=sha256,
            receipt_id="CHECK", counts=meter.counts,
        ))  # fmt: skip
        meter.done()
        return {**describe(outcome, name, profile), "messages": messages}


def gather(pieces: Iterable[Delivery | Outcome]) -> tuple[Outcome, list[dict[str, Any]]]:
    """Return what `translate` yields, whole: its outcome and the canonical messages that stand."""
    bodies: dict[str, list[bytes]] = {}
    outcome: Outcome | None = None
    for piece in pieces:
        if isinstance(piece, Delivery):
            bodies.setdefault(piece.key, []).append(piece.data)
        else:
            outcome = piece
    assert outcome is not None
    stand = (parts for key, parts in bodies.items() if key not in outcome.refused_keys)
    return outcome, [json.loads(parts[0] + b",".join(parts[1:-1]) + parts[-1]) for parts in stand]


def _blocks(head: bytes, source: Any) -> Iterator[bytes]:
    if head:
        yield head
    while block := source.read(_BLOCK):
        yield block


def describe(outcome: Outcome, name: str, profile: Profile) -> dict[str, Any]:
    """Return the JSON object of an outcome, without messages."""
    accepted, rejected, findings = [], [], []
    catalogue = profile.catalogue and profile.catalogue.worded(folder_of(outcome.format) or outcome.format)
    words = catalogue
    for record in outcome.records:
        if isinstance(record, MessageOpened):
            words = catalogue and catalogue.worded(record.format)
        elif isinstance(record, MessageFinding):
            findings.append(describe_finding(record.finding, words))
        elif isinstance(record, ShipmentResult):
            kept = record.verdict == "accepted" and record.message not in outcome.refused
            if kept:
                accepted.append(record.id)
            elif record.verdict == "rejected" or (record.verdict != "duplicate" and record.message in outcome.refused):
                rejected.append(record.id)
            findings += [describe_finding(f, words, record.id) for f in record.findings]
    return {
        "file": name,
        "format": outcome.format,
        "verdict": outcome.verdict,
        "shipments": outcome.counts.facts(),
        "accepted": accepted,
        "rejected": rejected,
        "findings": findings,
        "acks": [a.kind for a in outcome.acks],
    }


def describe_finding(finding: Finding, catalogue: Any, shipment: str = "") -> dict[str, Any]:
    """Return one finding as the JSON of `check` shows it, partner-visible codes included."""
    rule = catalogue.get(finding.rule) if catalogue is not None else None
    place = finding.position
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "shipment": shipment or finding.shipment,
        "field": finding.target,
        "line": place.line,
        "offset": place.offset,
        "segment": place.segment or place.xpath,
        "element": place.element,
        "message": finding.message,
        "fix": finding.fix or (rule.fix if rule else ""),
        "ack": ack_codes(finding, rule),
        **({"xpath": place.xpath} if place.xpath else {}),
        **({"row": place.row} if place.row is not None else {}),
        **({"column": place.column} if place.column else {}),
    }


def ack_codes(finding: Finding, rule: Any) -> dict[str, str]:
    """Return the partner-visible codes of a finding: its own, and those the catalogue fixes for its rule."""
    codes = dict(finding.ack)
    if rule is not None:
        for attribute, code in (("cbp", "CBP"), ("contrl", "CONTRL"), ("aperak", "APERAK")):
            value = getattr(rule, attribute, "")
            if value and finding.severity is Severity.ERROR:
                codes.setdefault(code, value)
        if rule.ta1 and finding.scope is Scope.INTERCHANGE:
            codes.setdefault("TA105", rule.ta1)
    if finding.severity is Severity.ERROR:
        if "TA105" in codes:
            codes.setdefault("TA104", "R")
        if "AK304" in codes and finding.scope is Scope.MESSAGE:
            codes.setdefault("AK501", "R")
            codes.setdefault("AK502", "5")
        if "AK502" in codes:
            codes.setdefault("AK501", "R")
        if "AK905" in codes:
            codes.setdefault("AK901", "R")
    return codes


def _duplicate(before: dict[str, Any], name: str) -> dict[str, Any]:
    """The answer to the same bytes dropped again: the same acknowledgments, nothing delivered."""
    finding: dict[str, Any] = {
        "rule": "DUP-FILE", "severity": "error", "shipment": "", "field": "", "line": None, "offset": 0, "segment": "",
        "element": None, "message": f"The same bytes were processed before as {before['file']}.",
        "fix": "Nothing needs to be sent again; the acknowledgments of the first file are repeated.", "ack": {},
    }  # fmt: skip
    found = before["shipments"]["found"]
    counts = {"found": found, "accepted": 0, "rejected": 0, "duplicate": found}
    return {
        "file": name, "format": before["format"], "verdict": "reject", "shipments": counts, "accepted": [],
        "rejected": [], "findings": [finding], "acks": before["acks"], "messages": [],
    }  # fmt: skip


# --- case files ---------------------------------------------------------------------------------------------------

DEFAULT_AS_OF = "2025-03-03T10:00:00Z"


def run_cases(
    cases_file: Path, profiles: Any, only: str = ""
) -> Iterator[tuple[dict[str, Any], dict[str, Any], list[str]]]:
    """Run a case file; yield (case, result, differences). Each case gets a fresh state. only: prefix of `format`."""
    for case in _cases(cases_file):
        if not case["format"].startswith(only):
            continue
        checker = Checker(profiles, parse_instant(case.get("as_of", DEFAULT_AS_OF)))
        differences = []
        for before in case.get("before", ()):
            first = checker.file(cases_file.parent / before["file"], before.get("drop_as", before["file"]))
            if not first["verdict"].startswith("accept"):
                differences.append(f"before: {before['file']} was {first['verdict']}")
        result = checker.file(cases_file.parent / case["file"], _drop_name(case))
        yield case, result, differences + compare(case, result)


_OF_A_CASE = ("id", "basis", "kind", "format", "file", "expected")


def _cases(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the cases of a file. Raises GatewayError for a line that is none."""
    advice = f"Each line is a JSON object with {', '.join(_OF_A_CASE)}."
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
        except ValueError:
            case = None
        if not isinstance(case, dict):
            raise GatewayError(f"{file.name}, line {number} is no case.", advice)
        missing = [name for name in _OF_A_CASE if not isinstance(case.get(name), str)]
        if missing:
            raise GatewayError(f"{file.name}, line {number} has no {missing[0]}.", advice)
        if not (file.parent / case["file"]).is_file():
            raise GatewayError(
                f"{file.name}, line {number}: {case['file']} is not there.", "Paths start at the case file."
            )
        yield case


def _drop_name(case: dict[str, Any]) -> str:
    raw = case.get("drop_as_bytes_hex")
    return bytes.fromhex(raw).decode("utf-8", "surrogateescape") if raw else case.get("drop_as", case["file"])


def parse_instant(text: str) -> datetime:
    """Return an aware UTC instant of an ISO date or date and time. Raises ValueError."""
    moment = read_moment(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else in_zone(moment, UTC)


def compare(case: dict[str, Any], result: dict[str, Any]) -> list[str]:
    """Return how a result differs from what the case expects, one sentence each."""
    differences = []
    if result["verdict"] != case["expected"]:
        differences.append(f"verdict {result['verdict']}, expected {case['expected']}")
    detail = case.get("expected_detail", {})
    shipments = detail.get("shipments", {})
    differences += [f"{s} was not delivered" for s in shipments.get("accepted", ()) if s not in result["accepted"]]
    wanted = shipments.get("accepted", ())
    differences += [
        f"{s} was delivered" for s in shipments.get("rejected", ()) if s in result["accepted"] and s not in wanted
    ]
    said = {f["rule"] for f in result["findings"]}
    codes = {f"{k}={v}" for f in result["findings"] for k, v in f["ack"].items()}
    codes |= {f"CBP {f['ack']['CBP']}" for f in result["findings"] if "CBP" in f["ack"]}
    for error in detail.get("errors", ()):
        differences += _missing_code(error["code"], said, codes)
    differences += [f"no {w}" for w in detail.get("warnings", ()) if w.split()[0] not in said]
    differences += _field_differences(detail.get("fields", {}), result["messages"])
    return differences


def _missing_code(code: str, said: set[str], codes: set[str]) -> list[str]:
    words = code.split()
    if words[0] == "CBP":
        return [] if not words[1:] or not words[1].isdigit() or code in codes else [f"no {code}"]
    if words[0] == "CONTRL":
        return [] if any(c.startswith("CONTRL=") for c in codes) else [f"no {code}"]
    wanted = [w for w in words if "=" in w]
    if wanted:
        return [f"no {w}" for w in wanted if w not in codes]
    return [] if words[0] in said else [f"no {words[0]}"]


def _field_differences(fields: dict[str, Any], messages: list[dict[str, Any]]) -> list[str]:
    merged: dict[str, Any] = (
        {**messages[0], "shipments": [s for m in messages for s in m["shipments"]]} if messages else {}
    )
    differences = []
    for pointer, wanted in fields.items():
        if not pointer.startswith("/") or (isinstance(wanted, str) and wanted.startswith("same key as")):
            continue
        for value in _values(merged, pointer.split("/")[1:]):
            if value != wanted:
                differences.append(f"{pointer} is {value!r}, expected {wanted!r}")
    return differences


def _values(node: Any, parts: list[str]) -> list[Any]:
    for index, part in enumerate(parts):
        if part == "*" and isinstance(node, list):
            return [v for child in node for v in _values(child, parts[index + 1 :])]
        if isinstance(node, list):
            node = node[int(part)] if part.isdigit() and int(part) < len(node) else None
        else:
            node = node.get(part) if isinstance(node, dict) else None
    return [node]
