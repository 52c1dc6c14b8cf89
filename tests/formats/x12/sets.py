"""Splits sample files into transaction sets without the product's tokenizer, and feeds a Matcher."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.findings import Finding
from gateway.formats.x12.structure import Matcher, SetTable, SyntaxPolicy, load_table
from gateway.records import Node, Separators

FIXTURES = Path(__file__).parents[3] / "fixtures"
LENIENT = SyntaxPolicy()
SEPARATORS = Separators("*", ">", "~", "^")


@dataclass
class SampleSet:
    """One ST..SE of a file: segments without ST and SE, as lists of elements."""

    set_id: str
    version: str
    functional_id: str
    separators: Separators
    segments: list[list[str]]


def sample_sets(path: Path) -> list[SampleSet]:
    """Return the sets of a well-formed sample; [] when it does not start with an ISA of 106 characters."""
    text = path.read_bytes().decode("latin-1").lstrip("\xef\xbb\xbf")
    if (
        text[:3] != "ISA"
        or len(text.split(text[3])[6]) != 15
        or text[104].isalnum()
        or text[105] in text[3] + text[104]
    ):
        return []
    repetition = "" if text[82].isalnum() else text[82]
    separators = Separators(text[3], text[104], text[105], repetition)
    sets: list[SampleSet] = []
    version = functional_id = ""
    inside = False
    for raw in text.split(text[105]):
        elements = raw.strip("\r\n ").split(text[3])
        if elements[0] == "GS" and len(elements) > 8:
            version, functional_id = elements[8], elements[1]
        elif elements[0] == "ST" and len(elements) > 2:
            sets.append(SampleSet(elements[1], version, functional_id, separators, []))
            inside = True
        elif elements[0] in ("SE", "GE"):
            inside = False
        elif inside and elements != [""]:
            sets[-1].segments.append(elements)
    return sets


@dataclass
class Reading:
    """What a Matcher made of a set."""

    root: Node
    nodes: list[Node]
    units: list[Node]
    findings: list[Finding]
    matcher: Matcher

    def codes(self) -> list[tuple[str, int, str]]:
        """Return (segment, position, codes) of the findings, e.g. ("M11", 5, "8/9/7")."""
        found = []
        for finding in self.findings:
            place = finding.position
            parts = [finding.ack.get("AK304", ""), str(place.element or ""), finding.ack.get("AK403", "")]
            found.append((place.segment, place.segment_position or 0, "/".join(p for p in parts if p)))
        return found

    def rules(self) -> list[str]:
        return [finding.rule for finding in self.findings]


def read(
    segments: str | list[list[str]],
    set_id: str = "309",
    version: str = "005020",
    *,
    policy: SyntaxPolicy = LENIENT,
    separators: Separators = SEPARATORS,
    unit: str | None = None,
    table: SetTable | None = None,
) -> Reading:
    """Feed the segments between ST and SE; text is split at ~ and *, line breaks are ignored. table: None = that of the set."""
    if isinstance(segments, str):
        segments = [part.strip().split("*") for part in segments.split("~") if part.strip()]
    table = table or load_table(set_id, version)
    assert table is not None
    root = Node("ST", ["ST", set_id, "0001"], 0, 11, 1, 1)
    unit = ("LX" if set_id == "309" else "") if unit is None else unit
    matcher = Matcher(table, root, separators, unit, policy)
    nodes: list[Node] = []
    units: list[Node] = []
    findings: list[Finding] = []
    offset = 12
    for position, elements in enumerate(segments, 2):
        length = len("*".join(elements))
        node = Node(elements[0], list(elements), offset, length, position, position)
        offset += length + 1
        nodes.append(node)
        findings += matcher.feed(node)
        units += [matcher.completed] if matcher.completed is not None else []
    findings += matcher.end(Node("SE", ["SE"], offset, 2, len(nodes) + 2, len(nodes) + 2))
    units += [matcher.completed] if matcher.completed is not None else []
    return Reading(root, nodes, units, findings, matcher)
