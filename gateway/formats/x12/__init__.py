"""X12: reading 309, 856, 204, 110, 310, 358 and the acknowledgments that come back; answering with TA1, 997, 999, 824, 355."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.formats.delimited import Scale
from gateway.formats.tree import RootNode, TreeDialect
from gateway.formats.x12 import ack_355, ack_824, ack_997, ack_999, ack_ta1
from gateway.formats.x12.layout import data_elements
from gateway.formats.x12.reach import problems
from gateway.formats.x12.reader import X12Reader, sniff
from gateway.formats.x12.sets import set_kinds
from gateway.profile import Profile
from gateway.records import Event, Node


def _data_element(root: Node, tag: str, element: int) -> str:
    facts = root.envelope if isinstance(root, RootNode) else {}
    return data_elements(facts.get("ST01", ""), facts.get("GS08", "")).get((tag, element), "")


DIALECT = TreeDialect("x12", problems, _data_element, seated=True)

ACKS = {"TA1": ack_ta1.write, "997": ack_997.write, "999": ack_999.write, "824": ack_824.write, "355": ack_355.write}
"""Acknowledgment kind -> writer, in the order they are sent."""


def read(chunks: Iterable[bytes], profile: Profile, scale: tuple[int, int] = (0, 1)) -> Iterator[Event]:
    """Yield the events of one file; scale maps offsets of transcoded text back to the received bytes (base, factor)."""
    return X12Reader(profile, Scale(*scale)).read(chunks)


def identify(unit: Node) -> dict[str, str]:
    """Return the identifiers of a bill as far as they can be read without a mapping: M11-01, M11-12, else M13-04."""
    children = unit.children or {}
    if "M11" in children:
        m11 = children["M11"][0]
        return {"house_bill_number": m11.element(1).strip(), "house_bill_issuer": m11.element(12).strip()}
    if "M13" in children:
        m13 = children["M13"][0]
        return {"house_bill_number": m13.element(4).strip(), "house_bill_issuer": m13.element(9).strip()}
    return _references(unit)


_NAMES = {"BM": "house_bill_number", "2I": "shipment_tracking_number"}


def _references(unit: Node) -> dict[str, str]:
    """Return the bill (BM) and tracking number (2I) that N9, REF or L11 below a unit name first."""
    found: dict[str, str] = {}
    for node in unit.walk():
        if node.tag in ("N9", "REF", "L11"):
            kind, number = (2, 1) if node.tag == "L11" else (1, 2)
            name = _NAMES.get(node.element(kind))
            if name and node.element(number).strip():
                found.setdefault(name, node.element(number).strip())
    return found


def segments(node: Node) -> list[tuple[int, list[str]]]:
    """Return (position, elements) of a node and all below it, in file order.

    With the P4 that a bill stands under, and of a whole set with those that others took the place of.
    """
    nodes = list(node.walk())
    if isinstance(node, RootNode) and node.turned:
        nodes = sorted((*node.turned, *nodes), key=lambda n: n.position)
    elif node.parent is not None and node.parent.tag == "P4":
        nodes.insert(0, node.parent)
    return [(n.position, n.elements) for n in nodes]


__all__ = ["ACKS", "DIALECT", "identify", "read", "segments", "set_kinds", "sniff"]
