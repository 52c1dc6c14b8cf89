"""The engine of `gateway serve`: finish what was begun, then take files and process them one after the other.

    engine = Engine(config, translate)
    server = SftpDropServer(..., on_upload=engine.take_upload)
    engine.run_forever()                       # until SIGTERM

The work folder is the queue: what was claimed is processed, in the order of arrival, by this process or the next one.
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from gateway.errors import ConfigError
from gateway.shell import heap, journal, late, orders
from gateway.shell.deliver import LocalTarget, RetryPolicy, Targets
from gateway.shell.desk import Alert, Desk, Result, Translate
from gateway.shell.drops import LocalDrop, PartnerDrop, ServeConfig
from gateway.shell.folders import Clock, StateFolders, instant, utc_now
from gateway.shell.intake import Claimed, Intake, NotReadyError
from gateway.shell.ledger import STORAGE_FAULTS, open_ledger
from gateway.shell.lock import StateLock
from gateway.shell.log import logger
from gateway.shell.parts import overdue
from gateway.shell.process import process, release
from gateway.shell.retention import Removal, due, remove
from gateway.shell.sftp_paths import TakenFile, Upload
from gateway.shell.unwrap import Limits

DRAIN_S = 10.0
_LONGEST_WAIT_S = 300.0
_DAY_S = 86_400.0
_REMOVED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Status:
    """A snapshot. queued: claimed, not begun; waiting: to be tried again; working: receipt in work, "" = idle."""

    queued: int
    waiting: int
    working: str
    drops: dict[str, int]  # state -> number of drops in the ledger
    ready: bool


class Engine:
    """One engine per state folder. `take_upload` may be called from any thread, all else from one thread.

    Raises ConfigError when another gateway holds the state folder or the ledger cannot be used.
    """

    def __init__(
        self,
        config: ServeConfig,
        translate: Translate,
        *,
        clock: Clock = utc_now,
        on_alert: Callable[[Alert], None] | None = None,
        on_result: Callable[[Result], None] | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._config, self._on_result = config, on_result or (lambda _result: None)
        folders = StateFolders(config.state_dir)
        folders.create()
        with contextlib.ExitStack() as opened:
            opened.enter_context(StateLock(config.state_dir))
            ledger = opened.enter_context(contextlib.closing(open_ledger(config.ledger_url)))
            with ledger.transaction() as connection:
                journal.append(connection, instant(clock()), "start")
            self._opened = opened.pop_all()
        limits = Limits(total=config.max_file_bytes)
        desk = Desk(ledger, folders, translate, clock, stopped=self._must_stop, limits=limits)
        self.desk = replace(desk, policy=policy or desk.policy, on_alert=on_alert or desk.on_alert)
        self.intake = Intake(folders, config.max_file_bytes, clock)
        self._queue = _Queue()
        self._wake, self._stop_at = threading.Event(), 0.0
        self._recovered, self._next_poll = False, 0.0
        self._partners: dict[str, PartnerDrop] = {}
        self._accounts: dict[str, PartnerDrop] = {}
        self._drops: list[tuple[PartnerDrop, LocalDrop]] = []
        self._watch: Callable[[], None] = lambda: None
        self._next_cleaning, self._removals = 0.0, iter(tuple[Removal, ...]())
        self.beat = time.monotonic()  # when the queue was looked at last
        self.use(config)

    def use(self, config: ServeConfig) -> None:
        """Work with other partners and tables from the next file on; from the engine's thread. Folders of state stay."""
        seen = {drop.folder: drop for _, drop in self._drops}
        self._config = config
        self.desk = replace(self.desk, originators=_originators(config.partners))
        self._partners = {partner.name: partner for partner in config.partners}
        self._accounts = {partner.account: partner for partner in config.partners}
        self._drops = [(p, seen.get(p.in_dir) or self._local(p)) for p in config.partners if p.in_dir is not None]
        heap.settle()

    def watch(self, look: Callable[[], None]) -> None:
        """Call `look` at each poll, between two files: it may call `use`."""
        self._watch = look

    def take_upload(self, upload: Upload) -> TakenFile:
        """Take a complete upload of the SFTP server; when this returns, the file survives a power cut."""
        partner = self._accounts.get(upload.account)
        if partner is None:
            raise ConfigError("The account belongs to no partner.", "Add the account to a partner file.")
        u = upload
        try:
            claimed = self.intake.claim_upload(u.staged_path, u.name, partner.name, u.account, u.size, u.sha256)
        except OSError:
            self._recovered = False  # the file may lie in the work folder already
            raise
        self._queue.put(claimed)
        self._wake.set()
        return TakenFile(claimed.receipt)

    def release(self, receipt: str) -> None:
        """Put a held drop back to work on a person's order, see gateway.shell.process.release."""
        release(receipt, self.desk)
        self._recovered = False
        self._wake.set()

    def run_once(self) -> list[Result]:
        """Recover, look into the local drop folders and process all that is ready; return what became of it."""
        self.beat = time.monotonic()
        self._recover()
        self._poll()
        results = []
        while not self._stop_at and (claimed := self._queue.next(time.monotonic())):
            results.append(self._process(claimed))
            self.beat = time.monotonic()
            self._recover()
            self._poll()
        return results

    def run_forever(self) -> None:
        """Work until `stop`, SIGTERM or SIGINT; the file in work gets up to DRAIN_S seconds to finish."""
        with self._signals():
            logger().info("engine.start", partners=len(self._partners))
            while not self._stop_at:
                self.run_once()
                self._wake.wait(max(0.0, min(self._next_poll, self._queue.due()) - time.monotonic()))
                self._wake.clear()
            logger().info("engine.stop")

    def stop(self) -> None:
        """End run_forever; safe in a signal handler and from any thread."""
        if not self._stop_at:
            self._stop_at = time.monotonic() + DRAIN_S
        self._wake.set()

    def status(self) -> Status:
        """Return a snapshot; from any thread."""
        queued, waiting = self._queue.sizes()
        return Status(queued, waiting, self._queue.working, self.desk.ledger.counts(), self._recovered)

    def close(self) -> None:
        """Close the ledger and let go of the state folder."""
        self._opened.close()

    # --- inside

    def _recover(self) -> None:
        """Put what lies in the work folder on the queue: after a start, and after a claim that failed half-way."""
        for claimed in self.intake.recover() if not self._recovered else []:
            self._queue.put(claimed)
        self._recovered = True

    def _poll(self) -> None:
        if time.monotonic() < self._next_poll:
            return
        self._next_poll = time.monotonic() + self._config.poll_seconds
        self._watch()
        self._answer_late()
        self._keep_house()
        for partner, drop in self._drops:
            try:
                for candidate in drop.ready(self.desk.clock().timestamp()):
                    with contextlib.suppress(NotReadyError):
                        self._queue.put(self.intake.claim_path(candidate, partner.name, partner.account))
            except OSError as error:
                self._recovered = False  # the file may lie in the work folder already
                text = f"The drop folder cannot be read or its file not be taken ({error.strerror})."
                self.desk.alert("DROP-FOLDER", text, partner=partner.name)

    def _answer_late(self) -> None:
        """Answer the drops of which something waited for another message, and its time is up."""
        try:
            for receipt in overdue(self.desk.ledger, self.desk.clock()):
                drop = self.desk.ledger.drop(receipt)
                partner = self._partners.get(drop.partner) if drop is not None else None
                if drop is not None and partner is not None and drop.state == "done":
                    self._recovered = False  # it lies in the work folder soon
                    late.answer(drop, partner.profile, self.desk)
            self._recover()
        except STORAGE_FAULTS as error:
            reason = f"The gateway's disk or ledger cannot be used now ({type(error).__name__})."
            self.desk.alert("JOIN-WAITS", f"Waiting shipments whose time is up are answered later. {reason}")

    def _keep_house(self) -> None:
        """Carry out a person's orders, and remove what is older than the settings, some at each look."""
        try:
            for path, order in orders.pending(self.desk.folders):
                if order.do == orders.REPLAY:
                    orders.replay(order, self.desk)
                    self._recovered = False
                elif order.do == orders.RETAIN:
                    self._next_cleaning = 0.0
                else:
                    orders.hold(order, self.desk)
                path.unlink()
            self._recover()
            if time.monotonic() >= self._next_cleaning:
                self._next_cleaning = time.monotonic() + _DAY_S
                c = self._config
                self._removals = due(self.desk.ledger, self.desk.folders, c.out_dir, c.keep, self.desk.clock())
            for removal in itertools.islice(self._removals, _REMOVED_AT_ONCE):
                remove(removal, self.desk)
        except STORAGE_FAULTS as error:
            text = f"Orders and the removal of old files wait: disk or ledger cannot be used ({type(error).__name__})."
            self.desk.alert("HOUSE-WAITS", text)

    def _process(self, claimed: Claimed) -> Result:
        partner = self._partners.get(claimed.partner)
        if partner is None:
            self.desk.alert("DROP-NO-PARTNER", "A drop belongs to a partner who is not configured.", claimed.receipt)
            self._queue.again(claimed, time.monotonic())
            return Result(claimed.receipt, claimed.partner, claimed.file_name, "waiting", waiting=True)
        result = process(claimed, partner.profile, self._targets(partner), self.desk)
        if result.unwrapped:
            self._recovered = False  # the files that were taken out of it lie in the work folder
        if result.waiting and not self._stop_at:
            self._queue.again(claimed, time.monotonic())
        else:
            self._queue.done(claimed)
        self._on_result(result)
        return result

    def _targets(self, partner: PartnerDrop) -> Targets:
        out, test = self._config.out_dir, self._config.out_dir / "test"
        ack, reject = LocalTarget(partner.ack_dir), LocalTarget(partner.reject_dir)
        return Targets(partner.out_target or LocalTarget(out), LocalTarget(test), ack, reject)

    def _local(self, partner: PartnerDrop) -> LocalDrop:
        def late(name: str, age_s: float) -> None:
            text = f"A file waits under a temporary name for {age_s / 3600:.0f} hours."
            self.desk.alert("FILE-TEMP-NAME", text, partner=partner.name)

        assert partner.in_dir is not None
        return LocalDrop(partner.in_dir, self._config.settle_polls, late)

    def _must_stop(self) -> bool:
        return bool(self._stop_at) and time.monotonic() > self._stop_at

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM, signal.SIGINT)
        before: list[Any] = [signal.signal(number, lambda *_: self.stop()) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)


class _Queue:
    """Claimed files in the order of arrival; those that wait come back later and later, up to five minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: dict[str, Claimed] = {}
        self._due: dict[str, tuple[float, int]] = {}  # receipt -> not before (monotonic), tries
        self.working = ""

    def put(self, claimed: Claimed) -> None:
        with self._lock:
            self._items.setdefault(claimed.receipt, claimed)

    def next(self, now: float) -> Claimed | None:
        with self._lock:
            ready = (r for r in self._items if self._due.get(r, (0.0, 0))[0] <= now)
            self.working = min(ready, default="")
            return self._items.get(self.working)

    def again(self, claimed: Claimed, now: float) -> None:
        with self._lock:
            tries = self._due.get(claimed.receipt, (0.0, 0))[1]
            self._due[claimed.receipt] = (now + min(_LONGEST_WAIT_S, 2.0**tries), tries + 1)
            self.working = ""

    def done(self, claimed: Claimed) -> None:
        with self._lock:
            self._items.pop(claimed.receipt, None)
            self._due.pop(claimed.receipt, None)
            self.working = ""

    def due(self) -> float:
        with self._lock:
            return min((self._due.get(receipt, (0.0, 0))[0] for receipt in self._items), default=float("inf"))

    def sizes(self) -> tuple[int, int]:
        with self._lock:
            waiting = sum(receipt in self._due for receipt in self._items)
            return len(self._items) - waiting, waiting


def _originators(partners: Sequence[PartnerDrop]) -> dict[str, str]:
    """Return originator_code -> partner; a code that two partners share tells nothing."""
    codes = [partner.profile.originator_code for partner in partners]
    return {code: p.name for code, p in zip(codes, partners, strict=True) if code and codes.count(code) == 1}
