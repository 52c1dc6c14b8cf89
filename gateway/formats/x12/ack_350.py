"""350 customs status: what customs said of each bill, to the sender of the 309.

    M10*NRTX*J*...  P4*0901*20250115  (X4*00450001*1***20250303*1200*1C**NRTX  K1*RELEASED)*

M10 and P4 are those of the 309. X4-07 is the code of the receiver when it has the two characters of a disposition, else
1C for released and accepted, 1H (customs hold) for hold and rejected: ours. CBP's dispositions have no refusal, so K1
says REJECTED.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

from gateway.formats.x12.ack_envelope import Envelope, answerable, reply_version
from gateway.moments import in_zone, read_moment
from gateway.records import Group
from gateway.responses import Response
from gateway.results import AckRequest

_CODES = {"accepted": "1C", "released": "1C", "hold": "1H", "rejected": "1H"}
_TEXT = 30


def write(
    request: AckRequest,
    group: Group,
    headers: Sequence[list[str]],
    responses: Sequence[Response],
    bills: Sequence[tuple[str, str]],
) -> Iterator[bytes]:
    """Yield the interchange. headers: M10 and P4 of the 309; bills: (number, issuer) of each response's shipment."""
    if not answerable(request.interchange):
        return
    out = Envelope(request, reply_version(group, "004060"))
    yield out.isa()
    yield out.gs("AU", group.receiver, group.sender)
    yield out.st("350")
    for elements in headers:
        yield out.raw(elements)
    for response, (number, issuer) in zip(responses, bills, strict=True):
        at = in_zone(read_moment(response.at), UTC) if response.at else request.now
        code = response.code if len(response.code) == 2 else _CODES[response.status]
        yield out.segment("X4", number[:25], "1", "", "", at.strftime("%Y%m%d"), at.strftime("%H%M"), code, "", issuer)
        text = " ".join(
            filter(None, (response.status.upper(), response.code if response.code != code else "", response.text))
        )
        for start in range(0, min(len(text), 4 * _TEXT), _TEXT):
            yield out.segment("K1", text[start : start + _TEXT])
    yield out.se()
    yield out.ge()
    yield out.iea()
