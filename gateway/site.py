"""A profile folder -> everything the gateway needs to run: partners, mappings, rules, validators, serve settings.

    gateway.toml            state, out, sftp, polling, fx_usd
    partners/nrtx.toml      one partner: ids, filer type, constants, acks, severities
    partners/nrtx/          its own mapping rows (x12_309_truck.csv), code tables (codes/), enrichment CSV
    keys/nrtx.pub           its SSH keys

Above the shell, below the commands: the one module that may know all of them.
"""

from __future__ import annotations

import csv
import os
import tomllib
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from gateway.catalogue import load_catalogue
from gateway.errors import ConfigError
from gateway.findings import Severity
from gateway.formats import folder_of
from gateway.mapping.folder import MappingSet
from gateway.profile import AckPolicy, Identity, Profile
from gateway.rules.folder import load_rulebook
from gateway.shell.folders import StateFolders
from gateway.shell.person_key import make_key, read_key
from gateway.shell.vault import Vault, vault_of


@cache
def data_folder() -> Path:
    """Return where mappings/ and fixtures/ lie: in the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "_data"
    return installed if (installed / "mappings").is_dir() else here.parent


def base_mappings() -> Path:
    """Return the folder of the base mapping tables."""
    return data_folder() / "mappings"


@dataclass(frozen=True, repr=False, eq=False)
class Settings:
    """gateway.toml; relative paths are taken from the folder it lies in."""

    folder: Path
    state_dir: Path
    out_dir: Path
    ledger_url: str
    sftp_host: str = "127.0.0.1"
    sftp_port: int = 2222
    host_key: Path = Path("keys/host_ed25519")
    next_host_key: Path | None = None  # announced before it takes the place of the other
    poll_seconds: float = 2.0
    settle_polls: int = 2
    max_file_bytes: int = 5_000_000_000
    workers: int = 1
    monitor_host: str = "127.0.0.1"
    monitor_port: int | None = None  # None: no monitor
    alert_command: tuple[str, ...] = ()
    alert_webhook: str = ""
    responses_dir: Path | None = None  # where the receiver's answers are dropped
    responses_poll: dict[str, Any] = field(default_factory=dict)  # the receiver's server they are fetched from
    key_files: tuple[Path, ...] = ()  # of sealed files: the first one seals, all open
    retention: dict[str, int] = field(default_factory=dict)  # class -> days, see docs/operations.md

    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Partner:
    """One partner file: its profile and what the shell needs."""

    profile: Profile
    keys: tuple[str, ...]
    in_dir: Path | None
    home: Path
    target: dict[str, Any]
    poll: dict[str, Any]
    sources: tuple[Path, ...] = ()  # files outside of partners/ that it is made of


@dataclass(frozen=True)
class Site:
    """A loaded profile folder."""

    settings: Settings
    partners: dict[str, Partner]

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

    def vault(self) -> Vault:
        """Return what opens the kept files of the state folder. Raises ConfigError when a key file is missing."""
        return vault_of(self.settings.key_files, self.settings.state_dir)

    def check_tables(self) -> None:
        """Compile every mapping of every partner, and run the checks on those with rows of its own. Raises MappingError."""
        for mappings in {id(p.profile.tables): p.profile.tables for p in self.partners.values()}.values():
            mappings.check()


def load_afresh(folder: Path) -> Site:
    """Read a profile folder and the base tables anew, and check them. Raises ConfigError or MappingError."""
    _base_set.cache_clear()
    load_rulebook.cache_clear()
    site = load_site(folder)
    site.check_tables()
    return site


def load_site(folder: Path, *, starting: bool = False) -> Site:
    """Read a profile folder. Raises ConfigError (file, key, what to write) or MappingError.

    starting: the gateway is about to serve it: the key of the person hash is made if need be.
    """
    settings = _settings(folder)
    if starting:
        make_key(_person_key(settings), anew=not StateFolders(settings.state_dir).work.is_dir())
    files = sorted((folder / "partners").glob("*.toml"))
    if not files:
        raise ConfigError(
            f"{folder.name}/partners holds no partner file.",
            "Add partners/NAME.toml; gateway demo init DIR writes an example.",
        )
    rulebook = load_rulebook(base_mappings())
    partners = {}
    for path in files:
        partner = _partner(path, settings, rulebook)
        if partner.profile.partner in partners:
            raise ConfigError(
                f"{path.name}: partner {partner.profile.partner} stands in two files.", "Give one another name."
            )
        partners[partner.profile.partner] = partner
    ordered = sorted(partners.values(), key=lambda p: (not p.profile.options.get("default", False), p.profile.partner))
    return Site(settings, {p.profile.partner: p for p in ordered})


@cache
def base_site() -> Site:
    """Return the built-in profile that `check` uses without --profile."""
    return load_site(base_mappings() / "profiles" / "base")


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path.name} is not there.", "gateway demo init DIR writes a profile folder.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: {error}.", "Correct the line; strings need quotes.") from None


def _settings(folder: Path) -> Settings:
    raw = _read_toml(folder / "gateway.toml")
    sftp, monitor, alerts = raw.get("sftp", {}), raw.get("monitor", {}), raw.get("alerts", {})
    if alerts.get("webhook") and not alerts["webhook"].startswith(("https://", "http://")):
        raise ConfigError("gateway.toml: alerts.webhook is no web address.", "Write https://...")
    if not isinstance(alerts.get("command", []), list):
        raise ConfigError("gateway.toml: alerts.command is no list.", 'Write ["/usr/local/bin/page", "edi-team"].')
    state = folder / raw.get("state", "state")
    given = raw.get("responses", "")
    remote, local = (given, "") if isinstance(given, dict) else ({}, str(given))
    if remote:
        _check_remote("gateway.toml", "responses", remote)
    return Settings(
        folder=folder,
        state_dir=state,
        out_dir=folder / raw.get("out", "out"),
        ledger_url=raw.get("ledger", f"sqlite:///{state / 'ledger.sqlite'}"),
        sftp_host=sftp.get("host", "127.0.0.1"),
        sftp_port=int(sftp.get("port", 2222)),
        host_key=folder / sftp.get("host_key", "keys/host_ed25519"),
        next_host_key=folder / sftp["next_host_key"] if "next_host_key" in sftp else None,
        poll_seconds=float(raw.get("poll_seconds", 2.0)),
        settle_polls=int(raw.get("settle_polls", 2)),
        max_file_bytes=int(raw.get("max_file_bytes", 5_000_000_000)),
        workers=_workers(raw.get("workers", min(_MOST_WORKERS, _cores()))),
        monitor_host=monitor.get("host", "127.0.0.1"),
        monitor_port=int(monitor["port"]) if "port" in monitor else None,
        alert_command=tuple(map(str, alerts.get("command", ()))),
        alert_webhook=alerts.get("webhook", ""),
        responses_dir=folder / remote.get("local", "responses") if remote else folder / local if local else None,
        responses_poll=remote,
        key_files=tuple(folder / name for name in _key_files(raw.get("encryption", {}))),
        retention=_retention(raw.get("retention", {})),
        raw=raw,
    )


_MOST_WORKERS = 4  # unless gateway.toml says more


def _workers(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 64:
        raise ConfigError(f"gateway.toml: workers {number!r} is no number of processes.", "Write workers = 2.")
    return number


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _key_files(raw: dict[str, Any]) -> list[str]:
    names = raw.get("key_files", [])
    fits = isinstance(names, list) and names and all(isinstance(name, str) for name in names)
    if raw and (set(raw) != {"key_files"} or not fits):
        raise ConfigError(
            "gateway.toml: [encryption] is not understood.", 'Write key_files = ["/etc/gateway/2026.key"].'
        )
    return list(names)


_KEPT = ("raw", "answers", "canonical", "persons")


def _retention(raw: dict[str, Any]) -> dict[str, int]:
    for name, days in raw.items():
        if name not in _KEPT:
            raise ConfigError(f"gateway.toml: retention.{name} is not known.", f"Known: {', '.join(_KEPT)}.")
        if isinstance(days, bool) or not isinstance(days, int) or days < 1:
            raise ConfigError(f"gateway.toml: retention.{name} is no number of days.", f"Write {name} = 90.")
    return raw


_PROFILE_KEYS = frozenset(Profile.__dataclass_fields__) - {
    "programs",
    "tables",
    "structures",
    "rules",
    "catalogue",
    "enrich",
    "person_secret",
}
_SHELL_KEYS = frozenset(("in_dir", "keys", "target", "poll", "mappings", "enrichment", "home"))


def _partner(path: Path, settings: Settings, rulebook: Any) -> Partner:
    raw = _read_toml(path)
    name = str(raw.get("partner", path.stem))
    for key in raw:
        if key not in _PROFILE_KEYS | _SHELL_KEYS:
            raise ConfigError(f'{path.name}: key "{key}" is not known.', _nearest(key))
    for key in ("originator_code", "senders", "receivers"):
        if key not in raw:
            raise ConfigError(
                f'{path.name}: key "{key}" is missing.', "See docs/partners.md for every key and an example."
            )
    own = settings.folder / "partners" / path.stem
    extra = [settings.folder / m for m in raw.get("mappings", [])] or ([own] if own.is_dir() else [])
    mappings = MappingSet(base_mappings(), extra) if extra else _base_set()
    values: dict[str, Any] = {k: v for k, v in raw.items() if k in _PROFILE_KEYS}
    values["senders"] = _identities(path, raw["senders"])
    values["receivers"] = _identities(path, raw["receivers"])
    if "own_id" in raw:
        values["own_id"] = _identities(path, [raw["own_id"]])[0]
    values["acks"] = _acks(path, raw.get("acks", {}))
    values["severities"] = {k: _severity(path, k, v) for k, v in raw.get("severities", {}).items()}
    values["fx_usd"] = _rates(path, {**settings.raw.get("fx_usd", {}), **raw.get("fx_usd", {})})
    _check_joining(path, raw)
    _check_shipment_level(path, raw)
    values["unwrap"] = _unwrap(path, raw)
    if "pgp_home" in raw:
        values["pgp_home"] = str((settings.folder / raw["pgp_home"]).resolve())
    if "tabular" in raw.get("options", {}):
        from gateway.formats.tabular.layout import options_of

        options_of(raw["options"])  # a wrong key stops the start, not the first file
    values["account"] = raw.get("account", name)
    values["partner"] = name
    values["person_secret"] = _secret(settings)
    profile = Profile(
        **values,
        programs=mappings.program,
        tables=mappings,
        rules=rulebook,
        catalogue=load_catalogue(),
        enrich=_enrichment(settings.folder, path, raw.get("enrichment")),
        structures=_structures(own / "maps"),
    )
    keys = tuple(_key_lines(settings.folder, path, raw.get("keys", [f"keys/{name}.pub"])))
    in_dir = settings.folder / raw["in_dir"] if "in_dir" in raw else None
    home = settings.folder / raw.get("home", f"partners-home/{name}")
    for section in ("target", "poll"):
        if section in raw:
            _check_remote(path.name, section, raw[section])
    sources = [settings.folder / raw["enrichment"]["file"]] if "enrichment" in raw else []
    sources += [p for m in extra if m != own for p in m.rglob("*.csv")]
    return Partner(profile, keys, in_dir, home, raw.get("target", {}), raw.get("poll", {}), tuple(sources))


@cache
def _base_set() -> MappingSet:
    """Return the base tables without anybody's rows: one set for all partners that have none."""
    return MappingSet(base_mappings())


_REMOTE = ("host", "user", "key_file", "host_key")


def _check_remote(file: str, section: str, facts: dict[str, Any]) -> None:
    missing = [key for key in _REMOTE if key not in facts]
    if missing:
        raise ConfigError(f"{file}: {section}.{missing[0]} is missing.", f"[{section}] needs {', '.join(_REMOTE)}.")


def _secret(settings: Settings) -> bytes:
    """Return the key of the person hash: a file named in gateway.toml, else one made at the first start.

    Before that start nothing is kept, so that any key will do.
    """
    file = _person_key(settings)
    if file.is_file():
        return read_key(file)
    if "person_secret_file" in settings.raw:
        raise ConfigError(
            f"gateway.toml: person_secret_file {settings.raw['person_secret_file']} is not there.",
            "Put 32 random bytes into it, mode 0600.",
        )
    return b"section-321"


def _person_key(settings: Settings) -> Path:
    name = settings.raw.get("person_secret_file")
    return settings.folder / name if name else settings.state_dir / "person.key"


def _identities(path: Path, entries: list[Any]) -> tuple[Identity, ...]:
    found = []
    for entry in entries:
        if isinstance(entry, str):
            found.append(Identity(entry))
        elif isinstance(entry, dict) and "id" in entry:
            found.append(Identity(str(entry["id"]), str(entry.get("qualifier", ""))))
        else:
            raise ConfigError(f"{path.name}: {entry!r} is not an id.", 'Write { id = "NRTX", qualifier = "02" }.')
    return tuple(found)


def _acks(path: Path, raw: dict[str, Any]) -> AckPolicy:
    known = set(AckPolicy.__struct_fields__)
    for key in raw:
        if key not in known:
            raise ConfigError(f"{path.name}: acks.{key} is not known.", f"Known: {', '.join(sorted(known))}.")
    return AckPolicy(**raw)


def _severity(path: Path, rule: str, value: str) -> Severity:
    try:
        return Severity(value)
    except ValueError:
        raise ConfigError(
            f'{path.name}: severity "{value}" of {rule} is not known.', "Write error, warning, info or off."
        ) from None


def _unwrap(path: Path, raw: dict[str, Any]) -> tuple[str, ...]:
    kinds = raw.get("unwrap", [])
    known = ("zip", "gz", "pgp")
    if not isinstance(kinds, list) or not set(kinds) <= set(known):
        raise ConfigError(f"{path.name}: unwrap {kinds!r} is not a list of wrappings.", f"Known: {', '.join(known)}.")
    if "pgp" in kinds and "pgp_home" not in raw:
        raise ConfigError(
            f"{path.name}: unwrap pgp needs pgp_home.", 'Write pgp_home = "keys/gnupg", a key ring of gpg.'
        )
    return tuple(kinds)


def _check_joining(path: Path, raw: dict[str, Any]) -> None:
    """Refuse settings of joined messages that would never do anything."""
    hours, on = raw.get("join_hours", 0), raw.get("join_on", "master+house")
    if isinstance(hours, bool) or not isinstance(hours, int | float) or hours < 0:
        raise ConfigError(f"{path.name}: join_hours {hours!r} is no number of hours.", "Write join_hours = 24.")
    if on not in ("master+house", "house"):
        raise ConfigError(f'{path.name}: join_on "{on}" is not known.', 'Write "master+house" or "house".')
    formats = raw.get("join_formats", [])
    for name in formats if isinstance(formats, list) else [formats]:
        if not isinstance(formats, list) or not folder_of(str(name)):
            raise ConfigError(
                f"{path.name}: join_formats {name!r} is not a list of formats.", 'Write ["cargo_xml_xfzb"].'
            )


def _check_shipment_level(path: Path, raw: dict[str, Any]) -> None:
    """Refuse an 856 level that no layout has."""
    level = raw.get("options", {}).get("shipment_level")
    if level is None:
        return
    from gateway.formats.x12.levels import layouts

    known = sorted({layout.shipment_level for layout in layouts()})
    if level not in known:
        raise ConfigError(f"{path.name}: shipment_level {level!r} is not known.", f"Known: {', '.join(known)}.")


def _rates(path: Path, raw: dict[str, Any]) -> dict[str, Decimal]:
    try:
        return {currency: Decimal(str(rate)) for currency, rate in raw.items()}
    except InvalidOperation:
        raise ConfigError(f"{path.name}: fx_usd holds a rate that is not a number.", 'Write CAD = "0.70".') from None


def _structures(folder: Path) -> Any:
    """Compile a partner's own pyx12 maps, if it has any."""
    if not folder.is_dir():
        return None
    from gateway.formats.x12.pyx12_maps import compile_folder

    return compile_folder(folder)


def _enrichment(folder: Path, path: Path, raw: Any) -> Any:
    """Return the join of a partner's enrichment CSV, None without one.

    raw: {file = "customers.csv", on = "house_bill_number"}: rows are joined on the value of that canonical field; each
    other column is a canonical shipment field (dotted for objects, e.g. security_scan.method).
    """
    if raw is None:
        return None
    file, key = folder / raw.get("file", ""), raw.get("on", "house_bill_number")
    if not file.is_file():
        raise ConfigError(
            f"{path.name}: enrichment file {raw.get('file')} is not there.", "Give its path from the profile folder."
        )
    rows: dict[str, dict[str, Any]] = {}
    with file.open(encoding="utf-8-sig", newline="") as source:
        for row in csv.DictReader(source):
            if row.get(key):
                rows[row[key]] = _nested({k: v for k, v in row.items() if k and k != key and v})
    return lambda draft: rows.get(str(draft.get(key, "")))


def _nested(flat: dict[str, str]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *parents, leaf = name.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = {"true": True, "false": False}.get(value.lower(), value)
    return nested


def _key_lines(folder: Path, path: Path, files: list[str]) -> list[str]:
    lines = []
    for name in files:
        file = folder / name
        if file.is_file():
            lines += [
                line for line in file.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")
            ]
    return lines


def _nearest(key: str) -> str:
    import difflib

    close = difflib.get_close_matches(key, _PROFILE_KEYS | _SHELL_KEYS, 1)
    return f"Did you mean {close[0]}?" if close else "See docs/partners.md for every key."
