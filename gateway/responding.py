"""The receiver's responses, in whatever dialect they come, and in the sender's: JSON, CSV, an X12 350 for a 309.

Read: the JSON of gateway.responses, X12 350, 355 and 824, UN/EDIFACT CUSRES and APERAK.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from gateway.canonical.model import bill_identity
from gateway.findings import Finding, Severity
from gateway.formats import folder_of, format_module, sniffers
from gateway.formats.detect import HEAD, detect
from gateway.formats.plain.rejects_csv import safe_cell
from gateway.formats.x12 import ack_350
from gateway.formats.x12.ack_350 import Bill
from gateway.history import bare_number
from gateway.profile import Profile
from gateway.records import Acknowledged, Group, GroupBegin, Interchange, InterchangeBegin, MessageBegin, Node, Unit
from gateway.responses import Response, ResponseError, read_responses
from gateway.results import AckRequest, Records
from gateway.spools import MemorySpool

_HEAD = ("shipment", "status", "code", "text", "at", "file")
_WITH_350 = "x12_309"
_COUNTS = re.compile(r"\bBILLS ([0-9]{1,9}) ACC ([0-9]{1,9}) REJ ([0-9]{1,9})\b")
"""K3 of a 355, see gateway.formats.x12.ack_355."""


class Origin(msgspec.Struct, frozen=True):
    """The drop that responses belong to. raw: its bytes, None when they are no longer kept."""

    receipt: str
    file_name: str
    format: str
    raw: Callable[[], Iterator[bytes]] | None


def responses_of(data: bytes, profile: Profile) -> list[Response]:
    """Return the responses of a file of the receiver, one for each bill it answers. Raises ResponseError.

    A code that is not known is a hold.
    """
    if data.lstrip()[:1] in (b"{", b"["):
        return read_responses(data)
    seen = detect(data[:HEAD], "", sniffers())
    if seen.format not in ("x12", "edifact"):
        raise ResponseError("The file is neither a response file in JSON nor X12 nor UN/EDIFACT.")
    found: list[Response] = []
    told: list[Acknowledged] = []  # of the open message
    for event in format_module(seen.format).read((data[seen.skip :],), profile, (0, 1)):
        if isinstance(event, Finding) and event.severity is Severity.ERROR:
            where = f"line {event.position.line}: " if event.position.line else ""
            raise ResponseError(f"The file cannot be read: {where}{event.message}")
        if isinstance(event, Unit):
            raise ResponseError("The file reports shipments; it is no answer to any.")
        if isinstance(event, MessageBegin):
            found += _responses_of(told)
            told = []
        if isinstance(event, Acknowledged) and event.kind == "status" and event.control_number:
            told.append(event)
    found += _responses_of(told)
    if not found:
        raise ResponseError("The file answers no shipment.")
    return found


def _responses_of(told: Sequence[Acknowledged]) -> list[Response]:
    """Return the responses of one message. told: what it says of bills and of the manifest."""
    bills = [_of_bill(event) for event in told if event.status or event.code]
    refused = dict.fromkeys(r.shipment_id for r in bills if r.status == "rejected")
    found: list[Response] = []
    for event in told:
        if event.status or event.code:
            found.append(bills.pop(0))
        elif event.result in ("A", "E", "P", "R"):
            found.append(_of_manifest(event, tuple(refused)))
    return found


def _of_bill(event: Acknowledged) -> Response:
    text = event.text if event.status else f"{event.result} {event.text}".strip()
    code = event.code if event.code != "R" else event.text.partition(" ")[0]
    number, status = event.issuer + event.control_number, event.status or "hold"
    return Response(number, status, "", code[:40], text, event.at, quantity=event.quantity)


def _of_manifest(event: Acknowledged, refused: tuple[str, ...]) -> Response:
    """Return what an answer to a whole manifest says of the bills that it does not name. refused: those that it names.

    Its counts (K3) must agree with its word: one that is accepted (ACC) has no bill refused, one that is refused (REJ) none
    accepted, one that is accepted in part (PART) as many refused as it names. Without counts ACC and REJ are taken at their word.
    """
    counts = _COUNTS.search(event.text)
    bills, accepted, rejected = map(int, counts.groups()) if counts else (0, 0, 0)
    in_part, all_refused = event.result == "P", event.result == "R"
    doubt = ""
    if (counts is None and in_part) or (counts is not None and (bills != accepted + rejected or not bills)):
        doubt = "the answer does not count what it accepts and what it refuses"
    elif in_part and rejected != len(refused):
        doubt = f"the answer counts {rejected} refused, and names {len(refused)}"
    elif all_refused and accepted:
        doubt = f"the answer refuses the trip, and counts {accepted} accepted"
    elif event.result == "A" and (rejected or refused):
        told = f"counts {rejected}" if rejected else f"names {len(refused)}"
        doubt = f"the answer accepts the trip, and {told} refused"
    return Response(
        "",
        "rejected" if all_refused else "accepted",
        text=event.text,
        at=event.at,
        manifest=event.control_number,
        but=refused if event.result in ("E", "P") else (),
        bills=bills,
        doubt=doubt,
    )


def status_files(
    responses: Sequence[Response], origin: Origin, profile: Profile, now: datetime, next_control: Callable[[str], int]
) -> Iterator[tuple[str, list[bytes]]]:
    """Yield (ending, bytes) of what the sender of one file is told. now: aware UTC."""
    yield ".json", [_json(responses, origin.receipt)]
    yield ".csv", [_csv(responses)]
    if origin.format == _WITH_350 and origin.raw is not None:
        request = AckRequest(
            Records(MemorySpool()), Interchange("x12", 0), {}, {}, profile, next_control, now, profile.catalogue,
            origin.file_name, origin.receipt,
        )  # fmt: skip
        if chunks := list(_as_350(responses, origin.raw(), request)):
            yield ".350.edi", chunks


def _json(responses: Sequence[Response], receipt: str) -> bytes:
    hidden = ("receipt", "originator_code")
    shown = [{k: v for k, v in msgspec.to_builtins(r).items() if k not in hidden} for r in responses]
    return json.dumps({"receipt_id": receipt, "responses": shown}, ensure_ascii=False, indent=1).encode() + b"\n"


def _csv(responses: Sequence[Response]) -> bytes:
    """Return the same for a clerk: UTF-8 with BOM, safe against formulas."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for r in responses:
        writer.writerow([safe_cell(cell) for cell in (r.shipment_id, r.status, r.code, r.text, r.at, r.file)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _as_350(responses: Sequence[Response], raw: Iterator[bytes], request: AckRequest) -> Iterator[bytes]:
    """Yield one 350 for each 309 of the file that holds shipments with a response."""
    wanted = {bare_number(r.shipment_id) for r in responses}
    module = format_module(folder_of(_WITH_350))
    bills: dict[str, Bill] = {}
    header: list[list[str]] = []

    def told() -> Iterator[bytes]:
        own = [(r, bill) for r in responses if (bill := bills.get(bare_number(r.shipment_id)))]
        if own:
            yield from ack_350.write(request, group, header, own)

    group = Group(0)
    for event in module.read(raw, request.profile, (0, 1)):
        match event:
            case InterchangeBegin():
                interchange = event.interchange
            case GroupBegin():
                current = event.group
            case MessageBegin():
                yield from told()
                bills, header = {}, []
                request = msgspec.structs.replace(request, interchange=interchange)
                group = current
            case Unit():
                if key := _key(module.identify(event.node), wanted):
                    bills[key[0]] = _bill(event.node, *key[1:])
                    header = header or [n.elements for n in (event.message.root.children or {}).get("M10", ())]
    yield from told()


def _bill(unit: Node, number: str, issuer: str) -> Bill:
    """Return what a 350 says of an LX loop: its pieces, and the P4 that it stands under."""
    port, m11 = unit.parent, (unit.children or {}).get("M11", ())
    quantity = m11[0].element(3).strip() if m11 else ""
    if port is None or port.tag != "P4":
        return Bill(number, issuer, quantity)
    return Bill(number, issuer, quantity, port.position, tuple(port.elements))


def _key(names: Mapping[str, str], wanted: set[str]) -> tuple[str, str, str] | None:
    """Return (key, number, issuer) of a bill whose shipment is wanted."""
    number, issuer = names.get("house_bill_number", ""), names.get("house_bill_issuer", "")
    keys = map(bare_number, (bill_identity(issuer, number), number))
    return next(((key, number, issuer) for key in keys if key in wanted), None)
