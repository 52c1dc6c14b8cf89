"""How what one message said of a shipment completes another one, and what is said where both contradict each other.

XFZB without weight + half of the XFHL  ->  the weight (JOIN-FILLED); another number of pieces is told (JOIN-DIFFERS)
XFHL after the delivery                 ->  what it says otherwise (JOIN-DIFFERS) or alone (JOIN-NOT-PASSED)
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.findings import Finding, Scope, Severity
from gateway.halves import FORGOTTEN, NOT_TAKEN, Half
from gateway.history import Part
from gateway.judge import Mapping


def fill(mapped: Mapping, half: Half, *, over: bool = False, quiet: bool = False) -> None:
    """Take over what the draft lacks; say what was taken and where both name another value.

    over: the half's values count, not those of the draft; quiet: nothing is said of what both name.
    """
    draft, told, taken, other = mapped.mapped.draft, half.fields(), [], []
    own_weight = "gross_weight_kg" in draft and not over
    for name, value in told.items():
        if name in NOT_TAKEN or value == FORGOTTEN:
            continue
        if own_weight and name == "weight_source_unit" and name not in draft:
            continue  # the unit of the other weight
        if name not in draft or (name == "items" and mapped.unit.role == "part" and _says_more(value, draft[name])):
            draft[name] = value
            taken.append(name)
        elif name == "references":
            first, second = (value, draft[name]) if over else (draft[name], value)
            both = [*first, *(one for one in second if one not in first)]
            taken += [name] if len(both) > len(draft[name]) else []
            draft[name] = both
        elif over:
            other.append(name)
            draft[name] = value
        elif name != "items" and contradict(draft[name], value):
            other.append(name)
    if "_arrival_day" in told and ("estimated_arrival_at" in taken or (over and "estimated_arrival_at" in other)):
        draft["_arrival_day"] = told["_arrival_day"]  # the day as it was written goes with the arrival
    if taken:
        mapped.findings = [f for f in mapped.findings if f.value is not None or _top(f.pointer) not in taken]
        said = f"Taken from {half.where}, which named this shipment before: {', '.join(taken)}."
        mapped.findings.append(Finding("JOIN-FILLED", Severity.INFO, Scope.SHIPMENT, said))
    if not quiet:
        mapped.findings += [_had_another(half, name) for name in other]


def told_otherwise(draft: dict[str, Any], half: Half) -> list[Finding]:
    """Say which fields a message tells otherwise than the same kind of message did before."""
    told = half.fields()
    return [_had_another(half, name) for name in _others(draft, told) if name not in ("items", "references")]


def _had_another(half: Half, name: str) -> Finding:
    where = half.where[:1].upper() + half.where[1:]
    return differs(name, f"{where} had another {name} for this shipment; the one of this message was kept.")


def named_twice(draft: dict[str, Any], before: bytes) -> list[Finding]:
    """Say which fields the same file told otherwise of the same shipment: what it says last waits."""
    return [
        differs(name, f"This file names the shipment twice, with another {name}; what it says here was kept.")
        for name in sorted(_others(draft, msgspec.json.decode(before)))
    ]


def too_late(draft: dict[str, Any], done: Part, delivered: list[Half]) -> list[Finding]:
    """Say what of a message comes too late: the shipment was delivered without it, or with another value."""
    told: dict[str, Any] = {} if delivered else msgspec.json.decode(done.draft)
    for half in delivered:
        for name, value in half.fields().items():
            told[name] = [*told[name], *value] if name == "references" and name in told else told.get(name, value)
    if not told:
        return []
    late = [name for name in draft if name not in NOT_TAKEN and (name not in told or (delivered and _more(name, draft, told)))]  # fmt: skip
    other = [n for n in _others(draft, told) if n not in ("items", "references")] if delivered else []
    said = [
        differs(name, f"The shipment was delivered with another {name} ({done.where}); that one was kept.")
        for name in other
    ]
    if late:
        without = f"The shipment was delivered before this message came, without {', '.join(late)}: not passed on."
        said.append(
            Finding("JOIN-NOT-PASSED", Severity.WARNING, Scope.SHIPMENT, without, pointer=f"/{late[0]}", target=late[0])
        )
    return said


def differs(name: str, said: str) -> Finding:
    """Return the finding that two messages name different values of a field."""
    return Finding("JOIN-DIFFERS", Severity.WARNING, Scope.SHIPMENT, said, target=name, pointer=f"/{name}")


def _more(name: str, draft: dict[str, Any], told: dict[str, Any]) -> bool:
    return name == "references" and any(one not in told[name] for one in draft[name])


def _says_more(theirs: list[dict[str, Any]], mine: list[dict[str, Any]]) -> bool:
    """True when goods lines name what those of a list do not: values."""
    return bool(set().union(*theirs) - set().union(*mine))


def _others(draft: dict[str, Any], told: dict[str, Any]) -> list[str]:
    """Return the fields of which both name another value."""
    return [n for n in draft if n in told and n not in NOT_TAKEN and contradict(draft[n], told[n])]


def contradict(mine: Any, theirs: Any) -> bool:
    """True when both name another value; parts of a party or an amount that only one names are no contradiction."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return any(contradict(mine[name], theirs[name]) for name in mine.keys() & theirs.keys())
    return bool(mine != theirs)


def _top(pointer: str) -> str:
    return pointer.strip("/").partition("/")[0]
