"""One large file, two processes: both read all of it, and the other one judges shipments that are still ahead of this one.

    this process    reads, judges groups 0 to 2, takes the verdicts of 3 to 9, judges 10 ...; does all the rest
    the other       reads, judges .......................... 3 to 9 ............. 13 ...

What stands in the whole file (syntax, books, history, acknowledgments) is this process's alone. It never waits: a group
whose verdicts are not there when it begins is judged here, so a process that died or is slow costs time and nothing else.
The bytes that leave are the same. A group: up to AT_ONCE shipments of a message that follow each other. With the verdicts
come the numbers of the shipments whose elements the other one's reader found right: this one's need not look at them again
(Message.sound; X12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Protocol

import msgspec

from gateway.echoes import Place
from gateway.findings import Finding
from gateway.judge import Judge, Mapping, Verdict
from gateway.profile import Program
from gateway.records import Message, Unit

AT_ONCE = 32
"""Shipments that go through the stages of judging together."""


class SharedError(Exception):
    """The verdicts are not those of the shipments in question: translate without them."""


class Others(Protocol):
    """What another process has judged."""

    def verdicts(self, group: int) -> bytes | None:
        """Return what was made of a group, None when it is not there. Each group is asked for once, in order."""
        ...


class Told(msgspec.Struct, frozen=True, array_like=True):
    """The verdicts of one group. message, first: index of the message, number of its first shipment; sound: see Message."""

    message: int
    first: int
    shipments: list[bytes]
    findings: list[list[Finding]]
    sound: list[int]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Told).decode
_draft = msgspec.json.Decoder(dict[str, Any]).decode


def begun(data: bytes | None, unit: Unit) -> Told | None:
    """Return what was told of the group that begins with a unit, and let the reader know of it.

    Raises SharedError when it was told of another group.
    """
    if not data:
        return None
    told, message = _decode(data), unit.message
    if (told.message, told.first) != (message.index, unit.number):
        said = f"shipments from {told.message}/{told.first} instead of {message.index}/{unit.number}"
        raise SharedError(said)
    message.sound = frozenset(told.sound)
    return told


def read(told: Told, mappings: list[Mapping]) -> list[Verdict]:
    """Return the verdicts of a group. Raises SharedError when they are of more or fewer shipments."""
    if len(told.shipments) != len(mappings):
        said = f"{len(told.shipments)} shipments instead of {len(mappings)} from {told.message}/{told.first}"
        raise SharedError(said)
    return [(_draft(data), found, data) for data, found in zip(told.shipments, told.findings, strict=True)]


def _written(mappings: list[Mapping], verdicts: list[Verdict]) -> bytes:
    first = mappings[0]
    shipments, findings = [data for _, _, data in verdicts], [found for _, found, _ in verdicts]
    sound = [m.unit.number for m in mappings if m.unit.sound]
    return _encode(Told(first.message.index, first.unit.number, shipments, findings, sound))


class Aside:
    """What stands in the place of gateway.settling.Settler in the other process. wanted: whether a group is still to be judged."""

    key, claims = "0", 0  # of messages that nobody asks this process for

    def __init__(self, judge: Judge, wanted: Callable[[int], bool]) -> None:
        self._judge, self._wanted = judge, wanted
        self._mapped: list[Mapping] = []
        self._group, self._mine = 0, False
        self._told: list[tuple[int, bytes]] = []

    def read_with(self, module: ModuleType) -> None:
        """See Settler."""

    def begin(self, message: Message, program: Program | None) -> None:
        """See Settler."""

    def refuse(self, unit: Unit, syntax: list[Finding]) -> None:
        """See Settler."""
        self._close()

    def take(self, unit: Unit, program: Program, syntax: list[Finding], flagged: set[Place]) -> None:
        """Map a unit of a group that is wanted, pass others by."""
        if not self._mapped:
            self._mine = self._wanted(self._group)
        if self._mine:
            self._mapped.append(self._judge.map(unit.message, unit, program, syntax, flagged))
        else:
            self._mapped.append(self._judge.later(unit.message, unit, program))
        if len(self._mapped) >= AT_ONCE:
            self._close()

    @property
    def full(self) -> bool:
        """See Settler."""
        return bool(self._told)

    def flush(self) -> Iterator[tuple[int, bytes]]:
        """Yield the verdicts that are ready."""
        told, self._told = self._told, []
        yield from told

    def end(self) -> Iterator[tuple[int, bytes]]:
        """Close the open message."""
        self._close()
        yield from self.flush()

    def remark(self) -> Finding | None:
        """See Settler."""
        return None

    def _close(self) -> None:
        """Judge the open group if it is ours."""
        mapped, self._mapped = self._mapped, []
        if not mapped:
            return
        if self._mine:
            self._told.append((self._group, _written(mapped, self._judge.verdicts(mapped))))
        self._group += 1
