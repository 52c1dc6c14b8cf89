"""Joining what two messages say of one shipment: a house manifest names it, the house waybill has parties and values.

    XFHL: house, pieces, weight  ->  waits (GW-JOIN-PENDING)        XFZB: delivered; the waiting house is settled with it
    XFZB: delivered              ->  marker                         XFHL: every house was delivered already: joined

A shipment that lacks something waits in the history under master and house number until the rest comes or its time is
up (shell.late answers then). What comes later is completed, never overwritten; where both name another value, the later
message keeps its own and says so. On for partners with `join_hours`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from gateway.cancelling import is_absent
from gateway.findings import NOWHERE, Finding, Scope, Severity
from gateway.history import History, Part, bare_number
from gateway.judge import Judged, Mapping
from gateway.profile import Profile
from gateway.rules.alike import Recent

_NOT_TAKEN = frozenset(
    ("transmission_purpose", "_arrival_day", "_document_number", "house_bill_number", "shipment_tracking_number")
)


class Join(msgspec.Struct, eq=False):
    """What the history knows of one unit. may_wait: an incomplete one is kept; draft: the JSON of what was mapped, before completion."""

    key: str
    known: Part | None
    may_wait: bool
    draft: bytes


class Joiner:
    """The joins of one file. Off (all methods do nothing) for a partner without `join_hours`."""

    def __init__(self, profile: Profile, history: History, now: datetime, where: str) -> None:
        self.on = profile.join_hours > 0
        self._profile, self._history, self._where = profile, history, where
        self._parts: list[Part] = []
        self._waiting: Recent[bytes] = Recent()  # key -> draft of what waits since this file
        self._until = now + timedelta(hours=profile.join_hours)
        self._until_words = self._until.strftime("%Y-%m-%d %H:%M") if self.on else ""

    def complete(self, mapped: list[Mapping]) -> list[Join | None]:
        """Fill what the mapped units lack from parts that wait; one Join for each, None where nothing can be joined."""
        keys = [self._key(m.mapped.draft, "test:" if m.message.interchange.test else "") for m in mapped]
        known = dict(zip(keys, self._history.parts(keys), strict=True))
        joins: list[Join | None] = []
        for m, key in zip(mapped, keys, strict=True):
            if not key:
                joins.append(None)
                continue
            waits = m.unit.role == "part" or m.message.format in self._profile.join_formats
            join = Join(key, known[key], waits, msgspec.json.encode(m.mapped.draft) if waits else b"")
            if join.known is not None and join.known.state == "waiting":
                _fill(m, join.known)
            joins.append(join)
        return joins

    def _key(self, draft: dict[str, Any], prefix: str) -> str:
        house = draft.get("house_bill_number") or draft.get("shipment_tracking_number")
        if not house:
            return ""
        # a postal item number says all; only one of both messages knows its despatch
        postal = draft.get("mode_of_transportation") == "mail"
        master = draft.get("master_bill_number", "") if self._profile.join_on == "master+house" and not postal else ""
        return f"{prefix}{bare_number(str(master))}/{bare_number(str(house))}"

    def verdict(self, judged: Judged) -> str:
        """Return "joined" or "waiting" for a unit that another message completes or will complete, else ""."""
        join: Join | None = judged.join
        if join is None or judged.draft is None or not join.may_wait:
            return ""
        draft, known = judged.draft, join.known
        absent = [f for f in judged.findings if f.value is None and is_absent(draft, f.pointer)]
        errors = [f for f in judged.findings if f.severity is Severity.ERROR]
        if judged.purpose == "cancel" and known is not None and known.state == "waiting":
            return _say(judged, absent, "joined", "JOIN-WITHDRAWN", f"It waited since {known.where} and is withdrawn.")
        if not errors or not all(f in absent for f in errors):
            return ""
        if known is not None and known.state == "done":
            verdict = _say(judged, absent, "joined", "JOIN-DONE", f"It was delivered already, with {known.where}.")
            judged.findings += _not_passed_on(draft, known)
            return verdict
        judged.withheld = absent
        fields = ", ".join(dict.fromkeys(f.target for f in errors))
        said = f"It waits until {self._until_words} UTC for {fields}."
        verdict = _say(judged, absent, "waiting", "GW-JOIN-PENDING", said)
        before = self._waiting.get(join.key)
        if before is not None:
            said = f"{judged.id} stands in this file more than once: one other message completes it, and once."
            place = judged.findings[-1].position
            judged.findings.append(Finding("S321-DUP", Severity.WARNING, Scope.SHIPMENT, said, place))
            judged.findings += _named_twice(draft, before) if before != join.draft else []
        self._waiting.put(join.key, join.draft)
        return verdict

    def settled(self, judged: Judged, verdict: str, message: int) -> None:
        """Take up what the history has to note of a unit, for `note`."""
        join: Join | None = judged.join
        if join is None:
            return
        if verdict == "waiting":
            self._parts.append(Part(join.key, "waiting", self._where, join.draft, self._until, message, judged.number))
        elif judged.purpose == "cancel" and verdict in ("accepted", "joined"):
            self._parts.append(Part(join.key, "gone", self._where))
        elif verdict == "accepted":
            told = msgspec.json.encode(dict.fromkeys(judged.draft or {}, 1))
            self._parts.append(Part(join.key, "done", self._where, told))

    def note(self) -> None:
        """Tell the history what was taken up."""
        if self._parts:
            self._history.note_parts(self._parts)
            self._parts = []


def _say(judged: Judged, absent: list[Finding], verdict: str, rule: str, said: str) -> str:
    """Put what became of the shipment in place of the findings about what another message brings."""
    place = absent[0].position if absent else NOWHERE
    kept = [f for f in judged.findings if f not in absent]
    judged.findings = [*kept, Finding(rule, Severity.INFO, Scope.SHIPMENT, said, place)]
    judged.refused = False
    return verdict


def _named_twice(draft: dict[str, Any], before: bytes) -> list[Finding]:
    """Say which fields the same file told otherwise of the same shipment: what it says last waits."""
    told = msgspec.json.decode(before)
    other = [
        name for name in draft.keys() & told.keys() if name not in _NOT_TAKEN and _contradict(draft[name], told[name])
    ]
    return [
        Finding("JOIN-DIFFERS", Severity.WARNING, Scope.SHIPMENT, f"This file names the shipment twice, with another {name}; what it says here was kept.", target=name, pointer=f"/{name}")
        for name in sorted(other)
    ]  # fmt: skip


def _not_passed_on(draft: dict[str, Any], done: Part) -> list[Finding]:
    """Say which fields come too late: the shipment was delivered without them."""
    told = msgspec.json.decode(done.draft)
    late = [name for name in draft if name not in told and name not in _NOT_TAKEN] if told else []
    if not late:
        return []
    said = f"The shipment was delivered before this message came, without {', '.join(late)}: not passed on."
    return [Finding("JOIN-NOT-PASSED", Severity.WARNING, Scope.SHIPMENT, said, pointer=f"/{late[0]}", target=late[0])]


def _fill(mapped: Mapping, part: Part) -> None:
    """Take over what the draft lacks; say what was taken and where both name another value."""
    draft, taken, other = mapped.mapped.draft, [], []
    weighed = "gross_weight_kg" in draft
    for name, value in msgspec.json.decode(part.draft).items():
        if name in _NOT_TAKEN or (weighed and name == "weight_source_unit" and name not in draft):
            continue
        if name not in draft:
            draft[name] = value
            taken.append(name)
        elif name == "references":
            more = [one for one in value if one not in draft[name]]
            draft[name] = [*draft[name], *more]
            taken += [name] if more else []
        elif name != "items" and _contradict(draft[name], value):
            other.append(name)
    if "estimated_arrival_at" in taken:
        draft.update(_own_day(part.draft))
    if taken:
        mapped.findings = [f for f in mapped.findings if f.value is not None or _top(f.pointer) not in taken]
        said = f"Taken from {part.where}, which named this shipment before: {', '.join(taken)}."
        mapped.findings.append(Finding("JOIN-FILLED", Severity.INFO, Scope.SHIPMENT, said))
    for name in other:
        said = f"{part.where[:1].upper()}{part.where[1:]} had another {name} for this shipment; the one of this message was kept."
        mapped.findings.append(
            Finding("JOIN-DIFFERS", Severity.WARNING, Scope.SHIPMENT, said, target=name, pointer=f"/{name}")
        )


def _contradict(mine: Any, theirs: Any) -> bool:
    """True when both name another value; parts of a party or an amount that only one names are no contradiction."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return any(_contradict(mine[name], theirs[name]) for name in mine.keys() & theirs.keys())
    return bool(mine != theirs)


def _own_day(draft: bytes) -> dict[str, str]:
    """Return the day of an arrival as it was written, which goes with the arrival."""
    day = msgspec.json.decode(draft).get("_arrival_day")
    return {"_arrival_day": day} if day else {}


def _top(pointer: str) -> str:
    return pointer.strip("/").partition("/")[0]
