"""Shared by the EDIFACT tests: fixtures, a profile, a small CUSCAR builder, readers of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gateway.findings import Finding
from gateway.formats.edifact.reader import EdifactReader
from gateway.profile import Identity, Profile
from gateway.records import Event, Node, Unit

FIXTURES = Path(__file__).parents[3] / "fixtures"
FILES = sorted((FIXTURES / "edifact").glob("*.edi"))
CASES = sorted(p for p in (FIXTURES / "cases").glob("*.edi") if b"UNB" in p.read_bytes() and p.name[:4] >= "S047")

ANYONE = (Identity("*"),)


def profile(**settings: Any) -> Profile:
    settings = {"senders": ANYONE, "receivers": ANYONE, **settings}
    return Profile("gw", "gwsender", "GWTEST01", **settings)


def fixture(name: str) -> bytes:
    return next((FIXTURES / "edifact").glob(f"{name}*")).read_bytes()


def case(name: str) -> bytes:
    return next((FIXTURES / "cases").glob(f"{name}_*")).read_bytes()


def events(data: bytes | Iterable[bytes], **settings: Any) -> list[Event]:
    chunks = [data] if isinstance(data, bytes) else data
    return list(EdifactReader(profile(**settings)).read(chunks))


def findings(data: bytes, **settings: Any) -> list[Finding]:
    return [e for e in events(data, **settings) if isinstance(e, Finding)]


def rules(data: bytes, **settings: Any) -> list[str]:
    return [f.rule for f in findings(data, **settings)]


def errors(data: bytes, **settings: Any) -> list[Finding]:
    return [f for f in findings(data, **settings) if f.refuses]


def units(data: bytes, **settings: Any) -> list[Unit]:
    """Return all shipments at once; the reader cuts the way up in those that were used, so it is made again."""
    found = [e for e in events(data, **settings) if isinstance(e, Unit)]
    for unit in found:
        _adopt(unit.node)
    return found


def _adopt(node: Node) -> None:
    for children in (node.children or {}).values():
        for child in children:
            child.parent = node
            _adopt(child)


def values(unit: Unit, tag: str) -> list[list[str]]:
    """Return the elements of all segments with a tag in a shipment."""
    return [n.elements[1:] for n in unit.node.walk() if n.tag == tag]


def pieces(data: bytes, sizes: Iterator[int]) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        size = next(sizes)
        yield data[position : position + size]
        position += size


BILL = (
    "CNI+{n}+GWH{n}", "RFF+HWB:GWH{n}", "NAD+CZ+++DEMO LTD+1 ROAD+YIWU++322000+CN",
    "NAD+CN+++ALEX EXAMPLE+77 DEMO STREET+AUSTIN+TX+78701+US", "GID+1+1:CT", "FTX+AAA+++COTTON SHIRTS",
    "MEA+AAE+G+KGM:0.450", "MOA+40:24.90:USD", "CST+1+6109100012:122", "LOC+27+CN:162:5",
)  # fmt: skip
HEAD = ("BGM+785+MAN1+9", "DTM+137:202509301155:203", "RFF+MWB:999-12345675", "TDT+20+XX901+4++XX:172:3")


def message(body: Iterable[str], reference: str = "1", identifier: str = "CUSCAR:D:03A:UN") -> list[str]:
    segments = [f"UNH+{reference}+{identifier}", *body]
    return [*segments, f"UNT+{len(segments) + 1}+{reference}"]


def bills(*numbers: int) -> list[str]:
    return [*HEAD, *(line.format(n=n) for n in numbers for line in BILL)]


def interchange(
    *messages: list[str], unb: str = "UNB+UNOC:3+GWSENDER:ZZ+GWRECEIVER:ZZ+250930:1200+REF1", end: str | None = None
) -> bytes:
    unz = f"UNZ+{len(messages)}+REF1" if end is None else end
    lines = [unb, *(segment for m in messages for segment in m), *([unz] if unz else [])]
    return "".join(f"{line}'\n" for line in lines).encode("latin-1")
