"""The commands that look at a gateway's folders: status, explain, report, doctor, verify."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli_common import AsJson, AsOf, command, err, moment_of, out, plain, table, write_page
from gateway.errors import ConfigError, GatewayError, NotNowError, did_you_mean
from gateway.site import load_site, state_site


def status(
    folder: Annotated[Path, typer.Argument(help="The profile folder.")] = Path(),
    as_json: AsJson = False,
    newest: Annotated[int, typer.Option(min=1, help="How many drops.")] = 50,
) -> None:
    """List the drops: one line per file."""
    from gateway.commands.reloading import last_change
    from gateway.commands.status import drops
    from gateway.commands.taken import unreadable

    site, broken = state_site(folder)
    rows = drops(site, newest)
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    counts = {"found": "found", "accepted": "acc", "rejected": "rej", "duplicate": "dup"}
    counts |= {name: name for name in ("joined", "waiting") if any(row[name] for row in rows)}
    columns = ("receipt", "partner", "file", "state", "verdict", *counts.values(), "answers")
    table(columns, (_status_row(row, counts) for row in rows))
    for row in rows:
        if row["why"]:
            out(f"{row['receipt']} waits: {plain(row['why'])}")
    for one in unreadable(site):
        claim = command("gateway", "claim", one.receipt, folder, "--partner", one.partner or "NAME", "--file", "FILE")
        mend = claim if one.claim else "put it back from a backup, or give the gateway's user the right to read it."
        out(f"{one.receipt} waits: {one.said()}. If it stays so: {mend}")
    change = last_change(site.settings.state_dir)
    if change.get("fault"):
        out(f"profile: a change was not taken, the tables of {change['loaded_at']} work on: {change['fault']}")
    elif broken:
        out(f"profile: it cannot be read as it is now; a gateway that runs works on, it does not start again: {broken}")
    out(f"next: {command('gateway', 'explain', _next_receipt(rows), folder)}" if rows else "next: drop a file.")


def _next_receipt(rows: list[dict[str, Any]]) -> str:
    """Return the receipt to look at: of the newest drop that something was refused of or that is not finished, else the newest."""
    begun = [row for row in rows if row["state"] != "claimed"]
    open_ones = [row for row in begun if row["rejected"] or row["state"] not in ("done", "duplicate")]
    return str((open_ones or begun or rows)[-1]["receipt"])


def _status_row(row: dict[str, Any], counts: Iterable[str]) -> list[str]:
    answers = " ".join(a.removeprefix(f"{row['file']}.") for a in row["answers"])
    said = [row["receipt"], row["partner"], plain(row["file"]), row["state"], row["verdict"]]
    return [*said, *(str(row[name]) for name in counts), answers]


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
        write_page(as_html, page(found))
        out(f"wrote {as_html}")
        return
    for line in lines(found):
        out(line)
    out(f"next: {command('gateway', 'guide', partner, '--profile', folder)} tells the partner what is asked.")


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
        out(f"{check.state:<8} {check.name}: {plain(check.said)}")
        if check.mend:
            out(f"         mend: {plain(check.mend)}")
    if not as_json:
        out("next: mend what is marked error." if bad else f"next: {command('gateway', 'serve', folder)}")
    raise typer.Exit(1 if bad else 0)


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
            out(f"{problem['rule']}  {plain(problem['subject'])}: {plain(problem['message'])}")
    err(f"{len(problems)} broken promises" if problems else "every promise was kept")
    if problems and not as_json:
        out(f"next: gateway explain {problems[0]['rule']}")
    raise typer.Exit(1 if problems else 0)


def explain(
    what: Annotated[
        str,
        typer.Argument(
            help="A receipt, a file name, a number of a shipment (house bill, tracking, master), or a rule id."
        ),
    ] = "",
    folder: Annotated[Path, typer.Argument(help="The profile folder (for receipts).")] = Path(),
    as_json: AsJson = False,
    every: Annotated[bool, typer.Option("--all", help="All rules as a Markdown page (docs/rules.md).")] = False,
    as_html: Annotated[
        Path | None, typer.Option("--html", help="Write all that is known of a drop on one page.")
    ] = None,
) -> None:
    """Explain a receipt (every reject in plain words, with its mend) or a rule."""
    from gateway.catalogue import load_catalogue

    rule = load_catalogue().get(what.upper())
    if (every or rule is not None) and (as_json or as_html is not None):
        raise GatewayError(
            "A rule is told in words only.", "--json and --html are for a receipt, a file or a shipment."
        )
    if every:
        from gateway.catalogue.page import rules_page

        print(rules_page(load_catalogue()), end="")
        return
    if not what:
        raise GatewayError("Nothing was named.", "gateway explain RECEIPT DIR, or gateway explain S321-VAL-800")
    if rule is not None:
        out(load_catalogue().explain(what.upper()))
        return
    from gateway.commands.explaining import lines
    from gateway.commands.status import explain_receipt

    if not (folder / "gateway.toml").is_file():
        rules = [known.rule for known in load_catalogue()]
        advice = did_you_mean(what.upper(), rules, "Name the folder of the receipt: gateway explain RECEIPT DIR.")
        raise GatewayError(f"{what} is no rule, and {folder} is no profile folder.", advice)
    site, _ = state_site(folder)
    try:
        facts = explain_receipt(site, what)
    except NotNowError:
        raise
    except ConfigError as error:
        rules = [known.rule for known in load_catalogue()]
        raise ConfigError(error.message, did_you_mean(what.upper(), rules, error.advice)) from None
    if as_html is not None and "matches" not in facts:
        from gateway.commands.receipt_page import receipt_page

        write_page(as_html, receipt_page(site, facts))
        out(f"wrote {as_html}")
        return
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
        return
    for line in lines(facts, command(folder)):
        out(plain(line))
