"""Characters that were lost before the file came: U+FFFD stands where a program could not read what was there.

A text is passed on with a warning, a number that identifies the shipment is not: it is the number of nothing. One fault, one
finding: what readers tell themselves (tables and JSON refuse it, CSV-ENCODING; X12-ELE-CHAR) is not told again, see judge.

Likewise texts that were written for the web and not read back, or escaped twice: O&#39;BRIEN, SMITH &amp; SONS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateway.canonical.wording import label
from gateway.findings import Finding, Scope, Severity

LOST = "\ufffd"
LOST_BYTES = LOST.encode()
_REFERENCE = r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos|nbsp|[A-Za-z]{1,2}(?:acute|grave|circ|uml|tilde|cedil|ring|slash|lig));"
_written_for_the_web = re.compile(_REFERENCE).search
_NUMBERS = frozenset(("house_bill_number", "master_bill_number", "shipment_tracking_number"))
_OURS = frozenset(("shipment_id",))  # made of another field


reference_in = re.compile(_REFERENCE.encode()).search
"""Finds a reference in a draft, encoded."""


def lost_characters(draft: dict[str, Any]) -> Iterator[Finding]:
    """Yield the fields of a draft that hold the sign of a lost character, or a reference; their values may be personal and are not said."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), draft)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack += [((*path, name), below) for name, below in reversed(value.items()) if name not in _OURS]
        elif isinstance(value, list):
            stack += [((*path, index), below) for index, below in reversed(list(enumerate(value)))]
        elif isinstance(value, str) and LOST in value:
            said = (
                f"{label(path)} holds the sign that stands for a character that was lost before the file came (U+FFFD)."
            )
            target, pointer = _target(path), _pointer(path)
            severity = Severity.ERROR if target in _NUMBERS else Severity.WARNING
            yield Finding("Q-CHAR-LOST", severity, Scope.SHIPMENT, said, target=target, pointer=pointer, value=value)
        elif isinstance(value, str) and "&" in value and (found := _written_for_the_web(value)):
            said = f"{label(path)} holds {found[0]}, which stands for another character; it was passed on as it is."
            yield Finding("Q-CHAR-ESCAPED", Severity.WARNING, Scope.SHIPMENT, said, target=_target(path), pointer=_pointer(path), value=value)  # fmt: skip


def _target(path: tuple[str | int, ...]) -> str:
    return ".".join(step for step in path if isinstance(step, str))


def _pointer(path: tuple[str | int, ...]) -> str:
    return "".join(f"/{step}" for step in path)
