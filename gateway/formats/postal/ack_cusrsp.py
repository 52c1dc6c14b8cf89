"""The answer to ITMATT and PREDES: one line per item, accepted or refused with its reasons; ours, in XML or JSON as asked.

    <cusrsp xmlns="urn:gateway:cusrsp:1" messageId="..." refersTo="..." status="partly">
      <item id="LX123456785GB" status="accepted"/>
      <item id="LX123456786GB" status="refused"><reason rule="S321-ID-CHK">...</reason></item>
    </cusrsp>

    {"cusrsp": 1, "messageId": "...", "refersTo": "...", "status": "partly", "Item": [
     {"ItemId": "LX123456785GB", "status": "accepted"}]}

The UPU's CUSRSP text is not public: ours, close to it in content. Every item is answered, whatever was accepted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from gateway.findings import Finding, Severity
from gateway.formats.xml import xml_characters
from gateway.results import AckRequest, MessageFinding, ShipmentResult


def write_cusrsp(request: AckRequest) -> Iterator[bytes]:
    """Yield the answer; nothing when the partner wants none, or when an XML message has no id to answer to."""
    subject = request.interchange
    if request.profile.acks.functional == "none":
        return
    if subject.version == "json":
        yield from _in_json(request)
    elif subject.control_number:
        yield from _in_xml(request)


def _in_xml(request: AckRequest) -> Iterator[bytes]:
    facts = {name: quoteattr(_clean(value)) for name, value in _facts(request).items()}
    head = " ".join(f"{name}={value}" for name, value in facts.items())
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<cusrsp xmlns="urn:gateway:cusrsp:1" {head}>\n'.encode()
    for entry in _entries(request):
        reasons = "".join(_reason(reason) for reason in entry["reason"])
        if "ItemId" not in entry:
            yield f"  {reasons}\n".encode()
            continue
        start = f'  <item id={quoteattr(_clean(entry["ItemId"]))} status="{entry["status"]}"'
        yield (f"{start}>{reasons}</item>\n" if reasons else f"{start}/>\n").encode()
    yield b"</cusrsp>\n"


def _in_json(request: AckRequest) -> Iterator[bytes]:
    head = json.dumps({"cusrsp": 1, **_facts(request)}, ensure_ascii=False)
    yield (head[:-1] + ', "Item": [').encode()
    whole: list[dict[str, str]] = []
    comma = "\n "
    for entry in _entries(request):
        if "ItemId" not in entry:
            whole += entry["reason"]
            continue
        kept = {name: value for name, value in entry.items() if value}
        yield (comma + json.dumps(kept, ensure_ascii=False)).encode("utf-8", "replace")
        comma = ",\n "
    told = f', "reason": {json.dumps(whole, ensure_ascii=False)}' if whole else ""
    yield f"]{told}}}\n".encode("utf-8", "replace")


def _facts(request: AckRequest) -> dict[str, str]:
    """Return the header; a JSON file has no message id, so that its name stands for it."""
    subject = request.interchange
    number = request.controls("CUSRSP")
    facts = {
        "messageId": f"{request.profile.partner.upper()}-CUSRSP-{number}",
        "refersTo": subject.control_number or request.file_name,
        "sender": subject.receiver_id,
        "recipient": subject.sender_id,
        "created": f"{request.now:%Y-%m-%dT%H:%M:%SZ}",
        "status": _status(request),
    }
    return {n: v for n, v in facts.items() if v} if subject.version == "json" else facts


def _status(request: AckRequest) -> str:
    """Return accepted, partly or refused for the message as a whole."""
    found = good = 0
    for record in request.own_records(clean=True):
        if isinstance(record, ShipmentResult):
            found += 1
            good += record.verdict != "rejected" and record.message not in request.refused
    if request.interchange.index in request.refused_interchanges or not good:
        return "refused"
    return "accepted" if good == found else "partly"


def _entries(request: AckRequest) -> Iterator[dict[str, Any]]:
    """Yield what is said of the message (no ItemId) and of each item, in file order."""
    whole = request.refused_interchanges.get(request.interchange.index, "")
    for record in request.own_records(clean=True):
        if isinstance(record, MessageFinding) and record.finding.severity in (Severity.ERROR, Severity.WARNING):
            yield {"reason": [_told(request, record.finding)]}
        elif isinstance(record, ShipmentResult):
            fallen = whole or request.refused.get(record.message, "")
            reasons = [_told(request, f) for f in record.findings if f.severity in (Severity.ERROR, Severity.WARNING)]
            if fallen and not reasons:
                reasons = [{"rule": fallen, "text": "The message it came in was refused."}]
            status = "refused" if fallen or record.verdict == "rejected" else record.verdict
            yield {"ItemId": record.id, "status": status, "reason": reasons}


def _told(request: AckRequest, finding: Finding) -> dict[str, str]:
    weight = {"severity": "warning"} if finding.severity is Severity.WARNING else {}
    return {"rule": finding.rule, **weight, "text": request.text_of(finding)}


def _reason(reason: dict[str, str]) -> str:
    weight = ' severity="warning"' if "severity" in reason else ""
    return f'<reason rule="{reason["rule"]}"{weight}>{escape(_clean(reason["text"]))}</reason>'


def _clean(text: str) -> str:
    return xml_characters(text, one_line=True)
