"""The Section 321 rules of one gateway: complete a draft, check it, and sum what one person gets in a day.

Order: prepare (totals, USD, keys, regime) -> schema (elsewhere) -> check -> check_total. Nothing here raises on data.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec.structs import replace

from gateway.findings import NOTHING, Finding, Scope, Severity
from gateway.history import DaySum, PersonDay, ShipmentClaim
from gateway.profile import Profile
from gateway.rules.alike import Neighbours, Twins
from gateway.rules.group import Asked, Draft, Group
from gateway.rules.identifiers import read_tracking
from gateway.rules.lots import Lots, Orders, Past, orders_of, with_orders
from gateway.rules.parts import PARTS
from gateway.rules.persons import person_keys
from gateway.rules.regime import arrival_day, law_day, regime_of, today
from gateway.rules.states import read_states
from gateway.rules.tables import Regime, Tables
from gateway.rules.totals import complete_values
from gateway.rules.values import LIMIT_USD, amount

_MOT = {"ocean": "11", "rail": "20", "truck": "30", "air": "40", "mail": "50"}
_PERSONS = ("buyer", "owner", "final_deliver_to_party")  # who the one person of the USD 800 sum may be
_OF_LAW = ("_arrival_day", "regime_verdict", "estimated_arrival_at", "first_us_port", "mode_of_transportation")
_NONE: list[Finding] = []  # the usual answer; shared, never changed
_DUPLICATE = f"{NOTHING}: it is reported already, and was not passed on again. A new parcel needs a number of its own."


class Run(NamedTuple):
    """New shipments that follow each other in a file. of: person and day; values: USD; numbers: bare."""

    drafts: Sequence[Draft]
    of: Sequence[PersonDay]
    values: Sequence[Decimal]
    numbers: Sequence[str]


class Rulebook:
    """All rules with their tables; immutable."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    @classmethod
    def load(cls, texts: Mapping[str, str]) -> Rulebook:
        """Build from CSV texts by file name without .csv."""
        return cls(Tables.load(texts))

    def prepare_all(self, drafts: Sequence[Draft], profile: Profile, now: datetime) -> list[list[Finding]]:
        """Complete drafts: shipment id, MOT code, totals, USD value, person keys, regime verdict.

        The law is that of the day of arrival; ours: of the day of processing when no arrival is known.
        """
        persons = [p for d in drafts for role in _PERSONS if isinstance(p := d.get(role), dict) and p.get("name")]
        keys = person_keys(persons, profile.person_secret, self.tables.suffixes)
        for person, key in zip(persons, keys, strict=True):
            person["normalised_key"] = key
        laws: dict[tuple[Any, ...], tuple[Regime | None, str]] = {}
        return [self._prepare(draft, profile, now, laws) for draft in drafts]

    def _prepare(self, draft: Draft, profile: Profile, now: datetime, laws: dict[Any, Any]) -> list[Finding]:
        read = read_tracking(draft)
        if "shipment_id" not in draft:
            best = (
                draft.get("house_bill_number")
                or draft.get("shipment_tracking_number")
                or draft.get("master_bill_number")
            )
            if best:
                draft["shipment_id"] = best
        mode = draft.get("mode_of_transportation")
        if "cbp_mot_code" not in draft and mode in _MOT:
            draft["cbp_mot_code"] = _MOT[mode]
        if "weight_source_unit" in draft and "gross_weight_kg" not in draft:
            del draft["weight_source_unit"]  # of a weight that could not be read
        states, values = read_states(draft, self.tables), complete_values(draft, profile)
        if items := draft.get("items"):
            key = (*map(draft.get, _OF_LAW), *[line.get("country_of_origin") for line in items])
            try:
                regime, day = laws.get(key) or laws.setdefault(key, self._law(draft, now))
            except (
                TypeError
            ):  # one of them is a list or an object: what was given as a verdict, or what the schema refuses
                regime, day = self._law(draft, now)
            if regime is not None:
                draft["regime_verdict"] = {"rule_id": regime.rule_id, "verdict": regime.verdict, "as_of_date": day}
        return [*read, *states, *values] if read or states or values else _NONE

    def _law(self, draft: Draft, now: datetime) -> tuple[Regime | None, str]:
        """Return the row of the law for a shipment, and the day that counts."""
        day = arrival_day(draft, self.tables)
        law = law_day(draft, self.tables, day) if day else today(now)
        regime = regime_of(draft, self.tables, law)
        if law != day and day and regime is regime_of(draft, self.tables, day):
            law = day  # the same law: the local day is that of the USD 800 sum
        return regime, law

    def prepare(self, draft: Draft, profile: Profile, now: datetime) -> list[Finding]:
        """Complete one draft, see prepare_all."""
        return self.prepare_all([draft], profile, now)[0]

    def check_all(
        self, drafts: Sequence[Draft], profile: Profile, now: datetime, purposes: Sequence[str]
    ) -> list[list[Finding]]:
        """Return what `check` says of each prepared draft; of what is plainly in order no rule is asked."""
        said: list[list[Finding] | None] = [
            [] if type(items := draft.get("items")) is list and items and purpose != "cancel" else None
            for draft, purpose in zip(drafts, purposes, strict=True)
        ]
        regular = drafts if None not in said else [drafts[n] for n, found in enumerate(said) if found is not None]
        _tell(regular, Asked(self.tables, profile, now), [found for found in said if found is not None])
        each = zip(said, drafts, purposes, strict=True)
        return [self.check(draft, profile, now, of) if found is None else found for found, draft, of in each]

    def check(self, draft: Draft, profile: Profile, now: datetime, purpose: str) -> list[Finding]:
        """Return the findings of all per-shipment rules; a cancellation is checked for its numbers only."""
        parts = PARTS[:1] if purpose == "cancel" or "items" not in draft else PARTS
        asked = Asked(self.tables, profile, now)
        return [finding for part in parts for finding in part.check(draft, asked)]

    def person_days(self, drafts: Sequence[Draft], profile: Profile) -> list[PersonDay | None]:
        """Return for each shipment (person key, local day of arrival) under which its value is summed, None when it is not."""
        found: list[PersonDay | None] = []
        for draft, party in zip(drafts, map(_party, drafts), strict=True):
            day = arrival_day(draft, self.tables) if party.get("name") and "fair_retail_value_usd" in draft else ""
            key = party.get("normalised_key") if day else ""
            if day and not key:
                key = person_keys([party], profile.person_secret, self.tables.suffixes)[0]
            found.append((key, day) if key else None)
        return found

    def twins(self) -> Twins:
        """Return what compares the shipments of one file with each other."""
        return Twins()

    def lots(self) -> Lots:
        """Return what finds the lots of one order in a file."""
        return Lots()

    def neighbours(self) -> Neighbours:
        """Return what finds persons of one file who may be one."""
        return Neighbours()

    def check_near(
        self, draft: Draft, person: str, day: str, number: str, orders: Orders, neighbours: Neighbours, lots: Lots, past: Past,
    ) -> list[Finding]:  # fmt: skip
        """Return S321-AGG-NEAR when similar persons together pass the limit, S321-SPLIT when the lots of an order do.

        While the exemption is in force. orders: see orders_of; past: person -> the lots that were accepted before.
        """
        value = amount(draft.get("fair_retail_value_usd"))
        if value is None or not _is_eligible(draft):
            return _NONE
        if orders and (split := lots.check(draft, orders, person, day, value, number, past)):
            return split
        return neighbours.check(_party(draft), person, day, value, number)

    def orders_of(self, draft: Draft, person: str) -> Orders:
        """Return the orders that a shipment is a lot of; none where no exemption is."""
        return orders_of(draft, person) if _is_eligible(draft) else ()

    def check_sums(
        self, run: Run, sums: Mapping[PersonDay, DaySum], profile: Profile, twins: Twins, neighbours: Neighbours, lots: Lots, past: Past
    ) -> tuple[dict[int, list[Finding]], Sequence[Orders]]:  # fmt: skip
        """Return what check_total, Twins and check_near say of shipments that follow each other, by index, and their orders.

        No person and day may be there twice: nothing of what is counted in for one of them decides about another.
        """
        drafts, of, values, numbers = run
        summed = [at for at, (total, _) in enumerate(map(sums.__getitem__, of)) if total]
        said = {at: self.check_total(drafts[at], *sums[of[at]], profile) for at in summed}
        for at, found in twins.check_all(drafts, of, numbers).items():
            said[at] = [*said.get(at, _NONE), *found]
        orders: list[Orders] = [()] * len(drafts)
        for at in with_orders(drafts):
            orders[at] = self.orders_of(drafts[at], of[at][0])
        left = [at for at, draft in enumerate(drafts) if not said.get(at) and _is_eligible(draft)]
        for at in [at for at in left if orders[at]]:
            if split := lots.check(drafts[at], orders[at], *of[at], values[at], numbers[at], past):
                said[at] = split
                left.remove(at)
        if left:
            parties = [_party(drafts[at]) for at in left]
            columns = (of, values, numbers) if len(left) == len(of) else tuple([c[at] for at in left] for c in run[1:])
            said |= {left[at]: found for at, found in neighbours.check_all(parties, *columns).items()}
        return said, orders

    def check_total(self, draft: Draft, total_before: Decimal, others: list[str], profile: Profile) -> list[Finding]:
        """Return S321-AGG-800 when the person's sum of the day passes the limit (while the exemption is in force)."""
        own = amount(draft.get("fair_retail_value_usd"))
        if own is None or total_before == 0 or not _is_eligible(draft):
            return []
        total = total_before + own
        if total <= LIMIT_USD:
            return []
        known = f" with {', '.join(o.removeprefix('test:') for o in others[-5:])}" if others else ""
        said = f"The same person gets goods of {total:.2f} USD on {arrival_day(draft, self.tables)}{known}; the limit is 800.00 USD a day, in data known to this gateway."
        return [
            _finding(
                "S321-AGG-800",
                Severity.ERROR,
                said,
                "fair_retail_value_usd",
                "/items/0/total_value/amount",
                f"{total:.2f}",
            )
        ]

    def duplicate(self, draft: Draft, earlier: ShipmentClaim, content: str) -> Finding:
        """Return S321-DUP: the shipment was accepted before; a warning when the content is the same."""
        number, same = str(draft.get("shipment_id", "")), earlier.content == content
        said = (
            f"Shipment {number} was already accepted ({earlier.where}) with {'the same' if same else 'other'} content."
        )
        severity = Severity.WARNING if same else Severity.ERROR
        finding = _finding("S321-DUP", severity, said, "shipment_id", "/shipment_id", number)
        return replace(finding, fix=_DUPLICATE) if same else finding


def _party(draft: Draft) -> dict[str, Any]:
    """Return the one person of the USD 800 sum, {} when there is none."""
    for role in _PERSONS:
        if role in draft and isinstance(party := draft[role], dict):
            return party
    return {}


def _tell(drafts: Sequence[Draft], asked: Asked, said: list[list[Finding]]) -> None:
    """Add to what is said of each draft what the rules say of it. drafts: with goods lines, not cancelled."""
    group = Group(drafts)
    for part in PARTS:
        try:
            odd: Collection[int] = {*part.look(group, asked)}
        except (TypeError, AttributeError, ValueError, KeyError, ArithmeticError):  # a text or a part is none
            odd = range(len(drafts))
        for number in odd:
            said[number] += part.check(drafts[number], asked)


def _is_eligible(draft: Draft) -> bool:
    verdict = draft.get("regime_verdict")
    return isinstance(verdict, dict) and verdict.get("verdict") == "eligible_800"


def _finding(
    rule: str, severity: Severity, message: str, target: str, pointer: str, value: str | None = None
) -> Finding:
    return Finding(rule, severity, Scope.SHIPMENT, message, target=target, pointer=pointer, value=value)
