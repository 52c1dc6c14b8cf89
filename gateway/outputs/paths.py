"""How the tables on the way out read a canonical message; the Dialect that the mapping compiler is handed.

gross_weight_kg                             a field of the shipment
final_deliver_to_party.name                 a field below another one
references[entry_number].value              the reference of that type; [a|b] prefers a
item.hts_number                             a field of the goods line that is written
item/product_identifiers[sku].value         "/" where a bracket follows
_items                                      how many goods lines the shipment has
_descriptions                               the descriptions of all goods lines, each once
_foreign_currencies                         in how many currencies besides USD the goods lines are valued
envelope.created_at, envelope.source.format a field of the message (grammar of mapping cells)
profile.filer_code                          a setting of [outputs] in gateway.toml
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.canonical.model import LEVELS, PERSONAL_FIELDS, fields_of
from gateway.dialect import Finder, Getter, Locator, Path
from gateway.findings import Position
from gateway.mapping.transforms import Unusable

ITEM = "item"
_MADE: dict[str, Callable[[dict[str, Any]], str]] = {
    "_items": lambda shipment: str(len(shipment.get("items") or ())),
    "_descriptions": lambda shipment: "; ".join(
        dict.fromkeys(
            str(d)
            for i in shipment.get("items") or ()
            if (d := i.get("enhanced_product_description") or i.get("manifest_description"))
        )
    ),
}
"""Names of ours that are made of several fields."""


def _foreign_currencies(shipment: dict[str, Any]) -> str:
    """Return the number of currencies besides USD of the goods lines; fx_rate is the rate of the only one."""
    found = {
        money["currency"]
        for item in shipment.get("items") or ()
        for money in (item.get("total_value"), item.get("unit_value"))
        if money
    }
    return str(len(found - {"USD"}))


_MADE["_foreign_currencies"] = _foreign_currencies


@dataclass(frozen=True, slots=True)
class Place:
    """What the paths of one row read: a shipment, and the goods line when the row is about one."""

    shipment: dict[str, Any]
    item: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step into the canonical model; kinds: the values of `type` that are looked for in a list."""

    name: str
    kinds: tuple[str, ...] = ()


def steps_of(path: Path) -> tuple[Step, ...]:
    """Return the canonical steps of a path; the dots of the leaf are steps too."""
    steps = [Step(s.name, s.values) for s in path.steps]
    return (*steps, *(Step(name) for name in path.leaf.split(".") if name))


def is_of_item(path: Path) -> bool:
    """True when a path reads the goods line."""
    return bool(path.steps) and path.steps[0].name == ITEM


class CanonicalDialect:
    """See gateway.dialect.Dialect."""

    name = "canonical"

    def finder(self, path: Path, at: str) -> Finder:
        """Return the place itself when the path has a value."""
        get = self.getter(path, at)
        return lambda node, root: [node] if get(node, root) else []

    def getter(self, path: Path, at: str) -> Getter:
        """Return the text of a field, "" without a value."""
        steps = steps_of(path)
        made = _MADE.get(path.text)
        if made is not None:
            return lambda node, root: made(node.shipment)
        if steps and steps[0].name == ITEM:
            return lambda node, root: _text(node.item or {}, steps[1:])
        return lambda node, root: _text(node.shipment, steps)

    def leaf(self, leaf: str) -> Getter:
        """Return nothing: a canonical source is always written in full."""
        return lambda node, root: ""

    def locator(self, path: Path, at: str) -> Locator:
        """Canonical messages have no places."""
        return lambda node, root: Position()

    def problems(self, path: Path, at: str, message_type: str, version: str) -> list[str]:
        """Return why the canonical model has no such field."""
        said = problem_of(steps_of(path))
        return [said] if said else []


def problem_of(steps: tuple[Step, ...]) -> str:
    """Return why the steps lead to no value of the model, "" when they do."""
    level, rest = ("item", steps[1:]) if steps and steps[0].name == ITEM else ("shipment", steps)
    if len(steps) == 1 and steps[0].name in _MADE:
        return ""
    return _walk(level, rest)[0]


def is_personal(steps: tuple[Step, ...]) -> bool:
    """True when the steps lead to personal data."""
    level, rest = ("item", steps[1:]) if steps and steps[0].name == ITEM else ("shipment", steps)
    return _walk(level, rest)[1]


def envelope_problem(name: str) -> str:
    """Return why the message has no such field, "" when it has."""
    return _walk("envelope", tuple(Step(part) for part in name.split(".")))[0]


def _walk(level: str, steps: tuple[Step, ...]) -> tuple[str, bool]:
    """Return (problem, personal) of steps that start in a level."""
    if not steps:
        return "the path ends before a value", False
    step, rest = steps[0], steps[1:]
    fields = fields_of(level)
    if step.name not in fields:
        return f'"{step.name}" is not a field of {level}', False
    kind, _, inner = fields[step.name].partition(":")
    personal = step.name in PERSONAL_FIELDS.get(level, ())
    if kind == "list" and inner in LEVELS:
        if not step.kinds:
            return f"{step.name} is a list: write {step.name}[TYPE]", False
        known = fields_of(inner).get("type", "").removeprefix("enum:").split("|")
        wrong = [k for k in step.kinds if k not in known]
        if wrong:
            return f'"{wrong[0]}" is no type of {step.name} ({", ".join(known)})', False
    elif step.kinds:
        return f"{step.name} is no list: leave the brackets out", False
    if kind in ("money", "object") or (kind == "list" and inner in LEVELS):
        said, below = _walk(inner or "money", rest)
        return said, personal or below
    return (f"{step.name} has nothing below it", False) if rest else ("", personal)


def _text(value: Any, steps: tuple[Step, ...]) -> str:
    """Return the text at the end of the steps. Raises Unusable when a list holds several different values of a type."""
    for number, step in enumerate(steps):
        value = value.get(step.name) if isinstance(value, dict) else None
        if step.kinds and isinstance(value, list):
            return _of_kind(value, step, steps[number + 1 :])
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _of_kind(entries: list[Any], step: Step, rest: tuple[Step, ...]) -> str:
    for kind in step.kinds:
        found = {_text(e, rest): None for e in entries if isinstance(e, dict) and e.get("type") == kind}
        found.pop("", None)
        if len(found) > 1:
            raise Unusable(f"there are {len(found)} different {step.name} of type {kind}, the field takes one")
        if found:
            return next(iter(found))
    return ""


DIALECT = CanonicalDialect()
