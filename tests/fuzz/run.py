"""python -m tests.fuzz.run SECONDS [TARGET...]: fuzz for a while; what crashes is kept in tests/fuzz/crashes/TARGET."""

from __future__ import annotations

import hashlib
import random
import re
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS, Target

CRASHES = Path(__file__).parent / "crashes"
HANGS_S = 20.0
"""Processor time after which a file of some kilobytes is called endless."""


class HangError(Exception):
    """The target does not come to an end."""


@contextmanager
def limited(seconds: float = HANGS_S) -> Iterator[None]:
    """Raise HangError in the block after some processor time."""

    def ring(*_: Any) -> None:
        raise HangError

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def fault_of(target: Target, data: bytes) -> str:
    """Return the trace of what a target does wrong with some bytes, "" when all is well."""
    unraisable: list[str] = []

    def note(fault: Any) -> None:
        if not isinstance(fault.exc_value, HangError):
            unraisable.append(f"{fault.err_msg or 'Ignored in'} {fault.object!r}: {fault.exc_value!r}")

    before, sys.unraisablehook = sys.unraisablehook, note  # what a C library cannot raise, it prints
    try:
        with limited():
            target.check(data)
    except Exception:
        return traceback.format_exc()
    finally:
        sys.unraisablehook = before
    return "\n".join(unraisable)


def fuzz(name: str, seconds: float, seed: int) -> tuple[int, dict[str, Path]]:
    """Damage files until the time is up; return how many, and the kept inputs by the place where they crash."""
    target, chance = TARGETS[name], random.Random(seed)
    corpus, end, runs = target.corpus(), time.monotonic() + seconds, 0
    crashes: dict[str, Path] = {}
    while time.monotonic() < end:
        data = mutated(corpus, chance)
        runs += 1
        if trace := fault_of(target, data):
            place = _place(trace)
            if place not in crashes:
                crashes[place] = keep(name, smaller(target, data, place))
    return runs, crashes


def smaller(target: Target, data: bytes, place: str) -> bytes:
    """Return a shorter input that crashes in the same place: pieces are left out as long as it does."""
    size, end = len(data) // 2, time.monotonic() + 20
    while size >= 1 and time.monotonic() < end:
        at = 0
        while at < len(data) and time.monotonic() < end:
            shorter = data[:at] + data[at + size :]
            if _place(fault_of(target, shorter)) == place:
                data = shorter
            else:
                at += size
        size //= 2
    return data


def keep(name: str, data: bytes) -> Path:
    """Write an input to the folder that `make test` replays."""
    folder = CRASHES / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(data).hexdigest()[:16]}.bin"
    path.write_bytes(data)
    return path


def _place(trace: str) -> str:
    """Return the kind of a crash: the error and the innermost line of ours."""
    lines = [line.strip() for line in trace.splitlines() if "/gateway/" in line or "/fuzz/t" in line]
    kinds = re.findall(r"(?m)^([\w.]+(?:Error|Exception|Unusable))\b", trace)
    return f"{kinds[-1] if kinds else 'crash'} at {lines[-1]}" if lines else trace[-200:]


if __name__ == "__main__":
    for one in sys.argv[2:] or TARGETS:
        done, found = fuzz(one, float(sys.argv[1]), int(time.time()))
        print(f"{one}: {done} inputs, {len(found)} kinds of crash")
        for where, path in found.items():
            print(f"  {path.name}  {where}")
        sys.stdout.flush()
