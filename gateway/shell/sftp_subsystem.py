"""paramiko's SFTP request loop with some changes: posix-rename is announced, refusals carry words, activity is noted, and the
end is told with an exit status (scp fails without one). Refused is what costs a client little and us much: attributes that
would keep paramiko looping, packets larger than OpenSSH takes, and its extension check-file, which grows with the square.

It overrides private methods of paramiko (pinned below 6); tests/shell/test_sftp_server.py notices when they change.
"""

from __future__ import annotations

import contextlib
import struct
import time
from typing import Any

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST
from paramiko.message import Message
from paramiko.sftp import (
    CMD_FSETSTAT,
    CMD_INIT,
    CMD_MKDIR,
    CMD_OPEN,
    CMD_SETSTAT,
    CMD_VERSION,
    SFTP_EOF,
    SFTP_OK,
    SFTP_OP_UNSUPPORTED,
)

from gateway.shell.sftp_session import Session

_MAX_EXTENDED = 16
_MAX_PACKET = 256 * 1024  # bytes, as OpenSSH's server: paramiko copies a packet anew for each piece of it that comes
_AT_ONCE = 64  # names of one answer to READDIR


class Listing(paramiko.SFTPHandle):
    """A folder being listed. paramiko's own handle copies all that is left for every 16 names."""

    def __init__(self, entries: list[paramiko.SFTPAttributes]) -> None:
        super().__init__()
        self.left = entries[::-1]

    def _get_next_files(self) -> list[paramiko.SFTPAttributes]:
        some = self.left[: -_AT_ONCE - 1 : -1]
        del self.left[-_AT_ONCE:]
        return some


class Subsystem(paramiko.SFTPServer):
    """The thread that serves one SFTP channel."""

    server: Session

    def __init__(self, channel: paramiko.Channel, *args: Any, **kwargs: Any) -> None:
        super().__init__(channel, *args, **kwargs)
        self.channel = channel
        _tell_the_end(channel)
        self.server.handles = self._open_handles

    def _send_server_version(self) -> int:
        kind, data = self._read_packet()
        if kind != CMD_INIT:
            raise paramiko.SFTPError("no INIT")
        message = Message()
        message.add_int(3)
        message.add_string("posix-rename@openssh.com")
        message.add_string("1")
        self._send_packet(CMD_VERSION, message)  # type: ignore[attr-defined]
        return int(struct.unpack(">I", data[:4])[0])

    def finish_subsystem(self) -> None:
        """Put the session's files away, then close the channel, which the client waits for."""
        super().finish_subsystem()
        with contextlib.suppress(Exception):  # the client may be gone
            self.channel.close()

    def _open_handles(self) -> tuple[int, int]:
        """Return how many files are open, and how many folders are not read to their end. Any thread may ask."""
        files = [handle for handle in list(self.file_table.values()) if not getattr(handle, "over", False)]
        folders: list[Any] = list(self.folder_table.values())
        return len(files), sum(bool(folder.left) for folder in folders)

    def _read_packet(self) -> tuple[int, bytes]:
        size = int.from_bytes(self._read_all(4), "big")  # type: ignore[attr-defined]
        if not 0 < size <= _MAX_PACKET:
            raise paramiko.SFTPError("no packet of a client")
        data: bytes = self._read_all(size)  # type: ignore[attr-defined]
        return data[0], data[1:]

    def _open_folder(self, request_number: int, path: str) -> None:
        found = self.server.list_folder(path)
        if isinstance(found, int):
            self._send_status(request_number, found)
        else:
            self._send_handle_response(request_number, Listing(found), True)  # type: ignore[attr-defined]

    def _check_file(self, request_number: int, message: Message) -> None:
        self._send_status(request_number, SFTP_OP_UNSUPPORTED)

    def _send_status(self, request_number: int, code: int, desc: str | None = None) -> None:
        reason = self.server.take_reason() if code not in (SFTP_OK, SFTP_EOF) else ""
        super()._send_status(request_number, code, reason or desc)  # type: ignore[misc]

    def _process(self, kind: int, request_number: int, message: Message) -> None:
        self.server.last_seen = time.monotonic()
        self.server.take_reason()
        if not _sane(kind, message):
            raise paramiko.SFTPError("too many attribute extensions")
        try:
            super()._process(kind, request_number, message)  # type: ignore[misc]
        except UnicodeDecodeError:
            self._send_status(request_number, self.server.refuse_bytes())
        self.server.last_seen = time.monotonic()


def _tell_the_end(channel: paramiko.Channel) -> None:
    """Have the exit status sent before the channel is closed, by whichever side: scp may close it the moment it is done."""
    close = channel._close_internal  # type: ignore[attr-defined]

    def close_with_status() -> list[Message]:
        messages: list[Message] = [m for m in close() if m is not None]
        status = Message()
        status.add_byte(cMSG_CHANNEL_REQUEST)
        status.add_int(channel.remote_chanid)
        status.add_string("exit-status")
        status.add_boolean(False)
        status.add_int(0)
        return [status, *messages] if messages else messages

    channel._close_internal = close_with_status  # type: ignore[attr-defined]


def _sane(kind: int, message: Message) -> bool:
    """False for attributes with more extensions than any client sends: paramiko would loop over 2**32 of them."""
    if kind not in (CMD_OPEN, CMD_SETSTAT, CMD_FSETSTAT, CMD_MKDIR):
        return True
    rest = Message(message.get_remainder())
    rest.get_binary()
    if kind == CMD_OPEN:
        rest.get_int()
    flags = rest.get_int()
    for flag, size in ((1, 8), (2, 8), (4, 4), (8, 8)):  # size, owner, mode, times
        if flags & flag:
            rest.get_bytes(size)
    return not flags & paramiko.SFTPAttributes.FLAG_EXTENDED or rest.get_int() <= _MAX_EXTENDED
