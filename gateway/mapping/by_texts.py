"""straight.py for nodes of which a reader knows all texts and where they belong (XML units that came before).

    t = node.texts
    if (value := t[4].strip() or None) is not None: ...           TransportContractDocument/ID
    if (value := (k3(raw) or m3(raw)) if (raw := t[2].strip()) else d3) ...         FinalDestinationLocation/ID

Where a path leads is worked out once for each kind of node (gateway.kinds; the dialect's `seats` and `texts`), so a row that can read nothing there
is left out. What stands above the units is asked once until it changes. What a path chooses by values is read with its closure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from gateway.dialect import Getter, Path, Texts
from gateway.kinds import Kinds
from gateway.mapping.cells import Target
from gateway.mapping.grammar import Test
from gateway.mapping.in_line import SPELLED
from gateway.mapping.line import Line, parts_of
from gateway.mapping.quick import Quick
from gateway.mapping.sources import Condition
from gateway.mapping.straight import Body, Fill, function


def fields(targets: list[Target], dialect: Any, kinds: Kinds) -> Fill:
    """Return a function that fills all targets of nodes of these kinds."""
    body = OfTexts(dialect, kinds)
    for number, target in enumerate(targets):
        body.target(number, target)
    return function(body.lines(), body.names)


def unit(targets: list[Target], refusals: list[Line], blocks: Sequence[Any], dialect: Any, kinds: Kinds) -> Fill:
    """Return a function that does all that is done at a unit, see plans.py. blocks: Bound (blocks.py)."""
    body = OfTexts(dialect, kinds)
    for number, target in enumerate(targets):
        body.target(number, target)
    told = any(block.party and _in_several_ways(block) for block in blocks)
    found = [body.nodes(f"b{number}", block, told and block.party) for number, block in enumerate(blocks)]
    first = body.first(refusals)
    return function([*body.lines(), *first, f"return first, ({''.join(f'{one}, ' for one in found)})"], body.names)


class OfTexts(Body):
    """The function while it is written. dialect: knows `seats`, `texts` and `still` of paths."""

    def __init__(self, dialect: Any, kinds: Kinds) -> None:
        super().__init__()
        self._dialect, self._kinds = dialect, kinds

    def lines(self) -> list[str]:
        """See Body."""
        return ["t = node.texts", *super().lines()]

    def first(self, lines: list[Line]) -> list[str]:
        """Return the lines that set `first` to the number of the first row that holds, -1 for none."""
        made = ["first = -1"]
        for number, line in enumerate(lines):
            holds = self._condition(f"r{number}", line)
            if holds != "False":
                made.append(f"if first < 0 and {holds}: first = {number}")
        return made

    def nodes(self, tag: str, block: Any, themselves: bool = False) -> str:
        """Return the expression of the nodes that a block is read in. themselves: the elements are compared with others later (beside.py)."""
        seats = None if themselves else self._seats(block)
        if seats is None:
            self.names[tag] = block.nodes
            return f"{tag}(node, root, run)"
        parts = ["node" if seat is self._kinds else f"node.part({seat.number})" for seat in seats]
        return f"[{', '.join(parts)}]" if parts else "()"

    def _seats(self, block: Any) -> tuple[Any, ...] | None:
        """Return where those nodes are, None when it is not known."""
        if not block.ways:
            return (self._kinds,)
        if len(block.ways) > 1 or block.ways[0].line.holds is not None:
            return None
        (way,) = block.ways
        seats = (self._kinds,) if way.itself else self._dialect.seats(way.path, way.line.at, self._kinds)
        return seats if seats is None or block.takes_all(way) else seats[:1]

    # --- rows -------------------------------------------------------------------------------------------------

    def _row(self, tag: str, line: Line, quick: Quick) -> str:
        condition = self._condition(tag, line)
        texts = self._texts(line)
        nothing = texts is not None and not any(one.numbers for one in texts)
        if condition == "False" or (nothing and quick.default is None):
            return ""
        self.names |= {f"k{tag}": quick.remember, f"m{tag}": quick.make, f"d{tag}": quick.default}
        made = f"d{tag}" if nothing else self._made(tag, line, quick, texts)
        return f"({'' if condition == 'True' else condition + ' and '}(value := {made}) is not None)"

    def _made(self, tag: str, line: Line, quick: Quick, texts: list[Texts] | None) -> str:
        if texts is None:
            return f"(k{tag}(raw) or m{tag}(raw)) if {self._read(tag, line, quick)} else d{tag}"
        if len(texts) > 1:
            return f"(k{tag}(raw) or m{tag}(raw)) if any(raw := ({', '.join(map(_text, texts))})) else d{tag}"
        spelled = SPELLED.get(line.one) if quick.text and (line.one or line.apply is None) else None
        if spelled is not None:
            return f"{spelled.replace('raw', _text(texts[0]))} or d{tag}"
        made, one = f"(k{tag}(raw) or m{tag}(raw))", _of_one_line(line) if quick.text else None
        if one is not None:
            made = f"(({one} or d{tag}) if {_ONE_LINE} else {made})" if one else f"(d{tag} if {_ONE_LINE} else {made})"
        return f"{made} if (raw := {_text(texts[0])}) else d{tag}"

    def _read(self, tag: str, line: Line, quick: Quick) -> str:
        """See Body."""
        if not line.sources:
            return "()"
        text = super()._read(tag, line, quick)
        path = line.sources[0].path
        if quick.single and path is not None and self._dialect.still(path, self._kinds):
            self.names[f"g{tag}"] = _still_read(quick.get)
        return text

    def _texts(self, line: Line) -> list[Texts] | None:
        """Return where the texts of all sources are; None when it is not known."""
        found: list[Texts] = []
        for path, others in parts_of(line.sources):
            for leaf in (path.leaf, *others) if path is not None else ():
                texts = self._dialect.texts(path, line.at, leaf, self._kinds)
                if texts is None:
                    return None
                found.append(texts)
            if path is None:
                return None
        return found

    # --- conditions -------------------------------------------------------------------------------------------

    def _condition(self, tag: str, line: Line) -> str:
        """Return the expression of a row's condition, True or False where it is known."""
        if not line.when:
            if line.holds is None:
                return "True"
            self.names[f"h{tag}"] = line.holds
            return f"h{tag}(node, root, run)"
        tests = [
            self._of_test(f"{tag}_{number}", test, line.in_line_tests[number], line.at)
            for number, test in enumerate(line.when)
        ]
        tests = [test for test in tests if test != "True"]
        return "False" if "False" in tests else " and ".join(tests) or "True"

    def _of_test(self, name: str, test: Test, holds: Any, at: str) -> str:
        path, known = test.source.path, None
        if path is not None:
            known = self._known(name, test, path, at)
            if self._dialect.still(path, self._kinds):
                holds = _still_holds(holds)
        if known is not None:
            return known
        self.names[f"h{name}"] = holds
        return f"h{name}(node, root, run)"

    def _known(self, name: str, test: Test, path: Path, at: str) -> str | None:
        """Return the expression of a test of what the texts tell; None for others."""
        if test.op in ("repeated", "differs"):
            every = Path(path.text, (*path.steps[:-1], *(_any_of(path.steps[-1:]))), path.leaf, path.absolute)
            seats = self._dialect.seats(every, at, self._kinds)
            return "False" if seats is not None and len(seats) < 2 else None
        if test.op in ("present", "absent") and not path.leaf:
            seats = self._dialect.seats(path, at, self._kinds)
            return None if seats is None else str(bool(seats) is (test.op == "present"))
        texts = self._dialect.texts(path, at, path.leaf, self._kinds)
        if texts is None:
            return None
        self.names[f"w{name}"] = frozenset(test.values)
        text = f"{_text(texts)}.strip()" if texts.numbers else '""'
        if test.op in ("present", "absent"):
            return text if test.op == "present" else f"not {text}"
        return f"{text} {'in' if test.op == '=' else 'not in'} w{name}"


_ONE_LINE = '"|" not in raw and "\\n" not in raw'
_LINE = re.compile(r"lines(?:_from)? ([1-9])( *\| *collapse)?")


def _of_one_line(line: Line) -> str | None:
    """Return what a row that takes lines of a text makes of a text of one, "" for nothing; None for other rows."""
    found = _LINE.fullmatch(line.row.transform.strip())
    if found is None:
        return None
    if found[1] != "1":
        return ""
    return '" ".join(raw.split())' if found[2] else "raw.strip()"


def _in_several_ways(block: Any) -> bool:
    """True for a party of which beside.py asks whether any of its ways leads to a party that no role has."""
    return len(block.ways) > 1 or any(way.path.steps and len(way.path.steps[-1].values) > 1 for way in block.ways)


def _any_of(steps: tuple[Any, ...]) -> list[Any]:
    return [type(step)(step.name) for step in steps]


def _text(texts: Texts) -> str:
    """Return the expression of a text."""
    if texts.between is None or not texts.numbers:
        return f"t[{texts.numbers[0]}]" if texts.numbers else '""'
    each = [f"t[{number}].strip()" for number in texts.numbers]
    return each[0] if len(each) == 1 else f"{texts.between!r}.join(filter(None, ({', '.join(each)})))"


def _still_read(get: Callable[..., str]) -> Getter:
    """Return what reads something above the units, once until it changes."""
    last: tuple[object, str] = (None, "")

    def read(node: Any, root: Any) -> str:
        nonlocal last
        if last[0] is not root.state:
            last = root.state, get(node, root)
        return last[1]

    return read


def _still_holds(holds: Condition) -> Condition:
    """Return a test of something above the units, made once until it changes."""
    last: tuple[object, bool] = (None, False)

    def holds_still(node: Any, root: Any, run: Any) -> bool:
        nonlocal last
        if last[0] is not root.state:
            last = root.state, holds(node, root, run)
        return last[1]

    return holds_still
