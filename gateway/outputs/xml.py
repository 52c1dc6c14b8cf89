"""The tree of an output -> XML bytes, and the check against the standard's table of elements."""

from __future__ import annotations

from lxml import etree

from gateway.findings import Finding, Scope, Severity
from gateway.formats.xml import xml_characters
from gateway.outputs.elements import Element, Tag, finish, missing, plant
from gateway.outputs.fill import Filled
from gateway.outputs.layout import Layout


def document(layout: Layout, filled: list[Filled], shipment: str) -> tuple[bytes, list[Finding]]:
    """Return the document of one shipment and the required elements that it lacks.

    Root and its children stand in the namespace of the message, everything below in that of the data model.
    """
    kind = layout.kind
    assert kind is not None
    tree = Element(Tag(kind.root))
    for one in filled:
        if one.text and one.field.goal is not None:
            plant(tree, one.field.goal, one.text, layout.items, one.number, live=one.live)
    finish(tree, kind)
    root = etree.Element(f"{{{kind.namespace}}}{kind.root}", nsmap={"rsm": kind.namespace, "ram": layout.namespace})
    for child in tree.children:
        _write(child, etree.SubElement(root, f"{{{kind.namespace}}}{child.tag.name}"), layout.namespace)
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return data, list(_lacking(layout, tree, filled, shipment))


def _write(element: Element, node: etree._Element, namespace: str) -> None:
    for name, value in element.attributes.items():
        node.set(name, xml_characters(value))
    if element.text:
        node.text = xml_characters(element.text)
    for child in element.children:
        _write(child, etree.SubElement(node, f"{{{namespace}}}{child.tag.name}"), namespace)


def _lacking(layout: Layout, tree: Element, filled: list[Filled], shipment: str) -> list[Finding]:
    """Return a finding for each required element that is missing and that no field of the table told of."""
    kind = layout.kind
    assert kind is not None
    told = {
        "/".join(one.field.goal.names)
        for one in filled
        if not one.text and one.field.required and one.field.goal is not None
    }
    found = []
    for path in dict.fromkeys(missing(tree, kind)):
        if any(f"{target}/".startswith(f"{path}/") for target in told):
            continue
        said = f"The standard asks for {path} in {kind.type}; nothing filled it."
        mend = "Add a row for it to the table, or fill it in by hand."
        found.append(
            Finding("OUT-ELEMENT", Severity.ERROR, Scope.SHIPMENT, said, target=path, shipment=shipment, fix=mend)
        )
    return found
