"""A shop whose workers die at the n-th dangerous call: n stands in ROOT/die_at, negative = after the call. Once each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.shell.crew import Shop
from gateway.shell.ledger import Ledger
from tests.shell.shell_support import shop

_count = {"at": 0, "now": 0}


def dying_shop(root: Path, partners: tuple[str, ...], max_tries: int, ledger_url: str) -> Shop:
    """Make the shop of a yard; the process that calls this is changed for good."""
    made = shop(root, partners, max_tries, ledger_url)
    order = root / "die_at"
    unlink = os.unlink

    def hit(after: bool) -> bool:
        try:
            at = int(order.read_text())
        except (FileNotFoundError, ValueError):
            return False
        if (at < 0) != after:
            return False
        if _count["at"] != at:
            _count.update(at=at, now=0)
        _count["now"] += 1
        return _count["now"] == abs(at)

    def die(after: bool) -> None:
        if hit(after):
            unlink(order)
            os._exit(9)

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **facts: Any) -> Any:
            die(after=False)
            result = call(*args, **facts)
            die(after=True)
            return result

        return stepped

    def transaction(call: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def stepped(*args: Any, **facts: Any) -> Iterator[Any]:
            with call(*args, **facts) as connection:
                yield connection
                die(after=False)  # everything was written, nothing committed
            die(after=True)

        return stepped

    for name in ("fsync", "link", "rename", "unlink", "mkdir", "rmdir"):  # pathlib calls them, too
        setattr(os, name, wrapped(getattr(os, name)))
    for name in ("transaction", "passing"):
        setattr(Ledger, name, transaction(getattr(Ledger, name)))
    return made
