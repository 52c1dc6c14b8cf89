"""Canonical messages in files, and a run of the extract over them."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.commands.extract_sinks import Done
from gateway.commands.extracting import extract
from gateway.findings import Finding
from gateway.outputs.folder import load_layout
from gateway.rules.folder import load_rulebook
from gateway.site import base_mappings
from tests.canonical.samples import EXAMPLE, shipment

NOW = datetime(2025, 3, 4, 12, 0, 0, tzinfo=UTC)
S10 = "LX123456785GB"
SETTINGS = {
    "filer_code": "xyz", "bond_number": "991234567", "importer_number": "12-3456789", "bond_type": "8",
    "sender_id": "TDVAGT03GWSENDER/HKG1", "receiver_id": "USCBPACAS", "consignor_signatory": "A CLERK",
    "carrier_signatory": "XX CARGO",
}  # fmt: skip


def mail(**changes: Any) -> dict[str, Any]:
    """Return a postal shipment."""
    base = {
        "shipment_id": S10, "shipment_tracking_number": S10, "house_bill_number": None, "master_bill_number": None,
        "mode_of_transportation": "mail", "cbp_mot_code": "50", "carrier_code": "XX", "conveyance_reference": "xx880",
        "security_scan": None,
    }  # fmt: skip
    return shipment(**(base | changes))


def message(*shipments: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a canonical message with these shipments."""
    return copy.deepcopy(EXAMPLE) | {"shipments": list(shipments), "test_indicator": False} | changes


def write(folder: Path, *messages: dict[str, Any]) -> list[Path]:
    """Write messages as files."""
    files = []
    for number, one in enumerate(messages):
        files.append(folder / f"m{number}.json")
        files[-1].write_text(json.dumps(one), "utf-8")
    return files


def run(
    files: list[Path], name: str, output: Path, settings: dict[str, Any] | None = None, profile: Path | None = None
) -> tuple[Done, list[tuple[Finding, int]]]:
    """Extract and return the counts and all findings."""
    told: list[tuple[Finding, int]] = []
    layout = load_layout(name, base_mappings(), profile)
    law = load_rulebook(base_mappings()).tables
    given = SETTINGS if settings is None else settings
    done = extract(files, layout, output, given, law, NOW, lambda f, n: told.append((f, n)))
    return done, told


def rules(told: list[tuple[Finding, int]], rule: str) -> dict[str, str]:
    """Return target -> message of the findings of one rule."""
    return {f.target: f.message for f, _ in told if f.rule == rule}
