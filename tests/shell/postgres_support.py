"""A PostgreSQL server of the test run's own, in a temporary folder, reached by its socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

_USER = "postgres"  # the server refuses to run as root


def programs() -> Path | None:
    """Return the folder of initdb and pg_ctl, None when no server is installed that this user can run."""
    if os.getuid() == 0 and _USER not in {entry.pw_name for entry in pwd.getpwall()}:
        return None
    found = shutil.which("pg_ctl")
    places = [Path(found).parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


class Server:
    """A server that runs, in a folder of its own."""

    def __init__(self, folder_of_programs: Path, place: Path) -> None:
        self._programs, self._place, self._count = folder_of_programs, place, 0
        self._owner = {"user": _USER, "group": _USER} if os.getuid() == 0 else {}
        if self._owner:
            shutil.chown(place, _USER, _USER)
        self._run("initdb", "-A", "trust", "-U", _USER, "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._run("pg_ctl", "-w", "-l", f"{self._place}/log", "-o", f"-k {self._place} -c listen_addresses=''", "start")

    def stop(self) -> None:
        """Stop it; connections are cut."""
        self._run("pg_ctl", "-m", "fast", "stop")

    def database(self, encoding: str = "UTF8") -> str:
        """Make an empty database; return its URL for `ledger_url`."""
        self._count += 1
        name = f"ledger{self._count}"
        with psycopg.connect(host=str(self._place), user=_USER, dbname="postgres", autocommit=True) as connection:
            made = f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
            connection.execute(made.encode())
        return f"postgresql+psycopg://{_USER}@/{name}?host={self._place}"

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), "-D", f"{self._place}/data", *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._place, **self._owner)


@contextmanager
def running(folder_of_programs: Path) -> Iterator[Server]:
    """Start a server, stop it at the end."""
    with TemporaryDirectory(prefix="pg") as name:
        server = Server(folder_of_programs, Path(name))
        try:
            yield server
        finally:
            server.stop()
