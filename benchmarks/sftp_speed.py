"""Uploads to the gateway's own SFTP server and to a bare paramiko server: the same client, the same files, in turn.

`sftp_speed.py serve own|bare FOLDER` is the server's process: it prints its port and serves until its standard input closes.
The own server does what it always does: staging, fsync, SHA-256, claim in the ledger's folders; nothing is translated.
The bare server writes to a file and fsyncs nothing.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
BIG, SMALL, SMALL_BYTES = 32 << 20, 150, 10_240


def _serve_own(folder: Path) -> int:
    from gateway.commands.serving import Gateway
    from gateway.shell import log
    from gateway.site import load_site

    log.configure()  # as `serve` does; to standard output it would fill the pipe that nobody reads
    return Gateway(load_site(folder), port=0).server.start()


def _serve_bare(folder: Path) -> int:
    import paramiko

    class Files(paramiko.SFTPServerInterface):
        def _path(self, path: str) -> Path:
            return folder / "root" / self.canonicalize(path).lstrip("/")

        def stat(self, path: str) -> Any:
            try:
                return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)

        lstat = stat

        def open(self, path: str, flags: int, attr: Any) -> Any:
            handle = paramiko.SFTPHandle(flags)
            handle.readfile = handle.writefile = os.fdopen(os.open(self._path(path), flags, 0o600), "wb")
            return handle

        def rename(self, oldpath: str, newpath: str) -> int:
            self._path(oldpath).rename(self._path(newpath))
            return int(paramiko.SFTP_OK)

        posix_rename = rename

    class Anybody(paramiko.ServerInterface):
        def check_auth_publickey(self, username: str, key: Any) -> int:
            return int(paramiko.AUTH_SUCCESSFUL)  # type: ignore[attr-defined]

        def check_channel_request(self, kind: str, chanid: int) -> int:
            return int(paramiko.OPEN_SUCCEEDED)  # type: ignore[attr-defined]

        def get_allowed_auths(self, username: str) -> str:
            return "publickey"

    listener = socket.create_server(("127.0.0.1", 0))
    key = paramiko.PKey.from_path(folder / "keys" / "host_ed25519")

    def accept() -> None:
        while True:
            transport = paramiko.Transport(listener.accept()[0])
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
            transport.start_server(event=threading.Event(), server=Anybody())

    threading.Thread(target=accept, daemon=True).start()
    return int(listener.getsockname()[1])


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _upload(port: int, folder: Path, place: str, pid: int, number: int) -> dict[str, float]:
    import paramiko

    transport = paramiko.Transport(("127.0.0.1", port))
    transport.connect(username="northtest", pkey=paramiko.PKey.from_path(folder / "keys" / "northtest"))
    client = paramiko.SFTPClient.from_transport(transport)
    assert client is not None
    found: dict[str, float] = {}
    begin, cpu = time.perf_counter(), _cpu_of(pid)
    client.put(folder / "big", f"{place}big{number}.part", confirm=False)
    client.rename(f"{place}big{number}.part", f"{place}big{number}.edi")
    found["put"], found["put_cpu"] = time.perf_counter() - begin, _cpu_of(pid) - cpu
    begin, cpu = time.perf_counter(), _cpu_of(pid)
    for file in range(SMALL):
        client.put(folder / "small", f"{place}s{number}_{file}.part", confirm=False)
        client.rename(f"{place}s{number}_{file}.part", f"{place}s{number}_{file}.edi")
    found["small"], found["small_cpu"] = time.perf_counter() - begin, _cpu_of(pid) - cpu
    transport.close()
    return found


def measure(folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Return for each server the medians: put and small in seconds, and the server's process time for them."""
    from gateway.commands.demo import init

    init(folder)
    (folder / "root").mkdir()
    (folder / "big").write_bytes(os.urandom(BIG))
    (folder / "small").write_bytes(os.urandom(SMALL_BYTES))
    servers, runs = {}, {"own": [], "bare": []}  # type: ignore[var-annotated]
    try:
        for name in runs:
            servers[name] = subprocess.Popen(
                [sys.executable, __file__, "serve", name, str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        ports = {name: int(s.stdout.readline()) for name, s in servers.items() if s.stdout}
        for number in range(rounds):
            for name, server in servers.items():
                place = "in/" if name == "own" else "/"
                runs[name].append(_upload(ports[name], folder, place, server.pid, number))
    finally:
        for server in servers.values():
            server.terminate()
            server.wait()
    return {name: {k: statistics.median(r[k] for r in own) for k in own[0]} for name, own in runs.items()}


if __name__ == "__main__":
    print({"own": _serve_own, "bare": _serve_bare}[sys.argv[2]](Path(sys.argv[3])), flush=True)
    sys.stdin.read()
    os._exit(0)
