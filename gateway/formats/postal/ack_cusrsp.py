"""The answer to an ITMATT: one line per item, accepted or refused with its reasons; the gateway's own XML profile.

    <cusrsp xmlns="urn:gateway:cusrsp:1" messageId="..." refersTo="..." status="partly">
      <item id="LX123456785GB" status="accepted"/>
      <item id="LX123456786GB" status="refused"><reason rule="S321-ID-CHK">...</reason></item>
    </cusrsp>

The UPU's CUSRSP text is not public: ours, close to it in content. Every item is answered, whatever was accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from gateway.findings import Finding, Severity
from gateway.formats.xml import xml_characters
from gateway.results import AckRequest, MessageFinding, ShipmentResult


def write_cusrsp(request: AckRequest) -> Iterator[bytes]:
    """Yield the answer; nothing when the partner wants none or the message has no id."""
    subject = request.interchange
    if request.profile.acks.functional == "none" or not subject.control_number:
        return
    number = request.controls("CUSRSP")
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<cusrsp xmlns="urn:gateway:cusrsp:1" messageId={quoteattr(f"{request.profile.partner.upper()}-CUSRSP-{number}")}'
        f" refersTo={quoteattr(_clean(subject.control_number))} sender={quoteattr(_clean(subject.receiver_id))}"
        f" recipient={quoteattr(_clean(subject.sender_id))}"
        f' created="{request.now:%Y-%m-%dT%H:%M:%SZ}" status="{_status(request)}">\n'
    ).encode()
    whole = request.refused_interchanges.get(subject.index, "")
    for record in request.own_records(clean=True):
        if isinstance(record, MessageFinding) and record.finding.severity in (Severity.ERROR, Severity.WARNING):
            yield f"  {_reason(record.finding)}\n".encode()
        elif isinstance(record, ShipmentResult):
            yield _item(record, whole or request.refused.get(record.message, ""))
    yield b"</cusrsp>\n"


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


def _item(record: ShipmentResult, fallen: str) -> bytes:
    status = "refused" if record.verdict == "rejected" else record.verdict
    status = "refused" if fallen else status
    told = [f for f in record.findings if f.severity in (Severity.ERROR, Severity.WARNING)]
    reasons = "".join(_reason(f) for f in told)
    if fallen and not told:
        reasons = f'<reason rule="{fallen}">The message it came in was refused.</reason>'
    start = f'  <item id={quoteattr(_clean(record.id))} status="{status}"'
    return (f"{start}>{reasons}</item>\n" if reasons else f"{start}/>\n").encode()


def _reason(finding: Finding) -> str:
    weight = ' severity="warning"' if finding.severity is Severity.WARNING else ""
    return f'<reason rule="{finding.rule}"{weight}>{escape(_clean(finding.message))}</reason>'


def _clean(text: str) -> str:
    return xml_characters(text, keep="")
