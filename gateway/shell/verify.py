"""Checks that a state folder keeps its promises: nothing lost, nothing twice, never half, always answered, books right.

Reads only. Files that a receiver took from a target folder are not missed; files that are there must be the right ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from gateway.shell import journal, outbox, versions
from gateway.shell.claims import raw_path
from gateway.shell.folders import StateFolders, digest
from gateway.shell.ledger import FINAL, Drop, Ledger
from gateway.shell.retention import removed
from gateway.shell.schema import journal as journal_table
from gateway.shell.schema import parts, person_days, shipments
from gateway.shell.seal import SealError
from gateway.shell.soundness import check_sound
from gateway.shell.vault import Vault


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken promise. rule: VERIFY-...; subject: receipt, journal number or file name."""

    rule: str
    subject: str
    message: str


def verify(
    state_dir: Path,
    ledger: Ledger,
    targets: Sequence[Path] = (),
    *,
    all_present: bool = False,
    vault: Vault | None = None,
) -> list[Problem]:
    """Return all problems of a state folder whose gateway stands still.

    targets: folders that outputs went to, searched for half files and wrong contents.
    vault: opens sealed files.
    all_present: also miss outputs that are in none of the targets (for tests: nobody takes files away there).
    Raises ConfigError when the ledger itself is damaged.
    """
    check_sound(ledger)
    folders = StateFolders(state_dir)
    drops = ledger.find()
    problems = list(_journal(ledger))
    with ledger.reading() as connection:
        gone = removed(connection)
    for drop in drops:
        problems += _drop(drop, folders, gone, vault or Vault())
        problems += _outputs(drop, ledger, targets, all_present)
    problems += _strangers({drop.receipt for drop in drops}, folders)
    problems += _half_files(targets)
    problems += (Problem("VERIFY-MAPPING", name, said) for name, said in versions.faults(folders, ledger))
    with ledger.reading() as connection:
        problems += _sums(connection)
        problems += _waiting(connection, {drop.receipt: drop.waiting for drop in drops})
    return problems


def _journal(ledger: Ledger) -> Iterator[Problem]:
    with ledger.reading() as connection:
        for seq, wrong in journal.broken_links(connection):
            yield Problem("VERIFY-JOURNAL", str(seq), f"journal record {seq} {wrong}")
        ended = select(journal_table.c.receipt, journal_table.c.event, journal_table.c.payload).where(
            journal_table.c.event.in_(("seen", *FINAL))
        )
        written: dict[str, set[str]] = {}
        contents: dict[str, str] = {}
        for receipt, event, payload in connection.execute(ended):
            written.setdefault(receipt, set()).add(event)
            if event == "seen":
                contents[receipt] = json.loads(payload).get("sha256", "")
    rows = {drop.receipt: drop for drop in ledger.find()}
    for receipt in sorted(written.keys() - rows.keys()):
        yield Problem("VERIFY-LOST", receipt, "the journal knows this drop, the ledger does not")
    for receipt, drop in rows.items():
        if drop.state in FINAL and drop.state not in written.get(receipt, set()):
            yield Problem("VERIFY-JOURNAL", receipt, f"the drop is {drop.state}, but the journal does not say so")
        if contents.get(receipt) != drop.sha256:
            yield Problem("VERIFY-JOURNAL", receipt, "the journal has no arrival of these bytes")


def _drop(drop: Drop, folders: StateFolders, gone: set[str], vault: Vault) -> Iterator[Problem]:
    if drop.found != drop.accepted + drop.rejected + drop.duplicate + drop.joined + drop.waiting:
        yield Problem("VERIFY-BOOKS", drop.receipt, "found is not accepted + rejected + duplicate + joined + waiting")
    if drop.state in FINAL and not drop.done_at:
        yield Problem("VERIFY-STATE", drop.receipt, "the drop is final but has no time of it")
    place = folders.find(drop.receipt)
    if place is None or not vault.exists(raw_path(place)):
        if drop.receipt not in gone:
            said = f"the drop is {drop.state}, but its bytes are gone, and the journal has no removal of them"
            yield Problem("VERIFY-LOST", drop.receipt, said)
        return
    try:
        if vault.digest(raw_path(place)) != (drop.size, drop.sha256):
            yield Problem("VERIFY-RAW", drop.receipt, "the kept bytes are not those that were received")
    except SealError as error:
        yield Problem("VERIFY-SEALED", drop.receipt, error.message)
    if (place.parent == folders.work) == (drop.state in FINAL):
        yield Problem("VERIFY-STATE", drop.receipt, f"the drop is {drop.state}, but lies in {place.parent.name}")


def _outputs(drop: Drop, ledger: Ledger, targets: Sequence[Path], all_present: bool) -> Iterator[Problem]:
    receipts = deliveries = 0
    for output in outbox.outputs_of(ledger, drop.receipt):
        receipts += output.kind == "receipt" and output.state == "delivered"
        deliveries += output.kind == "delivery"
        if drop.state in ("done", "duplicate") and output.state != "delivered":
            yield Problem("VERIFY-UNSENT", drop.receipt, f"{output.name} was not sent")
        if output.state != "delivered":
            continue
        there = [folder / output.name for folder in targets if (folder / output.name).is_file()]
        if all_present and not there:
            yield Problem("VERIFY-MISSING", drop.receipt, f"{output.name} is in no target folder")
        if there and all(digest(path) != (output.size, output.sha256) for path in there):
            yield Problem("VERIFY-OUTPUT", drop.receipt, f"{output.name} is not what was sent")
    if drop.state in FINAL and drop.state != "failed" and not receipts:
        yield Problem("VERIFY-UNANSWERED", drop.receipt, "the drop has no receipt")
    if drop.state == "done" and bool(drop.accepted) != bool(deliveries):
        yield Problem("VERIFY-BOOKS", drop.receipt, f"{drop.accepted} accepted, but {deliveries} files delivered")


def _strangers(known: set[str], folders: StateFolders) -> Iterator[Problem]:
    places: list[Path] = [*folders.quarantine.iterdir()]
    for day in (folders.root / "archive").iterdir():
        places += day.iterdir()
    for place in places:
        if place.name not in known:
            yield Problem("VERIFY-LOST", place.name, "the ledger does not know this folder")


def _half_files(targets: Iterable[Path]) -> Iterator[Problem]:
    for folder in targets:
        for path in folder.glob(".*.tmp"):
            yield Problem("VERIFY-HALF", path.name, "a temporary file was left behind")


def _waiting(connection: Connection, booked: dict[str, int]) -> Iterator[Problem]:
    """Each drop's books must name as many waiting shipments as the ledger keeps of it."""
    c = parts.c
    query = select(c.receipt, func.count()).where(c.state == "waiting").group_by(c.receipt)
    kept: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    for receipt in sorted(booked.keys() | kept.keys()):
        if booked.get(receipt, 0) != kept.get(receipt, 0):
            said = f"{booked.get(receipt, 0)} shipments wait by the books, {kept.get(receipt, 0)} are kept"
            yield Problem("VERIFY-BOOKS", receipt, said)


def _sums(connection: Connection) -> Iterator[Problem]:
    """The USD 800 sums must be those of the active shipments."""
    state = shipments.c.state == "active"
    booked = connection.execute(select(func.count(), func.coalesce(func.sum(person_days.c.value), 0))).one()
    active = select(func.count(), func.coalesce(func.sum(shipments.c.value), 0)).where(state, shipments.c.person != "")
    if tuple(booked) != tuple(connection.execute(active).one()):
        yield Problem("VERIFY-SUMS", "person_days", "the day sums are not those of the active shipments")
