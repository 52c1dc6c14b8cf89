"""IATA Cargo-IMP and CBP Air AMS texts: FWB, FHL, FFM, FRI, FRC, FRX and the answers; writing FMA and FNA.

Which lines a message has is lines.csv; how paths read them is message.py with the tree dialect of segments.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from gateway.formats.cargo_imp.ack_fma import write_fma
from gateway.formats.cargo_imp.ack_fna import write_fna
from gateway.formats.cargo_imp.message import ImpNode
from gateway.formats.cargo_imp.reader import ImpReader
from gateway.formats.cargo_imp.split import IDENTIFIER, Line, goes_on, without_headers
from gateway.formats.tree import TreeDialect
from gateway.profile import Profile
from gateway.records import Event, Node

DIALECT = TreeDialect("cargo_imp")
ACKS = {"FMA": write_fma, "FNA": write_fna}
ACK_ENDINGS = {"FMA": "txt", "FNA": "txt"}


def sniff(head: bytes) -> float:
    """Return 1 when an identifier line stands among the first lines, behind an envelope (Type B, SITATEX) at most; less in small letters."""
    lines = (line.strip(" \t\r\0\x01\x02\x03\x04") for line in head[:2048].decode("latin-1").splitlines())
    addressed = False
    for line in itertools.islice(without_headers(Line(text.upper(), 0, 0, 1, received=text) for text in lines), 30):
        if IDENTIFIER.fullmatch(line.text):
            return (
                1.0 if line.text == line.received else 0.5
            )  # told by the reader, or folded where the partner file says so
        addressed = goes_on(line.text, addressed)
        if line.text and not addressed and not re.fullmatch(r"Q[A-Z] .*|\..*|ZCZC.*|=.*", line.text):
            return 0.0
    return 0.0


def read(chunks: Iterable[bytes], profile: Profile, scale: tuple[int, int] = (0, 1)) -> Iterator[Event]:
    """Yield the events of one file; scale maps offsets of transcoded text back to the received bytes (base, factor)."""
    return ImpReader(profile, scale).read(chunks)


def identify(node: Node) -> dict[str, str]:
    """Return the numbers of a shipment that was not mapped."""
    if node.tag == "HBS":
        return {"house_bill_number": node.element(1)} if node.element(1) else {}
    awb = (node.children or {}).get("AWB", [node] if node.tag == "AWB" else [])
    number = awb[0].element(1)[:12].replace("-", "") if awb else ""
    return {"master_bill_number": number} if number else {}


def segments(node: Node) -> list[tuple[int, list[str]]]:
    """Return the lines of a message for its answer, which repeats them, by their numbers in the file."""
    lines = node.lines if isinstance(node, ImpNode) else None
    return [(number, [text]) for number, text in lines or ()]


__all__ = ["ACKS", "ACK_ENDINGS", "DIALECT", "identify", "read", "segments", "sniff"]
