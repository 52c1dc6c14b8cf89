"""The command `gateway extract`; what it does lives in extracting.py."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli_common import AsJson, AsOf, ProfileDir, err, moment_of, out, plain, site_of
from gateway.findings import Finding


def extract(
    files: Annotated[list[Path], typer.Argument(help="Delivered canonical JSON files, or folders of them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A .csv or .xlsx file; for XML a folder.")],
    layout: Annotated[str, typer.Option("--as", help="imd, type11, type13, acas, or an output of your own.")],
    profile: ProfileDir = None,
    as_of: AsOf = "",
    as_json: AsJson = False,
) -> None:
    """Write delivered shipments for another program: postal worksheet, entry type 11 or 13, ACAS house waybill."""
    from gateway.commands.extracting import extract as write
    from gateway.commands.extracting import files_of, known_settings, settings_of
    from gateway.outputs.folder import layout_folders, load_layout
    from gateway.rules.folder import load_rulebook
    from gateway.site import base_mappings

    base = base_mappings()
    chosen = load_layout(layout, base, profile)
    names, known = layout_folders(base, profile), known_settings(base, profile)
    settings = settings_of(site_of(profile).settings.outputs, chosen, known, names)
    law, now = load_rulebook(base).tables, moment_of(as_of) or datetime.now(UTC)

    def tell(finding: Finding, shipments: int) -> None:
        facts = _facts(finding, shipments)
        print(json.dumps(facts, ensure_ascii=False)) if as_json else out(_words(facts))

    done = write(files_of(files), chosen, output, settings, law, now, tell)
    counts = (
        f"{done.shipments} shipments written, {done.left_out} left out, {done.errors} errors, {done.warnings} warnings"
    )
    if as_json:
        err(counts)
    else:
        out(counts)
        for name in done.written[:20]:
            out(f"wrote {name}")
        if len(done.written) > 20:
            out(f"wrote {len(done.written) - 20} more documents into {output}")
        out("next: fill in what is marked error; gateway explain OUT-NO-SOURCE tells more." if done.errors else "next: look through the warnings, then file it.")  # fmt: skip
    raise typer.Exit(1 if done.errors else 0)


def _facts(finding: Finding, shipments: int) -> dict[str, Any]:
    item = finding.pointer.rpartition("/")[2]
    return {
        "rule": finding.rule, "severity": finding.severity.value, "shipment": finding.shipment, "shipments": shipments,
        "item": int(item) + 1 if item else None, "target": finding.target, "message": finding.message, "fix": finding.fix, "row": finding.row,
    }  # fmt: skip


def _words(facts: dict[str, Any]) -> str:
    about = (
        f"every shipment ({facts['shipments']})" if facts["shipment"] == "*" else f"shipment {plain(facts['shipment'])}"
    )
    line = f", goods line {facts['item']}" if facts["item"] else ""
    target = f", {facts['target']}" if facts["target"] else ""
    return f"{facts['severity']:<7} {facts['rule']}  {about}{line}{target}: {plain(facts['message'])} mend: {plain(facts['fix'])}"
