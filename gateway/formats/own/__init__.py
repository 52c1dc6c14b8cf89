"""Documents of a site's own, in XML and JSON: rows of documents.csv and json_documents.csv of its profile folder.

gateway.own_documents reads and checks these tables; a profile carries what they say. Everything else is that of the
documents of the program: gateway.formats.xml and gateway.formats.objects. Answered with receipt, reject file and report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gateway.formats.objects import Document, Reading, begins_with, read_either
from gateway.formats.xml import DIALECT, Kind, score_of
from gateway.profile import Profile
from gateway.records import Event, Node
from gateway.results import AckRequest

ACKS: dict[str, Callable[[AckRequest], Iterator[bytes]]] = {}


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of one site."""

    xml: tuple[Kind, ...] = ()
    json: tuple[Document, ...] = ()


NONE = Documents()


def sniff(head: bytes, documents: Documents = NONE) -> float:
    """Return 1 for a document of the site: by its root element, or for JSON by the keys that its row names."""
    return 1.0 if begins_with(head, documents.json) else score_of(head, documents.xml, near=0.7)


def read(chunks: Iterable[bytes], profile: Profile, scale: tuple[int, int] = (0, 1)) -> Iterator[Event]:
    """Yield the events of one file; scale maps offsets of transcoded text back to the received bytes (base, factor)."""
    documents: Documents = profile.documents or NONE
    return read_either(chunks, scale, Reading("own", documents.json, profile), documents.xml)


def identify(node: Node) -> dict[str, str]:
    """Return nothing: where the numbers stand, the mapping says."""
    return {}


def segments(node: Node) -> list[tuple[int, list[str]]]:
    """Return nothing: no answer echoes elements."""
    return []


__all__ = ["ACKS", "DIALECT", "Documents", "identify", "read", "segments", "sniff"]
