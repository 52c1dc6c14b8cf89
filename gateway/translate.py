"""THE function: bytes + profile + clock + history -> deliveries, acknowledgments, findings, books.

    chunks -> detect -> reader events -> settling (map, schema, rules, history) -> Delivery ...  Outcome

Pure: no file, socket, clock or database is touched. Shipments leave one by one and stay provisional until the Outcome,
because the trailers of set, group and interchange come last: what they refuse, `Outcome.refused_keys` takes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from gateway import acks
from gateway.books import Books
from gateway.formats import format_module
from gateway.formats.detect import HEAD, Detection, check_name, detect_for, first_bytes
from gateway.history import History, MemoryHistory
from gateway.judge import Judge
from gateway.profile import Profile
from gateway.reading import Reading
from gateway.results import Counts, Delivery, Outcome, Records
from gateway.settling import Settler
from gateway.sharing import Aside, Others
from gateway.spools import MemorySpool, NoSpool, Spool


def translate(
    chunks: Iterable[bytes],
    profile: Profile,
    now: datetime,
    history: History,
    *,
    name: str = "",
    size: int = 0,
    sha256: str = "",
    receipt_id: str = "",
    stem: str = "",
    spool: Spool | None = None,
    counts: Counts | None = None,
    others: Others | None = None,
) -> Iterator[Delivery | Outcome]:
    """Yield the deliveries of one dropped file and, last, its Outcome.

    chunks: the raw bytes, split anywhere. name: as the sender called it. size, sha256: of the raw bytes.
    stem: what the names of the answers begin with, as the receipt lists them (default: name).
    spool: where results wait for the acknowledgment writers (default: memory).
    counts: an object that is kept up to date while the file is read, for a display of the progress.
    others: verdicts of another process that reads the same file (`assist`). Raises SharedError when they are not of it.
    """
    source, seen = _seen(chunks, profile, name)
    records = Records(spool or MemorySpool())

    def settle(judge: Judge, books: Books) -> Settler:
        return Settler(judge, profile, now, history, books, records, name, sha256, others)

    reading = Reading(profile, now, history, records, name, counts or Counts(), settle)
    if seen.hold is not None:
        reading.finding(seen.hold)
    else:
        yield from reading.read(source, seen)
    outcome = reading.outcome(seen)
    module = format_module(seen.format) if seen.format else None
    outcome.acks = acks.plan(
        outcome, profile, history.next_control, now, profile.catalogue and profile.catalogue.worded(seen.format),
        file_name=name, stem=stem or name, size=size, sha256=sha256, receipt_id=receipt_id, detected=outcome.format, writers=module.ACKS if module else {}, endings=getattr(module, "ACK_ENDINGS", {}),
    )  # fmt: skip
    yield outcome


def assist(
    chunks: Iterable[bytes], profile: Profile, now: datetime, wanted: Callable[[int], bool], *, name: str = ""
) -> Iterator[tuple[int, bytes]]:
    """Yield verdicts for another process that translates the same file: number of the group, and what `Others` gives.

    wanted: whether a group is still to be judged. Shipments that wait for other messages need the history: no verdicts
    for partners who join.
    """
    source, seen = _seen(chunks, profile, name)
    if seen.hold is None and profile.join_hours <= 0:
        reading = Reading(
            profile, now, MemoryHistory(), Records(NoSpool()), name, Counts(), lambda judge, _: Aside(judge, wanted)
        )
        yield from reading.read(source, seen)


def _seen(chunks: Iterable[bytes], profile: Profile, name: str) -> tuple[Iterator[bytes], Detection]:
    """Return all chunks, and what the file is by its name and its first bytes."""
    head, source = first_bytes(chunks, HEAD)
    bad_name = check_name(name, depth=int(profile.options.get("max_depth", 0))) if name else None
    seen = Detection(hold=bad_name, kind="none") if bad_name else detect_for(head, name, profile)
    return source, seen
