"""What a consignment is called, as far as it can be told without a mapping: for rejects that never reached one."""

from __future__ import annotations

from gateway.formats.edifact.composites import components
from gateway.formats.edifact.root import MessageRoot
from gateway.records import Node, Separators

_HOUSE = ("HWB", "BH", "AAM", "XC", "AAS")
_MASTER = ("MWB", "MB", "AWB")
_DEFAULT = Separators("+", ":", "'", release="?")


def identify(unit: Node) -> dict[str, str]:
    """Return house_bill_number and master_bill_number where they stand.

    House bill: RFF HWB, BH, AAM, XC, AAS below CNI, else CNI 1004; of a message that is one shipment BGM 1004.
    """
    root: Node = unit
    while root.parent is not None:
        root = root.parent
    s = root.separators if isinstance(root, MessageRoot) else _DEFAULT
    references: dict[str, str] = {}
    open_nodes = [unit]
    for above in open_nodes:  # grows while it is read: those above come first
        for tag, nodes in (above.children or {}).items():
            open_nodes += [node for node in nodes if node.children]
            for node in nodes if tag == "RFF" else ():
                parts = components(node, 1, s)
                if len(parts) > 1 and parts[1].strip():
                    references.setdefault(parts[0].strip(), parts[1].strip())
    house = next((references[q] for q in _HOUSE if q in references), "") or _number(unit, s)
    master = next((references[q] for q in _MASTER if q in references), "")
    found = {"house_bill_number": house, "master_bill_number": master}
    return {name: value for name, value in found.items() if value}


def _number(unit: Node, s: Separators) -> str:
    named = unit if unit.tag == "CNI" else next(iter((unit.children or {}).get("BGM", [])), None)
    parts = components(named, 2, s) if named is not None else []
    return parts[0].strip() if parts else ""
