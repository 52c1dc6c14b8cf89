"""One claimed file, from raw bytes to answered: decide once, then send until it is done.

    see -> translate -> [claims, outputs, verdict: one transaction] -> deliveries -> acknowledgments -> done -> archive

Every step may be cut off. Before the transaction the file is translated again, after it the fixed outputs are sent.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from gateway.errors import ConfigError, DeliveryError
from gateway.profile import Profile
from gateway.shell import decide, outbox
from gateway.shell.assembly import spare, stage_file
from gateway.shell.claims import Claimed, is_member, note_release
from gateway.shell.deliver import File, LocalTarget, Targets
from gateway.shell.desk import Desk, Later, Result, StoppedError, Trouble, frames, may_pass
from gateway.shell.folders import remove_tree
from gateway.shell.ledger import FINAL, STORAGE_FAULTS, Drop
from gateway.shell.log import logger
from gateway.shell.merge import ClaimConflictError
from gateway.shell.newer import overtaken
from gateway.shell.publishing import Publishing
from gateway.shell.receipts import HELD_SUFFIX, held_receipt
from gateway.shell.seal import SealError
from gateway.shell.soundness import DAMAGED_MEND, is_damaged
from gateway.shell.unwrap import KINDS

_KINDS = ("delivery", "ack", "receipt")
_TOGETHER = 64  # files that are delivered at once
_OF_FILES = (*KINDS, "responses")  # drops that others are taken out of


class OvertakenError(ConfigError):
    """What a target refused must not be sent any more: it is older than what was sent since."""

    def __init__(self, number: int) -> None:
        """number: of shipments."""
        super().__init__(
            f"Later files changed or withdrew {number} of its shipments, and were delivered: what is held would put old data over new.",
            "It stays held. If the receiver lacks others of its shipments, ask the sender to amend them.",
        )


def process(claimed: Claimed, profile: Profile, targets: Targets, desk: Desk) -> Result:
    """Bring a claimed file as far as it gets: to its final state, or to `waiting` when the machine or a target fails.

    Never raises for what a file holds or a disk does; calling it again goes on where it stopped.
    """
    try:
        answered = targets.answered(claimed.stored_name)
        drop, fresh = desk.ledger.see(decide.new_drop(claimed), claimed.received_at, answered=answered)
        if drop.state not in FINAL:
            desk.vault.unseal(desk.folders.work / claimed.receipt)  # it was held, or is answered late
        decided = drop.state != "seen"
        if not decided:
            drop = decide.decide(claimed, drop, profile, desk, fresh=fresh)
        if desk.behind is not None and _undelivered(drop, desk):
            return replace(_troubled(claimed, desk.behind, desk), behind=True)
        if drop.state not in FINAL:
            drop = _send(claimed, drop, targets, desk, again=decided)
        _put_away(drop, desk)
    except StoppedError as error:
        return _waiting(claimed, str(error))
    except decide.EarlierFirstError as error:
        return replace(_waiting(claimed, str(error)), behind=True)
    except ClaimConflictError as error:
        return _waiting(claimed, f"another drop changed what this one was judged by ({error})", alone=True)
    except DeliveryError as error:
        return _troubled(claimed, Trouble("DROP-DELIVERY", error.place or "a target", str(error)), desk)
    except SealError as error:
        return _troubled(claimed, Trouble("DROP-WAITS", "a key file of [encryption]", error.message), desk)
    except Exception as error:
        if not may_pass(error):
            logger().error("drop.fault", receipt=claimed.receipt, error=type(error).__name__, code=frames(error))
        reason = f"The gateway's disk or ledger cannot be used now ({type(error).__name__}). gateway doctor tells more; the drop goes on by itself."
        if is_damaged(error):
            reason = f"The gateway's ledger is damaged. {DAMAGED_MEND}"
        return _troubled(claimed, Trouble("DROP-WAITS", "the gateway's disk or ledger", reason), desk)
    return _result(drop)


def of_nobody(claimed: Claimed, desk: Desk) -> Result:
    """Return what becomes of a file whose partner is not configured (any more): it waits."""
    said = "A drop belongs to a partner who is not configured."
    return _troubled(claimed, Trouble("DROP-NO-PARTNER", f"the partner file of {claimed.partner}", said), desk)


def later_files(receipt: str, desk: Desk) -> Later:
    """Return what later files of the partner may do while a drop waits: nothing overtakes what is not fixed, or not sent."""
    with contextlib.suppress(*STORAGE_FAULTS):
        drop = desk.ledger.drop(receipt)
        if drop is None or drop.state == "seen":
            return Later.WAIT
        if drop.format in _OF_FILES and drop.goal == "done" and not is_member(receipt):
            return Later.WAIT  # what was taken out of it comes first, when it is through
        return Later.DECIDE if _undelivered(drop, desk) else Later.GO
    return Later.WAIT


def _undelivered(drop: Drop, desk: Desk) -> bool:
    """True while deliveries of a drop are to be sent; its answers alone hold up nobody's deliveries."""
    return drop.state not in FINAL and any(outbox.planned(desk.ledger, drop.receipt, ("delivery",)))


def release(receipt: str, desk: Desk) -> None:
    """A person has cured the cause: put a failed or quarantined drop back to work; the engine takes it from there.

    failed: what was held is sent. quarantined: the raw file is translated anew, answers get a new name; what later files
    changed since stays changed. Raises ConfigError when there is no such drop or nothing to release, OvertakenError when
    later files changed what would be sent.
    """
    drop = desk.ledger.drop(receipt)
    place = desk.folders.quarantine / receipt
    if drop is None or drop.state not in ("failed", "quarantined") or not place.is_dir():
        raise ConfigError(f"{receipt} is no drop that is held for a person.", "Run gateway status to see what is held.")
    if drop.state == "failed":
        if number := overtaken(desk.ledger, drop):
            raise OvertakenError(number)
    else:
        note_release(place)
    with desk.ledger.transaction() as connection:  # the folder moves inside: a crash before the commit undoes the rest
        outbox.release(connection, drop, desk.now())
        place.rename(desk.folders.work / receipt)


def _try_ledger(drop: Drop, desk: Desk) -> None:
    """Write to the ledger before a drop is sent that was to be sent before: while it cannot be noted what appeared (a full
    disk), a receiver who takes files at once would get them again at each try."""
    with desk.ledger.transaction() as connection:
        outbox.mark(connection, drop.receipt, drop.state)


def _send(claimed: Claimed, drop: Drop, targets: Targets, desk: Desk, *, again: bool) -> Drop:
    """Send what was planned: deliveries first, then acknowledgments; then note it all as done. again: it was tried before.

    They appear in this order. The disk is waited for once, unless something cannot be sent or went to another machine:
    what appeared is noted then.
    """
    if again:
        _try_ledger(drop, desk)
    publishing = Publishing(desk.policy)
    try:
        pages = outbox.planned(desk.ledger, drop.receipt, _KINDS)
        while some := list(itertools.islice(pages, _TOGETHER)):
            _put(drop, some, targets, desk, publishing)
        publishing.settle()
    except Exception as error:
        if (isinstance(error, DeliveryError) and error.waits) or may_pass(error):
            raise
        _refused(claimed, drop, error, targets, desk)
    with desk.ledger.transaction() as connection:
        _note_earlier(connection, drop, publishing)
        outbox.sent(connection, drop.receipt, _KINDS, "acked")
        goal = outbox.settle(connection, drop.receipt, desk.now())
    if goal == "failed":
        logger().error("drop.failed", receipt=drop.receipt, partner=drop.partner)
    return _row(drop.receipt, desk)


def _put(drop: Drop, some: list[outbox.Output], targets: Targets, desk: Desk, publishing: Publishing) -> None:
    """Let files appear in the order they were planned; the target of the last one (a receipt) comes last.

    What went to another machine is noted file by file: it may be fetched at once, and is not sent again after a crash.
    """
    place = desk.folders.work / drop.receipt
    publishing.appeared.clear()
    deliveries = [one for one in some if one.kind == "delivery"]
    answers = [one for one in some if one.kind != "delivery"]
    for part in (deliveries, answers):
        files: dict[str, list[File]] = {}
        for one in part:
            own = files.pop(one.target, [])  # the target of the last file comes last
            files[one.target] = [*own, _file(place, one)]
        try:
            for name, own in files.items():
                target = targets.named(name)
                for together in [own] if isinstance(target, LocalTarget) else [[file] for file in own]:
                    publishing.put(target, together)
                    if publishing.remote:
                        _note_appeared(drop, some, desk, publishing)
        except Exception:
            _note_appeared(drop, some, desk, publishing)
            raise


def _file(place: Path, one: outbox.Output) -> File:
    """Return what is delivered: the file itself, or its spare copy, when it may become the delivered one."""
    path = place / one.staged if one.kind == "delivery" else spare(place, one.name)
    return File(one.name, path or place / one.staged, one.size, one.sha256, spare=path is not None)


def _note_appeared(drop: Drop, some: list[outbox.Output], desk: Desk, publishing: Publishing) -> None:
    """Note as sent what is at its target: of `some`, and all that was planned before. Who fetches it while the rest waits
    does not get it again."""
    publishing.settle()
    there = publishing.appeared
    ids = [one.id for one in some if one.name in there]
    delivered = some[-1].kind != "delivery" and all(one.name in there for one in some if one.kind == "delivery")
    with desk.ledger.transaction() as connection:
        _note_earlier(connection, drop, publishing)
        outbox.appeared(connection, drop.receipt, some[0].id, ids)
        if delivered:
            outbox.mark(connection, drop.receipt, "delivered")


def _note_earlier(connection: Connection, drop: Drop, publishing: Publishing) -> None:
    """Note which deliveries lay in their targets before: after a restore the ledger knows nothing of them."""
    for name, there in publishing.stays.items():
        outbox.stays(connection, drop.receipt, name, *there)
        logger().info("delivery.stays", receipt=drop.receipt, file=name)
    publishing.stays.clear()


def _refused(claimed: Claimed, drop: Drop, error: Exception, targets: Targets, desk: Desk) -> None:
    """A target refuses for good: hold what is left and tell the sender by a receipt, if that can be delivered."""
    reason = error.message if isinstance(error, DeliveryError) else f"Fault in the gateway ({type(error).__name__})."
    logger().error("drop.refused", receipt=drop.receipt, error=type(error).__name__, code=frames(error))
    place = desk.folders.work / drop.receipt
    receipt = [held_receipt(claimed, partly=True)]
    held = stage_file(place, "receipt", "reject", drop.answer_stem + HELD_SUFFIX, receipt)
    with desk.ledger.transaction() as connection:
        outbox.replan(connection, drop.receipt, reason, [held], desk.now())
    desk.alert("DROP-FAILED", reason, drop.receipt, drop.partner)
    try:
        publishing = Publishing(desk.policy)
        _put(drop, list(outbox.planned(desk.ledger, drop.receipt, ("receipt",))), targets, desk, publishing)
        publishing.settle()
    except DeliveryError as again:
        if again.waits:
            raise
        with desk.ledger.transaction() as connection:
            outbox.replan(connection, drop.receipt, reason, [], desk.now())


def _put_away(drop: Drop, desk: Desk) -> None:
    """Move the drop's folder, sealed, to the archive or to quarantine; the canonical files went to their target."""
    if drop.state in ("done", "duplicate"):
        remove_tree(desk.folders.work / drop.receipt / "out")
        desk.vault.seal(desk.folders.work / drop.receipt)
        desk.folders.move(drop.receipt, desk.folders.archived(drop.receipt))
    else:
        desk.vault.seal(desk.folders.work / drop.receipt)
        desk.folders.move(drop.receipt, desk.folders.quarantine / drop.receipt)


def _row(receipt: str, desk: Desk) -> Drop:
    drop = desk.ledger.drop(receipt)
    assert drop is not None, "a drop row vanished"
    return drop


def _result(drop: Drop) -> Result:
    names = ("found", "accepted", "rejected", "duplicate", "joined", "waiting")
    facts = {name: getattr(drop, name) for name in names}
    logger().info("drop.done", receipt=drop.receipt, partner=drop.partner, state=drop.state, **facts)
    return Result(
        drop.receipt, drop.partner, drop.file_name, drop.state, drop.verdict,
        drop.found, drop.accepted, drop.rejected, drop.duplicate, drop.duplicate_of, drop.error,
        unwrapped=drop.format in _OF_FILES,
    )  # fmt: skip


def _troubled(claimed: Claimed, trouble: Trouble, desk: Desk) -> Result:
    desk.waits(trouble, claimed.receipt, claimed.partner)
    return replace(_waiting(claimed, trouble.message, trouble=trouble), later=later_files(claimed.receipt, desk))


def _waiting(claimed: Claimed, error: str, *, alone: bool = False, trouble: Trouble | None = None) -> Result:
    c = claimed
    return Result(c.receipt, c.partner, c.file_name, "waiting", error=error, waiting=True, alone=alone, trouble=trouble)
