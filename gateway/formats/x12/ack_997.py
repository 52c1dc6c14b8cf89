"""997 functional acknowledgment, for groups below version 005010 (or as the partner wants)."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.x12.ack_functional import Functional
from gateway.results import AckRequest


def write(request: AckRequest) -> Iterator[bytes]:
    """Yield the interchange with one 997 per functional group that is to be answered by 997; else nothing."""
    return Functional(request, implementation=False).write()
