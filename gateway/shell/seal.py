"""Sealed files: how the bytes of a kept file are encrypted, so that nobody reads or changes them without the key file.

A key file holds 32 random bytes K. Each sealed file has a data key D of its own, which K wraps (envelope encryption):

    offset  bytes
         0      4  "GWS1"
         4      4  C, the clear bytes of a chunk, big-endian, 1 to 2^24 (65,536 unless a test says otherwise)
         8      8  key id: the first 8 bytes of SHA-256("gateway seal key" + K)
        16     12  random nonce N
        28     48  D wrapped: AES-256-GCM(K, N, D), associated data = bytes 0 to 15 + context
        76      -  chunks: AES-256-GCM(D, nonce of the chunk, up to C clear bytes), associated data = bytes 0 to 75

The nonce of a chunk is its number, from 0, in 11 bytes big-endian, and one byte: 1 for the last chunk, 0 for all others.
Every chunk but the last one is full; an empty file has one empty chunk. GCM adds 16 bytes to each. So a chunk that was
changed, left out, doubled or moved is noticed, and so are a cut at any byte and bytes at the end. The context names the
file (RECEIPT/raw), so that one sealed file cannot take the place of another. D is used for one file only, hence the plain
counter; N is random, which allows 2^32 files for one K (NIST SP 800-38D, 8.3).

What was opened is authentic up to the byte read; only the end of the iteration says that it is the whole file.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import ConfigError, GatewayError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 1 << 16
HEADER = 76
_MAGIC = b"GWS1"
_TAG = 16
_LARGEST = 1 << 24


class SealError(GatewayError):
    """A sealed file cannot be opened: its key is not there, or it is not what was sealed."""


class Key:
    """The content of a key file; it never shows in a repr, a log or a traceback."""

    __slots__ = ("_secret", "id")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.id = hashlib.sha256(b"gateway seal key" + secret).digest()[:8].hex()

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def wrapping(self) -> AESGCM:
        """Return what wraps data keys."""
        return _cipher(self._secret)


def read_key(path: Path) -> Key:
    """Return the key of a file. Raises ConfigError when it is missing, of another size, or readable by others."""
    name = path.name
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(f"{name}, a key file of [encryption], can be read by others.", f"chmod 600 {path}")
        secret = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{name}, a key file of [encryption], cannot be read ({error.strerror}).",
            "Put it back from where you keep it. A new key opens nothing that was sealed before; "
            f"for the very first one: head -c 32 /dev/urandom > {path}; chmod 600 {path}",
        ) from None
    if len(secret) != 32:
        raise ConfigError(f"{name}, a key file of [encryption], holds {len(secret)} bytes, not 32.", "Put it back.")
    return Key(secret)


def seal(clear: Iterable[bytes], key: Key, context: str, chunk: int = CHUNK) -> Iterator[bytes]:
    """Yield the sealed form of some bytes, in constant memory."""
    data_key, nonce = secrets.token_bytes(32), os.urandom(12)
    begin = _MAGIC + chunk.to_bytes(4, "big") + bytes.fromhex(key.id)
    header = begin + nonce + key.wrapping().encrypt(nonce, data_key, begin + context.encode())
    yield header
    cipher, number, rest = _cipher(data_key), 0, bytearray()
    for block in clear:
        rest += block
        while len(rest) > chunk:  # one byte more: this is not the last one
            yield cipher.encrypt(_nonce(number, last=False), bytes(rest[:chunk]), header)
            number += 1
            del rest[:chunk]
    yield cipher.encrypt(_nonce(number, last=True), bytes(rest), header)


def unseal(read: Callable[[int], bytes], keys: Mapping[str, Key], context: str) -> Iterator[bytes]:
    """Yield the clear bytes of a sealed file in chunks. read: as of a binary file, fewer bytes only at the end.

    Raises SealError; what was yielded before is authentic, but not all of it.
    """
    header = read(HEADER)
    cipher, chunk = _opened(header, keys, context)
    number, sealed = 0, read(chunk + _TAG)
    while True:
        following = read(chunk + _TAG) if len(sealed) == chunk + _TAG else b""
        yield _decrypted(cipher, _nonce(number, last=not following), sealed, header, context)
        if not following:
            return
        number, sealed = number + 1, following


def key_id(header: bytes) -> str:
    """Return the id of the key that a file was sealed with, "" when it is no sealed file."""
    return header[8:16].hex() if header[:4] == _MAGIC and len(header) >= 16 else ""


def _opened(header: bytes, keys: Mapping[str, Key], context: str) -> tuple[AESGCM, int]:
    name, chunk = key_id(header), int.from_bytes(header[4:8], "big")
    if not name or len(header) != HEADER or not 1 <= chunk <= _LARGEST:
        raise _changed(context)
    if name not in keys:
        raise SealError(
            f"{context} is sealed with the key {name}, which is in none of the key files.",
            "Name the key file that sealed it in [encryption] key_files of gateway.toml; gateway doctor shows the ids.",
        )
    data_key = _decrypted(keys[name].wrapping(), header[16:28], header[28:], header[:16] + context.encode(), context)
    return _cipher(data_key), chunk


def _cipher(secret: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 7 MiB, for sites with [encryption] only

    return AESGCM(secret)


def _decrypted(cipher: AESGCM, nonce: bytes, sealed: bytes, known: bytes, context: str) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        return cipher.decrypt(nonce, sealed, known)
    except InvalidTag:
        raise _changed(context) from None


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _changed(context: str) -> SealError:
    return SealError(f"{context} is not what was sealed: it was cut or changed.", "Put the file back from the backup.")
