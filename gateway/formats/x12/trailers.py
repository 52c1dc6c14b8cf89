"""SE, GE and IEA against what was opened and counted: each fault with its AK5, AK9 or TA1 code; and trailers that are missing.

Not here: totals that stand inside a set (totals.py).
"""

from __future__ import annotations

from gateway.findings import Finding, Position, Scope, Severity, count_of
from gateway.formats.x12.envelope import group_fault, set_fault
from gateway.formats.x12.totals import as_number
from gateway.records import Group, Interchange, Message, Node

_EMPTY = "(empty)"  # in the place of a number that is not there


def check_iea(node: Node, interchange: Interchange, groups: int, *, answered: bool) -> list[Finding]:
    """Compare IEA with the ISA and with the groups counted. answered: there was a TA1, so that there may be no group."""
    found: list[Finding] = []
    number, control = node.element(1), node.element(2)
    if as_number(control) != as_number(interchange.control_number):
        found.append(
            _fault(
                node,
                2,
                "X12-IEA-CONTROL",
                "001",
                f"IEA02 {control or _EMPTY} is not ISA13 {interchange.control_number}: two files were glued together, or one was cut.",
            )
        )
    elif control != interchange.control_number:
        place = node.place(2)
        found.append(
            Finding(
                "X12-CTLNUM-FORMAT",
                Severity.WARNING,
                Scope.INTERCHANGE,
                f"IEA02 {control} is not written as ISA13 {interchange.control_number} (leading zeros).",
                place,
                value=control,
            )
        )
    if as_number(number) != groups:
        found.append(
            _fault(
                node,
                1,
                "X12-IEA-COUNT",
                "021",
                f"IEA01 says {number or 'nothing'}, and the interchange has {count_of(groups, 'functional group')}.",
            )
        )
    elif not groups and not answered:
        found.append(_fault(node, 1, "X12-EMPTY", "024", "The interchange holds no functional group."))
    return found


def _fault(node: Node, element: int, rule: str, note: str, message: str) -> Finding:
    return Finding(
        rule,
        Severity.ERROR,
        Scope.INTERCHANGE,
        message,
        node.place(element),
        value=node.element(element),
        ack={"TA104": "R", "TA105": note},
    )


def check_ge(node: Node, group: Group, sets: int) -> list[Finding]:
    """Compare GE with the GS and with the sets counted."""
    found: list[Finding] = []
    number, control = node.element(1), node.element(2)
    if as_number(control) != as_number(group.control_number):
        found.append(
            group_fault(node, 2, "X12-GE-CONTROL", "4", f"GE02 {control or _EMPTY} is not GS06 {group.control_number}.")
        )
    if as_number(number) != sets:
        found.append(
            group_fault(
                node,
                1,
                "X12-GE-COUNT",
                "5",
                f"GE01 says {number or 'nothing'}, and the group has {count_of(sets, 'transaction set')}.",
            )
        )
    elif not sets:
        said = f"Group {group.control_number} holds no transaction set: nothing is delivered."
        found.append(Finding("X12-EMPTY", Severity.WARNING, Scope.GROUP, said, node.place(1), value=number))
    return found


def check_se(node: Node, control: str, segments: int) -> list[Finding]:
    """Compare SE with the ST and with the segments counted (ST and SE included)."""
    found: list[Finding] = []
    if node.element(2) != control:
        found.append(
            set_fault(
                node.place(2),
                "X12-SE-CONTROL",
                "3",
                f"SE02 {node.element(2) or _EMPTY} is not ST02 {control}.",
                node.element(2),
            )
        )
    if as_number(node.element(1)) != segments:
        found.append(
            set_fault(
                node.place(1),
                "X12-SE-COUNT",
                "4",
                f"SE01 says {node.element(1) or 'nothing'}, but {segments} segments were received.",
                node.element(1),
            )
        )
    return found


def ge_missing(group: Group, place: Position) -> Finding:
    """Return the error of a group without GE; place: of the last segment before the end."""
    said = f"GE is missing: group {group.control_number} has no end."
    return Finding("X12-GE-MISSING", Severity.ERROR, Scope.GROUP, said, place, ack={"AK901": "R", "AK905": "3"})


def se_missing(message: Message, place: Position) -> Finding:
    """Return the error of a set without SE; place: of the segment that ends it, or of the last one."""
    return set_fault(place, "X12-SE-MISSING", "2", f"SE is missing: set {message.control_number} has no end.")
