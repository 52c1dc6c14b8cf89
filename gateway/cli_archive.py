"""The commands about received and kept files: replay, claim, backup, archive."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli_common import AsJson, command, out, plain
from gateway.site import Site, load_site, state_site

archive_app = typer.Typer(help="What is kept, how long, and what is under a legal hold.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="The profile folder.")]


def replay(
    what: Annotated[str, typer.Argument(help="A receipt, a file name, a shipment number, refused or held.")],
    folder: Folder = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of it.")] = False,
    since: Annotated[str, typer.Option("--since", help="Only drops received since: 7d, 12h or a date.")] = "",
    partner: Annotated[str, typer.Option("--partner", help="Only drops of this partner.")] = "",
    rule: Annotated[str, typer.Option("--rule", help="Only drops that this rule refused something of.")] = "",
    why: Annotated[str, typer.Option("--why", help="The reason, for the journal.")] = "",
    mapping: Annotated[
        str, typer.Option("--mapping", help="A mapping version that was in force once, instead of the one of today.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Judge kept files again with the tables of today; held drops go on. Nothing is delivered twice."""
    from gateway.commands.replay import replay as judge

    site, now, ordered = load_site(folder), datetime.now(UTC), False
    possible = False
    for one in judge(site, what, now, since=since, partner=partner, rule=rule, dry=dry_run, why=why, mapping=mapping):
        ordered = ordered or "ordered" in one
        possible = possible or ("now" in one and "error" not in one["now"])
        if as_json:
            print(json.dumps(one, ensure_ascii=False))
            continue
        before = one["before"]
        head = f"{one['receipt']}  {plain(one['file'])}  {before['state']}: {before['accepted']} of {before['found']} accepted"
        if "sends" in one.get("now", {}):
            number = one["now"]["sends"]
            out(
                f"{head}; it was judged before: {number} file{'s' if number != 1 else ''} that could not be sent would be"
            )
        elif "now" in one and "error" not in one["now"]:
            after = one["now"]
            rules = ", ".join(f"{rule} {times}" for rule, times in after["rules"].items())
            nothing = after["duplicate"] and not after["accepted"] and not after["rejected"]
            said = f"would be {'nothing new' if nothing else after['verdict']}: {after['accepted']} delivered, {after['rejected']} refused, {after['duplicate']} delivered before"
            out(f"{head}; {said}{f' ({rules})' if rules else ''}")
        else:
            said = one.get("refused") or one.get("now", {}).get("error") or f"ordered, receipt {one.get('ordered')}"
            out(f"{head}; {said}")
    if not as_json and (possible or ordered):
        options = {"--since": since, "--partner": partner, "--rule": rule, "--why": why, "--mapping": mapping}
        given = [word for option, value in options.items() if value for word in (option, value)]
        _next(site, folder, f"{command('gateway', 'replay', what, folder, *given)} orders it." if dry_run else "")


def claim(
    receipt: Annotated[
        str, typer.Argument(help="The drop whose claim.json cannot be read; the alert DROP-CLAIM names it.")
    ],
    folder: Folder = Path(),
    partner: Annotated[str, typer.Option("--partner", help="Whose file it is.")] = "",
    file: Annotated[str, typer.Option("--file", help="Its name; the answers are named after it.")] = "",
    why: Annotated[str, typer.Option("--why", help="The reason, for the journal.")] = "",
) -> None:
    """Write the claim of a received file anew, so that it and the later files of its partner go on."""
    from gateway.commands.claiming import order_claim

    site = load_site(folder)
    given = order_claim(site, receipt, partner, file, why)
    out(f"{receipt}: {plain(given.file)} of {given.partner}")
    _next(site, folder, "")


def backup(
    target: Annotated[Path, typer.Argument(help="A new folder for the copy.")],
    folder: Folder = Path(),
    check: Annotated[bool, typer.Option("--check", help="Read the copy again and check every promise on it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy the state folder while the gateway works: a copy that fits together and can be put in its place."""
    from gateway.commands.backup import make_backup

    done = make_backup(state_site(folder)[0], target, check=check)
    if as_json:
        print(json.dumps(done))
    else:
        out(f"wrote {target}: {done['drops']} drops, {done['files']} files, {done['bytes']} bytes")
        for problem in done.get("problems", ()):
            out(f"{problem['rule']}  {problem['subject']}: {problem['message']}")
        out("next: keep the profile folder and the key files too; docs/operations.md says how to restore.")
    raise typer.Exit(1 if done.get("problems") else 0)


def load_ledger(
    copy: Annotated[Path, typer.Argument(help="The ledger file of a backup: ledger.sqlite.")],
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Fill an empty ledger (PostgreSQL) from the ledger file of a backup, while the gateway stands still."""
    from gateway.commands.backup import load_ledger

    rows = load_ledger(load_site(folder), copy)
    if as_json:
        print(json.dumps({"rows": rows}))
        return
    out(f"loaded {rows} rows")
    out(f"next: {command('gateway', 'verify', folder)}")


@archive_app.command("show")
def show(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Tell what is older than the settings and would be removed; removes nothing."""
    from gateway.commands.archive import overview

    found = overview(state_site(folder)[0], datetime.now(UTC))
    if as_json:
        print(json.dumps(found))
        return
    for name, one in found["classes"].items():
        kept = f"kept {_counted(one['days'], 'day')}" if one["days"] else "kept for ever"
        files = f"{_counted(one['files'], 'file')}, {_counted(one['bytes'], 'byte')}"
        amount = _counted(one["rows"], "row") if name == "persons" else files
        oldest = f", the oldest of {one['oldest']}" if one["oldest"] else ""
        out(f"{name:<10} {kept}; {amount} may go{oldest}")
    for receipt in found["held"]:
        out(f"on hold    {receipt}")
    if any(one["days"] for one in found["classes"].values()):
        clean = command("gateway", "archive", "clean", folder)
        out(f"next: {clean} removes it now; a running gateway does so once a day.")
    else:
        out("next: nothing is ever removed; [retention] of gateway.toml says how many days what is kept.")


@archive_app.command("clean")
def clean(folder: Folder = Path()) -> None:
    """Remove what is older than the settings; the journal keeps names, sizes and hashes of what went."""
    from gateway.commands.archive import order_removal

    site, _ = state_site(folder)
    order_removal(site)
    _next(site, folder, "")


@archive_app.command("seal")
def seal(folder: Folder = Path()) -> None:
    """Seal what was kept before encryption was set up, with the first key of key_files."""
    from gateway.commands.archive import order_sealing

    site, _ = state_site(folder)
    order_sealing(site)
    _next(site, folder, "")


@archive_app.command("hold")
def hold(
    receipt: Annotated[str, typer.Argument(help="The drop to keep.")],
    folder: Folder = Path(),
    why: Annotated[str, typer.Option("--why", help="The reason; it stands in the journal.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="End the hold.")] = False,
) -> None:
    """Keep a drop whatever its age (legal hold), until it is lifted."""
    from gateway.commands.archive import order_hold

    site, _ = state_site(folder)
    order_hold(site, receipt, why, lift=lift)
    _next(site, folder, "")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _next(site: Site, folder: Path, said: str) -> None:
    from gateway.commands.replay import is_serving

    if said:
        out(f"next: {said}")
    elif is_serving(site.settings.state_dir):
        out(f"next: the gateway does it within seconds; {command('gateway', 'status', folder)}")
    else:
        out(f"next: {command('gateway', 'serve', folder)} does it when it starts; no gateway is running.")
