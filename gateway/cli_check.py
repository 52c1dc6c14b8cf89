"""The commands that judge files without a server: check, check --cases, translate."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.check import Checker, run_cases
from gateway.cli_common import (
    AsJson,
    AsOf,
    PartnerName,
    ProfileDir,
    command,
    err,
    moment_of,
    out,
    plain,
    site_of,
    with_profile,
)
from gateway.commands.explaining import folded
from gateway.errors import GatewayError

_RANK = {"accept": 0, "accept_with_warnings": 0, "partial": 1, "reject": 1, "quarantine": 3}


def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files, or folders whose files are checked.")] = None,
    as_json: AsJson = False,
    as_of: AsOf = "",
    profile: ProfileDir = None,
    cases: Annotated[Path | None, typer.Option("--cases", help="A case file (JSON lines) to run and compare.")] = None,
    only: Annotated[str, typer.Option("--only", help="With --cases: only formats that start with this.")] = "",
    partner: PartnerName = "",
) -> None:
    """Say what the gateway would do with files; nothing is stored or sent.

    Each file is judged on its own, as the first one of a fresh gateway.
    """
    from gateway.commands.named_files import files_below
    from gateway.commands.unwrapping import opened

    if cases is not None:
        raise typer.Exit(_check_cases(cases, profile, as_json, only))
    if not paths:
        raise GatewayError("No file was named.", "gateway check FILE ... or gateway check --cases CASES.jsonl")
    site, moment, worst = site_of(profile, partner), moment_of(as_of), 0
    for file in (f for p in paths for f in files_below(p)):
        with opened(file, site) as members:
            for name, path in members:
                result = Checker(site, moment, progress=sys.stderr.isatty()).file(path, name)
                worst = max(worst, _RANK[result["verdict"]])
                if as_json:
                    print(json.dumps(result, ensure_ascii=False, separators=(",", ":")))
                else:
                    _show(result)
    if not as_json and worst:
        out("next: mend what is marked error, then run gateway check again; gateway explain RULE tells more.")
    raise typer.Exit(worst)


def _show(result: dict[str, Any]) -> None:
    counts = result["shipments"]
    colour = {"accept": "green", "accept_with_warnings": "green", "partial": "yellow"}.get(result["verdict"], "red")
    out(
        f"{typer.style(plain(result['file']), bold=True)}  {result['format']}  {typer.style(result['verdict'], fg=colour)}  shipments {counts['found']}: {counts['accepted']} accepted, {counts['rejected']} rejected, {counts['duplicate']} duplicate"
    )
    for finding, more in folded(result["findings"]):
        where = plain(", ".join(_places(finding)))
        out(f"  {finding['severity']:<7} {finding['rule']}  {where}")
        out(f"          {plain(finding['message'])}")
        if finding["fix"] and finding["severity"] != "info":
            out(f"          mend: {plain(finding['fix'])}")
        if more > 0:
            out(f"  and {more} more of {finding['rule']}; --json lists them.")


def _places(finding: dict[str, Any]) -> Iterator[str]:
    """Yield where a finding is, in words."""
    if finding["shipment"]:
        yield f"shipment {finding['shipment']}"
    if finding["line"]:
        yield f"line {finding['line']}"
    if finding.get("row"):
        yield f"row {finding['row']}"
    if finding.get("column"):
        yield f'column "{finding["column"]}"'
    if finding["offset"] is not None:
        yield f"byte {finding['offset']}"
    if finding.get("xpath") or finding["segment"]:
        element = f"-{finding['element']:02d}" if finding["segment"] and finding["element"] else ""
        yield finding.get("xpath") or finding["segment"] + element


def _check_cases(cases: Path, profile: Path | None, as_json: bool, only: str) -> int:
    total = differing = 0
    for case, result, differences in run_cases(cases, site_of(profile), only):
        total += 1
        differing += bool(differences)
        if as_json:
            print(
                json.dumps(
                    {
                        "id": case["id"],
                        "basis": case["basis"],
                        "verdict": result["verdict"],
                        "expected": case["expected"],
                        "differences": differences,
                    }
                )
            )
        elif differences:
            out(f"{case['id']} ({case['basis']}, {case['kind']}): {'; '.join(differences)}")
    if not total:
        raise GatewayError(f"{cases.name} holds no such case.", "Leave --only out, or write how a format begins: x12.")
    err(f"{total} cases, {total - differing} as expected, {differing} differ")
    return 1 if differing else 0


def translate(
    file: Annotated[Path, typer.Argument(help="The file to translate.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the canonical JSON and the answers.")],
    profile: ProfileDir = None,
    as_of: AsOf = "",
    as_json: AsJson = False,
    partner: PartnerName = "",
) -> None:
    """Translate one file without a server: canonical JSON, acknowledgments and reject file go to a folder."""
    from gateway.commands.translating import translate_file

    result = translate_file(file, output, site_of(profile, partner), moment_of(as_of), sys.stderr.isatty())
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        counts = result["shipments"]
        out(f"{result['file']}: {result['verdict']}, {counts['accepted']} of {counts['found']} shipments accepted")
        for name in result["written"]:
            out(f"  {output / name}")
        out(
            f"next: {command('gateway', 'check', file, *with_profile(profile, partner), *(('--as-of', as_of) if as_of else ()))} shows each finding with its mend."
            if counts["rejected"]
            else "next: gateway serve DIR takes such files over SFTP."
        )
    raise typer.Exit(_RANK[result["verdict"]])
