"""Faults that end the reading of an XML file, or refuse all of it: syntax, limits, a root or a sender that we do not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.xml.bytes_in import Source
from gateway.formats.xml.kinds import Kind, kinds_of, qualified
from gateway.formats.xml.nodes import XmlNode
from gateway.profile import Profile

_ENTITIES = "amplification"
_LIMITS = (
    (_ENTITIES, "its entities would grow beyond all measure"),
    ("depth", "its elements are nested more than 256 deep"),
    ("huge", "one of its texts has more than 10 million characters"),
    ("xmlsax2", "one of its texts has more than 10 million characters"),
)


class FaultError(Exception):
    """Reading ends here: the findings say why."""

    def __init__(self, finding: Finding, *more: Finding) -> None:
        super().__init__(finding.rule)
        self.finding, self.more = finding, more


def doctype() -> Finding:
    """Return that a file has a document type."""
    said = "The file has a DOCTYPE. Document types and entities are not allowed; nothing was loaded or expanded."
    return Finding("XML-DTD", Severity.ERROR, Scope.FILE, said, Position(offset=0, line=1))


_FAMILIES = tuple(f"gateway.formats.{name}" for name in ("cargo_xml", "postal", "wco_xml"))
_LONG = 200  # characters of a namespace that are shown


def families() -> tuple[Kind, ...]:
    """Return the documents that the program reads, of whichever family."""
    return tuple(kind for family in _FAMILIES for kind in kinds_of(family))


def unknown_root(namespace: str, local: str, at: tuple[int, int | None], profile: Profile) -> Finding:
    """Return that a root element is none of those that we read, in whichever family of documents, or of the site's own.

    at: byte and line of the root element.
    """
    own: tuple[Kind, ...] = profile.documents.xml if profile.documents is not None else ()
    known = ", ".join(sorted({qualified(k.root, k.namespace) for k in (*families(), *own)}))
    found, root = namespace[:_LONG], local[:_LONG]
    said = f"The root element {{{found}}}{root} is not one that we read ({known})."
    place = Position(offset=at[0], line=at[1], segment=local, xpath=f"/{local}")
    row = f"root {root} and {f'namespace {found}' if found else 'no namespace'}"
    fix = (
        f"Send one of the documents named; check the namespace. Whoever runs the gateway can let it read this one: what is missing is a row with {row} "
        "in documents.csv of the profile folder, and a mapping folder for it (mappings/ID)."
    )
    return Finding("XML-NS-UNKNOWN", Severity.ERROR, Scope.INTERCHANGE, said, place, value=local, fix=fix)


def kind_of_root(element: Any, offset: int, kinds: tuple[Kind, ...], profile: Profile) -> Kind:
    """Return what a document is by its root element. Raises FaultError for one that we do not know.

    element: of lxml; offset: its byte in the file.
    """
    local = element.tag.rpartition("}")[2]
    namespace = element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""
    found = next((kind for kind in kinds if kind.fits(local, namespace)), None)
    if found is None and profile.options.get("ignore_namespaces", False):
        found = next((kind for kind in kinds if kind.root == local), None)
    if found is None:
        raise FaultError(unknown_root(namespace, local, (offset, element.sourceline), profile))
    return found


def syntax_fault(
    error: etree.XMLSyntaxError, source: Source, root: XmlNode | None, opened: XmlNode | None, *, cut: bool
) -> tuple[Finding, ...]:
    """Return the finding of a file that is not well formed, and of one that was cut. opened: the innermost element without an end."""
    line, column = error.position if error.lineno else source.at
    start = source.start_of(line)
    place = Position(offset=start, line=line)
    text = (error.msg or "").partition(", line")[0]
    if _ENTITIES in text.lower():  # the parser counts the lines of the entity
        line, column, start, place = 1, 1, None, Position(offset=source.received(0), line=1)
    where = (
        f" (line {line} starts at byte {start}; the reader stopped at about its character {column})"
        if start is not None
        else ""
    )
    limit = next((words for part, words in _LIMITS if part in text.lower()), "")
    if limit:
        said = f"The file goes over a limit of the reader: {limit}{where}."
        return (Finding("XML-LIMIT", Severity.ERROR, Scope.INTERCHANGE, said, place),)
    hint = ' Write "&amp;" for "&".' if "EntityRef" in text or "entity" in text.lower() else ""
    said = f"The file is not well-formed XML: {text}{where}.{hint}"
    found = Finding("XML-NOT-WF", Severity.ERROR, Scope.INTERCHANGE, said, place)
    if cut and (line, column) >= source.at and (opened is not None or root is None):
        cut_said = "The file ends before its first element is complete."
        if opened is not None:
            path = opened.xpath()
            cut_said = f"The file ends inside {path}: {path.count('/')} elements are not closed."
        end = Position(offset=source.end, line=line)
        return found, Finding("FILE-TRUNCATED", Severity.ERROR, Scope.INTERCHANGE, cut_said, end)
    return (found,)


def known_sender(sender: str, kind: Kind, root: XmlNode, profile: Profile) -> str:
    """Return the sender that the account may name: a header has a SenderParty for each of its addresses (schemeID P, C, O, T). sender: the first."""
    senders, way = profile.senders, kind.paths["sender"]
    if way[-1].startswith("@") or any(s.matches(s.qualifier, sender) for s in senders):
        return sender
    nodes: list[Any] = [root]
    for step in way:
        nodes = [child for node in nodes for child in (node.children or {}).get(step, ())]
    named = (node.element(1) for node in nodes)
    return next((one for one in named if one and any(s.matches(s.qualifier, one) for s in senders)), sender)


def stranger(sender: str, kind: Kind, root: XmlNode | None, profile: Profile) -> Iterator[Finding]:
    """Refuse a document in the name of somebody else than the account's partner."""
    if any(s.matches(s.qualifier, sender) for s in profile.senders):
        return
    node, place = root, Position(line=1)
    for step in kind.paths["sender"]:
        if node is not None and not step.startswith("@"):
            node = next((c for c in (node.children or {}).get(step, ()) if isinstance(c, XmlNode)), None)
    if node is not None:
        last = kind.paths["sender"][-1]
        place = node.here(last[1:] if last.startswith("@") else "")
    said = f'The sender "{sender[:80]}" is not a sender of this account.'
    yield Finding("XML-SENDER", Severity.ERROR, Scope.INTERCHANGE, said, place, value=sender)
