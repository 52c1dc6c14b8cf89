"""Where `gateway extract` writes to: a CSV, a workbook, or a folder of XML documents.

Each is written under a temporary name; `finish` gives the final one, `drop` leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gateway.errors import ConfigError
from gateway.findings import Finding
from gateway.mapping.sources import Run
from gateway.outputs import tables
from gateway.outputs.fill import Filler
from gateway.outputs.layout import Layout
from gateway.shell.names import stored_name

Key = tuple[str, str]
"""Originator code and shipment: what tells a shipment from all others."""


@dataclass(slots=True)
class Done:
    """What was written. written: files or the one table; shipments, rows, left_out: counts; errors: findings of that weight."""

    written: list[str] = field(default_factory=list)
    shipments: int = 0
    rows: int = 0
    left_out: int = 0
    warnings: int = 0
    errors: int = 0


class Sink(Protocol):
    """What takes the shipments."""

    def add(self, shipment: dict[str, Any], key: Key, run: Run) -> None:
        """Write one shipment."""
        ...

    def finish(self) -> None:
        """Give what was written its final name."""
        ...

    def drop(self) -> None:
        """Leave nothing behind."""
        ...


@dataclass(slots=True)
class Work:
    """The parts of one run that every sink needs."""

    layout: Layout
    filler: Filler
    output: Path
    say: Callable[[Finding], None]
    done: Done


def sink_of(work: Work) -> Sink:
    """Return the writer that fits the layout and the name of the output. Raises ConfigError."""
    output, ending = work.output, work.output.suffix.lower()
    if work.layout.kind is not None:
        if output.exists() and not output.is_dir():
            raise ConfigError(f"{output} is a file.", "Name a folder: each shipment becomes a document of its own.")
        return _Documents(work)
    if ending not in (".csv", ".xlsx"):
        raise ConfigError(f'"{output.name}" is neither .csv nor .xlsx.', f"Write -o {work.layout.id}.xlsx or {work.layout.id}.csv.")  # fmt: skip
    if output.exists():
        raise ConfigError(f"{output} is there already; it may have been filled in by hand.", "Name another file, or move it away.")  # fmt: skip
    if not output.parent.is_dir():
        raise ConfigError(f"{output.parent} is no folder.", "Make it first.")
    return _Csv(work) if ending == ".csv" else _Xlsx(work)


class _Csv:
    """Lines into a temporary file."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._half = work.output.with_name(f".{work.output.name}.tmp")
        self._file = self._half.open("wb")
        self._file.write(tables.head(work.layout))

    def add(self, shipment: dict[str, Any], key: Key, run: Run) -> None:
        for cells in self._work.filler.rows(shipment, run):
            line, findings = tables.row(cells, key[1])
            self._file.write(line)
            self._work.done.rows += 1
            for finding in findings:
                self._work.say(finding)

    def finish(self) -> None:
        self._file.close()
        self._half.replace(self._work.output)
        self._work.done.written.append(str(self._work.output))

    def drop(self) -> None:
        self._file.close()
        self._half.unlink(missing_ok=True)


class _Xlsx:
    """Rows into a workbook."""

    def __init__(self, work: Work) -> None:
        from gateway.outputs.xlsx import WorkbookOut

        self._work, self._book = work, WorkbookOut(work.layout)
        self._half = work.output.with_name(f".{work.output.stem}.tmp.xlsx")

    def add(self, shipment: dict[str, Any], key: Key, run: Run) -> None:
        for cells in self._work.filler.rows(shipment, run):
            self._book.add(cells)
            self._work.done.rows += 1

    def finish(self) -> None:
        self._book.save(self._half)
        self._half.replace(self._work.output)
        self._work.done.written.append(str(self._work.output))

    def drop(self) -> None:
        self._book.drop()
        self._half.unlink(missing_ok=True)


class _Documents:
    """One XML document per shipment, named after it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._halves: dict[str, Path] = {}

    def add(self, shipment: dict[str, Any], key: Key, run: Run) -> None:
        from gateway.outputs.xml import document

        work = self._work
        data, findings = document(work.layout, work.filler.document(shipment, run), key[1])
        for finding in () if work.filler.cancelled else findings:
            work.say(finding)
        name = next((n for n in self._names(key) if n not in self._halves), "")
        if not name or (work.output / name).exists():
            raise ConfigError(f"{work.output / name} is there already.", "Name another folder, or move it away.")
        work.output.mkdir(parents=True, exist_ok=True)
        half = self._halves[name] = work.output / f".{name}.tmp"
        half.write_bytes(data)

    @staticmethod
    def _names(key: Key) -> Iterator[str]:
        yield stored_name(f"{key[1]}.xml")
        yield stored_name(f"{key[0]}-{key[1]}.xml")

    def finish(self) -> None:
        for name, half in self._halves.items():
            half.replace(self._work.output / name)
            self._work.done.written.append(str(self._work.output / name))

    def drop(self) -> None:
        for half in self._halves.values():
            half.unlink(missing_ok=True)
