from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from gateway.shell import log
from tests.shell.shell_support import Yard


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


@pytest.fixture(autouse=True)
def _quiet_logs(tmp_path: Path) -> Iterator[None]:
    with (tmp_path / "log.jsonl").open("w") as stream:
        log.configure(stream)
        yield
    structlog.reset_defaults()
