"""File names: what a partner called a file, how we store it, and which names are never taken."""

from __future__ import annotations

import hashlib
import re

from gateway.shell.sftp_paths import is_temporary

MARKER = ".done"  # NAME.done says that NAME is complete
_MAX_BYTES = 160  # leaves room for suffixes within the 255 bytes of a file system
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,159}")
_OTHER = re.compile(rb"[^A-Za-z0-9.-]")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\\\\]")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def stored_name(original: str) -> str:
    """Return a name of [A-Za-z0-9._-] for a file a partner named; different names give different results.

    >>> stored_name("trip1.edi"), stored_name("Trip Ä 1.edi"), stored_name("../../etc/passwd")
    ('trip1.edi', 'Trip_20_C3_84_201-190cfdbc.edi', '_2F.._2Fetc_2Fpasswd-3754d6cb')
    """
    if _SAFE.fullmatch(original) and not _RESERVED.fullmatch(original) and not is_temporary(original):
        return original
    raw = original.encode("utf-8", "surrogateescape")
    escaped = _OTHER.sub(lambda found: b"_%02X" % found.group()[0], raw).decode().lstrip(".")
    stem, dot, ending = escaped.rpartition(".")
    stem, ending = (stem, dot + ending) if stem and len(ending) <= 8 else (escaped, "")
    return f"{stem[: _MAX_BYTES - 20] or 'file'}-{hashlib.sha256(raw).hexdigest()[:8]}{ending}"


def shown_name(original: str) -> str:
    r"""Return the name for logs and receipts: control characters, bidirectional marks and broken bytes are escaped.

    >>> print(shown_name("a\n.edi"))
    a\x0a.edi
    """
    return _UNPRINTABLE.sub(lambda found: _escape(found.group()), original)[:400]


def _escape(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # a byte that is no UTF-8
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def is_takeable(name: str) -> bool:
    """True for names that are no temporary name of a client, no marker and none of our own temporary files."""
    return not is_temporary(name) and not name.lower().endswith(MARKER)
