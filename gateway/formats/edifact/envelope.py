"""UNB, UNG and UNH as facts, and the form of an envelope fault.

`ack` of a finding: {"CONTRL": code, LEVEL: "TAG:element:component"}; LEVEL is UCI, UCF or UCM, elements count the tag
as 1. The checks stand in unb.py and trailers.py.
"""

from __future__ import annotations

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.delimited import split_released, unrelease
from gateway.formats.edifact.service import Header
from gateway.records import Group, Interchange, Node, Separators

_LEVELS = {"UCI": Scope.INTERCHANGE, "UCF": Scope.GROUP, "UCM": Scope.MESSAGE}


def fault(
    rule: str,
    code: str,
    level: str,
    where: str,
    message: str,
    place: Position,
    value: str | None = None,
    severity: Severity = Severity.ERROR,
) -> Finding:
    """Return a finding of the envelope; level: UCI, UCF or UCM; where: "UNZ", "UNT:2", "UNB:3:1"."""
    return Finding(rule, severity, _LEVELS[level], message, place, value=value, ack={"CONTRL": code, level: where})


def components(text: str, separators: Separators) -> list[str]:
    """Return the components of an element as meant, without release characters."""
    parts = split_released(text, separators.component, separators.release)
    return [unrelease(part, separators.release).strip() for part in parts]


def component(node: Node, element: int, number: int, separators: Separators) -> str:
    """Return one component, numbered from 1; "" when absent."""
    text = node.element(element)
    if text.isascii() and text.isalnum():  # by far the most: no separator of any kind
        return text if number == 1 else ""
    parts = components(text, separators)
    return parts[number - 1] if number <= len(parts) else ""


def read_unb(header: Header, index: int) -> Interchange:
    """Return the facts of UNB. version: syntax identifier and version ("UNOC:3")."""
    element = [*header.elements, *[""] * (12 - len(header.elements))]
    test = element[11].strip()
    return Interchange(
        syntax="edifact",
        index=index,
        sender_qualifier=header.component(2, 2),
        sender_id=header.component(2, 1),
        receiver_qualifier=header.component(3, 2),
        receiver_id=header.component(3, 1),
        date=header.component(4, 1),
        time=header.component(4, 2),
        version=f"{header.component(1, 1)}:{header.component(1, 2)}".strip(":"),
        control_number=header.component(5, 1),
        ack_requested=element[9].strip() in ("1", "2"),
        test=test not in ("", "0"),
        separators=header.separators,
        offset=header.offset,
        line=header.line,
        sender_internal=header.component(2, 3),
    )


def read_ung(node: Node, index: int, separators: Separators) -> Group:
    """Return the facts of UNG. sender and receiver: "ID:QUALIFIER"; version: "D.03B"."""
    date = components(node.element(4), separators)
    version = components(node.element(7), separators)
    return Group(
        index=index,
        functional_id=component(node, 1, 1, separators),
        sender=":".join(components(node.element(2), separators)),
        receiver=":".join(components(node.element(3), separators)),
        date=date[0],
        time=date[1] if len(date) > 1 else "",
        control_number=component(node, 5, 1, separators),
        agency=component(node, 6, 1, separators),
        version=".".join(version[:2]),
        offset=node.offset,
    )
