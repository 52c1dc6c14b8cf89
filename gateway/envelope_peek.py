"""Who sent a file, read from its first bytes only; for commands that have no SSH account to tell the partner."""

from __future__ import annotations

import codecs
import re

from gateway.formats.delimited import split_released, unrelease

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
    una = re.search(rb"UNA(.)(.).(.)", text)
    component, element, release = (mark.decode("latin-1") for mark in (una.groups() if una else (b":", b"+", b"?")))
    begin = flat.find(b"UNB" + element.encode("latin-1"))
    if begin >= 0:
        parts = split_released(flat[begin : begin + 300].decode("latin-1"), element, release.strip())
        if len(parts) > 2:
            sender, qualifier, *_ = [*split_released(parts[2], component, release.strip()), ""]
            return unrelease(qualifier, release.strip()).strip(), unrelease(sender, release.strip()).strip()
    if named := _XML_SENDER.search(text):
        return "", (named[1] or named[2]).decode("latin-1").strip()
    return "", ""
