"""The profiles that files are read with: always the same objects, because profiles keep what their programs learned."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from gateway.catalogue import load_catalogue
from gateway.findings import Severity
from gateway.profile import Identity, Profile
from gateway.site import base_site, load_site
from tests.drops import FIXTURES
from tests.metamorphic.families import frames

ANYBODY = (Identity("*"),)

KNOWN: dict[str, Any] = {
    "buyer": {"name": "JORDAN EXAMPLE", "address_line_1": "905 BIRCH AVE", "city": "COLUMBUS", "country_code": "US"},
    "final_deliver_to_party": {
        "name": "CASEY SAMPLE",
        "address_line_1": "9 EXAMPLE CT",
        "city": "MIAMI",
        "country_code": "US",
    },
    "total_value": {"amount": "18.00"},
    "security_scan": {"performed": False},
    "location_of_goods_firms": "A123",
}
"""What the enrichment knows of every shipment: one object for all."""

WAYS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "all told": {"severities": ...},  # a remark in the place of every error: all that was mapped is delivered
    "furnished": {
        "severities": ..., "enrich": lambda draft: KNOWN, "default_currency": "EUR",
        "fx_usd": {"EUR": Decimal("1.1"), "CAD": Decimal("0.7"), "GBP": Decimal("1.27")},
    },
    "by shipment": {"salvage": "shipment", "fold_case": True, "ignore_unknown_segments": True},
    "strict": {"tolerance": "strict", "salvage": "shipment"},
}  # fmt: skip


@cache
def profile_of(name: str, way: str) -> Profile:
    """Return the profile for files of a frame, for any sender. way: of WAYS."""
    frame = frames()[name]
    if frame.partner:
        profile = load_site(FIXTURES / "profiles" / "tabular").partners[frame.partner].profile
    else:
        profile = base_site().profile_for(frame.build(frame.pieces)[0])
    changes = dict(WAYS[way])
    if "severities" in changes:
        changes["severities"] = dict.fromkeys((rule.rule for rule in load_catalogue()), Severity.WARNING)
    return replace(profile, senders=ANYBODY, receivers=ANYBODY, **changes)
