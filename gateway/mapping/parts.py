"""What a program reads in nodes of their own: parties, goods lines and references, block by block.

`fill` does it for any unit; the functions of whole.py do what is plain themselves, and hand the rest to the methods below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gateway.findings import NOWHERE, Finding, Position, Scope, Severity
from gateway.mapping.blocks import Bound
from gateway.mapping.mapped import Mapped
from gateway.mapping.several import gravest, left_out, told_already
from gateway.mapping.shapes import CONTINUES
from gateway.mapping.sources import Run
from gateway.mapping.table import Row


class Parts:
    """The blocks of one program. here: where the node of a unit stands."""

    def __init__(
        self,
        parties: Sequence[tuple[str, Bound]],
        items: Sequence[Bound],
        references: Sequence[Bound],
        here: Callable[[Any, Any], Position | None],
    ) -> None:
        self.parties, self.items, self.references, self._here = parties, items, references, here

    @property
    def bound(self) -> list[Bound]:
        """All blocks: parties, goods lines, references."""
        return [*(bound for _, bound in self.parties), *self.items, *self.references]

    def party(self, role: str, bound: Bound, nodes: Sequence[Any], mapped: Mapped, root: Any, run: Run) -> None:
        """Fill a party from the first of some nodes; say what is to be said of the others, or of one that is missing."""
        if role in mapped.draft:
            return
        if not nodes:
            if bound.required and bound.applies(mapped.node, root, run):
                self._miss(role, bound.required, mapped, root, run)
            return
        party: dict[str, Any] = {}
        run.level = role
        if told := bound.fill(nodes[0], root, party, run):
            bound.refusals.tell(told - 1, nodes[0], root, run)
        if len(nodes) > 1:
            self._left_out(role, bound, party, nodes[1:], root, run)
        run.level = ""
        mapped.parties[role] = nodes[0]
        if party:
            mapped.draft[role] = party

    def _miss(self, role: str, row: Row, mapped: Mapped, root: Any, run: Run) -> None:
        """Tell of a party that is missing, once it is known that the enrichment file does not have it either."""
        if run.profile.enrich is None:
            run.findings.append(self.missing(role, row, mapped.node, root))
        else:
            run.missing.append((len(run.findings), role, row))

    def missing(self, role: str, row: Row, node: Any, root: Any) -> Finding:
        """Return what is said of a party that is missing."""
        severity = Severity.WARNING if row.required == "warn" else Severity.ERROR
        said = row.message or f"{role} is missing"
        return Finding(
            row.rule or "S321-ROLE-REQ", severity, Scope.SHIPMENT, said[:1].upper() + said[1:] + ".", self._here(node, root) or NOWHERE, role, pointer=f"/{role}", row=row.where
        )  # fmt: skip

    def _left_out(
        self, role: str, bound: Bound, party: dict[str, Any], more: Sequence[Any], root: Any, run: Run
    ) -> None:
        """Say that several parties were sent where the shipment has one; the same one twice is none the worse."""
        found: list[Finding] = []
        for node in more:
            other: dict[str, Any] = {}
            bound.fill(node, root, other, Run(run.message, run.profile))
            place = self._here(node, root) or NOWHERE
            if other and other != party and not told_already(run.findings, place):
                found.append(left_out(role, party, other, place))
        if found:
            run.findings.append(gravest(found))

    def goods(self, found: Sequence[Sequence[Any]], mapped: Mapped, root: Any, run: Run) -> None:
        """Fill goods lines. found: nodes of each block."""
        items: list[dict[str, Any]] = []
        run.level = "items"
        for bound, nodes in zip(self.items, found, strict=True):
            self.lines(bound, nodes, items, mapped, root, run)
        if items:
            mapped.draft["items"] = items

    def lines(
        self, bound: Bound, nodes: Sequence[Any], items: list[dict[str, Any]], mapped: Mapped, root: Any, run: Run
    ) -> None:
        """Fill the goods lines of one block."""
        for one in nodes:
            run.index = len(items)
            item: dict[str, Any] = {"line_number": len(items) + 1}
            if told := bound.fill(one, root, item, run):
                self.odd_line(bound, told, one, item, items, mapped, root, run)
            else:
                items.append(item)
                mapped.items.append(one)

    def odd_line(
        self, bound: Bound, told: int, one: Any, item: dict[str, Any], items: list[dict[str, Any]], mapped: Mapped, root: Any, run: Run,
    ) -> None:  # fmt: skip
        """Take a goods line that carries on the one before, or that is refused. told: what its function gave, see for_goods."""
        if told != CONTINUES:
            bound.refusals.tell(told - 1, one, root, run)
        elif items and not mapped.begins(one):
            before = items[-1].get("enhanced_product_description", "")
            items[-1]["enhanced_product_description"] = f"{before} {bound.continuation(one, root, run)}".strip()
            return
        else:  # there is no line before in its loop
            bound.alone.fill(one, root, item, run)
            bound.refusals.look(one, root, run)
        items.append(item)
        mapped.items.append(one)

    def refer(self, found: Sequence[Sequence[Any]], mapped: Mapped, root: Any, run: Run) -> None:
        """Fill references. found: nodes of each block."""
        references: list[dict[str, Any]] = []
        known: set[str] = set()
        run.level = "references"
        for bound, nodes in zip(self.references, found, strict=True):
            if nodes:
                self.numbers(bound, nodes, references, known, mapped, root, run)
        if references:
            mapped.draft["references"] = references

    def numbers(
        self, bound: Bound, nodes: Sequence[Any], references: list[dict[str, Any]], known: set[str], mapped: Mapped, root: Any, run: Run,
    ) -> None:  # fmt: skip
        """Fill the references of one block. known: the values of those that are there."""
        for one in nodes:
            run.index = len(references)
            reference: dict[str, Any] = {}
            bound.fill(one, root, reference, run)
            if "type" not in reference or (value := reference.get("value")) is None:
                continue
            if value in known and reference in references:
                continue
            known.add(value)
            references.append(reference)
            mapped.references.append(one)
