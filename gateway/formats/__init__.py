"""The formats the gateway reads; one folder each, with the same file names.

A format module gives: `sniff(head) -> float`, `read(chunks, profile, scale) -> Iterator[Event]`, `DIALECT` (how mapping
paths are read), `ACKS` (acknowledgment kind -> writer), `ACK_ENDINGS` (kind -> end of the file name, where it is not "edi"; "KIND:VERSION" for interchanges of one version), `identify(unit) -> dict` (identifiers of a shipment that could
not be mapped), `segments(unit)` (raw segments for acknowledgments that echo them).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from types import ModuleType
from typing import Any

NAMES = ("x12", "edifact", "tabular", "cargo_xml", "cargo_imp", "postal", "wco_xml", "own")
"""Folders under gateway/formats; a new syntax is one folder and one name here."""

_ALSO = {
    "csv": "tabular",
    "json": "tabular",
    "xlsx": "tabular",
    "itmatt": "postal",
    "predes": "postal",
    "wco": "wco_xml",
    "ubl": "wco_xml",
}
"""Names of message formats that do not start with the name of their folder."""


def folder_of(message_format: str) -> str:
    """Return the folder that reads a message format: x12_309 -> x12, csv -> tabular."""
    first = message_format.partition("_")[0]
    return next((n for n in NAMES if message_format == n or message_format.startswith(n + "_")), _ALSO.get(first, ""))


@cache
def format_module(name: str) -> ModuleType:
    """Return the module of one format; imported when first used, so that small commands start fast."""
    return import_module(f"gateway.formats.{name}")


def sniffers(documents: Any = None) -> dict[str, Callable[[bytes], float]]:
    """Return format name -> sniffer, in the order they are asked; a format is imported when its turn comes.

    documents: of a site's own (Profile.documents); without them nothing is asked of the format `own`.
    """
    asked: dict[str, Callable[[bytes], float]] = {name: partial(_sniff, name) for name in NAMES if name != "own"}
    if documents is not None:
        asked["own"] = lambda head: format_module("own").sniff(head, documents)
    return asked


def _sniff(name: str, head: bytes) -> float:
    score: float = format_module(name).sniff(head)
    return score
