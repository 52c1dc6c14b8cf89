"""Postal advance data: ITMATT and PREDES in the gateway's own XML profile (the UPU's XML text is not public), PREDES in JSON.

ITMATT and PREDES in EDIFACT are read by gateway.formats.edifact. Documents are rows of documents.csv (XML) and of
json_documents.csv.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.formats.objects import Reading, names_all_keys, read_either
from gateway.formats.postal.ack_cusrsp import write_cusrsp
from gateway.formats.postal.json_file import documents, names
from gateway.formats.xml import DIALECT, kinds_of, score, text_at
from gateway.profile import Profile
from gateway.records import Event, Node

ACKS = {"CUSRSP": write_cusrsp}
ACK_ENDINGS = {"CUSRSP": "xml", "CUSRSP:json": "json"}


def sniff(head: bytes) -> float:
    """Return 1 for a root element of ours, or for JSON that names the keys of a document of ours."""
    return 1.0 if names_all_keys(head, documents()) else score(head, __package__, near=0.7)


def read(chunks: Iterable[bytes], profile: Profile, scale: tuple[int, int] = (0, 1)) -> Iterator[Event]:
    """Yield the events of one file; scale maps offsets of transcoded text back to the received bytes (base, factor)."""
    return read_either(chunks, scale, Reading("postal", documents(), profile, names), kinds_of(__package__))


def identify(node: Node) -> dict[str, str]:
    """Return the item number of an item that was not mapped."""
    number = text_at(node, ("@id",)) or text_at(node, ("ItemId",))
    return {"shipment_tracking_number": number} if number else {}


def segments(node: Node) -> list[tuple[int, list[str]]]:
    """Return nothing: the answer echoes item numbers only."""
    return []


__all__ = ["ACKS", "ACK_ENDINGS", "DIALECT", "identify", "read", "segments", "sniff"]
