"""One gateway per state folder: the second one is refused, whatever became of the first one's process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.errors import ConfigError
from gateway.shell.folders import private_file


class StateLock:
    """Holds state/lock as long as the process lives; the kernel lets go of it when the process dies."""

    def __init__(self, state_dir: Path) -> None:
        self._file = open(state_dir / "lock", "a+b", opener=private_file)  # noqa: SIM115 - held open on purpose
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read(20).decode("ascii", "replace").strip() or "unknown"
            self._file.close()
            raise ConfigError(
                f"Another gateway (process {holder}) works on this state folder.",
                "Stop it first, or give this one its own state_dir.",
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()).encode())
        self._file.flush()

    def close(self) -> None:
        """Let the next gateway in."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
