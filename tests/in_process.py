"""The command line without a process of its own: faster, where the test is not about the process."""

from __future__ import annotations

import contextlib
import io
import sys
from unittest import mock

from gateway.cli import run as run_command


def run(*words: str) -> str:
    """Run a command; return what it said on both streams."""
    said = io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["gateway", *words]),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        contextlib.suppress(SystemExit),
    ):
        run_command()
    return said.getvalue()
