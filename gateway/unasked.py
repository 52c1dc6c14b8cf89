"""Parties that no filer is asked for: one whose name or address is not whole is left out and told; the shipment goes on.

A notify party of a waybill often has a name and a city only. Not here: parties that somebody must send, and values that
cannot be used; those refuse.
"""

from __future__ import annotations

from typing import Any

from gateway.findings import Finding, Scope, Severity

UNASKED = ("notify_party", "manufacturer", "consolidator")
"""Letter O for every filer in canonical/requirements.csv, and no rule reads them (the owner counts in the USD 800 sum)."""

_WORDS = {
    "address_line_1": "street",
    "state_province": "state",
    "postal_code": "postal code",
    "country_code": "country",
}


def leave_out_unasked(draft: dict[str, Any], faults: list[Finding]) -> list[Finding]:
    """Take the parties that lack something out of a draft; return what is said of each, [] for none.

    faults: findings of the schema with their pointers.
    """
    said = []
    for party in UNASKED:
        of_it = [f for f in faults if f.pointer.startswith(f"/{party}/") or f.pointer == f"/{party}"]
        if party not in draft or not of_it or any(f.value is not None for f in of_it):
            continue
        del draft[party]
        lacking = dict.fromkeys(_WORDS.get(name := f.target.rpartition(".")[2], name) for f in of_it)
        message = f"The {party.replace('_', ' ')} was not passed on, because it lacks: {', '.join(lacking)}."
        said.append(
            Finding("MAP-NOT-PASSED", Severity.WARNING, Scope.SHIPMENT, message, pointer=f"/{party}", target=party)
        )
    return said
