"""What `translate` hands on: per shipment, per message, per interchange; the only input of acknowledgment writers.

Records go to a spool (spools.py), so that a file with a million refused shipments needs no more memory than one with
ten. The order is that of the file:

    InterchangeBegin GroupBegin MessageOpened (MessageFinding | ShipmentResult)* MessageClosed GroupEnd InterchangeEnd
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import repeat
from typing import Any

import msgspec

from gateway.findings import Finding
from gateway.profile import Profile
from gateway.records import GroupBegin, GroupEnd, Interchange, InterchangeBegin, InterchangeEnd
from gateway.spools import Spool


class MessageOpened(msgspec.Struct, frozen=True, tag="MO", tag_field="record"):
    """Facts of one message. key: name of the canonical message file without extension, unique in the drop."""

    index: int
    key: str
    format: str
    type: str
    version: str
    control_number: str
    implementation: str = ""


class ShipmentResult(msgspec.Struct, tag="SR", tag_field="record", omit_defaults=True):
    """Verdict of one shipment.

    id: what the sender knows it by (house bill, else tracking number, else "LX 3").
    verdict: accepted, rejected, duplicate, joined (another message delivered it) or waiting (for another message).
        `accepted` is provisional until the message, group and interchange are
        closed: Outcome.refused tells which messages fell later.
    identifiers: house_bill_number, house_bill_issuer, shipment_tracking_number, master_bill_number as far as known.
    segments: (position in the message, elements) of the unit, kept for refused shipments when an ack echoes them.
    """

    message: int
    number: int
    id: str
    verdict: str
    label: str = ""
    identifiers: dict[str, str] = {}
    findings: tuple[Finding, ...] = ()
    segments: list[tuple[int, list[str]]] = []
    withheld: tuple[Finding, ...] = ()  # of a waiting shipment: what is said when its time is up


class CleanResults(msgspec.Struct, frozen=True, tag="CR", tag_field="record"):
    """Accepted shipments of one message that follow each other, with nothing to tell: how the spool keeps them.

    Who reads records gets a ShipmentResult for each.
    """

    message: int
    numbers: list[int]
    ids: list[str]
    labels: list[str]
    identifiers: list[dict[str, str]]

    def each(self) -> Iterator[ShipmentResult]:
        """Yield them one by one."""
        columns = (self.numbers, self.ids, repeat("accepted"), self.labels, self.identifiers)
        return map(ShipmentResult, repeat(self.message), *columns)


class MessageFinding(msgspec.Struct, frozen=True, tag="MF", tag_field="record"):
    """A finding above shipment level, in file order."""

    finding: Finding


class MessageClosed(msgspec.Struct, frozen=True, tag="MC", tag_field="record"):
    """Result of one message: refused tells whether an error of scope message (or total loss of shipments) refuses it."""

    index: int
    refused: bool
    segments: int
    found: int
    header: list[tuple[int, list[str]]] = []  # header segments (M10, P4) for acks that echo them
    accepted: int = 0  # with those joined and waiting; provisional like ShipmentResult.verdict


Record = (
    InterchangeBegin
    | GroupBegin
    | MessageOpened
    | MessageFinding
    | ShipmentResult
    | MessageClosed
    | GroupEnd
    | InterchangeEnd
)
"""MessageFinding also carries the findings of scope group, interchange and file."""

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Record | CleanResults] = msgspec.msgpack.Decoder(
    CleanResults
    | InterchangeBegin
    | GroupBegin
    | MessageOpened
    | MessageFinding
    | ShipmentResult
    | MessageClosed
    | GroupEnd
    | InterchangeEnd
)
_decode: Callable[[bytes], Record] = _decoder.decode  # type: ignore[assignment]  # of records among which none is a CleanResults


def _read(spooled: Iterator[bytes]) -> Iterator[Record]:
    for record in map(_decoder.decode, spooled):
        if type(record) is CleanResults:
            yield from record.each()
        else:
            yield record  # type: ignore[misc]


class Records:
    """The typed view of a spool: append records, iterate them as often as needed.

    What there is to tell is kept a second time by itself, so that answers need not read a million clean shipments.
    """

    def __init__(self, spool: Spool) -> None:
        self._all, self._telling = spool, spool.sibling()
        self._begins: dict[int, tuple[int, int]] = {}  # interchange index -> where its records begin

    def append(self, record: Record, *, clean: bool = False) -> None:
        """Add one record; clean: an accepted shipment of which there is nothing to tell."""
        encoded = _encoder.encode(record)
        self._all.append(encoded)
        if not clean:
            self._telling.append(encoded)
        if type(record) is InterchangeBegin:
            self._begins[record.interchange.index] = (self._all.mark(), self._telling.mark())

    def append_clean(self, results: CleanResults) -> None:
        """Add accepted shipments of which there is nothing to tell."""
        self._all.append(_encoder.encode(results))

    def __iter__(self) -> Iterator[Record]:
        """Read all records again."""
        return _read(iter(self._all))

    def telling(self) -> Iterator[Record]:
        """Read all records but the clean shipments: of them MessageClosed has the numbers."""
        return map(_decode, iter(self._telling))

    def of(self, interchange: int, *, clean: bool) -> Iterator[Record]:
        """Read the records behind the beginning of one interchange, up to the next one; clean shipments when asked for."""
        marks = self._begins.get(interchange)
        if marks is None:
            return
        for record in _read(self._all.since(marks[0])) if clean else map(_decode, self._telling.since(marks[1])):
            if isinstance(record, InterchangeBegin):
                return
            yield record


class Counts(msgspec.Struct):
    """The books: found = accepted + rejected + duplicate + joined + waiting at the end of every file (promise P5)."""

    found: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicate: int = 0
    joined: int = 0
    waiting: int = 0

    @property
    def balanced(self) -> bool:
        """True when nothing is unaccounted for."""
        return self.found == self.accepted + self.rejected + self.duplicate + self.joined + self.waiting

    def facts(self) -> dict[str, int]:
        """Return the numbers by name; joined and waiting only where there are any."""
        numbers = msgspec.structs.asdict(self)
        return {n: v for n, v in numbers.items() if v or n not in ("joined", "waiting")}


class Delivery(msgspec.Struct, frozen=True, tag="DL"):
    """A piece of canonical output, provisional until the Outcome.

    key: the message; kind: "head" (start of a canonical message), "shipment" (`count` encoded shipments with commas
    between them), "close" (its end).
    data: canonical bytes, see canonical.encode. `test` messages go to the test folder, never to the live one.
    """

    key: str
    kind: str
    data: bytes = b""
    test: bool = False
    count: int = 1


class Ack(msgspec.Struct, frozen=True):
    """One acknowledgment file. kind: "TA1", "997", "999", "824", "355", "receipt", "rejects", "report" ...

    name: suffix after the name of the dropped file, e.g. ".997.edi"; chunks: the bytes, streamed, read once.
    folder: "ack" or "reject".
    """

    kind: str
    name: str
    chunks: Iterable[bytes]
    folder: str = "ack"


class AckRequest(msgspec.Struct, frozen=True):
    """What an acknowledgment writer is given.

    interchange: the subject; refused: message index -> rule; refused_interchanges: interchange index -> rule.
    controls: name of a counter ("ISA13", "GS06", "UNB0020") -> its next number, durable before it is used.
    catalogue: `get(rule)` gives the rule's texts and codes, or None.
    """

    records: Records
    interchange: Interchange
    refused: Mapping[int, str]
    refused_interchanges: Mapping[int, str]
    profile: Profile
    controls: Callable[[str], int]
    now: datetime
    catalogue: Any
    file_name: str = ""
    receipt_id: str = ""

    def own_records(self, *, clean: bool = False) -> Iterator[Record]:
        """Yield the records of the subject interchange only, in file order; clean shipments only when asked for."""
        return self.records.of(self.interchange.index, clean=clean)

    def text_of(self, finding: Finding) -> str:
        """Return the finding's sentence, or that of its rule where it may hold what is personal and must not be echoed."""
        if not finding.personal or self.profile.acks.echo_personal:
            return finding.message
        rule = self.catalogue.get(finding.rule) if self.catalogue is not None else None
        means = rule.get("means", "") if isinstance(rule, Mapping) else getattr(rule, "means", "")
        return str(means or "The value is not usable.")


class Outcome(msgspec.Struct):
    """The end of a translation; the last thing `translate` yields.

    verdict: accept, accept_with_warnings, partial, reject, quarantine.
    refused: message index -> rule that refused the whole message, whichever level it came from.
    records: every result in file order, re-readable.
    strangers: envelopes that were refused because their sender does not belong to the account.
    """

    verdict: str
    format: str
    counts: Counts
    refused: dict[int, str]
    records: Records
    interchanges: list[Interchange]
    refused_interchanges: dict[int, str]  # interchange index -> rule
    acks: list[Ack]
    claims: int = 0
    duplicate_of: str = ""
    answers_refuse: int = 0  # how many answers in the file refuse something of ours
    strangers: int = 0

    @property
    def refused_keys(self) -> Refused:
        """The keys of the messages whose deliveries must be dropped."""
        return Refused(self.refused)


class Refused:
    """Keys of the messages whose deliveries must be dropped; refused: their indexes."""

    def __init__(self, refused: Container[int]) -> None:
        self._refused = refused

    def __contains__(self, key: object) -> bool:
        """True for the key (gateway.message_facts.message_key) of a message that was refused."""
        return message_index(str(key)) in self._refused


def message_index(key: str) -> int:
    """Return the index of the message that has a key.

    >>> message_index("000000001-1-0001-0012")
    11
    """
    return int(key.rpartition("-")[2]) - 1


class _Kept(msgspec.Struct, frozen=True):
    """What unpack needs of an Outcome besides its records."""

    format: str
    refused: dict[int, str]
    interchanges: list[Interchange]
    refused_interchanges: dict[int, str]
    counts: Counts


def pack(outcome: Outcome) -> Iterator[bytes]:
    """Yield an outcome as records of bytes, to be kept until its waiting shipments are settled."""
    o = outcome
    yield _encoder.encode(_Kept(o.format, o.refused, o.interchanges, o.refused_interchanges, o.counts))
    yield from map(_encoder.encode, o.records)


def unpack(kept: Iterator[bytes], spool: Spool, change: Callable[[ShipmentResult], ShipmentResult]) -> Outcome:
    """Return a packed outcome with the records on a new spool. change: what becomes of each shipment's result."""
    o = msgspec.msgpack.decode(next(kept), type=_Kept)
    records = Records(spool)
    for record in _read(kept):
        records.append(change(record) if isinstance(record, ShipmentResult) else record)
    return Outcome("", o.format, o.counts, o.refused, records, o.interchanges, o.refused_interchanges, [])
