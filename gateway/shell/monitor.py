"""Health and metrics of a running gateway on a loopback port, for load balancers and Prometheus.

GET /healthz   200 while the engine looks at its queue again and again, 503 when it stopped doing so
GET /readyz    200 when the work of an earlier run is picked up, the ledger answers and the disk takes files
GET /metrics   numbers by partner, verdict and rule; never names, values or addresses
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gateway.errors import NotNowError
from gateway.shell.desk import Alert, Result
from gateway.shell.folders import bytes_left, not_writable
from gateway.shell.ledger import STORAGE_FAULTS
from gateway.shell.loop import Status
from gateway.shell.room import LEAST_FREE

_STUCK_S = 120.0


class Monitor:
    """Collects numbers and answers HTTP. `result` and `alert` are handed to the engine, `status` comes from it."""

    def __init__(self, state_dir: Path, status: Callable[[], Status], beat: Callable[[], float]) -> None:
        """beat: when the engine last looked at its queue (monotonic seconds)."""
        self._state, self._status, self._beat = state_dir, status, beat
        self._registry = CollectorRegistry()
        names = ("partner", "verdict")
        self._drops = Counter("gateway_drops", "Files brought to an end", names, registry=self._registry)
        self._shipments = Counter("gateway_shipments", "Shipments by verdict", names, registry=self._registry)
        self._alerts = Counter("gateway_alerts", "Alerts by rule", ("rule",), registry=self._registry)
        self._seconds = Histogram("gateway_drop_seconds", "Seconds from claim to answer", registry=self._registry)
        self._queue = Gauge("gateway_queue", "Claimed files", ("kind",), registry=self._registry)
        self._states = Gauge(
            "gateway_ledger_drops", "Drops in the ledger by state", ("state",), registry=self._registry
        )
        self._free = Gauge(
            "gateway_state_free_bytes", "Free bytes on the disk of the state folder", registry=self._registry
        )
        self._idle = Gauge(
            "gateway_engine_idle_seconds", "Seconds since the engine looked at its queue", registry=self._registry
        )
        self._server: ThreadingHTTPServer | None = None

    def result(self, result: Result, seconds: float = 0.0) -> None:
        """Count a processed drop."""
        if result.waiting:
            return
        self._drops.labels(result.partner, result.verdict or result.state).inc()
        for verdict in ("accepted", "rejected", "duplicate"):
            self._shipments.labels(result.partner, verdict).inc(getattr(result, verdict))
        self._seconds.observe(seconds)

    def alert(self, alert: Alert) -> None:
        """Count an alert."""
        self._alerts.labels(alert.rule).inc()

    def healthy(self) -> bool:
        """True while the engine turns; a large file may take it a while."""
        if time.monotonic() - self._beat() < _STUCK_S:
            return True
        status = self._status_now()
        return status is not None and bool(status.working)

    def ready(self) -> bool:
        """True when new files can be taken and worked on."""
        status = self._status_now()
        if status is None or not status.ready or bytes_left(self._state) < LEAST_FREE:
            return False
        return not not_writable(self._state)

    def metrics(self) -> bytes:
        """Return the numbers in the Prometheus text format."""
        status = self._status_now()
        if status is not None:
            self._queue.labels("queued").set(status.queued)
            self._queue.labels("waiting").set(status.waiting)
            self._queue.labels("working").set(len(status.working.split()))
            self._states.clear()
            for state, number in status.drops.items():
                self._states.labels(state).set(number)
        self._free.set(bytes_left(self._state))
        self._idle.set(max(0.0, time.monotonic() - self._beat()))
        return generate_latest(self._registry)

    def _status_now(self) -> Status | None:
        try:
            return self._status()
        except STORAGE_FAULTS:
            return None

    # --- HTTP

    def start(self, host: str, port: int) -> int:
        """Answer on host:port in threads; port 0 takes a free one. Returns the port. Raises NotNowError."""
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(self))
        except OSError as error:
            raise NotNowError(
                f"The monitor cannot listen on {host}:{port}: {error.strerror}.", "Choose another [monitor] port."
            ) from None
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="monitor", daemon=True).start()
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Stop answering."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def _handler(monitor: Monitor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._answer(200 if monitor.healthy() else 503)
            elif self.path == "/readyz":
                self._answer(200 if monitor.ready() else 503)
            elif self.path == "/metrics":
                self._answer(200, monitor.metrics(), "text/plain; version=0.0.4; charset=utf-8")
            else:
                self._answer(404)

        def _answer(self, code: int, body: bytes = b"", kind: str = "text/plain") -> None:
            body = body or (b"ok\n" if code == 200 else b"not found\n" if code == 404 else b"not now\n")
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: every scrape would be a line."""

    return Handler
