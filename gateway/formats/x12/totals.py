"""What a set says of its own size: bills (M10-08, P4-03), lines (CTT-01), and the numbers of its LX.

All are remarks on the set, told at its SE: nothing of them is needed to read a shipment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gateway.findings import Finding, Scope, Severity
from gateway.records import Message, Node

_SHOWN = 5  # numbers that are named


class LineNumbers:
    """LX-01 of the units of a set as they come: each is there once, and they rise (DE 554)."""

    def __init__(self) -> None:
        self._highest = 0
        self._first: Node | None = None
        self._odd: list[str] = []
        self._count = 0

    def take(self, node: Node) -> None:
        """Look at the next LX."""
        number = as_number(node.element(1)) or 0
        if number > self._highest:
            self._highest = number
            return
        self._count += 1
        if len(self._odd) < _SHOWN:
            self._odd.append(f"{node.element(1)[:6]} after {self._highest}")
        if self._first is None:
            self._first = node

    def check(self) -> Iterator[Finding]:
        """Yield the remark on numbers that did not rise."""
        if self._first is None:
            return
        more = f" and {self._count - len(self._odd)} more" if self._count > len(self._odd) else ""
        said = f"LX-01 does not rise: {', '.join(self._odd)}{more}. Each LX of a set has a number of its own."
        place, value = self._first.place(1, data_element="554"), self._first.element(1)
        yield Finding("X12-LX-ORDER", Severity.WARNING, Scope.MESSAGE, said, place, value=value)


def check_bills(message: Message, bills: int) -> Iterator[Finding]:
    """Compare the control totals of a manifest (number of bills: M10-08, else P4-03) with the LX loops of the set."""
    top = (message.root.children or {}) if message.unit == "LX" else {}
    for m10 in top.get("M10", ())[:1]:
        told = m10.element(8).strip()
        if told and as_number(told) != bills:
            said, place = f"M10-08 says {told} bills, but the set has {bills}.", m10.place(8, data_element="380")
            yield Finding("X12-BILL-COUNT", Severity.WARNING, Scope.MESSAGE, said, place, value=told)
            return
    for p4 in top.get("P4", ()) if message.context == 1 else ():  # of several ports only the last one is still there
        told = p4.element(3).strip()
        if told and as_number(told) != bills:
            said, place = f"P4-03 says {told} bills, but the set has {bills}.", p4.place(3, data_element="380")
            yield Finding("X12-BILL-COUNT", Severity.WARNING, Scope.MESSAGE, said, place, value=told)


def check_lines(message: Message, levels: Counter[str]) -> Iterator[Finding]:
    """Compare CTT-01 with the HL of the set; the standard counts all of them, many senders the items only.

    levels: HL-03 -> how many came.
    """
    for ctt in (message.root.children or {}).get("CTT", ())[:1]:
        told, every, items = ctt.element(1).strip(), sum(levels.values()), levels["I"]
        if told and levels and as_number(told) not in (every, items):
            said = f"CTT-01 says {told} lines, but the set has {every} HL, {items} of them items (HL-03 I)."
            place = ctt.place(1, data_element="354")
            yield Finding("X12-LINE-COUNT", Severity.WARNING, Scope.MESSAGE, said, place, value=told)


def check_vessel(message: Message) -> Iterator[Finding]:
    """A manifest by sea names its vessel, by code or by name (R0504 of M10, which roads and rails do not need)."""
    for m10 in (message.root.children or {}).get("M10", ())[:1]:
        if m10.element(2) in ("O", "S", "Q") and not (m10.element(4) or m10.element(5)):
            said = (
                "M10 names no vessel: at least one of M10-04 (code), M10-05 (name) must be sent for a manifest by sea."
            )
            place = m10.place(5, data_element="182")
            ack = {"AK304": "8", "AK403": "2"}
            yield Finding("X12-ELE-CONDITION", Severity.WARNING, Scope.MESSAGE, said, place, ack=ack)


def as_number(text: str) -> int | None:
    """Return a count as a number, None when it is none."""
    return int(text) if text.isascii() and text.isdigit() else None
