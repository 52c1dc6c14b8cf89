"""Segments + structure table -> tree of nodes + findings; one segment at a time.

The state is the row that matched last. From there a tag leads forward inside its group, into a group by its trigger,
to a repetition of an open group, or up. Each step is found once and kept (`Row.moves`). A segment that fits nowhere is
a finding, hangs under the innermost open group and changes nothing: it never closes a group.
"""

from __future__ import annotations

from itertools import accumulate
from operator import add

from gateway.findings import Finding
from gateway.formats.edifact.structure.checks import Checker, Seen
from gateway.formats.edifact.structure.moves import Move, find
from gateway.formats.edifact.structure.plans import MOST, plans_of
from gateway.formats.edifact.structure.policy import SyntaxPolicy
from gateway.formats.edifact.structure.tables import Group, Row, load_table
from gateway.records import Node


class Matcher:
    """Places the segments of one message under `root` (the UNH node).

    units: tags whose groups on the first level are shipments (in an acknowledgment: answers); they are not hung under
    root but handed out in `completed`, so that a message of any length needs the memory of one shipment.
    context grows with each segment that is added to the header.
    """

    def __init__(
        self,
        table: str,
        root: Node,
        units: frozenset[str],
        policy: SyntaxPolicy,
        checker: Checker,
    ) -> None:
        self._table = load_table(table)
        self._row: Row = self._table.trigger
        self._nodes = [root]
        self._counts = [0] * 32  # repetitions of the open group on each level
        self._times = 1  # of the current row
        self._units = units
        self._starts = {start: plans_of(start, units) for start in _starts(self._table, units)}
        self._policy = policy
        self.unit: Node | None = None  # the shipment that is being read
        self._checker, self._check = checker, checker.check
        self.completed: Node | None = None
        self.taken: tuple[Node | None, list[Node]] = (None, [])  # the last shipment that was taken whole, and its nodes
        self.context = 0
        self.position = 1
        self.last = root

    def feed(self, node: Node) -> list[Finding] | None:  # noqa: PLR0912  the hot loop
        """Place and check one segment; None = nothing to say. `completed` is the shipment that it ended, if any."""
        self.last = node
        self.position = node.position = self.position + 1
        row = self._row
        tag = node.tag
        move: Move | None = row.moves.get(tag) or find(row, tag)
        findings: list[Finding] | None = None
        if move is None:
            if tag not in self._units:
                return self._with_check(self._stray(node), node)
            move = self._unit_again(tag)  # a shipment in an odd place is still a shipment
            findings = [self._policy.stray(node, None, known=True)]
        if move.missing:
            findings = [*(findings or ()), *self._passed_over(move.missing, node)]
        depth = move.depth
        nodes = self._nodes
        parent = nodes[depth]
        self._row = target = move.row
        if move.stays:
            self._times += 1
            if self._times > target.max:
                findings = [*(findings or ()), self._policy.repeated(node, target, self._times, self.unit)]
        else:
            self._times = 1
            if len(nodes) > depth + 1:
                del nodes[depth + 1 :]
            if move.opens:
                nodes.append(node)
                times = self._counts[depth + 1] = self._counts[depth + 1] + 1 if move.again else 1
                if times > move.most:
                    findings = [*(findings or ()), self._policy.group_repeated(node, target.group, self.unit)]
        if depth == 0:
            self._top(node, move)
            if self.completed is not None:
                return [*(findings or ()), *(self._check(node, self.unit) or ())]
            return [*findings, *(self._check(node, self.unit) or ())] if findings else self._check(node, self.unit)
        if self.taken[0] is self.unit:
            self._forget_kinds()
        node.parent = parent
        children = parent.children
        if children is None:
            parent.children = {tag: [node]}
        elif tag in children:
            children[tag].append(node)
        else:
            children[tag] = [node]
        if findings is not None:
            return [*findings, *(self._check(node, self.unit) or ())]
        return self._check(node, self.unit)

    def take(  # noqa: PLR0912  the hot loop
        self, parts: list[str], number: int, at: int, factor: int, line: int, *, gaps: bool
    ) -> tuple[int, int, int]:
        """Place segments of a file, parts[number] and those after it, as long as there is nothing to say about them.

        parts: texts between terminators, with the gaps before them; at: offset of the first, counted as in the file,
        factor: of its bytes; gaps: False when a gap needs a closer look. Returns (number, at, line) of the part that
        `feed` is to have. Header segments, the envelope and whatever is a finding are left to `feed`.
        """
        if self._row in self._starts and gaps and factor == 1:
            taken = self._take_unit(parts, number, at, line)
            if taken is not None:
                return taken
        if self.taken[0] is self.unit:
            self._forget_kinds()
        nodes, counts, row, times = self._nodes, self._counts, self._row, self._times
        position, node = self.position, self.last
        seen_before, look = self._checker.seen.get, self._checker.look
        stop = len(parts)
        while number < stop:
            raw = parts[number]
            seen: Seen | None = seen_before(raw) or look(raw)
            if seen is None:
                break
            tag, elements, size, lead, feeds, _, step_on = seen
            step = row.steps.get(tag)
            if step is None or (lead and not gaps):
                break
            target, depth, opens, again, stays, most = step
            if stays:
                if times >= most:
                    break
                times += 1
            else:
                if opens:
                    standing = counts[depth + 1] + 1 if again else 1
                    if standing > most:
                        break
                    counts[depth + 1] = standing
                times = 1
                if len(nodes) > depth + 1:
                    del nodes[depth + 1 :]
            line += feeds
            position += 1
            parent = nodes[depth]
            node = Node(tag, elements, at + factor * lead, factor * size, line, position, None, parent)
            if opens:
                nodes.append(node)
            children = parent.children
            if children is None:
                parent.children = {tag: [node]}
            elif tag in children:
                children[tag].append(node)
            else:
                children[tag] = [node]
            row = target
            at += factor * step_on
            number += 1
        self._row, self._times, self.position, self.last = row, times, position, node
        return number, at, line

    def _take_unit(self, parts: list[str], number: int, at: int, line: int) -> tuple[int, int, int] | None:
        """Place all segments of the shipment that has just begun; None when nothing was taken: see `take`.

        Taken are whole shipments without anything to say whose segments came before.
        """
        plans, unit = self._starts[self._row], self.unit
        if unit is None or unit.children is not None or self.last is not unit:
            return None
        segments = self._ahead(parts, number, plans.ends)
        if not segments:
            return None
        tags, elements, sizes, leads, feeds, heads, steps = zip(*segments, strict=True)
        plan = plans.get(heads) or plans.make(heads)
        if plan is None:
            return None
        *offsets, at = accumulate(steps, initial=at)
        _, *lines = accumulate(feeds, initial=line)
        positions = range(self.position + 1, self.position + 1 + len(tags))
        nodes = list(map(Node, tags, elements, map(add, offsets, leads), sizes, lines, positions))
        plan.hang(unit, nodes)
        self._row, self._times, self.position, self.last = plan.row, plan.times, positions[-1], nodes[-1]
        self.taken = unit, nodes
        self._nodes[2:] = [nodes[opened] for opened in plan.open]
        for level, times in plan.counts.items():
            self._counts[level] = times
        return number + len(nodes), at, lines[-1]

    def _ahead(self, parts: list[str], number: int, ends: frozenset[str]) -> list[Seen]:
        """Return the segments of the shipment that has just begun; none where its end is not in sight, or one of them is not plain."""
        seen_before, look = self._checker.seen.get, self._checker.look
        segments: list[Seen] = []
        for raw in parts[number : number + MOST]:
            seen = seen_before(raw) or look(raw)
            if seen is None:
                return []
            if seen[0] in ends:
                return segments
            segments.append(seen)
        return []

    def _forget_kinds(self) -> None:
        """A shipment that was taken whole goes on: behind a UNS, say, that stands where none may."""
        unit, nodes = self.taken
        self.taken = (None, [])
        for node in nodes:
            node.kinds = None
        if unit is not None:
            unit.kinds = None

    def _with_check(self, finding: Finding, node: Node) -> list[Finding]:
        return [finding, *(self._check(node, self.unit) or ())]

    def _top(self, node: Node, move: Move) -> None:
        """Place a segment on the first level: it ends a shipment, and begins one or belongs to the header."""
        self.completed, self.unit = self.unit, None
        root = self._nodes[0]
        if move.opens and node.tag in self._units:
            self.unit = node
            node.parent = root
        else:
            self.context += 1
            root.add(node)

    def end(self, node: Node) -> list[Finding]:
        """UNT: report mandatory rows that did not come and complete the last shipment."""
        move = find(self._row, "UNT")
        findings = self._passed_over(move.missing, node) if move else []
        self.completed, self.unit = self.unit, None
        return findings

    def cut(self) -> None:
        """The message ends without UNT: complete the open shipment, report nothing."""
        self.completed, self.unit = self.unit, None

    def _unit_again(self, tag: str) -> Move:
        row = next(r.trigger for r in self._table.rows if isinstance(r, Group) and r.trigger.tag == tag)
        return Move(row, 0, True, True, False, (), 1_000_000)

    def _passed_over(self, rows: tuple[Row, ...], node: Node) -> list[Finding]:
        return [f for row in rows if (f := self._policy.missing(row, node, self.unit)) is not None]

    def _stray(self, node: Node) -> Finding:
        """A segment that fits nowhere: under the innermost open group that has such a segment, else the innermost."""
        group: Group | None = self._row.group
        known = False
        while group is not None:
            if any(isinstance(r, Row) and r.tag == node.tag for r in group.rows[1:]):
                known = True
                break
            group = group.row.group if group.row else None
        depth = min(group.depth if group is not None else len(self._nodes) - 1, len(self._nodes) - 1)
        if self.taken[0] is self.unit:
            self._forget_kinds()
        if self._nodes[depth] is not self._nodes[0] or self.unit is None:
            self._nodes[depth].add(node)
            self.context += depth == 0
        else:
            self.unit.add(node)  # not into the header: it is no longer read by then
        return self._policy.stray(node, self.unit, known=known or _anywhere(self._table, node.tag))


def _starts(table: Group, units: frozenset[str]) -> list[Row]:
    """Return the rows at which shipments begin."""
    return [row.trigger for row in table.rows if isinstance(row, Group) and row.trigger.tag in units]


def _anywhere(group: Group, tag: str) -> bool:
    return any(row.tag == tag if isinstance(row, Row) else _anywhere(row, tag) for row in group.rows)
