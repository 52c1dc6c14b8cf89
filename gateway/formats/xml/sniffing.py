"""The root element of an XML file from its first bytes, for detection only; the parser decides later."""

from __future__ import annotations

import re

_DECLARATION = re.compile(r"\s*(<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(\[.*?\])?\s*>)", re.S | re.I)
_ROOT = re.compile(r"\s*<(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)([^>]*)", re.S)


def root_of(head: bytes) -> tuple[str, str]:
    """Return (local name, namespace) of the root element, ("", "") when the bytes are no XML."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff\r\n\t \0")
    if not text.startswith("<"):
        return "", ""
    while (found := _DECLARATION.match(text)) is not None:
        text = text[found.end() :]
    root = _ROOT.match(text)
    if root is None:
        return ("?", "") if head.lstrip().startswith(b"<") else ("", "")
    prefix, name, rest = root[1], root[2], root[3]
    declared = re.search(rf"xmlns{':' + re.escape(prefix) if prefix else ''}\s*=\s*[\"']([^\"']*)", rest)
    return name, declared[1] if declared else ""
