"""FMA: the message was processed. The received message follows, as it came."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.cargo_imp.answers import results
from gateway.results import AckRequest


def write_fma(request: AckRequest) -> Iterator[bytes]:
    """Yield one FMA for each message of which nothing was refused."""
    for result in results(request):
        if not result.refused:
            lines = ["FMA", "ACK/MESSAGE PROCESSED", *result.lines]
            yield "".join(f"{line}\r\n" for line in lines).encode()
