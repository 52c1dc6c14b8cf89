"""350 customs status: what customs said of each bill, to the sender of the 309.

    M10*NRTX*J*...  (P4*0901*20250115  (X4*00450001*2***20250303*1200*1C**NRTX  K1*RELEASED)*)*

M10 and P4 are those of the 309: each bill stands under its own port. X4-02 is the quantity that the receiver named, else that
of the bill. X4-07 is the code of the receiver when it has the two characters of a disposition, else 1C for released and
accepted, 1H (customs hold) for hold and rejected: ours. CBP's dispositions have no refusal, so K1 says REJECTED.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

import msgspec

from gateway.formats.whole_words import in_lines
from gateway.formats.x12.ack_envelope import Envelope, answerable, group_code, reply_version
from gateway.moments import in_zone, read_moment
from gateway.records import Group
from gateway.responses import Response
from gateway.results import AckRequest

_CODES = {"accepted": "1C", "released": "1C", "hold": "1H", "rejected": "1H"}


class Bill(msgspec.Struct, frozen=True):
    """A bill of the 309. position, port: the P4 that it stands under; quantity: M11-03, "" where it is not known."""

    number: str
    issuer: str
    quantity: str = ""
    position: int = 0
    port: tuple[str, ...] = ()


def write(
    request: AckRequest, group: Group, header: Sequence[list[str]], told: Sequence[tuple[Response, Bill]]
) -> Iterator[bytes]:
    """Yield the interchange. header: M10 of the 309; told: each response with its bill."""
    if not answerable(request.interchange):
        return
    version = reply_version(group, "004060")
    out = Envelope(request)
    yield from out.answer_to(group, group_code("350", version), version)
    yield out.st("350")
    for elements in header:
        yield out.raw(elements)
    position = 0
    for response, bill in sorted(told, key=lambda one: one[1].position):
        if bill.position != position:
            position = bill.position
            yield out.raw(bill.port)
        yield from _status(out, request, response, bill)
    yield out.se()
    yield from out.end()


def _status(out: Envelope, request: AckRequest, response: Response, bill: Bill) -> Iterator[bytes]:
    at = in_zone(read_moment(response.at), UTC) if response.at else request.now
    code = response.code if len(response.code) == 2 else _CODES[response.status]
    quantity = str(response.quantity) or bill.quantity
    date, time = at.strftime("%Y%m%d"), at.strftime("%H%M")
    yield out.segment("X4", bill.number[:25], quantity[:15], "", "", date, time, code, "", bill.issuer)
    status = response.status.upper()
    said = "" if response.text.upper().startswith(status) else status  # RELEASED RELEASED tells nothing more
    words = (said, response.code if response.code != code else "", response.text)
    for line in in_lines(" ".join(filter(None, words)), 30, 4):
        yield out.segment("K1", line)
