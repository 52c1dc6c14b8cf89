"""A profile folder -> everything the gateway needs to run: partners, mappings, rules, validators, serve settings.

    gateway.toml            state, out, sftp, polling, fx_usd
    documents.csv           documents of the site's own, json_documents.csv; mappings/ with the tables that read them
    partners/nrtx.toml      one partner: ids, filer type, constants, acks, severities
    partners/nrtx/          its own mapping rows (x12_309_truck.csv), code tables (codes/), enrichment CSV
    keys/nrtx.pub           its SSH keys

Above the shell, below the commands: settings.py and partner.py read the two kinds of files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import ConfigError, MappingError
from gateway.mapping.table import Fault
from gateway.own_documents import OwnDocuments, check_beside, load_documents
from gateway.own_tables import Unread, check_read
from gateway.partner import Partner, base_tables, forget_base_tables, load_partner
from gateway.places import check_places
from gateway.profile import Profile
from gateway.rules.folder import load_rulebook
from gateway.settings import Settings, base_mappings, data_folder, read_settings
from gateway.shell.folders import StateFolders
from gateway.shell.person_key import make_key

if TYPE_CHECKING:
    from gateway.mapping.folder import MappingSet
    from gateway.shell.vault import Vault

__all__ = [
    "Partner", "Settings", "Site", "base_mappings", "base_site", "data_folder", "load_afresh", "load_site", "state_site",
]  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A loaded profile folder."""

    settings: Settings
    partners: dict[str, Partner]
    own: OwnDocuments

    def profile_for(self, head: bytes) -> Profile:
        """Return the profile whose sender stands in the envelope of a file; the first partner's when none does.

        Used where no SSH account tells the partner (`check`, `translate`).
        """
        from gateway.envelope_peek import peek_sender

        qualifier, sender = peek_sender(head)
        profiles = [p.profile for p in self.partners.values()]
        for profile in profiles:
            if sender and any(s.id != "*" and s.matches(qualifier, sender) for s in profile.senders):
                return profile
        return profiles[0]

    def only(self, partner: str) -> Site:
        """Return the site with one partner, whose profile then reads every file. Raises ConfigError."""
        if partner not in self.partners:
            raise ConfigError(f"There is no partner {partner}.", f"Known: {', '.join(self.partners)}.")
        return replace(self, partners={partner: self.partners[partner]})

    @cached_property
    def vault(self) -> Vault:
        """What opens the kept files of the state folder. Raises ConfigError when a key file is missing."""
        from gateway.shell.vault import vault_of  # no check of a file needs it

        return vault_of(self.settings.key_files, self.settings.state_dir)

    @property
    def tables(self) -> list[MappingSet]:
        """The mapping tables of the partners, each set once."""
        return list({id(p.profile.tables): p.profile.tables for p in self.partners.values()}.values())

    @property
    def unread(self) -> list[Unread]:
        """What changes nothing, of the site and of its partners, and once tables are checked what is doubtful in them."""
        partners = [one for partner in self.partners.values() for one in partner.unread]
        return [*self.own.unread, *partners, *(_doubt(fault) for one in self.tables for fault in one.doubts)]

    def check_tables(self) -> None:
        """Compile every mapping of every partner, and run the checks on those with rows of its own. Raises MappingError."""
        for mappings in self.tables:
            mappings.check()


def _doubt(fault: Fault) -> Unread:
    place = ", ".join(part for part in (fault.file, f"line {fault.line}", fault.column) if part)
    return Unread(
        Path(fault.file), f"{place}: {fault.message}.", f"{fault.advice[:1].upper()}{fault.advice[1:]}.", fault.code
    )


def load_afresh(folder: Path, before: Site | None = None) -> Site:
    """Read a profile folder and the base tables anew, and check them. Raises ConfigError or MappingError.

    before: the folder as it was loaded: tables that have not changed since are not compiled and checked again.
    """
    forget_base_tables()
    load_rulebook.cache_clear()
    site = load_site(folder, before=before)
    site.check_tables()
    return site


def load_site(folder: Path, *, starting: bool = False, before: Site | None = None) -> Site:
    """Read a profile folder. Raises ConfigError (file, key, what to write) or MappingError.

    starting: the gateway is about to serve it: the key of the person hash is made if need be. before: see load_afresh.
    """
    settings = read_settings(folder)
    if starting:
        make_key(settings.person_key, anew=not StateFolders(settings.state_dir).work.is_dir())
    files = sorted((folder / "partners").glob("*.toml"))
    if not files:
        raise ConfigError(
            f"{folder.name}/partners holds no partner file.",
            "Add partners/NAME.toml; gateway demo init DIR writes an example.",
        )
    rulebook = load_rulebook(base_mappings())
    tables = {one.overrides: one for one in before.tables} if before is not None else {}
    own = load_documents(folder, base_tables(), before.own if before is not None else None)
    partners = {}
    named: dict[str, str] = {}  # stem of each file -> its partner
    for path in files:
        partner = load_partner(path, settings, rulebook, own, tables)
        if partner.profile.partner in partners:
            raise ConfigError(
                f"{path.name}: partner {partner.profile.partner} stands in two files.", "Give one another name."
            )
        partners[partner.profile.partner] = partner
        named[path.stem] = partner.profile.partner
    check_read(folder, named, {place.resolve() for one in partners.values() for place in one.tables})
    check_places(settings, partners)
    check_beside(own, partners)
    ordered = sorted(partners.values(), key=lambda p: (not p.profile.options.get("default", False), p.profile.partner))
    return Site(settings, {p.profile.partner: p for p in ordered}, own)


def state_site(folder: Path) -> tuple[Site, str]:
    """Read a profile folder for commands that look at its state, and what is wrong with the partner files or tables, "" if nothing.

    A running gateway works on with what it loaded while somebody edits: then the site has no partners.
    Raises ConfigError when gateway.toml cannot be read.
    """
    settings = read_settings(folder)
    try:
        return load_site(folder), ""
    except (ConfigError, MappingError) as error:
        return Site(settings, {}, OwnDocuments(base_tables())), str(error)


@cache
def base_site() -> Site:
    """Return the built-in profile that `check` uses without --profile."""
    return load_site(base_mappings() / "profiles" / "base")
