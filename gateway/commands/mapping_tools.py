"""`gateway mapping test` and `gateway mapping cover`."""

from __future__ import annotations

import difflib
import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.check import Checker, parse_instant
from gateway.commands.mapping import units_of
from gateway.commands.mapping_own import facts_of, has_own
from gateway.commands.pages import html_page
from gateway.mapping.choice import ProgramChoice
from gateway.mapping.cover import Coverage
from gateway.mapping.examples import run_examples
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet
from gateway.mapping.unfilled import unfilled
from gateway.profile import Profile
from gateway.site import Site, base_mappings, base_site

WHEN = "2025-01-14T10:00:00Z"
"""The day at which whole-file examples are judged: the exemption is in force, all of them arrive later."""

_STYLE = (
    "body{font:15px sans-serif;margin:2em}table{border-collapse:collapse;margin-bottom:2em}"
    "td,th{border:1px solid #999;padding:.3em .7em;text-align:left}"
)
_HASHED = ("final_deliver_to_party", "buyer", "owner")


def comparable(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what changes with every edit of a table, and the keyed hash of the person."""
    for message in messages:
        message["source"].pop("mapping_version", None)
        for shipment in message["shipments"]:
            for role in _HASHED:
                shipment.get(role, {}).pop("normalised_key", None)
    return messages


def examples_of(mapping: Path) -> list[Path]:
    """Return the whole-file examples of a mapping folder: every file beside a NAME.json, and those without one yet."""
    return _files(mapping / "examples")


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*") if p.suffix != ".json" and p.is_file())


def sample_of(mapping: Path) -> Path | None:
    """Return the example to show a partner: the first one that is accepted whole and new, else the first one; None without any."""
    examples = examples_of(mapping)
    return next(filter(_is_plain, examples), examples[0] if examples else None)


def _is_plain(path: Path) -> bool:
    found = Checker(base_site(), parse_instant(WHEN)).file(path)
    purposes = {
        s.get("transmission_purpose", m["transmission_purpose"]) for m in found["messages"] for s in m["shipments"]
    }
    return not found["rejected"] and purposes == {"original"}


def run_tests(site: Site | None, only: str, *, update: bool) -> Iterator[dict[str, Any]]:
    """Yield one result per mapping and per whole-file example: mapping, partner, example, ok, detail (lines).

    site: None = the base tables alone. With a profile the base tables are tested as they are delivered, then the mapping folders
    of the site, then for each partner with rows of its own the rows in force and the files of `examples/ID/` in its folder. update: write what came out.
    """
    base = MappingSet(base_mappings())
    shared = base if site is None else site.own.tables
    chosen = [f.id for f in shared.facts if not only or f.id == only]
    if not chosen:
        facts_of(shared, only)  # says which there are
    for facts in shared.facts:
        if facts.id in chosen:
            own = site is not None and facts.id in shared.added
            yield _rows(shared if own else base, facts, "")
            for path in examples_of(facts.folder):
                whose = site if site is not None and own else base_site()
                yield _whole_file(whose, facts.id, path, update=update and (own or site is None))
    for name, partner in site.partners.items() if site is not None else ():
        tables = partner.profile.tables
        if site is None or not isinstance(tables, MappingSet) or not tables.overrides:
            continue
        for facts in tables.facts:
            if facts.id not in chosen:
                continue
            if has_own(tables, facts.id):
                yield _rows(tables, facts, name)
            for folder in tables.overrides:
                for path in _files(folder / "examples" / facts.id):
                    yield _whole_file(site.only(name), facts.id, path, update=update, partner=name)


def _rows(mappings: MappingSet, facts: MappingFacts, partner: str) -> dict[str, Any]:
    faults = list(run_examples(mappings, facts))
    return {
        "mapping": facts.id, "partner": partner, "example": "rows", "ok": not faults,
        "detail": [f"{f.file}:{f.line} {f.message}; {f.advice}" for f in faults],
    }  # fmt: skip


def become(path: Path, site: Site) -> list[dict[str, Any]]:
    """Return what a file becomes: its canonical messages; what each unit was mapped to where none is whole by itself.

    A house of a list or a receptacle's item is completed by another message; a master is no shipment at all.
    """
    messages = comparable(Checker(site, parse_instant(WHEN)).file(path)["messages"])
    return messages or list(_drafts(path, site))


def _drafts(path: Path, site: Site) -> Iterator[dict[str, Any]]:
    read = units_of(path, site)
    for unit in read.units:
        choice = read.programs(unit.message.format, unit.message.type, unit.message.version)
        if choice is not None:
            mapped = choice.run(unit.message, unit.node, read.profile)
            yield {"mapping_id": getattr(mapped, "program", choice).mapping_id, "role": unit.role, **mapped.draft}


def _whole_file(site: Site, mapping: str, path: Path, *, update: bool, partner: str = "") -> dict[str, Any]:
    got = become(path, site)
    text = json.dumps(got, indent=1, ensure_ascii=False) + "\n"
    expected = path.with_suffix(".json")
    before = expected.read_text("utf-8") if expected.exists() else ""
    lines = list(difflib.unified_diff(before.splitlines(), text.splitlines(), "expected", "now", lineterm="", n=1))
    if update and lines:
        expected.write_text(text, "utf-8")
    return {"mapping": mapping, "partner": partner, "example": path.name, "ok": not lines or update, "detail": lines}


def cover(paths: list[Path], site: Site) -> list[dict[str, Any]]:
    """Return per mapping: units, source elements that no row reads, rows that never gave a value."""
    found: dict[str, Coverage] = {}
    profiles: dict[str, Profile] = {}
    for path in paths:
        _cover_file(path, site, found, profiles)
    return [
        {
            "mapping": name, "units": c.units,
            "unread": [{"place": u.place, "count": u.count, "sample": u.sample} for u in c.unread()],
            "silent": [{"row": r.where, "level": r.level, "target": r.target, "source": r.source} for r in c.silent()],
            "codes": [{"table": t, "code": code, "count": number} for t, code, number in c.unknown_codes()],
            "sourceless": [{"target": t} for t in unfilled(c.program, profiles[name])],
        }
        for name, c in sorted(found.items())
    ]  # fmt: skip


def _cover_file(path: Path, site: Site, found: dict[str, Coverage], profiles: dict[str, Profile]) -> None:
    read = units_of(path, site)
    for event in read.units:
        message = event.message
        choice = read.programs(message.format, message.type, message.version)
        if choice is None:
            continue
        program = choice.choose(message, read.profile) if isinstance(choice, ProgramChoice) else choice
        name = program.mapping_id
        if name not in found:
            found[name] = Coverage(program, by_element=read.format != "edifact")  # type: ignore[arg-type]
        profiles[name] = read.profile
        found[name].add(message, event.node, read.profile)


def cover_page(rows: list[dict[str, Any]]) -> str:
    """Return the result of `cover` as one self-contained HTML page."""
    title = "Mapping coverage"
    parts = [f"<h1>{title}</h1>"]
    for row in rows:
        parts.append(f"<h2>{html.escape(row['mapping'])}: {row['units']} shipments</h2>")
        parts.append(_table("Read by no row", ("place", "count", "sample"), row["unread"]))
        parts.append(_table("Codes that a table has no entry for", ("table", "code", "count"), row["codes"]))
        parts.append(_table("Required fields that nothing fills", ("target",), row["sourceless"]))
        parts.append(_table("Rows that never gave a value", ("row", "level", "target", "source"), row["silent"]))
    return html_page(title, _STYLE, "".join(parts))


def _table(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    head = "".join(f"<th>{c}</th>" for c in columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(r[c]))}</td>" for c in columns) + "</tr>" for r in rows)
    return f"<h3>{title} ({len(rows)})</h3><table><tr>{head}</tr>{body}</table>"
