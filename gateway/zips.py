"""Zip archives that came from outside: how their parts may be packed, and what Python raises for damaged ones."""

from __future__ import annotations

import gzip
import zipfile
import zlib

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, gzip.BadGzipFile)
"""ValueError: names that are no text, places before the beginning of the file; RuntimeError: a password is needed."""


def is_plain(part: zipfile.ZipInfo) -> bool:
    """True for a part that is stored or deflated, as all senders pack; others may ask for gigabytes before the first byte."""
    return part.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
