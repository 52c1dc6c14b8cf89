"""A worker process: takes one file after the other from the gateway's pipe and works on it with a ledger of its own.

    gateway -> worker   ("job", claimed, alone, behind, spare)   ("stop", seconds)   ("end",)
    worker -> gateway   ("pid", number)   ("log", line)   ("alert", alert)   ("done", result)

When the pipe ends, the gateway is dead and the worker ends at once, in the middle of whatever it does: what is not in the
ledger then is done again after the next start, as after any other crash.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from multiprocessing.connection import Connection
from typing import Any, TextIO, cast

from gateway.shell import log
from gateway.shell.claims import Claimed
from gateway.shell.crew import Shop, originators_of, work
from gateway.shell.desk import Desk, Result, Trouble, frames
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import open_ledger
from gateway.shell.unwrap import Limits

Job = tuple[Claimed, bool, Trouble | None, bool]


class Worker:
    """One worker process; `run` returns when the gateway says so."""

    def __init__(self, gateway: Connection, shop: Shop) -> None:
        self._gateway, self._shop, self._stop_at = gateway, shop, 0.0
        self._sending = threading.Lock()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._partners = {partner.name: partner for partner in shop.config.partners}

    def run(self) -> None:
        """Work until the gateway ends this worker."""
        log.configure(cast(TextIO, _Lines(self)))
        self.send("pid", os.getpid())
        threading.Thread(target=self._listen, name="gateway", daemon=True).start()
        config, shop = self._shop.config, self._shop
        ledger = open_ledger(config.ledger_url, create=False)
        desk = Desk(
            ledger, StateFolders(config.state_dir), shop.translate, shop.clock, shop.policy,
            on_alert=lambda alert: self.send("alert", alert), stopped=self._stopped, max_tries=shop.max_tries,
            limits=Limits(total=config.max_file_bytes), originators=originators_of(config.partners),
            remap=shop.remap, vault=config.vault,
        )  # fmt: skip
        while (job := self._jobs.get()) is not None:
            self.send("done", self._do(*job, desk))
        ledger.close()

    def send(self, *message: Any) -> None:
        """Tell the gateway something."""
        try:
            with self._sending:
                self._gateway.send(message)
        except OSError:
            os._exit(1)  # the gateway is gone

    def _do(self, claimed: Claimed, alone: bool, behind: Trouble | None, spare: bool, desk: Desk) -> Result:
        partner, out, assist = self._partners[claimed.partner], self._shop.config.out_dir, self._shop.assist
        try:
            return work(claimed, partner, out, desk, alone=alone, behind=behind, assist=assist if spare else None)
        except Exception as error:  # a fault of ours; the gateway counts it as a death
            log.logger().error("worker.fault", receipt=claimed.receipt, error=type(error).__name__, code=frames(error))
            os._exit(1)

    def _listen(self) -> None:
        try:
            while True:
                what, *facts = self._gateway.recv()
                if what == "job":
                    self._jobs.put((facts[0], facts[1], facts[2], facts[3]))
                elif what == "stop":
                    self._stop_at = time.monotonic() + facts[0]
                else:
                    self._jobs.put(None)
        except (EOFError, OSError):
            os._exit(1)

    def _stopped(self) -> bool:
        return bool(self._stop_at) and time.monotonic() > self._stop_at


class _Lines:
    """A text stream whose lines the gateway writes into its own log."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def write(self, text: str) -> int:
        self._worker.send("log", text)
        return len(text)

    def flush(self) -> None:
        return
