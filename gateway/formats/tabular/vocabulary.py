"""The standard columns of tables and the names in use for them (columns.csv).

unsure.csv holds names that the columns beside them settle: alone, what they are read as (an amount of a line or of one piece only
while a row has one piece); beside, such columns, and means, what the name means with one of them ("" nothing of ours).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from gateway.formats.tabular.rows import plain_name
from gateway.shipped import files, table_rows


@dataclass(frozen=True, slots=True)
class Column:
    """One row of columns.csv. level: shipment or item; kind: what a cell holds; need: what must be there.

    passed: "no" for what our mappings read and do not pass on; a column without which this one is not passed on.
    """

    name: str
    level: str
    kind: str
    need: str
    passed: str = ""


def _columns() -> Iterable[dict[str, str]]:
    return table_rows(files(__package__).joinpath("columns.csv").read_text("utf-8"))


@cache
def vocabulary() -> tuple[dict[str, Column], dict[str, str]]:
    """Return (column name -> Column, plain alias -> column name)."""
    columns: dict[str, Column] = {}
    aliases: dict[str, str] = {}
    for row in _columns():
        columns[row["column"]] = Column(row["column"], row["level"], row["kind"], row["need"], row["passed"])
        for alias in (row["column"], *row["aliases"].split("|")):
            if plain_name(alias):
                aliases.setdefault(plain_name(alias), row["column"])
    for name, unsure in _unsure().items():
        aliases.setdefault(name, unsure["alone"])
    return columns, aliases


@lru_cache(1024)
def meaning(name: str) -> str:
    """Return the standard column that a heading means, "" when nobody knows it. A heading in two languages is read half by half.

    >>> meaning("Zip 邮编"), meaning("Description 英文品名"), meaning("Name 发件人城市"), meaning("重量 磅")
    ('consignee_zip', 'item_description', 'shipper_city', '')
    """
    columns, aliases = vocabulary()
    if found := aliases.get(plain_name(name), ""):
        return found
    halves = [
        plain_name("".join(c for c in name if (c < "\u0250" or not c.isalpha()) == latin)) for latin in (True, False)
    ]
    known = {aliases[half] for half in halves if half in aliases}
    if not all(halves) or len(known) != 1:
        return ""
    (found,) = known
    both = all(half in aliases for half in halves)
    return found if both or columns[found].kind not in ("money", "weight", "number") else ""  # its unit may stand there


def key_meaning(name: str) -> str:
    """Return the standard column that a key of JSON means, else the key itself for comparison."""
    return _remembered(name) if len(name) <= _LONG else _told_by(name)


def _told_by(name: str) -> str:
    plain = plain_name(name)
    return vocabulary()[1].get(plain, plain)


_LONG = 100  # characters of a key; longer ones are no names, and not remembered
_remembered = lru_cache(4096)(_told_by)


@cache
def _unsure() -> dict[str, dict[str, str]]:
    rows = table_rows(files(__package__).joinpath("unsure.csv").read_text("utf-8"))
    return {plain_name(name): row for row in rows for name in row["names"].split("|")}


def is_unsure(name: str) -> bool:
    """True for a name of an amount that is of a line with some senders and of one piece with others."""
    row = _unsure().get(plain_name(name))
    return row is not None and (not row["beside"] or bool(row["means"]))


def told_beside(names: Iterable[str]) -> dict[str, str]:
    """Return plain name -> what it means in a table with these names, for those that the columns beside them settle.

    >>> told_beside(["item-price", "order-item-id"]), told_beside(["Item Price", "Qty"]), told_beside(["Value", "Item Unit Value"])
    ({'itemprice': 'item_value'}, {}, {'value': ''})
    """
    plain = {plain_name(name) for name in names}
    found = plain & _unsure().keys()
    return {
        n: _unsure()[n]["means"]
        for n in found
        if not plain.isdisjoint(map(plain_name, filter(None, _unsure()[n]["beside"].split("|"))))
    }


def other_names(name: str) -> list[str]:
    """Return the other names that a standard column is known by, as columns.csv writes them."""
    return _aliases().get(name, [])


@cache
def _aliases() -> dict[str, list[str]]:
    return {row["column"]: row["aliases"].split("|") for row in _columns()}


def written(plain: str) -> str:
    """Return a name in use as columns.csv writes it."""
    names = (name for row in _columns() for name in (row["column"], *row["aliases"].split("|")))
    return next((name for name in names if plain_name(name) == plain), plain)


@cache
def standard_places() -> dict[str, int]:
    """Return standard column -> index among the elements of a row; 0 is left to the tag."""
    return {name: number for number, name in enumerate(vocabulary()[0], start=1)}
