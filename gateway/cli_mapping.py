"""The `gateway mapping` commands: one function each; what they do lives in gateway.commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.canonical.model import fields_of
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
    write_page,
)
from gateway.errors import GatewayError, did_you_mean
from gateway.site import base_mappings, load_site

mapping_app = typer.Typer(
    help="Mapping tables: check, show, trace, test, cover, diff, and the way to Excel and back.", no_args_is_help=True
)


@mapping_app.command("check")
def mapping_check(profile: ProfileDir = None, as_json: AsJson = False) -> None:
    """Look for faults in all mapping tables and run their examples."""
    from gateway.commands.mapping import check_all

    if profile is not None and not profile.is_dir():
        raise GatewayError(f"{profile} is no folder.", "Name the profile folder.")
    faults = check_all(profile)
    for fault in faults:
        if as_json:
            print(json.dumps(fault))
        else:
            out(
                f"{fault['severity']:<7} {fault['code']}  {fault['file']}:{fault['line']} {fault['column']}: {fault['message']}"
            )
            if fault["advice"]:
                out(f"          mend: {fault['advice']}")
    errors = sum(f["severity"] == "error" for f in faults)
    if profile is not None and not errors and (profile / "gateway.toml").is_file():
        load_site(profile).check_tables()  # what serve would refuse: keys of its files, the tables as they are in force
    err(f"{errors} errors, {len(faults) - errors} warnings")
    raise typer.Exit(1 if errors else 0)


@mapping_app.command("show")
def mapping_show(
    mapping: Annotated[str, typer.Argument(help="Mapping id, e.g. x12_309_truck.")],
    profile: ProfileDir = None,
    partner: str = "",
) -> None:
    """Print a mapping table as it is in force for a partner, overrides merged."""
    from gateway.commands.mapping import show

    if partner and profile is None:
        raise GatewayError("--partner needs --profile.", "Name the profile folder.")
    for line in show(mapping, profile, partner):
        print(line)


@mapping_app.command("trace")
def mapping_trace(
    file: Annotated[Path, typer.Argument(help="The file to trace.")],
    shipment: Annotated[str, typer.Option(help="Only this shipment: house bill, tracking number or shipment id.")] = "",
    field: Annotated[str, typer.Option(help="Only canonical fields that start with this.")] = "",
    profile: ProfileDir = None,
    as_json: AsJson = False,
    partner: PartnerName = "",
) -> None:
    """Show for each canonical value the bytes it was read from and the mapping row that read it."""
    from gateway.commands.mapping import trace

    shown = 0
    for step in trace(file, site_of(profile, partner), shipment, field):
        shown += 1
        if as_json:
            print(json.dumps(step, ensure_ascii=False))
        else:
            out(
                f'{step["shipment"]}  {step["pointer"]} = {plain(str(step["value"]))}  <- {step["place"]}  bytes {step["offset"]}+{step["length"]} "{plain(step["raw"])}"  {step["row"]}'
            )
    if field and not shown:
        raise _no_field(field)


def _no_field(field: str) -> GatewayError:
    known, first, otherwise = fields_of("shipment"), field.partition(".")[0], "Without --field all values are shown."
    if first in known:
        return GatewayError(f"No shipment of the file has a value for {field}.", otherwise)
    every = [*known, *(f"items.{name}" for name in fields_of("item"))]
    advice = f"Did you mean items.{field}?" if first in fields_of("item") else did_you_mean(field, every, otherwise)
    return GatewayError(f"{field} is no field of a shipment.", advice)


@mapping_app.command("test")
def mapping_test(
    mapping: Annotated[str, typer.Argument(help="Only this mapping id.")] = "",
    profile: ProfileDir = None,
    update: Annotated[bool, typer.Option("--update", help="Show what changed, then write it as expected.")] = False,
    as_json: AsJson = False,
    partner: Annotated[str, typer.Option("--partner", help="With --profile: only this partner's tables.")] = "",
) -> None:
    """Run the examples of the mapping tables: those of the rows, and the whole files; with --profile those of the partners' own rows too."""
    from gateway.commands.mapping_tools import run_tests

    if partner and profile is None:
        raise GatewayError("--partner needs --profile.", "Name the profile folder.")
    failed = 0
    site = site_of(profile, partner) if profile is not None else None
    for result in run_tests(site, mapping, update=update):
        failed += not result["ok"]
        if as_json:
            print(json.dumps(result, ensure_ascii=False))
            continue
        state = "ok" if result["ok"] and not result["detail"] else "written" if result["ok"] else "FAILED"
        whose = f" ({result['partner']})" if result["partner"] else ""
        out(f"{state:<8} {result['mapping']}{whose}  {result['example']}")
        for line in result["detail"]:
            out(f"         {plain(line)}")
    err(f"{failed} failed" if failed else "all examples hold")
    if failed and not as_json:
        out("next: correct the row or the example; gateway mapping test --update writes the new result")
    raise typer.Exit(1 if failed else 0)


@mapping_app.command("cover")
def mapping_cover(
    files: Annotated[list[Path], typer.Argument(help="Files of a partner.")],
    profile: ProfileDir = None,
    as_html: Annotated[Path | None, typer.Option("--html", help="Write one self-contained page here.")] = None,
    as_json: AsJson = False,
    partner: PartnerName = "",
) -> None:
    """Show what the tables leave: source elements that no row reads, rows that never gave a value."""
    from gateway.commands.mapping_tools import cover, cover_page

    rows = cover(files, site_of(profile, partner))
    if as_html is not None:
        write_page(as_html, cover_page(rows))
        out(f"wrote {as_html}")
        return
    for row in rows:
        if as_json:
            print(json.dumps(row, ensure_ascii=False))
            continue
        out(f"{row['mapping']}: {row['units']} shipments")
        for u in row["unread"]:
            out(f"  unread  {u['place']:<24} {u['count']:>6} times  {plain(u['sample'])}")
        for c in row["codes"]:
            out(f"  code    {plain(c['code']):<24} {c['count']:>6} times  has no entry in codes/{c['table']}.csv")
        for s in row["sourceless"]:
            out(f"  empty   {s['target']:<24} is required and filled by no row and no constant")
        for r in row["silent"]:
            out(f"  silent  {r['row']:<34} {r['level']}.{r['target']} <- {r['source']}")
    if not as_json:
        out("next: add a row for what is needed; gateway mapping trace FILE shows what each row reads.")


@mapping_app.command("export")
def mapping_export(
    mapping: Annotated[
        str, typer.Argument(help="Mapping id or code table, or the CSV file of a partner's rows or codes.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The workbook to write (.xlsx).")],
    profile: ProfileDir = None,
    partner: Annotated[
        str,
        typer.Option(
            "--partner", help="With --profile: whose table; a name is needed where several have rows of their own."
        ),
    ] = "",
) -> None:
    """Write a mapping table as an Excel workbook: text cells, locked header, drop-downs; with --profile as it is in force for a partner."""
    from gateway.commands.mapping import table_bytes
    from gateway.commands.mapping_own import table_in_force
    from gateway.workbook import export_table

    if partner and profile is None:
        raise GatewayError("--partner needs --profile.", "Name the profile folder.")
    if output.suffix.lower() != ".xlsx":
        raise GatewayError(
            f'"{output.name}" is no name of a workbook.', f"Write -o {output.with_suffix('.xlsx').name}."
        )
    if output.exists():
        raise GatewayError(
            f"{output} is there already; it may have been edited.", "Name another file, or move it away."
        )
    data, whose = (table_bytes(mapping), "") if profile is None else table_in_force(mapping, profile, partner)
    rows = export_table(data, mapping, output)
    out(f"wrote {output}: {rows} rows{f', as in force for {whose}' if whose else ''}")
    if whose:
        place = (profile or Path()) / "partners" / whose / f"{mapping}.csv"
        out(f"next: edit it, then {command('gateway', 'mapping', 'import', output, '--over', mapping, '-o', place)}")
    else:
        own = (profile or Path()) / "mappings" / mapping / "map.csv"
        place = own if profile is not None and own.is_file() else _place_of(mapping)
        out(f"next: edit it, then {command('gateway', 'mapping', 'import', output, '-o', place)}")


def _place_of(mapping: str) -> Path:
    """Return where an edited table goes: to the file that it was, else beside the rows that it is for."""
    if Path(mapping).is_file():
        return Path(mapping)
    return (
        Path("codes", f"{mapping}.csv") if (base_mappings() / "codes" / f"{mapping}.csv").is_file() else Path("map.csv")
    )


@mapping_app.command("import")
def mapping_import(
    workbook: Annotated[Path, typer.Argument(help="A workbook that mapping export wrote.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The CSV to write.")],
    over: Annotated[
        str, typer.Option("--over", help="Mapping id: write only what differs from it, the rows of a partner.")
    ] = "",
    profile: ProfileDir = None,
) -> None:
    """Turn an edited workbook back into a mapping table; what Excel damaged is refused with its cell."""
    from gateway.commands.mapping_own import own_rows, whole_levels
    from gateway.workbook import import_table, of_codes

    data = import_table(workbook)
    if over and of_codes(data):
        raise GatewayError(f"{workbook.name} holds codes, and no rows of a mapping.", "Leave --over out: a partner's code table replaces the whole table.")  # fmt: skip
    if over:
        data, rows = own_rows(data, over, profile)
        out(f"{rows} rows differ from {over}")
        for level in whole_levels(data):
            out(
                f"level {level} is written whole, since its rows form several blocks: later changes of {over} there do not reach it"
            )
    output.write_bytes(data)
    out(f"wrote {output}")
    home = output.absolute().parent.parent
    named = profile or (output.parent.parent.parent if home.name == "partners" else None)
    out(f"next: {command('gateway', 'mapping', 'check', *with_profile(named))}")


@mapping_app.command("versions")
def mapping_versions(
    folder: Annotated[Path, typer.Argument(help="The profile folder.")] = Path(), as_json: AsJson = False
) -> None:
    """List the versions of mapping tables that are kept for `gateway replay --mapping`."""
    from gateway.commands.versions import listed
    from gateway.site import load_site

    for one in listed(load_site(folder)):
        if as_json:
            print(json.dumps(one))
            continue
        until = f"until {one['last_at'][:19]}Z" if one["last_at"] else "in force"
        whose = f"  {', '.join(one['partners'])}" if one["partners"] else ""
        out(f"{one['version']}  {one['mapping']:<26} from {one['first_at'][:19]}Z {until}{whose}")
    if not as_json:
        out(f"next: {command('gateway', 'replay', 'RECEIPT', folder, '--mapping', 'VERSION', '--dry-run')}")


@mapping_app.command("diff")
def mapping_diff(
    new: Annotated[
        Path, typer.Option("--new", help="Folder with the new rows (ID.csv, codes/) or a whole mappings folder.")
    ],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files to try; or --since for what the archive holds.")
    ] = None,
    since: Annotated[str, typer.Option("--since", help="With --profile: archived files since 7d, 12h or a date.")] = "",
    profile: ProfileDir = None,
    as_of: AsOf = "",
    as_json: AsJson = False,
    partner: PartnerName = "",
) -> None:
    """Show what a changed table would change: tried in memory with the old and the new table; nothing is touched."""
    from datetime import UTC, datetime

    from gateway.commands.mapping_diff import archived, compare, sources_of

    now = moment_of(as_of) or datetime.now(UTC)
    if bool(since) == bool(files):
        raise GatewayError("Name files, or --since with --profile.", "gateway mapping diff --new DIR FILE ...")
    site = site_of(profile, partner)
    result = compare(archived(site, since, now) if since else sources_of(files or [], site, now), new, site.own.tables)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        raise typer.Exit(1 if result["counts"]["newly_rejected"] else 0)
    out("  ".join(f"{name.replace('_', ' ')} {count}" for name, count in result["counts"].items()))
    for field in result["fields"]:
        out(f"{field['field']}  changed {field['count']} times")
        for s in field["samples"]:
            out(f"    {plain(s['shipment'])}: {plain(s['before'])} -> {plain(s['after'])}")
    for v in result["verdicts"]:
        out(f"{v['change'].replace('_', ' ')}: {plain(v['shipment'])} of {plain(v['file'])}  {v['rules']}")
    out("next: put the rows into partners/NAME/ of the profile, then gateway mapping check --profile DIR")
    raise typer.Exit(1 if result["counts"]["newly_rejected"] else 0)
