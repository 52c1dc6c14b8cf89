"""The commands that make and run a gateway: serve, onboard, guide, simulate-cbp, demo."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli_common import (
    AsJson,
    AsOf,
    ProfileDir,
    command,
    err,
    moment_of,
    out,
    plain,
    site_of,
    table,
    with_profile,
    write_page,
)
from gateway.site import load_site

_MANY = 5  # mappings of a guide: more than one carrier sends
demo_app = typer.Typer(help="A folder with everything needed to try the gateway.", no_args_is_help=True)


def serve(
    folder: Annotated[Path, typer.Argument(help="A profile folder as `gateway demo init` writes it.")],
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="SFTP port; 0 takes a free one. Default: gateway.toml.")
    ] = None,
) -> None:
    """Take files over SFTP, translate, deliver and answer them until SIGTERM."""
    from gateway.commands.reloading import load_to_serve
    from gateway.commands.serving import Gateway
    from gateway.shell.log import configure
    from gateway.shell.service import more_files
    from gateway.shell.signals import hang_up_later

    configure(sys.stderr)
    hang_up_later()
    more_files()
    site, seen = load_to_serve(folder)
    for left_over in site.unread:
        out(f"warning: {left_over.said} {left_over.mend}")
    gateway = Gateway(site, port=port, seen=seen)
    gateway.port = gateway.server.start()
    account = gateway.accounts[0] if gateway.accounts else "ACCOUNT"
    out(
        f"SFTP    {site.settings.sftp_host}:{gateway.port}  accounts: {', '.join(gateway.accounts) or 'none (no keys)'}"
    )
    out(f"host key {gateway.server.fingerprint}")
    if gateway.server.next_fingerprint:
        out(f"next host key {gateway.server.next_fingerprint} (announced)")
    out(f"out     {gateway.site.settings.out_dir}")
    key = folder / "keys" / account
    sample = folder / "samples" / "bad-309.edi"
    out(
        f"next: sftp -P {gateway.port} -i {key if key.is_file() else 'KEY'} {account}@127.0.0.1   then: put {sample if sample.is_file() else 'FILE'} in/"
    )
    sys.stdout.flush()
    gateway.run()


def onboard(
    samples: Annotated[list[Path], typer.Argument(help="Sample files of the new partner, all of one format.")],
    partner: Annotated[str, typer.Option(help="Name of the new partner: letters, digits, _.")],
    to: Annotated[Path, typer.Option(help="The profile folder; gateway.toml is made when it is not there.")],
    as_of: AsOf = "",
    as_json: AsJson = False,
) -> None:
    """Draft a partner from sample files: what was found, how sure it is, and what must still be asked."""
    from gateway.commands.onboard import onboard as draft_partner

    result = draft_partner(samples, partner, to, moment_of(as_of))
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    for name, value in result["facts"]:
        out(f"{name}: {plain(value)}")
    for guess in result["fields"]:
        where = plain(guess["where"])
        out(f"  {guess['confidence']:.2f}  {guess['field']:<38} {where:<34} {plain(guess['why'])}")
    for number, question in enumerate(result["questions"], 1):
        out(f"question {number}: {plain(question)}")
    for sample in result["samples"]:
        out(f"{plain(sample['file'])}: {sample['verdict']}, {sample['accepted']} of {sample['found']} accepted")
    for name in result["written"]:
        out(f"wrote {name}")
    first = samples[0]
    out(
        f"next: answer the questions in {to}/partners/{partner}.toml, then {command('gateway', 'check', first, *with_profile(to, partner))}"
    )


def guide(
    partner: Annotated[str, typer.Argument(help="Name of the partner.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The page to write.")] = Path("guide.html"),
    profile: ProfileDir = None,
    mapping: Annotated[
        list[str] | None, typer.Option(help="Only these mappings; default: those with rows of the partner.")
    ] = None,
) -> None:
    """Write the guide for a carrier: one page, made from the tables, codes, rules and acknowledgments in force."""
    from gateway.commands.guide import guide_page, mappings_of

    site = site_of(profile)
    told = mappings_of(site, partner, mapping or ())
    write_page(output, guide_page(site, partner, mapping or ()))
    out(f"wrote {output}")
    if len(told) > _MANY:
        again = command("gateway", "guide", partner, *with_profile(profile), "--mapping", "ID", "-o", output)
        out(
            f"It tells of {len(told)} mappings, {told[0].id} to {told[-1].id}: for those that the carrier sends, {again}"
        )
    out("next: send it to the carrier; write it again after each change of the tables.")


def simulate_cbp(
    folder: Annotated[Path, typer.Argument(help="The profile folder.")] = Path(),
    seed: Annotated[int, typer.Option(help="The same seed gives the same answers.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Play the receiver: answer the delivered shipments in the responses folder (release, hold, reject, silence)."""
    from datetime import UTC, datetime

    from gateway.commands.simulate import simulate

    result = simulate(load_site(folder), seed, datetime.now(UTC))
    if as_json:
        print(json.dumps(result))
        return
    out(f"{result['shipments']} shipments in {result['files']} files, {result['responses']} responses")
    out(f"wrote {result['written']}" if result["written"] else "nothing new to answer")
    out(f"next: {command('gateway', 'status', folder)} shows what became of it.")


@demo_app.command("init")
def demo_init(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Write a profile folder with keys, a partner, and sample files."""
    from gateway.commands.demo import init

    names = init(folder)
    out(f"wrote {folder}: gateway.toml, partners/, keys/, samples/ ({len(names)} files)")
    out(f"next: {command('gateway', 'serve', folder)}")


@demo_app.command("run")
def demo_run(
    folder: Annotated[Path, typer.Argument(help="A folder; made by init when it is not there.")],
    as_json: AsJson = False,
) -> None:
    """Serve the folder, drop its samples over SFTP as the carrier would, and show what comes back."""
    from gateway.commands.demo import init
    from gateway.commands.demo import run as run_demo

    if not folder.exists() or not any(folder.iterdir()):
        init(folder)
    rows = run_demo(folder, err if as_json else out)
    if as_json:
        for row in rows:
            print(json.dumps(row.facts(), ensure_ascii=False))
        raise typer.Exit(0 if all(row.result is not None for row in rows) else 1)
    columns = ("file", "format", "found", "accepted", "rejected", "verdict", "answers", "delivered")
    table(columns, map(_demo_row, rows))
    out(f"answers: {folder}/drop/northtest/ack and reject   canonical JSON: {folder}/out")
    out(f"next: {command('gateway', 'status', folder)}")
    raise typer.Exit(0 if all(row.result is not None for row in rows) else 1)


def _demo_row(row: Any) -> tuple[str, ...]:
    r = row.result
    if r is None:
        return (row.file, "", "", "", "", "no answer", "", "")
    counts = (str(r.found), str(r.accepted), str(r.rejected))
    return (row.file, row.format, *counts, r.verdict, " ".join(row.acks), "\n".join(row.delivered))
