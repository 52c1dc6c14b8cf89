"""What a mapping leaves: source elements that no row reads, rows that never gave a value, codes without an entry.

Feed it units of real files; it counts. Pure: nothing is stored but counts and one masked sample per element.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.dialect import Path
from gateway.mapping.grammar import parse_path, parse_source, parse_when
from gateway.mapping.program import CompiledProgram
from gateway.mapping.sources import Run
from gateway.mapping.table import Row
from gateway.mapping.transforms import Unusable
from gateway.profile import Profile
from gateway.records import Message

_ROOT = "/"  # stands for the tag of a message's first segment, which the rows do not name
_CODE = re.compile(r"\w+")
Place = tuple[str, str]  # (segment or element name, element number, "@attribute" or "")


@dataclass(slots=True)
class Unread:
    """One source element that no row reads. sample: masked."""

    place: str
    count: int
    sample: str


class Coverage:
    """Counts over the units of one mapping. by_element: False where leaves are not numbers (EDIFACT): segments only."""

    def __init__(self, program: CompiledProgram, *, by_element: bool) -> None:
        self.program, self._by_element = program, by_element
        self.units = 0
        self._qualified: dict[str, set[str]] = {}  # segments that are read by their first element only: its values
        self._whole: set[str] = set()  # segments that are read whatever stands in it
        self._read = set(self._places())
        self._unread: dict[Place, Unread] = {}
        self._fired: dict[str, int] = {}
        self._codes: dict[tuple[str, str], int] = {}
        self._header: int | None = None
        self._named: dict[str, str] = {}  # element of a table row -> its column, "" when a row of the mapping reads it
        self.root = ""  # tag of the message's first segment

    def add(self, message: Message, node: Any, profile: Profile) -> None:
        """Count one unit, and the header above it once per context."""
        self.units += 1
        if self._header != id(message):
            self._header, self.root = id(message), getattr(message.root, "tag", "")
            self._read |= {(self.root, leaf) for name, leaf in self._read if name == _ROOT}
            unit = set(map(id, node.walk()))  # it may hang below the root still
            self._walk(one for one in message.root.walk() if id(one) not in unit)
            self._columns(message.root)
        self._walk(node.walk())
        run = Run(message, profile)
        for level, blocks in self.program.blocks.items():
            bound = {"item": self.program.parts.items, "reference": self.program.parts.references}.get(level)
            parties = [b for role, b in self.program.parts.parties if role == level]
            for number, block in enumerate(blocks):
                binding = (bound or parties)[number] if bound or parties else None
                nodes = (
                    binding.nodes(node, message.root, run)
                    if binding
                    else [message.root if level == "message" else node]
                )
                for one in nodes:
                    for target in block.targets:
                        self._fire(target.lines, one, message.root, run)

    def _fire(self, lines: list[Any], node: Any, root: Any, run: Run) -> None:
        for line in lines:
            if line.holds is not None and not line.holds(node, root, run):
                continue
            values = line.values(node, root, run) if line.values is not None else []
            if any(v and not v.isspace() for v in values) or (line.values is None and line.row.default):
                if _makes_nothing(line, values):
                    continue
                self._fired[line.row.where] = self._fired.get(line.row.where, 0) + 1
                self._look_up(line.row.transform, values, run.profile.tables)
                return

    def _look_up(self, transform: str, values: list[str], tables: Any) -> None:
        """Note a code that its table does not have; rows that keep unknown codes are not asked."""
        step = _first_step(transform)
        if step[0] not in _CODED or "keep" in step or tables is None or step[1] not in tables.codes:
            return
        first = next(v.strip() for v in values if v.strip())
        for code in values[1::2] if step[0] == "agency_id" else [first]:
            if code.strip() and tables.codes[step[1]].get(code.strip()) is None:
                self._codes[step[1], code.strip()] = self._codes.get((step[1], code.strip()), 0) + 1

    def _columns(self, root: Any) -> None:
        """Learn which element of a row is which column: rows of tables are read by the names of their columns."""
        self._named = {}
        if not isinstance(columns := getattr(root, "columns", None), dict):
            return
        read = {columns[name] for name, _ in self._read}
        for index, cell in enumerate(root.cells):
            if cell < len(root.names):
                self._named[str(index)] = "" if index in read else root.names[cell]

    def _walk(self, nodes: Iterable[Any]) -> None:
        for one in nodes:
            table = one.tag in ("ROWS", "ROW") and hasattr(one, "record" if one.tag == "ROW" else "rows")
            if table and one.tag == "ROWS":
                self._columns(one.root)  # columns of JSON come as they are met
                continue
            self._qualifier(one)
            for leaf, text in _leaves(one, self._by_element):
                if table:
                    if column := self._named.get(leaf, ""):
                        self._count((column, ""), text)
                    continue
                place = (one.tag, leaf)
                if place not in self._read:
                    self._count(place, text)

    def _qualifier(self, node: Any) -> None:
        """Count a segment of which rows read other qualifiers only: NAD+ZZC, N1*BT."""
        values = self._qualified.get(node.tag) if node.tag not in self._whole else None
        found = _CODE.match(node.element(1)) if values and not hasattr(node, "xpath") else None
        if values and found and found[0] not in values:
            self._count((f"{node.tag}[{found[0]}]", ""), found[0])

    def _count(self, place: Place, text: str) -> None:
        """Count an element that no row reads, when it holds anything."""
        if not text or text.isspace():
            return
        tag, leaf = place
        known = self._unread.get(place)
        if known is None:
            shown = f"{tag}-{leaf.zfill(2)}" if leaf.isdigit() else f"{tag}/{leaf}" if leaf else tag
            known = self._unread[place] = Unread(shown, 0, _mask(text))
        known.count += 1

    def unread(self) -> list[Unread]:
        """Return what no row reads, the commonest first."""
        return sorted(self._unread.values(), key=lambda u: (-u.count, u.place))

    def unknown_codes(self) -> list[tuple[str, str, int]]:
        """Return (table, code, how often) of codes that a table has no entry for."""
        return sorted((table, code, number) for (table, code), number in self._codes.items())

    def gave(self) -> list[tuple[Row, int]]:
        """Return the rows that gave a value, with how often, in the order of the table."""
        return [(r, self._fired[r.where]) for r in self._rows() if r.where in self._fired]

    def silent(self) -> list[Row]:
        """Return the rows that never gave a value, in the order of the table."""
        return [r for r in self._rows() if r.where not in self._fired]

    def _rows(self) -> list[Row]:
        blocks = [b for blocks in self.program.blocks.values() for b in blocks]
        rows = [line.row for b in blocks for t in b.targets for line in t.lines]
        return sorted(rows, key=lambda r: (r.file, r.line))

    def _places(self) -> Iterator[Place]:
        """Yield what the rows read: sources, conditions, bindings and qualifiers."""
        for blocks in self.program.blocks.values():
            for block in blocks:
                rows = [row for row, _, _ in block.bindings] + [row for row, _ in block.actions]
                rows += [line.row for target in block.targets for line in target.lines]
                for row in rows:
                    yield from self._of_row(row, block.at)

    def _of_row(self, row: Row, at: str) -> Iterator[Place]:
        last = at
        sources = () if row.target in ("(each)", "(first)") else parse_source(row.source)
        paths = [parse_path(row.source)] if row.target in ("(each)", "(first)") and row.source else []
        for source in (*sources, *(t.source for t in parse_when(row.when))):
            if source.kind == "same":
                yield last, self._leaf(source.name)
            elif source.path is not None:
                paths.append(source.path)
                last = source.path.steps[-1].name if source.path.steps else at
        for path in paths:
            yield from self._of_path(path, at)

    def _of_path(self, path: Path, at: str) -> Iterator[Place]:
        named = [step.name for step in path.steps if step.name != "."]
        name = named[-1] if named else _ROOT if path.absolute else at
        yield name, self._leaf(path.leaf)
        for step in path.steps:
            if step.values and step.qualifier in ("", "1", "01"):
                self._qualified.setdefault(step.name, set()).update(step.values)
            elif step.values or (step is path.steps[-1] and step.name != at):
                self._whole.add(step.name)
            if step.values:
                yield step.name, self._leaf(step.qualifier or "1")
                if step.qualifier and not step.qualifier.isdigit():
                    yield step.qualifier, ""  # XML: a child element

    def _leaf(self, leaf: str) -> str:
        head = leaf.partition("-")[0].partition("@")[0]
        return "" if not self._by_element else str(int(head)) if head.isdigit() else leaf


_CODED = ("code", "party_id", "agency_id")  # transforms that look a code up in the table they name


def _first_step(transform: str) -> list[str]:
    return transform.partition("|")[0].split() or [""]


def _makes_nothing(line: Any, values: Any) -> bool:
    """True when the transforms leave nothing of what was read: an e-mail address where there is a telephone number only."""
    coded = _first_step(line.row.transform)[0] in _CODED  # told as a code without an entry
    if not values or line.apply is None or coded:
        return False
    try:
        return not line.apply(values)
    except (Unusable, ValueError):
        return False


def _leaves(node: Any, by_element: bool) -> Iterator[tuple[str, str]]:
    attributes = getattr(node, "attributes", None)
    if attributes is not None or hasattr(node, "xpath"):
        yield "", node.element(1)
        for name, text in (attributes or {}).items():
            yield f"@{name}", text
    elif by_element:
        for number, text in enumerate(node.elements[1:], 1):
            yield str(number), text
    else:
        yield "", "".join(node.elements[1:2])


def _mask(text: str) -> str:
    text = text.strip()
    return f"{text[:1]}*** ({len(text)} characters)"
