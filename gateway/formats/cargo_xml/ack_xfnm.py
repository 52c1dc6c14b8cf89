"""The XFNM (application acknowledgment and error report), version 3.00, for one received Cargo-XML message.

Order of elements as the public version 3 classes have it. StatusCode Processed when anything was accepted (a partly
refused XFHL names its houses), else Rejected. ReasonCode is the rule id, Reason one sentence, Information line and XPath.
Names and addresses stand in no XFNM. Never written for an XFNM.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from gateway.findings import Finding, Severity
from gateway.formats.xml import xml_characters
from gateway.results import AckRequest, MessageFinding, MessageOpened, ShipmentResult

REASON = 256
"""Characters of a Reason."""

_TYPES = {"XFWB": ("740", "Air Waybill"), "XFZB": ("703", "House Waybill"), "XFHL": ("785", "Cargo Manifest"), "XFFM": ("122", "Transport Loading Report")}  # fmt: skip


def write_xfnm(request: AckRequest) -> Iterator[bytes]:
    """Yield the XFNM; nothing when the partner wants none or the message could not be identified."""
    policy = request.profile.acks
    if policy.functional == "none":
        return
    opened = next((r for r in request.own_records() if isinstance(r, MessageOpened)), None)
    if opened is None or opened.type not in _TYPES:
        return
    business = _business(request, opened)
    if not business:
        return
    told, more = _told(request, policy.max_errors)
    status = _status(request)
    yield _head(request, opened, status, business)
    for shipment, finding in told:
        yield _response(request, shipment, finding)
    if not told and status == "Processed":
        yield _element("rsm:ResponseStatus", _line("ConditionCode", "Acknowledgement"), _line("Reason", "No Errors"))
    if more:
        yield f"  <rsm:ResponseDetail>{more} more; the reject file has them all</rsm:ResponseDetail>\n".encode()
    yield b"</rsm:Response>\n"


def _status(request: AckRequest) -> str:
    """Return Processed when anything of the message stands, else Rejected."""
    if request.interchange.index in request.refused_interchanges:
        return "Rejected"
    found = accepted = 0
    errors = False
    for record in request.own_records(clean=True):
        if isinstance(record, ShipmentResult):
            found += 1
            accepted += record.verdict != "rejected" and record.message not in request.refused
        elif isinstance(record, MessageFinding):
            errors = errors or record.finding.refuses
    return "Rejected" if (found and not accepted) or (not found and errors) else "Processed"


def _told(request: AckRequest, limit: int) -> tuple[list[tuple[str, Finding]], int]:
    """Return (shipment, finding) of what is said, in file order, and how much more there is: warnings give way to errors."""
    kept: dict[Severity, list[tuple[int, str, Finding]]] = {Severity.ERROR: [], Severity.WARNING: []}
    count = 0
    for record in request.own_records():
        found: list[tuple[str, Finding]] = []
        if isinstance(record, MessageFinding):
            found = [("", record.finding)]
        elif isinstance(record, ShipmentResult):
            found = [(record.id, f) for f in record.findings]
        for shipment, finding in found:
            if finding.severity in kept:
                count += 1
                if len(kept[finding.severity]) < limit:
                    kept[finding.severity].append((count, shipment, finding))
    errors = kept[Severity.ERROR]
    told = sorted([*errors, *kept[Severity.WARNING][: limit - len(errors)]], key=lambda one: one[0])
    return [(shipment, finding) for _, shipment, finding in told], count - len(told)


def _business(request: AckRequest, opened: MessageOpened) -> str:
    """Return the number that the message is known by: of its shipment, or (a list) its own."""
    one = opened.type in ("XFWB", "XFZB")  # a list is named by its own number, not by its first house
    shipments = (r for r in request.own_records(clean=True) if one and isinstance(r, ShipmentResult))
    return next((r.identifiers.get("house_bill_number") or r.id for r in shipments), request.interchange.control_number)


def _head(request: AckRequest, opened: MessageOpened, status: str, business: str) -> bytes:
    subject, now = request.interchange, request.now
    number = request.controls("XFNM")
    code, name = _TYPES[opened.type]
    header = [
        _line("ID", f"{request.profile.partner.upper()}-XFNM-{number}"), _line("Name", "Application acknowledgement and error report"),
        _line("TypeCode", "294"), _line("IssueDateTime", now.strftime("%Y-%m-%dT%H:%M:%SZ")), _line("PurposeCode", "Response"),
        _line("VersionID", "3.00"), *([_line("ConversationID", subject.control_number)] if subject.control_number else []),
        f"<ram:SenderParty>{_line('PrimaryID', subject.receiver_id or request.profile.own_id.id, 'C')}</ram:SenderParty>",
        f"<ram:RecipientParty>{_line('PrimaryID', subject.sender_id or request.profile.account, 'P')}</ram:RecipientParty>",
    ]  # fmt: skip
    body = [_line("ID", business), _line("Name", name), _line("TypeCode", code), _line("StatusCode", status)]
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<rsm:Response xmlns:rsm="iata:response:3" xmlns:ram="iata:datamodel:3">\n'
        + _element("rsm:MessageHeaderDocument", *header)
        + _element("rsm:BusinessHeaderDocument", *body)
    )


def _response(request: AckRequest, shipment: str, finding: Finding) -> bytes:
    place = finding.position
    parts = [f"shipment {shipment}" if shipment else "", f"line {place.line}" if place.line else "", place.xpath]
    if finding.value and not finding.personal:
        parts.append(f"value {finding.value[:60]}")
    lines = [
        _line("ConditionCode", "Error" if finding.severity is Severity.ERROR else "Warning"),
        _line("ReasonCode", finding.rule), _line("Reason", request.text_of(finding)[:REASON]),
    ]  # fmt: skip
    where = "; ".join(p for p in parts if p)
    return _element("rsm:ResponseStatus", *lines, *([_line("Information", where)] if where else []))


def _line(name: str, text: str, scheme: str = "") -> str:
    attribute = f" schemeID={quoteattr(scheme)}" if scheme else ""
    return f"<ram:{name}{attribute}>{escape(xml_characters(text))}</ram:{name}>"


def _element(name: str, *lines: str) -> bytes:
    return (f"  <{name}>\n" + "".join(f"    {line}\n" for line in lines) + f"  </{name}>\n").encode()
