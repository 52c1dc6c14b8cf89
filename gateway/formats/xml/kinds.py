"""Which documents a format knows: one row of a table each.

root           local name of the root element
namespace      of the root: text, a trailing * stands for anything; empty = no namespace
format, type   names of the message: cargo_xml_xfzb, XFZB
version        path of the message version ("" = the attribute or fixed text after =)
id, sender, receiver, created, when_test    paths read for the envelope, "" = none
unit           path of the element that is one shipment; "." = the whole document
role           shipment, part or master (records.Unit)
master_when    PATH=VALUE|VALUE: then the document is a master, whatever the role
versions       first figures of the versions we know; "" = any
code, codes    path of a type code and the values it may have; "" = none
aside          ends of paths below the unit of elements that say nothing of a shipment; "-" when there are none. Where the column has
               anything, elements that no row of the mapping reads are told (unread.py)
notes          name of the elements that hold customs notes; "" = none
parties        path below the unit of the parties that have a RoleCode; "" = none
totals         PATH=PATH of totals beside the units and of what they add up (totals.py); "" = none
totals_as      rule of a wrong total and the word for the units ("" = XML-TOTAL shipments)
answers        "yes": an answer of somebody to us (XFNM), read and never answered

names.csv beside it names what a document may hold, whatever its order: type ("" = every message), elements, the children
and attributes that each of them may have. A row of elements * gives the attributes of all elements of documents whose
elements we have no list of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from gateway.formats.xml.sniffing import root_of
from gateway.shipped import files, table_rows

_TOTALS_AS = ("XML-TOTAL", "shipments")


@dataclass(frozen=True, slots=True)
class Names:
    """What an element may hold. children: None when we have no list of them."""

    children: frozenset[str] | None
    attributes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of documents.csv; paths are tuples of local names, the last may be "@name"."""

    root: str
    namespace: str
    format: str
    type: str
    unit: tuple[str, ...]
    role: str
    answers: bool
    paths: dict[str, tuple[str, ...]]
    master_when: tuple[tuple[str, ...], frozenset[str]]
    order: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # element -> child -> its rank (order.csv)
    versions: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    required: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # element -> children it must have (order.csv)
    needed: Mapping[str, frozenset[str]] = field(default_factory=dict)  # those whose lack is told (missing.py)
    freight: Mapping[str, frozenset[str]] = field(default_factory=dict)  # of them: they say nothing of the goods
    totals: tuple[tuple[str, str], ...] = ()
    totals_as: tuple[str, str] = _TOTALS_AS  # the rule of a wrong total, and what the units are called
    notes: str = ""
    parties: tuple[str, ...] = ()
    many: Mapping[str, frozenset[str]] = field(default_factory=dict)  # element -> children that may stand again
    aside: tuple[tuple[str, ...], ...] | None = None  # None: what is not read is not told
    names: Mapping[str, Names] = field(default_factory=dict)  # element -> what it may hold (names.csv)

    def fits(self, root: str, namespace: str) -> bool:
        """True when a root element is of this kind."""
        if root != self.root:
            return False
        if self.namespace.endswith("*"):
            return namespace.startswith(self.namespace[:-1])
        return namespace == self.namespace


FACTS = ("id", "version", "sender", "receiver", "created", "purpose")


@cache
def kinds_of(package: str) -> tuple[Kind, ...]:
    """Return the documents that a format folder reads: its documents.csv, with the columns of this module's docstring."""
    text = files(package).joinpath("documents.csv").read_text("utf-8")
    table = files(package).joinpath("order.csv")
    order = list(table_rows(table.read_text("utf-8"))) if table.is_file() else []
    names = files(package).joinpath("names.csv")
    known = list(table_rows(names.read_text("utf-8"))) if names.is_file() else []
    return tuple(kind_of(row, order, known) for row in table_rows(text))


def score(head: bytes, package: str, near: float = 0.0, other: float = 0.0) -> float:
    """Return how sure a format is of a file: 1 for a root element of its own.

    near: for a known name in a foreign namespace; other: for any XML. Then the reader says what is wrong with it.
    """
    return score_of(head, kinds_of(package), near, other)


def score_of(head: bytes, kinds: tuple[Kind, ...], near: float = 0.0, other: float = 0.0) -> float:
    """Return the same for some documents."""
    name, namespace = root_of(head)
    if any(kind.fits(name, namespace) for kind in kinds):
        return 1.0
    return near if any(kind.root == name for kind in kinds) else other if name else 0.0


def kind_of(
    row: Mapping[str, str], order: Iterable[Mapping[str, str]] = (), known: Iterable[Mapping[str, str]] = ()
) -> Kind:
    """Return a row of documents.csv with its rows of order.csv and names.csv."""
    rule, _, units = row.get("totals_as", "").partition(" ")
    when, _, values = row.get("master_when", "").partition("=")
    order = [o for o in order if o["type"] in ("", row["type"]) and row.get("answers") != "yes"]
    return Kind(
        root=row["root"],
        namespace=row["namespace"],
        format=row["format"],
        type=row["type"],
        unit=() if row["unit"] == "." else steps_of(row["unit"]),
        role=row["role"],
        answers=row.get("answers") == "yes",
        paths={name: steps_of(row[name]) for name in FACTS if row.get(name)},
        master_when=(steps_of(when), frozenset(values.split("|"))),
        versions=tuple(row.get("versions", "").split()),
        code=steps_of(row.get("code", "")),
        codes=tuple(row.get("codes", "").split()),
        totals=tuple((above, own) for above, _, own in (p.partition("=") for p in row.get("totals", "").split())),
        totals_as=(rule, units) if rule else _TOTALS_AS,
        order={o["parent"]: {name: rank for rank, name in enumerate(o["children"].split())} for o in order},
        many={o["parent"]: frozenset(o.get("many", "").split()) for o in order},
        required={o["parent"]: tuple(o["required"].split()) for o in order if o.get("required")},
        notes=row.get("notes", ""),
        parties=steps_of(row.get("parties", "")),
        needed={o["parent"]: need for o in order if (need := _named(o, "required") - _named(o, "asked"))},
        freight={o["parent"]: _named(o, "freight") for o in order},
        aside=tuple(steps_of(path) for path in row["aside"].split() if path != "-") if row.get("aside") else None,
        names={
            name: Names(None if name == "*" else frozenset(o["children"].split()), frozenset(o["attributes"].split()))
            for o in known
            if o["type"] in ("", row["type"]) and row.get("answers") != "yes"
            for name in o["elements"].split()
        },
    )


def _named(row: Mapping[str, str], column: str) -> frozenset[str]:
    return frozenset(row.get(column, "").split())


def qualified(root: str, namespace: str) -> str:
    """Return the name of a root element with its namespace, as messages show it: {iata:waybill:1}Waybill."""
    return f"{{{namespace}}}{root}" if namespace else root


def steps_of(path: str) -> tuple[str, ...]:
    """Return the steps of a path of a table."""
    return tuple(step for step in path.split("/") if step)
