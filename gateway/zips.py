"""Zip archives that came from outside: how their parts may be packed, and what Python raises for damaged ones."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from typing import IO, Any

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, gzip.BadGzipFile)
"""ValueError: names that are no text, places before the beginning of the file; RuntimeError: a password is needed."""

LARGEST_DIRECTORY = 1 << 20
"""Bytes of a directory that is read: Python makes an object of each part it names, some 15 times as large."""


def is_plain(part: zipfile.ZipInfo) -> bool:
    """True for a part that is stored or deflated, as all senders pack; others may ask for gigabytes before the first byte."""
    return part.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def directory_size(file: IO[bytes]) -> int:
    """Return how many bytes of directory zipfile would read at once, 0 when it finds no archive."""
    end: Any = vars(zipfile)["_EndRecData"](file)  # private; the same place that ZipFile itself goes by
    return int(end[5]) if end else 0
