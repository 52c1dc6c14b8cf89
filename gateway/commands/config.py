"""`gateway config show`: the settings of a profile folder without its secrets, to be sent to whoever helps.

Key files are named, never read. What may hold a secret is masked: passwords in addresses, all of a webhook behind its
host, arguments of the alert command, and whatever key is named like a secret.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.partner import Partner
from gateway.site import Site

MASK = "***"
_SECRET = re.compile(r"(?i)passw|passphrase|secret|token|api_?key|credential|authorization|private")
_PATH = re.compile(r"(?i)(_file|_home|_dir)$")  # names of files are no secrets
_PASSWORD = re.compile(r"(\w+://[^/@\s:]*):[^@\s]*@")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_IN_QUERY = re.compile(r"([?&;][^=&;\s]*)=[^&;\s]*")


def shown(site: Site) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file, its settings) of gateway.toml, each partner file and the tables of the site's own documents."""
    folder = site.settings.folder
    for path in (folder / "gateway.toml", *sorted((folder / "partners").glob("*.toml"))):
        yield str(path.relative_to(folder)), masked(tomllib.loads(path.read_text("utf-8")))
    own = site.own
    mappings = {facts.message_type: facts.id for facts in own.tables.facts if facts.id in own.tables.added}
    if own.documents is not None and own.documents.xml:
        from gateway.formats.xml import qualified  # lxml, which few sites need here

        yield (
            "documents.csv",
            {
                qualified(k.root, k.namespace): _read_as(k.type, mappings, "/".join(k.unit) or ".")
                for k in own.documents.xml
            },
        )
    if own.documents is not None and own.documents.json:
        yield "json_documents.csv", {" ".join(d.keys): _read_as(d.type, mappings, d.unit) for d in own.documents.json}


def _read_as(kind: str, mappings: dict[str, str], unit: str) -> dict[str, str]:
    return {"type": kind, "unit": unit, "mapping": mappings.get(kind, "")}


def masked(settings: dict[str, Any], within: str = "") -> dict[str, Any]:
    """Return settings with the secrets masked. within: the section they stand in."""
    return {key: _masked(key, value, within) for key, value in settings.items()}


def _masked(key: str, value: Any, within: str) -> Any:
    if isinstance(value, dict):
        return masked(value, key)
    if _SECRET.search(key) and not _PATH.search(key):
        return MASK
    if within == "alerts" and key == "command" and isinstance(value, list):
        return [*value[:1], *[MASK] * len(value[1:])]
    if isinstance(value, list):
        return [_masked(key, one, within) for one in value]
    return _address(key, value) if isinstance(value, str) and "://" in value else value


def _address(key: str, value: str) -> str:
    """Return an address without its password; a webhook's path is a password too."""
    if key == "webhook":
        parts = urlsplit(value)
        return f"{parts.scheme}://{parts.hostname}/{MASK}"
    return _IN_QUERY.sub(rf"\1={MASK}", _PASSWORD.sub(rf"\1:{MASK}@", value))


def lines(settings: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield `key = value` as it stands in a file, sections as dotted keys."""
    for key, value in settings.items():
        name = prefix + _key(key)
        if isinstance(value, dict):
            yield from lines(value, f"{name}.")
        else:
            yield f"{name} = {_toml(value)}"


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _toml(key)


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def private_files(site: Site) -> Iterator[tuple[str, Path]]:
    """Yield (what, path) of the files that hold keys."""
    settings = site.settings
    yield "host key", settings.host_key
    if settings.next_host_key is not None:
        yield "next host key", settings.next_host_key
    yield "person key", settings.person_key
    for number, path in enumerate({path.resolve(): path for path in settings.key_files}.values(), 1):
        yield f"encryption key {number}", path
    if settings.responses_poll:
        yield "responses key", settings.folder / settings.responses_poll.key_file
    for partner, one in site.partners.items():
        for path, sections in remote_keys(site, one).items():
            yield f"{' and '.join(sections)} key of {partner}", path


def remote_keys(site: Site, partner: Partner) -> dict[Path, list[str]]:
    """Return the files of the keys that the gateway logs in with at a partner, each once, with the sections that name it."""
    found: dict[Path, list[str]] = {}
    for section, facts in (("target", partner.target), ("poll", partner.poll)):
        if facts:
            found.setdefault((site.settings.folder / facts.key_file).resolve(), []).append(section)
    return found
