"""Sending: files go to their targets one batch after the other, tried again as a policy says.

gateway.shell.deliver and gateway.shell.sftp_client put a file into its place; here is how often and in which order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import stamina
from stamina.instrumentation import set_on_retry_hooks

from gateway.errors import DeliveryError
from gateway.shell.again import Stored
from gateway.shell.deliver import TRY_LATER, File, LocalTarget, Target
from gateway.shell.syncing import sync_all


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often one delivery is tried at once; afterwards the drop waits and the engine comes back to it."""

    attempts: int = 3
    first_wait_s: float = 0.2
    longest_wait_s: float = 5.0
    timeout_s: float = 60.0


def deliver(
    target: Target, name: str, source: Path | Iterable[bytes], size: int, sha256: str, policy: RetryPolicy
) -> Stored | None:
    """Put one file, trying again as the policy says; see Target. Raises the last DeliveryError."""
    for attempt in _attempts(policy):
        with attempt:
            return target.put(name, source, size, sha256)
    return None


class Publishing:
    """Files that appear in their targets one batch after the other, while the disk is waited for once, at the end.

    remote: something went to another machine, and that was not noted yet. stays: earlier deliveries that lie in
    the place of ours, by name. appeared: names of what is at its target, until somebody clears it; also before a fault.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy, self.remote = policy, False
        self.stays: dict[str, Stored] = {}
        self.appeared: set[str] = set()
        self._folders = set[Path]()

    def put(self, target: Target, files: Sequence[File]) -> None:
        """Let files appear, trying again as the policy says. Raises the last DeliveryError."""
        with _named(str(target)):
            self._put(target, files)

    def _put(self, target: Target, files: Sequence[File]) -> None:
        if not isinstance(target, LocalTarget):
            for file in files:
                there = deliver(target, file.name, file.source, file.size, file.sha256, self._policy)
                if there is not None:
                    self.stays[file.name] = there
                self.appeared.add(file.name)
                self.remote = True
            return
        try:
            for attempt in _attempts(self._policy):
                with attempt:  # what appeared at the first try may be fetched before the second
                    rest = [file for file in files if file.name not in self.appeared]
                    target.publish(rest, self.stays, self.appeared)
        finally:
            if any(file.name in self.appeared for file in files):
                self._folders.add(target.folder)

    def settle(self) -> None:
        """Bring to the disk what appeared; only then is it delivered. Raises the last DeliveryError."""
        with _named(" or ".join(sorted(str(LocalTarget(folder)) for folder in self._folders))):
            for attempt in _attempts(self._policy):
                with attempt:
                    try:
                        sync_all(folders=self._folders)
                    except OSError as error:
                        raise DeliveryError(f"A folder could not be written: {error.strerror}.", TRY_LATER) from error
        self._folders, self.remote = set(), False


@contextlib.contextmanager
def _named(place: str) -> Iterator[None]:
    """Name the target in a DeliveryError."""
    try:
        yield
    except DeliveryError as error:
        error.place = place
        raise


set_on_retry_hooks(())  # each try of a delivery would be two more lines of the log; DROP-DELIVERY says why it waits


def _attempts(policy: RetryPolicy) -> Iterable[stamina.Attempt]:
    return stamina.retry_context(
        on=_may_pass,
        attempts=policy.attempts,
        timeout=policy.timeout_s,
        wait_initial=policy.first_wait_s,
        wait_max=policy.longest_wait_s,
        wait_jitter=policy.first_wait_s,
    )


def _may_pass(error: Exception) -> bool:
    return isinstance(error, DeliveryError) and error.retry
