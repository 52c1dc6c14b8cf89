"""What is said of a table, with its columns named as the file itself writes them: column "Empfänger", not column consignee_name.

Our own names stand in the messages of the mapping tables and in the catalogue; a column that the file does not have keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from gateway.findings import Finding
from gateway.records import Message

_NAMED = re.compile(
    r"\b(?P<columns>columns?) (?P<first>[a-z]\w*)(?: and (?P<second>[a-z]\w*))?|(?<!\.)\b[a-z]+(?:_[a-z0-9]+)+\b(?!\.[a-z])"
)

_NO_PRICE = ("S321-ROLE-REQ", "items.listed_price")
"""The whole field is missing: the table was read by rows that do not fill it; those of a marketplace tell of its amount."""
_MARKETPLACE = (
    "A table is read as that of a marketplace (tabular_marketplace: the listed price is column unit_value) when it has columns seller_id "
    "and unit_value and no column shipper_name. Add them; what has another name, or is the same in all rows, the partner file "
    "says ([options.tabular.rename] and [options.tabular.values])."
)


def in_own_words(findings: list[Finding], message: Message, catalogue: Any) -> list[Finding]:
    """Return findings about a shipment of a table. catalogue: in the words of tables, for how to mend it; None without one."""
    written = message.written or str

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
        if (finding.rule, finding.target) == _NO_PRICE and message.type == "rows":
            told.append(replace(finding, fix=_MARKETPLACE))
            continue
        rule = catalogue.get(finding.rule) if catalogue is not None and not finding.fix else None
        said = _NAMED.sub(named, finding.message) if _may_name(finding.message) else finding.message
        fix = _NAMED.sub(named, rule.fix) if rule is not None and _may_name(rule.fix) else ""
        if rule is not None and fix == rule.fix:
            fix = ""
        changed = said != finding.message or fix
        told.append(replace(finding, message=said, fix=fix or finding.fix) if changed else finding)
    return told


def _may_name(text: str) -> bool:
    """Return a quick no for most texts."""
    return "column" in text or "_" in text


def _quoted(name: str, written: Callable[[str], str]) -> str:
    own = written(name)
    return f'"{own}"' if own else name
