"""What `gateway doctor` looks at outside of folders: ports, and the programs that the gateway starts."""

from __future__ import annotations

import errno
import shutil
import socket
from collections.abc import Iterator

from gateway.commands.doctor_keys import Check
from gateway.errors import NotNowError
from gateway.shell.lock import StateLock
from gateway.site import Site

_MENDS = {
    errno.EADDRINUSE: "Stop the other program, or choose another port.",
    errno.EADDRNOTAVAIL: 'Write an address of this machine as host, or "0.0.0.0" for all of them.',
    errno.EACCES: "Choose a port from 1024, or give the service CAP_NET_BIND_SERVICE (docs/operations.md).",
}


def is_running(site: Site) -> bool:
    """True when a gateway works on the state folder now."""
    if not (site.settings.state_dir / "lock").exists():
        return False
    try:
        StateLock(site.settings.state_dir).close()
    except NotNowError:
        return True
    return False


def ports(site: Site) -> Iterator[Check]:
    """Try to open the ports of the SFTP server and of the monitor."""
    s = site.settings
    wanted = [("SFTP port", s.sftp_host, s.sftp_port)]
    if s.monitor_port:
        wanted.append(("monitor port", s.monitor_host, s.monitor_port))
    for name, host, port in wanted:
        error = _opened(host, port)
        if error is None:
            yield Check(name, "ok", f"{host}:{port} is free")
        elif error.errno == errno.EADDRINUSE and is_running(site):
            yield Check(name, "ok", f"{host}:{port} is in use, and a gateway runs")
        else:
            mend = _MENDS.get(error.errno or 0, "Correct host and port in gateway.toml.")
            state = "warning" if error.errno == errno.EADDRINUSE else "error"  # the other program may go
            yield Check(name, state, f"{host}:{port} cannot be opened ({error.strerror})", mend)


def _opened(host: str, port: int) -> OSError | None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def programs(site: Site) -> Iterator[Check]:
    """Look for the programs that are named: the alert command, and gpg when a partner sends PGP messages."""
    command = site.settings.alert_command
    if command and shutil.which(command[0]) is None:
        said = f"{command[0]} is no program that the gateway's user may start: nobody hears of alerts by it"
        yield Check("alert command", "error", said, "Correct [alerts] command in gateway.toml; the first word is the program.")  # fmt: skip
    senders = [name for name, partner in site.partners.items() if "pgp" in partner.profile.unwrap]
    if senders and shutil.which("gpg") is None:
        said = f"it is not installed: what {', '.join(senders)} encrypts is held"
        yield Check("gpg", "error", said, "Install GnuPG.")
