"""A compiled mapping at work: one unit of a message -> one draft shipment with findings and a way back to the source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any

from gateway.canonical.model import PARTY_ROLES
from gateway.dialect import Dialect
from gateway.findings import NOWHERE, Finding, Position, Severity
from gateway.mapping.again import Guarded, families
from gateway.mapping.beside import Beside
from gateway.mapping.blocks import Bound, Fields, Refusals
from gateway.mapping.cells import Target
from gateway.mapping.compile import Block
from gateway.mapping.enrich import enrich, own_copy
from gateway.mapping.mapped import Later, Mapped
from gateway.mapping.parts import Parts
from gateway.mapping.plans import Plans
from gateway.mapping.reads import read_below, selected
from gateway.mapping.sources import Run, node_place
from gateway.mapping.whole import Unit, Whole
from gateway.profile import MappedShipment, Origin, Profile
from gateway.records import Message

_REMEMBERED = 1024  # places that a program remembers
_OF_PARTS = (dict, list)


_Constant = tuple[str, Any, Callable[[Any], Any] | None]
"""Name, value, and what makes a copy of it that a shipment has for itself; None for a value that has no parts."""


def _copied(constants: Mapping[str, Any]) -> list[_Constant]:
    def copier(value: Any) -> Callable[[Any], Any] | None:
        if type(value) not in _OF_PARTS:
            return None
        flat = isinstance(value, dict) and not any(type(part) in _OF_PARTS for part in value.values())
        return dict if flat else own_copy

    return [(name, value, copier(value)) for name, value in constants.items()]


class CompiledProgram:
    """One mapping table, ready to run. Immutable; safe to share between files."""

    repeat = ""  # see gateway.mapping.facts

    def __init__(
        self,
        mapping_id: str,
        version: str,
        unit_path: tuple[str, ...],
        blocks: dict[str, list[Block]],
        dialect: Dialect,
        code_tables: Collection[str] = (),
    ) -> None:
        """code_tables: names of those that its rows look codes up in."""
        self.code_tables = code_tables
        self.mapping_id, self.mapping_version, self.unit_path = mapping_id, version, unit_path
        self._dialect = dialect
        unit = unit_path[-1] if unit_path else ""
        self.blocks = blocks
        header = [t for b in blocks.get("message", ()) for t in b.targets]
        self._message = Fields(header)
        shipment = [t for b in blocks.get("shipment", ()) for t in b.targets]
        parts = dict.fromkeys(t.path[0] for t in (*header, *shipment) if len(t.path) > 1)
        inherited, own = ({t.path[0] for t in targets} for targets in (header, shipment))
        self._both = tuple(name for name in parts if name in inherited and name in own)
        self._parts_of = tuple(role for role in PARTY_ROLES if role in parts)
        guarded = Guarded(line for level in blocks.values() for b in level for _, line in b.actions)
        self.here: Callable[[Any, Any], Position | None] = node_place(dialect, unit)
        self.parts = Parts(
            [(role, Bound(b, dialect, unit, guarded)) for role in PARTY_ROLES for b in blocks.get(role, ())],
            [Bound(b, dialect, unit, guarded) for b in blocks.get("item", ())],
            [Bound(b, dialect, unit) for b in blocks.get("reference", ())],
            self.here,
        )
        self._again = families(header, guarded, dialect, "")
        again = families(shipment, guarded, dialect, unit)
        self._refusals = Refusals([a for b in blocks.get("shipment", ()) for a in b.actions], dialect, again)
        self._plans = Plans(shipment, self._refusals, self.parts.bound, dialect)
        plain = Unit(shipment, self._refusals, self.parts, lambda: self._beside)
        self._whole = Whole(plain, dialect if not self._parts_of else None)
        self._index: dict[tuple[str, str], Target] = {
            (level, t.name): t for level, level_blocks in blocks.items() for b in level_blocks for t in b.targets
        }
        self._constants: tuple[Mapping[str, Any] | None, list[_Constant]] = None, []
        self._near: dict[tuple[str, str], Target | None] = {}
        self._reads: dict[tuple[str, ...], dict[str, Any]] = {}
        self._selects: dict[str, frozenset[str]] = {}

    def run(self, message: Message, node: Any, profile: Profile) -> MappedShipment:
        """Map one unit. Never raises on data."""
        mapped = Mapped(self, message, node, profile)
        run = Run(message, profile)
        root = message.root
        inherited = run.inherited = self._header(message, root, profile, run)
        *_, doubts, lacks = message.cache[self.mapping_version]
        whole = self._whole.of(node, root)
        if whole is None or doubts or lacks:
            self._in_parts(mapped, root, run, doubts, lacks)
        else:
            mapped.draft = {**inherited}
            whole(node, root, mapped.draft, run, mapped)
        run.level = ""
        self._complete(mapped.draft, node, root, run)
        mapped.findings = run.findings
        return mapped

    def _in_parts(
        self, mapped: Mapped, root: Any, run: Run, doubts: list[tuple[str, Finding]], lacks: list[Finding]
    ) -> None:
        """Map a unit that has no function of its own. doubts, lacks: of the header, see _header."""
        node, draft = mapped.node, mapped.draft
        first, found = self._plans.of(node, root)(node, root, draft, run)
        if doubts:
            run.findings += [doubt for name, doubt in doubts if name not in draft]
        if lacks:
            run.findings[:0] = _lacking(lacks, draft)
        inherited = run.inherited
        for name in self._both:  # rows of the header and of the shipment write single fields of it
            if name in inherited and name in draft:
                draft[name] = {**inherited[name], **draft[name]}
        draft = mapped.draft = {**inherited, **draft}
        of_parties = {role: draft.pop(role) for role in self._parts_of if role in draft} if self._parts_of else None
        if first >= 0:
            self._refusals.tell(first, node, root, run)
        parts, goods, references = self.parts, len(self.parts.parties), len(self.parts.parties) + len(self.parts.items)
        for (role, bound), nodes in zip(parts.parties, found, strict=False):
            if nodes or bound.required:
                parts.party(role, bound, nodes, mapped, root, run)
        for role, part in (of_parties or {}).items():
            draft[role] = {**draft.get(role, {}), **part}
        self._beside.tell(mapped, node, root, run)
        parts.goods(found[goods:references], mapped, root, run)
        parts.refer(found[references:], mapped, root, run)

    def later(self, message: Message, node: Any, profile: Profile) -> Later:
        """Pass a unit by that another process maps: only what stands above it is read, as if it had been mapped."""
        kept = message.cache.get(self.mapping_version)
        if kept is None or kept[0] != message.context:
            self._header(message, message.root, profile, Run(message, profile))
            kept = message.cache[self.mapping_version]
        if lacks := kept[5]:
            draft: dict[str, Any] = {}
            self._plans.of(node, message.root)(node, message.root, draft, Run(message, profile))
            _lacking(lacks, draft)
        self._beside.note(message, node, self, profile)
        return Later(self, message, node, profile)

    @cached_property
    def _beside(self) -> Beside:
        """What tells of parties that none of the bound ones is."""
        return Beside(self.parts.parties, self._dialect, self.unit_path[-1] if self.unit_path else "")

    def reads(self, message: Message, profile: Profile, unit: tuple[str, ...]) -> dict[str, Any]:
        """Return the elements below a unit that rows read, see reads.py."""
        if unit not in self._reads:
            self._reads[unit] = read_below(self.blocks, unit)
        return self._reads[unit]

    def selects(self, message: Message, profile: Profile, tag: str) -> frozenset[str]:
        """Return the qualifiers by which rows choose among elements of a name, see reads.py."""
        if tag not in self._selects:
            self._selects[tag] = selected(self.blocks, tag)
        return self._selects[tag]

    def write(self) -> None:
        """Write every function of the mapping, as if messages had asked for all of them."""
        self._message.write()
        self._plans.write()
        for bound in self.parts.bound:
            bound.write()

    def _header(self, message: Message, root: Any, profile: Profile, run: Run) -> dict[str, Any]:
        """Return the message level's values, read once per context; its remarks go to the first shipment only.

        What is called missing waits for a shipment that does not have it of its own.
        """
        kept = message.cache.get(self.mapping_version)
        if kept is not None and kept[0] == message.context:
            run.findings += kept[2]
        else:
            own, read = Run(message, profile), dict[str, Any]()
            self._message.fill(root, root, read, own)
            lacks = [f for f in own.findings if f.value is None]
            said = [f for f in own.findings if f not in lacks] if lacks else own.findings
            run.findings += said
            errors = [f for f in said if f.severity is Severity.ERROR]
            parts = any(isinstance(value, dict | list) for value in read.values())
            doubts = [(f.target.partition(".")[0], f) for one in self._again for f in one.found(root, root, own)]
            kept = message.cache[self.mapping_version] = (message.context, read, errors, parts, doubts, lacks)
        values: dict[str, Any] = own_copy(kept[1]) if kept[3] else kept[1]
        return values

    def _complete(self, draft: dict[str, Any], node: Any, root: Any, run: Run) -> None:
        """Fill what the input does not carry: what the enrichment file knows first, then the partner's constants."""
        profile = run.profile
        if profile.enrich is not None:
            more = profile.enrich(draft) or {}
            for before, role, row in reversed(run.missing):
                if role not in more or role in draft:
                    run.findings.insert(before, self.parts.missing(role, row, node, root))
            if more:
                enrich(draft, more, run.findings)
        known, constants = self._constants
        if known is not profile.constants:
            known, constants = self._constants = profile.constants, _copied(profile.constants)
        for name, value, parts in constants:
            if name not in draft:
                draft[name] = value if parts is None else parts(value)

    def place(self, level: str, name: str, node: Any, root: Any, run: Run) -> Origin | None:
        """Return where a target was read from: the row that gave the value, else the row that should have."""
        target = self._index.get((level, name)) or self._nearest(level, name)
        if target is None:
            position = self.here(node, root) if level not in ("message",) else None
            return Origin(position) if position and level != "shipment" else None
        line = target.lines[-1]
        return _given(target, node, root, run) or Origin(
            line.locate(node, root) or self.here(node, root) or NOWHERE, line.row.where
        )

    def given(self, level: str, name: str, node: Any, root: Any, run: Run) -> Origin | None:
        """Return where a target was read from, None when no row of it had anything to read."""
        target = self._index.get((level, name))
        return _given(target, node, root, run) if target is not None else None

    def _nearest(self, level: str, name: str) -> Target | None:
        """Return the target that is part of the one asked for, or has it as a part; remembered, the same few are asked for."""
        key = (level, name)
        if key not in self._near:
            if len(self._near) >= _REMEMBERED:
                self._near.clear()
            self._near[key] = next(
                (t for (lv, n), t in self._index.items() if lv == level and name and (n.startswith(name + ".") or name.startswith(n + "."))), None
            )  # fmt: skip
        return self._near[key]


def _given(target: Target, node: Any, root: Any, run: Run) -> Origin | None:
    for line in target.lines:
        values = line.values(node, root, run) if line.values else []
        if any(values) and (line.holds is None or line.holds(node, root, run)):
            told = [v for v in values if v.strip()]
            received = told[0] if len(told) == 1 else None
            return Origin(line.locate(node, root) or NOWHERE, line.row.where, received, line.personal)
    return None


def _lacking(lacks: list[Finding], draft: dict[str, Any]) -> list[Finding]:
    """Return what is to be said of a shipment of what its header lacks: errors of each, remarks of one and never again."""
    said = [f for f in lacks if f.target.partition(".")[0] not in draft]
    lacks[:] = [f for f in lacks if f.severity is Severity.ERROR or f not in said]
    return said
