"""What the engine does between drops: late answers, a person's orders, the removal or sealing of what is old."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from gateway.shell import backup, late, orders, versions
from gateway.shell.desk import Desk, frames
from gateway.shell.drops import PartnerDrop, ServeConfig
from gateway.shell.folders import parse_instant
from gateway.shell.ledger import STORAGE_FAULTS, Drop
from gateway.shell.log import logger
from gateway.shell.merge import ClaimConflictError
from gateway.shell.orders import Order
from gateway.shell.outages import Outages
from gateway.shell.parts import forget, overdue
from gateway.shell.retention import Removal, due, remove
from gateway.shell.schedule import Queue

_DAY_S = 86_400.0
_JUMP = timedelta(days=7)
_BEHIND = timedelta(minutes=5)
_REMOVED_AT_ONCE = 200
_SEALED_AT_ONCE = 50
_BOOKS = "The gateway's disk or ledger can be used again"


class Housework:
    """Does some of it at each look. changed: called before a drop is put into the work folder.

    last_entry: when the ledger's last entry before this start was made, "" = there is none.
    """

    def __init__(self, queue: Queue, changed: Callable[[], None], outages: Outages, last_entry: str = "") -> None:
        self._queue, self._changed, self._outages = queue, changed, outages
        self._next_cleaning, self._removals = 0.0, iter(tuple[Removal, ...]())
        self._last_look: tuple[datetime, float] | None = None  # clock and monotonic clock of the last cleaning
        self._last_entry = last_entry
        self._unsealed = iter(tuple[Path, ...]())
        self._forgetting = self._unwiped = False

    def look(self, partners: Mapping[str, PartnerDrop], config: ServeConfig, desk: Desk) -> None:
        """Do what is due; nothing while a backup is made, to which finished drops must stand still."""
        with backup.housework(desk.folders) as may:
            if may:
                self.answer_late(partners, desk)
                self.keep_house(partners, config, desk)

    def answer_late(self, partners: Mapping[str, PartnerDrop], desk: Desk) -> None:
        """Answer the drops of which something waited for another message, and its time is up.

        Not while a drop of the partner is in work, which may be the other message: then no further one is begun, and
        the answer comes at one of the next looks.
        """
        for name in partners:
            self._queue.go(name)
        try:
            for receipt in overdue(desk.ledger, desk.clock()):
                drop = desk.ledger.drop(receipt)
                partner = partners.get(drop.partner) if drop is not None else None
                if drop is None or partner is None or drop.state != "done" or not self._queue.stop(partner.name):
                    continue
                self._changed()
                self._answer(drop, partner, desk)
                self._queue.go(partner.name)
        except ClaimConflictError:
            return  # at the next look
        except STORAGE_FAULTS as error:
            reason = f"The gateway's disk or ledger cannot be used now ({type(error).__name__})."
            text = f"Waiting shipments whose time is up are answered later. {reason}"
            self._outages.once("JOIN-WAITS", "", text, desk.alert)
        else:
            self._outages.passed("JOIN-WAITS", "", _BOOKS, desk.alert)

    def _answer(self, drop: Drop, partner: PartnerDrop, desk: Desk) -> None:
        try:
            late.answer(drop, partner.profile, desk)
        except (ClaimConflictError, *STORAGE_FAULTS):
            raise
        except Exception as error:  # a fault of ours: the others are answered, and the gateway lives on
            logger().error("late.fault", receipt=drop.receipt, error=type(error).__name__, code=frames(error))
            text = f"The second answer to drop {drop.receipt} cannot be written: fault in the gateway ({type(error).__name__})."
            self._outages.once("JOIN-WAITS", drop.receipt, text, desk.alert, partner=drop.partner)

    def _clock_jumped(self, desk: Desk) -> bool:
        """True when the clock went on much further than the time that passed: what is too old by it stays for a day more."""
        now, before = (desk.clock(), time.monotonic()), self._last_look
        self._last_look = now
        if before is None:
            return self._set_while_off(desk, now[0])
        if now[0] - before[0] < _JUMP + timedelta(seconds=now[1] - before[1]):
            return False
        said = f"The clock jumped from {before[0]:%Y-%m-%d} to {now[0]:%Y-%m-%d}: nothing is removed for a day. Set it right if it is wrong; gateway archive clean removes at once."
        desk.alert("HOUSE-CLOCK", said)
        return True

    def _set_while_off(self, desk: Desk, now: datetime) -> bool:
        """Compare the clock with the last entry of the ledger before this start, once. True when removals must wait."""
        text, self._last_entry = self._last_entry, ""
        last = parse_instant(text) if text else now
        if now < last - _BEHIND:
            said = f"The clock says {now:%Y-%m-%d %H:%M}, and the last entry of the ledger is from {last:%Y-%m-%d %H:%M}: the clock went back. Times and days of what is done now are wrong until it is set right."
            desk.alert("HOUSE-CLOCK", said)
        elif now > last + _JUMP:
            said = f"The clock says {now:%Y-%m-%d}, and the last entry of the ledger is from {last:%Y-%m-%d}: nothing is removed for a day. Set the clock right if it is wrong; gateway archive clean removes at once."
            desk.alert("HOUSE-CLOCK", said)
            return True
        return False

    def keep_house(self, partners: Mapping[str, PartnerDrop], config: ServeConfig, desk: Desk) -> None:
        """Carry out a person's orders, and remove what is older than the settings, some at each look."""
        try:
            self._follow_orders(partners, desk)
            if time.monotonic() >= self._next_cleaning:
                self._next_cleaning = time.monotonic() + _DAY_S
                if not self._clock_jumped(desk):
                    self._removals = due(desk.ledger, desk.folders, config.out_dir, config.keep, desk.clock())
                    versions.forget(desk.folders, desk.ledger, config.out_dir, desk.now())
                    self._forgetting = self._unwiped = True
            self._forgetting = self._forgetting and forget(desk.ledger, desk.clock())
            removed = 0
            for removal in itertools.islice(self._removals, _REMOVED_AT_ONCE):
                remove(removal, desk)
                removed += 1
            if self._unwiped and not self._forgetting and removed < _REMOVED_AT_ONCE:
                self._unwiped = False
                desk.ledger.wipe()
            for place in itertools.islice(self._unsealed, _SEALED_AT_ONCE):
                if place.is_dir():  # else it went, or is in work again
                    desk.vault.seal(place)
        except STORAGE_FAULTS as error:
            text = f"Orders and the removal of old files wait: disk or ledger cannot be used ({type(error).__name__})."
            self._outages.once("HOUSE-WAITS", "", text, desk.alert)
        else:
            self._outages.passed("HOUSE-WAITS", "", _BOOKS, desk.alert)

    def _follow_orders(self, partners: Mapping[str, PartnerDrop], desk: Desk) -> None:
        for path, order in orders.pending(desk.folders):
            if order.do == orders.REPLAY and self._queue.knows(order.receipt):
                continue  # on its way to where it is kept: at one of the next looks
            drop = desk.ledger.drop(order.receipt) if order.do == orders.REPLAY else None
            partner = drop.partner if drop is not None and drop.partner in partners else ""
            if partner and not self._queue.stop(partner):
                continue  # what is in work may be newer than what is put back: as above, and no further one is begun
            try:
                self._carry_out(order, partners, desk)
            except STORAGE_FAULTS:
                raise
            except Exception as error:  # a fault of ours: else it would end each start
                logger().error("order.fault", order=order.name, error=type(error).__name__, code=frames(error))
                path.rename(path.with_suffix(".wrong"))
                text = f"The order {order.do} of a person was put aside: fault in the gateway ({type(error).__name__})."
                desk.alert("HOUSE-WAITS", text, order.receipt)
            else:
                path.unlink()
            finally:
                self._queue.go(partner)

    def _carry_out(self, order: Order, partners: Mapping[str, PartnerDrop], desk: Desk) -> None:
        if order.do == orders.REPLAY:
            self._changed()
            orders.replay(order, desk)
        elif order.do == orders.RETAIN:
            self._next_cleaning, self._last_look = 0.0, None  # a person has looked at the clock
            self._last_entry = ""
        elif order.do == orders.CLAIM:
            orders.claim(order, desk, partners[order.partner].account)
        elif order.do == orders.SEAL:
            self._unsealed = desk.vault.unsealed(desk.folders)
        else:
            orders.hold(order, desk)
