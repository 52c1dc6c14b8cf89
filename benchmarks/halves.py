"""`halves.py [KIND] [SHIPMENTS] [--rounds N]`: what a second process brings for one large file, without two free processors.

The four parts of the work are measured one after the other in one process, by its CPU seconds, the best of several rounds:

    alone    the whole way of the file, all judged by the worker      known    the same, all verdicts come from the other process
    judging  what the other process does for groups that it judges    passing  and for those that it leaves to the worker
    around   of alone and of known: before and after the file is read, when there is nothing to share

Then the split of the groups is played through as gateway.shell.second makes it, with these costs for each group: the ratio
is that of two processors that disturb each other in nothing. workers.py --one-file measures it with two processes.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

import cases
from runner import KINDS, Corpus, job_of

Costs = dict[str, float]


class Known:
    """All verdicts of a file, as if another process were always ahead."""

    def __init__(self, verdicts: dict[int, bytes]) -> None:
        self._verdicts = verdicts

    def verdicts(self, group: int) -> bytes | None:
        """See gateway.sharing.Others."""
        return self._verdicts.get(group)


def costs(spec: dict[str, Any], rounds: int) -> Costs:
    """Return the CPU seconds of each part."""
    from gateway.shell import translating
    from gateway.shell.log import configure
    from gateway.translate import assist

    configure(io.StringIO())
    file, now, profile = Path(spec["file"]), cases._when(spec), cases._profile(spec)

    def other(wanted: Callable[[int], bool]) -> dict[int, bytes]:
        return dict(assist(cases._chunks(file), profile, now, wanted, name=file.name))

    def whole(others: dict[str, Any]) -> float:
        @contextlib.contextmanager
        def second(*_: Any) -> Iterator[dict[str, Any]]:
            shared.append(-time.process_time())
            yield others
            shared[-1] += time.process_time()

        translating.second = second
        with tempfile.TemporaryDirectory() as name:
            seconds = spent(cases.gateway({**spec, "folder": name}))
        around.append(seconds - shared[-1])
        return seconds

    shared: list[float] = []
    around: list[float] = []
    known = {"others": Known(other(lambda group: True))}
    parts: dict[str, Callable[[], float]] = {
        "alone": lambda: whole({}),
        "known": lambda: whole(known),
        "judging": lambda: spent(lambda: other(lambda group: True)),
        "passing": lambda: spent(lambda: other(lambda group: False)),
    }
    found = [{name: part() for name, part in parts.items()} for _ in range(rounds)]
    return {name: min(one[name] for one in found) for name in parts} | {"around": min(around)}


def spent(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of a call."""
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def played(each: Costs, groups: int, ahead: int) -> tuple[float, float, int]:
    """Return seconds of the worker, share of groups that it need not judge, groups judged in vain. each: costs of a group."""
    here = there = 0.0  # the clocks of both
    begun: list[float] = []  # when the worker began each group
    ready: dict[int, float] = {}
    late = next_group = reached = 0
    for group in range(groups):
        begun.append(here)
        while next_group < groups and there <= here:
            while reached + 1 < len(begun) and begun[reached + 1] <= there:
                reached += 1
            wanted = next_group >= reached + ahead
            there += each["judging"] if wanted else each["passing"]
            if wanted:
                ready[next_group] = there
            next_group += 1
        known = ready.get(group, here + 1) <= here
        late += group in ready and not known
        here += each["known"] if known else each["alone"]
    return here, (len([g for g in ready if g < groups]) - late) / groups, late


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("kind", nargs="?", default="truck", choices=sorted(KINDS))
    words.add_argument("shipments", type=int, nargs="?", default=10_000)
    words.add_argument("--rounds", type=int, default=5)
    given = words.parse_args()
    from gateway.sharing import AT_ONCE
    from gateway.shell.second import _AHEAD

    with tempfile.TemporaryDirectory() as name:
        job = job_of(Corpus(Path(name)), given.kind, "gateway", given.shipments)
        found = costs(job.spec, given.rounds)
    groups, around = -(-given.shipments // AT_ONCE), found["around"]
    each = {part: (s - around if part in ("alone", "known") else s) / groups for part, s in found.items()}
    seconds, share, late = played(each, groups, _AHEAD)
    told = {part: round(1e6 * s / given.shipments, 1) for part, s in found.items()}
    print(json.dumps({"kind": given.kind, "shipments": given.shipments, "us": told, "share": round(share, 2), "late": late, "ratio": round(found["alone"] / (seconds + around), 2)}))  # fmt: skip


if __name__ == "__main__":
    main()
