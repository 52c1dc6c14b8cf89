"""What does not work for a while: told once when it begins, and once when it is over, however many drops wait for it.

`gateway status` names each drop that waits, and why (the journal has a record "waits" of it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from gateway.shell.desk import Result, Trouble
from gateway.shell.folders import Clock


class Tell(Protocol):
    """gateway.shell.desk.Desk.alert."""

    def __call__(self, rule: str, message: str, receipt: str = "", partner: str = "") -> None:
        """Tell a person."""


@dataclass(slots=True)
class _Outage:
    trouble: Trouble
    since: datetime
    receipts: set[str] = field(default_factory=set)  # that wait for its end


class Outages:
    """Of one engine; all methods are called from its thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[tuple[str, str], _Outage] = {}
        self._told: dict[tuple[str, str], datetime] = {}  # since when

    def look(self, result: Result, tell: Tell) -> None:
        """Take what became of a drop: it waits for something, or nothing keeps it any more."""
        if (trouble := result.trouble) is not None:
            key = (trouble.rule, trouble.place)
            if key not in self._open:
                self._open[key] = _Outage(trouble, self._clock())
                tell(trouble.rule, f"{trouble.message} {_FURTHER}", partner=result.partner)
            self._open[key].receipts.add(result.receipt)
        elif self._open and not result.waiting:
            for key in [k for k, outage in self._open.items() if result.receipt in outage.receipts]:
                self._let_go(key, result, tell)

    def once(self, rule: str, what: str, message: str, tell: Tell, *, partner: str = "", receipt: str = "") -> None:
        """Tell of something that is no drop's, unless that was told and has not passed since."""
        if (rule, what) not in self._told:
            self._told[rule, what] = self._clock()
            tell(rule, message, receipt=receipt, partner=partner)

    def passed(self, rule: str, what: str, said: str, tell: Tell, *, partner: str = "") -> None:
        """Note that something works, and tell it if `once` told that it did not. said: "The disk has room again"."""
        since = self._told.pop((rule, what), None)
        if since is not None:
            tell("DROP-RESUMED", f"{said} after {_words(self._clock() - since)}.", partner=partner)

    def _let_go(self, key: tuple[str, str], result: Result, tell: Tell) -> None:
        outage = self._open[key]
        if result.state == "failed":  # its own alert says why; the place may still be away
            outage.receipts.discard(result.receipt)
            if not outage.receipts:
                del self._open[key]
            return
        del self._open[key]
        number, place = len(outage.receipts), outage.trouble.place
        drops = "1 drop waited" if number == 1 else f"{number} drops waited"
        said = f"{place[:1].upper()}{place[1:]} can be used again after {_words(self._clock() - outage.since)}; {drops} for it."
        tell("DROP-RESUMED", said, partner=result.partner)


_FURTHER = "Others that wait for the same are not told one by one: gateway status lists them."


def _words(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} minute{'s' if minutes != 1 else ''}"
    return f"{minutes / 60:.0f} hours"
