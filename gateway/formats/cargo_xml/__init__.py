"""IATA Cargo-XML: reading XFWB, XFZB, XFHL, XFFM and the XFNM that comes back; writing XFNM.

The documents are rows of documents.csv; everything else is gateway.formats.xml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.formats.cargo_xml.ack_xfnm import write_xfnm
from gateway.formats.xml import DIALECT, XmlReader, kinds_of, score, text_at
from gateway.profile import Profile
from gateway.records import Event, Node

ACKS = {"XFNM": write_xfnm}
ACK_ENDINGS = {"XFNM": "xml"}


def sniff(head: bytes) -> float:
    """Return 1 for a root element of ours, a little for any XML: then the reader says what is wrong with it."""
    return score(head, __package__, near=0.6, other=0.2)


def read(chunks: Iterable[bytes], profile: Profile, scale: tuple[int, int] = (0, 1)) -> Iterator[Event]:
    """Yield the events of one file; scale maps offsets of transcoded text back to the received bytes (base, factor)."""
    return XmlReader("cargo_xml", kinds_of(__package__), profile, scale).read(chunks)


def identify(node: Node) -> dict[str, str]:
    """Return the numbers of a shipment that was not mapped."""
    numbers = {
        "house_bill_number": text_at(node, ("BusinessHeaderDocument", "ID")),
        "master_bill_number": text_at(node, ("MasterConsignment", "TransportContractDocument", "ID")),
    }
    return {name: number for name, number in numbers.items() if number}


def segments(node: Node) -> list[tuple[int, list[str]]]:
    """Return nothing: an XFNM echoes no elements."""
    return []


__all__ = ["ACKS", "ACK_ENDINGS", "DIALECT", "identify", "read", "segments", "sniff"]
