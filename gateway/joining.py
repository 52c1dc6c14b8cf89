"""Joining what two messages say of one shipment: a house manifest names it, the house waybill has parties and values.

    XFHL: house, pieces, weight  ->  waits (GW-JOIN-PENDING)        XFZB: delivered; the waiting house is settled with it
    XFZB: delivered              ->  mark                           XFHL: every house was delivered already: joined
    XFZB again, Update           ->  completed from the house of the XFHL, as the first one was

A shipment that lacks something waits in the history under master and house number until the rest comes or its time is
up (shell.late answers then). What comes later is completed, never overwritten; where both name another value, the later
message keeps its own and says so. Each message amends and withdraws its own half only: gateway.halves says what these
are. On for partners with `join_hours`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from gateway.cancelling import is_absent
from gateway.canonical.wording import words_of
from gateway.filling import fill, named_twice, told_otherwise, too_late
from gateway.findings import NOWHERE, Finding, Scope, Severity
from gateway.halves import FORGOTTEN, Half, halves_of, kept, kind_of, names_only, newest
from gateway.history import History, Part, bare_number
from gateway.judge import Judged, Mapping
from gateway.profile import Profile
from gateway.repeats import make_original
from gateway.rules.alike import Recent


class Join(msgspec.Struct, eq=False):
    """What the history knows of one unit. may_wait: an incomplete one is kept; of, draft: the unit's own half, before completion."""

    key: str
    known: Part | None
    may_wait: bool
    of: str
    draft: bytes
    purpose: str
    halves: list[Half]
    repeats: bool = False  # it says what it said when the shipment was delivered
    used: list[Half] = []  # what completed it

    @property
    def state(self) -> str:
        """waiting, done, kept or "" (see Part)."""
        return self.known.state if self.known is not None else ""

    @property
    def names_only(self) -> bool:
        """True for the houses of a list and the items of a despatch."""
        return names_only(self.of)

    @property
    def others(self) -> list[Half]:
        """What other messages said."""
        return [half for half in self.halves if half.of != self.of]

    @property
    def delivered(self) -> list[Half]:
        """What was delivered."""
        return [half for half in self.halves if not half.late] if self.state == "done" else []

    @property
    def own(self) -> Half | None:
        """What the same kind of message said before, and was delivered or waits."""
        return next((half for half in self.halves if half.of == self.of and not half.late), None)

    def half(self, where: str, *, late: bool = False) -> Half:
        """Return what the unit says."""
        return Half(self.of, where, msgspec.Raw(self.draft), late)


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
        """Fill what the mapped units lack from what is known of them; one Join for each, None where nothing can be joined."""
        keys = [self._key(m.mapped.draft, "test:" if m.message.interchange.test else "") for m in mapped]
        known = dict(zip(keys, self._history.parts(keys), strict=True))
        joins: list[Join | None] = []
        for m, key in zip(mapped, keys, strict=True):
            join = self._join(m, key, known[key]) if key else None
            if join is not None and join.halves:
                _complete(m, join)
            joins.append(join)
        return joins

    def _join(self, m: Mapping, key: str, known: Part | None) -> Join:
        draft, is_list = m.mapped.draft, m.unit.role == "part"
        of = "mail" if _is_postal(draft) else _mapping_of(m)  # items come in XML, JSON and EDIFACT
        waits = is_list or m.message.format in self._profile.join_formats
        purpose = str(draft.get("transmission_purpose", "original"))
        own, halves = msgspec.json.encode(draft), halves_of(known)
        kind = f"{of}/part" if is_list else of
        if known is not None:
            kind = kind_of(kind, halves, own, apart=known.state != "done" and purpose == "original")
            if is_list and known.state == "done" and purpose == "original" and self._changes(m, kind, halves, own):
                purpose = draft["transmission_purpose"] = "amend"
                m.findings.append(
                    _anew(known, str(draft.get("house_bill_number") or draft["shipment_tracking_number"]))
                )
        return Join(key, known, waits, kind, own, purpose, halves)

    def _changes(self, m: Mapping, kind: str, halves: list[Half], draft: bytes) -> bool:
        """True when a list names a delivered shipment otherwise than the list before, and has no word for a change.

        Not when the persons were forgotten: nobody asked for an amendment, and it could not be completed.
        """
        if not self._profile.repeats == "amend" == getattr(getattr(m.mapped, "program", None), "repeat", ""):
            return False
        before = [half for half in halves if half.of == kind]
        delivered_with_others = any(half.of != kind and not half.late for half in halves)
        told = any(half.is_said_by(draft) for half in before)
        return bool(before) and delivered_with_others and not told and not _are_forgotten(halves)

    def _key(self, draft: dict[str, object], prefix: str) -> str:
        house = draft.get("house_bill_number") or draft.get("shipment_tracking_number")
        if not house:
            return ""
        master = draft.get("master_bill_number", "") if self._is_wide(draft) else ""
        return f"{prefix}{bare_number(str(master))}/{bare_number(str(house))}"

    def _is_wide(self, draft: dict[str, object]) -> bool:
        """True when the master bill counts too. A postal item number says all; only one of both messages knows its despatch."""
        return self._profile.join_on == "master+house" and not _is_postal(draft)

    # --- verdicts

    def verdict(self, judged: Judged, *, accepted: bool) -> str:
        """Return "joined" or "waiting" for a unit that another message completes or will complete, else "".

        accepted: the shipment was accepted before, and not withdrawn.
        """
        join: Join | None = judged.join
        if join is None or judged.draft is None:
            return ""
        errors = [f for f in judged.findings if f.severity is Severity.ERROR]
        absent = (
            [f for f in judged.findings if f.value is None and is_absent(judged.draft, f.pointer)] if errors else []
        )
        if any(f not in absent for f in errors):
            return ""  # what is there and cannot be used is not mended by another message
        if judged.purpose == "cancel":
            return _withdraw(judged, join, absent, accepted=accepted)
        if (
            judged.purpose == "amend"
            and not errors
            and not accepted
            and join.state == "waiting"
            and join.own is not None
        ):
            make_original(judged, judged.draft)
            said = f"What it amends waited since {join.own.where} and was never delivered: this is the first delivery, an original."
            judged.findings.append(Finding("JOIN-FIRST", Severity.INFO, Scope.SHIPMENT, said))
        if join.state == "done":
            return _delivered_already(judged, join, absent, lacking=bool(errors))
        return self._wait(judged, join, absent, errors) if errors and join.may_wait else ""

    def _wait(self, judged: Judged, join: Join, absent: list[Finding], errors: list[Finding]) -> str:
        judged.withheld = absent
        fields = ", ".join(dict.fromkeys(words_of(f.target) for f in errors))
        said = f"It waits until {self._until_words} UTC for {fields}."
        if self._is_wide(judged.draft or {}) and not (judged.draft or {}).get("master_bill_number"):
            said += " It names no master bill, so that only a message that names none completes it."
        verdict = _say(judged, absent, "waiting", "GW-JOIN-PENDING", said)
        before = self._waiting.get(join.key)
        if before is not None:
            said = f"{judged.id} stands in this file more than once: one other message completes it, and once."
            place = judged.findings[-1].position
            judged.findings.append(Finding("S321-DUP", Severity.WARNING, Scope.SHIPMENT, said, place))
            judged.findings += named_twice(judged.draft or {}, before) if before != join.draft else []
        self._waiting.put(join.key, join.draft)
        return verdict

    # --- what the history is told

    def settled(self, judged: Judged, verdict: str, message: int) -> None:
        """Take up what the history has to note of a unit, for `note`."""
        join: Join | None = judged.join
        if join is None:
            return
        if judged.purpose == "cancel":
            part = self._after_cancel(join, verdict) if verdict in ("accepted", "joined") else None
        elif verdict == "waiting":
            halves = kept([join.half(self._where), *join.others])
            part = Part(join.key, "waiting", self._where, halves, self._until, message, judged.number)
        elif verdict == "accepted":
            part = Part(join.key, "done", self._where, kept(self._delivered(join)), self._until)
        elif verdict == "joined":
            part = self._too_late(join)
        else:
            part = None
        if part is not None:
            self._parts.append(part)

    def _delivered(self, join: Join) -> list[Half]:
        """Return the halves of a shipment that is delivered now; what did not go into it counts for its amendments."""
        used = {join.of, *(half.of for half in join.used)}
        left = [msgspec.structs.replace(half, late=True) for half in newest(join.halves) if half.of not in used]
        in_it = [msgspec.structs.replace(half, late=False) for half in join.used]
        return [join.half(self._where), *in_it, *left]

    def _after_cancel(self, join: Join, verdict: str) -> Part | None:
        """Return what is left when a message withdrew its half, None when nothing changes."""
        known, others = join.known, newest(join.others)
        if known is not None and (verdict == "joined" if known.state == "done" else join.own is None):
            return None
        if known is None or not others:
            return Part(join.key, "gone", self._where)
        rest = kept([msgspec.structs.replace(half, late=False) for half in others])
        if known.state == "waiting" and join.halves[0].of != join.of:  # the other message is the one that waits
            return msgspec.structs.replace(known, draft=rest)
        return Part(join.key, "kept", others[0].where, rest, self._until)

    def _too_late(self, join: Join) -> Part | None:
        """Return what is known of a delivered shipment with a half that came too late, which counts for its amendments."""
        if join.known is None or not join.delivered:
            return None
        halves = [half for half in join.halves if not (half.late and half.of == join.of)]
        if not join.repeats:
            halves.append(join.half(self._where, late=True))
        elif len(halves) == len(join.halves):
            return None
        return msgspec.structs.replace(join.known, draft=kept(halves), until=self._until)

    def note(self) -> None:
        """Tell the history what was taken up."""
        if self._parts:
            self._history.note_parts(self._parts)
            self._parts = []


def _mapping_of(m: Mapping) -> str:
    """Return the mapping that read a unit: a marketplace's orders and a carrier's parcels are both tables."""
    return str(getattr(getattr(m.mapped, "program", None), "mapping_id", m.message.format))


def _is_postal(draft: dict[str, object]) -> bool:
    return draft.get("mode_of_transportation") == "mail"


def _complete(m: Mapping, join: Join) -> None:
    """Fill a unit from what other messages said of the shipment.

    What repeats a delivered half is filled as it was then, so that it is known again; an amendment with what came too late,
    too. One that may wait and comes after the delivery for the first time is not filled: what it lacks tells that it is a half.
    """
    own, others = join.own, join.others
    if join.state != "done":
        if join.purpose == "cancel":
            return
        if own is not None and join.purpose == "original":
            m.findings += told_otherwise(m.mapped.draft, own)
        join.used = others
    else:
        join.repeats = own is not None and own.is_said_by(join.draft)
        if (join.names_only and join.purpose != "amend") or (
            join.purpose == "original" and own is None and join.may_wait
        ):
            return
        as_then = join.purpose == "cancel" or (join.purpose == "original" and join.repeats)
        join.used = [half for half in others if not half.late] if as_then else newest(others)
        if as_then and own is not None:
            first = join.halves.index(own)
            for half in join.used:
                fill(m, half, over=join.halves.index(half) < first, quiet=True)
            return
    for half in join.used:
        fill(m, half)


def _withdraw(judged: Judged, join: Join, absent: list[Finding], *, accepted: bool) -> str:
    """Return what becomes of a cancellation: it withdraws what its own kind of message said, and no more."""
    own, where = join.own, join.known.where if join.known is not None else ""
    if own is not None and join.state != "done" and (join.names_only or not accepted):
        return _say(judged, absent, "joined", "JOIN-WITHDRAWN", f"It waited since {own.where} and is withdrawn.")
    if join.names_only:
        if join.delivered and all(half.names_only for half in join.delivered):
            return ""  # it was delivered with nothing else
        said = "Nothing that this message named waits: nothing is withdrawn."
        if join.state == "done":
            said = f"It was delivered with {where}, which stands: a message that only names shipments withdraws none."
    elif join.state == "waiting" and not accepted:
        said = f"Nothing of it was delivered; what waits since {where} is another message's and waits on."
    else:
        return ""
    verdict = _say(judged, absent, "joined", "JOIN-STANDS", said)
    judged.findings[-1] = msgspec.structs.replace(judged.findings[-1], severity=Severity.WARNING)
    return verdict


def _delivered_already(judged: Judged, join: Join, absent: list[Finding], *, lacking: bool) -> str:
    """Return "joined" for a half of a delivered shipment that comes too late to be passed on, or again."""
    with_others = any(half.of != join.of for half in join.delivered)
    if join.purpose != "original":
        late = join.names_only and with_others and join.repeats
        if lacking and not late and join.names_only and _are_forgotten(join.halves):
            judged.findings = [*(f for f in judged.findings if f not in absent), _not_kept(join)]
    else:
        late = (join.names_only and with_others) or (join.may_wait and lacking)
    if not late or join.known is None:
        return ""
    verdict = _say(judged, absent, "joined", "JOIN-DONE", f"It was delivered already, with {join.known.where}.")
    judged.findings += too_late(msgspec.json.decode(join.draft), join.known, join.delivered)
    return verdict


def _are_forgotten(halves: list[Half]) -> bool:
    return any(value == FORGOTTEN for half in halves for value in half.fields().values())


def _not_kept(join: Join) -> Finding:
    where = join.known.where if join.known is not None else ""
    said = f"It was delivered with {where}; what was said there of persons is not kept any more, so that this amendment cannot be completed."
    mend = "Send the change with the message that has the parties (house waybill, item); what was delivered stands until then."
    return Finding("JOIN-NOT-PASSED", Severity.ERROR, Scope.SHIPMENT, said, fix=mend)


def _anew(known: Part, number: str) -> Finding:
    said = f"Shipment {number} was delivered, with {known.where}, and this message names it otherwise than before; the format has no word for a change, so this one amends it."
    return Finding("S321-REPEAT", Severity.WARNING, Scope.SHIPMENT, said)


def _say(judged: Judged, absent: list[Finding], verdict: str, rule: str, said: str) -> str:
    """Put what became of the shipment in place of the findings about what another message brings."""
    place = absent[0].position if absent else NOWHERE
    kept_findings = [f for f in judged.findings if f not in absent]
    judged.findings = [*kept_findings, Finding(rule, Severity.INFO, Scope.SHIPMENT, said, place)]
    judged.refused = False
    return verdict
