"""Which shipment a number names: house bill, tracking number, master bill, or our own number of it.

    NRTX004500B1     of a shipment that stands accepted      the ledger's index
    004500B1         its house bill                          the same, under each issuer that the partner has bills of
    1ZTRK0000000B1   any other number, or one of a shipment  kept files, the newest first: a file that holds the text is judged
                     that was refused or waits               again in memory, to see whose number it is

The ledger is never read through: it may hold millions of shipments. Of kept files the newest _BYTES are looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gateway.canonical.model import bill_identity
from gateway.errors import GatewayError
from gateway.history import MemoryHistory, bare_number
from gateway.results import Delivery, Outcome, ShipmentResult
from gateway.shell.claims import raw_path
from gateway.shell.folders import StateFolders, parse_instant
from gateway.shell.holders import holders, issuers
from gateway.shell.ledger import Drop, Ledger
from gateway.shell.schema import drops
from gateway.shell.vault import Vault
from gateway.site import Site
from gateway.translate import translate

_FILES, _BYTES = 5_000, 1 << 32
_ZIP = b"PK\x03\x04"
_GAPS = b" -\0"
"""Bytes that are left out of a file before a number is looked for; without the NULs UTF-16 reads as ASCII."""


class Named(NamedTuple):
    """A shipment under a number. name: as reports have it; accepted: the ledger holds it as such; cancelled: the drop takes it back."""

    drop: Drop
    name: str
    accepted: bool
    cancelled: bool = False


def shipments_named(site: Site, ledger: Ledger, number: str, told: Callable[[Drop], set[str]]) -> list[Named]:
    """Return the shipments with this number, each once: where it stands accepted, else in the newest file.

    told: the shipments that the report of a drop names, for files that cannot be judged again.
    """
    if found := list(_in_ledger(ledger, number)):
        return found
    newest: dict[tuple[str, str], Named] = {}
    for one in _in_files(site, ledger, number, told):
        key = (one.drop.partner, one.name)
        if key not in newest or (one.accepted and not newest[key].accepted):
            newest[key] = one
    return list(newest.values())


def spellings(number: str) -> set[str]:
    """Return the bare forms of a number: as it is, and without the code of an issuer, which reports leave out."""
    bare = bare_number(number)
    return {bare, re.sub(r"^[A-Z]{4}(?=.)", "", bare)}


def _in_ledger(ledger: Ledger, number: str) -> Iterator[Named]:
    senders = [partner for partner, _ in ledger.partners()]
    with ledger.reading() as connection:
        bare = bare_number(number)
        keys = {p: [bare, f"test:{bare}"] for p in senders}
        rows = holders(connection, keys)
        if not rows:
            issued = {p: [f"{issuer}{bare}" for issuer in issuers(connection, p)] for p in senders}
            rows = holders(connection, issued)
    for receipt, key in rows:
        if drop := ledger.drop(receipt):
            yield Named(drop, key.removeprefix("test:"), accepted=True)


def _in_files(site: Site, ledger: Ledger, number: str, told: Callable[[Drop], set[str]]) -> Iterator[Named]:
    """Yield the shipments of kept files that have the number, the newest file first."""
    folders, read = StateFolders(site.settings.state_dir), 0
    wanted = spellings(number)
    for drop in ledger.find(drops.c.state != "duplicate", newest=_FILES):
        place, partner = folders.find(drop.receipt), site.partners.get(drop.partner)
        read += drop.size
        if read > _BYTES:
            return
        if place is None:
            continue
        if partner is None or not site.vault.exists(raw_path(place)):
            yield from (Named(drop, name, accepted=False) for name in told(drop) if bare_number(name) in wanted)
            continue
        if not _holds(site.vault, raw_path(place), wanted):
            continue
        for result, cancelled in _results(site, drop, raw_path(place), partner.profile):
            if wanted & _numbers(result):
                yield Named(drop, result.id, _stands(ledger, drop, result), cancelled)


def _holds(vault: Vault, path: Path, wanted: set[str]) -> bool:
    """True when a kept file may hold one of the numbers, whatever blanks and hyphens are in it; of a workbook nothing can be seen."""
    needles = [text.encode("utf-8", "replace").translate(None, _GAPS).upper() for text in wanted]
    longest, before, first = max(map(len, needles)), b"", True
    try:
        for block in vault.blocks(path):
            if first and block.startswith(_ZIP):
                return True
            data = before + block.translate(None, _GAPS).upper()
            if any(needle in data for needle in needles):
                return True
            before, first = data[-longest:], False
    except (OSError, GatewayError):
        return False
    return False


def _results(site: Site, drop: Drop, path: Path, profile: Any) -> Iterator[tuple[ShipmentResult, bool]]:
    """Yield what a file holds, judged by itself on the day it came, and whether it is taken back there."""
    gone: set[str] = set()
    pieces = translate(
        site.vault.blocks(path), profile, parse_instant(drop.received_at), MemoryHistory(), name=drop.file_name
    )
    for piece in pieces:
        if isinstance(piece, Delivery) and piece.kind == "shipment" and b'"cancel"' in piece.data:
            told = json.loads(b"[%b]" % piece.data)
            gone |= {bare_number(s["shipment_id"]) for s in told if s.get("transmission_purpose") == "cancel"}
        elif isinstance(piece, Outcome):
            for record in piece.records:
                if isinstance(record, ShipmentResult):
                    yield record, bool(gone & _numbers(record))


def _numbers(result: ShipmentResult) -> set[str]:
    names = result.identifiers
    bill = bill_identity(names.get("house_bill_issuer", ""), names.get("house_bill_number", ""))
    numbers = {v for k, v in names.items() if k != "house_bill_issuer"}
    return {bare_number(number) for number in (result.id, bill, *numbers) if number}


def _stands(ledger: Ledger, drop: Drop, result: ShipmentResult) -> bool:
    """True when the ledger holds the shipment as accepted with this drop."""
    keys = [key for number in _numbers(result) for key in (number, f"test:{number}")]
    with ledger.reading() as connection:
        return any(receipt == drop.receipt for receipt, _ in holders(connection, {drop.partner: keys}))
