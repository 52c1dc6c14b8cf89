"""A compiled mapping at work: one unit of a message -> one draft shipment with findings and a way back to the source."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from itertools import pairwise
from typing import Any

from gateway.canonical.model import PARTY_ROLES
from gateway.findings import NOWHERE, Finding, Position, Scope, Severity
from gateway.mapping.cells import Line, Target
from gateway.mapping.compile import Block
from gateway.mapping.several import gravest, left_out, told_already
from gateway.mapping.sources import Condition, Run, condition, node_place
from gateway.mapping.straight import Fill, Which, by_columns, first_that_holds, straight_line
from gateway.mapping.table import Row
from gateway.profile import MappedShipment, Origin, Profile
from gateway.records import Dialect, Finder, Message

_REMEMBERED = 1024  # places that a program remembers


class Mapped:
    """Result of one unit; see gateway.profile.MappedShipment."""

    __slots__ = (
        "_header", "_items", "_message", "_node", "_parties", "_profile", "_references", "_then", "draft", "findings",
        "program",
    )  # fmt: skip

    def __init__(self, program: CompiledProgram, message: Message, node: Any, profile: Profile) -> None:
        self.program = program
        self._message, self._node, self._profile = message, node, profile
        self._header = _header_now(message)
        self._parties: dict[str, Any] = {}
        self._items: list[Any] = []
        self._references: list[Any] = []
        self.draft: dict[str, Any] = {}
        self.findings: list[Finding] = []
        self._then: tuple[Any, Run] | None = None  # what `locate` reads in, made when it is asked the first time

    def locate(self, pointer: str) -> Origin:
        """Return where the value at a JSON pointer comes from; the unit when nothing nearer is known."""
        parts = [p for p in pointer.split("/") if p]
        program = self.program
        if self._then is None:
            root = self._message.root
            if self._header is not None:
                root = copy(root)
                root.children = self._header
            self._then = root, Run(self._message, self._profile)
        root, run = self._then
        if parts and parts[0] in PARTY_ROLES and parts[0] in self._parties:
            found = program.place(parts[0], ".".join(parts[1:]), self._parties[parts[0]], root, run)
        elif parts and parts[0] in ("items", "references"):
            level = parts[0][:-1]
            index = int(parts[1]) if len(parts) > 1 and parts[1].isascii() and parts[1].isdigit() else 0
            nodes = self._items if level == "item" else self._references
            node = nodes[index] if index < len(nodes) else self._node
            if level == "reference" and node is not self._node:  # several blocks of a table make references
                return Origin(program.here(node, root) or NOWHERE)
            found = program.place(level, ".".join(parts[2:]), node, root, run)
        else:
            found = program.place("shipment", ".".join(parts), self._node, root, run) if parts else None
            if found is None and parts:
                found = program.place("message", ".".join(parts), root, root, run)
        return found or Origin(program.here(self._node, root) or NOWHERE)


def _header_now(message: Message) -> dict[str, Any] | None:
    """Return the header segments as they are now, made once per context: a later P4 takes the place of this one."""
    kept = message.cache.get("header")
    if kept is None or kept[0] != message.context:
        children = getattr(message.root, "children", None)
        kept = message.cache["header"] = (message.context, dict(children) if children else None)
    header: dict[str, Any] | None = kept[1]
    return header


class CompiledProgram:
    """One mapping table, ready to run. Immutable; safe to share between files."""

    def __init__(
        self,
        mapping_id: str,
        version: str,
        unit_path: tuple[str, ...],
        blocks: dict[str, list[Block]],
        dialect: Dialect,
    ) -> None:
        self.mapping_id, self.mapping_version, self.unit_path = mapping_id, version, unit_path
        self._dialect = dialect
        unit = unit_path[-1] if unit_path else ""
        self.blocks = blocks
        self._message = _Fields([t for b in blocks.get("message", ()) for t in b.targets])
        self._shipment = _Fields([t for b in blocks.get("shipment", ()) for t in b.targets], dialect)
        self._refuse = _refusal([a for b in blocks.get("shipment", ()) for a in b.actions])
        self._parties = [(role, _bound(b, dialect, unit)) for role in PARTY_ROLES for b in blocks.get(role, ())]
        self._items = [_bound(b, dialect, unit) for b in blocks.get("item", ())]
        self._references = [_bound(b, dialect, unit) for b in blocks.get("reference", ())]
        for before, bound in pairwise(self._references):
            bound.again = bound.binding == before.binding
        self._index: dict[tuple[str, str], Target] = {
            (level, t.name): t for level, level_blocks in blocks.items() for b in level_blocks for t in b.targets
        }
        self._near: dict[tuple[str, str], Target | None] = {}
        self.here: Callable[[Any, Any], Position | None] = node_place(dialect, unit)

    def run(self, message: Message, node: Any, profile: Profile) -> MappedShipment:
        """Map one unit. Never raises on data."""
        mapped = Mapped(self, message, node, profile)
        run = Run(message, profile)
        root = message.root
        inherited = self._header(message, root, profile, run)
        run.inherited = inherited
        draft = mapped.draft
        self._shipment.fill(node, root, draft, run)
        for name, value in inherited.items():
            if name not in draft:
                draft[name] = value
        if self._refuse is not None:
            self._refuse(node, root, run)
        for role, bound in self._parties:
            if role not in draft:
                self._party(role, bound, mapped, node, root, run)
        self._lists(mapped, node, root, run)
        run.level = ""
        self._complete(draft, profile, run)
        mapped.findings = run.findings
        return mapped

    def _header(self, message: Message, root: Any, profile: Profile, run: Run) -> dict[str, Any]:
        """Return the message level's values, read once per context; its remarks go to the first shipment only."""
        kept = message.cache.get(self.mapping_version)
        if kept is not None and kept[0] == message.context:
            run.findings += kept[2]
            values: dict[str, Any] = kept[1]
            return values
        own = Run(message, profile)
        values = {}
        self._message.fill(root, root, values, own)
        run.findings += own.findings
        errors = [f for f in own.findings if f.severity is Severity.ERROR]
        message.cache[self.mapping_version] = (message.context, values, errors)
        return values

    def _party(self, role: str, bound: _Bound, mapped: Mapped, node: Any, root: Any, run: Run) -> None:
        nodes = bound.nodes(node, root, run)
        if not nodes:
            if bound.required and bound.applies(node, root, run):
                row = bound.required
                severity = Severity.WARNING if row.required == "warn" else Severity.ERROR
                said = row.message or f"{role} is missing"
                run.findings.append(
                    Finding(row.rule or "S321-ROLE-REQ", severity, Scope.SHIPMENT, said[:1].upper() + said[1:] + ".", self.here(node, root) or NOWHERE, role, pointer=f"/{role}", row=row.where)
                )  # fmt: skip
            return
        party: dict[str, Any] = {}
        run.level = role
        bound.fill(nodes[0], root, party, run)
        if run.more:
            more, run.more = run.more, []
            self._left_out(role, bound, party, more, root, run)
        run.level = ""
        mapped._parties[role] = nodes[0]
        if party:
            mapped.draft[role] = party

    def _left_out(self, role: str, bound: _Bound, party: dict[str, Any], more: list[Any], root: Any, run: Run) -> None:
        """Say that several parties were sent where the shipment has one; the same one twice is none the worse."""
        found: list[Finding] = []
        for node in more:
            other: dict[str, Any] = {}
            bound.fill(node, root, other, Run(run.message, run.profile))
            place = self.here(node, root) or NOWHERE
            if other and other != party and not told_already(run.findings, place):
                found.append(left_out(role, party, other, place))
        if found:
            run.findings.append(gravest(found))

    def _lists(self, mapped: Mapped, node: Any, root: Any, run: Run) -> None:
        items: list[dict[str, Any]] = []
        for bound in self._items:
            carries_on = bound.carries_on
            for one in bound.nodes(node, root, run):
                more = bound.continues(one, root, run) if carries_on else None
                if more is not None and items:
                    text = f"{items[-1].get('enhanced_product_description', '')} {more}".strip()
                    items[-1]["enhanced_product_description"] = text
                    continue
                run.level, run.index = "items", len(items)
                item: dict[str, Any] = {"line_number": len(items) + 1}
                bound.fill(one, root, item, run)
                if bound.refuse is not None:
                    bound.refuse(one, root, run)
                items.append(item)
                mapped._items.append(one)
        if items:
            mapped.draft["items"] = items
        references: list[dict[str, Any]] = []
        nodes: list[Any] = []
        for bound in self._references:
            if not bound.again:
                nodes = bound.nodes(node, root, run)
            for one in nodes:
                run.level, run.index = "references", len(references)
                reference: dict[str, Any] = {}
                bound.fill(one, root, reference, run)
                if reference.get("value") and reference.get("type") and reference not in references:
                    references.append(reference)
                    mapped._references.append(one)
        if references:
            mapped.draft["references"] = references

    def _complete(self, draft: dict[str, Any], profile: Profile, run: Run) -> None:
        """Fill what the input does not carry: enrichment first, then the partner's constants."""
        if profile.enrich is not None:
            self._enrich(draft, profile.enrich(draft) or {}, run)
        for name, value in profile.constants.items():
            if name not in draft:
                draft[name] = dict(value) if isinstance(value, dict) else value

    @staticmethod
    def _enrich(draft: dict[str, Any], known: dict[str, Any], run: Run) -> None:
        """Take what the enrichment knows and the input lacks; what was said of it as missing is then no longer true."""
        taken = known.keys() - draft.keys()
        if taken:
            draft.update((name, known[name]) for name in known if name in taken)
            run.findings[:] = [
                f for f in run.findings if f.value is not None or f.pointer.lstrip("/").partition("/")[0] not in taken
            ]
        for name, value in known.items():
            if draft[name] != value:
                said = f"The enrichment file has another {name} than the manifest; the manifest's was kept."
                run.findings.append(
                    Finding(
                        "MAP-ENRICH-CONFLICT", Severity.WARNING, Scope.SHIPMENT, said, target=name, pointer=f"/{name}"
                    )
                )

    def place(self, level: str, name: str, node: Any, root: Any, run: Run) -> Origin | None:
        """Return where a target was read from: the row that gave the value, else the row that should have."""
        target = self._index.get((level, name)) or self._nearest(level, name)
        if target is None:
            position = self.here(node, root) if level not in ("message",) else None
            return Origin(position) if position and level != "shipment" else None
        for line in target.lines:
            values = line.values(node, root, run) if line.values else []
            if any(values) and (line.holds is None or line.holds(node, root, run)):
                told = [v for v in values if v.strip()]
                received = told[0] if len(told) == 1 else None
                return Origin(line.locate(node, root) or NOWHERE, line.row.where, received, line.personal)
        line = target.lines[-1]
        return Origin(line.locate(node, root) or self.here(node, root) or NOWHERE, line.row.where)

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


class _Fields:
    """Targets with the function that fills them: written when it is needed, most tables of an installation rest."""

    def __init__(self, targets: list[Target], dialect: Dialect | None = None) -> None:
        self._targets, self._dialect = targets, dialect
        self.fill: Fill = self._first

    def _first(self, node: Any, root: Any, out: dict[str, Any], run: Run) -> None:
        self.write()
        self.fill(node, root, out, run)

    def write(self) -> None:
        """Write the function; tables have one for each set of columns."""
        many = getattr(self._dialect, "by_columns", False)
        self.fill = by_columns(self._targets) if many else straight_line(self._targets, self._dialect)


_Way = tuple[bool, Finder, Condition | None, bool]
"""A binding row: (each) or (first), what finds the nodes, under which condition; True when it is the node itself."""


class _Bound(_Fields):
    """A block with its binding compiled: the nodes its rows are read in."""

    def __init__(self, block: Block, dialect: Dialect, unit: str) -> None:
        super().__init__(block.targets, dialect)
        self._block, self._unit = block, unit
        self._ways: list[_Way] = []
        self.binding = [(row.target, path, when) for row, path, when in block.bindings]
        self.again = False  # bound as the block before it, whose nodes are its own: several seals of one segment
        self.required = next((row for row, _, _ in block.bindings if row.required), None)
        self.refuse = _refusal(block.actions)
        self._continue = next((line for row, line in block.actions if row.target == "(continue)"), None)
        self.carries_on = self._continue is not None
        self.nodes: Callable[[Any, Any, Run], list[Any]] = self._first_nodes

    def _first_nodes(self, node: Any, root: Any, run: Run) -> list[Any]:
        self.nodes = self._bind()
        return self.nodes(node, root, run)

    def _bind(self) -> Callable[[Any, Any, Run], list[Any]]:
        """Return what finds the nodes; made when it is needed, as the function that fills."""
        assert self._dialect is not None
        self._ways = [
            (row.target == "(each)", self._dialect.finder(path, self._unit), condition(when, self._dialect, self._unit), not path.steps)
            for row, path, when in self._block.bindings
        ]  # fmt: skip
        if len(self._ways) == 1 and self._ways[0][0] and self._ways[0][2] is None and not self._ways[0][3]:
            find = self._ways[0][1]  # the commonest: (each) without a condition
            return lambda node, root, run: find(node, root)
        return self._nodes

    def applies(self, node: Any, root: Any, run: Run) -> bool:
        """True when the condition of a binding row holds."""
        return any(holds is None or holds(node, root, run) for _, _, holds, _ in self._ways)

    def _nodes(self, node: Any, root: Any, run: Run) -> list[Any]:
        """Return the nodes of the first binding that finds any; the unit itself for a block without binding."""
        if not self._ways:
            return [node]
        for each, find, holds, itself in self._ways:
            if holds is not None and not holds(node, root, run):
                continue
            found = [node] if itself else find(node, root)
            if found:
                if each:
                    return found
                run.more = found[1:]
                return found[:1]
        return []

    def continues(self, node: Any, root: Any, run: Run) -> str | None:
        """Return the text of a continuation line, None when the node is a line of its own."""
        line = self._continue
        if line is None or (line.holds is not None and not line.holds(node, root, run)):
            return None
        return " ".join(v.strip() for v in line.values(node, root, run) if v) if line.values else ""


def _refusal(actions: list[tuple[Row, Line]]) -> Callable[[Any, Any, Run], None] | None:
    """Return what runs the (refuse) rows of a block: the first that holds refuses; rows that only warn before it are told too."""
    refusals = [action for action in actions if action[0].target == "(refuse)"]
    if not refusals:
        return None
    which: list[Which] = []  # written when it is needed

    def refuse(node: Any, root: Any, run: Run) -> None:
        if not which:
            which.append(first_that_holds([line for _, line in refusals]))
        first = which[0](node, root, run)
        if first < 0:
            return
        for row, line in refusals[first:]:
            if line.holds is None or line.holds(node, root, run):
                run.findings.append(_refused(row, line, node, root, run))
                if row.required != "warn":
                    return

    return refuse


def _refused(row: Row, line: Line, node: Any, root: Any, run: Run) -> Finding:
    severity = Severity.WARNING if row.required == "warn" else Severity.ERROR
    value = next((v for v in line.values(node, root, run) if v), None) if line.values else None
    shown = line.apply([value]) if line.apply is not None and value else value
    said = row.message.replace("{value}", shown or "").rstrip(".") + "."
    said = said[:1].upper() + said[1:]
    place = line.locate(node, root) or NOWHERE
    return Finding(row.rule or "MAP-REFUSED", severity, Scope.SHIPMENT, said, place, value=value, row=row.where)


def _bound(block: Block, dialect: Dialect, unit: str) -> _Bound:
    return _Bound(block, dialect, unit)


Way = tuple[Condition | None, Callable[[], CompiledProgram]]
"""The condition of a program, and what gives it."""


class ProgramChoice:
    """Several programs of one message type, each under a condition on the header; the first that holds runs.

    A program is compiled when it is chosen. What the choice itself says of mapping and units is that of the first.
    """

    def __init__(self, ways: list[Way]) -> None:
        self._ways = ways

    @property
    def mapping_id(self) -> str:
        """See gateway.profile.Program."""
        return self._ways[0][1]().mapping_id

    @property
    def mapping_version(self) -> str:
        """See gateway.profile.Program."""
        return self._ways[0][1]().mapping_version

    @property
    def unit_path(self) -> tuple[str, ...]:
        """See gateway.profile.Program."""
        return self._ways[0][1]().unit_path

    def run(self, message: Message, node: Any, profile: Profile) -> MappedShipment:
        """Map one unit with the program whose condition holds for this message."""
        return self.choose(message, profile).run(message, node, profile)

    def choose(self, message: Message, profile: Profile) -> CompiledProgram:
        """Return the program for a message; the last one when no condition holds."""
        chosen = message.cache.get("program")
        if chosen is None:
            run = Run(message, profile)
            way = next(
                (give for holds, give in self._ways if holds is None or holds(message.root, message.root, run)),
                self._ways[-1][1],
            )
            chosen = message.cache["program"] = way()
        program: CompiledProgram = chosen
        return program
