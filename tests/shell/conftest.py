from __future__ import annotations

import io
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
def logs() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    log.configure(stream)
    yield stream
    structlog.reset_defaults()
