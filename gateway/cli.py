"""The commands, one function each; what they do lives in gateway.commands and gateway.check.

Exit codes: 0 everything accepted, 1 something refused or differing, 2 bad use or bad configuration, 3 quarantined.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from gateway import __version__
from gateway.check import Checker, run_cases
from gateway.cli_archive import archive_app, replay
from gateway.cli_common import AsJson, AsOf, PartnerName, ProfileDir, err, moment_of, out, plain, site_of
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
app.command()(replay)
app.command()(extract)

_RANK = {"accept": 0, "accept_with_warnings": 0, "partial": 1, "reject": 1, "quarantine": 3}


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
        raise


@app.command()
def version() -> None:
    """Print the version."""
    out.print(f"gateway {__version__}")


@app.command()
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
    from gateway.commands.unwrapping import opened

    if cases is not None:
        raise typer.Exit(_check_cases(cases, profile, as_json, only))
    if not paths:
        raise GatewayError("No file was named.", "gateway check FILE ... or gateway check --cases CASES.jsonl")
    site, moment, worst = site_of(profile, partner), moment_of(as_of), 0
    files = [f for p in paths for f in (sorted(x for x in p.rglob("*") if x.is_file()) if p.is_dir() else [p])]
    for file in files:
        if not file.is_file():
            raise GatewayError(f"{file} is not there.", "Check the path.")
        with opened(file, site) as members:
            for name, path in members:
                result = Checker(site, moment, progress=sys.stderr.isatty()).file(path, name)
                worst = max(worst, _RANK[result["verdict"]])
                if as_json:
                    print(json.dumps(result, ensure_ascii=False, separators=(",", ":")))
                else:
                    _show(result)
    if not as_json and worst:
        out.print("next: mend what is marked error, then run gateway check again; gateway explain RULE tells more.")
    raise typer.Exit(worst)


def _show(result: dict[str, Any]) -> None:
    counts = result["shipments"]
    colour = {"accept": "green", "accept_with_warnings": "green", "partial": "yellow"}.get(result["verdict"], "red")
    out.print(
        f"[bold]{plain(result['file'])}[/]  {result['format']}  [{colour}]{result['verdict']}[/]  shipments {counts['found']}: {counts['accepted']} accepted, {counts['rejected']} rejected, {counts['duplicate']} duplicate"
    )
    for finding in result["findings"]:
        where = ", ".join(
            part
            for part in (
                f"shipment {finding['shipment']}" if finding["shipment"] else "",
                f"line {finding['line']}" if finding["line"] else "",
                f"byte {finding['offset']}" if finding["offset"] is not None else "",
                f"{finding['segment']}-{finding['element']:02d}" if finding["segment"] and finding["element"] else finding["segment"],
            )
            if part
        )  # fmt: skip
        out.print(f"  {finding['severity']:<7} {finding['rule']}  {where}", markup=False)
        out.print(f"          {plain(finding['message'])}", markup=False)
        if finding["fix"] and finding["severity"] != "info":
            out.print(f"          mend: {plain(finding['fix'])}", markup=False)


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
            out.print(f"{case['id']} ({case['basis']}, {case['kind']}): {'; '.join(differences)}", markup=False)
    err.print(f"{total} cases, {total - differing} as expected, {differing} differ")
    return 1 if differing else 0


@app.command()
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
        out.print(
            f"{result['file']}: {result['verdict']}, {counts['accepted']} of {counts['found']} shipments accepted"
        )
        for name in result["written"]:
            out.print(f"  {output / name}", markup=False)
        out.print(
            f"next: gateway check {file} shows each finding with its mend."
            if counts["rejected"]
            else "next: gateway serve DIR takes such files over SFTP.",
            markup=False,
        )
    raise typer.Exit(_RANK[result["verdict"]])


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="A profile folder as `gateway demo init` writes it.")],
    port: Annotated[int | None, typer.Option(help="SFTP port; 0 takes a free one. Default: gateway.toml.")] = None,
) -> None:
    """Take files over SFTP, translate, deliver and answer them until SIGTERM."""
    from gateway.commands.serving import Gateway
    from gateway.shell.log import configure

    configure(sys.stderr)
    site = load_site(folder)
    site.check_tables()
    gateway = Gateway(site, port=port)
    gateway.port = gateway.server.start()
    account = gateway.accounts[0] if gateway.accounts else "ACCOUNT"
    out.print(f"SFTP    127.0.0.1:{gateway.port}  accounts: {', '.join(gateway.accounts) or 'none (no keys)'}")
    out.print(f"host key {gateway.server.fingerprint}", markup=False)
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


@app.command()
def status(
    folder: Annotated[Path, typer.Argument(help="The profile folder.")] = Path(),
    as_json: AsJson = False,
    newest: Annotated[int, typer.Option(help="How many drops.")] = 50,
) -> None:
    """List the drops: one line per file."""
    from gateway.commands.reloading import last_change
    from gateway.commands.status import drops

    site = load_site(folder)
    rows = drops(site, newest)
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    counts = {"found": "found", "accepted": "acc", "rejected": "rej", "duplicate": "dup"}
    counts |= {name: name for name in ("joined", "waiting") if any(row[name] for row in rows)}
    table = Table("receipt", "partner", "file", "state", "verdict", *counts.values(), "answers")
    for row in rows:
        stem = f"{row['file']}."
        answers = " ".join(a.removeprefix(stem) for a in row["answers"])
        table.add_row(
            row["receipt"],
            row["partner"],
            plain(row["file"]),
            row["state"],
            row["verdict"],
            *(str(row[name]) for name in counts),
            answers,
        )
    out.print(table)
    change = last_change(site.settings.state_dir)
    if change.get("fault"):
        out.print(
            f"profile: a change was not taken, the tables of {change['loaded_at']} work on: {change['fault']}",
            markup=False,
        )
    out.print(f"next: gateway explain {rows[0]['receipt'] if rows else 'RECEIPT'} {folder}", markup=False)


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


@app.command()
def report(
    partner: Annotated[str, typer.Argument(help="Name of the partner.")],
    folder: Annotated[Path, typer.Argument(help="The profile folder.")] = Path(),
    since: Annotated[str, typer.Option("--since", help="7d, 12h or a date.")] = "7d",
    as_html: Annotated[Path | None, typer.Option("--html", help="Write one self-contained page here.")] = None,
    as_of: AsOf = "",
    as_json: AsJson = False,
) -> None:
    """Tell how good a partner's data is: reject rate by day and rule, and the three mends that would save most."""
    from datetime import UTC, datetime

    from gateway.commands.report import lines, page, quality

    found = quality(load_site(folder), partner, since, moment_of(as_of) or datetime.now(UTC))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    if as_html is not None:
        as_html.write_text(page(found), "utf-8")
        out.print(f"wrote {as_html}", markup=False)
        return
    for line in lines(found):
        out.print(line, markup=False)
    out.print(f"next: gateway guide {partner} --profile {folder} tells the partner what is asked.", markup=False)


@app.command()
def doctor(
    folder: Annotated[Path, typer.Argument(help="The profile folder.")] = Path(),
    remote: Annotated[
        bool, typer.Option("--remote", help="Also log in to the servers of partners and receiver.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at everything the installation needs: disks, rights, keys, clock, tables, ledger; name each mend."""
    from gateway.commands.doctor import doctor as examine
    from gateway.commands.doctor import facts_of

    bad = False
    for check in examine(folder, remote=remote):
        bad = bad or check.state == "error"
        if as_json:
            print(json.dumps(facts_of(check), ensure_ascii=False))
            continue
        out.print(f"{check.state:<8} {check.name}: {plain(check.said)}", markup=False)
        if check.mend:
            out.print(f"         mend: {plain(check.mend)}", markup=False)
    if not as_json:
        out.print("next: mend what is marked error." if bad else f"next: gateway serve {folder}", markup=False)
    raise typer.Exit(1 if bad else 0)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="The profile folder; its gateway must stand still.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Check that every promise was kept: nothing lost, nothing twice, never half a file, always an answer, books right."""
    from gateway.commands.status import verify_promises

    problems = verify_promises(load_site(folder))
    for problem in problems:
        if as_json:
            print(json.dumps(problem, ensure_ascii=False))
        else:
            out.print(f"{problem['rule']}  {plain(problem['subject'])}: {plain(problem['message'])}", markup=False)
    err.print(f"{len(problems)} broken promises" if problems else "every promise was kept")
    if problems and not as_json:
        out.print(f"next: gateway explain {problems[0]['rule']}", markup=False)
    raise typer.Exit(1 if problems else 0)


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="A receipt, a file name of the gateway, or a rule id.")] = "",
    folder: Annotated[Path, typer.Argument(help="The profile folder (for receipts).")] = Path(),
    as_json: AsJson = False,
    every: Annotated[bool, typer.Option("--all", help="All rules as a Markdown page (docs/rules.md).")] = False,
    as_html: Annotated[
        Path | None, typer.Option("--html", help="Write all that is known of a drop on one page.")
    ] = None,
) -> None:
    """Explain a receipt (every reject in plain words, with its mend) or a rule."""
    from gateway.catalogue import load_catalogue

    if every:
        from gateway.catalogue.page import rules_page

        print(rules_page(load_catalogue()), end="")
        return
    if not what:
        raise GatewayError("Nothing was named.", "gateway explain RECEIPT DIR, or gateway explain S321-VAL-800")
    rule = load_catalogue().get(what.upper())
    if rule is not None:
        out.print(load_catalogue().explain(what.upper()), markup=False)
        return
    from gateway.commands.explaining import lines
    from gateway.commands.status import explain_receipt

    facts = explain_receipt(load_site(folder), what)
    if as_html is not None:
        from gateway.commands.receipt_page import receipt_page

        as_html.write_text(receipt_page(load_site(folder), facts), "utf-8")
        out.print(f"wrote {as_html}", markup=False)
        return
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
        return
    for line in lines(facts):
        out.print(plain(line), markup=False)


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
