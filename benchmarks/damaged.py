"""Canonical shipments as the gateway makes them, each 50th damaged in one of several ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from runner import KINDS, Corpus

Draft = dict[str, Any]


def _set(*path: str | int, value: Any) -> Callable[[Draft], None]:
    def damage(draft: Draft) -> None:
        place: Any = draft
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return damage


def _drop(*path: str | int) -> Callable[[Draft], None]:
    def damage(draft: Draft) -> None:
        place: Any = draft
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return damage


DAMAGE: tuple[Callable[[Draft], None], ...] = (
    _set("mode_of_transportation", value="road"),
    _set("estimated_arrival_at", value="2025-02-30T14:30:00Z"),
    _set("final_deliver_to_party", "postal_code", value="9720"),
    _set("items", 0, "country_of_origin", value="China"),
    _set("items", 0, "hts_number", value="6109.10"),
    _set("gross_weight_kg", value=1.5),
    _set("package_count", value="2"),
    _set("unheard_of", value=1),
    _drop("final_deliver_to_party"),
    _drop("shipment_initiator", "address_line_1"),
    _drop("items", 0, "enhanced_product_description"),
)


def records(corpus: Corpus, count: int) -> Iterator[bytes]:
    """Yield one JSON line for each shipment of job J."""
    from gateway.history import MemoryHistory
    from gateway.results import Delivery
    from gateway.site import load_site
    from gateway.translate import translate

    kind = KINDS["truck"]
    profile = load_site(corpus.site(1)).partners[kind.partner].profile
    data, number = corpus.file("truck", count).read_bytes(), 0
    for piece in translate([data], profile, datetime.fromisoformat(kind.when), MemoryHistory(), name="job.edi"):
        if isinstance(piece, Delivery) and piece.kind == "shipment":
            for draft in json.loads(b"[" + piece.data + b"]"):
                number += 1
                if number % 50 == 0:
                    DAMAGE[number // 50 % len(DAMAGE)](draft)
                yield json.dumps(draft, separators=(",", ":")).encode() + b"\n"
