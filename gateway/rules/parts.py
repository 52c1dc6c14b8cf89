"""The rules of one shipment, in the parts and the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

from gateway.canonical.requirements import ROLE_WORDS, not_expected
from gateway.canonical.wording import words_of
from gateway.findings import Finding, Scope, Severity
from gateway.rules import plain
from gateway.rules.goods import check_goods, small_usd
from gateway.rules.group import Asked, Draft, Group
from gateway.rules.identifiers import check_identifiers
from gateway.rules.parties import check_parties
from gateway.rules.products import check_products
from gateway.rules.programs import DE_MINIMIS, INFORMAL, INFORMAL_USD
from gateway.rules.regime import arrival_day, late_words, law_day, refused_by_law, today
from gateway.rules.suspects import check_pieces, check_suspects
from gateway.rules.values import amount, check_values


class Part(NamedTuple):
    """check: what is said of a shipment. look: numbers of the shipments of a group that must be checked, see plain.py."""

    check: Callable[[Draft, Asked], Iterable[Finding]]
    look: Callable[[Group, Asked], Iterable[int]]


def _identifiers(draft: Draft, asked: Asked) -> Iterable[Finding]:
    return check_identifiers(draft, asked.tables)


def _values(draft: Draft, asked: Asked) -> Iterable[Finding]:
    return check_values(draft, _eligible(draft))


def _parties(draft: Draft, asked: Asked) -> Iterable[Finding]:
    return check_parties(draft, asked.tables)


def _goods(draft: Draft, asked: Asked) -> list[Finding]:
    """Check what each goods line is, its product numbers and its origin."""
    findings: list[Finding] = []
    items, documents = draft["items"], draft.get("transaction_nature") == "documents"
    usd = small_usd(amount(draft.get("fair_retail_value_usd")), asked.tables)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        findings += check_goods(item, index, asked.tables, asked.profile.program, usd, documents=documents)
        if "product_identifiers" in item:
            findings += check_products(item, index)
        if not item.get("country_of_origin"):
            day = arrival_day(draft, asked.tables)
            day = law_day(draft, asked.tables, day) if day else today(asked.now)
            severity = Severity.ERROR if day >= "2025-05-02" else Severity.WARNING
            said = f"The country of origin of goods line {index + 1} is missing."
            pointer = f"/items/{index}/country_of_origin"
            findings.append(_finding("S321-ORIG-REQ", severity, said, "items.country_of_origin", pointer))
    return findings


def _suspects(draft: Draft, asked: Asked) -> list[Finding]:
    return check_suspects(draft)


def _not_expected(draft: Draft, asked: Asked) -> list[Finding]:
    """Remark what this kind of filer is not asked for; it is delivered as it is."""
    filer = asked.profile.filer_type_for(str(draft.get("mode_of_transportation", "")))
    of_shipment, of_line = not_expected(filer)
    there = {name: f"/{name}" for name in of_shipment if name in draft}
    for name in of_line:
        at = next((n for n, item in enumerate(draft["items"]) if name in item), None)
        if at is not None:
            there[f"items.{name}"] = f"/items/{at}/{name}"
    return [
        _finding("S321-ROLE-NE", Severity.INFO, f"{_words(name)} is not asked of {ROLE_WORDS[filer]}.", name, pointer)
        for name, pointer in there.items()
    ]


def _whole(draft: Draft, asked: Asked) -> list[Finding]:
    """Check the whole shipment: regime, scan, pieces, time."""
    findings, program = [], asked.profile.program
    verdict, scan = draft.get("regime_verdict"), draft.get("security_scan")
    if not _eligible(draft) and program in DE_MINIMIS and isinstance(verdict, dict):
        findings.append(refused_by_law(draft, asked.tables, verdict))
    if draft.get("mode_of_transportation") == "air" and isinstance(scan, dict) and scan.get("performed") is not True:
        said = "No foreign security scan was done; air carriers must report one."
        place = "security_scan.performed", "/security_scan/performed"
        findings.append(_finding("S321-SCAN-AIR", Severity.ERROR, said, *place))
    if draft.get("package_count") == 0:
        said = "The number of packages is 0."
        findings.append(_finding("S321-QTY-ZERO", Severity.ERROR, said, "package_count", "/package_count", "0"))
    findings += check_pieces(draft)
    total = amount(draft.get("fair_retail_value_usd")) if program in INFORMAL else None
    if total is not None and total > INFORMAL_USD:
        said = f"The shipment is worth {total:.2f} USD; informal entry ends at {INFORMAL_USD} USD: a formal entry is needed."
        place = "fair_retail_value_usd", "/items/0/total_value/amount"
        findings.append(_finding("S321-VAL-2500", Severity.WARNING, said, *place, f"{total:.2f}"))
    late = late_words(draft, asked.tables, asked.now)
    if late:
        place = "estimated_arrival_at", "/estimated_arrival_at"
        arrival = str(draft.get("estimated_arrival_at"))
        findings.append(_finding("S321-TIME-LATE", Severity.WARNING, late, *place, arrival))
    return findings


PARTS = (
    Part(_identifiers, plain.odd_identifiers),
    Part(_values, plain.odd_values),
    Part(_parties, plain.odd_parties),
    Part(_goods, plain.odd_goods),
    Part(_suspects, plain.suspects),
    Part(_not_expected, plain.unasked),
    Part(_whole, plain.odd_wholes),
)
"""The first one is for cancelled shipments, too."""


def _eligible(draft: Draft) -> bool:
    """Return whether the exemption may be claimed, as far as is known."""
    verdict = draft.get("regime_verdict")
    return not isinstance(verdict, dict) or verdict.get("verdict") == "eligible_800"


@cache
def _words(name: str) -> str:
    """Return a field in the words of the answers, to begin a sentence with."""
    words = words_of(name)
    return words[:1].upper() + words[1:]


def _finding(
    rule: str, severity: Severity, message: str, target: str, pointer: str, value: str | None = None
) -> Finding:
    return Finding(rule, severity, Scope.SHIPMENT, message, target=target, pointer=pointer, value=value)
