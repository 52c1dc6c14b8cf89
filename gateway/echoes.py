"""One fault of one element is told once: a remark of the reader goes where the mapping says of the same element that it cannot be used.

XML-UNIT   unitCode "XYZ" of GrossWeightMeasure is none of KGM and LBR        -> MAP-WEIGHT, of each shipment, with its value
XML-TWICE  OriginCountry stands there again: the first was read               -> MAP-AMBIGUOUS, which refuses: none was read
"""

from __future__ import annotations

import re

from gateway.findings import Finding

TWICE = "XML-TWICE"
"""What stands in the head of a message waits for its shipments: all of them may be refused for it."""


def unsaid(remarks: list[Finding], mapped: list[Finding]) -> list[Finding]:
    """Return the reader's findings about a shipment that the mapping's findings do not say in better words."""
    return [remark for remark in remarks if not any(_says(finding, remark) for finding in mapped)]


def _says(finding: Finding, remark: Finding) -> bool:
    there, here = finding.position.xpath.replace("[1]", ""), remark.position.xpath.replace("[1]", "")
    if not there:
        return False
    if remark.rule == "XML-UNIT":  # a unit that is known in other words, beside a weight that is none, is another fault
        return there == here and f'unit "{remark.value}" is not known' in finding.message
    if remark.rule == TWICE and finding.refuses:
        first = re.sub(r"\[[0-9]+\]$", "", here)
        return there == first or there.startswith(f"{first}/")
    return False
