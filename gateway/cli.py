"""The commands, one function each; what they do lives in gateway.commands and gateway.check.

Exit codes: 0 everything accepted, 1 something refused or differing, 2 bad use or bad configuration, 3 quarantined, 4 a fault of ours,
5 the machine does not let it be done now (docs/gateway.service tries 4 and 5 again, not 2).
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from gateway import __version__
from gateway.cli_common import err, out
from gateway.errors import GatewayError, NotNowError

_COMMANDS = {
    "check": "cli_check:check",
    "translate": "cli_check:translate",
    "status": "cli_look:status",
    "explain": "cli_look:explain",
    "verify": "cli_look:verify",
    "doctor": "cli_look:doctor",
    "report": "cli_look:report",
    "replay": "cli_archive:replay",
    "claim": "cli_archive:claim",
    "extract": "commands.extract:extract",
    "version": "cli:version",
    "serve": "cli_serve:serve",
    "onboard": "cli_serve:onboard",
    "guide": "cli_serve:guide",
    "simulate-cbp": "cli_serve:simulate_cbp",
    "demo": "cli_serve:demo_app",
    "mapping": "cli_mapping:mapping_app",
    "archive": "cli_archive:archive_app",
    "backup": "cli_archive:backup",
    "load-ledger": "cli_archive:load_ledger",
    "config": "cli_config:config_app",
}
"""Command -> module and name of its function, or of the application that holds its own commands."""


_MACHINE = {
    errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ESTALE,
    errno.EBUSY, errno.ENXIO, errno.ENODEV, errno.ENOLCK, errno.ETIMEDOUT, errno.ENOTCONN,
}  # fmt: skip
"""What no other path and no other permission would mend."""


class _Lazily(Mapping[str, Any]):  # read only
    """The commands by name, each imported when it is asked for: a command waits for its own modules only."""

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = _COMMANDS[name].partition(":")
        found = getattr(import_module(f"gateway.{module}"), attribute)
        if isinstance(found, typer.Typer):
            command: Any = typer.main.get_group(found)
        else:
            one = typer.Typer(add_completion=False)
            one.command(name)(found)
            command = typer.main.get_command(one)
        command.name = name
        return command


class _Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts)
        self.commands = _Lazily()  # type: ignore[assignment]


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def _gateway() -> None:
    """The Section 321 gateway: carriers' EDI in, canonical advance data and acknowledgments out."""


def run() -> None:
    """Run the command line; every error of use ends with what to do, never with a traceback."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except GatewayError as error:
        err(f"{typer.style('error:', fg='red', bold=True)} {error.message}")
        if error.advice:
            err(f"  mend: {error.advice}")
        sys.exit(5 if isinstance(error, NotNowError) else 2)
    except typer.Exit as leave:
        sys.exit(leave.exit_code)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if error.__class__.__module__.startswith(("click", "typer")):
            error.show() if hasattr(error, "show") else err(str(error))
            sys.exit(2)
        if isinstance(error, OSError):
            err(f"error: {error.strerror}" + (f": {error.filename}" if error.filename else ""))
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                err("  mend: make room on the disk (gateway doctor DIR names it), then try again.")
                sys.exit(5)
            if error.errno in _MACHINE:
                err("  mend: look at disk, memory and limits of the machine, then try again.")
                sys.exit(5)
            err("  mend: check the path and its permissions.")
            sys.exit(2)
        if os.environ.get("GATEWAY_TRACE"):
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = f"error: a fault of the gateway itself ({type(error).__name__}, {Path(where.filename).name} line {where.lineno})"
        err(said)
        err("  mend: report it; GATEWAY_TRACE=1 before the command shows where it is, and may show data of the file.")
        sys.exit(4)


def version() -> None:
    """Print the version."""
    out(f"gateway {__version__}")
