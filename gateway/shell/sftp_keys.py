"""SSH keys: the server's host key, fingerprints, authorized key lines, private key files of the client side.

An authorized key line is that of OpenSSH: optional options, key type, base64, comment.
Options read: from="CIDR or address, ..." and expiry-time="YYYYMMDD[HHMM[SS]][Z]" (UTC); `restrict` and the no-* options
say what this server does anyway. Any other option is refused, because it would be promised and not kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import logging
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.errors import ConfigError

KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
MIN_RSA_BITS = 3072
CIPHERS = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr")
MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
# What paramiko 5.1 still offers by default and we do not; also refused when a later version adds them back.
DISABLED = {
    "ciphers": ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"],
    "macs": ["hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"],
}
_IGNORED_OPTIONS = {
    "restrict",
    "no-pty",
    "no-port-forwarding",
    "no-agent-forwarding",
    "no-x11-forwarding",
    "no-user-rc",
}
# paramiko reports each port scan as an error with a traceback; what matters is told as SftpEvent or DeliveryError
SSH_LOG = logging.getLogger("gateway.sftp.ssh")
SSH_LOG.setLevel(logging.CRITICAL)
_OPTION = re.compile(r'([A-Za-z-]+)(?:="((?:[^"\\]|\\.)*)")?(?:,|(?=\s)|$)')
_ADVICE = 'Write one line such as: from="192.0.2.0/24",expiry-time="20261231" ssh-ed25519 AAAA... carrier-a'

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class AuthorizedKey:
    """One public key that may log in. blob: SSH wire form; networks () = from anywhere; expires None = never."""

    blob: bytes
    networks: tuple[Network, ...] = ()
    expires: datetime | None = None

    def usable(self, ip: str, now: datetime) -> bool:
        """True when the key may be used from this address at this time."""
        if self.expires is not None and now >= self.expires:
            return False
        if not self.networks:
            return True
        address = ipaddress.ip_address(ip.split("%", 1)[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


def create_host_key(path: Path) -> str:
    """Write a new ed25519 host key, mode 0600 from its first byte, and return its fingerprint.

    Raises ConfigError when the file exists: a host key is never replaced by accident.
    """
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise ConfigError(
            f"Host key {path.name} exists.", "Move the old key away first if partners agreed to a new one."
        ) from None
    with os.fdopen(fd, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return fingerprint(load_private_key(path).asbytes())


def load_private_key(path: Path, passphrase: str | None = None) -> paramiko.PKey:
    """Read a private key file that only its owner can read; raises ConfigError otherwise."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigError(f"Key file {path.name} cannot be read: {error.strerror}.", "Check the path.") from error
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise ConfigError(f"Key file {path.name} can be read by others.", f"Run: chmod 600 {path.name}")
    try:
        secret: Any = passphrase.encode() if passphrase else None  # bytes, whatever paramiko's annotation says
        return paramiko.PKey.from_path(path, secret)
    except OSError as error:
        raise ConfigError(f"Key file {path.name} cannot be read: {error.strerror}.", "Check the path.") from error
    except Exception:  # paramiko and cryptography raise a dozen kinds here
        raise ConfigError(
            f"Key file {path.name} is not a private key we can use.",
            "Create one with: ssh-keygen -t ed25519 (and give its passphrase if it has one).",
        ) from None


def fingerprint(key: bytes | str) -> str:
    """Return "SHA256:..." as ssh-keygen -l prints it. key: wire form, or a public key line.

    >>> fingerprint(b"abc")
    'SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0'
    """
    blob = key if isinstance(key, bytes) else parse_authorized_key(key).blob
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def parse_authorized_key(line: str) -> AuthorizedKey:
    """Read one authorized key line. Raises ConfigError with the reason; DSA, RSA below 3072 bits are refused."""
    line = line.strip()
    networks: tuple[Network, ...] = ()
    expires: datetime | None = None
    while line.split(" ", 1)[0] not in KEY_TYPES:
        match = _OPTION.match(line)
        if not match or not match.group(0):
            raise ConfigError("An authorized key line cannot be read.", _ADVICE)
        option, value = match.group(1).lower(), match.group(2)
        if option == "from" and value:
            networks = _networks(value)
        elif option == "expiry-time" and value:
            expires = _expiry(value)
        elif option not in _IGNORED_OPTIONS:
            raise ConfigError(f"Authorized key option {option!r} or its key type is not supported.", _ADVICE)
        line = line[match.end() :].lstrip()
    return AuthorizedKey(_blob(line), networks, expires)


def keys_of(account: str, lines: Iterable[str]) -> tuple[AuthorizedKey, ...]:
    """Return the keys of an account. Raises ConfigError that names it."""
    try:
        return tuple(map(parse_authorized_key, lines))
    except ConfigError as error:
        raise ConfigError(f"Key of account {account}: {error.message}", error.advice) from None


def key_allowed(keys: Sequence[AuthorizedKey], blob: bytes, ip: str, now: datetime) -> bool:
    """True when blob is one of the keys and may be used here and now. Looks at every key: the time tells nothing."""
    allowed = False
    for key in keys:
        allowed |= hmac.compare_digest(key.blob, blob) & key.usable(ip, now)
    return allowed


def _blob(line: str) -> bytes:
    kind, _, rest = line.partition(" ")
    try:
        blob = base64.b64decode(rest.split(" ", 1)[0], validate=True)
        key = paramiko.PKey.from_type_string(kind, blob)
    except (ValueError, binascii.Error, paramiko.SSHException, paramiko.pkey.UnknownKeyType):
        raise ConfigError("An authorized key line holds no valid key.", _ADVICE) from None
    if kind == "ssh-rsa" and key.get_bits() < MIN_RSA_BITS:
        raise ConfigError(
            f"An RSA key of {key.get_bits()} bits is too short.",
            f"Use ed25519, or RSA with {MIN_RSA_BITS} bits or more.",
        )
    return blob


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in value.split(","))
    except ValueError:
        raise ConfigError(
            f'from="{value}" is not a list of addresses.', 'Write from="192.0.2.0/24,198.51.100.7".'
        ) from None


def _expiry(value: str) -> datetime:
    digits = value.removesuffix("Z")
    for form, length in (("%Y%m%d", 8), ("%Y%m%d%H%M", 12), ("%Y%m%d%H%M%S", 14)):
        if len(digits) == length and digits.isdigit():
            try:
                return datetime.strptime(digits, form).replace(tzinfo=UTC)
            except ValueError:
                break
    raise ConfigError(f'expiry-time="{value}" is not a date.', 'Write expiry-time="20261231" (UTC).')


def harden(transport: paramiko.Transport) -> None:
    """Leave only strong ciphers and MACs on a transport, server or client side; strict key exchange stays on."""
    transport.set_log_channel(SSH_LOG.name)
    options = transport.get_security_options()
    options.ciphers = tuple(name for name in CIPHERS if name in options.ciphers)
    options.digests = tuple(name for name in MACS if name in options.digests)
