"""partners/NAME.toml with the files around it -> one partner: its profile, and what the shell needs of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from gateway.catalogue import load_catalogue
from gateway.completing import constants_of, rates_of
from gateway.config_files import Id, PartnerFile, Poll, Target, read_file
from gateway.enrichment import enrichment_of
from gateway.errors import ConfigError, did_you_mean
from gateway.findings import Severity
from gateway.mapping.folder import MappingSet
from gateway.own_documents import OwnDocuments
from gateway.own_tables import Unread, own_tables
from gateway.profile import AckPolicy, Identity, Profile
from gateway.settings import Settings, base_mappings
from gateway.switches import check_switches

_AS_WRITTEN = (
    "originator_code", "filer_type", "filer_type_by_mode", "filer_name", "program", "allow_test", "tolerance",
    "refused_numbers", "repeats", "salvage", "fold_case", "ignore_unknown_segments", "encoding", "assume_section_321", "bill_is_master",
    "default_currency", "join_hours", "join_on", "options",
)  # fmt: skip


@dataclass(frozen=True)
class Partner:
    """One partner file: its profile and what the shell needs."""

    profile: Profile
    keys: tuple[str, ...]
    in_dir: Path | None
    home: Path
    target: Target | None
    poll: Poll | None
    sources: tuple[Path, ...] = ()  # files outside of partners/ that it is made of
    key_places: tuple[str, ...] = ()  # where each of the keys stands
    tables: tuple[Path, ...] = ()  # folders with its own mapping rows and codes
    unread: tuple[Unread, ...] = ()  # code tables and settings that change nothing


def load_partner(
    path: Path,
    settings: Settings,
    rulebook: Any,
    own_documents: OwnDocuments,
    before: Mapping[tuple[Path, ...], MappingSet] | None = None,
) -> Partner:
    """Read a partner file and the files it names. Raises ConfigError or MappingError.

    own_documents: those of the site, with the tables below the partner's rows; before: tables of a site that was loaded before, by their folders; those that have not changed are taken as they are.
    """
    file, folder = read_file(path, PartnerFile), settings.folder
    name = file.partner or path.stem
    own = folder / "partners" / path.stem
    extra, unread = own_tables(path, file, folder, base_mappings())
    mappings = _own_set(extra, before or {}, own_documents.tables) if extra else own_documents.tables
    check_switches(path.name, file)
    if "tabular" in file.options:
        from gateway.table_settings import check_names  # reads the readers of tables

        check_names(path.name, file.options, mappings)
    profile = Profile(
        partner=name,
        account=file.account or name,
        senders=tuple(map(_identity, file.senders)),
        receivers=tuple(map(_identity, file.receivers)),
        own_id=Profile.own_id if file.own_id is None else _identity(file.own_id),
        unwrap=tuple(file.unwrap),
        pgp_home=str((folder / file.pgp_home).resolve()) if file.pgp_home else "",
        join_formats=tuple(file.join_formats),
        severities=_severities(path.name, file, mappings),
        acks=AckPolicy(**msgspec.structs.asdict(file.acks)),
        fx_usd={**settings.fx_usd, **rates_of(path.name, file.fx_usd)},
        person_secret=settings.person_secret(),
        programs=mappings.program,
        tables=mappings,
        documents=own_documents.documents,
        rules=rulebook,
        catalogue=load_catalogue(),
        constants=constants_of(path.name, file.constants),
        enrich=enrichment_of(path.name, folder / file.enrichment.file, file.enrichment.on) if file.enrichment else None,
        structures=_structures(own / "maps"),
        **{field: getattr(file, field) for field in _AS_WRITTEN},
    )
    sources = [folder / file.enrichment.file] if file.enrichment else []
    sources += [p for m in extra if m != own for p in m.rglob("*.csv")]
    key_files = [f"keys/{name}.pub"] if file.keys is None else file.keys
    sources += [folder / key_file for key_file in key_files]
    keys = _keys(path.name, folder, key_files, named=file.keys is not None)
    return Partner(
        profile,
        keys=tuple(keys),
        key_places=tuple(keys.values()),
        in_dir=folder / file.in_dir if file.in_dir else None,
        home=folder / (file.home or f"partners-home/{name}"),
        target=file.target,
        poll=file.poll,
        sources=tuple(sources),
        tables=tuple(extra),
        unread=tuple(unread),
    )


def _own_set(folders: list[Path], before: Mapping[tuple[Path, ...], MappingSet], shared: MappingSet) -> MappingSet:
    known = before.get(tuple(folders))
    if known is not None and known.is_current(shared):
        return known
    return MappingSet(base_mappings(), folders, shared)


@cache
def base_tables() -> MappingSet:
    """Return the base tables without anybody's rows: one set for all partners that have none, and below those that have."""
    return MappingSet(base_mappings())


def forget_base_tables() -> None:
    """Read the base tables anew the next time, when one of their files has changed."""
    known = base_tables()
    if known.base != base_mappings() or not known.is_current():
        base_tables.cache_clear()


def _identity(given: str | Id) -> Identity:
    return Identity(given) if isinstance(given, str) else Identity(given.id, given.qualifier)


def _severities(name: str, file: PartnerFile, mappings: MappingSet) -> dict[str, Severity]:
    """Return the partner's severities. A rule that nothing knows is a slip of the pen that would change nothing."""
    known = load_catalogue()
    unknown = [rule for rule in file.severities if known.get(rule) is None]
    own = {row.rule for facts in mappings.facts for row in mappings.rows(facts)[0]} if unknown else set()
    for rule in unknown:
        if rule not in own:
            advice = did_you_mean(rule, [one.rule for one in known], "gateway explain --all lists the rules.")
            raise ConfigError(f'{name}: severities: there is no rule "{rule}".', advice)
    return {rule: Severity(word) for rule, word in file.severities.items()}


def _structures(folder: Path) -> Any:
    """Compile a partner's own pyx12 maps, if it has any."""
    if not folder.is_dir():
        return None
    from gateway.formats.x12.pyx12_maps import compile_folder

    return compile_folder(folder)


def _keys(partner_file: str, folder: Path, files: list[str], *, named: bool) -> dict[str, str]:
    """Return the lines of the key files, each once, with where it stands. named: by the partner file, so they must be there."""
    found: dict[str, str] = {}
    for name in files:
        path = folder / name
        if not named and not path.is_file():
            continue
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "no text"
            advice = "Put the partner's public key there, or take the name out of keys."
            raise ConfigError(f"{partner_file}: key file {name[:80]} cannot be read ({why}).", advice) from None
        if "PRIVATE KEY-----" in text:
            raise ConfigError(
                f"{partner_file}: {name} holds a private key.",
                "Put the public key there: the file that ends with .pub.",
            )
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                found.setdefault(line.strip(), f"{name}, line {number}")
    return found
