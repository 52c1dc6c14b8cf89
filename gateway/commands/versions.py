"""Versions of mapping tables: which are in force in a site, and a partner's profile with an older one in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from gateway.commands.status import ledger_of
from gateway.errors import MappingError
from gateway.mapping.folder import MappingFacts, MappingSet, compile_sources, version_of
from gateway.mapping.program import CompiledProgram
from gateway.profile import Profile
from gateway.shell import versions
from gateway.shell.folders import StateFolders
from gateway.site import Site


def live(site: Site) -> Iterator[versions.Live]:
    """Yield the versions in force, each once, whichever partners share it."""
    seen: set[tuple[str, str]] = set()
    for tables in {id(p.profile.tables): p.profile.tables for p in site.partners.values()}.values():
        for facts in tables.facts:
            version = tables.compiled(facts).mapping_version
            if (facts.id, version) not in seen:
                seen.add((facts.id, version))
                yield versions.Live(facts.id, version, _sources(tables, facts, version))


def _sources(tables: MappingSet, facts: MappingFacts, version: str) -> Callable[[], dict[str, bytes]]:
    def read() -> dict[str, bytes]:
        found = tables.sources(facts)
        if version_of(found) != version:  # saved since it was loaded
            raise MappingError(f"{facts.id}/map.csv", None, "", "it changed while it was loaded")
        return found

    return read


def remapper(state_dir: Path) -> Callable[[Profile, str], Profile]:
    """Return the function that puts a kept version (ID@VERSION) into a profile. It raises ConfigError or MappingError."""
    folders = StateFolders(state_dir)

    @lru_cache(8)
    def compiled(name: str) -> tuple[MappingFacts, CompiledProgram]:
        mapping, _, version = name.partition("@")
        facts, program = compile_sources(mapping, versions.load(folders, name))
        program.mapping_version = version  # as it was named then, whatever this program would call it
        return facts, program

    def remap(profile: Profile, name: str) -> Profile:
        tables = profile.tables
        assert isinstance(tables, MappingSet), "a partner without tables"
        return replace(profile, programs=tables.with_program(*compiled(name)).program)

    return remap


def listed(site: Site) -> list[dict[str, Any]]:
    """Return what `gateway mapping versions` shows: mapping, version, first and last use."""
    ledger = ledger_of(site)
    try:
        return [
            {"mapping": v.mapping, "version": v.version, "first_at": v.first_at, "last_at": v.last_at}
            for v in versions.known(ledger)
        ]
    finally:
        ledger.close()
