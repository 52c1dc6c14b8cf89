"""Answers drops whose waiting shipments were not completed in time: refused then, as they would have been at first.

archive/RECEIPT/waiting.spool -> answers NAME.late.* -> [parts, books, outputs: one transaction] -> work/RECEIPT -> sent
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from gateway.late import answer_late
from gateway.profile import Profile
from gateway.results import Outcome, pack
from gateway.shell import journal, outbox, parts
from gateway.shell.assembly import stage_answers, sync_staged
from gateway.shell.desk import Desk
from gateway.shell.ledger import Drop
from gateway.shell.merge import ClaimConflictError
from gateway.shell.seal import SealError
from gateway.shell.spool import FileSpool, load, save

_KEPT = "waiting.spool"


def keep(outcome: Outcome, place: Path) -> None:
    """Keep what the late answer of a drop is made of."""
    if outcome.counts.waiting:
        save(place / _KEPT, pack(outcome))


def answer(drop: Drop, profile: Profile, desk: Desk) -> None:
    """Refuse what still waits of a drop and put its answers to work; the engine sends them like those of a new drop.

    Raises ClaimConflictError when another drop completed one of the shipments meanwhile: ask again then.
    """
    place = desk.folders.find(drop.receipt)
    try:
        _answer(drop, profile, place, desk)
    except SealError as error:
        _give_up(drop, f"what they waited with cannot be opened. {error.message}", desk)


def _answer(drop: Drop, profile: Profile, place: Path | None, desk: Desk) -> None:
    if place is None or not desk.vault.exists(place / _KEPT):
        _give_up(drop, "their drop is not kept any more.", desk)
        return
    with desk.ledger.reading() as connection:
        waiting = parts.of_drop(connection, drop.receipt)
    stem = f"{drop.answer_stem}.late"
    with FileSpool(place / "late.spool") as spool:
        outcome = answer_late(
            load(desk.vault.file(place / _KEPT)), waiting, profile, desk.clock(), desk.ledger.next_control, spool,
            name=drop.file_name, size=drop.size, sha256=drop.sha256, receipt_id=drop.receipt, stem=stem,
        )  # fmt: skip
        answers = stage_answers(outcome, stem, place)
        sync_staged(place, answers)
    with desk.ledger.transaction() as connection:  # the folder moves inside: a crash before the commit undoes the rest
        if parts.of_drop(connection, drop.receipt) != waiting:
            raise ClaimConflictError("waiting shipments")
        _close(connection, drop, desk)
        outbox.answer_again(connection, drop.receipt, outcome.verdict, answers)
        place.rename(desk.folders.work / drop.receipt)


def _give_up(drop: Drop, why: str, desk: Desk) -> None:
    with desk.ledger.transaction() as connection:
        _close(connection, drop, desk)
    desk.alert("JOIN-GONE", f"The time of waiting shipments is up, but {why}", drop.receipt, drop.partner)


def _close(connection: Connection, drop: Drop, desk: Desk) -> None:
    waiting = parts.of_drop(connection, drop.receipt)
    parts.settle_waiting(connection, drop.receipt, rejected=len(waiting))
    parts.give_up(connection, drop.receipt)
    journal.append(connection, desk.now(), "late", drop.receipt, rejected=len(waiting))
