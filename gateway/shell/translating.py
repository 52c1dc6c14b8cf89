"""One translation of a drop: raw bytes -> staged files -> [claims, outputs, verdict: one transaction]."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from gateway.profile import Profile
from gateway.results import Outcome
from gateway.shell import late, outbox
from gateway.shell.assembly import Assembler, BooksError, clear, stage_answers, sync_staged
from gateway.shell.claims import Claimed, raw_path
from gateway.shell.desk import Desk, StoppedError
from gateway.shell.folders import parse_instant, read_blocks
from gateway.shell.history import SqlHistory
from gateway.shell.ledger import Drop
from gateway.shell.names import stored_name
from gateway.shell.outbox import Plan
from gateway.shell.second import second
from gateway.shell.spool import FileSpool


class ChangedError(Exception):
    """The raw bytes are not those that were claimed."""


def translate(claimed: Claimed, drop: Drop, profile: Profile, place: Path, desk: Desk) -> None:
    """Translate a drop that lies in `place`, stage what comes of it, and decide.

    Raises ClaimConflictError or SharedError: translate again; BooksError, ChangedError: hold the drop; StoppedError.
    """
    clear(place)
    with (
        FileSpool(place / "records.spool") as spool,
        closing(Assembler(place, stored_name(claimed.partner), claimed.sha256)) as files,
        closing(SqlHistory(desk.ledger, claimed.partner, claimed.received_at, again=_again(claimed, desk))) as history,
    ):
        tables = desk.remap(profile, claimed.mapping) if claimed.mapping else profile
        if claimed.replay_of:
            tables = tables.of_replay()
        elif claimed.released:
            tables = tables.of_release()
        outcome = _run(claimed, drop.answer_stem, tables, raw_path(place), desk, history, spool, files)
        held = outcome.verdict == "quarantine"
        refused = outcome.refused_keys
        if not held:
            _check_books(outcome, files)
            files.check_ends(refused)
        answers = stage_answers(outcome, drop.answer_stem, place)
        sync_staged(place, itertools.chain(() if held else files.kept(refused), answers))
        late.keep(outcome, place)
        counts = outcome.counts
        goal = "quarantined" if held else "done"
        plan = Plan(goal, outcome.verdict, outcome.format[:64], counts, duplicate_of=outcome.duplicate_of)
        with desk.ledger.transaction() as connection:
            outbox.plan(connection, drop.receipt, plan, () if held else files.kept(refused), answers, desk.now())
            history.commit_numbers(connection)
            if not held:
                history.commit(connection, drop.receipt, claimed.received_at)
    _tell(outcome, drop, desk)


def _again(claimed: Claimed, desk: Desk) -> frozenset[str]:
    """Return the drops of the same bytes when they are judged again: a replay uses their control numbers."""
    again = claimed.replay_of or claimed.released
    return desk.ledger.receipts_of(claimed.partner, claimed.sha256) if again else frozenset()


def _run(
    claimed: Claimed,
    stem: str,
    profile: Profile,
    raw: Path,
    desk: Desk,
    history: SqlHistory,
    spool: FileSpool,
    files: Assembler,
) -> Outcome:
    """Drive the translation; the pieces go to files. Raises BooksError when the outcome is missing or not the last."""
    outcome: Outcome | None = None
    moment = parse_instant(claimed.received_at)
    with second(claimed, profile, moment, raw, desk) as others:
        pieces = desk.translate(
            _chunks(raw, claimed), profile, moment, history,
            name=claimed.file_name, size=claimed.size, sha256=claimed.sha256, receipt_id=claimed.receipt, stem=stem,
            spool=spool, **others,
        )  # fmt: skip
        for piece in pieces:
            if desk.stopped():
                raise StoppedError("the gateway is being stopped")
            if outcome is not None:
                raise BooksError("something came after the outcome")
            if isinstance(piece, Outcome):
                outcome = piece
            else:
                files.add(piece)
    if outcome is None:
        raise BooksError("the translation ended without an outcome")
    return outcome


def _chunks(raw: Path, claimed: Claimed) -> Iterator[bytes]:
    """Yield the raw bytes and make sure that they are the ones that were claimed."""
    total = hashlib.sha256()
    for block in read_blocks(raw):
        total.update(block)
        yield block
    if total.hexdigest() != claimed.sha256:
        raise ChangedError


def _check_books(outcome: Outcome, files: Assembler) -> None:
    """Promise P5: every shipment found has one verdict, and what is delivered is what was accepted."""
    counts, delivered = outcome.counts, files.shipments(outcome.refused_keys)
    if not counts.balanced:
        raise BooksError(
            f"{counts.found} shipments found, but {counts.accepted} accepted, {counts.rejected} rejected, "
            f"{counts.duplicate} duplicate, {counts.joined} joined and {counts.waiting} waiting"
        )
    if delivered != counts.accepted:
        raise BooksError(f"{counts.accepted} shipments accepted, but {delivered} would be delivered")


def _tell(outcome: Outcome, drop: Drop, desk: Desk) -> None:
    """Alert a person to what the outcome says beyond one shipment."""
    if outcome.strangers:
        said = "An envelope names a sender who does not belong to the account that it came in by; it was refused."
        desk.alert("DROP-SENDER", said, drop.receipt, drop.partner)
    if outcome.verdict == "quarantine":
        desk.alert("DROP-HELD", "The drop is held for a person; its receipt says why.", drop.receipt, drop.partner)
    if outcome.answers_refuse:
        said = f"The partner refused {outcome.answers_refuse} of our messages or answers; the report of the drop says which."
        desk.alert("ACK-REFUSED", said, drop.receipt, drop.partner)
