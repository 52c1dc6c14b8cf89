"""Puts the segments of one transaction set into their tree and says which do not fit (AK304, AK403).

    matcher = Matcher(table, root, separators, "LX", policy)
    for node in segments:  findings = matcher.feed(node);  unit = matcher.completed
    findings = matcher.end(se_node);                       unit = matcher.completed
    matcher.take_unit(run, begin, end, position)           the same as feed for each segment of a whole LX loop, where it can

Streaming: one segment at a time, memory of one shipment. A segment that is unknown, out of place or too many is in a
finding and never in the tree, so nothing is attached to the wrong party. Not here: the words and codes of the findings
(faults.py), envelope and counts (envelope.py, trailers.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from gateway.findings import Finding
from gateway.formats.tree import RootNode
from gateway.formats.x12.faults import Faults
from gateway.formats.x12.layout import SetTable, Structures, known_segments, load_table
from gateway.formats.x12.plans import plans_of
from gateway.formats.x12.policy import SyntaxPolicy
from gateway.formats.x12.tokens import Run
from gateway.formats.x12.transitions import HEADER, INSIDE, LEVEL, LOOP, UNIT, Choices, Slot, machine
from gateway.records import Node, Separators

__all__ = ["Matcher", "SetTable", "Structures", "SyntaxPolicy", "load_table"]

_GOOD: list[Finding] = []  # the answer for a segment that is right; shared, never changed
_LENIENT = SyntaxPolicy()
PAGES = 20  # P4 that are kept for the answer when others took their place: more may not stand in a set


class Matcher:
    """State of one transaction set.

    starts: tag of the segments that start units that `take_unit` can take, None = none.
    completed: the unit (LX node) that the last `feed` or `end` completed, else None. It is not among its parent's
        children; its `parent` stays set. units: how many were completed; levels: HL-03 -> how many came.
    context: grows when the header above the units changes (a new P4); the new P4 takes the old one's place in the
        tree with the segment after it, so that the last unit of the old P4 still sees its own.
    """

    def __init__(
        self, table: SetTable, root: Node, separators: Separators, unit_loop: str, policy: SyntaxPolicy = _LENIENT
    ) -> None:
        self._machine = machine(table, unit_loop, separators.component, separators.repetition)
        self._policy, self._faults = policy, Faults(policy, self._machine)
        self._plans = plans_of(self._machine)
        self.starts = self._plans.unit.tag if self._plans is not None else None
        self._slot = self._machine.start
        self._next = self._slot.next
        self._count = 1  # of the current segment in a row
        self._open = [root] * (self._machine.depth + 1)  # depth -> first segment of the loop open there
        self._entered: list[Slot | None] = [None] * (self._machine.depth + 2)  # depth -> loop entered last
        self._turns = [0] * (self._machine.depth + 2)  # depth -> how often in a row
        self._turned = root.turned if isinstance(root, RootNode) else []
        self._unit: Node | None = None
        self._page: Node | None = None  # a P4 that takes its place with the next segment
        self._doubt: tuple[Node, Node] | None = None  # what may be a damaged P4, and the last segment lost with it
        self._last = root
        self._whole = False  # the open unit was taken by `take_unit`
        self.completed: Node | None = None
        self.sound = False  # so was `completed`
        self.context = 0
        self.units = 0
        self.levels: Counter[str] = Counter()

    @property
    def in_unit(self) -> bool:
        """True when a unit is open."""
        return self._unit is not None

    @property
    def around(self) -> Node | None:
        """What the open unit stands in, None when none is open."""
        return self._unit.parent if self._unit is not None else None

    def feed(self, node: Node) -> list[Finding]:
        """Take the next segment between ST and SE; return what is wrong with it. Do not change the list."""
        self.completed = None
        if self._page is not None:
            self._turn_page()
        slot = self._next.get(node.tag)
        if slot.__class__ is not Slot:
            return self._unusual(node, slot)
        if slot.kind != INSIDE:
            return self._enter(node, slot)
        if slot is self._slot:
            self._count += 1
            if slot.maximum and self._count > slot.maximum:
                return self._too_many(node, slot)
        else:
            self._slot = slot
            self._next = slot.next
            self._count = 1
        self._open[slot.depth].take(node)
        self._last = node
        if slot.check.passes(node.elements):
            return _GOOD
        return self._element_findings(node, slot)

    def take_unit(self, run: Run, begin: int, end: int, position: int, sound: Collection[int] = ()) -> bool:
        """Take the segments of one whole unit, `end` not among them; False when nothing was taken: feed them one by one.

        position: of the first. Taken are units without any fault whose tags came before. sound: see Message.
        """
        plans = self._plans
        assert plans is not None
        unit, depth = plans.unit, plans.unit.depth
        turns = self._turns[depth] + 1 if self._entered[depth] is unit else 1
        tags = tuple(run.tags[begin:end])
        plan = plans.get(tags) or plans.make(tags)
        if plan is None or self._next.get(unit.tag) is not unit or (unit.maximum and turns > unit.maximum):
            return False
        if self._doubt is not None:
            return False
        number = self.units + (1 if self._unit is None else 2)
        if number not in sound and not plan.passes(run.segments[begin:end]):
            return False
        self.completed = None
        if self._page is not None:
            self._turn_page()
        self._complete()
        self._whole = True
        nodes = run.nodes(begin, end, position)
        plan.seats.put(nodes)
        first = self._unit = nodes[0]
        first.parent = self._open[depth - 1]
        self._turns[depth], self._entered[depth] = turns, unit
        below = depth + 1
        self._open[depth : depth + len(plan.opens)] = map(nodes.__getitem__, plan.opens)
        self._entered[below : below + len(plan.entered)] = plan.entered
        self._turns[below : below + len(plan.turns)] = plan.turns
        self._slot, self._count, self._last = plan.last, plan.count, nodes[-1]
        self._next = plan.last.next
        return True

    def end(self, node: Node | None) -> list[Finding]:
        """Close the set before its SE (`node`); None when the set was cut off: then nothing is reported missing."""
        self.completed = None
        if self._page is not None:
            self._turn_page()
        findings = self._missing(self._slot.closing) if node is not None else []
        self._complete()
        return findings

    # --- placing ----------------------------------------------------------------------------------------------

    def _enter(self, node: Node, slot: Slot) -> list[Finding]:
        """Place a segment that starts a loop or stands outside the units."""
        findings = self._doubted(slot) if self._doubt is not None else []
        if slot.kind > LOOP:
            self._complete()
        depth = slot.depth
        if not slot.trigger:
            self._count = self._count + 1 if slot is self._slot else 1
            if slot.maximum and self._count > slot.maximum:
                return findings + self._too_many(node, slot)
            self._open[depth].take(node)
            if self.units:
                self.context += 1
        else:
            self._turns[depth] = self._turns[depth] + 1 if self._entered[depth] is slot else 1
            self._entered[depth] = slot
            self._entered[depth + 1] = None
            if slot.maximum and self._turns[depth] > slot.maximum:
                findings = [*findings, self._segment_finding(node, "4", slot.loop, limit=slot.maximum)]
            if slot.key == LEVEL and node.element(2) != self._open[depth - 1].element(1) and depth > 1:
                findings = [*findings, self._faults.wrong_parent(node, slot, self._open[depth - 1].element(1))]
            if slot.key == LEVEL:
                self.levels[node.element(LEVEL)] += 1
                findings = [*findings, *self._faults.number_again(node, slot)]
            self._hang(node, slot)
            self._open[depth] = node
            self._count = 1
        self._slot = slot
        self._next = slot.next
        self._last = node
        if slot.check.passes(node.elements):
            return findings or _GOOD
        return findings + self._element_findings(node, slot)

    def _hang(self, node: Node, slot: Slot) -> None:
        """Hang the first segment of a loop under the loop around it."""
        parent = self._open[slot.depth - 1]
        if slot.kind == UNIT:
            node.parent = parent
            self._unit = node
        elif slot.kind == HEADER:
            node.parent = parent
            self._page = node
            if self.completed is None:
                self._turn_page()
        else:
            parent.take(node)
            if slot.key == LEVEL:  # an item reads what its order or pack says
                node.parent = parent

    def _turn_page(self) -> None:
        """Let the new P4 take the place of the one before."""
        page = self._page
        self._page = None
        if page is not None and page.parent is not None:
            children = page.parent.children
            if children is None:
                page.parent.children = {page.tag: [page]}
            else:
                if len(self._turned) < PAGES:
                    self._turned += children.get(page.tag, ())
                children[page.tag] = [page]
            self.context += 1

    def _complete(self) -> None:
        if self._unit is not None:
            self.completed, self.sound = self._unit, self._whole
            self._unit, self._whole = None, False
            self.units += 1

    # --- segments that do not simply follow -------------------------------------------------------------------

    def _unusual(self, node: Node, choices: Choices | Slot | None) -> list[Finding]:
        """Handle a tag that needs a choice, that skips something mandatory, or that may not come here."""
        if choices is None or isinstance(choices, Slot):
            return self._lost(node)
        key = node.element(choices[0][0].key)
        slot, missing = next(((s, m) for s, m in choices if not s.keys or key in s.keys), choices[0])
        findings = self._missing(missing)
        for gap in missing:
            if (
                gap.trigger and gap.depth <= slot.depth
            ):  # a loop entered without its first segment: no part of the one before
                self._open[gap.depth] = self._open[gap.depth - 1]
                self._entered[gap.depth] = gap
                self._turns[gap.depth] = 1
        if slot is self._slot and not slot.trigger:
            self._count += 1
            if slot.maximum and self._count > slot.maximum:
                return findings + self._too_many(node, slot)
            self._count -= 1  # counted again below
        if slot.kind != INSIDE:
            return findings + self._enter(node, slot)
        self._count = self._count + 1 if slot is self._slot else 1
        self._slot = slot
        self._next = slot.next
        self._open[slot.depth].take(node)
        self._last = node
        return findings if slot.check.passes(node.elements) else findings + self._element_findings(node, slot)

    def _lost(self, node: Node) -> list[Finding]:
        """Report a segment that may not come here; it is not attached and closes no loop."""
        tag = node.tag
        if self._policy.fold_case and tag != tag.upper() and tag.upper() in self._machine.tags:
            return self._folded(node)
        here = self._slot
        if self._machine.paged:
            self._doubt_of(node)
        self._last = node
        if tag not in self._machine.tags:
            if tag.strip().upper() in self._machine.tags:
                self._stand_apart(here)
            return [self._segment_finding(node, "6" if tag in known_segments() else "1", "")]
        if tag not in here.outer:
            return [self._segment_finding(node, "2", "")]
        if any(s.tag == tag and s.loop == here.loop and not s.trigger for s in self._machine.slots):
            self._stand_apart(here)
        return [self._segment_finding(node, "7", here.loop)]

    def _doubt_of(self, node: Node) -> None:
        """Note a segment that is not understood, and those that are lost right behind it."""
        if self._doubt is not None and self._doubt[1] is self._last:
            self._doubt = self._doubt[0], node
        else:
            self._doubt = None if node.tag.strip().upper() in self._machine.tags else (node, node)

    def _doubted(self, slot: Slot) -> list[Finding]:
        """Refuse the set where such a segment stands right before a shipment: it may be the P4 that this one stands under."""
        assert self._doubt is not None
        (first, last), self._doubt = self._doubt, None
        before = slot.kind == UNIT and self._unit is not None and self._last is last
        return self._faults.doubt(first, slot.tag) if before else []

    def _stand_apart(self, here: Slot) -> None:
        """Keep what follows out of the loop that is open: it belongs to a loop whose start was not understood."""
        if here.depth:
            self._next = {tag: slot for tag, slot in self._next.items() if _starts_elsewhere(slot, here)}

    def _folded(self, node: Node) -> list[Finding]:
        received = node.tag
        node.tag = node.elements[0] = received.upper()
        finding = self._faults.folded(node, received, in_unit=self._unit is not None)
        return [finding, *self.feed(node)]

    def _too_many(self, node: Node, slot: Slot) -> list[Finding]:
        self._last = node
        return [self._segment_finding(node, "5", slot.loop, limit=slot.maximum)]

    # --- findings ---------------------------------------------------------------------------------------------

    def _missing(self, slots: tuple[Slot, ...]) -> list[Finding]:
        return self._faults.missing(slots, self._last, in_unit=self._unit is not None)

    def _segment_finding(self, node: Node, code: str, loop: str, *, limit: int = 0) -> Finding:
        """Return the finding of a segment. One of the header, or of a shipment that has it, is not the open shipment's alone."""
        tag, unit = node.tag.strip().upper(), self._unit
        second = unit is not None and tag in self._machine.once and tag in (unit.children or ())
        in_unit = unit is not None and not second and tag not in self._machine.outside
        return self._faults.segment(node, code, loop, in_unit=in_unit, limit=limit)

    def _element_findings(self, node: Node, slot: Slot) -> list[Finding]:
        return self._faults.elements(node, slot, in_unit=self._unit is not None)


def _starts_elsewhere(target: Slot | Choices, here: Slot) -> bool:
    slot = target if isinstance(target, Slot) else target[0][0]
    return slot.trigger or slot.loop != here.loop
