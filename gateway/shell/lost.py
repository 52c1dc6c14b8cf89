"""Received files in the work folder that cannot be worked on: their claim.json, or their bytes, cannot be read.

The order of a partner's files holds: nothing of the partner that came later is begun. Whose file it is stands beside the
claim too (gateway.shell.claims.owner); when even that is gone, nothing of anybody that came later is begun. What the
ledger knows of a drop is written back by itself, else a person does it: gateway claim RECEIPT DIR --partner NAME.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from pathlib import Path

from gateway.shell import journal
from gateway.shell.claims import CLAIM, Claimed, ClaimError, owner, rewrite_claim
from gateway.shell.desk import Desk
from gateway.shell.folders import instant, received
from gateway.shell.ledger import STORAGE_FAULTS
from gateway.shell.log import logger
from gateway.shell.outages import Outages

Fault = tuple[Path, OSError]
"""Folder of a drop, and why it cannot be worked on."""


class Lost:
    """What is told of them. Of one engine; called from its thread."""

    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self._told: dict[str, tuple[str, str]] = {}  # receipt -> rule, partner

    def look(self, faults: Sequence[Fault], partners: Collection[str], desk: Desk) -> dict[str, str]:
        """Take what was found at a look; return receipt -> partner whose later files wait, "" = those of all partners."""
        found = {}
        for place, error in faults:
            partner = owner(place)
            found[place.name] = partner if partner in partners else ""
            self._tell(place, error, found[place.name], desk)
        for receipt in self._told.keys() - found.keys():
            rule, partner = self._told.pop(receipt)
            said = f"Drop {receipt} can be worked on again"
            self._outages.passed(rule, receipt, said, desk.alert, partner=partner)
        return found

    def _tell(self, place: Path, error: OSError, partner: str, desk: Desk) -> None:
        later = f"files of {partner}" if partner else "files of any partner, for whose it is cannot be read either,"
        waits = f"Later {later} wait for it."
        if isinstance(error, ClaimError):
            if mended(place, desk):
                return
            name = partner or "NAME"
            rule = "DROP-CLAIM"
            text = f"{CLAIM} of drop {place.name} cannot be read ({error.strerror}). {waits} Unless it can be read again, write it anew: gateway claim {place.name} DIR --partner {name} --file FILE."
        else:
            rule = "DROP-WAITS"
            text = f"Drop {place.name} in the work folder cannot be read ({error.strerror}). {waits} It goes on by itself when it can be read."
        self._told[place.name] = rule, partner
        self._outages.once(rule, place.name, text, desk.alert, partner=partner, receipt=place.name)


def mended(place: Path, desk: Desk) -> bool:
    """Write a claim anew by what the ledger knows of the drop; False when it does not know it, or cannot be asked now."""
    with contextlib.suppress(*STORAGE_FAULTS):
        claimed = _by_ledger(place.name, desk)
        if claimed is not None:
            rewrite_claim(place, claimed)
            logger().warning("drop.claim", receipt=claimed.receipt, partner=claimed.partner, by="ledger")
            return True
    return False


def _by_ledger(receipt: str, desk: Desk) -> Claimed | None:
    replay_of, mapping, released = "", "", False
    with desk.ledger.reading() as connection:
        for record in journal.records(connection, receipt):
            if record["event"] == "replay":
                replay_of, mapping = record["payload"]["of"], record["payload"].get("mapping", "")
            released = released or record["event"] == "released"
    own = desk.ledger.drop(receipt)
    drop = own or (desk.ledger.drop(replay_of) if replay_of else None)
    if drop is None:
        return None
    at = own.received_at if own else instant(min(received(receipt), desk.clock()))
    return Claimed(
        receipt, drop.partner, drop.account, drop.file_name, drop.stored_name, at,
        replay_of=replay_of, mapping=mapping, released=released,
    )  # fmt: skip
