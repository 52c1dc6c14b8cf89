"""Peers that did not get in: what a log line says of them, and how seldom.

    {"event":"sftp","rule":"SFTP-ALGORITHMS","peer":"192.0.2.7","detail":"SSH-2.0-JSCH-0.1.54: no cipher in common, it offers aes128-cbc 3des-cbc"}

Nothing of a key or a name is told here: a stranger has neither yet.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import paramiko

from gateway.shell.sftp_accounts import escaped
from gateway.shell.sftp_keys import DISABLED

_AGAIN_S = 60.0
_MOST = 10_000  # lines that are remembered; an attacker with many addresses must not fill the memory
_MOST_TEXT = 60  # characters of a peer's own version
_KINDS = (
    ("key exchange", "kex", ("kex_algo_list",)),
    ("host key", "key_types", ("server_key_algo_list",)),
    ("cipher", "ciphers", ("client_encrypt_algo_list", "server_encrypt_algo_list")),
    ("MAC", "digests", ("client_mac_algo_list", "server_mac_algo_list")),
)


class ServerTransport(paramiko.Transport):
    """A transport that remembers what the peer offered: paramiko tells no more than that nothing was acceptable."""

    def __init__(self, sock: Any) -> None:
        super().__init__(sock, disabled_algorithms=DISABLED)
        self.offered: dict[str, Any] = {}

    def _really_parse_kex_init(self, *args: Any, **options: Any) -> Any:
        self.offered = super()._really_parse_kex_init(*args, **options)  # type: ignore[misc]
        return self.offered


def why_not(transport: ServerTransport) -> tuple[str, str]:
    """Return rule and words for a connection that ended before its peer tried to log in; ("", "") is not worth a line.

    Who connects and leaves without a word is a health check or a port scan.
    """
    version = escaped(transport.remote_version)[:_MOST_TEXT]
    error, missing = transport.get_exception(), _missing(transport)
    if missing or isinstance(error, paramiko.ssh_exception.IncompatiblePeer):  # the peer may have hung up first
        return "SFTP-ALGORITHMS", f"{version}: {missing or escaped(str(error))}"
    if not version:
        return "", ""
    return "SFTP-HANDSHAKE", f"{version} left before it logged in"


def _missing(transport: ServerTransport) -> str:
    options = transport.get_security_options()
    found = []
    for kind, name, lists in _KINDS:
        ours = set(getattr(options, name))
        if name == "key_types":
            ours &= set(transport.server_key_dict)
        for offer in (transport.offered.get(one, []) for one in lists):
            if offer and not ours.intersection(offer):
                found.append(f"no {kind} in common, it offers {_some(offer)}")
                break
    return "; ".join(found)


def _some(names: Sequence[str]) -> str:
    return escaped(" ".join(name for name in names if name)) or "none"


class Seldom:
    """Lets a line through when it is new, then once a minute with the number of those that were left out. Thread safe."""

    def __init__(self, seconds: float = _AGAIN_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock, self._lock = seconds, clock, threading.Lock()
        self._last: dict[tuple[str, ...], tuple[float, int]] = {}  # line -> when it was told, how many came since

    def told(self, *line: str) -> int | None:
        """Return how many of this line were left out since it was told, None when this one is left out too."""
        with self._lock:
            now = self._clock()
            when, left_out = self._last.get(line, (now - self._seconds, 0))
            if now - when < self._seconds:
                self._last[line] = when, left_out + 1
                return None
            if len(self._last) >= _MOST:
                self._last = {one: said for one, said in self._last.items() if now - said[0] < self._seconds}
            if len(self._last) >= _MOST:
                self._last.clear()
            self._last[line] = now, 0
            return left_out
