"""Rows -> levels of compiled targets; the checks that make a table fit to run.

A level's rows form blocks: each run of `(each)` / `(first)` rows binds the rows after it. Errors are MappingErrors with
file, line and column; everything softer is lint's (lint.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from gateway.canonical.model import PARTY_ROLES, PERSONAL_FIELDS, fields_of
from gateway.dialect import Dialect, Path
from gateway.errors import MappingError
from gateway.mapping.advice import level_meant, near, one_value
from gateway.mapping.cells import Target
from gateway.mapping.codes import CodeTables
from gateway.mapping.defaults import refused, unfit
from gateway.mapping.grammar import Call, CellError, Source, Test, parse_path, parse_source, parse_transform, parse_when
from gateway.mapping.line import BoundStep, Line
from gateway.mapping.quick import Format
from gateway.mapping.table import Row
from gateway.mapping.transforms import Unusable, find_transform, registry
from gateway.mapping.transforms.arguments import NAMING, argument_fault, count_words, sources_fault
from gateway.mapping.transforms.codes import BETWEEN, code_on
from gateway.mapping.transforms.numbers import plain

LEVELS = ("message", "shipment", "item", "reference", *PARTY_ROLES)
BINDINGS = ("(each)", "(first)")
_KINDS = {"dec": "a number", "int": "a whole number", "date": "a date", "ts": "a time", "bool": "yes or no"}
_HOLDS = {
    "dec": ("text", "decimal", "integer"), "int": ("text", "integer"), "date": ("text", "date"),
    "ts": ("text", "timestamp"), "bool": ("text", "flag"),
}  # fmt: skip
"""What a field of each kind takes; text is looked at when it comes."""

_OWN = {"_arrival_day": "date", "_amended_bill": "str", "_amended_quantity": "str", "_document_number": "str"}
"""Targets of our own, not of the canonical model: the day of the law; checks that must outlive a partner's rows."""

RECEIVED = Source("envelope", name="received_on")
"""The day that the values of a code table depend on, where it has days."""

ACTIONS = {"(refuse)": ("shipment", "item"), "(continue)": ("item",)}


@dataclass(slots=True)
class Block:
    """The binding rows of a level and the targets read inside the nodes they find."""

    level: str
    bindings: list[tuple[Row, Path, tuple[Test, ...]]] = field(default_factory=list)  # row, path, condition
    rows: dict[str, list[Row]] = field(default_factory=dict)  # target -> its rows
    targets: list[Target] = field(default_factory=list)
    actions: list[tuple[Row, Line]] = field(default_factory=list)
    at: str = ""  # tag of the node that its paths start at


class Compiler:
    """Compiles the rows of one mapping for one dialect."""

    def __init__(self, dialect: Dialect, codes: CodeTables, unit_tag: str = "") -> None:
        self._dialect, self._codes, self._unit = dialect, codes, unit_tag
        self._bound: dict[str, tuple[BoundStep, ...]] = {}  # transform cell -> its steps
        self.code_tables: set[str] = set()  # that the rows may look codes up in

    def blocks(self, rows: list[Row]) -> dict[str, list[Block]]:
        """Return level -> blocks in the order of the table."""
        blocks: dict[str, list[Block]] = {}
        for row in rows:
            if row.level not in LEVELS:
                said = f'level "{row.level}" is not one of the model'
                raise self._error(row, "level", said, level_meant(row.level, LEVELS))
            level = blocks.setdefault(row.level, [])
            if not level or (row.target in BINDINGS and (level[-1].rows or level[-1].actions)):
                level.append(Block(row.level, at="" if row.level == "message" else self._unit))
            block = level[-1]
            if row.target in BINDINGS:
                self._bind(block, row)
            elif row.target in ACTIONS:
                if row.level not in ACTIONS[row.target]:
                    raise self._error(
                        row,
                        "target",
                        f"{row.target} does nothing on level {row.level}",
                        f"write it on level {' or '.join(ACTIONS[row.target])}",
                    )
                block.actions.append((row, self._line(row, block.at)))
            elif row.target in block.rows:
                block.rows[row.target].append(row)
            else:
                block.rows[row.target] = [row]
        for level in blocks.values():
            for block in level:
                targets = [self._target(block, target, of_it) for target, of_it in block.rows.items()]
                # what is filled in canonical order needs no putting in order
                block.targets += sorted(targets, key=_canonical_place)
        return blocks

    def _bind(self, block: Block, row: Row) -> None:
        """Take a binding row; the paths of the block start at the node that the first one leads to."""
        path = parsed(row, "source", parse_path)
        if not block.bindings and path.steps and block.level != "message":
            block.at = path.steps[-1].name
        block.bindings.append((row, path, parsed(row, "when", parse_when)))

    def _target(self, block: Block, name: str, rows: list[Row]) -> Target:
        tag = target_type(block.level, name)
        if tag is None:
            raise self._error(
                rows[0], "target", f'"{name}" is not a field of level {block.level}', _nearest(block.level, name)
            )
        if parts := _parts_of(tag):
            said = f"{name} is made of parts: {', '.join(parts)}"
            raise self._error(rows[0], "target", said, f"write a row for each part: {name}.{parts[0]}")
        form = formatter(tag, name)
        lines = [self._line(row, block.at, name) for row in rows]
        for line in lines:
            if line.steps:
                self._check_type(line, tag)
                last, function = line.steps[-1]
                if last.name == "const":
                    self._check_value(line.row, "transform", function("any"), form, tag)
            if line.row.default:
                self._check_value(line.row, "default", line.row.default, form, tag)
        return Target(block.level, name, lines, form)

    def _check_value(self, row: Row, column: str, text: str, form: Format, tag: str) -> None:
        if said := why_unfit(form, tag, row.target, text):
            raise self._error(row, column, said, "write a value that the target can hold")

    def _check_type(self, line: Line, tag: str) -> None:
        """Refuse a transform whose result the field can never hold: a date in a weight, a number in a date."""
        last, kind = line.steps[-1][0], tag.partition(":")[0]
        if kind in _HOLDS and last.result not in _HOLDS[kind]:
            raise self._error(
                line.row, "transform", f"{last.name} makes a {last.result}, {line.row.target} is {_KINDS[kind]}",
                "use a transform that makes one, or another target",
            )  # fmt: skip

    def _line(self, row: Row, at: str, target: str = "") -> Line:
        if row.required not in ("", "yes", "warn"):
            raise self._error(row, "required", f'"{row.required}" is not known', "write yes, warn or nothing")
        sources = parsed(row, "source", parse_source)
        if not sources and not row.default and row.target not in ACTIONS:
            raise self._error(row, "source", "the row has neither source nor default", "give one of them")
        steps = self._steps(row, len(sources)) if row.transform else ()
        if steps and steps[0][0].function is code_on:
            sources = (*sources, RECEIVED)
        when = parsed(row, "when", parse_when) if row.when else ()
        party = row.level in PARTY_ROLES or target.partition(".")[0] in PARTY_ROLES  # final_deliver_to_party.phone
        personal = party and target.rpartition(".")[2] in PERSONAL_FIELDS.get("party", ())
        return Line(row, sources, when, steps, self._dialect, at, personal=personal)

    def _steps(self, row: Row, sources: int) -> tuple[BoundStep, ...]:
        steps = self._bound.get(row.transform)
        if steps is None:
            calls: tuple[Call, ...] = parsed(row, "transform", parse_transform)
            steps = self._bound[row.transform] = tuple(self._step(row, call) for call in calls)
        if sources > 1 and (not steps[0][0].many or steps[0][0].function is code_on):
            raise self._error(
                row,
                "transform",
                f"{steps[0][0].name} takes one value, the row has {sources}",
                one_value(row, steps),
            )
        for number, call in enumerate(parse_transform(row.transform) if sources else ()):
            said, advice = sources_fault(call.name, call.args, 1 if number else sources)
            if said:
                raise self._error(row, "transform", said, advice)
        return steps

    def _step(self, row: Row, call: Call) -> BoundStep:
        found = find_transform(call.name)
        if found is None:
            said = f'transform "{call.name}" does not exist'
            raise self._error(row, "transform", said, near(call.name, registry()))
        about = (found.function.__doc__ or "").partition("\n")[0]
        if not found.args[0] <= len(call.args) <= found.args[1]:
            raise self._error(
                row,
                "transform",
                f"{call.name} takes {count_words(*found.args)}, {len(call.args)} given",
                f"steps are parted by |; {about}" if len(call.args) > found.args[1] else about,
            )
        if fault := argument_fault(call.name, call.args):
            raise self._error(row, "transform", fault, about)
        named = call.name in NAMING
        if named and call.args[0] not in self._codes:
            raise self._error(
                row,
                "transform",
                f"code table {call.args[0]} does not exist",
                f"{near(call.args[0], self._codes)}; one of your own is codes/{call.args[0]}.csv beside these rows",
            )
        if named and self._codes.by_day(call.args[0]):
            if call.name != "code" or parse_transform(row.transform)[0] != call:
                said = f"the values of code table {call.args[0]} depend on the day, and {call.name} asks for none here"
                raise self._error(
                    row, "transform", said, "make code the first step, or leave from and to out of the table"
                )
            found = msgspec.structs.replace(found, function=code_on, many=True)
        if call.name == "date" and "HH" in call.args[0]:
            found = msgspec.structs.replace(found, result="timestamp")
        if found.needs_tables:
            alone = named and call.name != "into_us_time"  # which asks for the zone of the port too
            self.code_tables |= {call.args[0]} if alone else set(self._codes)
        return found, found.bind(call.args, self._codes)

    def _error(self, row: Row, column: str, message: str, advice: str = "") -> MappingError:
        return MappingError(row.file, row.line, column, message, advice)


def parsed(row: Row, column: str, parse: Callable[[str], Any]) -> Any:
    """Return the syntax tree of a cell. Raises MappingError."""
    try:
        return parse(getattr(row, column))
    except CellError as error:
        raise MappingError(row.file, row.line, column, str(error), error.advice) from None


@lru_cache(1024)
def target_type(level: str, target: str) -> str | None:
    """Return the type tag of a target such as gross_weight_kg, total_value.amount or security_scan.method; None = unknown."""
    scope = "party" if level in PARTY_ROLES else "shipment" if level == "message" else level
    parts = target.split(".")
    for number, part in enumerate(parts):
        fields = fields_of(scope)
        if part not in fields:
            return _OWN.get(target) if level in ("message", "shipment") else None
        tag = fields[part]
        if number == len(parts) - 1:
            return tag
        kind, _, inner = tag.partition(":")
        if kind not in ("money", "object"):
            return None
        scope = inner or "money"
    return None


def _parts_of(tag: str) -> list[str]:
    """Return the parts of a field that no single text can fill, [] of any other. tag: see fields_of."""
    kind, _, inner = tag.partition(":")
    scope = "money" if kind == "money" else inner
    whole = kind in ("money", "object") or tag in ("list:item", "list:reference", "list:picture")
    return list(fields_of(scope)) if whole else []


@lru_cache(1024)
def why_unfit(form: Format, tag: str, target: str, text: str) -> str:
    """Return why a field cannot hold a text that nothing changes any more, "" when it can."""
    said = unfit(tag, target, text)
    try:
        form(text)
    except Unusable as error:
        said = str(error)
    return said


@lru_cache(1024)
def why_refused(level: str, target: str, text: str) -> str:
    """Return why a field cannot hold a text, "" when it can: what `why_unfit` knows and what the schema of messages says."""
    tag = target_type(level, target) or "str"
    form = formatter(tag, target)
    return why_unfit(form, tag, target, text) or ("" if target in _OWN else refused(level, target, form(text)))


def formatter(tag: str, name: str = "") -> Format:
    """Return the function that turns transform text into a JSON-ready value of a target type.

    Kilograms are written with 3 decimals, amounts of money with 2 at least, other decimals as they came.
    """
    kind = tag.partition(":")[0]
    if kind == "int":
        return _integer
    if kind == "bool":
        return _flag
    if tag in ("list:party_identifier", "list:product_identifier"):
        return _identifications
    if kind == "dec":
        places = 3 if name.endswith("_kg") else 2 if name.endswith(("amount", "_usd")) else 0
        return lambda text: _decimal(str(text), places)
    return str


@lru_cache(2048)
def _decimal(text: str, places: int) -> str:
    from gateway.mapping.transforms.numbers import number

    return plain(number(text), places)


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise Unusable(f'"{text}" is not a whole number')
    return int(text)


def _flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false", "y", "n", "yes", "no", "1", "0"):
        raise Unusable(f'"{text}" is neither yes nor no')
    return word in ("true", "y", "yes", "1")


def _identifications(text: str) -> list[dict[str, str]]:
    """Return the list of identifications, each written as kind and number."""
    found = (one.partition(" ") for one in text.split(BETWEEN))
    return [{"type": kind, "value": number} for kind, _, number in found]


def _canonical_place(target: Target) -> int:
    """Return where a field stands in the parties, goods lines and references of the canonical model; 0 elsewhere."""
    level = "party" if target.level in PARTY_ROLES else target.level
    if level not in ("party", "item", "reference"):
        return 0
    return list(fields_of(level)).index(target.path[0])


def _nearest(level: str, name: str) -> str:
    """Return the field that is meant: of the level, or a part of one."""
    if name == "(all)":
        return f"write {level},(all),(none)"
    above, dot, _ = name.rpartition(".")
    if dot and (parts := _parts_of(target_type(level, above) or "")):
        return near(name, [f"{above}.{part}" for part in parts])
    scope = "party" if level in PARTY_ROLES else "shipment" if level == "message" else level
    return near(name.partition(".")[0], [*fields_of(scope), *ACTIONS, *BINDINGS])
