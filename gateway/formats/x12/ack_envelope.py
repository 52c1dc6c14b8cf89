"""X12 out: ISA, GS and ST around an acknowledgment, counted while it is streamed; values made safe.

    ISA*00*          *00*          *ZZ*S321GATEWAY    *02*NRTX           *250115*0930*^*00501*000000026*0*P*>~
    GS*FA*S321GATEWAY*NRTX*20250115*0930*20*X*004010~   ST*997*0001~ ... SE*6*0001~  GE*1*20~  IEA*1*000000026~

Sender and receiver of the subject are swapped. Control numbers come from durable counters, never from a clock. X12 has
no release character: characters of a value that are separators of the reply are replaced by a blank. Each segment is
followed by a line feed, so that people can read the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gateway.findings import Finding, Position, Scope
from gateway.formats.x12.layout import supported_versions
from gateway.formats.x12.sets import set_kinds
from gateway.records import Group, GroupBegin, Interchange, Separators
from gateway.results import AckRequest, MessageFinding

DEFAULT = Separators("*", ">", "~", "^")
_SAFE = re.compile(r"[!-/:-@\[-`{-~]")  # printable ASCII punctuation
_BEFORE_005010 = "^`"  # characters that no text may hold in these releases
ACK_SETS = frozenset(("997", "999", "824", "350", "353", "355"))
"""Sets that are answers themselves and are never answered."""


class Envelope:
    """Writes one reply interchange. Call answer_to, st, segment ..., se, end in order; counts are kept here.

    Each application of the sender is answered in a group of its own, in the release that it speaks.
    """

    def __init__(self, request: AckRequest, version: str = "") -> None:
        """version: GS08 of the reply where all of its groups have one; the newest one decides ISA11 and ISA12."""
        subject = request.interchange
        self._request, self.version, self._one = request, version, bool(version)
        self.separators = reply_separators(subject)
        self._to: tuple[str, ...] = ()  # of the open group: kind, both applications, release
        self._sets = self._segments = self._groups = 0
        self._set = self._isa13 = ""
        self._gs06 = 0

    def isa(self) -> bytes:
        """Return ISA."""
        s, subject, now = self.separators, self._request.interchange, self._request.now
        self._isa13 = f"{self._request.controls('ISA13'):09d}"
        envelope = "00501" if self._newest()[:6] >= "005010" else "00401"
        fields = (
            "ISA", "00", " " * 10, "00", " " * 10,
            _pad(self._clean(subject.receiver_qualifier) or "ZZ", 2), _pad(self._clean(subject.receiver_id), 15),
            _pad(self._clean(subject.sender_qualifier) or "ZZ", 2), _pad(self._clean(subject.sender_id), 15),
            now.strftime("%y%m%d"), now.strftime("%H%M"), s.repetition if envelope >= "00402" else "U", envelope,
            self._isa13, "0", "T" if subject.test else "P", s.component,
        )  # fmt: skip
        return (s.element.join(fields) + s.segment + "\n").encode("ascii", "replace")

    def _newest(self) -> str:
        """Return the newest release that the groups of this reply may have: those of the received ones, where each has its own."""
        if self._one or self.version[:6] >= "005010":
            return self.version
        groups = (record.group for record in self._request.own_records() if isinstance(record, GroupBegin))
        return max((reply_version(group, self.version) for group in groups), default=self.version)

    def answer_to(self, group: Group, functional_id: str, version: str = "") -> Iterator[bytes]:
        """Yield what must stand before a set that answers something of a received group: ISA, GS; nothing when they are open.

        version: GS08 of the reply where it is not that of the whole interchange.
        """
        subject = self._request.interchange
        ours, theirs = group.receiver or subject.receiver_id, group.sender or subject.sender_id
        to = (functional_id, ours, theirs, version or self.version)
        if to == self._to:
            return
        self.version = to[3]
        yield self.ge() if self._to else self.isa()
        self._to = to
        yield self._gs(functional_id, ours, theirs)

    def end(self) -> Iterator[bytes]:
        """Yield the trailers of what was opened."""
        if self._to:
            yield self.ge()
            yield self.iea()

    def _gs(self, functional_id: str, ours: str, theirs: str) -> bytes:
        """Return GS; ours, theirs: application ids, ours and the partner's."""
        now = self._request.now
        self._gs06 = self._request.controls("GS06")
        self._groups += 1
        self._sets = 0
        return self._write(
            "GS",
            functional_id,
            ours[:15],
            theirs[:15],
            now.strftime("%Y%m%d"),
            now.strftime("%H%M"),
            str(self._gs06),
            "X",
            self.version,
        )

    def st(self, set_id: str) -> bytes:
        """Return ST; 999 and later versions carry ST03."""
        self._sets += 1
        self._segments = 0
        self._set = f"{self._sets:04d}"
        implementation = (self.version,) if set_id == "999" else ()
        return self.segment("ST", set_id, self._set, *implementation)

    def segment(self, tag: str, *elements: str | tuple[str, ...]) -> bytes:
        """Return one segment of the open set; a tuple is a composite. Empty elements at the end are left out."""
        self._segments += 1
        return self._write(tag, *elements)

    def raw(self, elements: Iterable[str]) -> bytes:
        """Return an echo of a received segment, its values made safe."""
        return self.segment(*(self._clean(e) for e in elements))

    def se(self) -> bytes:
        """Return SE with the number of segments."""
        return self.segment("SE", str(self._segments + 1), self._set)

    def ge(self) -> bytes:
        """Return GE with the number of sets."""
        return self._write("GE", str(self._sets), str(self._gs06))

    def iea(self) -> bytes:
        """Return IEA with the number of groups."""
        return self._write("IEA", str(self._groups), self._isa13)

    def _write(self, tag: str, *elements: str | tuple[str, ...]) -> bytes:
        s = self.separators
        bad = _BEFORE_005010 if self.version[:6] < "005010" else ""
        parts = [tag]
        for element in elements:
            values = (element,) if isinstance(element, str) else element
            parts.append(s.component.join(self._clean(v, bad) for v in values).rstrip(s.component))
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        return (s.element.join(parts) + s.segment + "\n").encode("ascii", "replace")

    def _clean(self, text: str, also: str = "") -> str:
        """Return text without separators of the reply, control and non-ASCII characters, and without those of `also`."""
        s = self.separators
        bad = {s.element, s.component, s.segment, s.repetition, *also}
        return "".join(c if " " <= c <= "~" and c not in bad else " " for c in text).rstrip()


def reply_separators(subject: Interchange) -> Separators:
    """Return the subject's separators when they are safe (distinct ASCII punctuation), else the usual ones."""
    s = subject.separators
    if s is None:
        return DEFAULT
    repetition = s.repetition or next(c for c in "^!|" if c not in (s.element, s.component, s.segment))
    chosen = (s.element, s.component, s.segment, repetition)
    if len(set(chosen)) == 4 and all(len(c) == 1 and _SAFE.fullmatch(c) for c in chosen):
        return Separators(s.element, s.component, s.segment, repetition)
    return DEFAULT


def echo(value: str | None, *, personal: bool, allowed: bool, limit: int = 99) -> str:
    """Return a received value as an acknowledgment may repeat it: cut to `limit`, empty when it is personal."""
    if value is None or (personal and not allowed):
        return ""
    return value[:limit].strip()


def data_element(place: Position) -> str:
    """Return the number of a data element as answers name it (element 725); "" for a composite (C040), which has none."""
    return place.data_element if place.data_element.isdigit() else ""


def answerable(subject: Interchange) -> bool:
    """False when there is nobody to answer: ISA could not be read."""
    return bool(subject.sender_id and subject.control_number)


def reply_version(group: Group, default: str) -> str:
    """Return the version a group is answered in: its own when we know it."""
    version = group.version[:6]
    return version if version in supported_versions() else default


def group_code(set_id: str, version: str) -> str:
    """Return GS01 of an answer: the code of its set, and that of all ocean sets in the releases before it had one.

    >>> group_code("350", "004060"), group_code("350", "004010")
    ('AU', 'SO')
    """
    codes = set_kinds()[set_id].functional_ids
    return codes[0] if version >= "004030" else codes[-1]


def group_faults(request: AckRequest) -> dict[int, Finding]:
    """Return group index -> the first error of the group as such, which refuses all its sets."""
    found: dict[int, Finding] = {}
    current = -1
    for record in request.own_records():
        if isinstance(record, GroupBegin):
            current = record.group.index
        elif isinstance(record, MessageFinding) and record.finding.scope is Scope.GROUP and record.finding.refuses:
            found.setdefault(current, record.finding)
    return found


def _pad(text: str, width: int) -> str:
    return text[:width].ljust(width)
