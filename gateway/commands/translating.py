"""`gateway translate`: one file to a folder, without server or ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from gateway.commands.named_files import check_file
from gateway.commands.progress import Meter
from gateway.errors import ConfigError
from gateway.history import MemoryHistory
from gateway.results import Delivery, Outcome
from gateway.site import Site
from gateway.translate import translate

_BLOCK = 1 << 16


def translate_file(path: Path, output: Path, site: Site, moment: datetime | None, progress: bool) -> dict[str, Any]:
    """Translate a file; write canonical messages and answers into `output`; return the facts.

    progress: show shipments per second, percent and ETA on standard error after two seconds.
    Raises ConfigError when the output folder holds a file of the same name with other content.
    """
    check_file(path)
    if output.exists() and not output.is_dir():
        raise ConfigError(f"{output} is a file.", "Name a folder with -o.")
    output.mkdir(parents=True, exist_ok=True)
    size = path.stat().st_size
    with path.open("rb") as source:
        head = source.read(_BLOCK)
        digest = hashlib.sha256(head)
        while block := source.read(_BLOCK):
            digest.update(block)
    sha256 = digest.hexdigest()
    profile = site.profile_for(head)
    meter = Meter(size, active=progress)
    writer = _Writer(output, profile.partner, sha256)
    outcome: Outcome | None = None
    now = moment or datetime.now(UTC)
    receipt = f"T{sha256[:12].upper()}"
    with path.open("rb") as source:
        for piece in translate(meter.blocks(source), profile, now, MemoryHistory(), name=path.name, size=size, sha256=sha256, receipt_id=receipt, counts=meter.counts):  # fmt: skip
            if isinstance(piece, Delivery):
                writer.add(piece)
            else:
                outcome = piece
    meter.done()
    assert outcome is not None
    written = writer.finish(outcome.refused_keys)
    for ack in outcome.acks:
        name = f"{path.name}{ack.name}"
        with (output / name).open("wb") as file:
            file.writelines(ack.chunks)
        written.append(name)
    return {"file": path.name, "format": outcome.format, "verdict": outcome.verdict, "shipments": outcome.counts.facts(), "written": written}  # fmt: skip


class _Writer:
    """Canonical messages as temporary files, renamed when the outcome is known."""

    def __init__(self, output: Path, partner: str, sha256: str) -> None:
        self._output, self._prefix = output, f"{partner}-{sha256[:12]}"
        self._files: dict[str, tuple[Path, BinaryIO]] = {}
        self._empty: set[str] = set()

    def add(self, piece: Delivery) -> None:
        """Write one piece."""
        if piece.kind == "head":
            path = self._output / f".{self._prefix}-{piece.key}.tmp"
            self._files[piece.key] = (path, path.open("wb"))
            self._empty.add(piece.key)
            self._files[piece.key][1].write(piece.data)
        elif piece.kind == "shipment":
            file = self._files[piece.key][1]
            file.write(piece.data if piece.key in self._empty else b"," + piece.data)
            self._empty.discard(piece.key)
        else:
            self._files[piece.key][1].write(piece.data)
            self._files[piece.key][1].close()

    def finish(self, refused: Container[str]) -> list[str]:
        """Rename what stands, remove what was refused; return the names."""
        names = []
        for key, (path, file) in self._files.items():
            file.close()
            if key in refused:
                path.unlink()
                continue
            name = f"{self._prefix}-{key}.json"
            path.replace(self._output / name)
            names.append(name)
        return names
