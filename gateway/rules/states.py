"""States of Mexico: the codes and names that people write, as the three letters of ISO 3166-2 that CBP asks for.

NL, N.L. and Nuevo Leon are NLE. What two lists read otherwise (QR, CL) is in no row of mx_state.csv, and the schema refuses it.
"""

from __future__ import annotations

from typing import Any

from gateway.canonical.model import PARTY_ROLES
from gateway.findings import Finding, Scope, Severity
from gateway.rules.tables import Tables, letters

_NONE: list[Finding] = []  # the usual answer; shared, never changed
_ROLES = frozenset(PARTY_ROLES)
_LONGEST_CODE = 5  # letters; what is longer is a name, as TAMPS is a code


def read_states(draft: dict[str, Any], tables: Tables) -> list[Finding]:
    """Write the states of Mexican parties as ISO has them, and say so where another code stood."""
    for role in draft.keys() & _ROLES:
        if draft[role].get("country_code") == "MX":
            break
    else:
        return _NONE
    mexican = (role for role in PARTY_ROLES if role in draft and draft[role].get("country_code") == "MX")
    return [finding for role in mexican for finding in _read(draft[role], role, tables)]


def _read(party: dict[str, Any], role: str, tables: Tables) -> list[Finding]:
    given = str(party.get("state_province", ""))
    key = letters(given)
    code = tables.mexican.get(key)
    if code is None:
        return _NONE
    party["state_province"] = code
    if len(key) > _LONGEST_CODE:
        return _NONE
    said = f'State "{given}" was read as {code}, its code in ISO 3166-2:MX.'
    place = f"{role}.state_province", f"/{role}/state_province"
    return [
        Finding("CODE-STATE-MX", Severity.WARNING, Scope.SHIPMENT, said, target=place[0], pointer=place[1], value=given)
    ]
