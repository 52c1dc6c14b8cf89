"""Tables: CSV and its kin, fixed width, record types, XLSX, JSON. Their answers are the plain ones.

What a partner's tables look like stands in `[options.tabular]` of its partner file (layout.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from gateway.formats.tabular.delimited_file import read_delimited
from gateway.formats.tabular.identify import identify
from gateway.formats.tabular.json_file import read_json
from gateway.formats.tabular.layout import options_of
from gateway.formats.tabular.paths import DIALECT
from gateway.formats.tabular.sniffing import is_json, is_workbook, sniff
from gateway.formats.tabular.xlsx_file import read_xlsx
from gateway.profile import Profile
from gateway.records import Event

ACKS: dict[str, Callable[..., Iterator[bytes]]] = {}
"""Senders of tables get receipt, reject file and report."""


def read(chunks: Iterable[bytes], profile: Profile, scale: tuple[int, int] = (0, 1)) -> Iterator[Event]:
    """Yield the events of one file; scale maps offsets of transcoded text back to the received bytes (base, factor)."""
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += chunk
        if len(head.lstrip()) >= 8:
            break
    options = options_of(profile.options)
    whole = chain((head,), source)
    if is_workbook(head):
        return read_xlsx(whole, profile, options)
    if is_json(head):
        return read_json(whole, profile, options, scale)
    return read_delimited(whole, profile, options, scale)


def segments(node: Any) -> list[tuple[int, list[str]]]:
    """Return nothing: no answer to a table echoes its rows."""
    return []


__all__ = ["ACKS", "DIALECT", "identify", "read", "segments", "sniff"]
