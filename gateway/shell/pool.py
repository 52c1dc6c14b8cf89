"""Worker processes: started once, warm, one file each at a time; one that dies is replaced.

    lane 1..N    any file
    lane N + 1   files up to SMALL bytes only: they never wait behind large ones

The last lane is idle most of the time; its process shares the memory of the others (see gateway.shell.nursery).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.reduction import send_handle
from typing import Any

from gateway.errors import ConfigError, NotNowError
from gateway.shell import log
from gateway.shell.claims import Claimed
from gateway.shell.crew import Ended, Recipe
from gateway.shell.desk import Alert, Result, Trouble
from gateway.shell.nursery import FORK

SMALL = 1_000_000  # bytes: some 2,000 shipments, half a second of work
_LOAD_S = 120.0  # how long a nursery may take
_END_S = 2.0  # how long an idle worker may take to end before it is killed
_LONGEST_WAIT_S = 60.0
_GONE = (EOFError, OSError)


class Pool:
    """The crew of `workers` processes and one more for small files; see gateway.shell.crew.Crew.

    lock: descriptor of the state lock, held by each process. tell: (rule, sentence) for a person.
    """

    def __init__(
        self,
        workers: int,
        recipe: Recipe,
        lock: int,
        on_alert: Callable[[Alert], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._recipe, self._lock, self._on_alert, self._tell = recipe, lock, on_alert, tell
        self._lanes = [_Lane(small=False) for _ in range(workers)] + [_Lane(small=True)]
        self._nursery: _Nursery | None = _Nursery(recipe, lock)
        self._not_before, self._fails, self._started = 0.0, 0, False
        self._ended: list[Ended] = []

    def use(self, recipe: Recipe | None) -> None:
        """See Crew. A busy worker finishes its file with the tables it has."""
        if recipe is None:
            return
        nursery = _Nursery(recipe, self._lock)
        if fault := nursery.load():
            nursery.close()
            raise ConfigError(f"The worker processes could not load it: {fault}", "Save the file once more.")
        if self._nursery is not None:
            self._nursery.close()
        self._nursery, self._recipe, self._started = nursery, recipe, True
        for lane in self._lanes:
            if lane.hand is not None:
                lane.hand.old = True
                self._retire(lane)
        self._fill()

    def room(self, size: int) -> bool:
        """See Crew."""
        self._fill()
        return self._free(size) is not None

    def begin(self, claimed: Claimed, *, alone: bool, behind: Trouble | None = None) -> None:
        """See Crew."""
        lane = self._free(claimed.size)
        assert lane is not None
        assert lane.hand is not None
        lane.hand.claimed = claimed
        lane.hand.send("job", claimed, alone, behind, self._free(SMALL + 1) is not None)

    def handles(self) -> Iterable[int]:
        """See Crew."""
        found = [lane.hand.pipe.fileno() for lane in self._lanes if lane.hand is not None]
        return [*found, self._nursery.pipe.fileno()] if self._nursery is not None else found

    def ended(self) -> list[Ended]:
        """See Crew."""
        for lane in self._lanes:
            if lane.hand is not None:
                self._hear(lane, lane.hand)
        self._look_after_nursery()
        self._fill()
        ended, self._ended = self._ended, []
        return ended

    def drain(self, seconds: float) -> None:
        """See Crew."""
        for lane in self._lanes:
            if lane.hand is not None:
                lane.hand.send("stop", seconds)

    def close(self) -> None:
        """See Crew."""
        hands = [lane.hand for lane in self._lanes if lane.hand is not None]
        for hand in hands:
            hand.send("end") if hand.claimed is None else hand.kill()
        end = time.monotonic() + _END_S
        for hand in hands:
            hand.wait_for_end(end - time.monotonic())
            hand.pipe.close()
        for lane in self._lanes:
            lane.hand = None
        if self._nursery is not None:
            self._nursery.close()
        self._nursery = None

    # --- inside

    def _free(self, size: int) -> _Lane | None:
        free = [lane for lane in self._lanes if lane.hand is not None and lane.hand.claimed is None]
        fitting = [lane for lane in free if size <= SMALL or not lane.small]
        return max(fitting, key=lambda lane: lane.small, default=None)

    def _hear(self, lane: _Lane, hand: _Hand) -> None:
        """Take what a worker said."""
        for what, fact in hand.messages():
            if what == "log":
                log.relay(fact)
            elif what == "alert":
                self._on_alert(fact)
            else:
                assert hand.claimed is not None
                self._ended.append(Ended(hand.claimed, fact))
                hand.claimed, lane.fails = None, 0
                self._retire(lane)
        if hand.gone:
            self._bury(lane, hand)

    def _bury(self, lane: _Lane, hand: _Hand) -> None:
        """A worker is dead: its file goes back, another worker takes the lane soon."""
        hand.pipe.close()
        lane.hand = None
        if hand.old and hand.claimed is None:
            return
        lane.fails += 1
        lane.not_before = time.monotonic() + (0.0 if lane.fails == 1 else min(_LONGEST_WAIT_S, 2.0**lane.fails / 4))
        if hand.claimed is not None:
            c = hand.claimed
            said = "The worker process ended while it worked on the file."
            waiting = Result(c.receipt, c.partner, c.file_name, "waiting", error=said, waiting=True)
            self._ended.append(Ended(c, waiting, died=True))
        else:
            self._tell("WORKER-DIED", "A worker process ended while it had nothing to do; another one is started.")

    def _retire(self, lane: _Lane) -> None:
        """End a worker of old tables when it is idle."""
        hand = lane.hand
        if hand is not None and hand.old and hand.claimed is None:
            hand.send("end")
            hand.pipe.close()
            lane.hand = None

    def _fill(self) -> None:
        """Have a worker forked for each empty lane."""
        nursery, now = self._nursery, time.monotonic()
        if nursery is None and now >= self._not_before:
            try:
                nursery = self._nursery = _Nursery(self._recipe, self._lock)
            except OSError as error:  # no memory, no process, no descriptor left
                self._fail(f"{error.strerror}.")
        if nursery is None or not nursery.loaded:
            return
        for lane in self._lanes:
            if lane.hand is None and lane.not_before <= now:
                with contextlib.suppress(*_GONE):  # the nursery is dead; it is noticed by its pipe
                    lane.hand = nursery.fork()

    def _look_after_nursery(self) -> None:
        nursery = self._nursery
        if nursery is None or not nursery.pipe.poll():
            return
        fault = nursery.load(0.0)
        if fault is None:
            if self._fails:
                self._tell("DROP-RESUMED", "Worker processes can be started again.")
            self._started, self._fails = True, 0
            return
        nursery.close()
        self._nursery = None
        self._fail(fault)

    def _fail(self, fault: str) -> None:
        """There is no nursery: try again later."""
        if not self._started:
            raise NotNowError(f"The worker processes cannot be started: {fault}", "Or write workers = 1.")
        self._fails += 1
        self._not_before = time.monotonic() + min(_LONGEST_WAIT_S, 2.0**self._fails)
        if self._fails == 1:  # once, until workers can be started again
            self._tell("WORKER-NONE", f"No worker process can be started now; those that live work on. {fault}")


class _Lane:
    """A place for a worker."""

    def __init__(self, *, small: bool) -> None:
        self.small = small
        self.hand: _Hand | None = None
        self.not_before, self.fails = 0.0, 0


class _Hand:
    """The gateway's end of one worker process."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe
        self.claimed: Claimed | None = None
        self.old = self.gone = False
        self.pid = 0

    def send(self, *message: Any) -> None:
        """Tell the worker something; its death is noticed when its pipe is read."""
        with contextlib.suppress(OSError):
            self.pipe.send(message)

    def messages(self) -> Iterator[tuple[str, Any]]:
        """Yield what the worker said so far."""
        try:
            while self.pipe.poll():
                what, fact = self.pipe.recv()
                if what == "pid":
                    self.pid = fact
                else:
                    yield what, fact
        except _GONE:
            self.gone = True

    def kill(self) -> None:
        """End the worker now; closing the pipe does it too, but not in the middle of a long call of C code."""
        if self.pid and not self.gone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait_for_end(self, seconds: float) -> None:
        """Wait until the process is gone; kill it when it takes longer."""
        for limit in (seconds, _END_S):
            end = time.monotonic() + limit
            while not self.gone and wait([self.pipe], max(0.0, end - time.monotonic())):
                for what, fact in self.messages():
                    if what == "log":
                        log.relay(fact)
            self.kill()


class _Nursery:
    """The gateway's end of a nursery process."""

    def __init__(self, recipe: Recipe, lock: int) -> None:
        self.loaded = False
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-m", "gateway.shell.nursery", str(theirs.fileno())]
        self._process = subprocess.Popen(
            command, pass_fds=(theirs.fileno(), lock), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        theirs.close()
        self.pipe.send((sys.path, recipe))

    def load(self, seconds: float = _LOAD_S) -> str | None:
        """Hear whether everything is loaded; None when it is, else what is wrong."""
        try:
            if not self.pipe.poll(seconds):
                return "It does not answer."
            fault = str(self.pipe.recv())
        except _GONE:
            return "The process ended."
        self.loaded = not fault
        return fault or None

    def fork(self) -> _Hand:
        """Return a new worker. Raises OSError when the nursery is dead."""
        ours, theirs = Pipe()
        try:
            self.pipe.send(FORK)
            send_handle(self.pipe, theirs.fileno(), self._process.pid)
        finally:
            theirs.close()
        return _Hand(ours)

    def close(self) -> None:
        """End it; its workers live on as long as their own pipes."""
        self.pipe.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
