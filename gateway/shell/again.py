"""Is a file that holds the name of a delivery that very delivery, made of the same bytes at another time?

After a restore the ledger does not know what was delivered since the backup. A file that is sent again then gives the same
message, with another time of receipt: nobody is told it twice, and the drop is not held for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

_SECONDS = len("2025-03-03T10:00:00")
_SHIPMENTS = b'"shipments":['
_HEAD = 65_536  # an envelope is some 1,000 bytes


class Stored(NamedTuple):
    """Size and SHA-256 of a file."""

    size: int
    sha256: str


def earlier_delivery(ours: Iterable[bytes], theirs: Iterable[bytes]) -> Stored | None:
    """Return size and hash of `theirs` when only the time of receipt tells it from `ours`; None: it is another file."""
    total, count = hashlib.sha256(), 0

    def counted() -> Iterator[bytes]:
        nonlocal count
        for block in theirs:
            total.update(block)
            count += len(block)
            yield block

    own, found = _head(iter(ours)), _head(counted())
    if own is None or found is None or own[0] != found[0] or _digest(own[1]) != _digest(found[1]):
        return None
    return Stored(count, total.hexdigest())


def _head(blocks: Iterator[bytes]) -> tuple[dict[str, Any], Iterator[bytes]] | None:
    """Return the envelope of a canonical message without its times of receipt, and the bytes behind it; None: it is none."""
    begun = b""
    for block in blocks:
        begun += block
        at = begun.find(_SHIPMENTS)
        if at >= 0 or len(begun) > _HEAD:
            break
    else:
        return None
    try:
        envelope = json.loads(begun[:at] + _SHIPMENTS + b"]}") if at >= 0 else None
        received = envelope["source"].pop("received_at") if envelope else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not envelope or not envelope["source"].get("file_sha256"):
        return None
    if str(envelope.get("created_at"))[:_SECONDS] == str(received)[:_SECONDS]:  # the file has no time of its own
        del envelope["created_at"]
    return envelope, _behind(begun[at:], blocks)


def _behind(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from blocks


def _digest(blocks: Iterable[bytes]) -> bytes:
    total = hashlib.sha256()
    for block in blocks:
        total.update(block)
    return total.digest()
