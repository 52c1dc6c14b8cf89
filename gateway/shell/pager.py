"""Tells people of alerts: a command that gets one JSON object on standard input, or a web hook that gets it as POST.

    [alerts]
    command = ["/usr/local/bin/page", "edi-team"]
    webhook = "https://alerts.example.com/hook"

In a thread of its own: a slow receiver never holds up a file. What could not be told is logged; it stands in the journal
anyway.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict

from gateway.shell.desk import Alert
from gateway.shell.log import logger

_TIMEOUT_S = 20.0
_MOST = 1000  # alerts that wait to be told; more are only logged


class Pager:
    """Sends alerts one after the other; `tell` returns at once."""

    def __init__(self, command: Sequence[str] = (), webhook: str = "") -> None:
        self._command, self._webhook = list(command), webhook
        self._waiting: queue.Queue[Alert | None] = queue.Queue(_MOST)
        self._thread = threading.Thread(target=self._run, name="pager", daemon=True)
        self._thread.start()

    def tell(self, alert: Alert) -> None:
        """Put an alert on the way."""
        try:
            self._waiting.put_nowait(alert)
        except queue.Full:
            logger().warning("pager.full", rule=alert.rule)

    def close(self) -> None:
        """Send what waits, for a few seconds, and end."""
        try:
            self._waiting.put(None, timeout=1)
            self._thread.join(5)
        except queue.Full:
            return

    def _run(self) -> None:
        while (alert := self._waiting.get()) is not None:
            body = json.dumps(asdict(alert)).encode()
            for send in (self._by_command, self._by_webhook):
                try:
                    send(body)
                except Exception as error:  # whatever a receiver answers: the next alert is told
                    logger().warning("pager.failed", rule=alert.rule, error=type(error).__name__)

    def _by_command(self, body: bytes) -> None:
        if self._command:
            subprocess.run(self._command, input=body, timeout=_TIMEOUT_S, check=True, capture_output=True)

    def _by_webhook(self, body: bytes) -> None:
        if self._webhook:
            request = urllib.request.Request(self._webhook, body, {"Content-Type": "application/json"})  # noqa: S310
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310 - checked to be http(s) by the site
                pass
