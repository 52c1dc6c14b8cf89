"""What one file has come to while it is read: counts, what was refused by whom, and the file's verdict.

Trailers come last: what message, group or interchange has accepted so far stands in a tally, until its trailer takes it
back or lets it stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gateway.findings import Finding, Scope, Severity
from gateway.history import History
from gateway.results import Counts

_ABOVE = {Scope.MESSAGE: (Scope.GROUP, Scope.INTERCHANGE), Scope.GROUP: (Scope.INTERCHANGE,), Scope.INTERCHANGE: ()}


class Tally:
    """What one open level (message, group, interchange) has accepted so far.

    mark: of the history when the level was opened; rule: what refuses the level, "" = nothing so far.
    stood: how many shipments of each verdict a refusal of the level would turn into rejected.
    """

    __slots__ = ("mark", "messages", "rule", "stood")

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self.rule = ""
        self.stood: Counter[str] = Counter()
        self.messages = range(0)  # indexes of its messages, which follow each other


class Books:
    """The books of one file. refused: message index -> rule."""

    def __init__(self, counts: Counts, history: History) -> None:
        self.counts = counts
        self.refused: dict[int, str] = {}
        self.refused_interchanges: dict[int, str] = {}
        self._history = history
        self._levels = {scope: Tally(0) for scope in _ABOVE}
        self._worst: set[Severity] = set()
        self._held = False

    def open(self, scope: Scope) -> None:
        """Begin a message, group or interchange."""
        self._levels[scope] = Tally(self._history.mark())

    def so_far(self) -> tuple[int, int, int]:
        """Return how many shipments stand (or did before), how many are rejected, and how many messages are refused."""
        counts = self.counts
        stands = counts.accepted + counts.joined + counts.waiting + counts.duplicate
        return stands, counts.rejected, len(self.refused)

    def rule(self, scope: Scope) -> str:
        """Return the rule that refuses the open level, "" when none does so far."""
        return self._levels[scope].rule

    def note(self, finding: Finding) -> None:
        """Note a finding above shipment level: an error refuses what it stands in, the file is held by one of its own."""
        self._worst.add(finding.severity)
        if not finding.refuses:
            return
        if finding.scope is Scope.FILE:
            self._held = True
        elif not self._levels[finding.scope].rule:
            self._levels[finding.scope].rule = finding.rule

    def settle(self, verdict: str, findings: Iterable[Finding]) -> None:
        """Count one shipment of the open message."""
        counts = self.counts
        setattr(counts, verdict, getattr(counts, verdict) + 1)
        if verdict not in ("rejected", "duplicate"):
            self._levels[Scope.MESSAGE].stood[verdict] += 1
        for finding in findings:
            self._worst.add(finding.severity)

    def accept(self, shipments: int) -> None:
        """Count accepted shipments of the open message of which there is nothing to tell."""
        self.counts.accepted += shipments
        self._levels[Scope.MESSAGE].stood["accepted"] += shipments

    def close_message(self, index: int) -> tuple[bool, int]:
        """Return whether the message falls, and how many of its shipments stood until now."""
        tally = self._levels[Scope.MESSAGE]
        tally.messages = range(index, index + 1)
        self._close(Scope.MESSAGE)
        return bool(tally.rule), tally.stood.total()

    def close_group(self) -> None:
        """Let the messages of the group stand or fall."""
        self._close(Scope.GROUP)
        self.open(Scope.GROUP)

    def close_interchange(self, index: int) -> None:
        """Let the messages of the interchange stand or fall."""
        rule = self.rule(Scope.INTERCHANGE)
        if rule:
            self.refused_interchanges[index] = rule
        self._close(Scope.INTERCHANGE)
        self.open(Scope.INTERCHANGE)

    def _close(self, scope: Scope) -> None:
        """Take the level back when something refuses it, else let it count in the levels above."""
        tally = self._levels[scope]
        if tally.rule:
            self._take_back(tally)
        if scope is Scope.MESSAGE:
            for above in _ABOVE[scope]:
                self._levels[above].stood.update({} if tally.rule else tally.stood)
                begun = self._levels[above].messages or tally.messages
                self._levels[above].messages = range(begun.start, tally.messages.stop)
        elif tally.rule:
            for above in _ABOVE[scope]:
                self._levels[above].stood.subtract(tally.stood)

    def _take_back(self, tally: Tally) -> None:
        self._history.rollback(tally.mark)
        counts = self.counts
        for verdict, number in tally.stood.items():
            setattr(counts, verdict, getattr(counts, verdict) - number)
            counts.rejected += number
        self._refuse(tally.messages, tally.rule)

    def take_back_all(self, messages: Iterable[int], rule: str) -> None:
        """Let nothing stand of what was closed before: the file is held. messages: indexes."""
        for name in ("accepted", "joined", "waiting"):
            self.counts.rejected += getattr(self.counts, name)
            setattr(self.counts, name, 0)
        self._refuse(messages, rule)

    def _refuse(self, messages: Iterable[int], rule: str) -> None:
        for index in messages:
            self.refused.setdefault(index, rule)

    def close(self, interchanges: int) -> None:
        """End the file; one in which nothing was found falls with its last interchange."""
        rule = self.rule(Scope.INTERCHANGE)
        if self.counts.found == 0 and rule:
            self.refused_interchanges.setdefault(max(interchanges - 1, 0), rule)

    def verdict(self) -> str:
        """Return accept, accept_with_warnings, partial, reject or quarantine."""
        counts = self.counts
        if self._held:
            return "quarantine"
        lost = counts.rejected or counts.duplicate
        stands = counts.accepted or counts.joined or counts.waiting
        if stands and lost:
            return "partial"
        if not stands and (lost or Severity.ERROR in self._worst):
            return "reject"
        if Severity.ERROR in self._worst:
            return "partial"
        return "accept_with_warnings" if Severity.WARNING in self._worst or counts.waiting else "accept"
