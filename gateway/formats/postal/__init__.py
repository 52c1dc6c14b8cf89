"""Postal advance data: ITMATT in the gateway's own XML profile (the UPU's XML text is not public).

ITMATT and PREDES in EDIFACT are read by gateway.formats.edifact. Documents are rows of documents.csv.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.formats.postal.ack_cusrsp import write_cusrsp
from gateway.formats.xml import DIALECT, XmlReader, kinds_of, score
from gateway.profile import Profile
from gateway.records import Event, Node

ACKS = {"CUSRSP": write_cusrsp}
ACK_ENDINGS = {"CUSRSP": "xml"}


def sniff(head: bytes) -> float:
    """Return 1 for a root element of ours."""
    return score(head, __package__, near=0.7)


def read(chunks: Iterable[bytes], profile: Profile, scale: tuple[int, int] = (0, 1)) -> Iterator[Event]:
    """Yield the events of one file; scale maps offsets of transcoded text back to the received bytes (base, factor)."""
    return XmlReader("postal", kinds_of(__package__), profile, scale).read(chunks)


def identify(node: Node) -> dict[str, str]:
    """Return the item number of an item that was not mapped."""
    number = (getattr(node, "attributes", None) or {}).get("id", "")
    return {"shipment_tracking_number": number} if number else {}


def segments(node: Node) -> list[tuple[int, list[str]]]:
    """Return nothing: the answer echoes item numbers only."""
    return []


__all__ = ["ACKS", "ACK_ENDINGS", "DIALECT", "identify", "read", "segments", "sniff"]
