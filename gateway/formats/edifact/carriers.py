"""Two carriers in one header: the one of the carriage (TDT C040) and the one that is named as a party (NAD+CA).

    NAD+CA+YYYY:172'  TDT+20+TRIP1+3++XXXX:172:182'     carrier_code is XXXX; who sent YYYY is told

The table takes the carriage's, so that the other one would vanish. An IATA code (two letters or digits) beside a SCAC (two
to four letters) may be the same carrier: only codes of one kind contradict each other.
"""

from __future__ import annotations

from gateway.findings import Finding, Scope, Severity
from gateway.formats.edifact.composites import first_components, separators_of
from gateway.records import Node

_CARRIER_CODES = "172"  # 1131
_MAIN = frozenset(("20", "11", "12"))  # TDT 8051: the carriages whose carrier is read


def two_carriers(root: Node) -> Finding | None:
    """Return what is to be told of a header (CUSCAR) that names two carriers."""
    header, s = root.children or {}, separators_of(root)
    parties = [node for node in header.get("NAD", ()) if node.element(1).strip() == "CA"]
    if not parties:
        return None
    carriages = [node for node in header.get("TDT", ()) if node.element(1).strip() in _MAIN]
    codes = {first_components(node, 5, 1, s)[0].strip().upper() for node in carriages} - {""}
    for party in parties:
        number, listed = first_components(party, 2, 2, s)
        code = number.strip().upper()
        alike = [other for other in codes if len(other) == len(code)]
        if listed.strip() == _CARRIER_CODES and alike and code not in codes:
            said = f'The header names two carriers: "{alike[0]}" of the carriage (TDT) was taken, "{code}" (NAD+CA) was not passed on.'
            return Finding(
                "MAP-AMBIGUOUS", Severity.WARNING, Scope.MESSAGE, said, party.place(2, 1, "3039"), value=code
            )
    return None
