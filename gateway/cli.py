"""The commands, one function each; what they do lives in gateway.commands and gateway.check.

Exit codes: 0 everything accepted, 1 something refused or differing, 2 bad use or bad configuration, 3 quarantined, 4 a fault of ours.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gateway import __version__
from gateway.cli_archive import archive_app, backup, replay
from gateway.cli_check import check, translate
from gateway.cli_common import AsJson, AsOf, ProfileDir, err, moment_of, out, plain, site_of
from gateway.cli_config import config_app
from gateway.cli_look import doctor, explain, report, status, verify
from gateway.cli_mapping import mapping_app
from gateway.commands.extract import extract
from gateway.errors import GatewayError
from gateway.site import load_site

app = typer.Typer(
    help="The Section 321 gateway: carriers' EDI in, canonical advance data and acknowledgments out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
demo_app = typer.Typer(help="A folder with everything needed to try the gateway.", no_args_is_help=True)
app.add_typer(demo_app, name="demo")
app.add_typer(mapping_app, name="mapping")
app.add_typer(archive_app, name="archive")
app.add_typer(config_app, name="config")
for _command in (check, translate, status, explain, verify, doctor, report, replay, backup, extract):
    app.command()(_command)


def run() -> None:
    """Run the command line; every error of use ends with what to do, never with a traceback."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except GatewayError as error:
        err.print(f"[bold red]error:[/] {error.message}", markup=True)
        if error.advice:
            err.print(f"  mend: {error.advice}", markup=False)
        sys.exit(2)
    except typer.Exit as leave:
        sys.exit(leave.exit_code)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if error.__class__.__module__.startswith(("click", "typer")):
            error.show() if hasattr(error, "show") else err.print(str(error))
            sys.exit(2)
        if isinstance(error, OSError):
            err.print(f"error: {error.strerror}: {error.filename}", markup=False)
            err.print("  mend: check the path and its permissions.")
            sys.exit(2)
        if os.environ.get("GATEWAY_TRACE"):
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = f"error: a fault of the gateway itself ({type(error).__name__}, {Path(where.filename).name} line {where.lineno})"
        err.print(said, markup=False)
        err.print(
            "  mend: report it; GATEWAY_TRACE=1 before the command shows where it is, and may show data of the file."
        )
        sys.exit(4)


@app.command()
def version() -> None:
    """Print the version."""
    out.print(f"gateway {__version__}")


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="A profile folder as `gateway demo init` writes it.")],
    port: Annotated[int | None, typer.Option(help="SFTP port; 0 takes a free one. Default: gateway.toml.")] = None,
) -> None:
    """Take files over SFTP, translate, deliver and answer them until SIGTERM."""
    from gateway.commands.serving import Gateway
    from gateway.shell.log import configure

    configure(sys.stderr)
    site = load_site(folder, starting=True)
    site.check_tables()
    gateway = Gateway(site, port=port)
    gateway.port = gateway.server.start()
    account = gateway.accounts[0] if gateway.accounts else "ACCOUNT"
    out.print(f"SFTP    127.0.0.1:{gateway.port}  accounts: {', '.join(gateway.accounts) or 'none (no keys)'}")
    out.print(f"host key {gateway.server.fingerprint}", markup=False)
    if gateway.server.next_fingerprint:
        out.print(f"next host key {gateway.server.next_fingerprint} (announced)", markup=False)
    out.print(f"out     {gateway.site.settings.out_dir}", markup=False)
    out.print(
        f"next: sftp -P {gateway.port} -i {folder}/keys/{account} {account}@127.0.0.1   then: put {folder}/samples/bad-309.edi in/",
        markup=False,
    )
    sys.stdout.flush()
    gateway.run()


@app.command()
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
        out.print(f"{name}: {plain(value)}", markup=False)
    for guess in result["fields"]:
        where = plain(guess["where"])
        out.print(f"  {guess['confidence']:.2f}  {guess['field']:<38} {where:<34} {plain(guess['why'])}", markup=False)
    for number, question in enumerate(result["questions"], 1):
        out.print(f"question {number}: {plain(question)}", markup=False)
    for sample in result["samples"]:
        out.print(
            f"{plain(sample['file'])}: {sample['verdict']}, {sample['accepted']} of {sample['found']} accepted",
            markup=False,
        )
    for name in result["written"]:
        out.print(f"wrote {name}", markup=False)
    first = samples[0]
    out.print(
        f"next: answer the questions in {to}/partners/{partner}.toml, then gateway check {first} --profile {to} --partner {partner}",
        markup=False,
    )


@app.command()
def guide(
    partner: Annotated[str, typer.Argument(help="Name of the partner.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The page to write.")] = Path("guide.html"),
    profile: ProfileDir = None,
    mapping: Annotated[
        list[str] | None, typer.Option(help="Only these mappings; default: those with rows of the partner.")
    ] = None,
) -> None:
    """Write the guide for a carrier: one page, made from the tables, codes, rules and acknowledgments in force."""
    from gateway.commands.guide import guide_page

    output.write_text(guide_page(site_of(profile), partner, mapping or ()), "utf-8")
    out.print(f"wrote {output}", markup=False)
    out.print("next: send it to the carrier; write it again after each change of the tables.", markup=False)


@app.command("simulate-cbp")
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
    out.print(
        f"{result['shipments']} shipments in {result['files']} files, {result['responses']} responses", markup=False
    )
    out.print(f"wrote {result['written']}" if result["written"] else "nothing new to answer", markup=False)
    out.print(f"next: gateway status {folder} shows what became of it.", markup=False)


@demo_app.command("init")
def demo_init(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Write a profile folder with keys, a partner, and sample files."""
    from gateway.commands.demo import init

    names = init(folder)
    out.print(f"wrote {folder}: gateway.toml, partners/, keys/, samples/ ({len(names)} files)", markup=False)
    out.print(f"next: gateway serve {folder}", markup=False)


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
    rows = run_demo(folder, err.print if as_json else out.print)
    if as_json:
        for row in rows:
            print(json.dumps(row.facts(), ensure_ascii=False))
        raise typer.Exit(0 if all(row.result is not None for row in rows) else 1)
    table = Table("file", "format", "found", "accepted", "rejected", "verdict", "answers", "delivered")
    for row in rows:
        r = row.result
        if r is None:
            table.add_row(row.file, "", "", "", "", "no answer", "", "")
            continue
        table.add_row(
            row.file,
            row.format,
            str(r.found),
            str(r.accepted),
            str(r.rejected),
            r.verdict,
            " ".join(row.acks),
            "\n".join(row.delivered),
        )
    out.print(table)
    out.print(f"answers: {folder}/drop/northtest/ack and reject   canonical JSON: {folder}/out", markup=False)
    out.print(f"next: gateway status {folder}", markup=False)
    raise typer.Exit(0 if all(row.result is not None for row in rows) else 1)
