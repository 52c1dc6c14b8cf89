"""WCO Data Model declarations and UBL waybills, by mapping alone: documents.csv says which, gateway.formats.xml reads.

Answered with the plain receipt, reject file and report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gateway.formats.xml import DIALECT, XmlReader, kinds_of, score
from gateway.profile import Profile
from gateway.records import Event, Node
from gateway.results import AckRequest

ACKS: dict[str, Callable[[AckRequest], Iterator[bytes]]] = {}


def sniff(head: bytes) -> float:
    """Return 1 for a root element of ours."""
    return score(head, __package__)


def read(chunks: Iterable[bytes], profile: Profile, scale: tuple[int, int] = (0, 1)) -> Iterator[Event]:
    """Yield the events of one file; scale maps offsets of transcoded text back to the received bytes (base, factor)."""
    return XmlReader("wco_xml", kinds_of(__package__), profile, scale).read(chunks)


def identify(node: Node) -> dict[str, str]:
    """Return nothing: where the numbers stand, the mapping says."""
    return {}


def segments(node: Node) -> list[tuple[int, list[str]]]:
    """Return nothing: no answer echoes elements."""
    return []


__all__ = ["ACKS", "DIALECT", "identify", "read", "segments", "sniff"]
