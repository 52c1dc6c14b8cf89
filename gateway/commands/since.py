"""`--since 7d`, `12h` or a date: where a look back begins."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from gateway.check import parse_instant
from gateway.errors import ConfigError


def start_of(since: str, now: datetime) -> datetime:
    """Return the instant that a look back starts at. Raises ConfigError."""
    found = re.fullmatch(r"(\d+)([dh])", since.strip())
    try:
        start = now - timedelta(hours=int(found[1]) * (24 if found[2] == "d" else 1)) if found else parse_instant(since)
    except OverflowError:
        raise ConfigError(f"{since} is too long ago.", "Write 7d, 12h or 2025-03-01.") from None
    except ValueError:
        raise ConfigError(f'"{since}" is no time.', "Write 7d, 12h or 2025-03-01.") from None
    if start > now:
        raise ConfigError(f"{since} is still to come.", "Write 7d, 12h or an earlier day.")
    return start
