"""UN/EDIFACT: reading CUSCAR, CUSREP, IFCSUM, IFTMIN and the answers that come back; writing CONTRL, APERAK, CUSRES."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.formats.delimited import Scale
from gateway.formats.edifact.ack_aperak import write_aperak
from gateway.formats.edifact.ack_contrl import write_contrl
from gateway.formats.edifact.ack_cusres import write_cusres
from gateway.formats.edifact.identify import identify
from gateway.formats.edifact.paths import DIALECT
from gateway.formats.edifact.reader import EdifactReader
from gateway.formats.edifact.service import sniff
from gateway.profile import Profile
from gateway.records import Event, Node

ACKS = {"CONTRL": write_contrl, "APERAK": write_aperak, "CUSRES": write_cusres}
"""Acknowledgment kind -> writer(request) -> chunks of bytes; an empty stream means that nothing is to be sent."""


def read(chunks: Iterable[bytes], profile: Profile, scale: tuple[int, int] = (0, 1)) -> Iterator[Event]:
    """Yield the events of one file; scale maps offsets of transcoded text back to the received bytes (base, factor)."""
    return EdifactReader(profile, Scale(*scale)).read(chunks)


def segments(node: Node) -> list[tuple[int, list[str]]]:
    """Return (position, elements) of a node and all below it, in file order."""
    return [(n.position, n.elements) for n in node.walk()]


__all__ = ["ACKS", "DIALECT", "identify", "read", "segments", "sniff"]
