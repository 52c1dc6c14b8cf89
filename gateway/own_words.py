"""What is said of a table, with its columns named as the file itself writes them: column "Empfänger", not column consignee_name.

Our own names stand in the messages of the mapping tables and in the catalogue; a column that the file does not have keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from gateway.findings import Finding

_NAMED = re.compile(
    r"\b(?P<columns>columns?) (?P<first>[a-z]\w*)(?: and (?P<second>[a-z]\w*))?|\b[a-z]+(?:_[a-z0-9]+)+\b"
)


def in_own_words(findings: list[Finding], written: Callable[[str], str], catalogue: Any) -> list[Finding]:
    """Return findings about a shipment of a table. written: a standard column -> as the file writes it, "" when it does not.

    catalogue: in the words of tables, for how to mend it; None without one.
    """

    def named(found: re.Match[str]) -> str:
        if not found["columns"]:
            return _quoted(found[0], written)
        both = _quoted(found["first"], written)
        if found["second"]:
            second = _quoted(found["second"], written) if found["columns"] == "columns" else found["second"]
            both += f" and {second}"
        return f"{found['columns']} {both}"

    told = []
    for finding in findings:
        rule = catalogue.get(finding.rule) if catalogue is not None and not finding.fix else None
        message = _NAMED.sub(named, finding.message) if _may_name(finding.message) else finding.message
        fix = _NAMED.sub(named, rule.fix) if rule is not None and _may_name(rule.fix) else ""
        if rule is not None and fix == rule.fix:
            fix = ""
        changed = message != finding.message or fix
        told.append(replace(finding, message=message, fix=fix or finding.fix) if changed else finding)
    return told


def _may_name(text: str) -> bool:
    """Return a quick no for most texts."""
    return "column" in text or "_" in text


def _quoted(name: str, written: Callable[[str], str]) -> str:
    own = written(name)
    return f'"{own}"' if own else name
