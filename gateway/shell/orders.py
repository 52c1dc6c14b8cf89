"""Orders of a person: files in state/orders that the gateway carries out between two drops, after a start if need be.

    gateway replay | claim | archive clean | archive hold  ->  state/orders/TIME-xxxxxx.json  ->  engine  ->  gone

The command line never changes the state folder while a gateway works on it. Each order may be carried out twice.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from gateway.errors import ConfigError
from gateway.shell import journal, versions
from gateway.shell.claims import Claimed, ClaimError, put_member, raw_path, read_claim, rewrite_claim
from gateway.shell.desk import Desk
from gateway.shell.folders import (
    ReceiptIds,
    StateFolders,
    as_user,
    instant,
    parse_instant,
    private_file,
    received,
    remove_tree,
    user_name,
)
from gateway.shell.ledger import Drop
from gateway.shell.log import logger
from gateway.shell.names import shown_name, stored_name
from gateway.shell.process import OvertakenError, release
from gateway.shell.retention import set_hold
from gateway.shell.seal import SealError
from gateway.shell.syncing import sync_file

REPLAY: Final = "replay"
RETAIN: Final = "retain"
HOLD: Final = "hold"
UNHOLD: Final = "unhold"
SEAL: Final = "seal"
CLAIM: Final = "claim"


class Order(msgspec.Struct, frozen=True):
    """do: replay, retain, hold, unhold, seal or claim. name: also the receipt of a replayed drop. why: for the journal.

    mapping: ID@VERSION of the mapping to replay with, "" = today's. partner, file: what a claim that is written anew says.
    """

    do: Literal["replay", "retain", "hold", "unhold", "seal", "claim"]
    receipt: str = ""
    why: str = ""
    name: str = ""
    mapping: str = ""
    partner: str = ""
    file: str = ""


def give(folders: StateFolders, ids: ReceiptIds, order: Order) -> str:
    """Write an order durably; return its name, which is the receipt of a replayed drop.

    Raises ConfigError for another user than the owner of the state folder: the gateway could not read it.
    """
    owner = folders.root.stat().st_uid
    if owner != os.geteuid():
        raise ConfigError(
            f"The state folder belongs to {user_name(owner)}; the gateway could not read an order of another user.",
            f"Give the command as that user: {as_user(owner)}",
        )
    name = ids.next()[0]
    place = _place(folders)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = place / f".{name}"
    with open(half, "xb", opener=private_file) as file:
        file.write(msgspec.json.encode(msgspec.structs.replace(order, name=name)))
    sync_file(half)
    half.rename(place / f"{name}.json")
    return name


def pending(folders: StateFolders) -> Iterator[tuple[Path, Order]]:
    """Yield the orders that were given, oldest first; a file that is none is put aside."""
    for path in sorted(_place(folders).glob("2*.json")):
        try:
            order = msgspec.json.decode(path.read_bytes(), type=Order)
        except msgspec.DecodeError:
            path.rename(path.with_suffix(".wrong"))
            continue
        yield path, order


def replay(order: Order, desk: Desk) -> None:
    """Put a drop to work again: a held one goes on, of a finished one the kept bytes become a new drop.

    The new drop is no duplicate of the old one; shipments that were delivered are not delivered again.
    """
    old = desk.ledger.drop(order.receipt)
    if old is None:
        return
    if old.state in ("failed", "quarantined"):
        try:
            release(order.receipt, desk)
        except OvertakenError as error:
            desk.alert("REPLAY-OVERTAKEN", f"{error.message} {error.advice}", old.receipt, old.partner)
        except ConfigError:
            _gone("it does not lie where held drops are kept", old, desk)
        return
    place = desk.folders.find(order.receipt)
    if place is None or not desk.vault.exists(raw_path(place)):
        _gone("its bytes are not kept any more", old, desk)
        return
    if old.state not in ("done", "duplicate") or desk.folders.find(order.name) is not None:
        return  # still in work, or put to work before a crash
    if order.mapping and order.mapping not in (one.name for one in versions.known(desk.ledger)):
        _gone(f"the mapping version {order.mapping} is not kept any more", old, desk)
        return
    at = instant(min(received(order.name), desk.clock()))  # receipts run ahead of a clock that was set back
    claimed = Claimed(
        order.name, old.partner, old.account, old.file_name, old.stored_name, at,
        replay_of=old.receipt, mapping=order.mapping,
    )  # fmt: skip
    copy = desk.folders.work / f".{order.name}.raw"
    remove_tree(copy)
    copy.unlink(missing_ok=True)
    try:
        with open(copy, "xb", opener=private_file) as file:
            for block in desk.vault.blocks(raw_path(place)):
                file.write(block)
    except SealError as error:
        copy.unlink()
        _gone(f"its bytes cannot be opened. {error.message}", old, desk)
        return
    sync_file(copy)
    with desk.ledger.transaction() as connection:
        with_mapping = {"mapping": order.mapping} if order.mapping else {}
        journal.append(connection, desk.now(), "replay", order.name, of=old.receipt, why=order.why, **with_mapping)
        if order.mapping:
            versions.touch(connection, order.mapping, desk.now())
    put_member(desk.folders, claimed, copy)
    logger().info("drop.replay", receipt=order.name, of=old.receipt)


def _gone(what: str, old: Drop, desk: Desk) -> None:
    desk.alert("REPLAY-GONE", f"A drop cannot be replayed: {what.rstrip('.')}.", old.receipt, old.partner)


def claim(order: Order, desk: Desk, account: str) -> None:
    """Write claim.json of a file in the work folder anew, unless it can be read. account: that of the order's partner."""
    place = desk.folders.work / order.receipt
    if not place.is_dir():
        return
    with contextlib.suppress(ClaimError):
        read_claim(place)
        return
    at = instant(min(received(order.receipt), desk.clock()))
    file = shown_name(order.file), stored_name(order.file)
    with desk.ledger.transaction() as connection:
        facts = {"partner": order.partner, "file": file[0], "why": order.why}
        journal.append(connection, desk.now(), "claim", order.receipt, **facts)
    rewrite_claim(place, Claimed(order.receipt, order.partner, account, *file, at))
    logger().warning("drop.claim", receipt=order.receipt, partner=order.partner, by="order")


def hold(order: Order, desk: Desk) -> None:
    """Set or lift a legal hold."""
    with desk.ledger.transaction() as connection:
        set_hold(connection, order.receipt, order.do == HOLD, order.why, instant(parse_instant(desk.now())))


def _place(folders: StateFolders) -> Path:
    return folders.root / "orders"
