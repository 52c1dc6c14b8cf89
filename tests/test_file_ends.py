"""How a file ends says nothing of what is in it: without its last line break, in CRLF, with the Ctrl-Z of old systems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.check import Checker
from gateway.site import base_site
from tests.drops import FIXTURES, SAMPLES_NOW

_OTHERS = ("h09", "h10", "h19", "h22", "04_tab_utf16", "12_utf16le", "14_empty", "06_record_types", "07_hostile_cells")
"""UTF-16, where bytes at the end are half a character; empty files; a quote that is open at the end; what needs a partner's layout."""

FILES = [
    path
    for folder, endings in (("x12", ".edi"), ("edifact", ".edi"), ("cargoimp", ".txt"), ("xml", ".xml"), ("csv", ".csv"))
    for path in sorted((FIXTURES / folder).glob(f"*{endings}"))
    if not path.name.startswith(_OTHERS)
]  # fmt: skip

ENDS: dict[str, Callable[[bytes], bytes]] = {
    "no last line break": lambda data: data.rstrip(b"\r\n"),
    "CRLF": lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "CRLF but the last": lambda data: data.replace(b"\r\n", b"\n").rstrip(b"\n").replace(b"\n", b"\r\n"),
    "Ctrl-Z": lambda data: data + b"\x1a",
}


def _said(path: Path) -> tuple[Any, ...]:
    """Return what became of a file: its counts, and the errors."""
    result = Checker(base_site(), SAMPLES_NOW).file(path)
    errors = sorted({f["rule"] for f in result["findings"] if f["severity"] == "error"})
    return result["shipments"], errors, result["verdict"].replace("accept_with_warnings", "accept")


def test_there_are_files_of_every_family() -> None:
    assert len(FILES) > 120
    assert len({path.parent for path in FILES}) == 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_end_of_a_file_changes_nothing(tmp_path: Path, path: Path) -> None:
    data = path.read_bytes()
    expected = _said(path)
    for how, change in ENDS.items():
        changed = tmp_path / path.name
        changed.write_bytes(change(data))
        assert _said(changed) == expected, how
