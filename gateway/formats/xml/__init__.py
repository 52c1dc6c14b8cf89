"""XML for all formats that are written in it: one hardened streaming reader, one way to read paths.

    chunks -> lxml (no DTD, no entities, no network) -> XmlNode trees, one unit at a time -> events

The only importer of lxml. A format folder (cargo_xml, postal, wco_xml) gives a table of its documents
(kinds.read_kinds) and calls XmlReader(kinds, profile, scale).read(chunks); DIALECT reads its paths. A new XML message
is one row of that table and a mapping folder.
"""

from __future__ import annotations

from gateway.formats.xml.kinds import Kind, read_kinds
from gateway.formats.xml.nodes import XmlNode
from gateway.formats.xml.paths import DIALECT
from gateway.formats.xml.reader import XmlReader
from gateway.formats.xml.sniffing import root_of

__all__ = ["DIALECT", "Kind", "XmlNode", "XmlReader", "read_kinds", "root_of"]
