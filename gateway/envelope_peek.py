"""Who sent a file, read from its first bytes only; for commands that have no SSH account to tell the partner."""

from __future__ import annotations

import codecs
import re

_XML_SENDER = re.compile(
    rb"SenderParty\s*>\s*<(?:[\w.-]+:)?PrimaryID[^>]*>([^<]+)<|<(?:[\w.-]+:)?itmatt\b[^>]*\ssender=\"([^\"]+)\""
)


def peek_sender(head: bytes) -> tuple[str, str]:
    """Return (qualifier, id) of the sender in an ISA, UNB or XML header, ("", "") when none is there."""
    text = head[:4096]
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = text.decode("utf-16", "replace").encode("latin-1", "replace")
    flat = text.replace(b"\r", b"").replace(b"\n", b"")
    start = re.search(rb"ISA([^A-Za-z0-9 ])", text)
    if start:
        begin = flat.find(b"ISA" + start[1])
        elements = flat[begin : begin + 200].split(start[1])
        if len(elements) > 7:
            return elements[5].decode("latin-1").strip(), elements[6].decode("latin-1").strip()
    una = re.search(rb"UNA(.)(.)....?", text)
    element, component = (una[2], una[1]) if una else (b"+", b":")
    begin = flat.find(b"UNB" + element)
    if begin >= 0:
        elements = flat[begin : begin + 300].split(element)
        if len(elements) > 2:
            parts = elements[2].split(component)
            return (parts[1] if len(parts) > 1 else b"").decode("latin-1").strip(), parts[0].decode("latin-1").strip()
    if named := _XML_SENDER.search(text):
        return "", (named[1] or named[2]).decode("latin-1").strip()
    return "", ""
