"""The transaction sets that are known, by ST01: one row of sets.csv each."""

from __future__ import annotations

from functools import cache

import msgspec

from gateway.shipped import files, table_rows


class SetKind(msgspec.Struct, frozen=True):
    """One row of sets.csv. role: manifest (translated), consist, ack (read as an answer), other (acknowledged only).

    unit: the segment that starts one shipment; with a / before it the shipments are told at SE only, see late_units.py.
    """

    name: str
    functional_ids: tuple[str, ...]
    role: str
    unit: str


@cache
def set_kinds() -> dict[str, SetKind]:
    """Return the transaction sets we know, by ST01."""
    text = files(__package__).joinpath("sets.csv").read_text("utf-8")
    return {
        row["set"]: SetKind(row["name"], tuple(row["functional_ids"].split("|")), row["role"], row["unit"])
        for row in table_rows(text)
    }
