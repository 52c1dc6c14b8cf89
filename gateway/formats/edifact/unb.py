"""What is wrong with a UNB that could be split: each fault with its 0085 code and place for CONTRL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.edifact.charset import CODECS, UNREADABLE_ENCODINGS
from gateway.formats.edifact.envelope import fault
from gateway.formats.edifact.service import Header
from gateway.profile import Profile
from gateway.records import Interchange

_SAID = {
    "EDIFACT-CHARSET": 'UNB 0001: character set "{}" is not known; the text was read as ISO 8859-1.',
    "EDIFACT-SYNTAX-VERSION": 'UNB 0002: syntax version "{}" is not supported (1 to 4).',
    "EDIFACT-ENCODING": "UNB 0133: character encoding {} is not supported.",
    "EDIFACT-SENDER": 'UNB 0004: sender "{}" is not a sender of this account.',
    "EDIFACT-RECEIVER": 'UNB 0010: recipient "{}" is not us; the interchange was sent to the wrong place.',
    "EDIFACT-UNB-MISSING": "UNB: the {} is missing.",
    "EDIFACT-UNB-DATE": 'UNB 0017: "{}" is not a date YYMMDD or CCYYMMDD.',
    "EDIFACT-UNB-TIME": 'UNB 0019: "{}" is not a time HHMM.',
    "EDIFACT-UNB-SECONDS": "UNB 0019: the time {} has seconds; HHMM is the standard form.",
    "EDIFACT-UNB-REF": "UNB 0020: the control reference {} has more than 14 characters.",
    "EDIFACT-TEST-REFUSED": "UNB 0035 marks a test ({}), but this account takes no test data.",
}
_WARNINGS = frozenset(("EDIFACT-CHARSET", "EDIFACT-UNB-SECONDS", "EDIFACT-UNB-REF"))

_Fault = tuple[str, str, int, int, str]  # rule, 0085, element, component (0: the element), value


def check_unb(header: Header, facts: Interchange, profile: Profile) -> list[Finding]:
    """Return the faults of UNB; edifact.md sections 1.3 and 1.4."""
    if not header.separators.segment:
        return []
    faults = [*_syntax(header), *_parties(facts, profile), *_rest(facts, profile)]
    found = [_finding(header, *f) for f in faults]
    if facts.test and profile.allow_test:
        place = Position(offset=header.offset, line=header.line, segment="UNB", element=11)
        said = "UNB 0035 is set: this is test data; it goes to the test folder, never to CBP."
        found.append(Finding("ENV-TEST-IN-PROD", Severity.WARNING, Scope.INTERCHANGE, said, place, value="1"))
    return found


def _finding(header: Header, rule: str, code: str, element: int, number: int, value: str) -> Finding:
    place = Position(
        offset=header.offset,
        length=header.length,
        line=header.line,
        segment="UNB",
        element=element,
        component=number or None,
    )
    where = f"UNB:{element + 1}" + (f":{number}" if number else "")
    severity = Severity.WARNING if rule in _WARNINGS else Severity.ERROR
    return fault(rule, code, "UCI", where, _SAID[rule].format(value), place, value, severity)


def _syntax(header: Header) -> Iterator[_Fault]:
    """S001: character set, version, encoding."""
    identifier, level, encoding = (header.component(1, n) for n in (1, 2, 4))
    if identifier not in CODECS:
        yield "EDIFACT-CHARSET", "46" if level[:1] >= "4" else "2", 1, 1, identifier
    if not level:
        yield "EDIFACT-UNB-MISSING", "13", 1, 2, "syntax version (0002)"
    elif not re.fullmatch(r"[1-4]", level):
        yield "EDIFACT-SYNTAX-VERSION", "2", 1, 2, level
    if encoding in UNREADABLE_ENCODINGS:
        yield "EDIFACT-ENCODING", "46", 1, 4, f"{encoding} ({UNREADABLE_ENCODINGS[encoding]})"


def _parties(facts: Interchange, profile: Profile) -> Iterator[_Fault]:
    """S002 and S003."""
    sender, receiver = facts.sender_id, facts.receiver_id
    if not sender:
        yield "EDIFACT-UNB-MISSING", "13", 2, 1, "sender (0004)"
    elif not any(s.matches(facts.sender_qualifier, sender) for s in profile.senders):
        yield "EDIFACT-SENDER", "23", 2, 1, f"{sender}:{facts.sender_qualifier}".rstrip(":")
    if not receiver:
        yield "EDIFACT-UNB-MISSING", "13", 3, 1, "recipient (0010)"
    elif not any(r.matches(facts.receiver_qualifier, receiver) for r in profile.receivers):
        yield "EDIFACT-RECEIVER", "7", 3, 1, f"{receiver}:{facts.receiver_qualifier}".rstrip(":")


def _rest(facts: Interchange, profile: Profile) -> Iterator[_Fault]:
    """Date and time, control reference, test indicator."""
    if not facts.date:
        yield "EDIFACT-UNB-MISSING", "13", 4, 1, "date (0017)"
    elif not _is_date(facts.date):
        yield "EDIFACT-UNB-DATE", "12", 4, 1, facts.date
    if not facts.time:
        yield "EDIFACT-UNB-MISSING", "13", 4, 2, "time (0019)"
    elif not re.fullmatch(r"([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9])?", facts.time):
        yield "EDIFACT-UNB-TIME", "12", 4, 2, facts.time
    elif len(facts.time) == 6:
        yield "EDIFACT-UNB-SECONDS", "39", 4, 2, facts.time
    if not facts.control_number:
        yield "EDIFACT-UNB-MISSING", "13", 5, 0, "interchange control reference (0020)"
    elif len(facts.control_number) > 14:
        yield "EDIFACT-UNB-REF", "39", 5, 0, facts.control_number
    if facts.test and not profile.allow_test:
        yield "EDIFACT-TEST-REFUSED", "25", 11, 0, "1"


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"(?:19|20|21)?[0-9]{6}", text):
        return False
    try:
        datetime.strptime(text, "%y%m%d" if len(text) == 6 else "%Y%m%d")  # noqa: DTZ007  a check of digits only
    except ValueError:
        return False
    return True
