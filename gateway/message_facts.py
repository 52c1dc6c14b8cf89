"""Facts of one message that its canonical envelope and its file name are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from gateway.canonical.validate import validate_head
from gateway.findings import NOWHERE, Finding, Position, Scope, Severity
from gateway.judge import Judged
from gateway.limits import INTERCHANGES
from gateway.moments import in_zone, read_moment
from gateway.profile import Profile
from gateway.records import Acknowledged, Interchange, InterchangeBegin, Message, Node
from gateway.rules.regime import today


def envelope_of(
    message: Message,
    judged: Judged,
    purpose: str,
    profile: Profile,
    program: Any,
    now: datetime,
    name: str,
    sha256: str,
) -> dict[str, Any]:
    """Return the canonical envelope. judged: the first shipment; purpose: what all of them are for, amend when they differ."""
    interchange = message.interchange
    mode = str((judged.draft or {}).get("mode_of_transportation", ""))
    numbers = {
        "interchange": interchange.control_number,
        "group": message.group.control_number,
        "message": message.control_number,
    }
    program = getattr(judged.mapped, "program", program)
    envelope: dict[str, Any] = {
        "schema_version": "1.0",
        "message_id": _message_id(message, name, sha256),
        "originator_code": profile.originator_code,
        "participant_filer_type": profile.filer_type_for(mode),
        "filer_name": profile.filer_name,
        "sender_id": interchange.sender_id or profile.account,
        "receiver_id": interchange.receiver_id or profile.own_id.id,
        "created_at": _created(message, now),
        "transmission_purpose": purpose,
        "program": profile.program,
        "test_indicator": interchange.test,
        "source": {
            "format": message.format,
            "version": message.version[:20],
            "file_name": name[:255],
            "file_sha256": sha256,
            "received_at": _received(now),
            "control_numbers": {k: v for k, v in numbers.items() if v},
            "mapping_id": program.mapping_id,
            "mapping_version": program.mapping_version,
        },
    }
    envelope["source"] = {k: v for k, v in envelope["source"].items() if v}
    return {k: v for k, v in envelope.items() if v != ""}


def head_findings(head: dict[str, Any], message: Message) -> list[Finding]:
    """Return why an envelope is no canonical one: a control number or sender id may be too long, or hold odd signs."""
    place, ack = message.root.place(), {"AK501": "R", "AK502": "5"}
    return [
        Finding(
            e.rule, Severity.ERROR, Scope.MESSAGE, e.message, place, target=e.pointer[1:].replace("/", "."), ack=ack
        )
        for e in validate_head(head)
    ]


def reused(facts: Interchange, before: str, others: Iterable[Interchange]) -> Finding:
    """Return the finding of a control number that was used before: in a file of that name, or by others of this file."""
    ours = (facts.sender_qualifier, facts.sender_id, facts.receiver_qualifier, facts.receiver_id, facts.control_number)
    here = any(
        ours == (o.sender_qualifier, o.sender_id, o.receiver_qualifier, o.receiver_id, o.control_number) for o in others
    )
    where = "earlier in this file" if here else f"in {before}, with other content"
    return Finding(
        "X12-ISA13-DUP" if facts.syntax == "x12" else "ENV-CONTROL-DUP",
        Severity.ERROR,
        Scope.INTERCHANGE,
        f"Control number {facts.control_number}{f' of {facts.sender_id}' if facts.sender_id.strip() else ''} was used before {where}.",
        _header_place(facts, *_CONTROL_NUMBER.get(facts.syntax, ("", None))),
        value=facts.control_number,
        ack={"TA104": "R", "TA105": "025"} if facts.syntax == "x12" else {},
    )


_CONTROL_NUMBER = {"x12": ("ISA", 13), "edifact": ("UNB", 5)}


def _header_place(facts: Interchange, segment: str = "", element: int | None = None) -> Position:
    return Position(offset=facts.offset, line=facts.line, segment=segment, element=element)


def too_many_interchanges(event: InterchangeBegin) -> Finding:
    """Return the finding that holds a file with more interchanges than are answered."""
    said = (
        f"The file holds more than {INTERCHANGES} interchanges; it was not read any further and nothing of it is used."
    )
    return Finding("FILE-INTERCHANGES", Severity.ERROR, Scope.FILE, said, _header_place(event.interchange))


REFUSED = "ACK-REFUSED"
"""Rule of an answer that refuses something of ours, whole or in part."""

_NEGATIVE = frozenset("RXMWP")  # refused, whole or in part
_WORDS = {"Rejected": "R", "Processed": "A", "Accepted": "A"}  # status codes of an XFNM
_RESULTS = {"A": "accepted", "E": "accepted, with errors", "P": "accepted in part", "R": "refused", "X": "refused", "M": "refused", "W": "refused"}  # fmt: skip
_SUBJECTS = {"status": "", "set": "transaction set ", "group": "group ", "interchange": "interchange "}


def answer_finding(event: Acknowledged) -> Finding:
    """Return what an acknowledgment says of something of ours, in words, with the reasons it gives."""
    code = _WORDS.get(event.result, event.result)
    result = (
        _RESULTS.get(code)
        or (f"code {code}" if any(map(str.isdigit, code)) and " " not in code else code)
        or "no result"
    )
    about = f"{_SUBJECTS.get(event.kind, '')}{event.control_number}".strip() or "the file"
    words = f" {_not_too_long(event.text)}." if event.text and (code != "A" or event.kind in ("status", "set")) else ""
    said = f"The answer to {about} says: {result}.{words}"
    if code in _NEGATIVE or event.status == "rejected":
        return Finding(REFUSED, Severity.WARNING, Scope.FILE, said, event.position, value=event.control_number)
    return Finding("ACK-SAYS", Severity.INFO, Scope.FILE, said, event.position, value=event.control_number)


def _not_too_long(text: str) -> str:
    """Return the reasons of an answer, without those behind the first 400 characters."""
    if len(text) > _LONG:
        text = text[:_LONG].rpartition("; ")[0] or text[:_LONG].rpartition(" ")[0] or text[:_LONG]
        text = f"{text}; and more"
    return text[:1].upper() + text[1:].rstrip(".")


_LONG = 400  # characters of the reasons that are told


def undated(shipments: int, message: Message, now: datetime) -> Finding:
    """Return the remark that no arrival is known of shipments: their law is that of the day of processing."""
    many = f"{shipments} shipments" if shipments > 1 else "one shipment"
    said = f"No arrival is known of {many}: the law of the day of processing, {today(now)}, was applied."
    place = message.root.place() if isinstance(message.root, Node) else NOWHERE
    return Finding("S321-REGIME-DAY", Severity.INFO, Scope.MESSAGE, said, place)


def _message_id(message: Message, name: str, sha256: str = "") -> str:
    """Return ISA13-GS06-ST02 (UNB 0020-UNG-UNH).

    Where the format has no control numbers the file's name, a piece of its digest (tomorrow's file may have the same
    name) and the number of the message in it.
    """
    facts = message.interchange
    parts = (facts.number_of_use or facts.control_number, message.group.control_number, message.control_number)
    given = "-".join(p for p in parts if p)[:64]
    return given or "-".join(p for p in (name[:40], sha256[:12], str(message.index + 1)) if p)


def message_key(message: Message) -> str:
    """Return a file-safe name of the message, unique in the drop."""
    text = "".join(c if c.isalnum() and c.isascii() else "_" for c in _message_id(message, "message"))
    return f"{text[:60]}-{message.index + 1:04d}"


def _received(now: datetime) -> str:
    """Return the instant to its last digit: which of two versions of a shipment came last, files of one second tell too."""
    return now.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _created(message: Message, now: datetime) -> str:
    """Return when the sender made the message: ISA09/ISA10, UNB S004, the issue time of XML.

    A clock without a zone is taken as UTC; `now` where there is no time, or none of the calendar (the reader tells of it).
    """
    date, time = message.interchange.date, message.interchange.time[:4]
    told = message.envelope.get("created", "").strip()
    if (date + time).isascii() and (date + time).isdigit() and (len(date), len(time)) in ((6, 4), (8, 4)):
        day = date if len(date) == 8 else f"{_century(date, now)}{date}"
        told = f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:]}"
    try:
        moment = read_moment(told)
    except ValueError:
        moment = now
    return in_zone(moment.replace(tzinfo=moment.tzinfo or UTC), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _century(date: str, now: datetime) -> int:
    """Return the century of a day YYMMDD that is at most one year ahead of the day of receipt."""
    century = now.year // 100
    return century - (century * 100 + int(date[:2]) > now.year + 1)
