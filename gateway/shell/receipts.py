"""The receipts the shell writes itself: for a drop that is held for a person and for one that came before.

All others are written by `translate` with the same keys, and more.
"""

from __future__ import annotations

import json

from gateway.shell.claims import Claimed
from gateway.shell.ledger import Drop

SUFFIX = ".receipt.json"
HELD_SUFFIX = ".held.receipt.json"
_HELD = "The file arrived whole and is safe. It is held for a person at the gateway; nothing of it was delivered."
_PARTLY = (
    "The file arrived whole and was read, but not all of it could be passed on. A person at the gateway takes over."
)
_WAIT = "Do not send it again; you get the acknowledgments when the case is settled."


def held_receipt(claimed: Claimed, reason: str = "", *, partly: bool = False) -> bytes:
    """Return the receipt of a held drop. reason: one sentence fit for the sender, "" = ours to find out."""
    message = f"{_PARTLY if partly else _HELD} {reason}".strip()
    return _receipt(claimed, verdict="quarantine", message=message, fix=_WAIT)


def duplicate_receipt(claimed: Claimed, earlier: Drop, answers: int) -> bytes:
    """Return the receipt of a drop whose bytes the partner sent before. answers: how many of the first go with it."""
    first = {"receipt_id": earlier.receipt, "file_name": earlier.file_name, "received_at": earlier.received_at}
    message, fix = "The same bytes came before. Nothing was delivered again; ", "Nothing to do. "
    if answers:
        message += "the first acknowledgments are sent once more."
    elif earlier.state == "failed":
        message += "the first file could not be delivered yet, and its acknowledgments come when it is."
        fix = "Wait: the operator was told. "
    else:
        message += "the first acknowledgments are not kept any more."
    return _receipt(
        claimed,
        verdict="duplicate",
        message=message,
        fix=f"{fix}What other files changed since stays changed. To change a shipment, or to change it back, send an amendment with new control numbers; a format without them needs other bytes.",
        duplicate_of=first,
    )


def unwrapped_receipt(claimed: Claimed, members: list[dict[str, str]]) -> bytes:
    """Return the receipt of an archive: what was taken out of it. members: receipt_id and file_name of each."""
    message = f"{len(members)} file{'s' if len(members) != 1 else ''} taken out; each gets its own receipt and answers."
    return _receipt(claimed, verdict="accept", message=message, fix="Nothing to do.", members=members)


def responses_receipt(
    claimed: Claimed, facts: dict[str, object], message: str = "The responses were taken up."
) -> bytes:
    """Return the receipt of responses. facts: passed_on, repeated, unknown."""
    return _receipt(claimed, verdict="accept", message=message, fix="Nothing to do.", **facts)


def _receipt(claimed: Claimed, **facts: object) -> bytes:
    head = {
        "receipt_id": claimed.receipt,
        "partner": claimed.partner,
        "file_name": claimed.file_name,
        "size": claimed.size,
        "sha256": claimed.sha256,
        "received_at": claimed.received_at,
    }
    return json.dumps(head | facts, ensure_ascii=False, indent=2).encode() + b"\n"
