"""Message structures as data: messages/index.csv chooses a table, messages/NAME.csv is one.

    group,tag,status,max,missing      group: the group a row stands in, "" = the message
    SG7,CNI,M,1,                      tag SGn: a group; its rows follow, the first is its trigger
    SG7,SG8,C,9999,                   missing: severity of a missing mandatory row for a lenient partner, "" = error

A new message or directory is one CSV and one row of the index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gateway.shipped import files, table_rows

_FOLDER = files("gateway.formats.edifact") / "messages"
SERVICE_TAGS = frozenset(("UNA", "UNB", "UNG", "UNH", "UNT", "UNE", "UNZ", "UNS"))


@dataclass(eq=False, slots=True)
class Row:
    """A segment or a group of a structure. group: the Group it stands in; index: its place there, from 0."""

    tag: str
    mandatory: bool
    max: int
    missing: str
    index: int
    group: Group
    moves: dict[str, Any] = field(default_factory=dict)  # tag -> Move, filled by the matcher
    steps: dict[str, Any] = field(default_factory=dict)  # those that leave nothing to say, as plain tuples

    @property
    def depth(self) -> int:
        """How many groups are open at this row."""
        return self.group.depth


@dataclass(eq=False, slots=True)
class Group:
    """Rows of the message (name "") or of one group, in order; row: its own Row in the parent."""

    name: str
    depth: int
    row: Row | None = None
    rows: list[Row | Group] = field(default_factory=list)

    @property
    def trigger(self) -> Row:
        """The segment that opens the group."""
        first = self.rows[0]
        assert isinstance(first, Row)
        return first


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of messages/index.csv. role: manifest (translated), parts (shipments that another message completes), conveyance, ack.

    exact: False when another directory's table stands in. unit: tag of the segment that opens a shipment; CNI/GID: each
    GID of a CNI is one. format: name of the message format, "" = that of the message type.
    """

    message: str
    association: str
    first: str
    last: str
    table: str
    exact: bool
    role: str
    unit: str
    format: str = ""

    @property
    def translated(self) -> bool:
        """True when a mapping table reads its shipments."""
        return self.role in ("manifest", "parts")


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the rows of messages/index.csv."""
    return tuple(
        Kind(
            r["message"],
            r["association"],
            r["from"],
            r["to"],
            r["table"],
            r["exact"] == "yes",
            r["role"],
            r["unit"],
            r["format"],
        )
        for r in table_rows((_FOLDER / "index.csv").read_text("utf-8"))
    )


def kind_of(message: str, release: str, association: str = "") -> Kind | None:
    """Return how a message of a directory is read, None when we do not know the message.

    release: "03B" of D.03B. A directory that no row names is read with the nearest lower one (exact = False).
    """
    rows = [k for k in kinds() if k.message == message]
    if any(k.association == association for k in rows if k.association):
        rows = [k for k in rows if k.association == association]
    else:
        rows = [k for k in rows if not k.association]
    if not rows:
        return None
    key = release_key(release)
    for kind in rows:
        if not kind.first or release_key(kind.first) <= key <= release_key(kind.last):
            return kind
    lower = [k for k in rows if release_key(k.last) < key]
    stand_in = max(lower, key=lambda k: release_key(k.last)) if lower else rows[0]
    return Kind(**{**{name: getattr(stand_in, name) for name in Kind.__slots__}, "exact": False})


def own_tables(message: str, association: str = "") -> str:
    """Return the directories of a message that have a table of their own, in words.

    >>> own_tables("IFTMIN"), own_tables("CUSCAR")
    ('D.03A', 'D.95B, D.02B to D.03A or D.03B to D.24A')
    """
    rows = [k for k in kinds() if k.message == message and k.exact and k.first and k.association == association]
    spans = list(dict.fromkeys(f"D.{k.first}" + (f" to D.{k.last}" if k.last != k.first else "") for k in rows))
    return " or ".join([", ".join(spans[:-1]), spans[-1]] if len(spans) > 1 else spans)


def release_key(release: str) -> tuple[int, str]:
    """Return a directory's place in time: "95B" before "03A".

    >>> release_key("95B") < release_key("03A")
    True
    """
    found = re.fullmatch(r"([0-9]{2})([A-Z])", release)
    if not found:
        return (0, release)
    year = int(found[1])
    return (1900 + year if year >= 88 else 2000 + year, found[2])


@cache
def load_table(name: str) -> Group:
    """Return the structure in messages/NAME.csv: the message as a group of rows and groups."""
    root = Group("", 0)
    groups = {"": root}
    for cells in table_rows((_FOLDER / f"{name}.csv").read_text("utf-8")):
        parent = groups[cells["group"]]
        tag = cells["tag"]
        row = Row(tag, cells["status"] == "M", int(cells["max"]), cells["missing"], len(parent.rows), parent)
        if re.fullmatch(r"SG[0-9]+", tag):
            group = groups[tag] = Group(tag, parent.depth + 1, row)
            parent.rows.append(group)
        else:
            parent.rows.append(row)
    return root


@cache
def table_tags(name: str) -> frozenset[str]:
    """Return every segment tag of a structure."""
    lines = table_rows((_FOLDER / f"{name}.csv").read_text("utf-8"))
    return frozenset(cells["tag"] for cells in lines if not re.fullmatch(r"SG[0-9]+", cells["tag"]))


@cache
def known_tags() -> frozenset[str]:
    """Return the segment tags of all structures and of the envelope."""
    return SERVICE_TAGS.union(*(table_tags(kind.table) for kind in kinds()))
