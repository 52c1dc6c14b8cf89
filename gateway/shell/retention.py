"""How long what is kept: received files, copies of the answers, delivered files, keys of persons.

    [retention] in gateway.toml, in days; what is not named there is kept for ever

Each removal is written into the journal before it happens, with name, size and SHA-256: the proof that it was deleted,
and why a raw file is not missed by `gateway verify`. Drops that are held, wait, or are under a legal hold stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select

from gateway.shell import journal
from gateway.shell.claims import raw_path
from gateway.shell.desk import Desk
from gateway.shell.drops import Keep
from gateway.shell.folders import StateFolders, digest, remove_tree
from gateway.shell.ledger import Ledger
from gateway.shell.schema import journal as journal_table
from gateway.shell.schema import outputs, parts, person_days, shipments
from gateway.shell.statements import in_batches
from gateway.shell.vault import stored


@dataclass(frozen=True, slots=True)
class Removal:
    """What may go: files of one drop, or (persons) rows of one day. rows: of the ledger."""

    kind: str
    receipt: str
    files: tuple[Path, ...] = ()
    day: str = ""
    rows: int = 0


def due(ledger: Ledger, folders: StateFolders, out_dir: Path, keep: Keep, now: datetime) -> Iterator[Removal]:
    """Yield what is older than the settings, oldest first."""
    with ledger.reading() as connection:
        kept = held(connection) | _waiting(connection)
    for place in _archived(folders):
        day = place.parent.name
        if place.name in kept:
            continue
        raw = stored(raw_path(place))
        if _older(day, keep.raw, now) and raw is not None:
            yield Removal("raw", place.name, (raw,))
        answers = tuple(sorted(p for p in (place / "acks").rglob("*") if p.is_file()))
        if answers and _older(day, keep.answers, now):
            yield Removal("answers", place.name, answers)
    if keep.canonical:
        yield from _unfetched(ledger, out_dir, kept, now - timedelta(days=keep.canonical))
    if keep.persons:
        yield from _persons(ledger, (now - timedelta(days=keep.persons)).strftime("%Y-%m-%d"))


def remove(removal: Removal, desk: Desk) -> None:
    """Note the removal with its proof, then do it; a crash in between repeats both.

    A drop that was put under a legal hold since `due` looked stays.
    """
    at = desk.now()
    if removal.kind == "persons":
        with desk.ledger.transaction() as connection:
            connection.execute(person_days.delete().where(person_days.c.day == removal.day))
            of_day = shipments.update().where(shipments.c.day == removal.day, shipments.c.person != "")
            connection.execute(of_day.values(person=""))
            journal.append(connection, at, "removed", kind="persons", day=removal.day, rows=removal.rows)
        return
    proof = [desk.vault.proof(path) for path in removal.files if path.is_file()]
    with desk.ledger.transaction() as connection:
        if held(connection, removal.receipt):
            return
        journal.append(connection, at, "removed", removal.receipt, kind=removal.kind, files=proof)
    for path in removal.files:
        path.unlink(missing_ok=True)
    _tidy(desk.folders.archived(removal.receipt))


def set_hold(connection: Connection, receipt: str, on: bool, why: str, at: str) -> None:
    """Write that a drop is kept whatever its age, or no longer."""
    journal.append(connection, at, "hold" if on else "unhold", receipt, why=why)


def held(connection: Connection, receipt: str = "") -> set[str]:
    """Return the receipts under a legal hold; of one drop when a receipt is given."""
    c = journal_table.c
    query = select(c.receipt, c.event).where(c.event.in_(("hold", "unhold"))).order_by(c.seq)
    if receipt:
        query = query.where(c.receipt == receipt)
    newest = {row.receipt: row.event for row in connection.execute(query)}
    return {receipt for receipt, event in newest.items() if event == "hold"}


def removed(connection: Connection, kind: str = "raw") -> set[str]:
    """Return the receipts whose files of a kind were removed by the settings."""
    c = journal_table.c
    rows = connection.execute(select(c.receipt, c.payload).where(c.event == "removed"))
    return {receipt for receipt, payload in rows if json.loads(payload).get("kind") == kind}


def _archived(folders: StateFolders) -> Iterator[Path]:
    for day in sorted((folders.root / "archive").iterdir()):
        yield from sorted(day.iterdir())


def _older(day: str, days: int, now: datetime) -> bool:
    return bool(days) and day < (now - timedelta(days=days)).strftime("%Y-%m-%d")


def _waiting(connection: Connection) -> set[str]:
    return set(connection.execute(select(parts.c.receipt).where(parts.c.state == "waiting").distinct()).scalars())


def _unfetched(ledger: Ledger, out_dir: Path, kept: set[str], before: datetime) -> Iterator[Removal]:
    """Yield delivered files that still lie in the out folder unchanged; anything else there is not ours to remove."""
    found = sorted(p for folder in (out_dir, out_dir / "test") if folder.is_dir() for p in folder.glob("*.json"))
    old = {path.name: path for path in found if _written_before(path, before)}
    c = outputs.c
    sent = select(c.name, c.receipt, c.size, c.sha256).where(c.kind == "delivery", c.state == "delivered")
    for names in in_batches(iter(old)):
        with ledger.reading() as connection:
            rows = connection.execute(sent.where(c.name.in_(names)).order_by(c.id)).all()
        for row in rows:
            if row.receipt not in kept and _is(old[row.name], (row.size, row.sha256)):
                yield Removal("canonical", row.receipt, (old[row.name],))


def _written_before(path: Path, moment: datetime) -> bool:
    """False also for a file that was fetched since it was listed."""
    try:
        return path.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        return False


def _is(path: Path, wanted: tuple[int, str]) -> bool:
    """True when a file has this size and hash; False also when it was fetched since it was listed."""
    try:
        return digest(path) == wanted
    except FileNotFoundError:
        return False


def _persons(ledger: Ledger, before: str) -> Iterator[Removal]:
    """Yield the days with persons that are still known: of shipments that count, and of replaced and cancelled ones."""
    c = shipments.c
    query = select(c.day, func.count()).where(c.day < before, c.person != "").group_by(c.day).order_by(c.day)
    with ledger.reading() as connection:
        found = connection.execute(query).all()
    for day, rows in found:
        yield Removal("persons", "", day=day, rows=rows)


def _tidy(place: Path) -> None:
    """Remove the folder of a drop of which nothing but the claim is left."""
    if place.is_dir() and not any(p.is_file() and p.name != "claim.json" for p in place.rglob("*")):
        remove_tree(place)
        if not any(place.parent.iterdir()):
            place.parent.rmdir()
