"""What the tokenizer yields: headers, segments (gateway.records.Node) and findings, with offsets of the received file."""

from __future__ import annotations

import msgspec

from gateway.findings import Finding
from gateway.records import Node, Separators


class Header(msgspec.Struct, frozen=True):
    """One ISA segment. elements[0] = "ISA", elements[1..16] padded as received; faults: what is irregular about it."""

    elements: list[str]
    separators: Separators
    offset: int
    line: int
    length: int
    faults: tuple[Finding, ...] = ()


Token = Header | Node | Finding
