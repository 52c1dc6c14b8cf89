"""XML for all formats that are written in it: one hardened streaming reader, one way to read paths.

    chunks -> lxml (no DTD, no entities, no network) -> XmlNode trees, one unit at a time -> events

The only importer of lxml. A format folder (cargo_xml, postal, wco_xml) gives a table of its documents
(kinds.kinds_of) and calls XmlReader(kinds, profile, scale).read(chunks); DIALECT reads its paths. A new XML message
is one row of that table and a mapping folder.
"""

from __future__ import annotations

from gateway.formats.xml.faults import families
from gateway.formats.xml.kinds import FACTS, Kind, kind_of, kinds_of, qualified, score, score_of, steps_of
from gateway.formats.xml.nodes import XmlNode, text_at, xml_characters
from gateway.formats.xml.nothing import nothing_in
from gateway.formats.xml.paths import DIALECT
from gateway.formats.xml.reader import XmlReader
from gateway.formats.xml.unread import Unread, unread_below

__all__ = [
    "DIALECT", "FACTS", "Kind", "Unread", "XmlNode", "XmlReader", "families", "kind_of", "kinds_of", "nothing_in", "qualified", "score", "score_of", "steps_of", "text_at",
    "unread_below", "xml_characters",
]  # fmt: skip
