"""What the receiver says of delivered shipments: read, checked and written.

    {"schema_version": "1.0", "responses": [
      {"shipment_id": "NRTX00450001", "status": "released", "code": "1C", "text": "RELEASED", "at": "2025-03-03T12:00:00Z"}]}

status: accepted, rejected, hold, released. originator_code tells partners apart that use the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.history import bare_number
from gateway.moments import read_moment

STATUSES = ("accepted", "rejected", "hold", "released")


class ResponseError(ValueError):
    """The file is no response file; the text says why."""


class Response(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer about one shipment. at: RFC 3339, when the receiver decided; receipt, file: of the drop it belongs to.

    manifest: instead of a shipment, the trip or manifest whose shipments are all answered. quantity: the pieces that it is about.
    but: of a manifest, the shipments that are answered by themselves; bills: how many shipments it has, 0 = not told; doubt: why
    the answer cannot be shared out among the shipments of the manifest.
    """

    shipment_id: str
    status: str
    originator_code: str = ""
    code: str = ""
    text: str = ""
    at: str = ""
    receipt: str = ""
    file: str = ""
    manifest: str = ""
    quantity: str | int = ""
    but: tuple[str, ...] = ()
    bills: int = 0
    doubt: str = ""


class _File(msgspec.Struct):
    responses: list[Response]
    schema_version: str = "1.0"


def read_responses(data: bytes) -> list[Response]:
    """Return the responses of a file. Raises ResponseError."""
    try:
        found = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ResponseError(f"The file is no response file: {error}.") from None
    for number, one in enumerate(found.responses, 1):
        if not (one.shipment_id or one.manifest) or one.status not in STATUSES:
            raise ResponseError(f"Response {number}: shipment_id is empty, or status is none of {', '.join(STATUSES)}.")
        if (told := str(one.quantity)) and not (told.isascii() and told.isdigit()):
            raise ResponseError(f'Response {number}: quantity "{told}" is no number of pieces.')
        try:
            aware = not one.at or read_moment(one.at).tzinfo is not None
        except ValueError:
            aware = False
        if not aware:
            raise ResponseError(
                f'Response {number}: at "{one.at}" is no time with an offset, such as 2025-03-03T12:00:00Z.'
            )
    return found.responses


def doubt_of(response: Response, shipments: Sequence[str]) -> str:
    """Return why an answer to a manifest is none to each of the shipments that it is known to have, "" where it is."""
    if response.doubt:
        return response.doubt
    more = response.status == "rejected" and response.bills > len(
        shipments
    )  # with the bills of others: ours are refused too
    if response.bills and response.bills != len(shipments) and not more:
        return f"the answer is about {response.bills} shipments, {len(shipments)} of it were delivered"
    known = set(map(bare_number, shipments)) if response.but else set()
    strange = [number for number in response.but if bare_number(number) not in known]
    return f"{', '.join(strange[:5])} of the answer is none of its shipments" if strange else ""


def write_responses(responses: Sequence[Response]) -> bytes:
    """Return a response file."""
    return msgspec.json.encode(_File(list(responses))) + b"\n"
