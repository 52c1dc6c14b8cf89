"""`[options.tabular]` of a partner file: of which kind each value is, and names that nothing would read.

What the keys mean says gateway.formats.tabular.layout; a pattern, a character set and what belongs together is checked there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from gateway.config_files import Part, checked
from gateway.errors import ConfigError, did_you_mean
from gateway.formats import format_module
from gateway.formats.tabular.layout import options_of
from gateway.formats.tabular.paths import column_of
from gateway.formats.tabular.rows import plain_name
from gateway.formats.tabular.vocabulary import standard_places
from gateway.mapping.folder import MappingSet
from gateway.mapping.grammar import parse_source, parse_when
from gateway.pattern_cost import check_cost

_Row = Annotated[int, Meta(ge=1)]
_Names = tuple[str, ...]
_SLIP = 0.9  # how alike two names are of which one is a slip of the pen
_NOWHERE = "Name a standard column (docs/formats/tabular.md), or write a mapping row that reads it."


class _Split(Part, frozen=True):
    column: str
    pattern: str


class _Layout(Part, frozen=True):
    delimiter: Literal[",", ";", "\t", "|", "comma", "semicolon", "tab", "bar", "pipe", ""] = ""
    encoding: str = ""
    header_row: _Row = 1
    columns: _Names = ()
    widths: Annotated[
        tuple[tuple[_Row, _Row], ...], Meta(description="first position and length of each: [[1, 12]]")
    ] = ()
    records: dict[str, _Names] = field(default_factory=dict)
    record_order: _Names = ()
    trailer: dict[str, Any] = field(default_factory=dict)
    rename: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    split: tuple[_Split, ...] = ()
    group_by: _Names = ()
    fill_down: _Names = ()
    extra_columns: _Names = ()
    lists: dict[str, str] = field(default_factory=dict)
    add_up: _Names = ()
    decimal: Literal["comma", "point", ""] = ""
    date_order: Literal["dmy", "mdy", ""] = ""
    sheet: str = ""
    message_type: str = ""
    accept_empty: bool = False


class _Options(Part, frozen=True):
    tabular: _Layout


class _File(Part, frozen=True):
    options: _Options


def check_layout(name: str, options: Mapping[str, Any]) -> None:
    """Raise ConfigError for a layout that cannot be used. name: of the partner file; options: its [options]."""
    checked(name, {"options": {"tabular": options["tabular"]}}, _File)
    for column, value in options["tabular"].get("values", {}).items():
        if isinstance(value, dict | list | bool):
            raise ConfigError(f"{name}: options.tabular.values.{column} is not one value.", "Write text in quotes.")
    try:
        made = options_of(options)
        for pattern in (made.title, *(rule["pattern"] for rule in made.split)):
            check_cost(pattern)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error.message}", error.advice) from None


def check_names(name: str, options: Mapping[str, Any], mappings: MappingSet) -> None:
    """Raise ConfigError for a name that no table reads (it would change nothing) or that is a slip of the pen.

    Names of the file's own columns may be any; what the gateway itself fills must be read by something.
    """
    layout = options["tabular"]
    filled = {"values": layout.get("values", {}), "title": _groups(layout.get("title", ""))}
    filled["split"] = [group for rule in layout.get("split", ()) for group in _groups(rule["pattern"])]
    named = {
        "rename": layout.get("rename", {}).values(),
        "columns": layout.get("columns", ()),
        "records": [column for columns in layout.get("records", {}).values() for column in columns],
        "group_by": layout.get("group_by", ()),
        "fill_down": layout.get("fill_down", ()),
    }
    taken = [rule["column"] for rule in layout.get("split", ())]
    aside = [*layout.get("extra_columns", ()), *layout.get("group_by", ()), *layout.get("fill_down", ()), *taken]
    for key, names in filled.items():
        for one in _strange(names, aside, mappings):
            advice = did_you_mean(one, standard_places(), _NOWHERE)
            raise ConfigError(f'{name}: options.tabular.{key} fills "{one}", which nothing reads.', advice)
    for key, names in named.items():
        for one in _strange(names, [*taken, *layout.get("extra_columns", ())], mappings):
            if near := get_close_matches(one, _unlike(one), 1, _SLIP):
                advice = f"Did you mean {near[0]}? Else name it in extra_columns too."
                raise ConfigError(f'{name}: options.tabular.{key} names "{one}", which nothing reads.', advice)


def _groups(pattern: str) -> list[str]:
    return list(re.compile(pattern).groupindex)


def _unlike(name: str) -> list[str]:
    """Return the standard columns that differ from a name in more than a number (`shipper_address4` is no slip)."""
    return [column for column in standard_places() if re.sub("[0-9]", "", column) != re.sub("[0-9]", "", name)]


def _strange(names: Iterable[str], aside: Iterable[str], mappings: MappingSet) -> list[str]:
    """Return the names that are no standard columns, are not put aside, and are read by no row of a table."""
    known = {plain_name(column) for column in (*standard_places(), *aside)}
    strange = [name for name in names if plain_name(name) not in known]
    read = _read(mappings) if strange else set()
    return [name for name in strange if plain_name(name) not in read]


def _read(mappings: MappingSet) -> set[str]:
    """Return the plain names of all columns that the mapping tables for tables read."""
    found = set()
    for facts in mappings.facts:
        if format_module(facts.format).DIALECT.name == "tabular":
            for row in mappings.rows(facts)[0]:
                sources = [*parse_source(row.source), *(test.source for test in parse_when(row.when))]
                found |= {plain_name(column_of(one.path) if one.path else one.name) for one in sources}
    return found
