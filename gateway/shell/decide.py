"""Deciding about a seen drop: duplicate, held for a person, or translated; ends with one transaction that fixes it.

An exception of the translation never reaches the sender: the drop is held, the trace goes to the quarantine folder and,
without values, to the log.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from gateway.errors import ConfigError
from gateway.profile import Profile
from gateway.responses import ResponseError
from gateway.sharing import SharedError
from gateway.shell import members, outbox, responses
from gateway.shell.assembly import BooksError, Staged, clear, stage_file, sync_staged, write_answer
from gateway.shell.claims import Claimed, is_member, raw_path
from gateway.shell.desk import Desk, StoppedError, frames, may_pass
from gateway.shell.folders import private_file
from gateway.shell.ledger import FINAL, Drop
from gateway.shell.log import logger
from gateway.shell.merge import ClaimConflictError
from gateway.shell.outbox import Plan
from gateway.shell.receipts import SUFFIX, duplicate_receipt, held_receipt
from gateway.shell.seal import SealError
from gateway.shell.translating import ChangedError, translate
from gateway.shell.unwrap import UnwrapError, wrapping

_TRANSLATIONS = 2  # of a file while other drops change the ledger; then it must be alone in work
_CHANGED = "The file was changed while it was being taken. Send it again under a new name."


class EarlierFirstError(Exception):
    """The same bytes came before and are still being worked on."""


def _is_of_receiver(claimed: Claimed, desk: Desk) -> bool:
    """True for what the receiver says: he may say the same again after another word; responses.py compares."""
    if claimed.partner == responses.RECEIVER:
        return True
    return is_member(claimed.receipt) and responses.is_member_of_responses(claimed, desk)


def new_drop(claimed: Claimed) -> Drop:
    """Return the ledger row of a file that was just claimed."""
    c = claimed
    return Drop(
        receipt=c.receipt, partner=c.partner, account=c.account, file_name=c.file_name, stored_name=c.stored_name,
        answer_stem=c.stored_name, size=c.size, sha256=c.sha256, state="seen", goal="", format="", verdict="",
        found=0, accepted=0, rejected=0, duplicate=0, tries=1, received_at=c.received_at, done_at="", error="",
        duplicate_of="",
    )  # fmt: skip


def decide(claimed: Claimed, drop: Drop, profile: Profile, desk: Desk, *, fresh: bool) -> Drop:
    """Decide and return the row, now in state translated. Raises EarlierFirstError, StoppedError,
    ClaimConflictError or a storage fault.

    fresh: the row was just written, with this first try counted.
    """
    place = desk.folders.work / claimed.receipt
    if fresh:
        drop = msgspec.structs.replace(drop, tries=0)
    earlier = None
    if not claimed.replay_of:
        earlier = desk.ledger.same_content(claimed.partner, claimed.sha256, claimed.receipt)
    if claimed.fault:
        _hold(claimed, drop, desk, "DROP-TOO-LARGE", claimed.fault, f"It is {claimed.fault}.")
    elif earlier and earlier.state not in FINAL:
        _count_try(drop, drop.tries, desk)
        raise EarlierFirstError(f"the same file, receipt {earlier.receipt}, is still being worked on")
    elif earlier and not _is_of_receiver(claimed, desk):
        _duplicate(claimed, drop, earlier, place, desk)
    elif drop.tries >= desk.max_tries:
        _hold(claimed, drop, desk, "DROP-POISON", f"the gateway stopped {drop.tries} times while it read the file")
    else:
        if not fresh:
            _count_try(drop, drop.tries + 1, desk)
        _guarded(claimed, drop, profile, place, desk)
    found = desk.ledger.drop(claimed.receipt)
    assert found is not None, "a drop row vanished"
    return found


def _guarded(claimed: Claimed, drop: Drop, profile: Profile, place: Path, desk: Desk) -> None:
    """Translate; a fault of the file or of our code holds the drop, a fault of the machine leaves it as it was."""
    try:
        if claimed.partner == responses.RECEIVER:
            members.share_out(claimed, drop, profile, desk)
            return
        if is_member(drop.receipt) and responses.is_member_of_responses(claimed, desk):
            told = members.passed_on(claimed, drop, profile, desk)
            _plan(drop, Plan("done", "accept", "responses"), told, desk)
            return
        kind = "" if is_member(drop.receipt) else wrapping(raw_path(place), profile.unwrap)
        if kind:
            receipt = members.unwrap(claimed, drop, profile, kind, desk)
            _plan(drop, Plan("done", "accept", kind), [receipt], desk)
            return
        for _ in range(_TRANSLATIONS - 1):
            try:
                translate(claimed, drop, profile, place, desk)
                return
            except ClaimConflictError as error:
                logger().info("drop.conflict", receipt=drop.receipt, what=str(error))
            except SharedError as error:
                logger().warning("drop.shared", receipt=drop.receipt, what=str(error))
            desk = replace(desk, assist=None)  # the last try depends on nobody
        translate(claimed, drop, profile, place, desk)
    except Exception as error:
        now = desk.ledger.drop(drop.receipt)
        if now is None or now.state == "seen":  # else it was decided, and only tidying up went wrong
            _failed(claimed, drop, error, place, desk)


def _failed(claimed: Claimed, drop: Drop, error: Exception, place: Path, desk: Desk) -> None:
    """Sort out why there is no decision: hold the drop, or raise the error again when its cause may pass."""
    if isinstance(error, ChangedError):
        _hold(claimed, drop, desk, "DROP-CHANGED", "the file changed after it was taken", _CHANGED)
    elif isinstance(error, ResponseError):
        _hold(claimed, drop, desk, "DROP-RESPONSE", f"it is no response file: {error}", str(error))
    elif isinstance(error, UnwrapError):
        _hold(claimed, drop, desk, "DROP-WRAPPED", f"it cannot be unwrapped: {error}", str(error))
    elif isinstance(error, ConfigError):  # the mapping version of a replay; all else was checked at the start
        _hold(claimed, drop, desk, "REPLAY-GONE", error.message)
    elif isinstance(error, BooksError):
        _hold(claimed, drop, desk, "DROP-BOOKS", str(error))
    elif (
        isinstance(error, StoppedError | SealError)
        or may_pass(error)
        or (isinstance(error, ClaimConflictError) and not desk.alone)
    ):
        _count_try(drop, drop.tries, desk)
        raise error
    else:
        with open(place / "traceback.txt", "w", encoding="utf-8", opener=private_file) as file:
            file.write("".join(traceback.format_exception(error)))
        logger().error("drop.bug", receipt=drop.receipt, error=type(error).__name__, code=frames(error))
        _hold(claimed, drop, desk, "DROP-BUG", f"fault in the gateway ({type(error).__name__})")


def _duplicate(claimed: Claimed, drop: Drop, earlier: Drop, place: Path, desk: Desk) -> None:
    """Answer with the first acknowledgments, byte for byte: under their own names when the file has the same name."""
    clear(place)
    source = desk.folders.find(earlier.receipt)
    answers: list[Staged] = []
    for output in outbox.acknowledgments(desk.ledger, earlier.receipt):
        if source is None or not desk.vault.exists(source / output.staged):
            continue  # older than the archive
        name = output.name
        if claimed.stored_name != earlier.stored_name:
            name = drop.answer_stem + name.removeprefix(earlier.answer_stem)
        answers.append(write_answer(place, "ack", output.target, name, desk.vault.blocks(source / output.staged)))
    told = duplicate_receipt(claimed, earlier, len(answers))
    answers.insert(0, write_answer(place, "receipt", "ack", drop.answer_stem + SUFFIX, [told]))
    sync_staged(place, answers)
    _plan(drop, Plan("duplicate", "duplicate", earlier.format, duplicate_of=earlier.receipt), answers, desk)


def _hold(claimed: Claimed, drop: Drop, desk: Desk, rule: str, reason: str, to_sender: str = "") -> None:
    """Hold the drop for a person: nothing is delivered or claimed, the sender gets a plain receipt."""
    place = desk.folders.work / claimed.receipt
    clear(place)
    name = drop.answer_stem + SUFFIX
    receipt = stage_file(place, "receipt", "reject", name, [held_receipt(claimed, to_sender)])
    _plan(drop, Plan("quarantined", "quarantine", error=reason), [receipt], desk)
    desk.alert(rule, f"The drop is held for a person: {reason.rstrip('.')}.", claimed.receipt, claimed.partner)


def _plan(drop: Drop, plan: Plan, answers: Sequence[Staged], desk: Desk) -> None:
    with desk.ledger.transaction() as connection:
        outbox.plan(connection, drop.receipt, plan, (), answers, desk.now())


def _count_try(drop: Drop, tries: int, desk: Desk) -> None:
    with desk.ledger.passing() as connection:  # counts deaths of the process, not power cuts
        outbox.count_try(connection, drop.receipt, tries)
