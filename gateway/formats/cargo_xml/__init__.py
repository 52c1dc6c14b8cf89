"""IATA Cargo-XML: reading XFWB, XFZB, XFHL, XFFM and the XFNM that comes back; writing XFNM.

The documents are rows of documents.csv; everything else is gateway.formats.xml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from gateway.formats.cargo_xml.ack_xfnm import write_xfnm
from gateway.formats.xml import DIALECT, Kind, XmlReader, read_kinds, root_of
from gateway.profile import Profile
from gateway.records import Event, Node

ACKS = {"XFNM": write_xfnm}
ACK_ENDINGS = {"XFNM": "xml"}


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the documents that are read."""
    return read_kinds(files(__package__).joinpath("documents.csv").read_text("utf-8"))


def sniff(head: bytes) -> float:
    """Return 1 for a root element of ours, a little for any XML: then the reader says what is wrong with it."""
    name, namespace = root_of(head)
    if any(kind.fits(name, namespace) for kind in kinds()):
        return 1.0
    return 0.6 if any(kind.root == name for kind in kinds()) else 0.2 if name else 0.0


def read(chunks: Iterable[bytes], profile: Profile, scale: tuple[int, int] = (0, 1)) -> Iterator[Event]:
    """Yield the events of one file; scale maps offsets of transcoded text back to the received bytes (base, factor)."""
    return XmlReader("cargo_xml", kinds(), profile, scale).read(chunks)


def identify(node: Node) -> dict[str, str]:
    """Return the numbers of a shipment that was not mapped."""
    numbers = {}
    for name, path in (
        ("house_bill_number", ("BusinessHeaderDocument", "ID")),
        ("master_bill_number", ("MasterConsignment", "TransportContractDocument", "ID")),
    ):
        at: Node | None = node
        for step in path:
            below = (at.children or {}).get(step) if at is not None else None
            at = below[0] if below else None
        if at is not None and at.element(1):
            numbers[name] = at.element(1)
    return numbers


def segments(node: Node) -> list[tuple[int, list[str]]]:
    """Return nothing: an XFNM echoes no elements."""
    return []


__all__ = ["ACKS", "ACK_ENDINGS", "DIALECT", "identify", "read", "segments", "sniff"]
