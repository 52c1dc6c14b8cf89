"""How bad a syntax fault is and what it refuses: syntax_policy.csv and the partner's switches.

Rows are matched on segment, element, code and tolerance; blank matches all, the row with most filled cells wins.
Scope `shipment` holds inside the unit loop only: in the header a fault always refuses the whole set.
"""

from __future__ import annotations

from functools import cache

import msgspec

from gateway.findings import Scope, Severity
from gateway.profile import Profile
from gateway.shipped import files, table_rows


class Ruling(msgspec.Struct, frozen=True):
    """Severity, scope and rule id of one fault."""

    severity: Severity
    scope: Scope
    rule: str


class SyntaxPolicy(msgspec.Struct, frozen=True):
    """A partner's switches for syntax faults; field names as in Profile."""

    tolerance: str = "lenient"
    salvage: str = "message"
    fold_case: bool = False
    ignore_unknown_segments: bool = False

    @classmethod
    def for_profile(cls, profile: Profile) -> SyntaxPolicy:
        """Return the switches that a partner's profile sets."""
        return cls(profile.tolerance, profile.salvage, profile.fold_case, profile.ignore_unknown_segments)

    def ruling(self, code: str, segment: str, element: int | None, *, in_unit: bool) -> Ruling:
        """Return what a fault means. code: as in syntax_policy.csv ("AK304-3", "AK403-7", "trailing", "case")."""
        row = _row(code, segment, str(element or ""), self.tolerance)
        severity, scope = Severity(row["severity"]), Scope(row["scope"])
        if self.ignore_unknown_segments and code in ("AK304-1", "AK304-6"):
            return Ruling(Severity.WARNING, Scope.SHIPMENT if in_unit else Scope.MESSAGE, row["rule"])
        if not in_unit:
            scope = Scope.MESSAGE
        elif self.salvage == "shipment":
            scope = Scope.SHIPMENT
        return Ruling(severity, scope, row["rule"])


@cache
def policy_rows() -> tuple[dict[str, str], ...]:
    """Return the rows of syntax_policy.csv."""
    text = files(__package__).joinpath("syntax_policy.csv").read_text("utf-8")
    return tuple(table_rows(text))


@cache
def personal_elements() -> frozenset[tuple[str, str]]:
    """Return (segment, element) pairs with personal data; element "" stands for the whole segment."""
    text = files(__package__).joinpath("personal.csv").read_text("utf-8")
    return frozenset((row["segment"], row["element"]) for row in table_rows(text))


def is_personal(segment: str, element: int) -> bool:
    """True when the element may hold a person's name, address or papers."""
    rows = personal_elements()
    return (segment, "") in rows or (segment, str(element)) in rows


@cache
def cbp_numbers() -> dict[tuple[str, str], tuple[str, str]]:
    """Return (segment, element) -> error number of U.S. customs (CAMIR H and L) and its words; element "" = the whole segment."""
    text = files(__package__).joinpath("cbp_numbers.csv").read_text("utf-8")
    return {(row["segment"], row["element"]): (row["cbp"], row["note"]) for row in table_rows(text)}


def with_cbp(ack: dict[str, str], segment: str, element: int | None) -> dict[str, str]:
    """Add the error number of U.S. customs under "CBP" where there is one for the element (or the missing segment)."""
    number, _ = cbp_numbers().get((segment, str(element or "")), ("", ""))
    return {**ack, "CBP": number} if number and ack else ack


@cache
def _row(code: str, segment: str, element: str, tolerance: str) -> dict[str, str]:
    wanted = {"segment": segment, "element": element, "code": code, "tolerance": tolerance}
    best = max(
        (row for row in policy_rows() if all(row[key] in ("", value) for key, value in wanted.items())),
        key=lambda row: sum(bool(row[key]) for key in wanted),
        default=None,
    )
    if best is None:
        return {"severity": "error", "scope": "message", "rule": "X12-SYNTAX"}
    return best
