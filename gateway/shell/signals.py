"""What the signals of the system ask a gateway to do: SIGTERM and SIGINT to stop in order, SIGHUP to look at once."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def heeded(stop: Callable[[], None], look_now: Callable[[], None]) -> Iterator[None]:
    """Heed the signals meanwhile; only the main thread can. Both functions are called inside a signal handler.

    SIGHUP stops too where a person started the gateway in a terminal: it is gone then.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted: dict[int, Callable[[], None]] = {signal.SIGTERM: stop, signal.SIGINT: stop}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else somebody said nohup
        wanted[signal.SIGHUP] = stop if _has_terminal() else look_now
    before = {number: signal.getsignal(number) for number in wanted}
    for number, do in wanted.items():
        signal.signal(number, lambda *_, do=do: do())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def hang_up_later() -> None:
    """Heed no SIGHUP while the gateway starts, unless its terminal is gone: it looks at everything then anyway."""
    if not _has_terminal() and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: None)


def _has_terminal() -> bool:
    """True when a person started it in a terminal: SIGHUP says then that the terminal is gone, else it means "look again"."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
