"""The value of one row of a mapping, as the expressions that in_line.py writes."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """The expressions of one row.

    made: its value, None for none, CAREFUL for what needs words; holds: its condition; there: gives `raw` where something was sent; known: the value
    of a text that came before; sure: the value is a text, or "" for none, and never CAREFUL; constant: it is the same for all nodes; default: what
    stands for no value.
    """

    made: str
    holds: str = ""
    there: str = ""
    known: str = ""
    sure: bool = False
    constant: bool = False
    default: str = ""

    @property
    def text(self) -> str:
        """The value in one expression."""
        value, default = self.made, self.default or "None"
        if self.known or self.sure:
            value = f"({self.known} or {value})" if self.known else f"({value} or {default})"
        if self.there:
            value = f"{value} if {self.there} else {default}"
        return f"({value}) if {self.holds} else None" if self.holds else value


def remembered(tag: str, there: str) -> Row:
    """Return the expressions of a row that remembers what it made of a text. tag: number of target and row, in the names of its functions."""
    return Row(f"m{tag}(raw)", there=there, known=f"k{tag}(raw)")
