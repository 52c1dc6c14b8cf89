"""One shipment against the past: repeated, amended or withdrawn, what its person gets in a day, and its claim."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.history import DaySum, History, PersonDay, ShipmentClaim, told_as
from gateway.joining import Joiner
from gateway.judge import Judge, Judged
from gateway.profile import Profile
from gateway.repeats import amends, content_of, make_amendment, number_of, outdated, remark, without
from gateway.rules.alike import Masters

Sums = dict[PersonDay, DaySum]
"""The sums of the persons of a batch, kept up to date while it is settled."""


class Comparer:
    """What one file's shipments are compared with. name: of the file.

    first: shipment of the open message that was accepted first; own: keys claimed in it, where what comes again may amend; masters: its master bills.
    newer: keys that a later file changed, when this one is judged again.
    """

    def __init__(self, judge: Judge, profile: Profile, history: History, joiner: Joiner, name: str) -> None:
        self._judge, self._profile, self._history, self._joiner, self._name = judge, profile, history, joiner, name
        self._rules = profile.rules
        self.twins = self._rules.twins()
        self._near = {test: (self._rules.neighbours(), self._rules.lots()) for test in (False, True)}
        self._place: tuple[str | None, str] = (None, f"file {name}")  # trip -> words, the last one
        self.newer: frozenset[str] = frozenset()
        self.begin(test=False)

    def begin(self, *, test: bool) -> None:
        """Open a message."""
        self.first: Judged | None = None
        self.own: set[str] = set()
        self.masters = Masters()
        self.near = self._near[test]

    def verdict(
        self, judged: Judged, key: str, earlier: ShipmentClaim | None, person: PersonDay, sums: Sums
    ) -> tuple[str, ShipmentClaim | None]:
        """Return the verdict, and the claim of a shipment that is accepted."""
        if verdict := self._joiner.verdict(judged, accepted=earlier is not None):
            return verdict, None
        if judged.draft is None or judged.refused:
            return "rejected", None
        content = content_of(judged.draft, judged.encoded)
        if (earlier is None or earlier.content != content) and not self._profile.bill_is_master:
            for finding in self.masters.check(judged.draft, judged.purpose):
                self.add(judged, finding)
            if judged.refused:
                return "rejected", None
        verdict = self._compare(judged, judged.draft, key, earlier, content)
        if verdict == "accepted" and self._other_filer(judged, judged.draft):
            verdict = "rejected"
        if verdict != "accepted":
            return verdict, None
        claim = self._claim(judged, judged.draft, key, content, person, sums, earlier)
        return ("rejected", None) if judged.refused else ("accepted", claim)

    def _compare(
        self, judged: Judged, draft: dict[str, Any], key: str, earlier: ShipmentClaim | None, content: str
    ) -> str:
        """Compare with the same shipment accepted before: repeated content is a duplicate, other content is refused.

        Where the format has no way to say that a message changes an earlier one, other content of a later message amends.
        """
        if self._profile.replayed and (verdict := self._once_more(judged, draft, key, earlier, content)):
            return verdict
        if judged.purpose != "original":
            if earlier is None:
                said = f"No original of {judged.id} stands in this gateway (it never came, was refused or was withdrawn); the {judged.purpose} was passed on."
                self.add(judged, Finding("S321-AMEND-NF", Severity.WARNING, Scope.SHIPMENT, said))
            return "rejected" if judged.refused else "accepted"
        if earlier is None:
            return "accepted"
        finding = self._rules.duplicate(draft, earlier, content)
        if earlier.content == content:
            self.add(judged, finding)
            return "duplicate"
        if amends(judged, self._profile) and key not in self.own:
            self.add(judged, remark(draft, earlier))
            if judged.refused:
                return "rejected"
            make_amendment(judged, draft)
            return "accepted"
        judged.add(finding)  # refused whatever a partner file makes of the rule: two originals contradict each other
        return "rejected"

    def _once_more(
        self, judged: Judged, draft: dict[str, Any], key: str, earlier: ShipmentClaim | None, content: str
    ) -> str:
        """Return the verdict of a shipment of an old file that is known by now: nothing is delivered twice, nothing changed back."""
        if earlier is not None and earlier.content == content:
            finding = self._rules.duplicate(draft, earlier, content)
            self.add(judged, finding)
            return "duplicate"
        if key not in self.newer:
            return ""
        judged.add(outdated(draft))
        return "rejected"

    def _other_filer(self, judged: Judged, draft: dict[str, Any]) -> bool:
        """Return whether a shipment is refused because the head of its message names another kind of filer."""
        if self.first is None or not self._profile.filer_type_by_mode:
            return False
        first, mode = (str((d or {}).get("mode_of_transportation", "")) for d in (self.first.draft, draft))
        kind, own = self._profile.filer_type_for(first), self._profile.filer_type_for(mode)
        if kind == own:
            return False
        said = f"By {mode} you file as {own}; the message is delivered as that of a {kind}, since its first shipment goes by {first}."
        pointer = "/mode_of_transportation"
        self.add(
            judged, Finding("S321-FILER-MIXED", Severity.ERROR, Scope.SHIPMENT, said.replace("_", " "), pointer=pointer)
        )
        return judged.refused

    def _claim(
        self, judged: Judged, draft: dict[str, Any], key: str, content: str, of: PersonDay, sums: Sums, earlier: ShipmentClaim | None,
    ) -> ShipmentClaim:  # fmt: skip
        """Return the claim of a shipment after checking the person's sum of the day. earlier: what it takes the place of."""
        rules, (person, day) = self._rules, of
        value = Decimal(draft.get("fair_retail_value_usd", "0"))
        orders = rules.orders_of(draft, person) if person and "references" in draft else ()
        if person and judged.purpose != "cancel":
            number = key.removeprefix("test:")
            total, others = sums[of]
            if earlier is not None and (earlier.person, earlier.day) == of:  # what it amends counts no more
                total, others = without(sums[of], earlier, key)
            findings = rules.check_total(draft, total, others, self._profile)
            findings += self.twins.check(draft, person, day, number)
            if not findings:
                near = self.near
                findings += rules.check_near(draft, person, day, number, orders, *near, self._history.lots)
            for finding in findings:
                self.add(judged, finding)
            if not judged.refused:
                sums[of] = (total + value, [*others[-20:], key])
        where = self.where(draft.get("conveyance_reference"))
        where = told_as(where, number_of(judged, draft), key.removeprefix("test:"))
        if earlier is not None and not judged.refused:
            was = (earlier.person, earlier.day)
            if was in sums and (was != of or judged.purpose == "cancel"):
                sums[was] = without(sums[was], earlier, key)
        lot_of = " ".join(order for _, order in orders)
        return ShipmentClaim(key, content, where, person, day, value, judged.purpose, lot_of)

    def add(self, judged: Judged, finding: Finding) -> None:
        """Add a finding with the severity that the partner's file gives it."""
        judged.add(self._judge.weigh(finding))

    def where(self, trip: str | None) -> str:
        """Return what to tell the sender of a shipment of this file; trips repeat."""
        if self._place[0] != trip:
            self._place = (trip, f"trip {trip}, file {self._name}" if trip else f"file {self._name}")
        return self._place[1]
