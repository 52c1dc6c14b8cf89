"""Mapping folders on disk -> programs. The one module of the mapping package that reads files.

mappings/x12_309_truck/map.csv  map.toml  examples/
mappings/codes/mode_x12.csv ...
mappings/ of a profile folder: the same for documents of the site's own, beside the base folder
a partner's folder: x12_309_truck.csv (override rows), codes/ (own code tables)
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path as File
from typing import Any

import msgspec

from gateway.dialect import Dialect
from gateway.errors import MappingError
from gateway.formats import folder_of, format_module
from gateway.mapping.choice import ProgramChoice, Way
from gateway.mapping.codes import CodeTables, digest_of
from gateway.mapping.compile import Compiler, parsed
from gateway.mapping.facts import MappingFacts, name_of, read_facts
from gateway.mapping.grammar import parse_path, parse_when
from gateway.mapping.overriding import effective_rows
from gateway.mapping.program import CompiledProgram
from gateway.mapping.sources import condition
from gateway.mapping.table import Fault, Row, Table, read_table
from gateway.mapping.table_program import TableProgram
from gateway.mapping.transforms import load_user_transforms

Stamp = tuple[tuple[str, int, int], ...]
"""(path, time of change in ns, size) of files."""


class MappingSet:
    """All mappings of the base folder with one partner's overrides, compiled when first asked for."""

    def __init__(
        self, base: File, overrides: Iterable[File] = (), plain: MappingSet | None = None, *, more: File | None = None
    ) -> None:
        """base: the mappings folder; overrides: partner folders, later ones win. Raises MappingError.

        plain: the base folder without overrides: what they leave as it is, is its, read and compiled once for all partners.
        more: a folder of further mappings beside those of `plain`.
        """
        self.base = base
        self.overrides = tuple(overrides)
        self._plain, self._more = plain, more
        self._stamp = self._stamp_now()
        further = _facts_in(more) if more is not None else []
        self.facts: list[MappingFacts] = [*plain.facts, *further] if plain else _facts_in(base)
        self.added = frozenset(facts.id for facts in further)
        names = {facts.id for facts in self.facts}
        own = [path for folder in self.overrides for path in sorted(folder.glob("*.csv")) if path.stem in names]
        self._own = [(path.stem, name_of(path), path.read_bytes()) for path in own]
        codes = _code_texts((more, *self.overrides) if more is not None else self.overrides)
        self.codes: CodeTables = plain.codes.under(codes) if plain else CodeTables(_code_texts((base,)) | codes)
        self._programs: dict[tuple[str, str, str], ProgramChoice | None] = {}
        self._compiled: dict[str, CompiledProgram] = {}
        self._tables: dict[str, tuple[bytes, Table]] = {}  # of the base, read when asked for
        self._hashed: dict[str, Any] = {}  # SHA-256 of the rows of what was compiled
        self._checked = False
        self.doubts: tuple[Fault, ...] = ()  # warnings of `check`, but for missing examples

    def is_current(self, plain: MappingSet | None = None) -> bool:
        """True while the files are as they were, and what is below them is this."""
        return self._plain is plain and self._stamp == self._stamp_now()

    def _stamp_now(self) -> Stamp:
        more = () if self._more is None else (self._more,)
        return _stamp((*more, *self.overrides) if self._plain else (self.base, *self.overrides))

    def program(self, message_format: str, message_type: str, version: str) -> ProgramChoice | None:
        """Return the program for a message, None when no mapping reads it."""
        key = (message_format, message_type, version)
        if key not in self._programs:
            fitting = [
                f
                for f in self.facts
                if f.message_type == message_type and f.format == folder_of(message_format) and f.fits(version)
            ]
            ways: list[Way] = [
                (self._condition(f), partial(self.compiled, f)) for f in sorted(fitting, key=lambda f: not f.when)
            ]
            self._programs[key] = ProgramChoice(ways) if ways else None
        return self._programs[key]

    def compiled(self, facts: MappingFacts) -> CompiledProgram:
        """Return the compiled program of one mapping."""
        program = self._compiled.get(facts.id)
        if program is None:
            program = self._compiled[facts.id] = self._of_the_base(facts) or self._compile(facts)
        return program

    def _compile(self, facts: MappingFacts) -> CompiledProgram:
        rows, self._hashed[facts.id] = _effective(self.tables(facts))
        return _program_of(facts, rows, _version(self._hashed[facts.id], self.codes.digest), self.codes)

    def _of_the_base(self, facts: MappingFacts) -> CompiledProgram | None:
        """Return the program of the base table, under the version of these code tables, where no override touches it."""
        if self._plain is None or self.touches(facts):
            return None
        program = self._plain.compiled(facts)
        self._hashed[facts.id] = self._plain._hashed[facts.id]
        if self.codes is self._plain.codes:
            return program
        program = copy.copy(program)
        program.mapping_version = _version(self._hashed[facts.id], self.codes.digest)
        return program

    def touches(self, facts: MappingFacts) -> bool:
        """True when the partner has rows of a mapping, or a code table that its rows name; or the mapping is the site's."""
        if self._plain is None or facts.id in self.added or self._own_tables(facts):
            return True
        return not self.codes.own.isdisjoint(self._plain.compiled(facts).code_tables)

    def with_program(self, facts: MappingFacts, program: CompiledProgram) -> MappingSet:
        """Return these mappings with another program in the place of one; all else is shared."""
        other = copy.copy(self)
        other._programs, other._compiled = {}, {**self._compiled, facts.id: program}
        if all(own.id != facts.id for own in self.facts):
            other.facts = [*self.facts, facts]
        return other

    def sources(self, facts: MappingFacts) -> dict[str, bytes]:
        """Return the files that a mapping was made of, by name: map.toml, base table, override tables, code tables."""
        base, _ = self._base_table(facts)
        return {
            name_of(facts.folder / "map.toml"): (facts.folder / "map.toml").read_bytes(),
            name_of(facts.folder / "map.csv"): base,
            **dict(self._own_tables(facts)),
            **{f"codes/{name}.csv": self.codes.text(name) for name in self.codes},
        }

    def compile(self) -> None:
        """Compile all mappings. Raises MappingError."""
        load_user_transforms()  # one that cannot be imported stops the start, whether a table uses it or not
        for facts in self.facts:
            self.compiled(facts)
            self._condition(facts)

    def check(self) -> None:
        """Compile all mappings, and lint those with override rows and of a site's own. Raises MappingError for the first error."""
        from gateway.mapping.code_values import unfit_values
        from gateway.mapping.lint import lint

        if self._checked:
            return
        if self._plain is not None and self._plain.added:
            self._plain.check()
        self.compile()
        faults = [*self.codes.faults, *unfit_values(self, self.codes.own)]
        for facts in self.facts:
            if facts.id in self.added or self._own_tables(facts):
                faults += lint(self, facts)
        for fault in faults:
            if fault.severity == "error":
                raise MappingError(fault.file, fault.line, fault.column, fault.message, fault.advice)
        self.doubts = tuple(fault for fault in dict.fromkeys(faults) if fault.code != "MAP-NO-EXAMPLE")
        self._checked = True

    def tables(self, facts: MappingFacts) -> list[Table]:
        """Return the base table and the override tables of a mapping."""
        own = [read_table(data, name) for name, data in self._own_tables(facts)]
        return [self._base_table(facts)[1], *own]

    def own_rows(self, facts: MappingFacts) -> frozenset[str] | None:
        """Return the names of the tables with rows that nobody else has, None when any row may mean something else here."""
        if self._plain is None or facts.id in self.added or self.codes is not self._plain.codes:
            return None
        return frozenset(name for name, _ in self._own_tables(facts))

    def _base_table(self, facts: MappingFacts) -> tuple[bytes, Table]:
        if self._plain is not None and facts.id not in self.added:
            return self._plain._base_table(facts)
        if facts.id not in self._tables:
            path = facts.folder / "map.csv"
            data = path.read_bytes()
            self._tables[facts.id] = data, read_table(data, name_of(path))
        return self._tables[facts.id]

    def rows(self, facts: MappingFacts) -> tuple[list[Row], str]:
        """Return the effective rows and the mapping version (12 hex digits over tables, overrides and codes)."""
        rows, hashed = _effective(self.tables(facts))
        return rows, _version(hashed, self.codes.digest)

    def owns(self, facts: MappingFacts, file: str) -> bool:
        """True for a table of rows that nothing stands below, or a partner's own: who made these mappings can change it."""
        return self._plain is None or facts.id in self.added or file in {name for name, _ in self._own_tables(facts)}

    def rows_of_format(self, facts: MappingFacts) -> list[Row]:
        """Return the rows of all base tables of a mapping's format."""
        of_format = [one for one in self.facts if one.format == facts.format and one.id not in self.added]
        return [row for one in of_format for row in self._base_table(one)[1].rows]

    def _own_tables(self, facts: MappingFacts) -> list[tuple[str, bytes]]:
        """Return name and text of the override tables of a mapping, as they were when the set was made; later ones win."""
        return [(name, data) for mapping, name, data in self._own if mapping == facts.id]

    def _condition(self, facts: MappingFacts) -> Any:
        return condition(parse_when(facts.when), format_module(facts.format).DIALECT, "") if facts.when else None


def _program_of(facts: MappingFacts, rows: list[Row], version: str, codes: CodeTables) -> CompiledProgram:
    dialect: Dialect = format_module(facts.format).DIALECT
    if (with_codes := getattr(dialect, "with_codes", None)) is not None:
        dialect = with_codes(codes)
    path = unit_path(rows)
    compiler = Compiler(dialect, codes, path[-1] if path else "")
    made = TableProgram if getattr(dialect, "by_columns", False) else CompiledProgram
    program = made(facts.id, version, path, compiler.blocks(rows), dialect, compiler.code_tables)
    program.repeat = facts.repeat
    return program


def compile_sources(mapping: str, sources: Mapping[str, bytes]) -> tuple[MappingFacts, CompiledProgram]:
    """Compile what `MappingSet.sources` gave. Raises MappingError."""
    load_user_transforms()
    facts = read_facts(File(mapping) / "map.toml", sources[f"{mapping}/map.toml"])
    tables, codes = _parted(sources)
    rows, hashed = _effective(tables)
    return facts, _program_of(facts, rows, _version(hashed, digest_of(codes)), CodeTables(codes))


def _parted(sources: Mapping[str, bytes]) -> tuple[list[Table], dict[str, bytes]]:
    """Return the tables, base first, and the texts of the code tables."""
    codes = {File(name).stem: data for name, data in sources.items() if name.startswith("codes/")}
    tables = [(n, d) for n, d in sources.items() if not n.startswith("codes/") and n.endswith(".csv")]
    return [read_table(data, name) for name, data in tables], codes


def _effective(tables: list[Table]) -> tuple[list[Row], Any]:
    """Return the rows of a base table under its overrides, and their SHA-256 so far. Raises MappingError."""
    for table in tables:
        for fault in table.faults:
            if fault.severity == "error":
                raise MappingError(fault.file, fault.line, fault.column, fault.message, fault.advice)
    rows = effective_rows(tables[0].rows, *(t.rows for t in tables[1:]))
    return rows, hashlib.sha256(msgspec.json.encode(rows))


def _version(hashed: Any, codes_digest: str) -> str:
    """Return the mapping version. hashed: of the rows, see _effective."""
    whole = hashed.copy()
    whole.update(codes_digest.encode())
    return str(whole.hexdigest()[:12])


def _facts_in(base: File) -> list[MappingFacts]:
    return [read_facts(path, path.read_bytes()) for path in sorted(base.glob("*/map.toml"))]


def _code_texts(folders: Iterable[File]) -> dict[str, bytes]:
    """Return the code tables of some folders, later ones over earlier ones."""
    return {path.stem: path.read_bytes() for folder in folders for path in sorted((folder / "codes").glob("*.csv"))}


def _stamp(folders: Iterable[File]) -> Stamp:
    """Return what tells one state of the tables in some folders from another."""
    found = []
    for folder in folders:
        for pattern in ("*.csv", "*/map.csv", "*/map.toml", "codes/*.csv", "maps/*.xml"):
            for path in sorted(folder.glob(pattern)):
                status = path.stat()
                found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)


def unit_path(rows: list[Row]) -> tuple[str, ...]:
    """Return the path of the row that binds the shipments, without qualifiers."""
    for row in rows:
        if row.level == "shipment" and row.target == "(each)":
            return tuple(step.name for step in parsed(row, "source", parse_path).steps)
    return ()
