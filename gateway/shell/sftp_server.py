"""The embedded drop server: SSH with public keys only, the sftp subsystem only, one set of files per account.

    server = SftpDropServer("0.0.0.0", 2222, host_key_file=..., accounts=[...], staging=..., on_upload=take)
    port = server.start()
    ...
    server.stop(drain=10)

`on_upload(Upload) -> TakenFile` is called from session threads, several at once, before the client's CLOSE or RENAME
is answered: it renames the staged file (its bytes are fsynced) into the work directory, fsyncs that directory and
returns. When it raises, the client gets a failure.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.errors import ConfigError, NotNowError
from gateway.shell.sftp_accounts import Account, EventSink, Guard, Limits, SftpEvent, log_event, network_of
from gateway.shell.sftp_connection import Connection
from gateway.shell.sftp_files import AccountFiles
from gateway.shell.sftp_keys import AuthorizedKey, fingerprint, keys_of, load_private_key
from gateway.shell.sftp_paths import TakenFile, Upload, Waiting
from gateway.shell.sftp_strangers import Seldom

_TICK = 0.2
_LIMITS = Limits()


class SftpDropServer:
    """Listens, authenticates and serves accounts in threads of this process."""

    def __init__(
        self,
        host: str,
        port: int = 0,
        *,
        host_key_file: Path,
        next_host_key_file: Path | None = None,
        accounts: Sequence[Account],
        staging: Path,
        on_upload: Callable[[Upload], TakenFile],
        limits: Limits = _LIMITS,
        on_event: EventSink = log_event,
    ) -> None:
        self.host, self.port, self.limits, self.on_event = host, port, limits, on_event
        self._host_key = load_private_key(host_key_file)
        coming = [load_private_key(next_host_key_file)] if next_host_key_file else []
        self.host_keys = (self._host_key, *coming)  # the second one is only announced
        self.fingerprint, *rest = (fingerprint(key.asbytes()) for key in self.host_keys)
        self.next_fingerprint = rest[0] if rest else ""
        self._staging, self._on_upload = staging, on_upload
        self.keys: dict[str, tuple[AuthorizedKey, ...]] = {}
        self.files: dict[str, AccountFiles] = {}
        self.guard, self._seldom = Guard(limits), Seldom()
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()
        self.set_accounts(accounts)
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []

    def set_accounts(self, accounts: Sequence[Account]) -> None:
        """Let these accounts in from now on, and no others, see `use`. Raises ConfigError."""
        self.use(*self.made(accounts))

    def use(self, keys: dict[str, tuple[AuthorizedKey, ...]], files: dict[str, AccountFiles]) -> None:
        """Take keys and files that `made` gave. Who is logged in with a key that is gone is sent away; others stay."""
        self.keys, self.files = keys, files
        for connection in self._list():
            if connection.transport.is_authenticated() and not connection.may_stay():
                self.on_event(SftpEvent("SFTP-KEY-GONE", connection.login, connection.peer))
                connection.close()

    def made(self, accounts: Sequence[Account]) -> tuple[dict[str, tuple[AuthorizedKey, ...]], dict[str, AccountFiles]]:
        """Return keys and files of accounts, for `set_accounts`; nothing changes. Raises ConfigError."""
        if len({account.name for account in accounts}) != len(accounts):
            raise ConfigError("Two SFTP accounts have the same name.", "Give every account its own name.")
        keys = {account.name: keys_of(account.name, account.keys) for account in accounts}
        files = {
            a.name: AccountFiles(a, self._staging, self.limits, self._on_upload, self.on_event)
            for a in accounts
            if a.name not in self.files or self.files[a.name].account.home != a.home
        }
        return keys, self.files | files

    def start(self) -> int:
        """Bind, listen and return the port. Raises NotNowError when the address is taken."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # else an answer may wait 40 ms for the peer's ACK; connections inherit it
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listener.bind((self.host, self.port))
        except OSError as error:
            listener.close()
            raise NotNowError(
                f"The SFTP server cannot listen on port {self.port}: {error.strerror}.",
                "Choose another port or address.",
            ) from None
        listener.listen(64)
        self._listener, self.port = listener, listener.getsockname()[1]
        for work, name in ((self._accept, "sftp-accept"), (self._watch, "sftp-watch")):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        return int(self.port)

    def stop(self, drain: float = 0.0) -> None:
        """Take no new connection, give running uploads `drain` seconds, end all sessions. Open uploads stay partial."""
        self._stopping.set()
        if self._listener:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            self._listener.close()
        for thread in self._threads:
            thread.join(5.0)
        end = time.monotonic() + drain
        while time.monotonic() < end and any(connection.uploading for connection in self._list()):
            time.sleep(0.05)
        for connection in self._list():
            connection.close()
        for connection in self._list():
            connection.join(5.0)
            self._forget(connection)
        for files in self.files.values():
            files.uploads.close()

    def waiting(self) -> list[Waiting]:
        """Return every file that is not handed over: temporary names, interrupted and running uploads."""
        return [entry for files in self.files.values() for entry in files.uploads.waiting()]

    def strangers(self) -> list[str]:
        """Return the names of accounts that are let in no more and have uploads in the staging folder."""
        try:
            with os.scandir(self._staging) as entries:
                found = [e.name for e in entries if e.name not in self.keys and e.is_dir(follow_symlinks=False)]
            return sorted(name for name in found if any((self._staging / name).iterdir()))
        except OSError:  # not there yet, or out of reach: other alerts say so
            return []

    def _list(self) -> list[Connection]:
        with self._lock:
            return list(self._connections)

    def _accept(self) -> None:
        listener = self._listener
        while listener and not self._stopping.is_set():
            try:
                sock, address = listener.accept()
            except OSError:
                if self._stopping.wait(0.05):  # out of file handles: the next turn may find some
                    return
                continue
            peer = str(address[0])
            if rule := self.guard.admit(peer):
                self._tell_stranger(rule, peer)
                sock.close()
                continue
            try:
                connection = Connection(self, sock, peer)
                connection.begin(self._host_key)
            except Exception as error:  # the peer may be gone before its banner; the loop must live
                self.guard.leave(peer, "")
                self._tell_stranger("SFTP-HANDSHAKE", peer, type(error).__name__)
                sock.close()
                continue
            with self._lock:
                self._connections.add(connection)

    def _watch(self) -> None:
        while not self._stopping.wait(_TICK):
            now = time.monotonic()
            for connection in self._list():
                if not connection.alive:
                    self._tell_stranger(*connection.strange())
                    self._forget(connection)
                elif rule := connection.overdue(now):
                    if connection.user:
                        self.on_event(SftpEvent(rule, connection.user, connection.peer))
                    else:
                        self._tell_stranger(rule, connection.peer)
                    connection.end()

    def _tell_stranger(self, rule: str, peer: str, detail: str = "") -> None:
        """Tell of a peer that did not get in; of the same thing once a minute, for it may come again at once."""
        left_out = self._seldom.told(rule, network_of(peer), detail) if rule else None
        if left_out is not None:
            more = f"{left_out} more of these before" if left_out else ""
            self.on_event(SftpEvent(rule, peer=peer, detail="; ".join(text for text in (detail, more) if text)))

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            if connection not in self._connections:
                return
            self._connections.remove(connection)
        self.guard.leave(connection.peer, connection.user)
