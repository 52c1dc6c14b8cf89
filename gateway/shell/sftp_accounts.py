"""Who may use the drop server and how much: accounts, limits, and the guard that counts connections and bans.

Not SSH: nothing here imports paramiko. Keys are text lines in OpenSSH `authorized_keys` form (gateway.shell.sftp_keys).
"""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import ConfigError
from gateway.shell.log import logger
from gateway.shell.names import shown_name

ACCOUNT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True)
class Account:
    """One partner's SFTP login.

    keys: authorized public key lines, e.g. 'from="192.0.2.0/24",expiry-time="20261231" ssh-ed25519 AAAA... carrier-a'.
    home: directory that holds the real folders ack/ and reject/ (in/ is virtual: uploads go to the staging directory).
    """

    name: str
    keys: tuple[str, ...]
    home: Path

    def __post_init__(self) -> None:
        if not ACCOUNT_NAME.fullmatch(self.name):
            raise ConfigError(
                f"SFTP account name {self.name!r} cannot be used.",
                "Use 1 to 32 letters, digits, dot, dash or underscore; begin with a letter or digit.",
            )


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the drop server. Times in seconds, sizes in bytes."""

    max_file_bytes: int = 8 << 30
    files_per_hour: int = 200_000  # new uploads per account
    max_waiting: int = 10_000  # unfinished or temporarily named files per account
    max_open_handles: int = 64  # per SFTP session
    max_account_handles: int = 256  # in all sessions of an account: each is a file handle of the process
    max_listings: int = 8  # folders that an account has opened and not read to their end: each holds all its names
    least_free: int = 1 << 30  # bytes that uploads leave free on the disk, at most a twentieth of it
    max_channels: int = 4  # per connection
    max_connections: int = 100
    max_per_ip: int = 20
    max_per_user: int = 10
    handshake_s: float = 30.0  # from connect until the key is accepted
    idle_s: float = 900.0
    auth_tries: int = 3  # per connection
    auth_delay_s: float = 0.2  # every refused key takes this long, whatever the reason
    ban_after_ip: int = 10  # failures inside ban_s
    ban_after_user: int = 30
    ban_s: float = 600.0
    grace_s: float = 60.0  # how long a taken name still answers STAT, RENAME and the like


@dataclass(frozen=True, slots=True)
class SftpEvent:
    """Something an operator may want to know. `name` is a client's file name, escaped; no content, no keys."""

    rule: str  # as in catalogue/sftp.csv: SFTP-PATH, SFTP-AUTH, SFTP-DROPPED, ...
    account: str = ""
    peer: str = ""
    name: str = ""
    detail: str = ""


EventSink = Callable[[SftpEvent], None]


USUAL = (
    "SFTP-HANDED-OVER", "SFTP-HANDSHAKE", "SFTP-IDLE", "SFTP-KEY-GONE", "SFTP-LOGIN", "SFTP-RENAMED-LATE", "SFTP-UNSTABLE",
)  # fmt: skip
"""Events that are no warning: those that the catalogue calls info."""


def log_event(event: SftpEvent) -> None:
    """Write an event as one log line: the sink when the caller gives none."""
    write = logger().info if event.rule in USUAL else logger().warning
    facts = {"account": escaped(event.account), "peer": event.peer, "file": event.name, "detail": event.detail}
    write("sftp", rule=event.rule, **{name: text for name, text in facts.items() if text})


def escaped(name: str) -> str:
    """Return a client's text safe for a log line: what cannot be seen is escaped; at most 200 characters."""
    return shown_name(name)[:200]


def network_of(ip: str) -> str:
    """Return the key under which an address is counted: the IPv4 address itself, the /64 of an IPv6 address."""
    try:
        address = ipaddress.ip_address(ip.split("%", 1)[0])
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


_MOST_KEPT = 10_000


def _user_key(user: str) -> str:
    return "user " + user[:40]  # longer than any account: a name of a megabyte is not kept


class Guard:
    """Counts connections per address and per user, and bans those who fail too often. Thread safe."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._lock = threading.Lock()
        self._per_ip: Counter[str] = Counter()
        self._per_user: Counter[str] = Counter()
        most = max(limits.ban_after_ip, limits.ban_after_user)
        self._failures: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=most))
        self._welcome: dict[tuple[str, str], None] = {}

    def admit(self, ip: str) -> str:
        """Count a new connection; return "" or the rule that refuses it."""
        with self._lock:
            key = network_of(ip)
            if self._count("ip " + key) >= self._limits.ban_after_ip and not self._known(key):
                return "SFTP-BANNED"
            if self._per_ip.total() >= self._limits.max_connections or self._per_ip[key] >= self._limits.max_per_ip:
                return "SFTP-LIMIT-CONNECTIONS"
            self._per_ip[key] += 1
            return ""

    def leave(self, ip: str, user: str) -> None:
        """Forget a connection that `admit` (and, if user is given, `enter`) counted."""
        with self._lock:
            for counter, key in ((self._per_ip, network_of(ip)), (self._per_user, user)):
                counter[key] -= 1
                if counter[key] <= 0:
                    del counter[key]

    def enter(self, user: str) -> bool:
        """Count a session of a user; False when the user has too many."""
        with self._lock:
            if self._per_user[user] >= self._limits.max_per_user:
                return False
            self._per_user[user] += 1
            return True

    def welcome(self, ip: str, user: str) -> None:
        """Note a login: strangers who fail as this user elsewhere do not keep it out from here."""
        with self._lock:
            self._welcome.pop((network_of(ip), user), None)
            self._welcome[network_of(ip), user] = None  # the newest stand last
            if len(self._welcome) > _MOST_KEPT:
                del self._welcome[next(iter(self._welcome))]

    def failed(self, ip: str, user: str) -> None:
        """Note one refused key."""
        with self._lock:
            if len(self._failures) > _MOST_KEPT:  # an attacker may have many addresses
                self._forget_some()
            for key in ("ip " + network_of(ip), _user_key(user)):
                self._failures[key].append(self._clock())

    def user_banned(self, user: str, ip: str) -> bool:
        """True while a user has failed too often, from whatever addresses, and never logged in from this one."""
        with self._lock:
            often = self._count(_user_key(user)) >= self._limits.ban_after_user
            return often and (network_of(ip), user) not in self._welcome

    def _known(self, network: str) -> bool:
        """True when somebody logged in from an address. Many may share it (one server of a forwarder, a load balancer): who
        fails there is no reason to shut the others out, and is banned as a user."""
        return any(known == network for known, _ in self._welcome)

    def _forget_some(self) -> None:
        """Forget what is over, and a quarter of the rest, oldest first, when that is not enough."""
        for key in list(self._failures):
            self._count(key)
        if len(self._failures) > _MOST_KEPT * 3 // 4:
            for key in list(self._failures)[: _MOST_KEPT // 4]:
                del self._failures[key]

    def _count(self, key: str) -> int:
        times = self._failures.get(key)
        while times and times[0] <= self._clock() - self._limits.ban_s:
            times.popleft()
        if not times:
            self._failures.pop(key, None)
            return 0
        return len(times)


class Hourly:
    """Counts what happened in the last hour. Not thread safe."""

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = most, clock
        self._times: deque[float] = deque()

    def full(self) -> bool:
        """True when no more may happen now."""
        while self._times and self._times[0] <= self._clock() - 3600:
            self._times.popleft()
        return len(self._times) >= self._most

    def add(self) -> None:
        """Count one."""
        self._times.append(self._clock())
