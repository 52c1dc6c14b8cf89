"""The value of one row of a mapping, as the expressions that in_line.py writes."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """The expressions of one row.

    made: its value, None for none, CAREFUL for what needs words; holds: its condition; there: gives `raw` where something was sent; known: the value
    of a text that came before; quick: the same, giving `raw`; sure: the value is a text, or "" for none, and never CAREFUL; constant: it is the same
    for all nodes; default: what stands for no value.
    """

    made: str
    holds: str = ""
    there: str = ""
    known: str = ""
    quick: str = ""
    sure: bool = False
    constant: bool = False
    default: str = ""

    @property
    def text(self) -> str:
        """The value in one expression."""
        value = f"({self.made} or {self.default or None})" if self.sure else self.made
        if self.known:
            value = f"({self.known} or {value})"
        if self.there:
            value = f"{value} if {self.there} else {self.default or None}"
        return f"({value}) if {self.holds} else None" if self.holds else value

    @property
    def at_once(self) -> str:
        """What is true, and gives `value`, for the texts of most nodes; "" for a row of which that cannot be said."""
        if not self.sure and not self.quick:
            return ""
        there, value = (self.there, self.made) if self.sure else ("", self.quick)
        return " and ".join(filter(None, (self.holds, there, f"(value := {value})")))

    @property
    def rest(self) -> str:
        """The value where `at_once` is not true."""
        if not self.sure:
            return self._replace(known="").text
        value = self.default or "None"
        return f"({value}) if {self.holds} else None" if self.holds else value


def remembered(tag: str, text: str, *, several: bool = False, deep: bool = False, guard: str = "") -> Row:
    """Return the expressions of a row that remembers what it made of a text, or of several.

    tag: number of target and row, in the names of its functions; deep: nothing is there in a text without a colon; guard: what must be true.
    """
    there = f"any(raw := {text})" if several else f"(raw := {text})"
    if deep:
        there = f'(raw := raw if ":" in (raw := {text}) else "")'
    known = f"k{tag}(raw)"
    quick = f"k{tag}(raw := {text})" if several or deep or guard else f"{there} and {known}"
    if guard:
        there, quick = f"{guard} and {there}", f"{guard} and {quick}"
    return Row(f"m{tag}(raw)", there=there, known=known, quick=quick)
