"""Names of files in a drop folder: whatever they are called, they are files of that folder, and are judged by what they hold."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gateway.commands.status import drops
from gateway.formats.detect import check_name
from gateway.shell.names import shown_name
from tests.shell.site_support import Place

NAMES = [
    b"\xe9t\xe9.edi",  # cp1252, of a Windows share
    b"tab\there.edi",
    b"two\nlines.edi",
    b"back\\slash.edi",
    "\u202egnp.edi".encode(),
    "line\u2028.edi".encode(),
    b"\xff" * 250,
    b"a" * 251 + b".edi",
    b"-rf $HOME; x.edi",
    "発送 📦.edi".encode(),
    b" blank.edi ",
    b"NUL",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_judged_whatever_its_name_is(tmp_path: Path, name: bytes) -> None:
    place = Place(tmp_path / "site")
    sample = (place.folder / "samples" / "good-309.edi").read_bytes()
    Path(os.fsdecode(os.fsencode(place.folder / "inbox") + b"/" + name)).write_bytes(sample)
    engine = place.engine()
    try:
        for _ in range(3):
            engine._next_poll = 0.0
            engine.run_once()
    finally:
        engine.close()
    (row,) = drops(place.site)
    assert (row["state"], row["accepted"]) == ("done", 2)
    assert row["file"] == shown_name(os.fsdecode(name))
    (receipt,) = (n for n in place.names() if n.endswith("receipt.json"))
    told = json.loads((place.folder / "drop" / "northtest" / "ack" / receipt).read_text())
    assert told["file_name"] == row["file"]


def test_paths_are_still_told_from_names() -> None:
    for path in ("sub/a.edi", "sub\\a.edi", "a\\b\\c.edi"):
        found = check_name(path)
        assert found is not None and found.rule == "SFTP-PATH-DEPTH"
    for path in ("../a.edi", "..\\a.edi", "/etc/passwd"):
        found = check_name(path)
        assert found is not None and found.rule == "SFTP-PATH"
