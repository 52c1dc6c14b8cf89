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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED
from paramiko.server import InteractiveQuery

from gateway.errors import ConfigError, NotNowError
from gateway.shell.sftp_accounts import Account, EventSink, Guard, Limits, SftpEvent, escaped, log_event, network_of
from gateway.shell.sftp_files import AccountFiles
from gateway.shell.sftp_keys import (
    AuthorizedKey,
    fingerprint,
    harden,
    key_allowed,
    keys_of,
    load_private_key,
)
from gateway.shell.sftp_paths import TakenFile, Upload, Waiting
from gateway.shell.sftp_rotation import announce, prove
from gateway.shell.sftp_session import Session
from gateway.shell.sftp_strangers import Seldom, ServerTransport, why_not
from gateway.shell.sftp_subsystem import Subsystem

_NOBODY = (AuthorizedKey(bytes(51)),)  # compared for unknown users, so that they cost the same time
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


class Connection(paramiko.ServerInterface):
    """One SSH connection: who it is, what it may open, when it is overdue. paramiko calls the check_ methods."""

    def __init__(self, server: SftpDropServer, sock: socket.socket, peer: str) -> None:
        self.server, self.peer, self.user = server, peer, ""
        self.transport = ServerTransport(sock)
        self._since = time.monotonic()
        self._failures = 0
        self._ended = False  # by us, which was told
        self._proving = False  # a key was accepted, its signature not yet seen
        self._key = b""  # the last key that was accepted
        self._channels: set[int] = set()
        self._subsystems: list[Subsystem] = []

    def begin(self, host_key: paramiko.PKey) -> None:
        """Start the handshake in the transport's own thread."""
        limit = self.server.limits.handshake_s
        harden(self.transport)
        self.transport.local_version = "SSH-2.0-gateway"  # no version for scanners
        self.transport.banner_timeout = self.transport.handshake_timeout = limit
        self.transport.add_server_key(host_key)
        self.transport.daemon = True
        self.transport.start_server(event=threading.Event(), server=self)

    @property
    def alive(self) -> bool:
        """False once the connection is over and its sessions have put their files away."""
        return self.transport.is_alive() or any(subsystem.is_alive() for subsystem in self._subsystems)

    @property
    def uploading(self) -> bool:
        """True while a file is open for writing."""
        return any(subsystem.is_alive() and subsystem.server.uploads for subsystem in self._subsystems)

    @property
    def login(self) -> str:
        """The account that authenticated, also while nothing is opened; "" before."""
        return self.user or self.transport.get_username() or ""

    def may_stay(self) -> bool:
        """True while the account and the key of this connection are among those that are let in."""
        return key_allowed(self.server.keys.get(self.login, _NOBODY), self._key, self.peer, datetime.now(UTC))

    def overdue(self, now: float) -> str:
        """Return the rule that ends this connection, or ""."""
        limits = self.server.limits
        if not self.transport.is_authenticated():
            return "SFTP-HANDSHAKE" if now - self._since > limits.handshake_s else ""
        seen = max([self._since, *(subsystem.server.last_seen for subsystem in self._subsystems)])
        return "SFTP-IDLE" if now - seen > limits.idle_s else ""

    def strange(self) -> tuple[str, str, str]:
        """Return rule, peer and words of a connection that is over and that nobody logged in by, the rule "" for others."""
        if self.user or self._key or self._failures or self._ended:
            return "", self.peer, ""
        rule, detail = why_not(self.transport)
        return rule, self.peer, detail

    def end(self) -> None:
        """End a connection that was told of."""
        self._ended = True
        self.close()

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(Exception):
            self.transport.close()

    def join(self, seconds: float) -> None:
        """Wait for the threads of this connection."""
        for thread in (self.transport, *self._subsystems):
            if thread.is_alive():
                thread.join(seconds)

    # --- authentication

    def get_allowed_auths(self, username: str) -> str:
        """Public key only. paramiko asks after every refusal, so also after a wrong signature of a right key."""
        if self._proving:
            self._proving = False
            self._refuse(username)
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Accept an account's key; every refusal looks the same and takes the same time."""
        begun = time.monotonic()
        known = key_allowed(self.server.keys.get(username, _NOBODY), key.asbytes(), self.peer, datetime.now(UTC))
        banned = self.server.guard.user_banned(username, self.peer)
        self._proving = known and not banned
        self._key = key.asbytes() if self._proving else self._key
        why = f"key {key.fingerprint} is none of this account" if username in self.server.keys else "no such account"
        return AUTH_SUCCESSFUL if self._proving else self._refuse(username, begun, banned=banned, why=why)

    def check_auth_password(self, username: str, password: str) -> int:
        """Never; counted like a wrong key."""
        return self._refuse(username, why="no key: only keys log in")

    def check_auth_interactive(self, username: str, submethods: str) -> int | InteractiveQuery:
        """Never; counted like a wrong key."""
        return self._refuse(username, why="no key: only keys log in")

    def _refuse(
        self, username: str, begun: float | None = None, *, banned: bool = False, why: str = "not logged in"
    ) -> int:
        """Count a refusal and tell the log why; the client is told nothing."""
        self._failures += 1
        self.server.guard.failed(self.peer, username)
        rule = "SFTP-BANNED" if banned else "SFTP-AUTH"
        self.server.on_event(SftpEvent(rule, escaped(username), self.peer, detail=why))
        if self._failures >= self.server.limits.auth_tries and self.transport.auth_handler:
            self.transport.auth_handler.auth_fail_count = 10  # paramiko then says "no more" and hangs up
        delay = self.server.limits.auth_delay_s - (time.monotonic() - begun if begun else 0.0)
        time.sleep(max(0.0, delay))  # this connection's own thread
        return AUTH_FAILED

    def check_global_request(self, kind: str, msg: paramiko.Message) -> Any:
        """The proof of an announced host key; nothing else."""
        return prove(self.transport, self.server.host_keys, kind, msg)

    # --- what may be opened: everything not named here is refused by paramiko's defaults

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions only, a few of them, for users with not too many connections. Called after authentication only."""
        username = self.login
        if kind != "session" or len(self._channels) >= self.server.limits.max_channels or not self.may_stay():
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        if not self.user:
            if username not in self.server.files or not self.server.guard.enter(username):
                self.server.on_event(SftpEvent("SFTP-LIMIT-CONNECTIONS", escaped(username), self.peer))
                return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
            self.user = username
            self.server.guard.welcome(self.peer, username)
            self.server.on_event(SftpEvent("SFTP-LOGIN", escaped(username), self.peer))
            announce(self.transport, self.server.host_keys)
        self._channels.add(chanid)
        return OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        """Sftp only, once per channel, as the account that authenticated."""
        if name != "sftp" or not self.user or any(old.channel is channel for old in self._subsystems):
            return False
        subsystem = Subsystem(channel, name, self, Session, self.server.files[self.user], self.peer)
        subsystem.daemon = True
        self._subsystems.append(subsystem)
        subsystem.start()
        return True
