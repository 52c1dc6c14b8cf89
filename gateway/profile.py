"""The profile: everything a translation knows about one partner, frozen.

Built by `gateway.shell.config` from gateway.toml and partners/*.toml; tests build it directly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import msgspec

from gateway.findings import Finding, Position, Severity
from gateway.records import Message


class Identity(msgspec.Struct, frozen=True):
    """An envelope sender or receiver: qualifier (ISA05, UNB 0007; "" = any) and id. id "*" = any, "GW*" = begins with GW."""

    id: str
    qualifier: str = ""

    def matches(self, qualifier: str, identifier: str) -> bool:
        """True when the pair from the envelope is this identity."""
        found = identifier.strip()
        same = found.startswith(self.id[:-1]) if self.id.endswith("*") else found == self.id
        return same and self.qualifier in ("", qualifier.strip())


class AckPolicy(msgspec.Struct, frozen=True):
    """Which acknowledgments a partner gets.

    ta1: "requested" (ISA14 = 1 or an interchange fault), "always", "fault", "never".
    functional: "auto" (997 below 005010, 999 from 005010), "997", "999", "none".
    application: "824", "355", both joined by "+" or "none"; for X12. Which shipments: "refused" or "all".
    EDIFACT: CONTRL unless functional is "none"; APERAK for "824", "355" or "aperak"; CUSRES only for "cusres".
    echo_personal: whether AK404/IK404/TED07 may hold names and addresses.
    """

    ta1: str = "requested"
    functional: str = "auto"
    application: str = "824+355"
    application_for: str = "refused"
    version_997: str = "004010"
    version_999: str = "005010X231A1"
    echo_personal: bool = False
    max_errors: int = 1000  # segment errors per set in a 997/999; the rest is counted in the report


class Origin(NamedTuple):
    """Where a canonical value comes from.

    row: mapping row ("file:line"); received: the raw text when the value was made of one text alone, else None;
    personal: the row says that the value is personal.
    """

    position: Position
    row: str = ""
    received: str | None = None
    personal: bool = False


class MappedShipment(Protocol):
    """Result of mapping one unit."""

    draft: dict[str, Any]
    findings: list[Finding]

    def locate(self, pointer: str) -> Origin:
        """Return the source of the value at a JSON pointer of the draft."""
        ...


class Program(Protocol):
    """A compiled mapping (gateway.mapping.program)."""

    @property
    def mapping_id(self) -> str:
        """The id in map.toml."""
        ...

    @property
    def mapping_version(self) -> str:
        """The hash of its tables."""
        ...

    @property
    def unit_path(self) -> tuple[str, ...]:
        """Tags of the shipment binding, e.g. ("P4", "LX")."""
        ...

    def run(self, message: Message, node: Any, profile: Profile) -> MappedShipment:
        """Map one unit to a draft shipment."""
        ...

    def later(self, message: Message, node: Any, profile: Profile) -> MappedShipment:
        """Pass a unit by that another process maps; the draft is empty, `locate` maps it."""
        ...

    def reads(self, message: Message, profile: Profile, unit: tuple[str, ...]) -> dict[str, Any]:
        """Return the names of elements below a unit that rows read, as a tree; unit: the names from the root to it."""
        ...

    def selects(self, message: Message, profile: Profile, tag: str) -> frozenset[str]:
        """Return the qualifiers by which rows choose among elements of a name: `OCI[03=SM|SS]` -> SM, SS."""
        ...


@dataclass(frozen=True, repr=False, eq=False)  # one of a kind; it holds the key of the person hash
class Profile:
    """One partner's settings; field names are the keys of partners/NAME.toml."""

    partner: str
    account: str
    originator_code: str
    senders: tuple[Identity, ...]
    receivers: tuple[Identity, ...]
    own_id: Identity = Identity("GWRECEIVER", "ZZ")  # noqa: RUF009  frozen
    filer_type: str = "carrier"
    filer_type_by_mode: Mapping[str, str] = field(default_factory=dict)
    filer_name: str = ""
    program: str = "section_321_pilot"
    constants: Mapping[str, Any] = field(
        default_factory=dict
    )  # canonical shipment field -> value, where the input has none
    allow_test: bool = True
    tolerance: str = "lenient"  # lenient, strict
    refused_numbers: str = (
        "free"  # free: a control number of which nothing was accepted may come again; used: it may not
    )
    repeats: str = (
        "amend"  # amend: what comes again with other content, of a format that cannot say so; refuse: refused
    )
    salvage: str = "message"  # message: a syntax error refuses the set; shipment: only the shipment it lies in
    fold_case: bool = False
    ignore_unknown_segments: bool = False
    encoding: str = ""  # forced character set, e.g. cp037
    assume_section_321: bool = True
    bill_is_master: bool = False
    default_currency: str = ""
    unwrap: tuple[str, ...] = ()  # wrappings that are opened: zip, gz, pgp
    pgp_home: str = ""  # folder of gpg's key ring, absolute when it comes from a partner file
    join_hours: float = 0  # how long a shipment that lacks something waits for another message; 0 = not at all
    join_on: str = "master+house"  # or "house"
    join_formats: tuple[str, ...] = ()  # formats whose shipments may wait too, besides houses of lists
    replayed: bool = False  # a file is judged again on a person's order; no key of a partner file
    severities: Mapping[str, Severity] = field(default_factory=dict)
    acks: AckPolicy = AckPolicy()  # noqa: RUF009  frozen
    fx_usd: Mapping[str, Decimal] = field(default_factory=dict)  # currency -> USD per unit
    person_secret: bytes = b"section-321"  # key of the person hash
    enrich: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
    programs: Callable[[str, str, str], Program | None] | None = None  # (format, message type, version) -> Program
    tables: Any = None  # the gateway.mapping.folder.MappingSet behind `programs`
    documents: Any = None  # gateway.formats.own.Documents: those of the site's own, None = none
    structures: Any = None  # formats' structure tables, see formats.x12.structure
    rules: Any = None  # gateway.rules.Rulebook
    catalogue: Any = None  # gateway.catalogue.Catalogue
    options: Mapping[str, Any] = field(
        default_factory=dict
    )  # format-specific switches, e.g. {"accept_missing_unz": True}

    def of_replay(self) -> Profile:
        """Return what a replay is judged by: a person's order and no new word of the sender, so what was sent since is not changed back."""
        return replace(self, repeats="refuse", replayed=True)

    def of_release(self) -> Profile:
        """Return what a held file that is put back to work is judged by: it was not delivered, but others were since."""
        return replace(self, replayed=True)

    def filer_type_for(self, mode: str) -> str:
        """Return the filer type for a mode of transportation (base profile: carrier by truck, forwarder by air and mail)."""
        return self.filer_type_by_mode.get(mode, self.filer_type)
