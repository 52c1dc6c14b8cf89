"""Checks of ISA, GS and ST, and of what stands outside a set: each fault with its TA1, AK9 or AK5 code.

Codes: X12 elements I18 (TA105), 716 (AK905) and 718 (AK502). Their ends are checked in trailers.py; what needs the past
(duplicate ISA13) is `translate`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.x12.sets import set_kinds
from gateway.formats.x12.tokens import Header
from gateway.formats.x12.values import is_date, is_time
from gateway.profile import Profile
from gateway.records import Group, Interchange, Node

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
        line=header.line,
    )


def check_isa(header: Header, profile: Profile) -> list[Finding]:
    """Return what is wrong with an ISA that could be split; x12.md section 1.1."""
    e = header.elements
    if len(e) < 17:
        return []
    found: list[Finding] = []

    def fault(number: int, rule: str, note: str, message: str) -> None:
        place = Position(offset=header.offset, length=header.length, line=header.line, segment="ISA", element=number)
        ack = {"TA104": "R", "TA105": note}
        found.append(Finding(rule, _ERROR, Scope.INTERCHANGE, message, place, value=e[number].strip(), ack=ack))

    for wrong in _strangers(e, profile):
        fault(*wrong)
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


def _strangers(e: list[str], profile: Profile) -> Iterator[tuple[int, str, str, str]]:
    """Yield (element, rule, TA105, sentence) where sender or receiver is not known: the id, or its qualifier only."""
    sender, receiver = e[6].strip(), e[8].strip()
    if not any(s.matches(e[5], sender) for s in profile.senders):
        if any(s.matches(s.qualifier, sender) for s in profile.senders):
            yield 5, "X12-SENDER", "005", f'ISA05: "{e[5]}" is not the qualifier of the sender "{sender}".'
        else:
            yield 6, "X12-SENDER", "006", f'ISA06: sender "{sender}" ({e[5]}) is not a sender of this account.'
    if not any(r.matches(e[7], receiver) for r in profile.receivers):
        if any(r.matches(r.qualifier, receiver) for r in profile.receivers):
            yield 7, "X12-RECEIVER", "007", f'ISA07: "{e[7]}" is not our qualifier; we are "{receiver}" under another.'
        else:
            said = f'ISA08: receiver "{receiver}" ({e[7]}) is not us; the interchange was sent to the wrong place.'
            yield 8, "X12-RECEIVER", "009", said


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
    if group.functional_id not in {f for kind in set_kinds().values() for f in kind.functional_ids}:
        said = f'GS01: "{group.functional_id}" is not a functional group we take; AQ is the Customs Manifest (309).'
        found.append(group_fault(node, 1, "X12-GS01", "1", said))
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


def _is_date(text: str, pattern: str, length: int) -> bool:
    if len(text) != length or not (text.isascii() and text.isdigit()):
        return False
    try:
        datetime.strptime(text, pattern)  # noqa: DTZ007  a check of digits, no instant is made
    except ValueError:
        return False
    return True


_MOST = {"GS": 8, "ST": 3, "SE": 2, "GE": 2, "IEA": 2}  # elements of a control segment


def odd_elements(node: Node) -> Iterator[tuple[int, str]]:
    """Yield (element, sentence) for what is wrong in a control segment and changes nothing: nobody reads it."""
    most = _MOST.get(node.tag, len(node.elements))
    if any(node.elements[most + 1 :]):
        yield most + 1, f"{node.tag} has more than {most} elements; the others were not read."
    if node.tag != "GS":
        return
    day, clock, agency = node.element(4), node.element(5), node.element(7)
    if not (is_date(day) and len(day) in (6, 8)):
        yield 4, f'GS04: "{day[:8]}" is not a date CCYYMMDD.'
    if not is_time(clock):
        yield 5, f'GS05: "{clock[:8]}" is not a time HHMM.'
    if agency not in ("X", "T"):
        yield 7, f'GS07: "{agency[:2]}" is not X (ASC X12) or T.'


def odd(node: Node, said: set[tuple[str, int]]) -> Iterator[Finding]:
    """Yield the remarks on a control segment, each kind once; said: those of the interchange so far."""
    for element, sentence in odd_elements(node):
        if (node.tag, element) not in said:
            said.add((node.tag, element))
            place = node.place(element)
            yield Finding(
                "X12-CONTROL-ODD", _WARNING, Scope.INTERCHANGE, sentence, place, value=node.element(element)[:35]
            )


def stray(node: Node, *, grouped: bool) -> Finding:
    """Return the error of a segment outside every set: the part of the envelope it stands in cannot be trusted.

    grouped: it stands in a functional group.
    """
    said, place = f"{node.tag[:10]} stands outside a transaction set.", node.place()
    scope, ack = (
        (Scope.GROUP, {"AK901": "R", "AK905": "5"}) if grouped else (Scope.INTERCHANGE, {"TA104": "R", "TA105": "024"})
    )
    return Finding("X12-SEG-OUTSIDE", _ERROR, scope, said, place, ack=ack)
