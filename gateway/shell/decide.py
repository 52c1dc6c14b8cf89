"""Deciding about a seen drop: duplicate, held for a person, or translated; ends with one transaction that fixes it.

An exception of the translation never reaches the sender: the drop is held, the trace goes to the quarantine folder and,
without values, to the log.
"""

from __future__ import annotations

import hashlib
import itertools
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec

from gateway.errors import ConfigError
from gateway.profile import Profile
from gateway.responses import ResponseError
from gateway.results import Outcome
from gateway.sharing import SharedError
from gateway.shell import late, outbox, responses
from gateway.shell.assembly import (
    Assembler,
    BooksError,
    Staged,
    stage_answers,
    stage_file,
    sync_staged,
    write_answer,
)
from gateway.shell.desk import Desk, StoppedError, frames, may_pass
from gateway.shell.folders import parse_instant, private_file, read_blocks, remove_tree
from gateway.shell.history import SqlHistory
from gateway.shell.intake import Claimed, is_member, member_claim, put_member, raw_path
from gateway.shell.ledger import FINAL, Drop
from gateway.shell.log import logger
from gateway.shell.merge import ClaimConflictError
from gateway.shell.names import stored_name
from gateway.shell.outbox import Plan
from gateway.shell.receipts import SUFFIX, duplicate_receipt, held_receipt, responses_receipt, unwrapped_receipt
from gateway.shell.seal import SealError
from gateway.shell.second import second
from gateway.shell.spool import FileSpool
from gateway.shell.syncing import sync_file
from gateway.shell.unwrap import UnwrapError, take_out, wrapping

_TRANSLATIONS = 2  # of a file while other drops change the ledger; then it must be alone in work
_CHANGED = "The file was changed while it was being taken. Send it again under a new name."


class EarlierFirstError(Exception):
    """The same bytes came before and are still being worked on."""


class _ChangedError(Exception):
    """The raw bytes are not those that were claimed."""


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
    elif earlier:
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
            _share_out(claimed, drop, profile, desk)
            return
        if is_member(drop.receipt) and responses.is_member_of_responses(claimed, desk):
            _clear(place)
            told = responses.stage(claimed, profile, desk)
            _plan(drop, Plan("done", "accept", "responses"), [*told, _small_receipt(claimed, drop, place)], desk)
            return
        kind = "" if is_member(drop.receipt) else wrapping(raw_path(place), profile.unwrap)
        if kind:
            _unwrap(claimed, drop, profile, kind, desk)
            return
        for _ in range(_TRANSLATIONS - 1):
            try:
                _translate(claimed, drop, profile, place, desk)
                return
            except ClaimConflictError as error:
                logger().info("drop.conflict", receipt=drop.receipt, what=str(error))
            except SharedError as error:
                logger().warning("drop.shared", receipt=drop.receipt, what=str(error))
            desk = replace(desk, assist=None)  # the last try depends on nobody
        _translate(claimed, drop, profile, place, desk)
    except Exception as error:
        now = desk.ledger.drop(drop.receipt)
        if now is None or now.state == "seen":  # else it was decided, and only tidying up went wrong
            _failed(claimed, drop, error, place, desk)


def _failed(claimed: Claimed, drop: Drop, error: Exception, place: Path, desk: Desk) -> None:
    """Sort out why there is no decision: hold the drop, or raise the error again when its cause may pass."""
    if isinstance(error, _ChangedError):
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


def _share_out(claimed: Claimed, drop: Drop, profile: Profile, desk: Desk) -> None:
    """Make a drop of its own of each partner's responses; unknown shipments are told to a person."""
    place = desk.folders.work / claimed.receipt
    _clear(place)
    found = responses.sort(claimed, profile, desk)
    for number, (partner, own) in enumerate(sorted(found.known.items()), 1):
        one = member_claim(claimed, number, f"{claimed.file_name}.{partner}", partner)
        if desk.folders.find(one.receipt) is None:
            path = place / "member.json"
            path.write_bytes(responses.member(own))
            sync_file(path)
            put_member(desk.folders, one, path)
    facts = {"passed_on": sum(map(len, found.known.values())), "repeated": found.repeated, "unknown": found.unknown}
    receipt = [responses_receipt(claimed, facts)]
    staged = stage_file(place, "receipt", "ack", drop.answer_stem + SUFFIX, receipt)
    with desk.ledger.transaction() as connection:
        responses.remember(connection, found.known, drop.receipt)
        outbox.plan(connection, drop.receipt, Plan("done", "accept", "responses"), (), [staged], desk.now())
    if found.unknown:
        said = f"The receiver answered {len(found.unknown)} shipments that nobody here sent, or that two partners have."
        desk.alert("RESPONSE-UNKNOWN", said, drop.receipt, drop.partner)


def _small_receipt(claimed: Claimed, drop: Drop, place: Path) -> Staged:
    """The receipt of a partner's responses: kept with the drop, so that every drop has one."""
    told = "The receiver answered about shipments of yours; the status files say what."
    facts = responses_receipt(claimed, {}, told)
    return stage_file(place, "receipt", "ack", drop.answer_stem + SUFFIX, [facts])


def _unwrap(claimed: Claimed, drop: Drop, profile: Profile, kind: str, desk: Desk) -> None:
    """Make a drop of its own of each file in a wrapping; the engine takes them from the work folder.

    Their receipts are made of this one's, so that a crash in between makes none twice.
    """
    place = desk.folders.work / claimed.receipt
    _clear(place)
    out = place / "out"
    out.mkdir(mode=0o700)
    home = Path(profile.pgp_home) if profile.pgp_home else None
    found = take_out(raw_path(place), claimed.file_name, kind, out, desk.limits, home)
    members = []
    for number, member in enumerate(found, 1):
        one = member_claim(claimed, number, member.name, claimed.partner)
        members.append({"receipt_id": one.receipt, "file_name": one.file_name})
        if desk.folders.find(one.receipt) is None:
            put_member(desk.folders, one, member.path)
    receipt = stage_file(place, "receipt", "ack", drop.answer_stem + SUFFIX, [unwrapped_receipt(claimed, members)])
    _plan(drop, Plan("done", "accept", kind), [receipt], desk)


def _translate(claimed: Claimed, drop: Drop, profile: Profile, place: Path, desk: Desk) -> None:
    _clear(place)
    with (
        FileSpool(place / "records.spool") as spool,
        closing(Assembler(place, stored_name(claimed.partner), claimed.sha256)) as files,
        closing(SqlHistory(desk.ledger, claimed.partner, claimed.received_at, again=_again(claimed, desk))) as history,
    ):
        tables = desk.remap(profile, claimed.mapping) if claimed.mapping else profile
        outcome = _run(claimed, tables, raw_path(place), desk, history, spool, files)
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
    if outcome.strangers:
        said = "An envelope names a sender who does not belong to the account that it came in by; it was refused."
        desk.alert("DROP-SENDER", said, drop.receipt, drop.partner)
    if held:
        desk.alert("DROP-HELD", "The drop is held for a person; its receipt says why.", drop.receipt, drop.partner)
    if outcome.answers_refuse:
        said = f"The partner refused {outcome.answers_refuse} of our messages or answers; the report of the drop says which."
        desk.alert("ACK-REFUSED", said, drop.receipt, drop.partner)


def _again(claimed: Claimed, desk: Desk) -> frozenset[str]:
    """Return the drops of the same bytes whose control numbers a replay uses again."""
    return desk.ledger.receipts_of(claimed.partner, claimed.sha256) if claimed.replay_of else frozenset()


def _run(
    claimed: Claimed, profile: Profile, raw: Path, desk: Desk, history: SqlHistory, spool: FileSpool, files: Assembler
) -> Outcome:
    """Drive the translation; the pieces go to files. Raises BooksError when the outcome is missing or not the last."""
    outcome: Outcome | None = None
    moment = parse_instant(claimed.received_at)
    with second(claimed, profile, moment, raw, desk) as others:
        pieces = desk.translate(
            _chunks(raw, claimed), profile, moment, history,
            name=claimed.file_name, size=claimed.size, sha256=claimed.sha256, receipt_id=claimed.receipt, spool=spool,
            **others,
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
        raise _ChangedError


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


def _duplicate(claimed: Claimed, drop: Drop, earlier: Drop, place: Path, desk: Desk) -> None:
    """Answer with the first acknowledgments, byte for byte: under their own names when the file has the same name."""
    _clear(place)
    source = desk.folders.find(earlier.receipt)
    answers = [write_answer(place, "receipt", "ack", drop.answer_stem + SUFFIX, [duplicate_receipt(claimed, earlier)])]
    for output in outbox.acknowledgments(desk.ledger, earlier.receipt):
        if source is None or not desk.vault.exists(source / output.staged):
            continue  # older than the archive
        name = output.name
        if claimed.stored_name != earlier.stored_name:
            name = drop.answer_stem + name.removeprefix(earlier.answer_stem)
        answers.append(write_answer(place, "ack", output.target, name, desk.vault.blocks(source / output.staged)))
    sync_staged(place, answers)
    _plan(drop, Plan("duplicate", "duplicate", earlier.format, duplicate_of=earlier.receipt), answers, desk)


def _hold(claimed: Claimed, drop: Drop, desk: Desk, rule: str, reason: str, to_sender: str = "") -> None:
    """Hold the drop for a person: nothing is delivered or claimed, the sender gets a plain receipt."""
    place = desk.folders.work / claimed.receipt
    _clear(place)
    name = drop.answer_stem + SUFFIX
    receipt = stage_file(place, "receipt", "reject", name, [held_receipt(claimed, to_sender)])
    _plan(drop, Plan("quarantined", "quarantine", error=reason), [receipt], desk)
    desk.alert(rule, f"The drop is held for a person: {reason}.", claimed.receipt, claimed.partner)


def _plan(drop: Drop, plan: Plan, answers: Sequence[Staged], desk: Desk) -> None:
    with desk.ledger.transaction() as connection:
        outbox.plan(connection, drop.receipt, plan, (), answers, desk.now())


def _count_try(drop: Drop, tries: int, desk: Desk) -> None:
    with desk.ledger.passing() as connection:  # counts deaths of the process, not power cuts
        outbox.count_try(connection, drop.receipt, tries)


def _clear(place: Path) -> None:
    """Remove what an earlier try left."""
    remove_tree(place / "out")
    remove_tree(place / "acks")
