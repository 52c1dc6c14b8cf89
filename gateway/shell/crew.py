"""Who works on the drops: this process (`Alone`) or worker processes (gateway.shell.pool.Pool).

The engine begins a file when there is room for it and hears of its result later; both look the same to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from gateway.shell.claims import Claimed
from gateway.shell.deliver import LocalTarget, Targets
from gateway.shell.desk import Assist, Desk, Remap, Result, Translate, Trouble, no_version
from gateway.shell.drops import PartnerDrop, ServeConfig
from gateway.shell.folders import Clock, utc_now
from gateway.shell.process import process
from gateway.shell.publishing import RetryPolicy


class Recipe(NamedTuple):
    """How a worker process makes its shop: a function named "package.module:name" and what it is given (picklable).

    The function raises ConfigError when it cannot make the very shop that is meant.
    """

    function: str
    facts: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Shop:
    """What a process needs besides the state folder to work on drops."""

    config: ServeConfig
    translate: Translate
    assist: Assist | None = None
    clock: Clock = utc_now
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    max_tries: int = 2
    remap: Remap = no_version


class Ended(NamedTuple):
    """A file that a crew is through with. died: its worker process ended meanwhile."""

    claimed: Claimed
    result: Result
    died: bool = False


class Crew(Protocol):
    """Works on files. All methods are called from the engine's thread."""

    def use(self, recipe: Recipe | None) -> None:
        """Work on the next file with other tables. Raises ConfigError when they cannot be loaded; the old ones stay."""

    def room(self, size: int) -> bool:
        """True when a file of so many bytes can be begun now."""
        ...

    def begin(self, claimed: Claimed, *, alone: bool, behind: Trouble | None = None) -> None:
        """Begin a file. alone, behind: see Desk."""

    def handles(self) -> Iterable[int]:
        """Return the file descriptors that are readable when `ended` has something to tell."""
        ...

    def ended(self) -> list[Ended]:
        """Return what was ended since the last call; never waits."""
        ...

    def drain(self, seconds: float) -> None:
        """Tell all that the files in work must end within so many seconds."""

    def close(self) -> None:
        """End; nothing of the crew lives on afterwards."""


class Alone:
    """The crew of one: works in the engine's thread, so `begin` returns when the file is done."""

    def __init__(self, work: Callable[[Claimed, Trouble | None], Result]) -> None:
        self._work = work
        self._ended: list[Ended] = []

    def use(self, recipe: Recipe | None) -> None:
        """See Crew."""

    def room(self, size: int) -> bool:
        """See Crew."""
        return not self._ended

    def begin(self, claimed: Claimed, *, alone: bool, behind: Trouble | None = None) -> None:
        """See Crew."""
        self._ended.append(Ended(claimed, self._work(claimed, behind)))

    def handles(self) -> Iterable[int]:
        """See Crew."""
        return ()

    def ended(self) -> list[Ended]:
        """See Crew."""
        ended, self._ended = self._ended, []
        return ended

    def drain(self, seconds: float) -> None:
        """See Crew."""

    def close(self) -> None:
        """See Crew."""


def originators_of(partners: Sequence[PartnerDrop]) -> dict[str, str]:
    """Return originator_code -> partner; a code that two partners share tells nothing."""
    codes = [partner.profile.originator_code for partner in partners]
    return {code: p.name for code, p in zip(codes, partners, strict=True) if code and codes.count(code) == 1}


def work(
    claimed: Claimed,
    partner: PartnerDrop,
    out_dir: Path,
    desk: Desk,
    *,
    alone: bool = True,
    behind: Trouble | None = None,
    assist: Assist | None = None,
) -> Result:
    """Process one file of a partner; what both crews do. alone, behind, assist: see Desk."""
    ack, reject = LocalTarget(partner.ack_dir), LocalTarget(partner.reject_dir)
    targets = Targets(partner.out_target or LocalTarget(out_dir), LocalTarget(out_dir / "test"), ack, reject)
    if (desk.alone, desk.behind, desk.assist) != (alone, behind, assist):
        desk = replace(desk, alone=alone, behind=behind, assist=assist)
    return process(claimed, partner.profile, targets, desk)
