"""Characters that never stand in a canonical message: C0 and C1 controls, DEL and lone surrogates.

They are refused before the schema is asked, because the two engines read `$` differently before a final newline, and
because no receiver wants them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_C1_ENCODED = re.compile(b"\xc2[\x80-\x9f]")
_encode = msgspec.json.Encoder().encode

Path = tuple[str | int, ...]


def control_characters(draft: Any, encoded: bytes | None = None) -> list[tuple[Path, str, str]]:
    """Return (path, value, first refused character) of every string value or key that holds one.

    Lone surrogates of the returned value are replaced by "?", so that it can be written.
    encoded: the JSON of the draft, when the caller has it already. The quick answer comes from the encoded bytes; only when they hold a backslash, DEL or C1 is the draft walked.
    """
    try:
        encoded = _encode(draft) if encoded is None else encoded  # a C0 control is always written as an escape
        if has_none(encoded):
            return []
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError, RecursionError):
        pass  # a lone surrogate, or a value that is no JSON: the walk says where, or the schema will
    return list(_walk(draft))


def has_none(encoded: bytes) -> bool:
    """Return whether JSON holds no refused character for sure; with a backslash it may."""
    return (
        b"\\" not in encoded
        and b"\x7f" not in encoded
        and not (b"\xc2" in encoded and _C1_ENCODED.search(encoded) is not None)
    )


def _walk(draft: Any) -> Iterator[tuple[Path, str, str]]:
    stack: list[tuple[Path, Any]] = [((), draft)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, str):
            if found := _CONTROL.search(value):
                yield path, value.encode("utf-8", "replace").decode(), found.group()
        elif isinstance(value, dict):
            for key, child in value.items():
                stack.append(((*path, key), child))
                if isinstance(key, str) and (found := _CONTROL.search(key)):
                    yield (*path, key), key.encode("utf-8", "replace").decode(), found.group()
        elif isinstance(value, list | tuple):
            stack.extend(((*path, index), child) for index, child in enumerate(value))
