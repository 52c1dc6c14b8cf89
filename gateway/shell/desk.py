"""What the processing of drops works with, and what it reports."""

from __future__ import annotations

import contextlib
import errno
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

from gateway.errors import ConfigError
from gateway.history import History
from gateway.profile import Profile
from gateway.results import Delivery, Outcome
from gateway.sharing import Others
from gateway.shell import journal
from gateway.shell.folders import Clock, StateFolders, instant, utc_now
from gateway.shell.ledger import STORAGE_FAULTS, Ledger
from gateway.shell.log import logger
from gateway.shell.publishing import RetryPolicy
from gateway.shell.unwrap import Limits
from gateway.shell.vault import Vault
from gateway.spools import Spool

_PASSING = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM,
    errno.EACCES, errno.EPERM, errno.EINTR, errno.EAGAIN, errno.ENOTCONN, errno.ESTALE, errno.EHOSTDOWN,
    errno.ETIMEDOUT, errno.EBUSY, errno.ENXIO, errno.ENODEV, errno.ENOLCK,
}  # fmt: skip


class Translate(Protocol):
    """gateway.translate.translate, or a fake of it."""

    def __call__(
        self,
        chunks: Iterable[bytes],
        profile: Profile,
        now: datetime,
        history: History,
        *,
        name: str,
        size: int,
        sha256: str,
        receipt_id: str,
        stem: str,
        spool: Spool,
        others: Others | None = None,
    ) -> Iterator[Delivery | Outcome]:
        """Yield canonical pieces, provisional until the Outcome, which comes last. Raises SharedError with `others`."""
        ...


class Assist(Protocol):
    """gateway.translate.assist."""

    def __call__(
        self, chunks: Iterable[bytes], profile: Profile, now: datetime, wanted: Callable[[int], bool], *, name: str
    ) -> Iterator[tuple[int, bytes]]:
        """Yield verdicts for another process that translates the same file."""
        ...


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person must know. rule: id in the catalogue; message: one sentence without personal data."""

    rule: str
    message: str
    receipt: str = ""
    partner: str = ""


class Trouble(NamedTuple):
    """What a drop waits for: rule id, the place that cannot be used, one sentence without personal data."""

    rule: str
    place: str
    message: str


class Later(Enum):
    """What the later files of the partner may do while a drop waits; they never overtake it."""

    WAIT = "wait"  # it is not decided, or files that were taken out of it come first
    DECIDE = "decide"  # be judged, but not delivered: its own deliveries come first
    GO = "go"


@dataclass(frozen=True, slots=True)
class Result:
    """Where a drop stands after processing. waiting: not finished, come back later; error says why."""

    receipt: str
    partner: str
    file_name: str
    state: str
    verdict: str = ""
    found: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicate: int = 0
    duplicate_of: str = ""
    error: str = ""
    waiting: bool = False
    unwrapped: bool = False  # files were taken out of it, which are drops of their own
    alone: bool = False  # others changed the ledger under it again and again: nothing else may be in work next time
    trouble: Trouble | None = None  # of the machine or a target; gateway.shell.outages tells of it
    later: Later = Later.WAIT  # while it waits
    behind: bool = False  # it waits for an earlier drop of the partner, and comes back as soon as that is through


Remap = Callable[[Profile, str], Profile]
"""Puts a mapping version (ID@VERSION) that was in force once into a profile. Raises ConfigError."""


def no_version(_profile: Profile, name: str) -> Profile:
    """The Remap of a desk that keeps no versions."""
    raise ConfigError(f"The mapping version {name} is not kept here.", "Replay with the tables of today.")


class StoppedError(Exception):
    """The gateway is being stopped; the drop is done again after the next start."""


def _ignore(_alert: Alert) -> None:
    return


@dataclass(frozen=True, slots=True)
class Desk:
    """The things that all drops share. stopped: asked between two shipments; True ends the translation.

    max_tries: how many translations of a file may end with the death of the process before it is held.
    alone: no other drop is in work, so nobody can change the ledger between a question and the commit.
    behind: what an earlier drop of the partner waits for with its deliveries; those of this one come after them.
    assist: what a second process does for a large file; None: there is none.
    vault: reads and seals kept files.
    """

    ledger: Ledger
    folders: StateFolders
    translate: Translate
    clock: Clock = utc_now
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    on_alert: Callable[[Alert], None] = _ignore
    stopped: Callable[[], bool] = field(default=lambda: False)
    max_tries: int = 2
    limits: Limits = field(default_factory=Limits)
    originators: Mapping[str, str] = field(default_factory=dict)  # originator_code -> partner, for responses
    alone: bool = True
    behind: Trouble | None = None
    assist: Assist | None = None
    remap: Remap = no_version
    vault: Vault = field(default_factory=Vault)

    def now(self) -> str:
        """Return the present instant as the ledger writes it."""
        return instant(self.clock())

    def alert(self, rule: str, message: str, receipt: str = "", partner: str = "") -> None:
        """Tell a person: log, journal and whoever listens. Never raises for a full disk."""
        logger().warning("alert", rule=rule, message=message, receipt=receipt, partner=partner)
        with contextlib.suppress(*STORAGE_FAULTS), self.ledger.transaction() as connection:
            journal.append(connection, self.now(), "alert", receipt, rule=rule, message=message)
        self.on_alert(Alert(rule, message, receipt, partner))

    def waits(self, trouble: Trouble, receipt: str, partner: str) -> None:
        """Note why a drop waits, once for each reason: `gateway status` says it. Never raises for a full disk."""
        logger().info("drop.waits", rule=trouble.rule, message=trouble.message, receipt=receipt, partner=partner)
        with contextlib.suppress(*STORAGE_FAULTS), self.ledger.transaction() as connection:
            facts = {"rule": trouble.rule, "message": trouble.message}
            if journal.last_told(connection, receipt) != facts:
                journal.append(connection, self.now(), "waits", receipt, **facts)


def may_pass(error: BaseException) -> bool:
    """True when the machine, not the file, is the cause: disk full, ledger locked, rights lost."""
    if isinstance(error, OSError):
        return error.errno in _PASSING
    return isinstance(error, STORAGE_FAULTS)


def frames(error: BaseException) -> str:
    """Return where an exception came from, without its text, which may hold a partner's data."""
    steps = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(step.filename).name}:{step.lineno} {step.name}" for step in reversed(steps[-12:]))
