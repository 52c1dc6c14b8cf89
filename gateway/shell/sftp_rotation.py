"""Two host keys during a change of keys: the next one is announced to clients that log in and trust the one of today.

    server -> client   hostkeys-00@openssh.com         both public keys, after the login
    client -> server   hostkeys-prove-00@openssh.com   those it did not know
    server -> client   a signature with each           over: name of the request, session id, public key

OpenSSH's client (UpdateHostKeys yes, its default) then writes the next key into known_hosts by itself. The key exchange
uses today's key only: paramiko keeps one key of each type. Source: OpenSSH, PROTOCOL, section 2.5.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import paramiko

_ANNOUNCE = "hostkeys-00@openssh.com"
_PROVE = "hostkeys-prove-00@openssh.com"


def announce(transport: paramiko.Transport, keys: Sequence[paramiko.PKey]) -> None:
    """Tell a client that has just logged in which keys the server has; nothing is told of a single one."""
    if len(keys) > 1 and transport.clear_to_send.is_set():  # a new key exchange begins: the next login tells
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            transport.global_request(_ANNOUNCE, tuple(key.asbytes() for key in keys), wait=False)


def prove(
    transport: paramiko.Transport, keys: Sequence[paramiko.PKey], kind: str, request: paramiko.Message
) -> tuple[bytes, ...] | bool:
    """Return the signatures that a client asks for; False for any other request, and for keys that are not ours."""
    ours = {key.asbytes(): key for key in keys}
    if kind != _PROVE or len(keys) < 2 or not transport.is_authenticated():
        return False
    signatures: list[bytes] = []
    while request.get_remainder():
        blob = request.get_binary()
        if blob not in ours or len(signatures) > len(keys):
            return False
        signatures.append(_signed(ours[blob], blob, transport.session_id or b""))
    return tuple(signatures) or False


def _signed(key: paramiko.PKey, blob: bytes, session: bytes) -> bytes:
    said = paramiko.Message()
    for text in (_PROVE.encode(), session, blob):
        said.add_string(text)
    algorithm = "rsa-sha2-512" if key.get_name() == "ssh-rsa" else None
    return bytes(key.sign_ssh_data(said.asbytes(), algorithm).asbytes())
