"""Events of XML files, whatever the chunks."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.findings import Finding
from gateway.formats import format_module
from gateway.records import Event, Unit
from gateway.site import base_site
from tests.drops import chunks_of


def events(data: bytes, folder: str = "cargo_xml", sizes: Iterable[int] = ()) -> list[Event]:
    """Read a file in chunks of the sizes given, in turn; whole without sizes."""
    return list(format_module(folder).read(chunks_of(data, sizes), base_site().partners["gwsender"].profile, (0, 1)))


def findings(found: list[Event]) -> list[Finding]:
    return [e for e in found if isinstance(e, Finding)]


def shape(found: list[Event]) -> list[object]:
    """What must not depend on the chunks."""
    out: list[object] = []
    for event in found:
        if isinstance(event, Unit):
            out.append(
                ("unit", event.number, event.role, [(n.xpath(), n.text, n.line, n.offset) for n in event.node.walk()])
            )
        elif isinstance(event, Finding):
            out.append((event.rule, event.message, event.position))
        else:
            out.append(type(event).__name__)
    return out
