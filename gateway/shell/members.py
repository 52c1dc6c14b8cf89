"""Drops made of a drop: the files of a wrapping, the responses to each partner's shipments.

The engine takes them from the work folder. Their receipt ids are made of the first drop's, so that a crash in between
makes none twice.
"""

from __future__ import annotations

from pathlib import Path

from gateway.profile import Profile
from gateway.shell import outbox, responses
from gateway.shell.assembly import Staged, clear, stage_file
from gateway.shell.claims import Claimed, member_claim, put_member, raw_path
from gateway.shell.desk import Desk
from gateway.shell.ledger import Drop
from gateway.shell.outbox import Plan
from gateway.shell.receipts import SUFFIX, responses_receipt, unwrapped_receipt
from gateway.shell.syncing import sync_file
from gateway.shell.unwrap import take_out


def unwrap(claimed: Claimed, drop: Drop, profile: Profile, kind: str, desk: Desk) -> Staged:
    """Make a drop of its own of each file in a wrapping; return the receipt of the wrapping. Raises UnwrapError."""
    place = desk.folders.work / claimed.receipt
    clear(place)
    out = place / "out"
    out.mkdir(mode=0o700)
    home = Path(profile.pgp_home) if profile.pgp_home else None
    found = take_out(raw_path(place), claimed.file_name, kind, out, desk.limits, home)
    taken = []
    for number, member in enumerate(found, 1):
        one = member_claim(claimed, number, member.name, claimed.partner)
        taken.append({"receipt_id": one.receipt, "file_name": one.file_name})
        if desk.folders.find(one.receipt) is None:
            put_member(desk.folders, one, member.path)
    return stage_file(place, "receipt", "ack", drop.answer_stem + SUFFIX, [unwrapped_receipt(claimed, taken)])


def share_out(claimed: Claimed, drop: Drop, profile: Profile, desk: Desk) -> None:
    """Make a drop of its own of each partner's responses, and decide; unknown shipments are told to a person.

    Raises ResponseError.
    """
    place = desk.folders.work / claimed.receipt
    clear(place)
    found = responses.sort(claimed, profile, desk)
    for number, (partner, own) in enumerate(sorted(found.known.items()), 1):
        one = member_claim(claimed, number, f"{claimed.file_name}.{partner}", partner)
        if desk.folders.find(one.receipt) is None:
            path = place / "member.json"
            path.write_bytes(responses.member(own))
            sync_file(path)
            put_member(desk.folders, one, path)
    facts = {"passed_on": sum(map(len, found.known.values())), "repeated": found.repeated, "unknown": found.unknown}
    if found.left_out:
        facts["left_out"] = found.left_out
    receipt = [responses_receipt(claimed, facts)]
    staged = stage_file(place, "receipt", "ack", drop.answer_stem + SUFFIX, receipt)
    with desk.ledger.transaction() as connection:
        responses.remember(connection, found.known, drop.receipt)
        outbox.plan(connection, drop.receipt, Plan("done", "accept", "responses"), (), [staged], desk.now())
    if found.unknown:
        many = f"{len(found.unknown)} shipments" if len(found.unknown) > 1 else "one shipment"
        said = f"The receiver answered {many} that nobody here sent, or that two partners have."
        desk.alert("RESPONSE-UNKNOWN", said, drop.receipt, drop.partner)
    if found.left_out:
        count = len(found.left_out)
        many = f"{count} answers to whole manifests" if count > 1 else "One answer to a whole manifest"
        said = f"{many} could not be shared out among the shipments; the receipt says why."
        desk.alert("RESPONSE-IN-PART", said, drop.receipt, drop.partner)


def passed_on(claimed: Claimed, drop: Drop, profile: Profile, desk: Desk) -> list[Staged]:
    """Return the answers that a partner's share of responses becomes, and its receipt: every drop has one."""
    place = desk.folders.work / claimed.receipt
    clear(place)
    staged = responses.stage(claimed, profile, desk)
    told = "The receiver answered about shipments of yours; the status files say what."
    facts = responses_receipt(claimed, {}, told)
    return [*staged, stage_file(place, "receipt", "ack", drop.answer_stem + SUFFIX, [facts])]
