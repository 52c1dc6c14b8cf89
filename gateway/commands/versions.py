"""Versions of mapping tables: which are in force in a site, and a partner's profile with an older one in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from gateway.commands.status import ledger_of
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet, compile_sources
from gateway.mapping.program import CompiledProgram
from gateway.profile import Profile
from gateway.shell import versions
from gateway.shell.folders import StateFolders
from gateway.site import Site


def live(site: Site) -> Iterator[versions.Live]:
    """Yield the versions in force, each once, whichever partners share it."""
    seen: set[tuple[str, str]] = set()
    for tables in site.tables:
        for facts in tables.facts:
            version = tables.compiled(facts).mapping_version
            if (facts.id, version) not in seen:
                seen.add((facts.id, version))
                yield versions.Live(facts.id, version, partial(tables.sources, facts))


class Kept:
    """The versions that a state folder keeps, by name (ID@VERSION); each is compiled once, when it is asked for."""

    def __init__(self, state_dir: Path) -> None:
        self._folders = StateFolders(state_dir)
        self._compiled: dict[str, tuple[MappingFacts, CompiledProgram]] = {}

    def remap(self, profile: Profile, name: str) -> Profile:
        """Return a profile with a version in it. Raises ConfigError or MappingError."""
        tables = profile.tables
        assert isinstance(tables, MappingSet), "a partner without tables"
        return replace(profile, programs=tables.with_program(*self._program(name)).program)

    def format(self, name: str) -> str:
        """Return the format that a version reads. Raises ConfigError or MappingError."""
        return self._program(name)[0].format

    def _program(self, name: str) -> tuple[MappingFacts, CompiledProgram]:
        if name not in self._compiled:
            mapping, _, version = name.partition("@")
            facts, program = compile_sources(mapping, versions.load(self._folders, name))
            program.mapping_version = version  # as it was named then, whatever this program would call it
            self._compiled[name] = facts, program
        return self._compiled[name]


def listed(site: Site) -> list[dict[str, Any]]:
    """Return what `gateway mapping versions` shows: mapping, version, first and last use, the partners that use it now."""
    users = _users(site)
    ledger = ledger_of(site)
    try:
        return [
            {
                "mapping": v.mapping, "version": v.version, "first_at": v.first_at, "last_at": v.last_at,
                "partners": users.get((v.mapping, v.version), []),
            }
            for v in versions.known(ledger)
        ]  # fmt: skip
    finally:
        ledger.close()


def _users(site: Site) -> dict[tuple[str, str], list[str]]:
    """Return (mapping, version) -> the partners whose files it reads now."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, partner in site.partners.items():
        for facts in partner.profile.tables.facts:
            version = partner.profile.tables.compiled(facts).mapping_version
            found.setdefault((facts.id, version), []).append(name)
    return found
