"""The receiver's responses on their way to the senders.

    responses/r1.json -> drop of @receiver: which partner's shipments are meant -> one member drop for each partner
    member drop -> NAME.status-RECEIPT.json and .csv, for a 309 also .350.edi, in the partner's ack folder

Each step is a drop of the ledger like any other: claimed, decided in one transaction, sent, noted. A response that came
before is not passed on again; one about a shipment that is not known is told to a person and in the receiver's receipt.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import partial

import msgspec
from sqlalchemy import Connection, select

from gateway.history import as_sent, bare_number
from gateway.profile import Profile
from gateway.responding import Origin, responses_of, status_files
from gateway.responses import Response, ResponseError, doubt_of
from gateway.shell.assembly import Staged, stage_file
from gateway.shell.claims import Claimed, raw_path
from gateway.shell.desk import Desk
from gateway.shell.folders import parse_instant, read_blocks
from gateway.shell.ledger import Drop
from gateway.shell.schema import drops, fitted, shipments
from gateway.shell.schema import responses as table

RECEIVER = "@receiver"
_MARK = b'{"gateway_status":'
_LARGEST = 64_000_000
_NAMES = ("partner", "shipment", "status", "code", "decided_at")


class Sorted(msgspec.Struct):
    """The responses of one file: by partner, those of unknown shipments, and how many came before.

    left_out: manifests whose answer could not be shared out among their shipments, and why.
    """

    known: dict[str, list[Response]]
    unknown: list[str]
    repeated: int
    left_out: list[dict[str, str]]


def sort(claimed: Claimed, profile: Profile, desk: Desk) -> Sorted:
    """Find out whose shipments a response file is about. profile: of the receiver. Raises ResponseError."""
    raw = raw_path(desk.folders.work / claimed.receipt)
    if raw.stat().st_size > _LARGEST:
        raise ResponseError("The response file is larger than 64 MB.")
    found, last = Sorted(defaultdict(list), [], 0, []), dict[tuple[str, str], Response]()
    seen = set[Response]()
    with desk.ledger.reading() as connection:
        for response in responses_of(b"".join(read_blocks(raw)), profile):
            one_by_one = [response] if response.shipment_id else _of_manifest(connection, response, found)
            for told in one_by_one:
                owner = _owner(connection, told, desk.originators)
                if owner is None:
                    found.unknown.append(told.shipment_id)
                    continue
                partner, receipt, file, number = owner
                one, place = msgspec.structs.replace(told, shipment_id=number), (partner, number)
                if _said_already(one, last.get(place), seen) or (
                    (one.at or place not in last) and _came_before(connection, partner, receipt, one)
                ):
                    found.repeated += 1
                else:
                    seen.add(one)
                    last[place] = one
                    found.known[partner].append(msgspec.structs.replace(one, receipt=receipt, file=file))
    return found


def _said_already(one: Response, last: Response | None, seen: set[Response]) -> bool:
    """Tell whether this file said it already; without a time: as its last word on the shipment."""
    return one in seen if one.at else one == last


def _of_manifest(connection: Connection, response: Response, found: Sorted) -> list[Response]:
    """Return a response for each shipment of a trip that is not answered by itself; none, and why, where that is in doubt.

    The ledger knows the trip by the words that a sender is told.
    """
    c = shipments.c
    trip = c.place.startswith(f"trip {response.manifest}, ", autoescape=True)
    known = connection.execute(select(c.key, c.place).where(trip, c.state == "active").order_by(c.id))
    numbers = [as_sent(key, place) for key, place in known]
    if not numbers:
        found.unknown.append(response.manifest)
        return []
    if why := doubt_of(response, numbers):
        found.left_out.append({"manifest": response.manifest, "status": response.status, "why": why})
        return []
    named, one = set(map(bare_number, response.but)), msgspec.structs.replace(response, manifest="", but=(), bills=0)
    return [msgspec.structs.replace(one, shipment_id=n) for n in numbers if bare_number(n) not in named]


def _owner(
    connection: Connection, response: Response, originators: Mapping[str, str]
) -> tuple[str, str, str, str] | None:
    """Return (partner, receipt, file, number as it was sent) of a shipment, None when nobody or more than one partner has it."""
    c, key = shipments.c, bare_number(response.shipment_id)
    query = (
        select(c.partner, c.receipt, drops.c.file_name, c.key, c.place).join(drops, drops.c.receipt == c.receipt)
        .where(c.key.in_((key, f"test:{key}"))).order_by(c.id)
    )  # fmt: skip
    found = {
        partner: (partner, receipt, file, as_sent(known, place))
        for partner, receipt, file, known, place in connection.execute(query)
    }
    named = originators.get(response.originator_code, "")
    if named:
        return found.get(named)
    return next(iter(found.values())) if len(found) == 1 else None


def _came_before(connection: Connection, partner: str, receipt: str, response: Response) -> bool:
    """Tell whether a response was passed on. One without a time was when the last word was the same, and is about what stands now.

    receipt: of the drop that the shipment came in.
    """
    c, kept = table.c, _kept(partner, response, "")
    if response.at:
        same = [c[name] == value for name, value in zip(_NAMES, kept, strict=True)]
        return connection.execute(select(c.receipt).where(*same)).first() is not None
    of_shipment = select(c.status, c.code, c.receipt).where(c.partner == partner, c.shipment == kept[1])
    last = connection.execute(of_shipment.order_by(c.receipt.desc(), c.decided_at.desc())).first()
    return last is not None and (last.status, last.code) == kept[2:4] and last.receipt > receipt


def _kept(partner: str, response: Response, receipt: str) -> tuple[str, ...]:
    """Return what tells a response from others, as the ledger keeps it; without a time it is that of its file."""
    c, r = table.c, response
    shipment = fitted(bare_number(r.shipment_id), c.shipment)
    return partner, shipment, r.status, fitted(r.code, c.code), fitted(r.at, c.decided_at) or f"@{receipt}"


def remember(connection: Connection, known: Mapping[str, list[Response]], receipt: str) -> None:
    """Note that responses were taken up; in the transaction that decides about their file."""
    rows = dict.fromkeys(_kept(partner, r, receipt) for partner, found in known.items() for r in found)
    if rows:
        connection.execute(table.insert(), [dict(zip(_NAMES, row, strict=True)) | {"receipt": receipt} for row in rows])


def member(found: list[Response]) -> bytes:
    """Return what a partner's member drop holds."""
    return _MARK + b'1,"responses":' + msgspec.json.encode(found) + b"}\n"


def is_member_of_responses(claimed: Claimed, desk: Desk) -> bool:
    """True for what was made of a response file; the same bytes out of a partner's own archive are not."""
    parent = desk.ledger.drop(claimed.receipt.rpartition("-")[0])
    return parent is not None and parent.partner == RECEIVER


def stage(claimed: Claimed, profile: Profile, desk: Desk) -> list[Staged]:
    """Write the answers to one partner, grouped by the files its shipments came in."""
    place = desk.folders.work / claimed.receipt
    found = msgspec.convert(json.loads(raw_path(place).read_bytes())["responses"], list[Response])
    files: dict[str, list[Response]] = defaultdict(list)
    for response in found:
        files[response.receipt].append(response)
    now, scope = parse_instant(claimed.received_at), f"{profile.partner}/"
    staged = []
    for receipt, own in files.items():
        drop = desk.ledger.drop(receipt)
        stem = f"{drop.answer_stem if drop else receipt}.status-{claimed.receipt}"
        origin = _origin(receipt, drop, desk)
        for ending, chunks in status_files(own, origin, profile, now, lambda s: desk.ledger.next_control(scope + s)):
            staged.append(stage_file(place, "ack", "ack", stem + ending, chunks))
    return staged


def _origin(receipt: str, drop: Drop | None, desk: Desk) -> Origin:
    place = desk.folders.find(receipt)
    raw = raw_path(place) if place is not None else None
    blocks = partial(desk.vault.blocks, raw) if raw is not None and desk.vault.exists(raw) else None
    return Origin(receipt, drop.file_name if drop else "", drop.format if drop else "", blocks)
