"""gateway.toml and partners/NAME.toml as types: what may stand in them. A wrong key or value is told with what to write.

docs/partners.md explains every key; what needs other files (keys, tables, enrichment) is checked in gateway.site.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from gateway.errors import ConfigError, did_you_mean

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1)]
Filer = Literal["carrier", "freight_forwarder", "online_marketplace", "customs_broker", "other"]
Program = Literal[
    "section_321_pilot", "acas", "entry_11", "entry_13", "entry_86", "postal_imdw", "eccf_manifest", "postal_aed", "isf"
]
Mode = Literal["air", "truck", "rail", "ocean", "mail"]
Rate = str | int | float
Folder = Annotated[str, Meta(min_length=1, description="the path of a folder")]
Application = Annotated[
    str,
    Meta(
        pattern=r"^(none|(824|355|aperak|cusres)(\+(824|355|aperak|cusres))*)$",
        description="824, 355, aperak or cusres, several joined by +, or none",
    ),
]
Word = Literal["error", "warning", "info", "off"]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One section of a file."""


class Remote(Part, frozen=True):
    """Somebody's SFTP server. key_file: from the profile folder; host_key: SHA256:... of the server."""

    host: str
    user: str
    key_file: str
    host_key: str
    port: Port = 22
    folder: str = "."


class Target(Remote, frozen=True):
    """[target]: where a partner's canonical files go."""

    read_back: bool = False


class Poll(Remote, frozen=True):
    """[poll]: where files are fetched from."""

    marker: str = ""
    done_folder: str = "done"
    stable_polls: Count = 3
    seconds: Annotated[float, Meta(gt=0)] = 30


class Responses(Poll, frozen=True):
    """[responses]: the receiver's server; local: the folder that its files are fetched into."""

    local: str = "responses"


class Sftp(Part, frozen=True):
    """[sftp]: our own server. next_host_key: announced to clients until it takes the place of host_key."""

    host: str = "127.0.0.1"
    port: Port = 2222
    host_key: str = "keys/host_ed25519"
    next_host_key: str = ""


class Monitor(Part, frozen=True):
    """[monitor]: health and numbers over HTTP."""

    host: str = "127.0.0.1"
    port: Port | None = None


class Alerts(Part, frozen=True):
    """[alerts]: who is told when a person is needed."""

    command: list[str] = []
    webhook: Annotated[str, Meta(pattern="^(https?://.+)?$", description="https://host/path")] = ""


class Retention(Part, frozen=True):
    """[retention]: days that each class is kept; None for ever."""

    raw: Count | None = None
    answers: Count | None = None
    canonical: Count | None = None
    persons: Count | None = None


class Encryption(Part, frozen=True):
    """[encryption]: key files of sealed files, the newest first."""

    key_files: Annotated[list[str], Meta(min_length=1, description='["/etc/gateway/2026.key"]')]


class GatewayFile(Part, frozen=True):
    """gateway.toml."""

    state: Folder = "state"
    out: Folder = "out"
    ledger: str = ""  # URL; "" = SQLite in the state folder
    poll_seconds: Annotated[float, Meta(gt=0)] = 2.0
    settle_polls: Count = 2
    max_file_bytes: Count = 5_000_000_000
    workers: Annotated[int, Meta(ge=0, le=64)] | None = None  # None: the cores, at most 4
    person_secret_file: str = ""
    responses: str | Responses = ""
    sftp: Sftp = Sftp()
    monitor: Monitor = Monitor()
    alerts: Alerts = Alerts()
    retention: Retention = Retention()
    encryption: Encryption | None = None
    fx_usd: dict[str, Rate] = {}
    outputs: dict[str, Any] = {}  # see gateway.commands.extracting


class Id(Part, frozen=True):
    """One id of an envelope."""

    id: str
    qualifier: str = ""


class Acks(Part, frozen=True):
    """[acks], see gateway.profile.AckPolicy."""

    ta1: Literal["requested", "always", "fault", "never"] = "requested"
    functional: Literal["auto", "997", "999", "none"] = "auto"
    application: Application = "824+355"
    application_for: Literal["refused", "all"] = "refused"
    version_997: str = "004010"
    version_999: str = "005010X231A1"
    echo_personal: bool = False
    max_errors: Count = 100


class Enrichment(Part, frozen=True):
    """Rows of a CSV file that complete shipments, joined on one canonical field."""

    file: str
    on: str = "house_bill_number"


class PartnerFile(Part, frozen=True):
    """partners/NAME.toml; what has the name of a field of gateway.profile.Profile means the same."""

    originator_code: Annotated[
        str, Meta(pattern="^[A-Z0-9]{1,15}$", description="up to 15 capital letters and digits, in quotes")
    ]
    senders: list[str | Id]
    receivers: list[str | Id]
    partner: str = ""  # "" = the name of the file
    account: str = ""  # "" = partner
    own_id: str | Id | None = None
    filer_type: Filer = "carrier"
    filer_type_by_mode: dict[Mode, Filer] = {}
    filer_name: Annotated[str, Meta(max_length=70, description="a name of up to 70 letters")] = ""
    program: Program = "section_321_pilot"
    constants: dict[str, Any] = {}
    allow_test: bool = True
    tolerance: Literal["lenient", "strict"] = "lenient"
    refused_numbers: Literal["free", "used"] = "free"
    repeats: Literal["amend", "refuse"] = "amend"
    salvage: Literal["message", "shipment"] = "message"
    fold_case: bool = False
    ignore_unknown_segments: bool = False
    encoding: str = ""
    assume_section_321: bool = True
    bill_is_master: bool = False
    aggregate_reject: Literal["later", "all"] = "later"  # all: refused by gateway.switches, which says what to do
    default_currency: Annotated[
        str, Meta(pattern="^([A-Z]{3})?$", description="the three letters of a currency: CAD")
    ] = ""
    unwrap: list[Literal["zip", "gz", "pgp"]] = []
    pgp_home: str = ""
    join_hours: Annotated[float, Meta(ge=0)] = 0
    join_on: Literal["master+house", "house"] = "master+house"
    join_formats: list[str] = []
    severities: dict[str, Word] = {}
    acks: Acks = Acks()
    fx_usd: dict[str, Rate] = {}
    options: dict[str, Any] = {}
    mappings: list[str] = []
    enrichment: Enrichment | None = None
    keys: list[str] | None = None  # None: keys/NAME.pub
    home: str = ""
    in_dir: str = ""
    target: Target | None = None
    poll: Poll | None = None


_File = TypeVar("_File", GatewayFile, PartnerFile)
_Section = TypeVar("_Section", bound=Part)
_MAKE = "gateway onboard SAMPLE --partner NAME --to DIR drafts a profile folder, gateway demo init DIR one to try."


def read_file(path: Path, kind: type[_File]) -> _File:
    """Read a file. Raises ConfigError: file, key, what to write."""
    try:
        return checked(path.name, tomllib.loads(path.read_text("utf-8")), kind)
    except FileNotFoundError:
        raise ConfigError(f"{path} is not there.", _MAKE) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        again = "twice" in str(error) or "overwrite" in str(error).lower()
        advice = "Put all its keys under one head line." if again else "Correct the line; strings need quotes."
        raise ConfigError(f"{path.name}: {error}.", advice) from None


def checked(name: str, given: dict[str, Any], kind: type[_Section]) -> _Section:
    """Return what stands in a file as its type. Raises ConfigError: file, key, what to write."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise _told(name, str(error), kind) from None


# --- what is wrong, in words ----------------------------------------------------------------------------------------

_WORDS = {
    "int": "a whole number", "float": "a number", "str": "text in quotes", "bool": "true or false", "array": "a list",
    "object": "a section",
}  # fmt: skip
_SEE = "See docs/partners.md for every key and an example."


def _told(file: str, said: str, kind: type[Any]) -> ConfigError:
    """Put msgspec's text into words: "Expected `int`, got `str` - at `$.sftp.port`"."""
    fault, _, where = said.partition(" - at ")
    steps = re.findall(r"\w+|\[\.\.\.\]", re.sub(r"\[[0-9]+\]", "", where.rpartition("$")[2]))
    steps += ["key"] if where.startswith("`key`") else []
    key = ".".join(step for step in steps if step not in ("[...]", "key"))
    place = _type_at(kind, steps)
    field = re.match(r"Object (contains unknown|missing required) field `(.*)`", fault)
    if field:
        name = f"{key}.{field[2]}".lstrip(".")
        if field[1] == "missing required":
            return ConfigError(f"{file}: {name} is missing.", _SEE)
        known = _names(place)
        advice = did_you_mean(field[2], known, f"Known: {', '.join(known)}.")
        return ConfigError(f'{file}: key "{name}" is not known.', advice)
    literals = [choice for t in _alternatives(place) if get_origin(t) is Literal for choice in get_args(t)]
    choices = [str(choice) for choice in literals if choice != ""]
    if choices and fault.startswith("Invalid"):
        value = fault.partition("value ")[2].strip("'")
        return ConfigError(f'{file}: {key} "{value}" is not known.', f"Known: {', '.join(choices)}.")
    described = re.search(r"description='([^']*)'", repr(place))
    wanted, _, got = fault.removeprefix("Expected ").partition(", got ")
    words = " or ".join(_WORDS[w] for w in re.findall(r"\w+", wanted.partition(" matching")[0]) if w in _WORDS)
    limit = " ".join(re.findall(r"[<>]=? [0-9.]+$", wanted))
    there = f" is {_WORDS.get(got.strip('`'), 'something else')}" if got else " is not understood"
    return ConfigError(f"{file}: {key}{there}.", f"Write {described[1] if described else f'{words} {limit}'.strip()}.")


def _type_at(kind: Any, steps: list[str]) -> Any:
    """Return the type of a place: names of keys, "[...]" for any value of a section with free keys, "key" for its keys."""
    for step in steps:
        kind = next((t for t in _alternatives(kind) if _is_part(t) or get_origin(t) is dict), None)
        if kind is None:
            return None
        if _is_part(kind):
            kind = next((f.type for f in msgspec.structs.fields(kind) if f.name == step), None)
        else:
            kind = get_args(kind)[step != "key"]
    return kind


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """Return the types that a type is made of: those of a union, of a list's entries."""
    if get_origin(kind) in (Annotated, list, tuple):
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return tuple(one for part in get_args(kind) for one in _alternatives(part))
    return (kind,)


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Part)


def _names(kind: Any) -> list[str]:
    part = next((t for t in _alternatives(kind) if _is_part(t)), None)
    return sorted(f.name for f in msgspec.structs.fields(part)) if part is not None else []
