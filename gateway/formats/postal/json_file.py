"""Which objects of postal JSON are read (json_documents.csv), and which keys each of them may have (json_names.csv)."""

from __future__ import annotations

from functools import cache

from gateway.formats.objects import Document, document_of
from gateway.shipped import files, table_rows

_MANY = "Item ContentPiece Street SenderAddress ReceiverAddress"
"""Keys that may have several values; of two addresses the mapping tells."""


@cache
def documents() -> tuple[Document, ...]:
    """Return the rows of json_documents.csv."""
    text = files(__package__).joinpath("json_documents.csv").read_text("utf-8")
    return tuple(document_of(row, _MANY) for row in table_rows(text))


@cache
def names(kind: str) -> dict[str, frozenset[str]]:
    """Return element -> keys of it that we know (json_names.csv). kind: message type."""
    text = files(__package__).joinpath("json_names.csv").read_text("utf-8")
    rows = [row for row in table_rows(text) if row["type"] in ("", kind)]
    return {name: frozenset(row["keys"].split()) for row in rows for name in row["elements"].split()}
