"""Mapping folders on disk -> programs. The one module of the mapping package that reads files.

mappings/x12_309_truck/map.csv  map.toml  examples/
mappings/codes/mode_x12.csv ...
a partner's folder: x12_309_truck.csv (override rows), codes/ (own code tables)
"""

from __future__ import annotations

import copy
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path as File
from typing import Any

import msgspec

from gateway.errors import MappingError
from gateway.formats import folder_of, format_module
from gateway.mapping.choice import ProgramChoice, Way
from gateway.mapping.codes import CodeTables, digest_of
from gateway.mapping.compile import Compiler, parsed
from gateway.mapping.grammar import CellError, parse_path, parse_when
from gateway.mapping.overriding import effective_rows
from gateway.mapping.program import CompiledProgram
from gateway.mapping.sources import condition
from gateway.mapping.table import Row, Table, read_table
from gateway.mapping.transforms import load_user_transforms
from gateway.records import Dialect


class MappingFacts(msgspec.Struct, frozen=True):
    """map.toml of one mapping. versions: prefixes of GS08; for EDIFACT a range [first, last] of directories."""

    id: str
    version: str
    format: str  # folder of the format: x12, edifact ...
    message_type: str
    versions: tuple[str, ...]
    when: str
    folder: File


class MappingSet:
    """All mappings of the base folder with one partner's overrides, compiled when first asked for."""

    def __init__(self, base: File, overrides: Iterable[File] = ()) -> None:
        """base: the mappings folder; overrides: partner folders, later ones win. Raises MappingError."""
        self.base = base
        self.overrides = tuple(overrides)
        self.codes = CodeTables(self._code_texts())
        self.facts = [read_facts(p) for p in sorted(base.glob("*/map.toml"))]
        self._programs: dict[tuple[str, str, str], ProgramChoice | None] = {}
        self._compiled: dict[str, CompiledProgram] = {}

    def _code_texts(self) -> dict[str, bytes]:
        texts = {}
        for folder in (self.base, *self.overrides):
            for path in sorted((folder / "codes").glob("*.csv")):
                texts[path.stem] = path.read_bytes()
        return texts

    def program(self, message_format: str, message_type: str, version: str) -> ProgramChoice | None:
        """Return the program for a message, None when no mapping reads it."""
        key = (message_format, message_type, version)
        if key not in self._programs:
            fitting = [
                f
                for f in self.facts
                if f.message_type == message_type
                and f.format == folder_of(message_format)
                and _fits(f.versions, version)
            ]
            ways: list[Way] = [
                (self._condition(f), partial(self.compiled, f)) for f in sorted(fitting, key=lambda f: not f.when)
            ]
            self._programs[key] = ProgramChoice(ways) if ways else None
        return self._programs[key]

    def compiled(self, facts: MappingFacts) -> CompiledProgram:
        """Return the compiled program of one mapping."""
        if facts.id not in self._compiled:
            self._compiled[facts.id] = compile_tables(facts, self.tables(facts), self.codes)
        return self._compiled[facts.id]

    def with_program(self, facts: MappingFacts, program: CompiledProgram) -> MappingSet:
        """Return these mappings with another program in the place of one; all else is shared."""
        other = copy.copy(self)
        other._programs, other._compiled = {}, {**self._compiled, facts.id: program}
        if all(own.id != facts.id for own in self.facts):
            other.facts = [*self.facts, facts]
        return other

    def sources(self, facts: MappingFacts) -> dict[str, bytes]:
        """Return the files that a mapping is made of, by name: map.toml, base table, override tables, code tables."""
        tables = {_name(path): path.read_bytes() for path in self._paths(facts)}
        codes = {f"codes/{name}.csv": data for name, data in self._code_texts().items()}
        return {_name(facts.folder / "map.toml"): (facts.folder / "map.toml").read_bytes(), **tables, **codes}

    def check(self) -> None:
        """Compile all mappings, and lint those with override rows. Raises MappingError for the first error."""
        from gateway.mapping.lint import lint

        load_user_transforms()  # one that cannot be imported stops the start, whether a table uses it or not
        faults = list(self.codes.faults)
        for facts in self.facts:
            self.compiled(facts)
            self._condition(facts)
            if any((folder / f"{facts.id}.csv").exists() for folder in self.overrides):
                faults += lint(self, facts)
        for fault in faults:
            if fault.severity == "error":
                raise MappingError(fault.file, fault.line, fault.column, fault.message, fault.advice)

    def tables(self, facts: MappingFacts) -> list[Table]:
        """Return the base table and the override tables of a mapping."""
        return [read_table(path.read_bytes(), _name(path)) for path in self._paths(facts)]

    def rows(self, facts: MappingFacts) -> tuple[list[Row], str]:
        """Return the effective rows and the mapping version (12 hex digits over tables, overrides and codes)."""
        return _effective(self.tables(facts), self.codes.digest)

    def _paths(self, facts: MappingFacts) -> list[File]:
        paths = [facts.folder / "map.csv", *(f / f"{facts.id}.csv" for f in self.overrides)]
        return [path for path in paths if path.exists()]

    def _condition(self, facts: MappingFacts) -> Any:
        return condition(parse_when(facts.when), format_module(facts.format).DIALECT, "") if facts.when else None


def compile_tables(facts: MappingFacts, tables: list[Table], codes: CodeTables) -> CompiledProgram:
    """Compile a base table and its override tables. Raises MappingError."""
    rows, version = _effective(tables, codes.digest)
    dialect: Dialect = format_module(facts.format).DIALECT
    path = unit_path(rows)
    blocks = Compiler(dialect, codes, path[-1] if path else "").blocks(rows)
    return CompiledProgram(facts.id, version, path, blocks, dialect)


def compile_sources(mapping: str, sources: Mapping[str, bytes]) -> tuple[MappingFacts, CompiledProgram]:
    """Compile what `MappingSet.sources` gave. Raises MappingError."""
    load_user_transforms()
    facts = read_facts(File(mapping) / "map.toml", sources[f"{mapping}/map.toml"])
    tables, codes = _parted(sources)
    return facts, compile_tables(facts, tables, CodeTables(codes))


def version_of(sources: Mapping[str, bytes]) -> str:
    """Return the mapping version of what `MappingSet.sources` gave. Raises MappingError."""
    tables, codes = _parted(sources)
    return _effective(tables, digest_of(codes))[1]


def _parted(sources: Mapping[str, bytes]) -> tuple[list[Table], dict[str, bytes]]:
    """Return the tables, base first, and the texts of the code tables."""
    codes = {File(name).stem: data for name, data in sources.items() if name.startswith("codes/")}
    tables = [(n, d) for n, d in sources.items() if not n.startswith("codes/") and n.endswith(".csv")]
    return [read_table(data, name) for name, data in tables], codes


def _effective(tables: list[Table], codes_digest: str) -> tuple[list[Row], str]:
    for table in tables:
        for fault in table.faults:
            if fault.severity == "error":
                raise MappingError(fault.file, fault.line, fault.column, fault.message, fault.advice)
    rows = effective_rows(tables[0].rows, *(t.rows for t in tables[1:]))
    return rows, hashlib.sha256(msgspec.json.encode(rows) + codes_digest.encode()).hexdigest()[:12]


def _name(path: File) -> str:
    """Return how findings and traces name a file of a mapping."""
    return f"{path.parent.name}/{path.name}"


def read_facts(path: File, text: bytes | None = None) -> MappingFacts:
    """Return map.toml. text: what stands in it, if that is known. Raises MappingError."""
    name = _name(path)
    try:
        data = tomllib.loads((path.read_bytes() if text is None else text).decode("utf-8"))
        found = msgspec.convert(data | {"version": str(data.get("version", ""))}, _MapFile)
        parse_when(found.when)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(name, None, "", str(error), "correct the TOML") from None
    except msgspec.ValidationError as error:
        said = "id, version, format and message_type are needed; when is a text, versions a list of texts"
        raise MappingError(name, None, "", str(error), said) from None
    except CellError as error:
        raise MappingError(name, None, "when", str(error), error.advice) from None
    return MappingFacts(
        found.id, found.version, folder_of(found.format), found.message_type, found.versions, found.when, path.parent
    )


class _MapFile(msgspec.Struct):
    """What the gateway reads of map.toml."""

    id: str
    version: str
    format: str
    message_type: str
    versions: tuple[str, ...] = ()
    when: str = ""


def unit_path(rows: list[Row]) -> tuple[str, ...]:
    """Return the path of the row that binds the shipments, without qualifiers."""
    for row in rows:
        if row.level == "shipment" and row.target == "(each)":
            return tuple(step.name for step in parsed(row, "source", parse_path).steps)
    return ()


def _fits(versions: tuple[str, ...], version: str) -> bool:
    """True when a mapping takes a version: X12 by prefix, EDIFACT D.nnA by range, all when none is given."""
    if not versions:
        return True
    if versions[0].startswith("D.") and len(versions) == 2:
        return _directory(versions[0]) <= _directory(version) <= _directory(versions[1])
    return any(version.startswith(v) for v in versions)


def _directory(text: str) -> tuple[int, str]:
    """D.95B -> (1995, "B"): directories before 80 are of this century."""
    body = text.rpartition(".")[2]
    year = int(body[:2]) if body.isascii() and body[:2].isdigit() else 0
    return (year + (1900 if year >= 80 else 2000), body[2:3])
