"""One SSH connection to the embedded drop server: who it is, what it may open, when it is overdue."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED
from paramiko.server import InteractiveQuery

from gateway.shell.sftp_accounts import SftpEvent, escaped
from gateway.shell.sftp_keys import AuthorizedKey, harden, key_allowed
from gateway.shell.sftp_rotation import announce, prove
from gateway.shell.sftp_session import Session
from gateway.shell.sftp_strangers import ServerTransport, why_not
from gateway.shell.sftp_subsystem import Subsystem

if TYPE_CHECKING:
    from gateway.shell.sftp_server import SftpDropServer

_NOBODY = (AuthorizedKey(bytes(51)),)  # compared for unknown users, so that they cost the same time


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
