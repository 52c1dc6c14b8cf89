"""The engine of `gateway serve`: finish what was begun, then take files and have them worked on.

    engine = Engine(config, translate)                     # works in this process
    engine = Engine(config, translate, workers=2, recipe=Recipe("gateway.commands.serving:shop", (folder,)))
    server = SftpDropServer(..., on_upload=engine.take_upload)
    engine.run_forever()                                   # until SIGTERM

The work folder is the queue: what was claimed is processed by this process, its workers, or the next start's.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.errors import ConfigError
from gateway.shell import heap, journal
from gateway.shell.claims import Claimed
from gateway.shell.crew import Alone, Crew, Ended, Recipe, originators_of, work
from gateway.shell.desk import Alert, Desk, Remap, Result, Translate, Trouble, no_version
from gateway.shell.drop_folders import DropFolders
from gateway.shell.drops import PartnerDrop, ServeConfig
from gateway.shell.folders import Clock, ReceiptIds, StateFolders, instant, utc_now
from gateway.shell.housework import Housework
from gateway.shell.intake import Intake
from gateway.shell.ledger import STORAGE_FAULTS, open_ledger
from gateway.shell.lock import StateLock
from gateway.shell.log import logger
from gateway.shell.lost import Fault, Lost
from gateway.shell.names import MARKER
from gateway.shell.outages import Outages
from gateway.shell.process import later_files, of_nobody, release
from gateway.shell.publishing import RetryPolicy
from gateway.shell.responses import RECEIVER
from gateway.shell.schedule import Queue
from gateway.shell.sftp_paths import TakenFile, Upload
from gateway.shell.signals import heeded
from gateway.shell.unopened import check_not_lost
from gateway.shell.unwrap import Limits
from gateway.shell.wake import Wake

DRAIN_S = 10.0
_GRACE_S = 2.0  # what a worker may take longer than DRAIN_S before it is killed
_SHORTEST_S = 0.01


@dataclass(frozen=True, slots=True)
class Status:
    """A snapshot. queued: claimed, not begun; waiting: to be tried again; working: receipts in work, "" = idle."""

    queued: int
    waiting: int
    working: str
    drops: dict[str, int]  # state -> number of drops in the ledger
    ready: bool


class Engine:
    """One engine per state folder. `take_upload` may be called from any thread, all else from one thread.

    workers: processes beside this one; below 2, or without a recipe of what they load, all is done in this process.
    Raises NotNowError when another gateway holds the state folder or the ledger, ConfigError when the ledger cannot be used.
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
        workers: int = 0,
        recipe: Recipe | None = None,
        remap: Remap = no_version,
    ) -> None:
        self._config, self._on_result = config, on_result or (lambda _result: None)
        folders = StateFolders(config.state_dir)
        folders.create()
        with contextlib.ExitStack() as opened:
            lock = opened.enter_context(StateLock(config.state_dir))
            ledger = opened.enter_context(contextlib.closing(open_ledger(config.ledger_url)))
            self._sole = opened.enter_context(contextlib.closing(ledger.sole()))
            with ledger.first() as connection:
                last = journal.last_moment(connection)
                if not last:
                    check_not_lost(folders)
                journal.append(connection, instant(clock()), "start")
            self._wake = opened.enter_context(contextlib.closing(Wake()))
            self._opened = opened.pop_all()
        desk = Desk(ledger, folders, translate, clock, stopped=self._must_stop, remap=remap)
        self.desk = replace(desk, policy=policy or desk.policy, on_alert=on_alert or desk.on_alert)
        ids = ReceiptIds(clock, ledger.newest_receipt(folders))
        self.intake = Intake(folders, config.max_file_bytes, clock, ids=ids)
        self._queue, self._stop_at, self._draining = Queue(), 0.0, False
        self._crew: Crew = Alone(self._work_here)
        if workers > 1 and recipe is not None:
            from gateway.shell.pool import Pool

            self._crew = Pool(workers, recipe, lock.fileno(), self.desk.on_alert, self.desk.alert)
        self._opened.callback(self._crew.close)
        self._unplaced: list[Ended] = []
        self._outages = Outages(clock)
        self._lost = Lost(self._outages)
        self._house = Housework(self._queue, self._look_again, self._outages, last)
        self._recovered, self._next_poll = False, 0.0
        self._partners: dict[str, PartnerDrop] = {}
        self._accounts: dict[str, PartnerDrop] = {}
        self.folders = DropFolders(self.intake, self._queue, self._outages, self._look_again)
        self._watch: Callable[[], None] = lambda: None
        self.beat = time.monotonic()  # when the queue was looked at last
        try:
            self.use(config)
        except ConfigError:
            self.close()
            raise

    def use(self, config: ServeConfig, recipe: Recipe | None = None) -> None:
        """Work with other partners and tables from the next file on; from the engine's thread. Folders of state stay.

        Raises ConfigError when the workers cannot load them; all stays as it was then.
        """
        config.vault.check(self.desk.folders.root)
        self._crew.use(recipe)
        self._config = config
        limits = Limits(total=config.max_file_bytes)
        self.desk = replace(self.desk, originators=originators_of(config.partners), vault=config.vault, limits=limits)
        self.intake.vault, self.intake.max_file_bytes = config.vault, config.max_file_bytes
        self._partners = {partner.name: partner for partner in config.partners}
        self._accounts = {partner.account: partner for partner in config.partners}
        self.folders.use(config, self.desk)
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
        if not u.size and u.name.lower().endswith(
            MARKER
        ):  # says that another upload is complete, which its CLOSE has said
            u.staged_path.unlink()
            return TakenFile("")
        try:
            claimed = self.intake.claim_upload(
                u.staged_path, u.name, partner.name, u.account, u.size, u.sha256, synced=u.synced
            )
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
        """Recover, look into the local drop folders and work on all that is ready; return what became of it."""
        results: list[Result] = []
        while True:
            self._look_around()
            begun = self._begin()
            through, self._unplaced = [*self._unplaced, *self._crew.ended()], []
            ended = [self._end(one) for one in through]
            results += ended
            now = time.monotonic()
            if self._stop_at and (not self._queue.working() or now > self._stop_at + _GRACE_S):
                return results
            if not begun and not ended:
                if not self._queue.working() and not self._queue.ready(now):
                    return results
                self._wait(_SHORTEST_S if not self._stop_at else 0.1)

    def run_forever(self, begun: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`, SIGTERM or SIGINT; the files in work get up to DRAIN_S seconds to finish.

        SIGHUP ends it too when it was started in a terminal, which is gone then; else it looks at once.
        begun: is called first, when signals are heeded already.
        """
        with heeded(self.stop, self.look_now):
            begun()
            named = [name for name in self._partners if name != RECEIVER]
            logger().info("engine.start", partners=len(named))
            while not self._stop_at:
                self.run_once()
                self._wait(0.0)
            logger().info("engine.stop")

    def stop(self) -> None:
        """End run_forever; safe in a signal handler and from any thread."""
        if not self._stop_at:
            self._stop_at = time.monotonic() + DRAIN_S
        self._wake.set()

    def look_now(self) -> None:
        """Look into the drop folders and at the profile folder at once; safe in a signal handler and from any thread."""
        self._next_poll = 0.0
        self._wake.set()

    def status(self) -> Status:
        """Return a snapshot; from any thread."""
        queued, waiting = self._queue.sizes()
        return Status(queued, waiting, " ".join(self._queue.working()), self.desk.ledger.counts(), self._recovered)

    def close(self) -> None:
        """End the workers, close the ledger and let go of the state folder."""
        self._opened.close()

    # --- inside

    def _look_around(self) -> None:
        self.beat = time.monotonic()
        if self._stop_at and not self._draining:
            self._draining = True
            self._crew.drain(self._stop_at - time.monotonic())
        self._recover()
        self._poll()

    def _wait(self, shortest: float) -> None:
        """Wait for an upload, a worker, the next look, or a file that comes back."""
        until = min(self._next_poll, self._queue.due()) - time.monotonic()
        self._wake.wait(self._crew.handles(), max(shortest, until if not self._stop_at else 0.0))

    def _look_again(self) -> None:
        self._recovered = False  # something lies in the work folder soon

    def _recover(self) -> None:
        """Put what lies in the work folder on the queue: after a start, and after a claim that failed half-way."""
        if not self._recovered:
            self._recovered = True  # first: an upload that fails half-way meanwhile sets it back
            faults: list[Fault] = []
            try:
                found = self.intake.recover(self._queue.knows, lambda place, error: faults.append((place, error)))
            except OSError as error:
                self._recovered = False
                text = f"What lies in the work folder cannot be read ({error.strerror}); it goes on by itself."
                self._outages.once("DROP-WAITS", "work", text, self.desk.alert)
                self._queue.lost({"": ""})  # what came first is not known
                return
            self._outages.passed("DROP-WAITS", "work", "The work folder can be used again", self.desk.alert)
            self._queue.lost(self._lost.look(faults, self._partners, self.desk))
            for claimed in found:
                self._queue.put(claimed)
            if faults:
                self._recovered = False  # at the next look

    def _poll(self) -> None:
        if time.monotonic() < self._next_poll:
            if not self._stop_at:
                self.folders.take(self.desk)
            return
        self._next_poll = time.monotonic() + self._config.poll_seconds
        self._sole.look()
        self._watch()
        self._house.look(self._partners, self._config, self.desk)
        self._recover()
        self.folders.look(self.desk)
        self.folders.take(self.desk)

    def _begin(self) -> bool:
        """Begin as many files as there is room for; True when one was begun."""
        begun = False
        while not self._stop_at and (found := self._queue.next(time.monotonic(), self._crew.room)):
            begun = True
            if found.claimed.partner in self._partners:
                self._crew.begin(found.claimed, alone=found.alone, behind=found.behind)
            else:
                self._unplaced.append(Ended(found.claimed, of_nobody(found.claimed, self.desk)))
        return begun

    def _work_here(self, claimed: Claimed, behind: Trouble | None) -> Result:
        return work(claimed, self._partners[claimed.partner], self._config.out_dir, self.desk, behind=behind)

    def _end(self, ended: Ended) -> Result:
        """Put a file back that waits, forget one that is done."""
        claimed, result = ended.claimed, ended.result
        undecided = False
        if ended.died:
            said = "A worker process ended while it worked on the file; another one goes on."
            self.desk.alert("WORKER-DIED", said, claimed.receipt, claimed.partner)
            with contextlib.suppress(*STORAGE_FAULTS):
                drop = self.desk.ledger.drop(claimed.receipt)
                undecided = drop is not None and drop.state == "seen"  # its tries are counted, so it ends
            result = replace(result, later=later_files(claimed.receipt, self.desk))
        self._outages.look(result, self.desk.alert)
        if result.unwrapped or result.state == "quarantined":
            self._look_again()  # the files that were taken out of it lie in the work folder
        if result.waiting and not self._stop_at:
            self._queue.again(claimed, result, time.monotonic(), at_once=undecided)
        else:
            self._queue.done(claimed)
        self._on_result(result)
        return result

    def _must_stop(self) -> bool:
        return bool(self._stop_at) and time.monotonic() > self._stop_at
