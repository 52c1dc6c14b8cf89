"""APERAK D.03A: what the business checks say, one message for each message received.

    BGM+312+APK000024+29'   all accepted      BGM+313+..+27' all rejected      BGM+313+..+45' some rejected
    ERC+GW0321::ZZZ'  FTX+AAO+++TEXT'  RFF+HWB:GWH0000122:2'     one group for each error; 1156 = CNI sequence

9321 has no UN list: the codes are ours (column aperak of the rule catalogue), agency ZZZ.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.edifact.shipments import Fault, Summary, bill, messages
from gateway.formats.edifact.writer import Writer, joined, next_reference, texts, wanted
from gateway.results import AckRequest

MOST_ERRORS = 99_999
"""SG4 of APERAK D.03A; more errors go into a further message."""


def write_aperak(request: AckRequest) -> Iterator[bytes]:
    """Yield the APERAK interchange; nothing when no message of the subject has an answer or the policy wants none."""
    return joined(_write(request)) if wanted(request, "aperak", "824", "355") else iter(())


def _write(request: AckRequest) -> Iterator[bytes]:
    out = Writer(request.interchange)
    begun = False
    for summary, faults in messages(request):
        if not begun:
            begun = True
            yield out.begin(request, next_reference(request))
        yield from _message(request, out, summary, faults)
    if begun:
        yield out.end()


def _message(request: AckRequest, out: Writer, summary: Summary, faults: Iterator[Fault]) -> Iterator[bytes]:
    yield from _head(request, out, summary)
    written = 0
    for fault in faults:
        if written == MOST_ERRORS:
            yield out.close()
            yield from _head(request, out, summary)
            written = 0
        written += 1
        yield out.segment("ERC", (fault.code, "", "ZZZ"))
        yield out.segment("FTX", "AAO", "", "", texts(fault.text))
        if fault.shipment is not None:
            qualifier, number, sequence, _ = bill(fault.shipment, request.interchange)
            yield out.segment("RFF", (qualifier, number, sequence))
    yield out.close()


def _head(request: AckRequest, out: Writer, summary: Summary) -> Iterator[bytes]:
    subject = request.interchange
    everything = summary.rejected == summary.found and (summary.found or summary.faults)
    code = ("313", "27") if everything or summary.faults else ("313", "45") if summary.rejected else ("312", "29")
    yield out.open("APERAK", "D", "03A", "UN")
    yield out.segment("BGM", code[0], f"APK{request.controls('APERAK'):06d}", code[1])
    yield out.segment("DTM", ("137", request.now.strftime("%Y%m%d%H%M"), "203"))
    yield out.segment("CNT", ("10", str(summary.found)))
    if summary.document:
        yield out.segment("RFF", ("ACW", summary.document))
    yield out.segment("RFF", ("AGO", subject.control_number))
    yield out.segment("RFF", ("TN", summary.opened.control_number))
    yield out.segment("NAD", "MS", (subject.receiver_id or request.profile.own_id.id, "", "ZZZ"))
    yield out.segment("NAD", "MR", (subject.sender_id, "", "ZZZ"))
