"""What `gateway doctor` looks at besides the machine: keys, encryption, partners and their servers; and what a check is."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.commands.config import remote_keys
from gateway.commands.fetching import remote_of
from gateway.config_files import Remote
from gateway.errors import ConfigError, GatewayError
from gateway.shell.folders import StateFolders
from gateway.shell.sftp_keys import load_private_key, parse_authorized_key
from gateway.site import Partner, Site


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. state: ok, warning or error."""

    name: str
    state: str
    said: str
    mend: str = ""


def keys(site: Site) -> Iterator[Check]:
    """Look at the host keys, the key of the person hash and that of the receiver's server."""
    path = site.settings.host_key
    if not path.exists():
        yield Check("host key", "ok", "is made at the first start")
    else:
        yield from _private(path, "host key")
    if (coming := site.settings.next_host_key) is not None and coming.exists():
        yield from _private(coming, "next host key")
    yield from _person_key(site)
    if site.settings.responses_poll:
        yield from _private(site.settings.folder / site.settings.responses_poll.key_file, "responses key")


def _person_key(site: Site) -> Iterator[Check]:
    path = site.settings.person_key
    if not path.is_file():
        if StateFolders(site.settings.state_dir).work.is_dir():
            yield Check("person key", "error", "it is not there", "Put it back from the backup.")
        else:
            yield Check("person key", "ok", "is made at the first start")
    elif stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Check("person key", "error", "others may read it", f"chmod 600 {path}")
    else:
        yield Check("person key", "ok", "for the gateway's user only")


def encryption(site: Site) -> Iterator[Check]:
    """The keys of [encryption], by their ids; no key is shown."""
    state = site.settings.state_dir
    marks = sorted(mark.name for mark in (state / "keys").glob("*"))
    try:
        vault = site.vault
    except ConfigError as error:
        yield Check("encryption", "error", error.message, error.advice)
        return
    missing = [mark for mark in marks if mark not in vault.ids]
    if missing:
        said = f"sealed with {', '.join(missing)}, which is in none of the key files"
        yield Check("encryption", "error", said, "Name its file in [encryption] key_files of gateway.toml.")
    elif not vault.ids:
        yield Check("encryption", "ok", "off: kept files are as they were received (docs/operations.md)")
    else:
        old = f"; {', '.join(vault.ids[1:])} only open" if vault.ids[1:] else ""
        yield Check(
            "encryption", "ok", f"sealed with {vault.ids[0]}{old}; the key files are outside of the state folder"
        )


def _private(path: Path, name: str) -> Iterator[Check]:
    if not path.is_file():
        yield Check(name, "error", f"{path} is not there", "Put the private key there, or correct its name.")
        return
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Check(name, "error", "others may read it", f"chmod 600 {path}")
        return
    try:
        load_private_key(path)
        yield Check(name, "ok", "readable, for the gateway's user only")
    except GatewayError as error:
        yield Check(name, "error", error.message, error.advice)


def of_partner(site: Site, name: str, partner: Partner) -> Iterator[Check]:
    """Look at how a partner can send, and at the keys of the servers of his sections."""
    said, wrong = [], []
    for line, place in zip(partner.keys, partner.key_places, strict=True):
        try:
            parse_authorized_key(line)
        except GatewayError as error:
            wrong.append(f"{place}: {error.message}")
    count = len(partner.keys)
    ways = [f"{count} key{'s' if count > 1 else ''}"] if count else []
    ways += ["drop folder"] if partner.in_dir else []
    ways += ["poll"] if partner.poll else []
    if wrong:
        yield Check(
            f"partner {name}", "error", "; ".join(wrong), "Put the line there that ssh-keygen wrote into the .pub file."
        )
    elif not ways:
        yield Check(
            f"partner {name}",
            "warning",
            "no way to send: no key, no drop folder, no poll",
            f"Put its public key into keys/{name}.pub.",
        )
    else:
        said.append(", ".join(ways))
        yield Check(f"partner {name}", "ok", "; ".join(said))
    for left_over in partner.unread:
        yield Check(f"partner {name}", "warning", left_over.said, left_over.mend)
    for path, sections in remote_keys(site, partner).items():
        yield from _private(path, f"{' and '.join(sections)} key of {name}")


def of_servers(site: Site, name: str, sections: Mapping[str, Remote | None]) -> Iterator[Check]:
    """Log in to the servers of these sections."""
    for section, facts in sections.items():
        if facts is None:
            continue
        try:
            with closing(remote_of(site, facts)) as connection:
                found = connection.run(lambda client, f=facts: client.listdir(f.folder))  # type: ignore[misc]
            yield Check(f"{section} of {name}", "ok", f"logged in, {len(found)} entries")
        except GatewayError as error:
            yield Check(f"{section} of {name}", "error", error.message, error.advice)
