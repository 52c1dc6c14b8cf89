"""CUSRES D.03A: the same verdict as APERAK for partners that expect an answer in the form of customs.

    GEI+5+1' all accepted, GEI+5+2' something rejected; one DOC group for each rejected shipment with its ERP/ERC/FTX

The gateway is not customs: it never uses the statuses 4, 5, 7 (released, examine, detained) and says so in FTX+AAI.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.edifact.shipments import Fault, Summary, bill, messages
from gateway.formats.edifact.writer import Writer, joined, next_reference, texts, wanted
from gateway.results import AckRequest

MOST_DOCUMENTS = 99_999
"""SG6 of CUSRES D.03A; more shipments go into a further message."""

_NOT_CUSTOMS = "CHECK OF THE GATEWAY BEFORE CUSTOMS; NOT A DECISION OF CUSTOMS"


def write_cusres(request: AckRequest) -> Iterator[bytes]:
    """Yield the CUSRES interchange; only for a partner whose acks.application names it ("aperak+cusres")."""
    return joined(_write(request)) if wanted(request, "cusres") else iter(())


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
    documents, current = 0, -1
    for fault in faults:
        if fault.shipment is None:
            continue  # message level: in the header
        qualifier, number, sequence, document = bill(fault.shipment, request.interchange)
        if fault.shipment.number != current:
            current = fault.shipment.number
            if documents == MOST_DOCUMENTS:
                yield out.close()
                yield from _head(request, out, summary)
                documents = 0
            documents += 1
            yield out.segment("DOC", document, number[:35])
            yield out.segment("RFF", (qualifier, number))
            yield out.segment("GEI", "5", "2")
        yield out.segment("ERP", ("", sequence))
        yield out.segment("ERC", (fault.code, "", "ZZZ"))
        yield out.segment("FTX", "AAO", "", "", texts(fault.text))
    yield out.close()


def _head(request: AckRequest, out: Writer, summary: Summary) -> Iterator[bytes]:
    bad = bool(summary.rejected or summary.faults)
    yield out.open("CUSRES", "D", "03A", "UN")
    yield out.segment("BGM", "961", f"RSP{request.controls('CUSRES'):06d}", "11")
    yield out.segment("DTM", ("9", request.now.strftime("%Y%m%d%H%M"), "203"))
    yield out.segment("FTX", "AAI", "", "", _NOT_CUSTOMS)
    for finding in summary.faults:
        yield out.segment("FTX", "AAO", "", "", texts(f"{finding.message} ({finding.rule})"))
    yield out.segment("GEI", "5", "2" if bad else "1")
    yield out.segment("RFF", ("ACW", summary.document or summary.opened.control_number))
    yield out.segment("RFF", ("AGO", request.interchange.control_number))
