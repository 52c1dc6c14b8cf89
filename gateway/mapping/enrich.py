"""How a shipment takes what an enrichment file knows of it: what the manifest lacks is joined, what it has is kept."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from gateway.findings import Finding, Scope, Severity

_OF_PARTS = {dict, list}


def own_copy(value: Any) -> Any:
    """Return a value whose parts nobody else has: a draft is completed in place, what several shipments read is not."""
    if isinstance(value, dict):
        if _OF_PARTS.isdisjoint(map(type, value.values())):
            return value.copy()
        return {name: own_copy(part) if type(part) in _OF_PARTS else part for name, part in value.items()}
    return [own_copy(part) for part in value] if isinstance(value, list) else value


def enrich(draft: dict[str, Any], known: dict[str, Any], findings: list[Finding]) -> None:
    """Take what is known and lacking; what was said of it as missing is then no longer true."""
    taken: set[str] = set()
    for name, value in known.items():
        if name == "items":
            _lines(draft, value, taken, findings)
        elif not _is_joined(draft, name, value, "", taken):
            findings.append(_conflict(name, f"/{name}"))
    number = draft.get("house_bill_number") or draft.get("shipment_tracking_number")
    if number and "shipment_id" not in draft:  # an order whose parcel number came from here
        draft["shipment_id"] = number
    if taken and findings:
        findings[:] = [f for f in findings if f.value is not None or taken.isdisjoint(_ways_to(f.pointer))]


def _is_joined(mine: dict[str, Any], name: str, value: Any, above: str, taken: set[str]) -> bool:
    """Join one field where it is lacking, parts of it too; False when there is another one. taken: pointers without their first slash."""
    own = mine.get(name)
    if name not in mine:
        taken.add(f"{above}{name}")
        mine[name] = value if type(value) is str else own_copy(value)
    elif isinstance(own, dict) and isinstance(value, dict) and all(own.get(k, v) == v for k, v in value.items()):
        more = {part: own_copy(v) for part, v in value.items() if part not in own}
        mine[name] = {**own, **more} if more else own
        taken |= {f"{above}{name}/{part}" for part in more}
    else:
        return bool(own == value)
    return True


def _lines(draft: dict[str, Any], known: list[dict[str, Any]], taken: set[str], findings: list[Finding]) -> None:
    """Join goods lines: by their numbers; one without a number is that of a shipment with one line."""
    mine = draft.get("items")
    if not isinstance(mine, list) or not mine:
        draft["items"] = [{"line_number": number, **own_copy(line)} for number, line in enumerate(known, 1)]
        taken.add("items")
        return
    for line in known:
        number = line.get("line_number")
        if number is None:
            at = 0 if len(mine) == 1 else None
        else:
            at = next((n for n, one in enumerate(mine) if one.get("line_number") == number), None)
        if at is None:
            findings.append(_other_line(number, len(mine)))
            continue
        for name, value in line.items():
            if not _is_joined(mine[at], name, value, f"items/{at}/", taken):
                findings.append(_conflict(f"items.{name}", f"/items/{at}/{name}"))


def _conflict(target: str, pointer: str) -> Finding:
    said = f"The enrichment file has another {target} than the manifest; the manifest's was kept."
    return Finding("MAP-ENRICH-CONFLICT", Severity.WARNING, Scope.SHIPMENT, said, target=target, pointer=pointer)


def _other_line(number: int | None, count: int) -> Finding:
    has = f"The manifest has {count} goods line{'s' if count > 1 else ''}"
    said = f"{has}, the enrichment file knows of line {number}, which was not taken."
    if number is None:
        said = f"{has}, the enrichment file does not say which of them it knows: nothing of it was taken."
    return Finding("MAP-ENRICH-LINE", Severity.WARNING, Scope.SHIPMENT, said, target="items", pointer="/items")


def _ways_to(pointer: str) -> Iterator[str]:
    """Yield a pointer and what is above it: /seller/name -> seller, seller/name."""
    yield from accumulate(pointer.split("/")[1:], "{}/{}".format)
