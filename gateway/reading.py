"""One file while it is read: the events of its reader, level by level, become findings, books and settled shipments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from types import ModuleType
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

from gateway.books import Books
from gateway.echoes import TWICE, Place, place_key, unsaid
from gateway.findings import Finding, Scope, Severity
from gateway.formats import format_module
from gateway.formats.detect import Detection, Transcoded
from gateway.history import History
from gateway.judge import Judge
from gateway.limits import INTERCHANGES, Telling
from gateway.message_facts import REFUSED, answer_finding, reused, too_many_interchanges
from gateway.profile import Profile, Program
from gateway.records import (
    Acknowledged,
    Event,
    GroupBegin,
    GroupEnd,
    Interchange,
    InterchangeBegin,
    InterchangeEnd,
    MessageBegin,
    MessageEnd,
    Unit,
)
from gateway.results import Counts, MessageClosed, MessageFinding, MessageOpened, Outcome, Records
from gateway.settling import Settler
from gateway.sharing import Aside

_STRANGERS = frozenset(("X12-SENDER", "EDIFACT-SENDER", "XML-SENDER"))  # a sender that is not the account's
_CUT_OFF = frozenset(("X12-TRUNCATED", "EDIFACT-TRUNCATED", "EDIFACT-SEG-TOO-LONG"))
_NEXT_NUMBER = "Send the whole file again under a new control number: the one of the cut file is used (refused_numbers of your partner file)."


class Reading:
    """The state of one translation. settle: makes what the shipments are handed to."""

    def __init__(
        self, profile: Profile, now: datetime, history: History, records: Records, name: str, counts: Counts, settle: Callable[[Judge, Books], Settler | Aside],
    ) -> None:  # fmt: skip
        self._profile, self._history, self._records, self._name = profile, history, records, name
        self._judge = Judge(profile, now)
        self._received_on = now.strftime("%Y-%m-%d")  # tells the year of days without one
        self._books = Books(counts, history)
        self._settler = settle(self._judge, self._books)
        self._interchanges: list[Interchange] = []
        self._claim: tuple[str, str, str] | None = None  # control number that the open interchange took
        self._came = (0, 0, 0)  # what the books said when it was opened, see Books.so_far
        self._messages = 0  # of the open interchange
        self._module: ModuleType | None = None
        self._program: Program | None = None
        self._answers_refuse = 0
        self._found = 0  # in the open message
        self._syntax: list[Finding] = []
        self._format = ""
        self._flagged: set[Place] = set()  # places of syntax errors in the open message
        self._telling, self._telling_shipment = Telling(), Telling(few=20)
        self._strangers = 0
        self._twice: list[Finding] = []  # what stands twice in the head of the open message

    def read(self, chunks: Iterable[bytes], seen: Detection) -> Iterator[Any]:
        """Run the reader and handle its events; yields what the settler has to say."""
        for finding in seen.findings:
            self.finding(finding)
        self._module = format_module(seen.format)
        self._settler.read_with(self._module)
        events: Iterator[Event] = self._module.read(Transcoded(chunks, seen), self._profile, (seen.skip, seen.factor))
        for event in events:
            kind = type(event)
            if kind is InterchangeBegin and len(self._interchanges) >= INTERCHANGES:
                self._hold(too_many_interchanges(event))  # type: ignore[arg-type]
                return
            if kind is Unit:
                self._unit(event)  # type: ignore[arg-type]
                if self._settler.full:
                    yield from self._settler.flush()
            elif kind is Finding:
                if event.scope is Scope.SHIPMENT:  # type: ignore[union-attr]
                    self._shipment_finding(event)  # type: ignore[arg-type]
                else:
                    self.finding(event)  # type: ignore[arg-type]
            elif kind is MessageEnd:
                yield from self._settler.end()
                self._close_message(event)  # type: ignore[arg-type]
            else:
                self._handlers[kind](self, event)

    def _hold(self, finding: Finding) -> None:
        """Hold the file in the middle: what stood so far does not."""
        self.finding(finding)
        opened = (record for record in self._records.telling() if isinstance(record, MessageOpened))
        self._books.take_back_all((record.index for record in opened), finding.rule)

    # --- findings above the shipment --------------------------------------------------------------------------

    def finding(self, finding: Finding) -> None:
        """Note a finding of scope message and above; an error refuses what it stands in."""
        finding = self._judge.weigh(finding)
        if finding.severity is Severity.OFF:
            return
        if finding.rule in _CUT_OFF and self._profile.refused_numbers == "used":
            finding = replace(finding, fix=_NEXT_NUMBER)
        if finding.rule == TWICE and finding.scope is Scope.MESSAGE and not finding.refuses:
            self._twice.append(finding)  # the shipments may be refused for it, in better words
            return
        self._note(finding)

    def _note(self, finding: Finding) -> None:
        told = self._telling.lets(finding)
        if told:
            self._records.append(MessageFinding(finding))
        self._books.note(finding)
        self._strangers += finding.refuses and finding.rule in _STRANGERS
        syntax = "AK304" in finding.ack or "UCS" in finding.ack
        if told and finding.refuses and finding.scope is Scope.MESSAGE and syntax:
            self._flag(finding)

    def _tell_rest(self) -> None:
        """Say how many findings of the part that ends here were not told."""
        rest = self._telling.rest()
        if rest is not None:
            self._records.append(MessageFinding(rest))

    def _shipment_finding(self, finding: Finding) -> None:
        """Keep a syntax finding for the shipment that comes next."""
        finding = self._judge.weigh(finding)
        if finding.severity is Severity.OFF or not self._telling_shipment.lets(finding):
            return
        self._syntax.append(finding)
        if finding.refuses:
            self._flag(finding)

    def _syntax_of_unit(self) -> list[Finding]:
        """Return the syntax findings of the shipment that came, with one for those that are not told."""
        if not self._syntax:
            return []
        syntax, self._syntax = self._syntax, []
        rest = self._telling_shipment.rest(Scope.SHIPMENT)
        return syntax if rest is None else [*syntax, rest]

    def _flag(self, finding: Finding) -> None:
        place = place_key(finding.position)
        if place is not None:
            self._flagged.add(place)

    def _told_of_message(self, findings: list[Finding]) -> None:
        for finding in findings:
            self.finding(msgspec.structs.replace(finding, scope=Scope.MESSAGE))

    # --- levels -----------------------------------------------------------------------------------------------

    def _open_interchange(self, event: InterchangeBegin) -> None:
        facts = event.interchange
        self._tell_rest()
        self._books.open(Scope.INTERCHANGE)
        self._interchanges.append(facts)
        self._records.append(event)
        self._claim, self._came, self._messages = None, self._books.so_far(), 0
        if not facts.control_number:
            return
        sender = (
            f"{'test:' if facts.test else ''}{facts.sender_qualifier}:{facts.sender_id}"  # tests count by themselves
        )
        used = facts.number_of_use or facts.control_number
        number = sender, f"{facts.receiver_qualifier}:{facts.receiver_id}", used
        before = self._history.interchange(*number)
        if before is None:
            self._history.claim_interchange(*number, self._name)
            self._claim = number
        else:
            self.finding(reused(facts, before, self._interchanges[:-1]))

    def _open_group(self, event: GroupBegin) -> None:
        self._books.open(Scope.GROUP)
        self._records.append(event)

    def _open_message(self, event: MessageBegin) -> None:
        message = event.message
        message.envelope.setdefault("received_on", self._received_on)
        self._tell_rest()
        self._books.open(Scope.MESSAGE)
        self._messages += 1
        self._format = self._format or message.format
        self._flagged, self._found = set(), 0
        self._twice.clear()
        self._judge.refusing.clear()
        choose = self._profile.programs
        self._program = choose(message.format, message.type, message.version) if choose else None
        self._settler.begin(message, self._program)
        self._records.append(
            MessageOpened(message.index, self._settler.key, message.format, message.type, message.version, message.control_number, message.implementation)
        )  # fmt: skip

    def _close_message(self, event: MessageEnd) -> None:
        message = event.message
        self._told_of_message(self._syntax_of_unit())  # of a shipment that never came
        if (remark := self._settler.remark()) is not None:
            self.finding(remark)
        for remark in unsaid(self._twice, list(self._judge.refusing.values())):
            self._note(remark)
        self._tell_rest()
        header = self._module.segments(message.root) if self._module else []
        refused, stood = self._books.close_message(message.index)
        self._records.append(
            MessageClosed(message.index, refused, event.segments, self._found, header, stood)
        )  # fmt: skip

    def _close_group(self, event: GroupEnd) -> None:
        self._records.append(event)
        self._books.close_group()

    def _close_interchange(self, event: InterchangeEnd) -> None:
        self._tell_rest()
        self._records.append(event)
        self._books.close_interchange(event.interchange.index)
        if self._claim is not None and self._profile.refused_numbers == "free" and self._fell(event.interchange.index):
            self._history.release_interchange(*self._claim)

    def _fell(self, index: int) -> bool:
        """True when nothing of an interchange stands: what is mended may be sent again under the same number."""
        if index in self._books.refused_interchanges:
            return True
        stands, rejected, refused = (now - was for now, was in zip(self._books.so_far(), self._came, strict=True))
        return not stands and (rejected > 0 or 0 < self._messages == refused)

    def _acknowledged(self, event: Acknowledged) -> None:
        """An acknowledgment of ours came back: say what it says, and when we never sent what it answers."""
        self._format = self._format or "x12_ta1"
        told = answer_finding(event)
        self._answers_refuse += told.rule == REFUSED
        self.finding(told)
        if event.kind in ("interchange", "group") and not self._history.sent(event.kind, event.control_number):
            severity = Severity.INFO if event.kind == "interchange" else Severity.WARNING
            said = f"The acknowledgment answers {event.kind} {event.control_number}, which is not among those we sent."
            self.finding(
                Finding("ACK-NO-MATCH", severity, Scope.FILE, said, event.position, value=event.control_number)
            )

    # --- shipments --------------------------------------------------------------------------------------------

    def _unit(self, unit: Unit) -> None:
        syntax = self._syntax_of_unit()
        if unit.role == "master":
            self._told_of_message(syntax)
            return
        if unit.role == "part" and self._profile.join_hours <= 0 and not self._found:
            said = (
                "The message names shipments that other messages complete; without join_hours each is judged by itself."
            )
            self.finding(Finding("JOIN-OFF", Severity.INFO, Scope.MESSAGE, said, unit.node.place()))
        self._books.counts.found += 1
        self._found += 1
        if unit.role == "unread" or self._books.rule(Scope.INTERCHANGE) in _CUT_OFF:
            self._settler.refuse(unit, syntax)  # what is cut off or cannot be read is not missing: not judged
        elif self._program is None:
            if not self._books.rule(Scope.MESSAGE) and not self._books.rule(Scope.GROUP):
                said = f"No mapping table reads {unit.message.format} {unit.message.version} for partner {self._profile.partner}."
                self.finding(Finding("MAP-NONE", Severity.ERROR, Scope.MESSAGE, said, ack={"AK501": "R", "AK502": "1"}))
            self._settler.refuse(unit, syntax)
        else:
            self._settler.take(unit, self._program, syntax, self._flagged)

    # --- the end ----------------------------------------------------------------------------------------------

    def outcome(self, seen: Detection) -> Outcome:
        """Close the books."""
        books = self._books
        books.close(len(self._interchanges))
        return Outcome(
            verdict=books.verdict(),
            format=self._format or seen.kind or seen.format,
            counts=books.counts,
            refused=books.refused,
            records=self._records,
            interchanges=self._interchanges,
            refused_interchanges=books.refused_interchanges,
            acks=[],
            claims=self._settler.claims,
            answers_refuse=self._answers_refuse,
            strangers=self._strangers,
        )

    _handlers: ClassVar[dict[type, Callable[[Reading, Any], None]]] = {
        InterchangeBegin: _open_interchange,
        GroupBegin: _open_group,
        MessageBegin: _open_message,
        GroupEnd: _close_group,
        InterchangeEnd: _close_interchange,
        Acknowledged: _acknowledged,
    }
