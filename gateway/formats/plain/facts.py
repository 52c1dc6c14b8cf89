"""What the reject file and the report say of one finding: the same facts in the same words.

Personal values are masked (first and last character) unless the partner profile allows to repeat them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.canonical.wording import words_of
from gateway.findings import NOTHING, Finding
from gateway.records import InterchangeBegin
from gateway.results import MessageFinding, MessageOpened, Outcome, ShipmentResult


def mask(value: str) -> str:
    """Return a personal value with its first and last character only; nothing of one that is hardly longer."""
    text = value.strip()
    return f"{text[0]}***{text[-1]}" if len(text) > 2 else "***" if text else ""


def facts_of(finding: Finding, catalogue: Any, *, show_personal: bool) -> dict[str, Any]:
    """Return a finding as flat facts; values stay as received, personal ones masked."""
    rule, p = catalogue.get(finding.rule) if catalogue is not None else None, finding.position
    value = finding.value
    if value is not None and finding.personal and not show_personal:
        value = mask(value)
    return {
        "field": words_of(finding.target) if finding.target else "",
        "target": finding.target,
        "value": value,
        "line": p.line,
        "segment": p.segment or p.xpath,
        "segment_position": p.segment_position,
        "element": None if p.element is None else f"{p.element}-{p.component}" if p.component else str(p.element),
        "offset": p.offset,
        "xpath": p.xpath,
        "length": p.length,
        "row": p.row,
        "column": p.column,
        "severity": str(finding.severity),
        "rule": finding.rule,
        "what": finding.message,
        "why": rule.why if rule else "",
        "fix": finding.fix or (rule.fix if rule else ""),
        "example": rule.example if rule and not finding.fix.startswith(NOTHING) else "",
        "citation": rule.citation if rule else "",
        "mapping_row": finding.row,
    }


def told(outcome: Outcome, catalogue: Any, *, show_personal: bool) -> Iterator[dict[str, Any]]:
    """Yield the facts of every finding in file order; a shipment that fell with its set gets a line of its own."""
    interchange, message, words = "", "", catalogue
    for record in outcome.records if outcome.refused else outcome.records.telling():
        if isinstance(record, InterchangeBegin):
            interchange, message, words = record.interchange.control_number, "", catalogue
        elif isinstance(record, MessageOpened):
            message, words = record.control_number, catalogue and catalogue.worded(record.format)
        elif isinstance(record, MessageFinding):
            facts = facts_of(record.finding, words, show_personal=show_personal)
            yield {"shipment": "", "label": "", "verdict": "", **facts, "interchange": interchange, "message": message}
        elif isinstance(record, ShipmentResult):
            base = {"shipment": record.id, "label": record.label, "verdict": record.verdict}
            fallen = outcome.refused.get(record.message)
            checked = record.verdict in ("accepted", "joined", "waiting")
            if fallen and checked:
                base["verdict"] = "rejected"
            for finding in record.findings:
                facts = facts_of(finding, words, show_personal=show_personal)
                yield {**base, **facts, "interchange": interchange, "message": message}
            if fallen and (checked or (record.verdict == "rejected" and not any(f.refuses for f in record.findings))):
                line = _fallen(fallen, checked=checked)
                yield {**base, **line, "interchange": interchange, "message": message}


def _fallen(rule: str, *, checked: bool) -> dict[str, Any]:
    """The line of a shipment that was refused because of what stands around it, good (checked) or never looked at."""
    state = "The shipment itself is in order; it was" if checked else "The shipment was not checked; it was"
    empty: dict[str, Any] = dict.fromkeys(
        (
            "target",
            "value",
            "line",
            "segment",
            "segment_position",
            "element",
            "offset",
            "xpath",
            "length",
            "row",
            "column",
        )
    )
    return {
        "field": "", **empty, "severity": "error", "rule": rule,
        "what": f"{state} refused with the message it stands in.",
        "why": "A message that is damaged is not delivered in part.",
        "fix": f"Mend what is said of rule {rule} and send the file again.",
        "example": "", "citation": "", "mapping_row": "",
    }  # fmt: skip
