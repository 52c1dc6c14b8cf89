"""All that is done at a unit whose kinds the reader knows, in one function: its fields, parties, goods lines and references.

    def whole(node, root, out, run, mapped):
        c = node.children or NONE
        ...                                                # the unit's own fields and (refuse) rows, see in_line.py
        run.level = "buyer"; part = {}; one = c[s0][0]
        b3(one, root, part, run)                           # made for what stands below this very segment, and for its code
        ...
        for one in c2[s4]: ...                             # goods lines
        reference = {}; one = c[s5][1]; b5(one, root, reference, run)

Which segments a block is read in is settled before any unit comes (seats.py), so blocks that find none are not in it. What
is not plain (a second party, a line that carries on, a refusal) is left to parts.py, which does the same for any unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gateway import written
from gateway.dialect import Dialect
from gateway.kinds import Kinds
from gateway.mapping.beside import Beside
from gateway.mapping.blocks import Bound, Refusals
from gateway.mapping.cells import Target
from gateway.mapping.forms import Forms, knows
from gateway.mapping.parts import Parts
from gateway.mapping.seats import Found
from gateway.mapping.shapes import helpers_of
from gateway.mapping.statements import Text
from gateway.mapping.straight import Fill

_MOST = 12  # segments of one block, each with a call of its own

Map = Callable[[Any, Any, dict[str, Any], Any, Any], None]
"""(node, root, draft that holds what the header gives, run, mapped) -> None."""


_Make = Callable[[Bound, Found, dict[str, Any]], Any]
"""(block, segment that it is read in, helpers of the dialect) -> the function that does it."""


class Unit(NamedTuple):
    """What a program does at a unit. beside: gives what tells of parties that are not read."""

    targets: list[Target]
    refusals: Refusals
    parts: Parts
    beside: Callable[[], Beside]


class Whole:
    """The functions of one program. dialect: None when there are none."""

    def __init__(self, unit: Unit, dialect: Dialect | None) -> None:
        self._unit, self._helpers = unit, helpers_of(dialect) or {}
        self._forms = Forms(self._write)
        self._get = self._forms.made.get if knows(self._helpers) else None
        self._made: dict[tuple[Bound, Kinds | None, tuple[str, ...]], Any] = {}

    def of(self, node: Any, root: Any) -> Map | None:
        """Return the function for a unit; None for one whose kinds are not known, or came seldom."""
        if self._get is None or (kinds := node.kinds) is None or not root.usual:
            return None
        return self._get(kinds) or self._forms.choose(kinds)

    def _write(self, kinds: Kinds) -> Map:
        text = _Text(self._unit, self._helpers, kinds, self._block)
        text.write_all()
        return written.function("whole(node, root, out, run, mapped)", text.text, text.names)

    def _block(self, bound: Bound, found: Found, make: _Make) -> Any:
        """Return what fills a block from a segment; units whose segments are of the same kinds share it."""
        key = bound, found.kinds, found.codes
        if key not in self._made:
            self._made[key] = make(bound, found, self._helpers)
        return self._made[key]


class _Text(Text):
    """The text of the function while it is written. block: gives what fills a block from a segment."""

    def __init__(
        self, unit: Unit, helpers: dict[str, Any], kinds: Kinds, block: Callable[[Bound, Found, _Make], Any]
    ) -> None:
        super().__init__(helpers, kinds)
        self._unit, self._block = unit, block
        self._blocks = 0
        self._of_parties: list[Found] = []

    def write_all(self) -> None:
        """Write the function."""
        parts, refusals = self._unit.parts, self._unit.refusals
        self.names |= {"blocks": parts, "refused": refusals.tell}
        # what blocks look up always comes first: rows look up under conditions
        where = [self._where(number, bound) for number, bound in enumerate(parts.bound)]
        self.all(self._unit.targets, refusals.lines)
        if refusals:
            self.write("if first >= 0: refused(first, node, root, run)")
        parties, rest = where[: len(parts.parties)], where[len(parts.parties) :]
        goods, references = rest[: len(parts.items)], rest[len(parts.items) :]
        for (role, bound), found in zip(parts.parties, parties, strict=True):
            self._party(role, bound, found)
        self._beside()
        self._goods([(bound, found) for bound, found in zip(parts.items, goods, strict=True) if found])
        self._references([(bound, found) for bound, found in zip(parts.references, references, strict=True) if found])

    def _where(self, number: int, bound: Bound) -> tuple[Found, ...] | str:
        """Return the segments that a block is read in, or the expression of their list where these are not known."""
        ways: list[str] = []
        for index, way in enumerate(bound.ways):
            tag = f"w{number}_{index}"
            conditions = self._conditions(tag, way.line)
            if conditions is None:
                continue
            steps = () if way.itself else way.steps
            found = self._found(steps) if steps is not None else None
            if found == () and not conditions:
                continue
            every = bound.takes_all(way) or (found is not None and len(found) == 1 and not found[0].many)
            if found and len(found) <= _MOST and every and not conditions and not ways:
                return found
            ways.append(self.way(tag, way, bound.takes_all(way)))
        if bound.ways:
            return " or ".join(filter(None, ways))
        return self._found(()) or "[node]"

    def _name(self, what: Any) -> str:
        """Return the name of something that the function uses."""
        name = f"b{self._blocks}"
        self._blocks += 1
        self.names[name] = what
        return name

    def _list(self, found: tuple[Found, ...] | str) -> str:
        return found if isinstance(found, str) else self._listed((), found)

    # --- parties ----------------------------------------------------------------------------------------------

    def _party(self, role: str, bound: Bound, found: tuple[Found, ...] | str) -> None:
        several = [own for own, _ in self._unit.parts.parties].count(role) > 1
        if isinstance(found, str) or len(found) != 1 or found[0].many or several:
            if found or bound.required:
                self.write(
                    f"blocks.party({role!r}, {self._name(bound)}, {self._list(found) or '()'}, mapped, root, run)"
                )
            return
        self._of_parties.append(found[0])
        fill = self._name(self._block(bound, found[0], _filling))
        self.write(f"run.level = {role!r}")
        self.write(f"one = mapped.parties[{role!r}] = {self._node(found[0].way)}")
        self.write("part = {}")
        if bound.tells:
            tell = self._name(bound.refusals.tell)
            self.write(f"if told := {fill}(one, root, part, run): {tell}(told - 1, one, root, run)")
        else:
            self.write(f"{fill}(one, root, part, run)")
        self.write(f"if part: out[{role!r}] = part")
        self.write('run.level = ""')

    def _beside(self) -> None:
        """Ask for parties that were not read, unless it is known that there are none."""
        beside, read = self._unit.beside(), {found.way for found in self._of_parties}
        for steps in beside.steps:
            found = self._found(steps) if steps is not None else None
            if found is None or any(one.way not in read for one in found):
                self.names["beside"] = beside.tell
                self.write("beside(mapped, node, root, run)")
                return

    # --- goods lines and references ---------------------------------------------------------------------------

    def _goods(self, blocks: Sequence[tuple[Bound, tuple[Found, ...] | str]]) -> None:
        if not blocks:
            return
        self.write("items, lines = [], mapped.items")
        self.write('run.level = "items"')
        for bound, found in blocks:
            if isinstance(found, str):
                self.write(f"blocks.lines({self._name(bound)}, {found}, items, mapped, root, run)")
                continue
            for one in found:
                self._lines(bound, one)
        self.write('if items: out["items"] = items')

    def _lines(self, bound: Bound, found: Found) -> None:
        fill = self._name(self._block(bound, found, _filling))
        self.write(f"for one in {self._list((found,))}:")
        self.write(" run.index = index = len(items)")
        self.write(' item = {"line_number": index + 1}')
        taken = "items.append(item); lines.append(one)"
        if bound.tells:
            self.write(
                f" if told := {fill}(one, root, item, run): blocks.odd_line({self._name(bound)}, told, one, item, items, mapped, root, run)"
            )
            self.write(f" else: {taken}")
        else:
            self.write(f" {fill}(one, root, item, run)")
            self.write(f" {taken}")

    def _references(self, blocks: Sequence[tuple[Bound, tuple[Found, ...] | str]]) -> None:
        if not blocks:
            return
        self.write("references, numbers, known = [], mapped.references, set()")
        self.write('run.level = "references"')
        for bound, found in blocks:
            if isinstance(found, str) or bound.tells:
                self.write(
                    f"blocks.numbers({self._name(bound)}, {self._list(found)}, references, known, mapped, root, run)"
                )
                continue
            for one in found:
                if (refer := self._block(bound, one, _referring)) is not None:
                    node = "one" if one.many else self._node(one.way)
                    call = f"{self._name(refer)}({node}, root, run, references, known, numbers)"
                    self.write(f"for one in {self._list((one,))}: {call}" if one.many else call)
        self.write('if references: out["references"] = references')


def _filling(bound: Bound, found: Found, helpers: dict[str, Any]) -> Fill:
    return bound.made_for(found.kinds or frozenset(), found.codes, helpers)


def _referring(bound: Bound, found: Found, helpers: dict[str, Any]) -> Callable[..., None] | None:
    """Return the function that makes a reference of a segment; None when it never does."""
    text = Text(helpers, found.kinds or frozenset(), found.codes)
    text.all(bound.targets, [])
    if not text.tells and not {"type", "value"} <= text.may_have:
        return None
    there = "" if "type" in text.has else '"type" in out and '
    new = f'{there}(value := out.get("value")) is not None and (value not in known or out not in references)'
    lines = [
        "out = {}",
        *(["run.index = len(references)"] if text.tells else []),
        *text.text,
        f"if {new}: known.add(value); references.append(out); numbers.append(node)",
    ]
    return written.function("refer(node, root, run, references, known, numbers)", lines, text.names)
