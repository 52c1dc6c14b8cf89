"""Paths lead to what a plain walk finds, however often an element on the way repeats."""

from __future__ import annotations

import random

import pytest

from gateway.dialect import Path
from gateway.formats.xml import DIALECT, XmlNode
from gateway.mapping.grammar import parse_path
from tests.drops import drop, sample
from tests.test_nothing_silent import BEFORE
from tests.test_wco_ubl_places import WCO

PATHS = ("A", "A/B", "A/B/C", "A/B[K=1|2]", "A/B/C[K=1|2]", "A/B/C[K=1|2]/D", "A[K=1]/B/C", "A/B[@k=1|]/C[K=!1]", "/A/B/C[K=1]", "/A/B", "../A/B/C[K=2|]", "A/../A/B[K=1]")  # fmt: skip


def tree(draw: random.Random, depth: int = 0, up: XmlNode | None = None) -> XmlNode:
    tag = "R" if not depth else "ABCDK"[depth - 1] if draw.random() < 0.6 else draw.choice("ABCDK")
    node = XmlNode(tag, [tag], 0, 0, 1, 0, up=up)
    if draw.random() < 0.3:
        node.attributes = {"k": draw.choice(("", "1", "2"))}
    for _ in range(draw.choice((0, 1, 2, 3)) if 0 < depth < 5 else 4 * (depth == 0)):
        child = tree(draw, depth + 1, node)
        node.children = node.children or {}
        node.children.setdefault(child.tag, []).append(child)
        child.number = len(node.children[child.tag])
    if not node.children:
        node.elements.append(draw.choice("123"))
    return node


def walked(path: Path, node: XmlNode, root: XmlNode) -> list[XmlNode]:
    """Return what a path leads to, step by step."""
    nodes = [root if path.absolute else node]
    for step in path.steps:
        if step.name == "..":
            nodes = [one.up for one in nodes if one.up is not None]
            continue
        nodes = [child for one in nodes for child in (one.children or {}).get(step.name, ())]
        if not step.values:
            continue
        codes = [_code(one, step.qualifier) for one in nodes]
        if step.values[0].startswith("!"):
            nodes = [one for one, code in zip(nodes, codes, strict=True) if code not in (step.values[0][1:], *step.values[1:])]  # fmt: skip
            continue
        first = next((value for value in step.values if value in codes), None)
        nodes = [one for one, code in zip(nodes, codes, strict=True) if code == first]
    return nodes


def _code(node: XmlNode, qualifier: str) -> str:
    if qualifier.startswith("@"):
        return (node.attributes or {}).get(qualifier[1:], "")
    below = (node.children or {}).get(qualifier)
    return below[0].element(1) if below else ""


@pytest.mark.parametrize("text", PATHS)
def test_a_path_leads_to_what_a_plain_walk_finds(text):
    path, found = parse_path(text), 0
    for seed in range(300):
        root = tree(random.Random(seed))
        for node in (root, *[one for one in root.walk() if one.tag == "A"][:3]):
            expected = walked(path, node, root)
            assert DIALECT.finder(path, "")(node, root) == expected
            found += len(expected)
    assert found > 3


def test_a_number_below_a_consignment_that_stands_again_is_found():
    again = b"<Consignment><ArrivalDateTime>x</ArrivalDateTime></Consignment><Consignment>"
    (found,) = drop(WCO.replace(b"<Consignment>", again, 1), now=BEFORE).messages()[0]["shipments"]
    assert found["house_bill_number"] == "GWH0001001"


def test_the_code_of_a_carrier_is_found_among_its_other_numbers():
    data = sample("xml-extra/01")
    code = b"<cac:PartyIdentification><cbc:ID>NRTX</cbc:ID></cac:PartyIdentification>"
    assert code in data
    other = code.replace(b"<cbc:ID>NRTX", b'<cbc:ID schemeID="GLN">5798000020000')
    for name, kind in ((b"NRTX", "scac"), (b"LH", "iata")):
        own = code.replace(b"<cbc:ID>NRTX", b'<cbc:ID schemeID="%s">%s' % (kind.upper().encode(), name))
        (found,) = drop(data.replace(code, other + own), now=BEFORE).messages()[0]["shipments"]
        assert (found["carrier_code"], found["carrier_code_type"]) == (name.decode(), kind)
