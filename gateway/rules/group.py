"""The shipments of a group, column by column: a question to all of them costs little more than one to a single one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from gateway.profile import Profile
from gateway.rules.tables import Tables, normals

Draft = dict[str, Any]


class Asked(NamedTuple):
    """What rules go by: the tables, the partner's profile, the time of processing."""

    tables: Tables
    profile: Profile
    now: datetime


class Group:
    """Drafts and their columns, each made when it is asked for. What is changed in a draft behind that is not seen.

    Whoever asks for a column of parts (parties, goods lines) is answered with TypeError or AttributeError where one is none.
    """

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = drafts
        self._columns: dict[str, list[Any]] = {}
        self._roles: dict[str, Parties] = {}

    def column(self, name: str) -> list[Any]:
        """Return a field of each draft, None where there is none."""
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = [draft.get(name) for draft in self.drafts]
        return column

    def parties(self, role: str) -> Parties:
        """Return the parties of a role."""
        parties = self._roles.get(role)
        if parties is None:
            parties = self._roles[role] = Parties(self.column(role))
        return parties

    @cached_property
    def lines(self) -> list[Draft]:
        """The goods lines of all drafts."""
        return [line for lines in self.column("items") for line in lines]

    @cached_property
    def line_names(self) -> set[str]:
        """The names of all fields that any of the goods lines has."""
        return set[str]().union(*self.lines)

    @cached_property
    def line_owners(self) -> list[int]:
        """The number of its draft for each goods line."""
        return [number for number, lines in enumerate(self.column("items")) for _ in lines]

    @cached_property
    def origins(self) -> list[Any]:
        """The country of origin of each goods line."""
        return [line.get("country_of_origin") for line in self.lines]

    def owners(self, lines: Iterable[int]) -> Iterator[int]:
        """Yield the numbers of the drafts of some goods lines."""
        return map(self.line_owners.__getitem__, lines)


class Parties:
    """The parties of one role. of: number of its draft for each; parties: what is there."""

    def __init__(self, column: list[Any]) -> None:
        self.of: Sequence[int] = range(len(column))
        self.parties: list[Draft] = column
        if None in column:
            self.of = [number for number, party in enumerate(column) if party is not None]
            self.parties = [party for party in column if party is not None]
        self._normal: dict[str, list[str]] = {}

    def column(self, name: str) -> list[Any]:
        """Return a field of each party, "" where there is none."""
        return [party.get(name, "") for party in self.parties]

    def normal(self, name: str) -> list[str]:
        """Return a field of each party as texts are compared, see tables.normal."""
        column = self._normal.get(name)
        if column is None:
            column = self._normal[name] = normals(self.column(name))
        return column

    def owners(self, parties: Iterable[int]) -> Iterator[int]:
        """Yield the numbers of the drafts of some parties."""
        return map(self.of.__getitem__, parties)
