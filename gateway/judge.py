"""One shipment's verdict: mapping, completion, schema, rules; every finding gets its place in the received file.

Not here: what needs the past (duplicates, the USD 800 sum) and what needs the whole file (books, envelopes): translate.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from gateway import cancelling
from gateway.canonical.encode import encode_shipment, encode_shipments
from gateway.canonical.validate import SchemaError, ShipmentValidator
from gateway.echoes import Place, is_unread, not_asked_of_amendments, one_weight, place_key, tidy, told_letters, unsaid
from gateway.findings import NOWHERE, Finding, Scope, Severity
from gateway.own_words import in_own_words
from gateway.profile import MappedShipment, Profile, Program
from gateway.records import Message, Unit
from gateway.rules.lost import LOST_BYTES, lost_characters, reference_in
from gateway.unasked import leave_out_unasked

_NONE: list[Finding] = []  # the usual answer; shared, never changed
_REMEMBERED = 100
_OWN = frozenset(("house_bill_number", "shipment_tracking_number"))


Verdict = tuple[dict[str, Any], list[Finding], bytes]
"""A completed draft, what is said of it, and its canonical bytes."""


LeaveOut = Callable[[dict[str, Any], list[Finding]], list[Finding]]
"""(draft, faults of the schema) -> what is said of the parts it took out of the draft; [] when it took none."""


class Judged(msgspec.Struct, eq=False):
    """A unit with its findings; draft is None when nothing could be mapped."""

    number: int
    label: str
    draft: dict[str, Any] | None
    findings: list[Finding]
    identifiers: dict[str, str]
    refused: bool
    purpose: str = "original"
    mapped: MappedShipment | None = None
    unit: Unit | None = None
    encoded: bytes = b""
    withheld: list[Finding] = []  # errors of a shipment that waits for another message
    join: Any = None  # gateway.joining.Join, when its partner's messages are joined

    @property
    def id(self) -> str:
        """What the sender knows the shipment by: house bill, tracking number, master bill, else its label ("LX 2")."""
        for name in ("house_bill_number", "shipment_tracking_number", "master_bill_number"):
            if self.identifiers.get(name):
                return self.identifiers[name]
        return self.label

    def add(self, finding: Finding) -> None:
        """Add a finding found later (duplicate, sum), with its place in the file."""
        placed = place(finding, self.mapped)
        self.findings.append(placed)
        self.refused = self.refused or placed.refuses


class Mapping(msgspec.Struct, eq=False):
    """A mapped unit that waits to be settled."""

    message: Message
    unit: Unit
    mapped: MappedShipment
    findings: list[Finding]
    flagged: Collection[Place] = ()  # places of syntax errors of the message


def _purpose(draft: dict[str, Any]) -> str:
    return str(draft.get("transmission_purpose", "original"))


class Judge:
    """Judges the shipments of one message after another with one profile at one time."""

    def __init__(self, profile: Profile, now: datetime) -> None:
        self._profile = profile
        self._now = now
        self._validators: dict[str, ShipmentValidator] = {}
        self.refusing: dict[str, Finding] = {}  # element of XML -> what refused a shipment for it, of the open message

    def map(
        self, message: Message, unit: Unit, program: Program, syntax: list[Finding], flagged: set[Place]
    ) -> Mapping:
        """Return the mapped unit, to be settled with others.

        syntax: the reader's findings of scope shipment; flagged: places (place_key) of syntax errors of the
        message: what the mapping says of these places is an echo.
        """
        mapped = program.run(message, unit.node, self._profile)
        findings = mapped.findings
        if flagged and findings:
            findings = [f for f in findings if place_key(f.position) not in flagged]
        if syntax and findings:
            syntax = unsaid(syntax, [w for f in findings if (w := self.weigh(f)).severity is not Severity.OFF])
        return Mapping(message, unit, mapped, [*syntax, *findings], flagged)

    def later(self, message: Message, unit: Unit, program: Program) -> Mapping:
        """Return a unit whose verdict another process knows."""
        return Mapping(message, unit, program.later(message, unit.node, self._profile), [])

    def verdicts(self, mappings: list[Mapping]) -> list[Verdict]:
        """Complete and check mapped units: stage by stage over all of them, which the caches of a CPU like."""
        profile, rules = self._profile, self._profile.rules
        drafts = [m.mapped.draft for m in mappings]
        prepared = rules.prepare_all(drafts, profile, self._now)
        purposes = [_purpose(d) for d in drafts]
        ruled = rules.check_all(drafts, profile, self._now, purposes)
        for draft in drafts:
            draft.pop("_arrival_day", None)
            draft.pop("_document_number", None)
        encoded = encode_shipments(drafts)
        schema = self._schema(drafts, encoded)
        for at, purpose in enumerate(purposes):
            if schema[at]:
                leave_out = cancelling.leave_out if purpose == "cancel" else leave_out_unasked
                encoded[at], schema[at] = self._fit(drafts[at], encoded[at], schema[at], leave_out)
        verdicts: list[Verdict] = []
        for m, draft, late, said, faults, purpose, data in zip(mappings, drafts, prepared, ruled, schema, purposes, encoded, strict=True):  # fmt: skip
            findings = m.findings
            odd = LOST_BYTES in data or (b"&" in data and reference_in(data))
            lost = self._lost(m, draft, faults) if odd else _NONE
            if findings or late or said or faults or lost:
                every = (*one_weight(findings), *late, *self._unsaid(faults, said), *said, *lost)
                placed = [self.weigh(place(f, m.mapped)) for f in every]
                if purpose == "cancel":
                    placed = cancelling.tell(placed, draft)
                placed = not_asked_of_amendments(placed, draft, m.flagged)
                findings = tidy([f for f in placed if not is_unread(f, draft, m.flagged)])
                if m.message.written is not None:
                    findings = in_own_words(findings, m.message, self._words_of(m.message.format))
            verdicts.append((draft, findings, data))
        return verdicts

    def settle(
        self, mappings: list[Mapping], verdicts: list[Verdict], identify: Callable[[Any], dict[str, str]]
    ) -> list[Judged]:
        """Return the judged units in the same order. identify: reads a unit's identifiers without mapping."""
        judged = []
        for m, (draft, findings, data) in zip(mappings, verdicts, strict=True):
            names = {n: text for n in cancelling.IDENTIFIERS if isinstance(text := draft.get(n), str)}
            if _OWN.isdisjoint(names):  # its number could not be used: its master's says too little
                names = {**identify(m.unit.node), **names}
            refused = bool(findings) and any(f.severity is Severity.ERROR for f in findings)
            if refused and len(self.refusing) < _REMEMBERED:
                self.refusing.update({f.position.xpath: f for f in findings if f.refuses and f.position.xpath})
            unit, purpose = m.unit, _purpose(draft)
            judged.append(
                Judged(unit.number, unit.label, draft, findings, names, refused, purpose, m.mapped, unit, data)
            )
        return judged

    def _fit(
        self, draft: dict[str, Any], encoded: bytes, faults: list[Finding], leave_out: LeaveOut
    ) -> tuple[bytes, list[Finding]]:
        """Return a shipment without the parts that the schema refuses and nobody needs, and what is said of them."""
        said: list[Finding] = []
        while left := leave_out(draft, faults):
            said += left
            encoded = encode_shipment(draft)
            (faults,) = self._schema([draft], [encoded])
        return encoded, [*said, *faults]

    def weigh(self, finding: Finding) -> Finding:
        """Return the finding with the partner's own severity for its rule, if there is one."""
        severity = self._profile.severities.get(finding.rule)
        return finding if severity is None else replace(finding, severity=severity)

    def _words_of(self, message_format: str) -> Any:
        """Return the catalogue in the words of a format, None without one."""
        return self._profile.catalogue and self._profile.catalogue.worded(message_format)

    def _unsaid(self, schema: list[Finding], ruled: list[Finding]) -> list[Finding]:
        """Return the schema's findings without those that a rule says in better words of the same field."""
        if not schema or not ruled:
            return schema
        said = {f.target for f in ruled if self.weigh(f).severity is Severity.ERROR}
        if any(target.startswith("items.total_value") for target in said):
            said |= _SUMS
        return [f for f in schema if f.rule != "S321-SCHEMA" or f.target not in said]

    def _lost(self, m: Mapping, draft: dict[str, Any], faults: list[Finding]) -> list[Finding]:
        """Return what is said of lost characters and of references that neither the reader nor the schema told of."""
        if any(f.rule == "CSV-ENCODING" for f in m.findings):
            return _NONE
        told = told_letters(m.findings)
        said = {f.target for f in faults}
        lost = [place(replace(f, personal=_is_personal(f.pointer)), m.mapped) for f in lost_characters(draft)]
        return [f for f in lost if f.target not in said and (f.refuses or place_key(f.position) not in told)]

    def _schema(self, drafts: list[dict[str, Any]], encoded: list[bytes]) -> list[list[Finding]]:
        """Return what the schema says of each draft. encoded: their JSON."""
        modes = {str(draft.get("mode_of_transportation", "")) for draft in drafts}
        if len(filers := {self._profile.filer_type_for(mode) for mode in modes}) > 1:
            return [self._schema([draft], [data])[0] for draft, data in zip(drafts, encoded, strict=True)]
        (filer,) = filers
        validator = self._validators.get(filer)
        if validator is None:
            validator = self._validators[filer] = ShipmentValidator(filer)
        return [[*map(_of_schema, faults)] if faults else _NONE for faults in validator.errors_of_all(drafts, encoded)]


def _of_schema(e: SchemaError) -> Finding:
    return Finding(
        e.rule, Severity.ERROR, Scope.SHIPMENT, e.message, pointer=e.pointer, target=_target(e.pointer, e.missing), value=_text(e.value), personal=_is_personal(e.pointer)
    )  # fmt: skip


def place(finding: Finding, mapped: MappedShipment | None) -> Finding:
    """Return the finding with the source position of its pointer, when it has no position yet.

    Its value becomes the text as received, where one element holds it: "950", not "950.00".
    """
    if mapped is None or finding.position != NOWHERE:
        return finding
    origin = mapped.locate(finding.pointer)
    value = finding.value if finding.value is None or origin.received is None else origin.received
    personal = finding.personal or (value is not None and origin.personal)
    where = origin.position
    if finding.pointer == "/shipment_id" and origin.received is None and where.segment:
        where = replace(where, element=None, data_element="")  # issuer and number: no one element
    return replace(finding, position=where, row=finding.row or origin.row, value=value, personal=personal)


_SUMS = frozenset(("total_value.amount", "fair_retail_value_usd"))  # made of the values of the goods lines


def _target(pointer: str, missing: tuple[str, ...]) -> str:
    """Return the canonical field of a pointer: /items/0/hts_number -> items.hts_number."""
    parts = [p for p in pointer.split("/") if p and not p.isdigit()]
    if missing and parts[-1:] != list(missing[:1]) and len(missing) == 1:
        parts.append(missing[0])
    return ".".join(parts)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _is_personal(pointer: str) -> bool:
    parts = pointer.split("/")
    return len(parts) > 2 and parts[1].endswith(
        ("party", "initiator", "seller", "buyer", "owner", "manufacturer", "consolidator")
    )
