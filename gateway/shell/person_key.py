"""The key of the hash that stands for a person: 32 random bytes in a file for the gateway's user only, never shown.

Without the key a hash tells nothing; with it anybody could try out names. Another key is another person: the sums of
the days that are open would start anew, so a key that is lost is not made again in silence.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from gateway.errors import ConfigError
from gateway.shell.folders import private_file
from gateway.shell.syncing import sync_folder

_SHORTEST = 16


def make_key(path: Path, *, anew: bool) -> None:
    """Make the key when it is not there; refuse one that others may read. anew: there are no sums under another key.

    Raises ConfigError.
    """
    if path.is_file():
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(f"{path.name}, the key of the person hash, can be read by others.", f"chmod 600 {path}")
        return
    if not anew:
        raise ConfigError(
            f"{path.name}, the key of the person hash, is not there.",
            f"Put it back from the backup. If it is lost: head -c 32 /dev/urandom > {path}; chmod 600 {path} "
            "(the sums of the days that are open then start anew).",
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(half, "xb", opener=private_file) as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
    sync_folder(path.parent)


def read_key(path: Path) -> bytes:
    """Return the key. Raises ConfigError when it is too short to be one."""
    key = path.read_bytes()[:64]
    if len(key) < _SHORTEST:
        raise ConfigError(
            f"{path.name}, the key of the person hash, is too short.", "Put 32 random bytes into it, mode 0600."
        )
    return key
