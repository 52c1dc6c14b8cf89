"""A drop server with one partner on a free loopback port, and real clients for it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import paramiko
import pytest
from paramiko.sftp import CMD_CLOSE

from gateway.shell.sftp_accounts import Account, Limits, SftpEvent
from gateway.shell.sftp_keys import create_host_key
from gateway.shell.sftp_paths import TakenFile, Upload
from gateway.shell.sftp_server import SftpDropServer

USER = "carrier-a"
LIMITS = Limits(auth_delay_s=0.0)
SFTP, SCP = shutil.which("sftp"), shutil.which("scp")
OPTIONS = ("-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oIdentitiesOnly=yes", "-F/dev/null")
SSHD = shutil.which("sshd") or ("/usr/sbin/sshd" if Path("/usr/sbin/sshd").exists() else None)
needs_sftp = pytest.mark.skipif(SFTP is None, reason="the OpenSSH sftp client is not installed")
needs_sshd = pytest.mark.skipif(SSHD is None, reason="the OpenSSH server is not installed")


def public_line(key_file: Path) -> str:
    key = paramiko.PKey.from_path(key_file)
    return f"{key.get_name()} {key.get_base64()}"


def close(file: paramiko.SFTPFile) -> None:
    """CLOSE, and raise when the server refuses it: SFTPFile.close() does not look at the answer."""
    file.flush()
    file.sftp._request(CMD_CLOSE, file.handle)


def until(condition: Callable[[], object], seconds: float = 5.0) -> bool:
    """Wait for another thread or process; returns the moment it is so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        threading.Event().wait(0.005)
    return bool(condition())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def open_drop(root: Path, *, key_options: str = "", **limits: float) -> Iterator[Drop]:
    """A started server below root; stopped at the end."""
    key_file = root / "client"
    create_host_key(key_file)
    drop = Drop(root, key_file, replace(LIMITS, **limits), key_options).start()
    try:
        yield drop
    finally:
        drop.server.stop()


@dataclass
class Drop:
    """The server, what it handed over and what it reported."""

    root: Path
    key_file: Path
    limits: Limits = LIMITS
    key_options: str = ""
    taken: list[tuple[Upload, bytes]] = field(default_factory=list)
    events: list[SftpEvent] = field(default_factory=list)
    fault: Exception | None = None
    on_upload: Callable[[Upload], None] | None = None
    server: SftpDropServer = field(init=False)
    port: int = 0

    @property
    def home(self) -> Path:
        return self.root / "home" / USER

    @property
    def staging(self) -> Path:
        return self.root / "staging"

    def take(self, upload: Upload) -> TakenFile:
        if self.on_upload:
            self.on_upload(upload)
        if self.fault:
            raise self.fault
        target = self.root / "work" / f"{len(self.taken)}-{upload.sha256[:8]}"
        upload.staged_path.rename(target)
        self.taken.append((upload, target.read_bytes()))
        return TakenFile(f"R{len(self.taken)}")

    def start(self) -> Drop:
        for folder in ("ack", "reject"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "work").mkdir(exist_ok=True)
        host_key = self.root / "host"
        if not host_key.exists():
            create_host_key(host_key)
        other = Account("carrier-b", (), self.root / "home" / "carrier-b")
        line = f"{self.key_options} {public_line(self.key_file)}".strip()
        self.server = SftpDropServer(
            "127.0.0.1",
            host_key_file=host_key,
            next_host_key_file=self.root / "next" if (self.root / "next").exists() else None,
            accounts=[Account(USER, (line,), self.home), other],
            staging=self.staging,
            on_upload=self.take,
            limits=self.limits,
            on_event=self.events.append,
        )
        self.port = self.server.start()
        return self

    def restart(self) -> None:
        self.server.stop()
        self.start()

    def names(self) -> list[str]:
        return [upload.name for upload, _ in self.taken]

    def rules(self) -> list[str]:
        return [event.rule for event in self.events]

    def waiting(self) -> dict[str, tuple[int, bool]]:
        return {entry.name: (entry.size, entry.complete) for entry in self.server.waiting()}

    def transport(self, **options: object) -> paramiko.Transport:
        sock = socket.create_connection(("127.0.0.1", self.port), 5)
        transport = paramiko.Transport(sock, **options)
        transport.banner_timeout = transport.auth_timeout = 10
        return transport

    @contextmanager
    def client(self) -> Iterator[paramiko.SFTPClient]:
        transport = self.transport()
        try:
            transport.connect(username=USER, pkey=paramiko.PKey.from_path(self.key_file))
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            client.get_channel().settimeout(10)
            yield client
        finally:
            transport.close()

    def sftp(self, *commands: str) -> subprocess.CompletedProcess[str]:
        """Run the OpenSSH client with a batch; "-cmd" goes on after a fault."""
        command = [str(SFTP), *OPTIONS, "-i", str(self.key_file), "-P", str(self.port), "-b", "-", f"{USER}@127.0.0.1"]
        batch = "\n".join(commands) + "\n"
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            command, input=batch, capture_output=True, text=True, timeout=30, check=False, env=environment
        )

    def scp(self, source: str, target: str) -> subprocess.CompletedProcess[str]:
        """Run OpenSSH's scp, which speaks SFTP; names of the server begin with ":"."""
        ends = (f"{USER}@127.0.0.1{end}" if end.startswith(":") else end for end in (source, target))
        command = [str(SCP), *OPTIONS, "-s", "-i", str(self.key_file), "-P", str(self.port), *ends]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
