"""Logs: JSON lines with ids, counts, rule ids and file names; no names of persons, no addresses, no values.

{"at":"2025-03-03T10:00:00.123456Z","level":"info","event":"drop.done","receipt":"20250303T...","accepted":2}
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from gateway.shell.folders import instant, utc_now
from gateway.shell.names import shown_name

_MAX_TEXT = 8000


class _Lines:
    """Writes lines and never fails: a full log disk or a closed pipe must not stop the work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write one line."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()

    log = debug = info = warning = error = critical = exception = msg


def configure(stream: TextIO | None = None) -> None:
    """Send all logs as JSON lines to a stream (default: standard error)."""
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, structlog.processors.format_exc_info, _clean, _render],
        wrapper_class=structlog.make_filtering_bound_logger(20),
        logger_factory=lambda *_: _Lines(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def relay(line: str) -> None:
    """Write a line that another process of the gateway made, as it is."""
    structlog.get_config()["logger_factory"]().msg(line.rstrip("\n"))


def logger() -> Any:
    """Return the logger; facts are keyword arguments: logger().info("drop.done", receipt=..., accepted=2)."""
    return structlog.get_logger()


def _clean(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    cleaned = {key: _printable(key, value) for key, value in entry.items() if key not in ("event", "level")}
    return {"at": instant(utc_now()), "level": entry["level"], "event": entry["event"], **cleaned}


def _printable(key: str, value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    text = str(value)
    if key == "exception":  # our own lines; JSON escapes their line breaks
        return text[-_MAX_TEXT:]
    return shown_name(text)


def _render(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=True)
