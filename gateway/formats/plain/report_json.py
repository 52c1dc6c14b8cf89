"""NAME.report.json: every finding with all its facts, for machines; streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gateway.formats.plain.facts import told
from gateway.results import Outcome


def write(outcome: Outcome, catalogue: Any, *, file_name: str, receipt_id: str, show_personal: bool) -> Iterator[bytes]:
    """Yield {"receipt", "file", "verdict", "shipments", "findings": [...]} piece by piece."""
    head = {
        "receipt": receipt_id,
        "file": file_name,
        "format": outcome.format,
        "verdict": outcome.verdict,
        "shipments": outcome.counts.facts(),
    }
    yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "findings": ['
    separator = b"\n"
    for facts in told(outcome, catalogue, show_personal=show_personal):
        kept = {k: v for k, v in facts.items() if v not in (None, "")}
        yield separator + json.dumps(kept, ensure_ascii=False).encode()
        separator = b",\n"
    yield b"\n]}\n"
