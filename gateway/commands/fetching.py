"""Folders on servers of partners, and of the receiver: files are fetched from them while the gateway serves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.config_files import Poll, Remote
from gateway.errors import ConfigError, GatewayError
from gateway.shell.desk import frames
from gateway.shell.folders import utc_now
from gateway.shell.log import logger
from gateway.shell.outages import Outages, Tell
from gateway.shell.responses import RECEIVER
from gateway.shell.sftp_accounts import EventSink, SftpEvent, log_event
from gateway.shell.sftp_client import SftpRemote
from gateway.shell.sftp_paths import TakenFile, Upload
from gateway.shell.sftp_poll import PollSettings, SftpDrop
from gateway.site import Site

_LEFT = {
    "SFTP-LIMIT-SIZE": "A file on a partner's server is larger than max_file_bytes of gateway.toml and is not fetched; the log names it.",
    "SFTP-NOT-MOVED": "A file that was fetched from a partner's server cannot be moved or deleted there; the log names it.",
}
_MOST_LEFT = 1_000


def remote_of(site: Site, facts: Remote, where: str = "") -> SftpRemote:
    """Return the server of a [target], [poll] or [responses] section. where: the section, for the error.

    Raises ConfigError when its key or the pinned host key cannot be read.
    """
    try:
        return SftpRemote(facts.host, facts.port, facts.user, site.settings.folder / facts.key_file, facts.host_key)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.message}" if where else error.message, error.advice) from None


@dataclass(frozen=True)
class Source:
    """A folder on somebody's server that files are fetched from: a partner's, or the receiver's responses."""

    name: str
    account: str
    facts: Poll


def sources_of(site: Site) -> list[Source]:
    """Return the folders that files are fetched from."""
    found = [Source(n, p.profile.account, p.poll) for n, p in site.partners.items() if p.poll]
    receiver = site.settings.responses_poll
    return [*found, Source(RECEIVER, RECEIVER, receiver)] if receiver else found


def _poller(
    site: Site, source: Source, staging: Path, on_upload: Callable[[Upload], TakenFile], on_event: EventSink
) -> SftpDrop:
    """Return the fetcher of a source."""
    facts = source.facts
    settings = PollSettings(
        folder=facts.folder,
        stable_polls=facts.stable_polls,
        marker=facts.marker,
        done_folder=facts.done_folder,
        max_file_bytes=site.settings.max_file_bytes,
    )
    remote = remote_of(site, facts, f"[poll] of {source.account}")
    return SftpDrop(remote, source.account, settings, staging, on_upload, on_event)


def _why(error: Exception) -> str:
    """Return in one sentence why nothing could be fetched, without a partner's data."""
    if isinstance(error, GatewayError):
        return error.message
    why = error.strerror if isinstance(error, OSError) else None
    return f"What lies on the server could not be fetched ({why or type(error).__name__}); it is tried again."


class Fetching:
    """The threads that fetch. on_upload: takes a file; alert: tells a person."""

    def __init__(self, site: Site, staging: Path, on_upload: Callable[[Upload], TakenFile], alert: Tell) -> None:
        self._alert = alert
        self._stopping = threading.Event()
        self._left: set[tuple[str, str, str]] = set()  # told of: files that stay on a partner's server
        self.drops = [(s, _poller(site, s, staging, on_upload, self._polled)) for s in sources_of(site)]

    def stop(self) -> None:
        """Begin no further look."""
        self._stopping.set()

    def start(self) -> None:
        """Look into each folder again and again, in a thread of its own."""
        for source, drop in self.drops:
            name = f"poll-{source.name}"
            threading.Thread(target=self._poll, args=(source, drop), name=name, daemon=True).start()

    def _poll(self, source: Source, drop: SftpDrop) -> None:
        """Fetch from one server until the gateway stops; a fault is told once until it is over, and its end."""
        seconds, outages = source.facts.seconds, Outages(utc_now)
        while not self._stopping.wait(seconds):
            try:
                drop.poll()
                outages.passed(
                    "DROP-FOLDER",
                    "",
                    "The drop folder on the server can be used again",
                    self._alert,
                    partner=source.name,
                )
            except Exception as error:  # of the server, of our disk or of ours: whatever it is, it is asked again
                if not isinstance(error, GatewayError):
                    logger().error("poll.fault", partner=source.name, error=type(error).__name__, code=frames(error))
                outages.once("DROP-FOLDER", "", _why(error), self._alert, partner=source.name)

    def _polled(self, event: SftpEvent) -> None:
        """Log what a fetcher tells; a file that stays on the partner's server for good is for a person too, once."""
        left = (event.rule, event.account, event.name)
        if event.rule not in _LEFT:
            log_event(event)
        elif left not in self._left:
            log_event(event)
            if len(self._left) >= _MOST_LEFT:
                self._left.clear()
            self._left.add(left)
            self._alert(event.rule, _LEFT[event.rule], partner=event.account)
