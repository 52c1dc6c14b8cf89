"""An output as it is used: its fields, which shipments it takes, what the law says about it.

Made by reading.py out of a folder's files; fill.py, fits.py and the writers use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from gateway.formats.xml import Kind
from gateway.mapping.line import Line
from gateway.mapping.sources import Condition
from gateway.outputs.elements import Goal


@dataclass(frozen=True, slots=True)
class Field:
    """One target: a column, or an element or attribute of an XML document.

    lines: its rows with a source or a default, in order. longest: most characters, None = any; cut: longer texts are cut
    (and told), else left out. why, mend: of the message when there is no value. sources: canonical fields it reads;
    settings: keys of [outputs] it reads. per_item: it may differ between the goods lines of a shipment. number: its
    values are numbers. row: file:line of its first row. goal: its place in an XML document.
    """

    target: str
    lines: tuple[Line, ...]
    required: str
    longest: int | None
    cut: bool
    why: str
    mend: str
    sources: tuple[str, ...]
    settings: tuple[str, ...]
    per_item: bool
    personal: bool
    number: bool
    row: str
    goal: Goal | None = None

    @property
    def static(self) -> bool:
        """True when nothing of a shipment is read: a value that is missing is missing everywhere."""
        return not self.sources


@dataclass(frozen=True, slots=True)
class Refusal:
    """Goods that the output may not hold from a day on: of HTSUS chapters, or with data for another agency (pga)."""

    start: str
    chapters: tuple[str, ...]
    pga: bool
    advice: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One output. row: item or shipment; holds: which shipments it takes (None = all), when: the same in words.

    kind: of its XML document, None for a table; namespace: of all elements below the first level; items: names of the
    elements down to that of a goods line.
    """

    id: str
    row: str
    fields: tuple[Field, ...]
    when: str
    holds: Condition | None
    entry_type: str = ""
    most_usd: Decimal | None = None
    refusal: Refusal | None = None
    kind: Kind | None = None
    namespace: str = ""
    items: tuple[str, ...] = ()
