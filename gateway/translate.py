"""THE function: bytes + profile + clock + history -> deliveries, acknowledgments, findings, books.

    chunks -> detect -> reader events -> judge (map, schema, rules) -> history -> Delivery ...  Outcome

Pure: no file, socket, clock or database is touched. Shipments leave one by one and stay provisional until the Outcome,
because the trailers of set, group and interchange come last: what they refuse, `Outcome.refused_keys` takes back.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from types import ModuleType
from typing import Any, ClassVar

import msgspec

from gateway import acks
from gateway.canonical.encode import MESSAGE_END, encode_envelope_head
from gateway.findings import Finding, Scope, Severity
from gateway.formats import format_module, sniffers
from gateway.formats.detect import HEAD, Detection, Transcoded, check_name, detect
from gateway.history import History, ShipmentClaim
from gateway.joining import Joiner
from gateway.judge import Judge, Judged, Mapping, Place, place_key
from gateway.message_facts import answer_finding, envelope_of, message_key, reused
from gateway.profile import Profile, Program
from gateway.records import (
    Acknowledged,
    Event,
    GroupBegin,
    GroupEnd,
    Interchange,
    InterchangeBegin,
    InterchangeEnd,
    Message,
    MessageBegin,
    MessageEnd,
    Unit,
)
from gateway.results import (
    Counts,
    Delivery,
    MemorySpool,
    MessageClosed,
    MessageFinding,
    MessageOpened,
    Outcome,
    Records,
    ShipmentResult,
    Spool,
)

_CUT_OFF = frozenset(("X12-TRUNCATED", "EDIFACT-TRUNCATED", "EDIFACT-SEG-TOO-LONG"))

AT_ONCE = 16
"""Shipments that go through the stages of judging together."""

BATCH = 32
"""Shipments judged before the history is asked about all of them at once."""


def translate(
    chunks: Iterable[bytes],
    profile: Profile,
    now: datetime,
    history: History,
    *,
    name: str = "",
    size: int = 0,
    sha256: str = "",
    receipt_id: str = "",
    spool: Spool | None = None,
    counts: Counts | None = None,
) -> Iterator[Delivery | Outcome]:
    """Yield the deliveries of one dropped file and, last, its Outcome.

    chunks: the raw bytes, split anywhere. name: as the sender called it. size, sha256: of the raw bytes.
    spool: where results wait for the acknowledgment writers (default: memory).
    counts: an object that is kept up to date while the file is read, for a display of the progress.
    """
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= HEAD:
            break
    run = _Run(profile, now, history, Records(spool or MemorySpool()), name, sha256, counts or Counts())
    bad_name = check_name(name, depth=int(profile.options.get("max_depth", 0))) if name else None
    seen = (
        Detection(hold=bad_name, kind="none")
        if bad_name
        else detect(head, name, sniffers(), profile.encoding, str(profile.options.get("format", "")))
    )
    if seen.hold is not None:
        run.finding(seen.hold)
    else:
        yield from run.read(itertools.chain((head,), source), seen)
    outcome = run.outcome(seen)
    module = format_module(seen.format) if seen.format else None
    outcome.acks = acks.plan(
        outcome, profile, history.next_control, now, profile.catalogue and profile.catalogue.worded(seen.format),
        file_name=name, size=size, sha256=sha256, receipt_id=receipt_id, detected=outcome.format, writers=module.ACKS if module else {}, endings=getattr(module, "ACK_ENDINGS", {}),
    )  # fmt: skip
    yield outcome


class _Tally:
    """What one open level (message, group, interchange) has accepted so far, in case its trailer takes it back.

    stood: how many shipments of each verdict that a refusal of the level would turn into rejected.
    """

    __slots__ = ("mark", "messages", "rule", "stood")

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self.stood: Counter[str] = Counter()
        self.messages: list[tuple[int, str]] = []
        self.rule = ""


class _Run:
    """The state of one translation."""

    def __init__(
        self, profile: Profile, now: datetime, history: History, records: Records, name: str, sha256: str, counts: Counts
    ) -> None:  # fmt: skip
        self._profile, self._now, self._history, self._records = profile, now, history, records
        self._name, self._sha256 = name, sha256
        self._place: tuple[str | None, str] = (None, f"file {name}")  # trip -> words, the last one
        self._judge = Judge(profile, now)
        self._twins, self._neighbours = profile.rules.twins(), profile.rules.neighbours()
        self._joiner = Joiner(profile, history, now, f"file {name}")
        self._counts = counts
        self._refused: dict[int, str] = {}
        self._refused_keys: set[str] = set()
        self._interchanges: list[Interchange] = []
        self._refused_interchanges: dict[int, str] = {}
        self._levels = {scope: _Tally(0) for scope in (Scope.INTERCHANGE, Scope.GROUP, Scope.MESSAGE)}
        self._module: ModuleType | None = None
        self._program: Program | None = None
        self._key = ""
        self._head_sent = self._syntax_errors = self._masters = False
        self._found = 0
        self._pending: list[Judged] = []
        self._mapped: list[Mapping] = []
        self._syntax: list[Finding] = []
        self._worst: set[Severity] = set()
        self._held = False
        self._format = ""
        self._claims = 0
        self._flagged: set[Place] = set()  # places of syntax errors in the open message

    def read(self, chunks: Iterable[bytes], seen: Detection) -> Iterator[Delivery]:
        """Run the reader and handle its events."""
        for finding in seen.findings:
            self.finding(finding)
        self._module = format_module(seen.format)
        events: Iterator[Event] = self._module.read(Transcoded(chunks, seen), self._profile, (seen.skip, seen.factor))
        for event in events:
            kind = type(event)
            if kind is Unit:
                yield from self._unit(event)  # type: ignore[arg-type]
            elif kind is Finding:
                if event.scope is Scope.SHIPMENT:  # type: ignore[union-attr]
                    self._shipment_finding(event)  # type: ignore[arg-type]
                else:
                    self.finding(event)  # type: ignore[arg-type]
            else:
                yield from self._handlers[kind](self, event)

    # --- findings above the shipment --------------------------------------------------------------------------

    def finding(self, finding: Finding) -> None:
        """Note a finding of scope message and above; an error refuses what it stands in."""
        finding = self._judge.weigh(finding)
        if finding.severity is Severity.OFF:
            return
        self._worst.add(finding.severity)
        self._records.append(MessageFinding(finding))
        if not finding.refuses:
            return
        if finding.scope is Scope.FILE:
            self._held = True
        elif not self._levels[finding.scope].rule:
            self._levels[finding.scope].rule = finding.rule
        if finding.scope is Scope.MESSAGE and ("AK304" in finding.ack or "UCS" in finding.ack):
            self._syntax_errors = True
            self._flag(finding)

    def _shipment_finding(self, finding: Finding) -> None:
        """Keep a syntax finding for the shipment that comes next."""
        finding = self._judge.weigh(finding)
        if finding.severity is Severity.OFF:
            return
        self._syntax.append(finding)
        if finding.refuses:
            self._flag(finding)

    def _flag(self, finding: Finding) -> None:
        place = place_key(finding.position)
        if place is not None:
            self._flagged.add(place)

    # --- levels -----------------------------------------------------------------------------------------------

    def _open_interchange(self, event: InterchangeBegin) -> Iterator[Delivery]:
        facts = event.interchange
        self._levels[Scope.INTERCHANGE] = _Tally(self._history.mark())
        self._interchanges.append(facts)
        self._records.append(event)
        if not facts.control_number:
            return
        sender, receiver = (
            f"{facts.sender_qualifier}:{facts.sender_id}",
            f"{facts.receiver_qualifier}:{facts.receiver_id}",
        )
        before = self._history.interchange(sender, receiver, facts.control_number)
        if before is None:
            self._history.claim_interchange(sender, receiver, facts.control_number, self._name)
        else:
            self.finding(reused(facts, before, self._name))
        yield from ()

    def _open_group(self, event: GroupBegin) -> Iterator[Delivery]:
        self._levels[Scope.GROUP] = _Tally(self._history.mark())
        self._records.append(event)
        yield from ()

    def _open_message(self, event: MessageBegin) -> Iterator[Delivery]:
        message = event.message
        self._levels[Scope.MESSAGE] = _Tally(self._history.mark())
        self._format = self._format or message.format
        self._flagged = set()
        self._found = 0
        self._head_sent = self._syntax_errors = self._masters = False
        self._key = message_key(message)
        self._records.append(
            MessageOpened(message.index, self._key, message.format, message.type, message.version, message.control_number, message.implementation)
        )  # fmt: skip
        choose = self._profile.programs
        self._program = choose(message.format, message.type, message.version) if choose else None
        yield from ()

    def _close_message(self, event: MessageEnd) -> Iterator[Delivery]:
        yield from self._flush(event.message)
        message, tally = event.message, self._levels[Scope.MESSAGE]
        if self._head_sent:
            yield Delivery(self._key, "close", MESSAGE_END, test=message.interchange.test)
        for finding in self._syntax:  # of a shipment that never came
            self.finding(msgspec.structs.replace(finding, scope=Scope.MESSAGE))
        self._syntax = []
        refused = bool(tally.rule)
        header = self._module.segments(message.root) if self._module and (self._found or self._masters) else []
        self._records.append(
            MessageClosed(
                message.index, refused, self._syntax_errors, event.segments, self._found, header, tally.stood.total()
            )
        )
        if refused:
            self._take_back(tally, [(message.index, self._key)], tally.rule)
        for scope in (Scope.GROUP, Scope.INTERCHANGE):
            self._levels[scope].stood.update({} if refused else tally.stood)
            self._levels[scope].messages.append((message.index, self._key))

    def _close_group(self, event: GroupEnd) -> Iterator[Delivery]:
        self._records.append(event)
        tally = self._levels[Scope.GROUP]
        if tally.rule:
            self._take_back(tally, tally.messages, tally.rule)
            self._levels[Scope.INTERCHANGE].stood.subtract(tally.stood)
        self._levels[Scope.GROUP] = _Tally(self._history.mark())
        yield from ()

    def _close_interchange(self, event: InterchangeEnd) -> Iterator[Delivery]:
        self._records.append(event)
        tally = self._levels[Scope.INTERCHANGE]
        if tally.rule:
            self._refused_interchanges[event.interchange.index] = tally.rule
            self._take_back(tally, tally.messages, tally.rule)
        self._levels[Scope.INTERCHANGE] = _Tally(self._history.mark())
        yield from ()

    def _take_back(self, tally: _Tally, messages: list[tuple[int, str]], rule: str) -> None:
        """Refuse messages whose shipments were provisionally accepted."""
        self._history.rollback(tally.mark)
        for verdict, number in tally.stood.items():
            setattr(self._counts, verdict, getattr(self._counts, verdict) - number)
            self._counts.rejected += number
        for index, key in messages:
            self._refused.setdefault(index, rule)
            self._refused_keys.add(key)

    def _acknowledged(self, event: Acknowledged) -> Iterator[Delivery]:
        """An acknowledgment of ours came back: say what it says, and when we never sent what it answers."""
        self._format = self._format or "x12_ta1"
        self.finding(answer_finding(event))
        if event.kind in ("interchange", "group") and not self._history.sent(event.kind, event.control_number):
            severity = Severity.INFO if event.kind == "interchange" else Severity.WARNING
            said = f"The acknowledgment answers {event.kind} {event.control_number}, which is not among those we sent."
            self.finding(
                Finding("ACK-NO-MATCH", severity, Scope.FILE, said, event.position, value=event.control_number)
            )
        yield from ()

    # --- shipments --------------------------------------------------------------------------------------------

    def _unit(self, unit: Unit) -> Iterator[Delivery]:
        assert self._module is not None
        syntax, self._syntax = self._syntax, []
        if unit.role == "master":
            self._masters = True
            for finding in syntax:
                self.finding(msgspec.structs.replace(finding, scope=Scope.MESSAGE))
            return
        self._counts.found += 1
        self._found += 1
        identify = self._module.identify
        unread = unit.role == "unread" or self._levels[Scope.INTERCHANGE].rule in _CUT_OFF
        if self._program is None or unread:
            self._settle_mapped()
        if unread:  # what is cut off or cannot be read is not missing: not judged
            self._pending.append(Judged(unit.number, unit.label, None, syntax, identify(unit.node), True, unit=unit))
        elif self._program is None:
            if not self._levels[Scope.MESSAGE].rule and not self._levels[Scope.GROUP].rule:
                said = f"No mapping table reads {unit.message.format} {unit.message.version} for partner {self._profile.partner}."
                self.finding(Finding("MAP-NONE", Severity.ERROR, Scope.MESSAGE, said, ack={"AK501": "R", "AK502": "1"}))
            self._pending.append(Judged(unit.number, unit.label, None, syntax, identify(unit.node), True, unit=unit))
        else:
            self._mapped.append(self._judge.map(unit.message, unit, self._program, syntax, self._flagged))
            if len(self._mapped) >= AT_ONCE:
                self._settle_mapped()
        if len(self._pending) >= BATCH:
            yield from self._flush(unit.message)

    def _settle_mapped(self) -> None:
        """Judge the mapped units."""
        assert self._module is not None
        mapped, self._mapped = self._mapped, []
        joins = self._joiner.complete(mapped) if self._joiner.on and mapped else []
        judged = self._judge.settle(mapped, self._module.identify)
        for one, join in zip(judged, joins, strict=False):
            one.join = join
        self._pending += judged

    def _flush(self, message: Message) -> Iterator[Delivery]:
        """Ask the history about the pending shipments and settle their verdicts, in file order."""
        self._settle_mapped()
        pending, self._pending = self._pending, []
        prefix = "test:" if message.interchange.test else ""
        keys = [prefix + str(j.draft.get("shipment_id") or j.id) if j.draft is not None else "" for j in pending]
        earlier = dict(zip(keys, self._history.shipments(keys), strict=True)) if pending else {}
        claims: dict[str, ShipmentClaim] = {}
        sums: dict[tuple[str, str], tuple[Decimal, list[str]]] = {}
        accepted: list[bytes] = []
        for judged, key in zip(pending, keys, strict=True):
            verdict = self._joiner.verdict(judged) or "rejected"
            if verdict == "rejected" and judged.draft is not None and not judged.refused:
                encoded = judged.encoded
                content = hashlib.sha256(encoded).hexdigest()[:32]
                verdict = self._compare(judged, claims.get(key) or earlier.get(key), content)
                if verdict == "accepted":
                    claim = self._claim(judged, key, content, sums)
                    verdict = "rejected" if judged.refused else verdict
                if verdict == "accepted":
                    claims[key] = claim
                    if not self._head_sent:
                        yield self._head(message, judged)
                    accepted.append(encoded)
            self._joiner.settled(judged, verdict, message.index)
            self._settle(message, judged, verdict)
        if accepted:
            yield Delivery(self._key, "shipment", b",".join(accepted), message.interchange.test, len(accepted))
        if claims:
            self._claims += len(claims)
            self._history.claim(list(claims.values()))
        self._joiner.note()

    def _compare(self, judged: Judged, earlier: ShipmentClaim | None, content: str) -> str:
        """Compare with the same shipment accepted before: repeated content is a duplicate, other content is refused."""
        rules = self._profile.rules
        if judged.purpose != "original":
            if earlier is None:
                said = f"The original of {judged.id} is not known to this gateway; the {judged.purpose} was passed on."
                judged.add(self._judge.weigh(Finding("S321-AMEND-NF", Severity.WARNING, Scope.SHIPMENT, said)))
            return "rejected" if judged.refused else "accepted"
        if earlier is None:
            return "accepted"
        finding = rules.duplicate(judged.draft, earlier, content)
        if earlier.content == content:
            finding = msgspec.structs.replace(finding, severity=Severity.WARNING)
        judged.add(self._judge.weigh(finding))
        return "duplicate" if earlier.content == content else "rejected"

    def _claim(
        self, judged: Judged, key: str, content: str, sums: dict[tuple[str, str], tuple[Decimal, list[str]]]
    ) -> ShipmentClaim:
        """Return the claim of a shipment after checking the person's sum of the day."""
        draft: dict[str, Any] = judged.draft or {}
        person, day = self._profile.rules.person_day(draft, self._profile) or ("", "")
        value = Decimal(draft.get("fair_retail_value_usd", "0"))
        where = self._where(draft.get("conveyance_reference"))
        if person and judged.purpose != "cancel":
            number, rules = key.removeprefix("test:"), self._profile.rules
            total, others = sums.get((person, day)) or self._history.day_total(person, day)
            findings = rules.check_total(draft, total, others, self._profile)
            findings += self._twins.check(draft, person, day, number)
            if not judged.refused and not findings:
                findings += rules.check_near(draft, person, day, number, self._neighbours)
            for finding in findings:
                judged.add(self._judge.weigh(finding))
            if not judged.refused:
                sums[person, day] = (total + value, [*others[-20:], key])
        return ShipmentClaim(key, content, where, person, day, value, judged.purpose)

    def _where(self, trip: str | None) -> str:
        """Return what to tell the sender of a shipment of this file; trips repeat."""
        if self._place[0] != trip:
            self._place = (trip, f"trip {trip}, file {self._name}" if trip else f"file {self._name}")
        return self._place[1]

    def _head(self, message: Message, judged: Judged) -> Delivery:
        self._head_sent = True
        head = envelope_of(message, judged, self._profile, self._program, self._now, self._name, self._sha256)
        return Delivery(self._key, "head", encode_envelope_head(head), message.interchange.test)

    def _settle(self, message: Message, judged: Judged, verdict: str) -> None:
        counts = self._counts
        setattr(counts, verdict, getattr(counts, verdict) + 1)
        if verdict not in ("rejected", "duplicate"):
            self._levels[Scope.MESSAGE].stood[verdict] += 1
        for finding in judged.findings:
            self._worst.add(finding.severity)
            self._syntax_errors = self._syntax_errors or "AK304" in finding.ack
        echo: list[tuple[int, list[str]]] = []
        if verdict in ("rejected", "duplicate", "waiting") and judged.unit is not None and self._module is not None:
            echo = self._module.segments(judged.unit.node)
        result = ShipmentResult(
            message.index,
            judged.number,
            judged.id,
            verdict,
            judged.label,
            judged.identifiers,
            tuple(judged.findings),
            echo,
            tuple(judged.withheld),
        )
        self._records.append(result, clean=verdict == "accepted" and not judged.findings)

    # --- the end ----------------------------------------------------------------------------------------------

    def outcome(self, seen: Detection) -> Outcome:
        """Close the books."""
        if self._counts.found == 0 and self._levels[Scope.INTERCHANGE].rule:
            self._refused_interchanges.setdefault(
                max(len(self._interchanges) - 1, 0), self._levels[Scope.INTERCHANGE].rule
            )
        return Outcome(
            verdict=self._verdict(),
            format=self._format or seen.kind or seen.format,
            counts=self._counts,
            refused=self._refused,
            refused_keys=self._refused_keys,
            records=self._records,
            interchanges=self._interchanges,
            refused_interchanges=self._refused_interchanges,
            acks=[],
            claims=self._claims,
        )

    def _verdict(self) -> str:
        counts = self._counts
        if self._held:
            return "quarantine"
        lost = counts.rejected or counts.duplicate
        stands = counts.accepted or counts.joined or counts.waiting
        if stands and lost:
            return "partial"
        if not stands and (lost or Severity.ERROR in self._worst):
            return "reject"
        if Severity.ERROR in self._worst:
            return "partial"
        return "accept_with_warnings" if Severity.WARNING in self._worst or counts.waiting else "accept"

    _handlers: ClassVar[dict[type, Callable[[_Run, Any], Iterator[Delivery]]]] = {
        InterchangeBegin: _open_interchange,
        GroupBegin: _open_group,
        MessageBegin: _open_message,
        MessageEnd: _close_message,
        GroupEnd: _close_group,
        InterchangeEnd: _close_interchange,
        Acknowledged: _acknowledged,
    }
