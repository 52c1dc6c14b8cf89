"""SFTP client side: a connection to a partner's server with a pinned host key, and the target that deliveries go to.

    remote = SftpRemote("sftp.example", 22, "gateway", Path("keys/partner"), "SHA256:...")
    target = SftpTarget(remote, "/inbound")
    target.put("S321-000123.json", Path("out/S321-000123.json"), size=4711, sha256="9f...")

Everything that goes wrong is a DeliveryError; its `retry` says whether the same call may succeed soon, `waits` whether it
may when a person has mended the server's side or ours.
No agent, no keys from the home directory, no unknown host: a changed host key stops deliveries until a person decides.
"""

from __future__ import annotations

import contextlib
import hashlib
import posixpath
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import paramiko

from gateway.errors import ConfigError, DeliveryError
from gateway.shell.again import Stored, earlier_delivery
from gateway.shell.sftp_accounts import escaped
from gateway.shell.sftp_keys import KEY_TYPES, fingerprint, harden, load_private_key, parse_authorized_key
from gateway.shell.sftp_refusals import close_heard, is_cut, is_refusal, not_stored, refused, remove_rest

T = TypeVar("T")
BLOCK = 1 << 15
_RETRY = "The gateway tries again by itself; if it goes on, check that server and the network."


class SftpRemote:
    """One connection to one server, opened when it is needed and again after a fault. Not for several threads at once.

    host_key: "SHA256:..." or a public key line, with or without a host name before it (as in known_hosts).
    timeout_s: for connecting, and for each answer of the server.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        key_file: Path,
        host_key: str,
        *,
        passphrase: str | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        self.host, self.port, self.user, self.timeout_s = host, port, user, timeout_s
        self._key_file, self._passphrase = key_file, passphrase
        self._pinned, self._key_type = _pinned(host_key)
        self._transport: paramiko.Transport | None = None
        self._client: paramiko.SFTPClient | None = None

    def run(self, work: Callable[[paramiko.SFTPClient], T]) -> T:
        """Do work with the open session; any fault closes it and comes out as DeliveryError."""
        try:
            return work(self._session())
        except DeliveryError:
            self.close()
            raise
        except (OSError, EOFError, paramiko.SSHException) as error:
            no = is_refusal(error, self._client)
            self.close()
            raise (refused(self.host, error) if no else self._delivery_error(error)) from error

    def close(self) -> None:
        """End the connection; the next use opens a new one."""
        transport, self._transport, self._client = self._transport, None, None
        if transport:
            with contextlib.suppress(Exception):
                transport.close()

    def _session(self) -> paramiko.SFTPClient:
        if self._client and self._transport and self._transport.is_active():
            return self._client
        self.close()
        try:
            key = load_private_key(self._key_file, self._passphrase)
        except ConfigError as error:
            may_pass = isinstance(error.__cause__, OSError)  # the file can be put back; one that is no key cannot
            raise DeliveryError(error.message, error.advice, retry=may_pass, waits=True) from error
        sock = socket.create_connection((self.host, self.port), self.timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # small requests do not wait for the peer's ACK
        try:
            transport = self._transport = paramiko.Transport(sock)
        except Exception:
            sock.close()
            raise
        # ours: paramiko waits without limit for some answers, so the whole opening has one
        alarm = threading.Timer(self.timeout_s * 2, transport.close)
        alarm.daemon = True
        alarm.start()
        try:
            self._client = self._open(transport, key)
        finally:
            alarm.cancel()
        return self._client

    def _open(self, transport: paramiko.Transport, key: paramiko.PKey) -> paramiko.SFTPClient:
        harden(transport)
        if self._key_type:
            types = ("rsa-sha2-512", "rsa-sha2-256") if self._key_type == "ssh-rsa" else (self._key_type,)
            transport.get_security_options().key_types = types
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = self.timeout_s
        transport.channel_timeout = self.timeout_s
        transport.start_client(timeout=self.timeout_s)
        found = fingerprint(transport.get_remote_server_key().asbytes())
        if found != self._pinned:
            raise self._wrong_host_key(found)
        try:
            transport.auth_publickey(self.user, key)
        except paramiko.AuthenticationException as error:
            if not transport.is_active() and "timeout" in str(error).lower():
                raise
            raise DeliveryError(
                f"{self.host} refuses the login of {escaped(self.user)}.",
                "Ask the partner whether the user name and our public key are registered.",
                retry=False,
                waits=True,
            ) from error
        client = paramiko.SFTPClient.from_transport(transport)
        if client is None:
            raise paramiko.SSHException("no sftp session")
        client.get_channel().settimeout(self.timeout_s)  # type: ignore[union-attr]
        return client

    def _wrong_host_key(self, found: str) -> DeliveryError:
        return DeliveryError(
            f"{self.host} shows the host key {found}, but {self._pinned} is pinned.",
            "Nothing was sent. Ask the partner by telephone whether the key was changed; only then enter the new one.",
            retry=False,
            waits=True,
        )

    def _delivery_error(self, error: Exception) -> DeliveryError:
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            text = str(error)
            if self._key_type and "host key" in text:
                return self._wrong_host_key("of another type")
            return DeliveryError(
                f"{self.host} offers no algorithm we accept ({escaped(text)}).",
                "Ask the partner to enable aes256-gcm or aes256-ctr with hmac-sha2-256.",
                retry=False,
                waits=True,
            )
        if isinstance(error, PermissionError):
            return DeliveryError(
                f"{self.host} does not permit it ({escaped(str(error.strerror))}).",
                "Ask the partner for write, rename and list rights in the folder.",
                retry=False,
                waits=True,
            )
        if isinstance(error, FileNotFoundError):
            return DeliveryError(
                f"A folder or file does not exist on {self.host}.",
                "Check the folder in the partner's file.",
                retry=False,
                waits=True,
            )
        words = escaped(str(error)) or type(error).__name__
        return DeliveryError(f"The connection to {self.host} port {self.port} failed ({words}).", _RETRY)


class SftpTarget:
    """A folder on a remote server that deliveries and acknowledgments are written to.

    read_back: read every file again before it gets its final name (a full download; size is always checked).
    """

    def __init__(self, remote: SftpRemote, folder: str, *, read_back: bool = False) -> None:
        self._remote, self._folder, self._read_back = remote, folder or ".", read_back
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return f"the folder {escaped(self._folder)} of {self._remote.host} port {self._remote.port}"

    def put(self, name: str, source: Path | Iterable[bytes], size: int, sha256: str) -> Stored | None:
        """Write a file under its final name, whole or not at all. Calling it again with the same file changes nothing.

        size in bytes and sha256 in hex are those of the source and are verified while it is sent.
        Returns those of an earlier delivery that lies there and stays (gateway.shell.again).
        Raises DeliveryError; retry is False when another file holds the name.
        """
        if not name or "/" in name or name in (".", "..") or "\0" in name:
            raise DeliveryError(f"{escaped(name)} is not a file name.", "Check the output name pattern.", retry=False)
        with self._lock:
            there = self._remote.run(lambda client: self._already(client, name, size, sha256, source))
            if there is not None:
                return there if there != (size, sha256) else None
            self._remote.run(lambda client: self._write(client, name, source, size, sha256))
            self._publish(name, size, sha256)
        return None

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._remote.close()

    def _path(self, name: str) -> str:
        return posixpath.join(self._folder, name)

    def _temporary(self, name: str) -> str:
        return self._path(f".{name}.tmp")

    def _already(
        self, client: paramiko.SFTPClient, name: str, size: int, sha256: str, source: Path | Iterable[bytes] = ()
    ) -> Stored | None:
        """Return what lies under the name when it is the file or an earlier delivery of it, None when nothing does.

        Raises DeliveryError when it is another file.
        """
        try:
            found = client.stat(self._path(name)).st_size
        except FileNotFoundError:
            return None
        if found == size and remote_hash(client, self._path(name)) == sha256:
            return Stored(size, sha256)
        if isinstance(source, Path):
            there = earlier_delivery(_blocks(source), remote_blocks(client, self._path(name)))
            if there is not None:
                return there
        raise DeliveryError(
            f"The target already holds another file named {escaped(name)} ({found} bytes, ours has {size}).",
            "Find out who wrote it; move it away, then let the gateway deliver again.",
            retry=False,
        )

    def _write(
        self, client: paramiko.SFTPClient, name: str, source: Path | Iterable[bytes], size: int, sha256: str
    ) -> None:
        temporary = self._temporary(name)
        try:
            sent, total = _send(client, temporary, source)
        except OSError as error:
            if not is_refusal(error, client):
                raise
            remove_rest(client, temporary)
            raise not_stored(client, self._remote.host, self._folder, name, size, error) from error
        if (sent, total) != (size, sha256):
            remove_rest(client, temporary)
            raise DeliveryError(
                f"{escaped(name)} changed while it was sent ({sent} of {size} bytes).",
                "Run gateway verify: the file in the outbox is not the one in the ledger.",
                retry=False,
            )
        stored = client.stat(temporary).st_size
        if stored != size or (self._read_back and remote_hash(client, temporary) != sha256):
            raise DeliveryError(f"The target stored {escaped(name)} wrongly ({stored} of {size} bytes).", _RETRY)

    def _publish(self, name: str, size: int, sha256: str) -> None:
        """Rename to the final name. When the answer is lost or odd, look: the rename may have happened.

        A receiver may have taken the file by then: it was renamed when the connection died over the answer, and nothing
        is left under the temporary name.
        """
        try:
            self._remote.run(lambda client: client.rename(self._temporary(name), self._path(name)))
        except DeliveryError as error:
            if self._remote.run(lambda client: self._already(client, name, size, sha256)) is not None:
                return
            if is_cut(error.__cause__) and self._remote.run(lambda client: self._is_gone(client, name)):
                return
            raise error from None

    def _is_gone(self, client: paramiko.SFTPClient, name: str) -> bool:
        try:
            client.stat(self._temporary(name))
        except FileNotFoundError:
            return True
        return False


def _send(client: paramiko.SFTPClient, temporary: str, source: Path | Iterable[bytes]) -> tuple[int, str]:
    """Write a file and close it; return how many bytes were sent, and their SHA-256. Raises what the server answers."""
    sent, total, held = 0, hashlib.sha256(), b""
    with client.open(temporary, "wb") as file:  # a leftover of an earlier try is cut to nothing
        file.set_pipelined(True)
        for block in _blocks(source):
            total.update(block)
            sent += len(block)
            file.write(held)
            held = block
        file.set_pipelined(False)  # the last write waits for the answers to all of them, and raises the first fault
        file.write(held)
        close_heard(file)
    return sent, total.hexdigest()


def remote_hash(client: paramiko.SFTPClient, path: str) -> str:
    """Return the SHA-256 of a remote file, read in full."""
    total = hashlib.sha256()
    for block in remote_blocks(client, path):
        total.update(block)
    return total.hexdigest()


def remote_blocks(client: paramiko.SFTPClient, path: str) -> Iterator[bytes]:
    """Yield the bytes of a remote file."""
    with client.open(path, "rb") as file:
        file.prefetch()
        while block := file.read(BLOCK):
            yield block


def _blocks(source: Path | Iterable[bytes]) -> Iterator[bytes]:
    if not isinstance(source, Path):
        for chunk in source:
            for at in range(0, len(chunk), BLOCK):
                yield chunk[at : at + BLOCK]
        return
    try:
        with source.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        raise DeliveryError(
            f"{source.name} cannot be read ({error.strerror}).", "Run gateway verify.", retry=not gone
        ) from error


def _pinned(host_key: str) -> tuple[str, str]:
    """Return (fingerprint, key type or "") of a pinned host key."""
    words = host_key.split()
    if len(words) == 1 and words[0].startswith("SHA256:") and len(words[0].rstrip("=")) == 50:
        return words[0].rstrip("="), ""
    for at, word in enumerate(words[:2]):
        if word in KEY_TYPES and len(words) > at + 1:
            line = " ".join(words[at : at + 2])
            return fingerprint(parse_authorized_key(line).blob), word
    raise ConfigError(
        "The pinned host key cannot be read.", "Write SHA256:... as ssh-keygen -l prints it, or the public key line."
    )
