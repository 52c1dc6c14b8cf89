"""What is fuzzed: every reader with all that follows it, the mapping loader, partner files, responses, archives, names.

A target takes bytes and raises nothing but what its module promises; what else is promised it asserts.
"""

# ruff: noqa: PT017  a refusal is one of the two good ends

from __future__ import annotations

import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from gateway.canonical.validate import validate_message
from gateway.check import gather
from gateway.errors import GatewayError
from gateway.history import MemoryHistory
from gateway.mapping.folder import MappingSet
from gateway.mapping.lint import lint
from gateway.profile import Identity, Profile
from gateway.responding import responses_of
from gateway.responses import ResponseError
from gateway.shell.names import shown_name, stored_name
from gateway.shell.sftp_paths import RefusedError, split_path
from gateway.shell.unwrap import Limits, UnwrapError, take_out, wrapping
from gateway.site import base_mappings, base_site, data_folder, load_site
from gateway.translate import translate

NOW = datetime(2025, 3, 3, 10, tzinfo=UTC)
FIXTURES = data_folder() / "fixtures"


@dataclass(frozen=True)
class Target:
    """corpus: files that are damaged; check: what is done with each."""

    corpus: Callable[[], list[bytes]]
    check: Callable[[bytes], None]


def files(*patterns: str, most: int = 40_000) -> Callable[[], list[bytes]]:
    """Return a corpus of fixtures."""

    @cache
    def read() -> list[bytes]:
        found = [path.read_bytes() for pattern in patterns for path in sorted(FIXTURES.glob(pattern))]
        return [data for data in found if 0 < len(data) <= most]

    return read


def read_and_answer(data: bytes) -> None:
    """Translate: the books balance, what stands is valid, every answer can be written."""
    profile = base_site().profile_for(data)
    outcome, messages = gather(translate([data[:700], data[700:]], profile, NOW, MemoryHistory(), name="fuzz"))
    assert outcome.counts.balanced, outcome.counts
    for ack in outcome.acks:
        text = b"".join(ack.chunks)
        if ack.name.endswith(".json"):
            json.loads(text)
    for message in messages:
        assert validate_message(message) == (), "an invalid message would be delivered"
    shipments = sum(len(message["shipments"]) for message in messages)
    assert shipments == outcome.counts.accepted, "the books and what is delivered differ"


def load_mapping(data: bytes) -> None:
    """Load a damaged table as a partner's own rows: it compiles, or a MappingError says where."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mapping, _, text = data.partition(b"\n")
        known = mapping.decode("ascii", "replace").strip()
        (folder / f"{known if known.isidentifier() and len(known) < 100 else 'x12_309_truck'}.csv").write_bytes(text)
        try:
            found = MappingSet(base_mappings(), [folder])
            for facts in found.facts:
                if (folder / f"{facts.id}.csv").exists():
                    found.compiled(facts)
                    lint(found, facts)
        except GatewayError as error:
            assert error.advice is not None


def load_codes(data: bytes) -> None:
    """Load a damaged code table."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "codes").mkdir()
        (Path(name) / "codes" / "mode_x12.csv").write_bytes(data)
        try:
            found = MappingSet(base_mappings(), [Path(name)])
            found.compiled(next(facts for facts in found.facts if facts.id == "x12_309_truck"))
        except GatewayError as error:
            assert error.advice is not None


def load_partner(data: bytes) -> None:
    """Load a damaged partner file."""
    with tempfile.TemporaryDirectory() as name:
        shutil.copytree(base_mappings() / "profiles" / "base", name, dirs_exist_ok=True)
        for path in (Path(name) / "partners").glob("*.toml"):
            path.write_bytes(data)
        try:
            load_site(Path(name))
        except GatewayError as error:
            assert error.advice


def read_response(data: bytes) -> None:
    """Read a damaged response of the receiver."""
    try:
        for response in responses_of(data, Profile("@r", "@r", "", (Identity("*"),), (Identity("*"),))):
            assert response.shipment_id or response.manifest
    except ResponseError as error:
        assert str(error)


def open_archive(data: bytes) -> None:
    """Open a damaged archive: all of it within its limits, or none."""
    with tempfile.TemporaryDirectory() as name:
        raw, out = Path(name) / "raw", Path(name) / "out"
        raw.write_bytes(data)
        out.mkdir()
        kind = wrapping(raw, ("zip", "gz"))
        if kind:
            try:
                for member in take_out(raw, "a.zip", kind, out, Limits(total=1_000_000)):
                    assert member.path.parent == out
            except UnwrapError as error:
                assert str(error)


def take_name(data: bytes) -> None:
    """Take whatever a client calls a file: it stays in its folder, and in its line of the log."""
    text = data[:3000].decode("utf-8", "surrogateescape")
    try:
        folder, name = split_path(text)
        assert folder in ("", "in", "ack", "reject")
        assert "/" not in name
        assert name not in (".", "..")
    except RefusedError as error:
        assert error.reason
    stored = stored_name(text)
    assert stored
    assert "/" not in stored
    assert not stored.startswith(".")
    assert len(stored) <= 200
    assert shown_name(text).isprintable() or not any(ord(c) < 32 or c in "\u2028\u2029\x7f" for c in shown_name(text))


@cache
def _tables() -> list[bytes]:
    found = sorted(base_mappings().glob("*/map.csv"))
    return [f"{path.parent.name}\n".encode() + path.read_bytes() for path in found]


@cache
def _workbooks() -> list[bytes]:
    from openpyxl import Workbook

    book, packed = Workbook(), io.BytesIO()
    for line in (FIXTURES / "csv" / "01_clean_utf8.csv").read_text("utf-8").splitlines():
        book.active.append(line.split(","))
    book.save(packed)
    plain = io.BytesIO()  # not packed: damage reaches the XML, not only the checksums
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(plain, "w", zipfile.ZIP_STORED) as new:
        for entry in old.namelist():
            new.writestr(entry, old.read(entry))
    return [packed.getvalue(), plain.getvalue()]


@cache
def _archives() -> list[bytes]:
    import gzip

    data = (FIXTURES / "x12" / "01_309_truck_5020_s321.edi").read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.edi", data)
        archive.writestr("b/c.edi", data)
    return [packed.getvalue(), gzip.compress(data)]


def _partners() -> list[bytes]:
    return [path.read_bytes() for path in sorted(base_mappings().glob("profiles/*/partners/*.toml"))]


def _responses() -> list[bytes]:
    one = b'{"schema_version":"1.0","responses":[{"shipment_id":"NRTX1","status":"hold","code":"1C","at":"2025-03-03T12:00:00Z"}]}'
    return [one, *files("x12/1*_35*.edi", "edifact/2[5-7]*.edi", "x12/2[89]*.edi")()]


def _names() -> list[bytes]:
    return [
        b"/in/manifest.edi",
        b"../../etc/passwd",
        "Trip Ä 1.edi".encode(),
        b"in//./x.edi",
        b"ack/x.997.edi",
        b"a.part",
    ]


TARGETS = {
    "x12": Target(files("x12/*.edi", "cases/*.edi"), read_and_answer),
    "edifact": Target(files("edifact/*.edi"), read_and_answer),
    "xml": Target(files("xml/*.xml", "xml-extra/*.xml"), read_and_answer),
    "cargo_imp": Target(files("cargoimp/*.txt"), read_and_answer),
    "csv": Target(files("csv/*.csv", "csv/*.txt"), read_and_answer),
    "json": Target(files("csv/*.json"), read_and_answer),
    "xlsx": Target(_workbooks, read_and_answer),
    "mapping": Target(_tables, load_mapping),
    "codes": Target(lambda: [p.read_bytes() for p in sorted(base_mappings().glob("codes/mode_*.csv"))], load_codes),
    "partner": Target(_partners, load_partner),
    "responses": Target(_responses, read_response),
    "archive": Target(_archives, open_archive),
    "names": Target(_names, take_name),
}
