"""What each filer type must send: requirements.csv, and the `role_*` definitions of schema.json made from it.

    element,pointer,carrier,freight_forwarder,...,when_mode,group,rule,note
    10 Shipment Security Scan,/security_scan,R,O,O,O,O,air,,S321-SCAN-AIR,84 FR 35405: air carriers

Letters: R required, A required where applicable, G at least one of the group, O optional, N not expected.
Only R and G become schema; A needs knowledge that a schema lacks, and N is a warning of the rules (S321-ROLE-NE).
`pointer` is a JSON pointer inside the shipment, `*` stands for every element of an array. `when_mode` lists modes
separated by blanks (blank = every mode). Not here: what every party needs for its country; that is `$defs/party`.
"""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Mapping
from functools import cache
from typing import Any

import msgspec

from gateway.shipped import files, table_rows

FILER_TYPES = ("carrier", "freight_forwarder", "online_marketplace", "customs_broker", "other")
LETTERS = frozenset("RAGON")
_CANCEL = {"properties": {"transmission_purpose": {"const": "cancel"}}, "required": ["transmission_purpose"]}
_QUANTITY = {"properties": {"amendment": {"required": ["quantity"]}}, "required": ["amendment"]}
_BRIEF = {"anyOf": [_CANCEL, _QUANTITY]}
"""Shipments that need only an identifier and the mode: cancelled ones, and X12 M13 R, which changes a quantity."""
ROLE_WORDS = {
    "carrier": "a carrier",
    "freight_forwarder": "a freight forwarder",
    "online_marketplace": "an online marketplace",
    "customs_broker": "a customs broker",
    "other": "a filer of type other",
}


class Requirement(msgspec.Struct, frozen=True):
    """One row of requirements.csv. letters: filer type -> R, A, G, O or N."""

    element: str
    pointer: str
    letters: Mapping[str, str]
    modes: tuple[str, ...]
    group: str
    rule: str
    note: str

    @property
    def path(self) -> tuple[str, ...]:
        """The steps of the pointer: `/items/*/hts_number` -> ("items", "*", "hts_number")."""
        return tuple(self.pointer[1:].split("/"))


def read_requirements(text: str) -> tuple[Requirement, ...]:
    """Return the rows of a requirements table.

    Raises ValueError with the line number for a letter that is not R, A, G, O or N, a pointer without leading
    slash, a G without a group, or a row that requires something and names no rule.
    """
    rows = []
    for number, row in enumerate(table_rows(text), start=2):
        letters = {filer: row[filer] for filer in FILER_TYPES}
        used = set(letters.values())
        if not used <= LETTERS or not row["pointer"].startswith("/"):
            raise ValueError(f"requirements.csv line {number}: letters R A G O N and a /pointer expected")
        if ("G" in used and not row["group"]) or (used & {"R", "G"} and not row["rule"]):
            raise ValueError(f"requirements.csv line {number}: R and G need a rule, G needs a group")
        modes = tuple(row["when_mode"].split())
        rows.append(Requirement(row["element"], row["pointer"], letters, modes, row["group"], row["rule"], row["note"]))
    return tuple(rows)


@cache
def requirements() -> tuple[Requirement, ...]:
    """Return the shipped table, read once."""
    return read_requirements(files(__package__).joinpath("requirements.csv").read_text("utf-8"))


def requirement_of(filer_type: object, mode: object, path: tuple[str, ...]) -> Requirement | None:
    """Return the row that requires an element of this filer in this mode, or None.

    path: with "*" for array indexes, e.g. ("items", "*", "listed_price").
    """
    for row in requirements():
        wanted = row.letters.get(str(filer_type)) == "R" and (not row.modes or mode in row.modes)
        if wanted and row.path == path:
            return row
    return None


@cache
def not_expected(filer_type: str) -> tuple[KeysView[str], KeysView[str]]:
    """Return the fields of the shipment and of a goods line that this filer is not expected to send (letter N), in order."""
    paths = [row.path for row in requirements() if row.letters.get(filer_type) == "N" and not row.modes]
    of_line = [p[2] for p in paths if p[:2] == ("items", "*")]
    return dict.fromkeys(p[0] for p in paths if len(p) == 1).keys(), dict.fromkeys(of_line).keys()


def rule_of_group(parent: tuple[str, ...], names: Iterable[str]) -> str:
    """Return the rule id of an at-least-one group by its member names below `parent`, or ""."""
    wanted = {(*parent, name) for name in names}
    groups: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    rules: dict[tuple[str, ...], str] = {}
    for row in requirements():
        if row.group:
            key = (*row.path[:-1], row.group)
            groups.setdefault(key, set()).add(row.path)
            rules[key] = row.rule
    return next((rules[key] for key, members in groups.items() if members == wanted), "")


def role_definitions(rows: tuple[Requirement, ...] | None = None) -> dict[str, dict[str, Any]]:
    """Return the `$defs` named `role_<filer type>` of schema.json, generated from the table.

    A definition asks nothing of a shipment whose own transmission_purpose is cancel, or that only amends a quantity.
    """
    table = requirements() if rows is None else rows
    return {f"role_{filer}": _role(filer, table) for filer in FILER_TYPES}


def _role(filer: str, table: tuple[Requirement, ...]) -> dict[str, Any]:
    asked: dict[str, Any] = _asked([row for row in table if not row.modes], filer)
    by_mode = []
    for modes in dict.fromkeys(row.modes for row in table if row.modes):
        wanted = _asked([row for row in table if row.modes == modes], filer)
        if wanted:
            known = {"const": modes[0]} if len(modes) == 1 else {"enum": list(modes)}
            condition = {"properties": {"mode_of_transportation": known}, "required": ["mode_of_transportation"]}
            by_mode.append({"if": condition, "then": wanted})
    if by_mode:
        asked["allOf"] = [*asked.get("allOf", []), *by_mode]
    description = f"What {ROLE_WORDS[filer]} must send of each shipment that is not cancelled or only amended in quantity; from requirements.csv."
    return {"description": description, "if": _BRIEF, "else": asked}


def _asked(rows: list[Requirement], filer: str) -> dict[str, Any]:
    """Return the subschema that asks for the R and G rows of one filer: required, anyOf, nested properties."""
    schema: dict[str, Any] = {}
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        *parents, name = row.path
        if row.letters[filer] == "R":
            _descend(schema, parents).setdefault("required", []).append(name)
        elif row.letters[filer] == "G":
            groups.setdefault((*parents, row.group), []).append(name)
    for (*parents, _group), names in groups.items():
        node, choices = _descend(schema, parents), [{"required": [name]} for name in names]
        if "anyOf" in node:
            node.setdefault("allOf", []).append({"anyOf": choices})
        else:
            node["anyOf"] = choices
    return schema


def _descend(schema: dict[str, Any], steps: list[str]) -> dict[str, Any]:
    for step in steps:
        if step == "*":
            schema = schema.setdefault("items", {})
        else:
            schema = schema.setdefault("properties", {}).setdefault(step, {})
    return schema
