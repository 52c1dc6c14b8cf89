"""gateway.toml as the program uses it, and where the tables lie that come with the program."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from gateway.completing import rates_of
from gateway.config_files import GatewayFile, Responses, read_file
from gateway.errors import ConfigError
from gateway.shell.person_key import read_key

_MOST_WORKERS = 4  # unless gateway.toml says more


@cache
def data_folder() -> Path:
    """Return where mappings/ and fixtures/ lie: in the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "_data"
    return installed if (installed / "mappings").is_dir() else here.parent


def base_mappings() -> Path:
    """Return the folder of the base mapping tables."""
    return data_folder() / "mappings"


@dataclass(frozen=True, repr=False, eq=False)
class Settings:
    """gateway.toml with its paths taken from the folder it lies in."""

    folder: Path
    state_dir: Path
    out_dir: Path
    ledger_url: str
    sftp_host: str
    sftp_port: int
    host_key: Path
    next_host_key: Path | None  # announced before it takes the place of the other
    poll_seconds: float
    settle_polls: int
    max_file_bytes: int
    workers: int
    monitor_host: str
    monitor_port: int | None  # None: no monitor
    alert_command: tuple[str, ...]
    alert_webhook: str
    responses_dir: Path | None  # where the receiver's answers are dropped
    responses_poll: Responses | None  # the receiver's server they are fetched from
    key_files: tuple[Path, ...]  # of sealed files: the first one seals, all open
    retention: Mapping[str, int]  # class -> days, see docs/operations.md
    person_key: Path  # key of the person hash
    person_key_named: bool  # gateway.toml names it
    fx_usd: Mapping[str, Decimal]
    outputs: Mapping[str, Any]

    def person_secret(self) -> bytes:
        """Return the key of the person hash: a file named in gateway.toml, else one made at the first start.

        Before that start nothing is kept, so that any key will do.
        """
        if self.person_key.is_file():
            return read_key(self.person_key)
        if self.person_key_named:
            raise ConfigError(
                f"gateway.toml: person_secret_file {self.person_key.name} is not there.",
                "Put 32 random bytes into it, mode 0600.",
            )
        return b"section-321"


def read_settings(folder: Path) -> Settings:
    """Read gateway.toml of a profile folder. Raises ConfigError."""
    raw = read_file(folder / "gateway.toml", GatewayFile)
    state, sftp, given = folder / raw.state, raw.sftp, raw.responses
    kept = msgspec.structs.asdict(raw.retention)
    return Settings(
        folder=folder,
        state_dir=state,
        out_dir=folder / raw.out,
        ledger_url=raw.ledger or f"sqlite:///{state / 'ledger.sqlite'}",
        sftp_host=sftp.host,
        sftp_port=sftp.port,
        host_key=folder / sftp.host_key,
        next_host_key=folder / sftp.next_host_key if sftp.next_host_key else None,
        poll_seconds=raw.poll_seconds,
        settle_polls=raw.settle_polls,
        max_file_bytes=raw.max_file_bytes,
        workers=min(_MOST_WORKERS, _cores()) if raw.workers is None else raw.workers,
        monitor_host=raw.monitor.host,
        monitor_port=raw.monitor.port,
        alert_command=tuple(raw.alerts.command),
        alert_webhook=raw.alerts.webhook,
        responses_dir=_responses_dir(folder, given),
        responses_poll=given if isinstance(given, Responses) else None,
        key_files=tuple(folder / name for name in raw.encryption.key_files) if raw.encryption else (),
        retention={name: days for name, days in kept.items() if days is not None},
        person_key=folder / raw.person_secret_file if raw.person_secret_file else state / "person.key",
        person_key_named=bool(raw.person_secret_file),
        fx_usd=rates_of("gateway.toml", raw.fx_usd),
        outputs=raw.outputs,
    )


def _responses_dir(folder: Path, given: str | Responses) -> Path | None:
    name = given.local if isinstance(given, Responses) else given
    return folder / name if name else None


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
