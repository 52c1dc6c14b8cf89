"""JSON documents whose objects are read as XML elements are: one dialect and one kind of mapping table for both.

A format folder gives a table of its documents (document_of) and calls read_either, because all of them have documents in XML too. Tables in JSON, a row an object, are
gateway.formats.tabular.
"""

from __future__ import annotations

from gateway.formats.objects.reader import Reading, read_either, read_objects
from gateway.formats.objects.sniffing import Document, begins_with, document_of, is_json, names_all_keys

__all__ = [
    "Document",
    "Reading",
    "begins_with",
    "document_of",
    "is_json",
    "names_all_keys",
    "read_either",
    "read_objects",
]
