"""Several carriages (TDT) of one stage: which one counts, so that the values of a shipment are those of one of them.

    TDT+20+AA1'  LOC+11+KRICN'     a leg before
    TDT+20+XX901' LOC+11+USJFK'    the one that arrives in the United States: TDT[20] of a mapping path is this one

The standard has no order of legs (8051 tells stages, 20 is the main one), so the places must tell it: exactly one leg
that arrives in the United States, and from elsewhere. Where they do not, the path leads to all legs and the base tables
refuse (`TDT[20].@carriage repeated`). A lorry is named by several TDT (plate, VIN, transponder): they are one carriage.
"""

from __future__ import annotations

from gateway.findings import Finding, Scope, Severity
from gateway.formats.edifact.composites import separators_of
from gateway.records import Node, Separators

ARRIVES = frozenset(("11", "60"))  # LOC 3227: discharge, arrival
ENDS = frozenset(("8",))  # destination: where the leg names no arrival
DEPARTS = frozenset(("5", "9", "125"))  # departure, loading, last foreign port
_OURS = ("US", "PR")  # UN location codes of the customs territory begin so
_SCHEDULE_D = "77"


def that_count(nodes: list[Node], root: Node) -> list[Node]:
    """Return those of several TDT of one stage that are the carriage which arrives; all when that cannot be told.

    TDT of the same carriage are told in several groups.
    """
    legs: dict[tuple[str, ...], list[Node]] = {}
    for node in nodes:
        if told := carriage(node):
            legs.setdefault(told, []).append(node)
    if len(legs) < 2:
        return nodes
    separators = separators_of(root)
    arriving = []
    for leg in legs.values():
        places = [place for node in leg for place in _places(node, separators)]
        arrives = {ours for stage, ours in places if stage in ARRIVES} or {o for stage, o in places if stage in ENDS}
        if None in arrives:  # an airport code: we cannot say where it lies
            return nodes
        if True in arrives and not any(ours for stage, ours in places if stage in DEPARTS):
            arriving.append(leg)
    return arriving[0] if len(arriving) == 1 else nodes


def carriage(node: Node) -> tuple[str, ...]:
    """Return what tells a carriage from another one: the elements of its TDT, by road without the vehicle (C222).

    () for one that names a vehicle or a stage and nothing else (CBP ACE: TDT+11+++++++:146::VIN).
    """
    told = node.elements[: _VEHICLE if len(node.elements) > _VEHICLE and _by_road(node) else None]
    return tuple(told) if any(told[2:_VEHICLE]) else ()


def _by_road(node: Node) -> bool:
    """True for mode 3 (UN recommendation 19), also as 03 or 30."""
    return node.element(3).strip().lstrip("0").startswith("3")


_VEHICLE = 8  # place of C222 in a TDT


def _places(node: Node, s: Separators) -> list[tuple[str, bool | None]]:
    """Return (3227, whether it lies in the US, None = not known) for each LOC of a carriage."""
    found = []
    for place in (node.children or {}).get("LOC", ()):
        code, listed, *_ = [*place.element(2).split(s.component), "", ""]
        found.append((place.element(1).strip(), _ours(code.strip().upper(), listed.strip())))
    return found


def _ours(code: str, listed: str) -> bool | None:
    """True for a port of Schedule D and a UN location code of the US, None for what is neither."""
    if listed == _SCHEDULE_D or (len(code) == 4 and code.isdigit()):
        return True
    return code.startswith(_OURS) if len(code) == 5 else None


def lent(unit: Node, root: Node) -> Finding | None:
    """Return what is to be said of a consignment with a carriage of its own that leaves something to that of the header.

    The header's counts for what the consignment leaves out. Where it is not known which one that is, the consignment is
    refused; where both name a voyage, and not the same, port and arrival of the other are told.
    """
    above = (root.children or {}).get("TDT")
    carriages = _of_consignment(unit) if above else None
    if not above or not carriages:
        return None
    if len(above) == 1 == len(carriages) and carriages[0].element(2) in ("", above[0].element(2)):
        return None  # the usual case: the same voyage
    own = _of_stage(carriages, root, ("20", "11"))
    if not own:
        return None
    header = _of_stage(above, root, ("20", "11", "12"))
    if len(header) > 1 and len(set(filter(None, map(carriage, header)))) > 1:
        return _left_to_nobody(own[0], root)
    voyage, other = own[0].element(2).strip(), header[0].element(2).strip() if header else ""
    if not voyage or not other or voyage == other:
        return None
    lacks = [word for word in _LENT if not _names(own[0], word, root)]
    taken = [word for word in lacks if _names(header[0], word, root)]
    if not taken:
        return None
    said = f"The consignment goes with {voyage} (TDT), which names no {' and no '.join(taken)}: that of {other} in the header was taken."
    return Finding("MAP-AMBIGUOUS", Severity.WARNING, Scope.SHIPMENT, said, own[0].place(2))


def _left_to_nobody(own: Node, root: Node) -> Finding | None:
    """Return the refusal of a consignment whose carriage lacks what several carriages of the header would give."""
    s = separators_of(root)
    parts = {"voyage": own.element(2), "mode": own.element(3), "carrier": own.element(5)}
    lacks = [word for word, text in parts.items() if not text.partition(s.component)[0].strip()]
    lacks += [word for word in _LENT if not _names(own, word, root)]
    function = next((bgm.element(3).strip() for bgm in (root.children or {}).get("BGM", ())), "")
    if not lacks or function in _CANCELS:
        return None
    said = f"The carriage of the consignment names no {' and no '.join(lacks)}, and the header has several voyages or flights (TDT+20): nothing tells which one arrives. {_SEND}"
    return Finding("MAP-AMBIGUOUS", Severity.ERROR, Scope.SHIPMENT, said, own.place())


_CANCELS = frozenset(("1", "3"))  # BGM 1225
_SEND = "Send only the carriage that arrives in the US as TDT+20 (those before it as TDT+10), or say of each where it leaves and arrives (LOC+9, LOC+11)."
_LENT = ("port", "arrival")
_ENDS_COUNT = ("IFCSUM", "IFTMIN")  # messages whose tables read the destination (LOC+8) where no arrival is named


def _of_consignment(unit: Node) -> list[Node]:
    children = unit.children or {}
    if "TDT" in children:
        return children["TDT"]
    bills = children.get("RFF", ())
    return [node for bill in bills if bill.children is not None for node in bill.children.get("TDT", ())]


def _of_stage(nodes: list[Node], root: Node, stages: tuple[str, ...]) -> list[Node]:
    """Return the TDT of the first of some stages that any has, as a mapping path finds them."""
    for stage in stages:
        found = [node for node in nodes if node.element(1) == stage]
        if found:
            return that_count(found, root)
    return []


def _names(node: Node, word: str, root: Node) -> bool:
    """True when a carriage names its port or its arrival, in any of the places where the tables read them."""
    s = separators_of(root)
    ports = _with(node, "LOC", ARRIVES, s)
    if not ports and root.element(2).startswith(_ENDS_COUNT):
        ports = _with(node, "LOC", ENDS, s)
    if word == "port":
        return bool(ports)
    return any(_with(one, "DTM", _ARRIVAL, s) for one in (node, *ports))


_ARRIVAL = frozenset(("132",))  # DTM 2005


def _with(node: Node, tag: str, stages: frozenset[str], s: Separators) -> list[Node]:
    return [
        one for one in (node.children or {}).get(tag, ()) if one.element(1).partition(s.component)[0].strip() in stages
    ]
