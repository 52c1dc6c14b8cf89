"""From units to verdicts: mapped and judged in small groups, compared with the past, counted, delivered.

    settler.begin(message, program); settler.take(unit, syntax, flagged); settler.flush() -> Delivery ...; settler.end()

A shipment's verdict is accepted, rejected, duplicate, joined or waiting; it is provisional until the trailers were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import repeat
from types import ModuleType

from gateway.books import Books
from gateway.canonical.encode import MESSAGE_END, encode_envelope_head
from gateway.comparing import Comparer, Sums
from gateway.echoes import Place
from gateway.findings import Finding
from gateway.fresh import NOBODY, keys_of, runs
from gateway.history import History, PersonDay, ShipmentClaim, told_as
from gateway.joining import Joiner
from gateway.judge import Judge, Judged, Mapping
from gateway.message_facts import envelope_of, head_findings, message_key, undated
from gateway.profile import Profile, Program
from gateway.records import Message, Unit
from gateway.repeats import amends, contents_of, number_of
from gateway.results import CleanResults, Delivery, MessageFinding, Records, ShipmentResult
from gateway.rules.rulebook import Run
from gateway.sharing import AT_ONCE, Others, Told, begun, read

BATCH = 32
"""Shipments judged before the history is asked about all of them at once."""

HELD = 4_194_304
"""Bytes of cancelled shipments that are held until it is known whether the message has any others."""


class Settler:
    """Settles the shipments of one file. name, sha256: of the file, for the canonical envelope."""

    def __init__(
        self,
        judge: Judge,
        profile: Profile,
        now: datetime,
        history: History,
        books: Books,
        records: Records,
        name: str,
        sha256: str,
        others: Others | None = None,
    ) -> None:
        self._judge, self._profile, self._now, self._history = judge, profile, now, history
        self._books, self._records, self._name, self._sha256 = books, records, name, sha256
        self._rules = profile.rules
        self._joiner = Joiner(profile, history, now, f"file {name}")
        self._past = Comparer(judge, profile, history, self._joiner, name)
        self._pending: list[Judged] = []
        self._mapped: list[Mapping] = []
        self._others = None if self._joiner.on else others
        self._group = 0  # number of the open group
        self._known: Told | None = None  # what another process made of it
        self._program: Program | None = None
        self.claims = 0
        self._purposes: set[str] = set()  # of its accepted shipments, until its head was sent
        self._held: list[Delivery] = []
        self._undated = 0  # shipments of the open message that were judged by the law of the day of processing
        self.key = ""  # of the open message

    def read_with(self, module: ModuleType) -> None:
        """Note the format that reads the file."""
        self._identify, self._segments = module.identify, module.segments

    def begin(self, message: Message, program: Program | None) -> None:
        """Open a message. program: its mapping, None when there is none."""
        self._message, self._program = message, program
        self.key, self._head_sent, self._undated = message_key(message), False, 0
        self._purposes, self._held = set(), []
        self._past.begin(test=message.interchange.test)

    def refuse(self, unit: Unit, syntax: list[Finding]) -> None:
        """Take a unit that is named and refused, but not mapped."""
        self._settle_mapped()
        names = self._identify(unit.node)
        self._pending.append(Judged(unit.number, unit.label, None, syntax, names, True, unit=unit))

    def take(self, unit: Unit, program: Program, syntax: list[Finding], flagged: set[Place]) -> None:
        """Map a unit. syntax: the reader's findings about it; flagged: places of syntax errors in the message."""
        if not self._mapped and self._others is not None:
            self._known = begun(self._others.verdicts(self._group), unit)
        if self._known is not None:
            self._mapped.append(self._judge.later(unit.message, unit, program))
        else:
            self._mapped.append(self._judge.map(unit.message, unit, program, syntax, flagged))
        if len(self._mapped) >= AT_ONCE:
            self._settle_mapped()

    @property
    def full(self) -> bool:
        """True when so many units wait that `flush` is due."""
        return len(self._pending) >= BATCH

    def end(self) -> Iterator[Delivery]:
        """Close the open message."""
        yield from self.flush()
        yield from self._release()
        if self._head_sent:
            yield Delivery(self.key, "close", MESSAGE_END, test=self._message.interchange.test)

    def remark(self) -> Finding | None:
        """Return what is to be said of the shipments of the closed message together."""
        return undated(self._undated, self._message, self._now) if self._undated else None

    def _settle_mapped(self) -> None:
        """Judge the mapped units."""
        mapped, self._mapped = self._mapped, []
        if not mapped:
            return
        known, self._known = self._known, None
        self._group += 1
        joins = self._joiner.complete(mapped) if self._joiner.on else []
        verdicts = read(known, mapped) if known is not None else self._judge.verdicts(mapped)
        judged = self._judge.settle(mapped, verdicts, self._identify)
        for one, join in zip(judged, joins, strict=False):
            one.join = join
        self._pending += judged

    def flush(self) -> Iterator[Delivery]:
        """Ask the history about the pending shipments and settle their verdicts, in file order."""
        self._settle_mapped()
        pending, self._pending = self._pending, []
        if not pending:
            return
        test = self._message.interchange.test
        keys = keys_of(pending, test=test)
        earlier = dict(zip(keys, self._history.shipments(keys), strict=True))
        if self._profile.replayed:
            self._past.newer = self._history.newer(keys)
        persons = self._person_days(pending)
        asked = [person for person in persons if person is not NOBODY]
        sums = dict(zip(asked, self._history.day_totals(asked), strict=True)) if asked else {}
        claims: list[ShipmentClaim] = []
        accepted: list[bytes] = []
        for begin, end, new in runs(pending, keys, persons, earlier, plain=self._is_plain(pending)):
            some = pending[begin:end]
            if new:
                own = self._settle_run(some, keys[begin:end], persons[begin:end], sums, more=end < len(pending))
            else:
                own = self._settle_one(pending[begin], keys[begin], persons[begin], earlier, sums)
            if own:
                claims += own
                taken = [j for j in some if not j.refused]
                accepted += [j.encoded for j in taken]
                earlier.update(
                    (c.key, None if c.purpose == "cancel" else c) for c in own
                )  # as the history would say from here on
                self._past.first = self._past.first or taken[0]
                self._purposes.add(taken[0].purpose)
                if amends(taken[0], self._profile):
                    self._past.own.update(claim.key for claim in own)
        if claims:
            yield from self._deliver(Delivery(self.key, "shipment", b",".join(accepted), test, len(accepted)))
            self.claims += len(claims)
            self._history.claim(claims)
        self._joiner.note()

    def _is_plain(self, pending: list[Judged]) -> bool:
        """True when new shipments among these may be settled together: nothing but their numbers and persons decides."""
        if self._profile.replayed or self._joiner.on:
            return False
        if not self._profile.filer_type_by_mode:
            return True
        first = [self._past.first] if self._past.first is not None else []
        return len({(j.draft or {}).get("mode_of_transportation") for j in (*first, *pending)}) == 1

    def _settle_run(
        self, some: list[Judged], keys: list[str], persons: list[PersonDay], sums: Sums, *, more: bool
    ) -> list[ShipmentClaim]:
        """Settle a run of new shipments (see runs); return the claims of those that are accepted. more: others follow."""
        drafts = [j.draft or {} for j in some]
        contents = contents_of(drafts, [j.encoded for j in some])
        if not self._profile.bill_is_master:
            self._past.masters.note(drafts)
        values = [Decimal(draft.get("fair_retail_value_usd", "0")) for draft in drafts]
        numbers = [key.removeprefix("test:") for key in keys]
        lots = self._check_run(some, Run(drafts, persons, values, numbers), sums)
        people, days = zip(*persons, strict=True)
        claims = list(map(ShipmentClaim, keys, contents, self._places(some, numbers), people, days, values, repeat("original"), lots))  # fmt: skip
        if refused := [j for j in some if j.refused]:
            claims = [claim for claim, j in zip(claims, some, strict=True) if not j.refused]
        if more:
            for claim in claims:
                if claim.person:
                    total, others = sums[claim.person, claim.day]
                    sums[claim.person, claim.day] = (total + claim.value_usd, [*others[-20:], claim.key])
        undated = [draft for draft in drafts if "estimated_arrival_at" not in draft]
        self._undated += sum("regime_verdict" in draft for draft in undated)
        if refused or any(j.findings for j in some):
            for judged in some:
                self._settle(judged, "rejected" if judged.refused else "accepted")
            return claims
        self._books.accept(len(some))
        results = CleanResults(self._message.index, [j.number for j in some], [j.id for j in some], [j.label for j in some], [j.identifiers for j in some])  # fmt: skip
        self._records.append_clean(results)
        return claims

    def _check_run(self, some: list[Judged], run: Run, sums: Sums) -> Iterable[str]:
        """Add what the sums and shipments alike say of a run; return the orders that its shipments are lots of."""
        if run.of[0] is NOBODY:
            return repeat("")
        near, past = self._past.near, self._history.lots
        said, orders = self._rules.check_sums(run, sums, self._profile, self._past.twins, *near, past)
        for at, findings in said.items():
            for finding in findings:
                self._past.add(some[at], finding)
        return [" ".join([order for _, order in one]) if one else "" for one in orders]

    def _places(self, some: list[Judged], numbers: list[str]) -> list[str]:
        """Return what to tell the sender of each shipment of this file."""
        drafts = [j.draft or {} for j in some]
        places = [self._past.where(draft.get("conveyance_reference")) for draft in drafts]
        return list(map(told_as, places, map(number_of, some, drafts), numbers))

    def _settle_one(
        self, judged: Judged, key: str, person: PersonDay, earlier: dict[str, ShipmentClaim | None], sums: Sums
    ) -> list[ShipmentClaim]:
        """Settle a shipment by itself; return its claim when it is accepted."""
        verdict, claim = self._past.verdict(judged, key, earlier.get(key), person, sums)
        if judged.draft is not None and "regime_verdict" in judged.draft:
            self._undated += "estimated_arrival_at" not in judged.draft
        self._joiner.settled(judged, verdict, self._message.index)
        self._settle(judged, verdict)
        return [claim] if claim is not None else []

    def _person_days(self, pending: list[Judged]) -> list[PersonDay]:
        """Return person and day of each shipment whose value is summed; what is sent as a test is nobody's import."""
        drafts = [{} if j.draft is None or j.refused else j.draft for j in pending]
        days = [one or NOBODY for one in self._rules.person_days(drafts, self._profile)]
        if not self._message.interchange.test:
            return days
        return [(f"test:{one[0]}", one[1]) if one is not NOBODY else one for one in days]

    def _deliver(self, piece: Delivery) -> Iterator[Delivery]:
        """Yield accepted shipments behind the head of their message, which says what they are for.

        Cancellations are held: only the end of the message, or a shipment that is none, tells what the head must say.
        """
        self._held.append(piece)
        if self._purposes != {"cancel"} or sum(len(p.data) for p in self._held) > HELD:
            yield from self._release(ended=False)

    def _release(self, *, ended: bool = True) -> Iterator[Delivery]:
        """Yield what is held. ended: no shipments follow in the message."""
        if self._past.first is not None and not self._head_sent:
            purpose = next(iter(self._purposes)) if len(self._purposes) == 1 else "amend"
            yield self._head(self._past.first, "amend" if purpose == "cancel" and not ended else purpose)
        held, self._held = self._held, []
        yield from held

    def _head(self, judged: Judged, purpose: str) -> Delivery:
        self._head_sent = True
        message = self._message
        head = envelope_of(message, judged, purpose, self._profile, self._program, self._now, self._name, self._sha256)
        for finding in head_findings(head, message):
            self._records.append(MessageFinding(finding))
            self._books.note(finding)
        return Delivery(self.key, "head", encode_envelope_head(head), message.interchange.test)

    def _settle(self, judged: Judged, verdict: str) -> None:
        self._books.settle(verdict, judged.findings)
        echo: list[tuple[int, list[str]]] = []
        if verdict in ("rejected", "duplicate", "waiting") and judged.unit is not None:
            echo = self._segments(judged.unit.node)
        result = ShipmentResult(
            self._message.index,
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
