"""UNG, UNH and the trailers against what was counted: each fault with its 0085 code and place for CONTRL.

Needs nothing of the past: a control reference used in an earlier file (26) is found by `translate`.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.findings import Finding, Scope, Severity
from gateway.formats.edifact.envelope import component, fault
from gateway.formats.edifact.structure.tables import Kind
from gateway.formats.no_shipment import REPORTING, no_shipment
from gateway.records import Group, Interchange, Node, Separators

_EMPTY = "(empty)"  # in the place of a reference that is not there


def check_unz(node: Node, facts: Interchange, counted: int, what: str, separators: Separators) -> list[Finding]:
    """Compare UNZ with UNB and with the groups or messages counted; what: "groups" or "messages"."""
    found: list[Finding] = []
    if component(node, 2, 1, separators) != facts.control_number:
        found.append(
            fault(
                "EDIFACT-UNZ-REF",
                "28",
                "UCI",
                "UNZ:3",
                f"UNZ 0020 {node.element(2) or _EMPTY} is not UNB 0020 {facts.control_number}.",
                node.place(2),
                node.element(2),
            )
        )
    if _as_number(node.element(1)) != counted:
        found.append(
            fault(
                "EDIFACT-UNZ-COUNT",
                "29",
                "UCI",
                "UNZ:2",
                f"UNZ 0036 says {node.element(1) or 'nothing'}, but {counted} {what} were received.",
                node.place(1),
                node.element(1),
            )
        )
    return found


def check_ung(node: Node, group: Group, seen: set[str]) -> list[Finding]:
    """Return what is wrong with a UNG; `seen` holds the references of earlier groups of the interchange."""
    if not group.control_number:
        return [
            fault(
                "EDIFACT-UNG-MISSING", "13", "UCF", "UNG:6", "UNG 0048: the group reference is missing.", node.place(5)
            )
        ]
    if group.control_number in seen:
        return [
            fault(
                "EDIFACT-UNG-REF-DUP",
                "26",
                "UCF",
                "UNG:6",
                f"UNG 0048 {group.control_number} stands twice in this interchange.",
                node.place(5),
                group.control_number,
            )
        ]
    return []


def check_une(node: Node, group: Group, messages: int, separators: Separators) -> list[Finding]:
    """Compare UNE with UNG and with the messages counted."""
    found: list[Finding] = []
    if component(node, 2, 1, separators) != group.control_number:
        found.append(
            fault(
                "EDIFACT-UNE-REF",
                "28",
                "UCF",
                "UNE:3",
                f"UNE 0048 {node.element(2) or _EMPTY} is not UNG 0048 {group.control_number}.",
                node.place(2),
                node.element(2),
            )
        )
    if _as_number(node.element(1)) != messages:
        found.append(
            fault(
                "EDIFACT-UNE-COUNT",
                "29",
                "UCF",
                "UNE:2",
                f"UNE 0060 says {node.element(1) or 'nothing'}, but {messages} messages were received.",
                node.place(1),
                node.element(1),
            )
        )
    return found


def check_unh(node: Node, separators: Separators, seen: set[str]) -> list[Finding]:
    """Return what is wrong with the reference and the identifier of a UNH."""
    reference = component(node, 1, 1, separators)
    found: list[Finding] = []
    if not reference:
        found.append(
            fault(
                "EDIFACT-UNH-MISSING",
                "13",
                "UCM",
                "UNH:2",
                "UNH 0062: the message reference is missing.",
                node.place(1),
            )
        )
    elif reference in seen:
        found.append(
            fault(
                "EDIFACT-UNH-REF-DUP",
                "26",
                "UCM",
                "UNH:2",
                f"UNH 0062 {reference} stands twice.",
                node.place(1),
                reference,
            )
        )
    names = ("message type (0065)", "version (0052)", "release (0054)", "agency (0051)")
    for number, name in enumerate(names, 1):
        if not component(node, 2, number, separators):
            found.append(
                fault(
                    "EDIFACT-UNH-MISSING",
                    "13",
                    "UCM",
                    f"UNH:3:{number}",
                    f"UNH: the {name} is missing.",
                    node.place(2, number),
                )
            )
    return found


def check_unt(node: Node, reference: str, segments: int, separators: Separators) -> list[Finding]:
    """Compare UNT with UNH and with the segments counted (UNH and UNT included)."""
    found: list[Finding] = []
    if component(node, 2, 1, separators) != reference:
        found.append(
            fault(
                "EDIFACT-UNT-REF",
                "28",
                "UCM",
                "UNT:3",
                f"UNT 0062 {node.element(2) or _EMPTY} is not UNH 0062 {reference}.",
                node.place(2),
                node.element(2),
            )
        )
    if _as_number(node.element(1)) != segments:
        found.append(
            fault(
                "EDIFACT-UNT-COUNT",
                "29",
                "UCM",
                "UNT:2",
                f"UNT 0074 says {node.element(1) or 'nothing'}, but {segments} segments were received.",
                node.place(1),
                node.element(1),
            )
        )
    return found


def _as_number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else None


def check_consignments(root: Node, units: int, groups: int, kind: Kind, s: Separators) -> Iterator[Finding]:
    """Compare a manifest's control total (CNT+10) with its consignments, and say when it has none. groups: CNI, those without shipments too."""
    header = root.children or {}
    for node in header.get("CNT", ()):
        told = component(node, 1, 2, s).strip()
        if component(node, 1, 1, s) == "10" and _as_number(told) != groups:
            said = f"CNT+10 says {told or 'nothing'}, but the message has {groups} consignments."
            place = node.place(1, 2)
            yield Finding("EDIFACT-BILL-COUNT", Severity.WARNING, Scope.MESSAGE, said, place, value=told)
    if units:
        return
    bgm = next(iter(header.get("BGM", ())), root)
    function = component(bgm, 3, 1, s).strip() if bgm is not root else ""
    lacks = f"no {kind.unit.partition('/')[0].replace('|', ' or ')} group"
    purpose = f"BGM 1225 = {function}"
    yield no_shipment("EDIFACT-NO-SHIPMENT", kind.message, lacks, function in REPORTING, purpose, bgm.place())
