"""What a server says when it refuses: version 3 of the protocol has one status, FAILURE, for a full disk and for all else.

So the server is asked how much room there is (statvfs@openssh.com, which OpenSSH and many others answer), and a person is
told that and the server's own words. A refusal is no fault of the connection.
"""

from __future__ import annotations

import contextlib
import struct
from typing import NamedTuple

import paramiko
from paramiko.sftp import CMD_CLOSE, CMD_EXTENDED, CMD_EXTENDED_REPLY

from gateway.errors import DeliveryError
from gateway.shell.sftp_accounts import escaped

_FAULTS = (OSError, EOFError, paramiko.SSHException)
_ROOM = struct.Struct(">11Q")  # of statvfs@openssh.com: f_bsize, f_frsize, f_blocks, f_bfree, f_bavail, f_files, ...


class Room(NamedTuple):
    """What is left where a remote folder lies. names: how many more files can be made."""

    size: int
    names: int


def is_refusal(error: BaseException, client: paramiko.SFTPClient | None) -> bool:
    """True when the server answered with a status that has no meaning of its own, on a connection that lives."""
    if client is None or type(error) is not OSError or error.errno is not None:
        return False
    channel = client.get_channel()
    return channel is not None and not channel.closed and channel.get_transport().is_active()


def is_cut(error: BaseException | None) -> bool:
    """True when a connection died over a request, whose answer nobody knows then: the server did not answer at all."""
    return isinstance(error, EOFError | ConnectionError | TimeoutError | paramiko.SSHException)


def refused(host: str, error: BaseException) -> DeliveryError:
    """Return what is told of a request that a server refused with its own words, which may be "Failure" only."""
    return DeliveryError(
        f"{host} refused it ({escaped(str(error))}).",
        "Check free space, quota and rights of the folder there; the gateway tries again by itself.",
    )


def not_stored(client: paramiko.SFTPClient, host: str, folder: str, name: str, size: int, error: Exception) -> DeliveryError:  # fmt: skip
    """Return what is told of a file of `size` bytes that a server did not store. What lies there of it is removed before."""
    room = room_in(client, folder)
    if room is None:
        why = "mostly its disk is full or a quota is used up"
    elif room.size < size:
        why = f"its disk is full: {room.size} bytes are free in the folder, the file has {size}"
    elif not room.names:
        why = "no further file can be made on its disk, it is out of inodes"
    else:
        why = f"{room.size} bytes are free in the folder, so it may be a quota"
    return DeliveryError(
        f"{host} could not store {escaped(name)} ({escaped(str(error))}): {why}.",
        "Ask who runs that server to make room; the gateway sends it by itself then.",
    )


def room_in(client: paramiko.SFTPClient, folder: str) -> Room | None:
    """Return what is left in a remote folder, None when the server does not tell."""
    with contextlib.suppress(*_FAULTS, struct.error):
        kind, answer = client._request(CMD_EXTENDED, "statvfs@openssh.com", folder)  # type: ignore[attr-defined]
        if kind == CMD_EXTENDED_REPLY:
            found = _ROOM.unpack_from(answer.get_remainder())
            inodes = found[7] if found[5] else 1  # some file systems have no number of them
            return Room(found[1] * found[4], inodes)
    return None


def close_heard(file: paramiko.SFTPFile) -> None:
    """CLOSE, and raise what the server answers: paramiko's close() hides it, and a disk may be found full only now."""
    file.flush()
    file.sftp._request(CMD_CLOSE, file.handle)  # type: ignore[attr-defined]
    file._closed = True  # type: ignore[attr-defined] # its handle may belong to another file now


def remove_rest(client: paramiko.SFTPClient, path: str) -> None:
    """Remove what lies of a file that could not be stored: half a file would keep a full disk full."""
    with contextlib.suppress(*_FAULTS):
        client.remove(path)
