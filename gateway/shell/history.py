"""The past of one partner as its drop sees it: the ledger below, the drop's own provisional claims on top.

Claims lie in a private temporary database that spills to disk, one row per claim with a rising number: the newest row
of a key is its state, and rolling back is deleting the rows above a mark. `commit` merges them into the ledger inside
the transaction that also plans the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from msgspec.structs import astuple
from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from gateway.history import PERSON_LIMIT_USD, DaySum, Lot, Part, PersonDay, ShipmentClaim
from gateway.shell.folders import instant, parse_instant
from gateway.shell.ledger import MAX_CONTROL, Ledger
from gateway.shell.meanwhile import Meanwhile, check_sums
from gateway.shell.merge import ClaimConflictError, merge_interchanges, merge_shipments
from gateway.shell.parts import Parts
from gateway.shell.past import BATCH, MAX_KEYS, MILLION, Past
from gateway.shell.schema import controls, fitted, interchanges
from gateway.shell.scratch import Touched, give_back, take_scratch
from gateway.shell.statements import in_batches, run, run_rows

_NO_SUM: DaySum = (Decimal(0), [])  # shared; nobody changes it
_NOTHING = (None, None, None, None)
_INSERT = "INSERT INTO claims VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
_INSERT_NEW = (
    "INSERT INTO claims (seq, key, content, place, person, day, value, purpose, orders) VALUES (?,?,?,?,?,?,?,?,?)"
)
_RECENT = 1024
_SENT = {"interchange": ("ISA13", "UNB0020"), "group": ("GS06", "UNG0048")}
_INDEXES = (
    "CREATE INDEX claims_key ON claims (key, seq)",
    "CREATE INDEX claims_day ON claims (person, day) WHERE person <> ''",
    "CREATE INDEX claims_old ON claims (old_person, old_day) WHERE old_person <> ''",
)
_TAKE = (
    controls.update()
    .where(controls.c.scope == bindparam("scope"), controls.c.last == bindparam("first"))
    .values(last=bindparam("last_number"))
)
_NEWEST = "SELECT key, content, place, person, day, value, purpose, max(seq) FROM claims WHERE key IN ({}) GROUP BY key"
_TOUCHED = """
SELECT 1 FROM claims WHERE person=? AND day=? AND person<>'' UNION ALL
SELECT 1 FROM claims WHERE old_person=? AND old_day=? AND old_person<>'' LIMIT 1
"""


class SqlHistory:
    """A gateway.history.History for one drop. Not for several threads; close it when the drop is done.

    remember_days: a partner's interchange control number may be used again after so many days (numbers wrap).
    again: all drops of the same bytes when this one is judged again: it may use their control numbers.
    """

    def __init__(
        self,
        ledger: Ledger,
        partner: str,
        received_at: str,
        *,
        remember_days: int = 366,
        again: frozenset[str] = frozenset(),
    ) -> None:
        self.partner, self._ledger, self._again = partner, ledger, again
        self._meanwhile = Meanwhile(ledger, partner)  # first of all: from here on others may change what is read below
        self._since = instant(parse_instant(received_at) - timedelta(days=remember_days))
        self._scratch = take_scratch()
        self._seq = 0
        self._touched = Touched()  # persons' days
        self._claimed = Touched()  # keys
        self._indexed = False
        self._repeated = False  # False: no key was claimed twice
        self._replaced = False  # False: no claim replaces an earlier one
        self._recent: dict[str, ShipmentClaim | None] = {}
        self._days: dict[PersonDay, DaySum] = {}  # of those that have any
        self._numbers: dict[str, tuple[int, int]] = {}  # counter -> last of the ledger, last of this drop
        self._past = Past(ledger, partner)
        self._parts = Parts(self._scratch, ledger, partner)

    def interchange(self, sender: str, receiver: str, control_number: str) -> str | None:
        """See History."""
        query = "SELECT place FROM interchanges WHERE sender=? AND receiver=? AND control=?"
        number = _kept(sender, receiver, control_number)
        row = self._scratch.execute(query, number).fetchone()
        if row:
            return str(row[0])
        place, receipt = self._past.interchange(*number, self._since)
        return place if receipt not in self._again else None

    def claim_interchange(self, sender: str, receiver: str, control_number: str, where: str) -> None:
        """See History."""
        values = (*_kept(sender, receiver, control_number), where)
        self._scratch.execute("INSERT OR REPLACE INTO interchanges VALUES (?,?,?,?)", values)

    def release_interchange(self, sender: str, receiver: str, control_number: str) -> None:
        """See History."""
        gone = "DELETE FROM interchanges WHERE sender=? AND receiver=? AND control=?"
        self._scratch.execute(gone, (sender, receiver, control_number))

    def shipments(self, keys: Sequence[str]) -> list[ShipmentClaim | None]:
        """See History."""
        if len(self._recent) > _RECENT:
            self._recent.clear()
        recent = self._recent
        unknown = list(set(keys).difference(recent))
        for start in range(0, len(unknown), BATCH):
            recent.update(self._look_up(unknown[start : start + BATCH]))
        return [recent[key] for key in keys]

    def day_totals(self, days: Sequence[PersonDay]) -> list[DaySum]:
        """See History. A sum is that of all partners; at most MAX_KEYS own keys are named."""
        if len(self._days) > _RECENT:
            self._days.clear()
        unknown = list(set(days).difference(self._days))
        past = self._past.days(unknown)
        for day in {*past, *self._touched.among(unknown)}:
            self._days[day] = self._sum(day, *past.get(day, (0, [])))
        return [self._days.get(day, _NO_SUM) for day in days]

    def lots(self, person: str) -> list[Lot]:
        """See History. Those of earlier drops; who asks remembers those of this one."""
        return self._past.lots(person)

    def claim(self, claims: Sequence[ShipmentClaim]) -> None:
        """See History."""
        keys = [claim.key for claim in claims]
        before = self.shipments(keys)  # in one go, mostly known already
        new = len(set(keys)) == len(keys) and not any(before) and all(claim.purpose != "cancel" for claim in claims)
        rows = [*self._new_rows(claims, keys)] if new else [self._row(claim) for claim in claims]
        run_rows(self._scratch, _INSERT_NEW if new else _INSERT, rows)

    def _new_rows(self, claims: Sequence[ShipmentClaim], keys: list[str]) -> Iterable[tuple[Any, ...]]:
        """Note claims of different keys that replace nothing, and return their rows: as `_row` does, column by column."""
        _, contents, places, persons, days, values, purposes, orders = zip(*map(astuple, claims), strict=True)
        of = list(zip(persons, days, strict=True))
        self._repeated = self._claimed.add_all(keys) or self._repeated
        self._touched.add_all(of)
        self._recent.update(zip(keys, claims, strict=True))
        if not self._days.keys().isdisjoint(of):
            for claim in claims:
                self._note(claim)
        first, self._seq = self._seq + 1, self._seq + len(claims)
        return zip(count(first), keys, contents, places, persons, days, map(_millionths, values), purposes, orders)

    def _row(self, claim: ShipmentClaim) -> tuple[Any, ...]:
        """Note a claim and return its row. What it replaces is asked for at its turn: a key may come twice in one batch."""
        self._seq += 1
        person, day, value = claim.person, claim.day, _millionths(claim.value_usd)
        cancel = claim.purpose == "cancel"
        if cancel:
            person, day, value = "", "", 0
        old: tuple[Any, ...] = _NOTHING
        if (before := self._recent[claim.key]) is not None:
            self._replaced = True
            old = (before.person, before.day, _millionths(before.value_usd), before.content)
            self._touched.add_all([(before.person, before.day)])
            self._days.pop((before.person, before.day), None)
        self._repeated = self._claimed.add_all([claim.key]) or self._repeated
        self._touched.add_all([(person, day)])
        self._recent[claim.key] = None if cancel else claim
        if not cancel:
            self._note(claim)
        return (self._seq, claim.key, claim.content, claim.where, person, day, value, claim.purpose, claim.orders, *old)

    def newer(self, keys: Sequence[str]) -> frozenset[str]:
        """See History."""
        return self._past.newer(keys, self._again)

    def parts(self, keys: Sequence[str]) -> list[Part | None]:
        """See History."""
        return self._parts.find(keys)

    def note_parts(self, parts: Sequence[Part]) -> None:
        """See History."""
        for part in parts:
            self._seq += 1
            self._parts.note(self._seq, part)

    def mark(self) -> int:
        """See History."""
        return self._seq

    def rollback(self, mark: int) -> None:
        """See History."""
        if mark < self._seq:
            self._scratch.execute("DELETE FROM claims WHERE seq > ?", (mark,))
            self._scratch.execute("DELETE FROM parts WHERE seq > ?", (mark,))
            self._seq = mark
            self._recent.clear()
            self._days.clear()

    def next_control(self, scope: str) -> int:
        """See History. What this drop takes is used up with its plan; before that nothing was sent under it."""
        first, last = self._numbers.get(scope) or (self._ledger.last_control(scope),) * 2
        last = last % MAX_CONTROL + 1
        self._numbers[scope] = first, last
        return last

    def sent(self, kind: str, control_number: str) -> bool:
        """See History. A number is ours when a counter "partner/ISA13" (or UNB0020, GS06, UNG0048) has reached it."""
        names = [f"{self.partner}/{name}" for name in _SENT.get(kind, ())]
        if not names or not (control_number.isascii() and control_number.isdigit()):
            return False
        with self._ledger.reading() as connection:
            reached = connection.execute(select(func.max(controls.c.last)).where(controls.c.scope.in_(names))).scalar()
        return 1 <= int(control_number) <= int(reached or 0)

    def commit(self, connection: Connection, receipt: str, at: str) -> int:
        """Merge the claims into the ledger inside the caller's transaction; return how many shipments are active now.

        Raises merge.ClaimConflictError when the ledger changed since it was asked: translate the file again then.
        """
        self._meanwhile.check_partner(connection, receipt)
        persons = list(self._meanwhile.persons(connection, self._touched.__contains__))
        self._parts.commit(connection, receipt)
        merge_interchanges(connection, self._interchange_rows(receipt, at), self._since, self._again)
        active = merge_shipments(
            connection, self._scratch, self.partner, receipt, once=not self._repeated, fresh=not self._replaced
        )
        check_sums(connection, persons, _millionths(PERSON_LIMIT_USD))
        return active

    def commit_numbers(self, connection: Connection) -> None:
        """Use the control numbers up, inside the caller's transaction. Raises merge.ClaimConflictError."""
        for scope, (first, last) in self._numbers.items():
            if run(connection, _TAKE, scope=scope, first=first, last_number=last).rowcount:
                continue
            try:
                connection.execute(controls.insert(), {"scope": scope, "last": last})
            except IntegrityError:  # somebody else took a number meanwhile
                raise ClaimConflictError(f"counter {scope}") from None

    def close(self) -> None:
        """Forget everything that was not committed."""
        self._past.close()
        give_back(self._scratch, used=self._seq, indexed=self._indexed)

    # --- inside

    def _look_up(self, keys: list[str]) -> dict[str, ShipmentClaim | None]:
        found = dict.fromkeys(keys) | self._past.shipments(keys)
        if own := self._claimed.among(keys):
            self._index()
            for key, *rest in self._scratch.execute(_NEWEST.format(",".join("?" * len(own))), own):
                content, place, person, day, value, purpose, _ = rest
                gone = purpose == "cancel"
                claim = ShipmentClaim(key, content, place, person, day, Decimal(value) / MILLION, purpose)
                found[key] = None if gone else claim
        return found

    def _note(self, claim: ShipmentClaim) -> None:
        """Add a claim to the sum of its person and day, if that is remembered."""
        of = claim.person, claim.day
        if claim.person and of in self._days:
            total, keys = self._days[of]
            self._days[of] = (total + claim.value_usd, keys if len(keys) >= MAX_KEYS else [*keys, claim.key])

    def _sum(self, of: PersonDay, total: int, keys: list[str]) -> DaySum:
        """Return the sum of a person and day: what the ledger has, and what this file changes in it."""
        if self._touched.among([of]):
            self._index()
            if self._scratch.execute(_TOUCHED, (*of, *of)).fetchone():
                own = "SELECT coalesce(sum(value), 0) FROM claims WHERE person=? AND day=? AND person<>''"
                gone = (
                    "SELECT coalesce(sum(old_value), 0) FROM claims WHERE old_person=? AND old_day=? AND old_person<>''"
                )
                names = "SELECT DISTINCT key FROM claims WHERE person=? AND day=? AND person<>'' ORDER BY seq LIMIT ?"
                total += int(self._scratch.execute(own, of).fetchone()[0])
                total -= int(self._scratch.execute(gone, of).fetchone()[0])
                keys += [key for (key,) in self._scratch.execute(names, (*of, MAX_KEYS)) if key not in keys]
                current = self.shipments(keys)
                keys = [c.key for c in current if c and (c.person, c.day) == of]
        return Decimal(total) / MILLION, keys[:MAX_KEYS]

    def _index(self) -> None:
        """Make the indexes when the first question comes that needs them; a file without repetitions asks none."""
        if not self._indexed:
            self._indexed = True
            for statement in _INDEXES:
                self._scratch.execute(statement)

    def _interchange_rows(self, receipt: str, at: str) -> Iterator[list[dict[str, str]]]:
        rows = self._scratch.execute("SELECT sender, receiver, control, place FROM interchanges")
        names = ("sender", "receiver", "control", "place")
        fixed = {"partner": self.partner, "receipt": receipt, "claimed_at": at}
        return in_batches(dict(zip(names, row, strict=True)) | fixed for row in rows)


def _kept(sender: str, receiver: str, control_number: str) -> tuple[str, str, str]:
    """Return the names of an interchange as the ledger keeps them."""
    c = interchanges.c
    return fitted(sender, c.sender), fitted(receiver, c.receiver), fitted(control_number, c.control)


def _millionths(value: Decimal) -> int:
    return int((value * MILLION).to_integral_value())
