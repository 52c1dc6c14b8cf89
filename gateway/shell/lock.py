"""One gateway per state folder: the second one is refused, whatever became of the first one's process."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.errors import NotNowError
from gateway.shell.folders import private_file

_WORKERS_END_S = 15.0  # one that loads tables just now notices last


class StateLock:
    """Holds state/lock as long as the process or one of its workers lives; the kernel lets go of it when all are dead.

    Workers hold the same open file (`fileno` is handed to them) and end within moments of their gateway: they are waited
    for.
    """

    def __init__(self, state_dir: Path) -> None:
        self._file = open(state_dir / "lock", "a+b", opener=private_file)  # noqa: SIM115 - held open on purpose
        end = time.monotonic() + _WORKERS_END_S
        while not self._taken():
            holder = self._holder()
            if time.monotonic() > end or _lives(holder):
                self._file.close()
                raise NotNowError(
                    f"Another gateway (process {holder or 'unknown'}) works on this state folder.",
                    "Stop it first, or give this one its own state_dir.",
                )
            time.sleep(0.02)
        self._file.truncate(0)
        self._file.write(str(os.getpid()).encode())
        self._file.flush()

    def fileno(self) -> int:
        """Return the descriptor that keeps the lock."""
        return self._file.fileno()

    def close(self) -> None:
        """Let the next gateway in."""
        fcntl.flock(self._file, fcntl.LOCK_UN)  # at once: a worker that was just killed may still hold the file
        self._file.close()

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _holder(self) -> str:
        self._file.seek(0)
        return self._file.read(20).decode("ascii", "replace").strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _lives(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return not process.isdigit()
    except PermissionError:
        return True
    return True
