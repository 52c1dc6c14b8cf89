"""Checks of ISA, GS, ST and their trailers: each fault with its TA1, AK9 or AK5 code.

Codes: X12 elements I18 (TA105), 716 (AK905) and 718 (AK502). What needs the past (duplicate ISA13) is `translate`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.x12.tokenizer import Header
from gateway.profile import Profile
from gateway.records import Group, Interchange, Message, Node

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


def read_isa(header: Header, index: int) -> Interchange:
    """Return the facts of an ISA; ids without their padding."""
    e = [*header.elements, *[""] * (17 - len(header.elements))]
    return Interchange(
        syntax="x12",
        index=index,
        sender_qualifier=e[5].strip(),
        sender_id=e[6].strip(),
        receiver_qualifier=e[7].strip(),
        receiver_id=e[8].strip(),
        date=e[9],
        time=e[10],
        version=e[12],
        control_number=e[13],
        ack_requested=e[14] == "1",
        test=e[15] == "T",
        separators=header.separators,
        offset=header.offset,
    )


def check_isa(header: Header, profile: Profile) -> list[Finding]:
    """Return what is wrong with an ISA that could be split; x12.md section 1.1."""
    e = header.elements
    if len(e) < 17:
        return []
    found: list[Finding] = []

    def fault(number: int, rule: str, note: str, message: str) -> None:
        place = Position(offset=header.offset, length=header.length, line=header.line, segment="ISA", element=number)
        found.append(
            Finding(
                rule,
                _ERROR,
                Scope.INTERCHANGE,
                message,
                place,
                value=e[number].strip(),
                ack={"TA104": "R", "TA105": note},
            )
        )

    if not any(s.matches(e[5], e[6]) for s in profile.senders):
        fault(6, "X12-SENDER", "006", f'ISA06: sender "{e[6].strip()}" ({e[5]}) is not a sender of this account.')
    if not any(r.matches(e[7], e[8]) for r in profile.receivers):
        fault(
            8,
            "X12-RECEIVER",
            "009",
            f'ISA08: receiver "{e[8].strip()}" ({e[7]}) is not us; the interchange was sent to the wrong place.',
        )
    if not _is_date(e[9], "%y%m%d", 6):
        fault(9, "X12-ISA-DATE", "014", f'ISA09: "{e[9]}" is not a date YYMMDD.')
    if not _is_date(e[10], "%H%M", 4):
        fault(10, "X12-ISA-TIME", "015", f'ISA10: "{e[10]}" is not a time HHMM.')
    if not re.fullmatch(r"[0-9]{5}", e[12]):
        fault(12, "X12-ISA-VERSION", "017", f'ISA12: "{e[12]}" is not an interchange version such as 00501.')
    if not re.fullmatch(r"[0-9]{1,9}", e[13]):
        fault(13, "X12-ISA13", "018", f'ISA13: "{e[13]}" is not a control number of 9 digits.')
    if e[14] not in ("0", "1"):
        fault(14, "X12-ISA14", "019", f'ISA14: "{e[14]}" must be 0 or 1 (acknowledgment requested).')
    if e[15] not in ("P", "T", "I"):
        fault(15, "X12-ISA15", "020", f'ISA15: "{e[15]}" must be P (production), T (test) or I (information).')
    elif e[15] == "T" and not profile.allow_test:
        fault(15, "X12-TEST-REFUSED", "020", "ISA15 is T, but this account takes no test data.")
    elif e[15] == "T":
        place = Position(offset=header.offset, line=header.line, segment="ISA", element=15)
        found.append(
            Finding(
                "ENV-TEST-IN-PROD",
                _WARNING,
                Scope.INTERCHANGE,
                "ISA15 is T: this is test data; it goes to the test folder, never to CBP.",
                place,
                value="T",
            )
        )
    return found


def check_iea(node: Node, interchange: Interchange, groups: int, *, answered: bool) -> list[Finding]:
    """Compare IEA with the ISA and with the groups counted. answered: there was a TA1, so that there may be no group."""
    found: list[Finding] = []
    number, control = node.element(1), node.element(2)
    if _as_number(control) != _as_number(interchange.control_number):
        found.append(
            _trailer(
                node,
                2,
                "X12-IEA-CONTROL",
                "001",
                f"IEA02 {control} is not ISA13 {interchange.control_number}: two files were glued together, or one was cut.",
            )
        )
    elif control != interchange.control_number:
        place = node.place(2)
        found.append(
            Finding(
                "X12-CTLNUM-FORMAT",
                _WARNING,
                Scope.INTERCHANGE,
                f"IEA02 {control} is not written as ISA13 {interchange.control_number} (leading zeros).",
                place,
                value=control,
            )
        )
    if _as_number(number) != groups:
        found.append(
            _trailer(
                node,
                1,
                "X12-IEA-COUNT",
                "021",
                f"IEA01 says {number or 'nothing'}, but {groups} functional group(s) were received.",
            )
        )
    elif not groups and not answered:
        found.append(_trailer(node, 1, "X12-EMPTY", "024", "The interchange holds no functional group."))
    return found


def _trailer(node: Node, element: int, rule: str, note: str, message: str) -> Finding:
    return Finding(
        rule,
        _ERROR,
        Scope.INTERCHANGE,
        message,
        node.place(element),
        value=node.element(element),
        ack={"TA104": "R", "TA105": note},
    )


def read_gs(node: Node, index: int) -> Group:
    """Return the facts of a GS."""
    e = [*node.elements, *[""] * (9 - len(node.elements))]
    return Group(index, e[1], e[2].strip(), e[3].strip(), e[4], e[5], e[6], e[7], e[8], node.offset)


def check_gs(node: Node, group: Group, seen: set[str]) -> list[Finding]:
    """Return what is wrong with a GS; `seen` holds the control numbers of earlier groups of the interchange."""
    found: list[Finding] = []
    if not re.fullmatch(r"[0-9]{1,9}", group.control_number):
        found.append(
            group_fault(
                node,
                6,
                "X12-GS06",
                "6",
                f'GS06: "{group.control_number}" is not a group control number of 1 to 9 digits.',
            )
        )
    elif group.control_number in seen:
        found.append(
            group_fault(node, 6, "X12-GS06-DUP", "6", f"GS06 {group.control_number} stands twice in this interchange.")
        )
    return found


def group_fault(node: Node, element: int, rule: str, code: str, message: str) -> Finding:
    """Return an error that refuses the functional group; code is an AK905."""
    return Finding(
        rule,
        _ERROR,
        Scope.GROUP,
        message,
        node.place(element),
        value=node.element(element),
        ack={"AK901": "R", "AK905": code},
    )


def check_ge(node: Node, group: Group, sets: int) -> list[Finding]:
    """Compare GE with the GS and with the sets counted."""
    found: list[Finding] = []
    number, control = node.element(1), node.element(2)
    if _as_number(control) != _as_number(group.control_number):
        found.append(group_fault(node, 2, "X12-GE-CONTROL", "4", f"GE02 {control} is not GS06 {group.control_number}."))
    if _as_number(number) != sets:
        found.append(
            group_fault(
                node,
                1,
                "X12-GE-COUNT",
                "5",
                f"GE01 says {number or 'nothing'}, but {sets} transaction set(s) were received.",
            )
        )
    return found


def set_fault(place: Position, rule: str, code: str, message: str, value: str | None = None) -> Finding:
    """Return an error that refuses the transaction set; code is an AK502."""
    return Finding(rule, _ERROR, Scope.MESSAGE, message, place, value=value, ack={"AK501": "R", "AK502": code})


def check_st(node: Node, seen: set[str]) -> list[Finding]:
    """Return what is wrong with an ST; `seen` holds the control numbers of earlier sets of the group."""
    control = node.element(2)
    if not 4 <= len(control) <= 9:
        return [
            set_fault(
                node.place(2),
                "X12-ST02",
                "7",
                f'ST02: "{control}" is not a control number of 4 to 9 characters.',
                control,
            )
        ]
    if control in seen:
        return [
            set_fault(
                node.place(2), "X12-ST02-DUP", "23", f"ST02 {control} stands twice in this functional group.", control
            )
        ]
    return []


def check_se(node: Node, control: str, segments: int) -> list[Finding]:
    """Compare SE with the ST and with the segments counted (ST and SE included)."""
    found: list[Finding] = []
    if node.element(2) != control:
        found.append(
            set_fault(
                node.place(2), "X12-SE-CONTROL", "3", f"SE02 {node.element(2)} is not ST02 {control}.", node.element(2)
            )
        )
    if _as_number(node.element(1)) != segments:
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


def check_bills(message: Message, bills: int) -> Iterator[Finding]:
    """Compare the control total of a manifest (M10-08, the number of bills) with the LX loops of the set."""
    for m10 in (message.root.children or {}).get("M10", ())[:1] if message.unit == "LX" else ():
        told = m10.element(8).strip()
        if told and _as_number(told) != bills:
            said, place = f"M10-08 says {told} bills, but the set has {bills}.", m10.place(8, data_element="380")
            yield Finding("X12-BILL-COUNT", Severity.WARNING, Scope.MESSAGE, said, place, value=told)


def _as_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _is_date(text: str, pattern: str, length: int) -> bool:
    if len(text) != length or not (text.isascii() and text.isdigit()):
        return False
    try:
        datetime.strptime(text, pattern)  # noqa: DTZ007  a check of digits, no instant is made
    except ValueError:
        return False
    return True
