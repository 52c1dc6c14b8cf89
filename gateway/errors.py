"""Exceptions for bad *use*; bad *data* is a Finding (gateway.findings).

GatewayError
├── ConfigError      profile, gateway.toml, partner file: says file, key, what to write instead
│   └── NotNowError  nothing is wrong in them; what stands in the way may pass by itself
├── MappingError     mapping or code table: file, line, column, advice
└── DeliveryError    a target could not be written; retry says whether trying again may help
"""

from __future__ import annotations

from collections.abc import Iterable


class GatewayError(Exception):
    """Base of all errors with advice for the person at the keyboard. `advice` is one imperative sentence."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        told = self.message if not self.advice or self.message.endswith((".", "!", "?")) else f"{self.message};"
        return f"{told} {self.advice}".strip()


class ConfigError(GatewayError):
    """The configuration cannot be used."""


class NotNowError(ConfigError):
    """The machine does not let it be done now: a port or folder in use, a ledger out of reach. A later try may succeed."""


class MappingError(GatewayError):
    """A mapping or code table cannot be used; `line` counts from 1, `column` is the column name."""

    def __init__(self, file: str, line: int | None, column: str, message: str, advice: str = "") -> None:
        place = ", ".join(p for p in (file, f"line {line}" if line else "", f"column {column}" if column else "") if p)
        super().__init__(f"{place}: {message}", advice)
        self.file, self.line, self.column = file, line, column


class DeliveryError(GatewayError):
    """A file could not be delivered. place: the target.

    retry: the cause may pass (connection lost, disk full), so it is tried again at once. waits: the file stays what it is
    and is sent when the cause is gone; also for what a person must mend at the target (login, host key, folder). Neither:
    the target takes this very file never.
    """

    def __init__(self, message: str, advice: str = "", *, retry: bool = True, waits: bool = False) -> None:
        super().__init__(message, advice)
        self.retry, self.waits, self.place = retry, retry or waits, ""


def did_you_mean(word: str, known: Iterable[str], otherwise: str, before: str = "") -> str:
    """Return the advice for a word that is not known: the nearest one that is, else `otherwise`. before: stands before it."""
    from difflib import get_close_matches  # a word that is not known is rare

    near = get_close_matches(word, list(known), 1)
    return f"Did you mean {before}{near[0]}?" if near else otherwise
