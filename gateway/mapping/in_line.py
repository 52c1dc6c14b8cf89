"""straight.py for trees of segments: each segment looked up once, and a function for each set of segments that comes.

    def fill(node, root, out, run):
        c = node.children or NONE
        n0 = c["RFF"]                                                       # known to be there, as the shape says
        q1 = index(n0, root); n2 = q1.get("HWB") or q1.get("BH") or NONE    # RFF[HWB|BH]
        e3 = n2[0].elements if n2 else NONE
        value = (k3(raw) or m3(raw)) if (raw := e3[1] if len(e3) > 1 else "") else d3      # RFF[HWB|BH].1154

The *shape* of a node is the tags of the segments right below it. Shipments of one sender have few shapes; a function
for one holds no row that can read nothing there. Where the dialect splits elements, a value is remembered under the text
of its whole element: nothing is split for a text that came before, and a text that needs more than splitting (release
characters) is left to Target.careful. What a row reads otherwise is read with its closure.
Source text is made from numbers, segment tags and field names only, as in straight.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.kinds import Kinds
from gateway.mapping.cells import Target
from gateway.mapping.filling_up import filled_up, read_of
from gateway.mapping.line import AGAIN, InLineTest, Line
from gateway.mapping.quick import CAREFUL, Quick
from gateway.mapping.remembering import all_of, maker, of_header, reader, tester
from gateway.mapping.seats import EACH, Found, Seats, Way
from gateway.mapping.straight import holds_of_nothing
from gateway.mapping.transforms.text import collapse, lower, trim, upper
from gateway.records import ITSELF, InLineElement, InLinePath, InLineSteps

_NOTHING = '""'  # the expression of an element that cannot be there
_NONE = "EMPTY"  # of nodes that cannot be there
_SPELLED: dict[Any, str] = {
    None: "raw.strip()", trim: "raw.strip()", collapse: '" ".join(raw.split())', upper: "raw.strip().upper()", lower: "raw.strip().lower()",
}  # fmt: skip
"""Transforms that are cheaper than a memory of what they made."""


class _Row(NamedTuple):
    """The expressions of one row.

    made: its value, None for none, CAREFUL for what needs words; holds: its condition; there: gives `raw` where something was sent; known: the value
    of a text that came before; sure: the value is a text, or "" for none, and never CAREFUL; default: what stands for no value.
    """

    made: str
    holds: str = ""
    there: str = ""
    known: str = ""
    sure: bool = False
    default: str = ""

    @property
    def text(self) -> str:
        """The value in one expression."""
        value, default = self.made, self.default or "None"
        if self.known or self.sure:
            value = f"({self.known} or {value})" if self.known else f"({value} or {default})"
        if self.there:
            value = f"{value} if {self.there} else {default}"
        return f"({value}) if {self.holds} else None" if self.holds else value


def _remembered(tag: str, there: str) -> _Row:
    return _Row(f"m{tag}(raw)", there=there, known=f"k{tag}(raw)")


class Text:
    """The text of the function while it is written. names: what it reads; scopes: variables of the open blocks.

    helpers: of the dialect; shape: tags of the segments below the node, None = any.
    """

    def __init__(self, helpers: dict[str, Any], shape: frozenset[str] | None) -> None:
        self.names: dict[str, Any] = {
            "CAREFUL": CAREFUL,
            "NONE": {},
            _NONE: (),
            "below": helpers["below"],
            "above": helpers.get("above"),
        }
        self._indexer = helpers["index"]
        self.lines: list[str] = []
        self._head: dict[str, str] = {}
        self._climbs, self._shape = helpers["climbs"], shape
        self._seats = Seats(shape, helpers) if isinstance(shape, Kinds) else None
        self._scopes: list[dict[Any, str]] = [{}]
        self._count = 0
        self._tags: dict[str, str] = {}
        self._indexers: dict[Any, str] = {}

    @property
    def text(self) -> list[str]:
        """All lines of the function."""
        lines, self.names["BLANKS"] = filled_up([*self._head.values(), *self.lines])
        return lines

    def write(self, line: str) -> None:
        """Add a line to the open block."""
        self.lines.append(" " * (len(self._scopes) - 1) + line)

    def target(self, number: int, target: Target) -> None:
        """Write one target: its rows in order, the first value wins; rows that can yield nothing are left out."""
        self.names |= {f"f{number}": target.careful, f"p{number}": target.put}
        careful = f"f{number}(node, root, out, run)"
        missing = "" if target.quiet else f"{target.name!r} not in run.inherited: {careful}"
        rows: list[_Row] = []
        for index, (line, quick) in enumerate(zip(target.lines, target.quick, strict=True)):
            row = self._value_of(f"{number}_{index}", line, quick, first=not rows)
            rows += [row] if row is not None else []
        del self._scopes[1:]
        if len(rows) == 1 and not rows[0].default:
            self.lines.pop()
            self._only(rows[0], self._store(number, target), careful, missing)
        elif rows:
            self.write("if value is not None:")
            self.write(f" if value is CAREFUL: {careful}")
            self.write(f" else: {self._store(number, target)}")
        if missing:
            self.write(f"{'elif' if rows else 'if'} {missing}")

    def _store(self, number: int, target: Target) -> str:
        first, *parts = target.path
        if len(parts) > 1:
            return f"p{number}(out, value)"
        return f'out.setdefault("{first}", {{}})["{parts[0]}"] = value' if parts else f'out["{first}"] = value'

    def _only(self, row: _Row, store: str, careful: str, missing: str) -> None:
        """Write the only row of a target that can yield something: as few steps as can be where a text came before."""
        asked = " and ".join(part for part in (row.holds, row.there) if part) or "True"
        if row.sure:
            self.write(f"if {asked} and (value := {row.made}): {store}")
            return
        self.write(f"if {asked}:")
        if row.known:
            self.write(f" if value := {row.known}: {store}")
        self.write(f" {'elif' if row.known else 'if'} (value := {row.made}) is CAREFUL: {careful}")
        self.write(f" elif value is not None: {store}")
        if missing:
            self.write(f" elif {missing}")

    def choice(self, number: int, line: Line) -> None:
        """Write the condition of one row of a choice: `first` becomes the number of the first that holds."""
        holds = self._conditions(f"c{number}", line)
        if holds is not None:
            self.write(f"if first < 0{f' and {holds}' if holds else ''}: first = {number}")

    def all(self, targets: list[Target], lines: list[Line]) -> None:
        """Write all targets of a block, then the conditions of the rows of a choice."""
        for number, target in enumerate(targets):
            self.target(number, target)
        for number, line in enumerate(lines):
            self.choice(number, line)

    def leave(self, tag: str, line: Line, value: str) -> None:
        """Write that the function gives `value` at once where the condition of a row holds."""
        holds = self._conditions(tag, line)
        if holds is not None:
            self.write(f"if {holds or 'True'}: return {value}")

    def way(self, tag: str, way: Any, takes_all: bool) -> str:
        """Return the expression of the nodes that a binding row finds, "" when it never can."""
        conditions = self._conditions(tag, way.line)
        if conditions is None:
            return ""
        if way.itself or way.steps == ():
            found = "[node]"
        elif way.steps is not None:
            found = self._nodes(way.steps)
            if found == _NONE:
                return ""
        else:
            self.names[f"g{tag}"] = way.find
            found = f"g{tag}(node, root)"
        if not takes_all:
            found = f"{found}[:1]"
        return f"({found} if {conditions} else EMPTY)" if conditions else found

    def _value_of(self, tag: str, line: Line, quick: Quick, *, first: bool) -> _Row | None:
        """Write what gives `value` by one row, tried when those before it gave none; None when it never can."""
        before = len(self.lines)
        if not first:
            self.write("if value is None:")
            self._scopes.append({})
        row = self._row(tag, line, quick)
        if row is None:
            if not first:
                self._scopes.pop()
                del self.lines[before:]
            return None
        self.write(f"value = {row.text}")
        return row

    def _row(self, tag: str, line: Line, quick: Quick) -> _Row | None:
        """Return the expressions of one row; None for a row that can yield nothing."""
        if quick.default is None and line.in_line is not None and all(map(self._nothing, line.in_line)):
            return None
        conditions = self._conditions(tag, line)
        if conditions is None:
            return None
        self.names |= {f"d{tag}": quick.default, f"k{tag}": quick.remember, f"m{tag}": quick.make}
        row = self._made(tag, line, quick)
        if row is None:
            return _Row(f"d{tag}", conditions, default=f"d{tag}") if quick.default is not None else None
        return row._replace(holds=conditions, default=f"d{tag}" if quick.default is not None else "")

    def _made(self, tag: str, line: Line, quick: Quick) -> _Row | None:
        """Return the expressions of what a row makes of its sources, None when there are none."""
        if line.in_line is not None:
            return self._value(tag, line.in_line, line, quick)
        if not line.sources:
            return None
        self.names[f"g{tag}"] = quick.get
        source = f"g{tag}(node, root)" if quick.single else f"g{tag}(node, root, run)"
        return _remembered(tag, f"(raw := {source})")

    def _value(self, tag: str, paths: tuple[InLinePath, ...], line: Line, quick: Quick) -> _Row | None:
        if paths[0].of_nodes is not None:
            nodes = self._nodes(paths[0].steps)
            if nodes == _NONE:
                return None
            self.names[f"r{tag}"] = paths[0].of_nodes
            there = "" if self._sure(paths[0].steps) else f"{nodes} and "
            return _remembered(tag, f"{there}(raw := r{tag}({nodes}, root))")
        elements = [element for path in paths for element in path.elements]
        texts = [self._element(path.steps, element.number) for path in paths for element in path.elements]
        if all(text == _NOTHING for text in texts):
            return None
        if len(texts) > 1:
            if any(element.read for element in elements):
                self._remember(tag, maker(all_of(paths), quick))
            return _remembered(tag, f"any(raw := ({', '.join(texts)}))")
        return self._single(tag, elements[0], _raw(elements[0], texts[0]), line, quick)

    def _single(self, tag: str, element: InLineElement, there: str, line: Line, quick: Quick) -> _Row:
        """Return the expressions of what is made of `raw`, the text of one element."""
        spelled = _SPELLED.get(line.one) if quick.text and (line.one or line.apply is None) else None
        if element.read is None:
            return _Row(spelled, there=there, sure=True) if spelled else _remembered(tag, there)
        if spelled is None:
            self._remember(tag, maker(element.read, quick))
            return _remembered(tag, there)
        self.names[f"m{tag}"] = reader(element.read, quick)
        plain = " and ".join(f"{character!r} not in raw" for character in element.plain)
        if element.deep and plain:
            part = f"parts[{element.part}]"
            plain = f'{plain} and len(parts := raw.split(":")) > {element.part}'
            spelled = spelled.replace("raw", part)
        made = f"(({spelled} or d{tag}) if {plain} else m{tag}(raw))" if plain else f"m{tag}(raw)"
        return _Row(made, there=there)

    def _remember(self, tag: str, made: tuple[Callable[[Any], Any], dict[Any, Any]]) -> None:
        self.names |= {f"m{tag}": made[0], f"k{tag}": made[1].get}

    # --- conditions -------------------------------------------------------------------------------------------

    def _conditions(self, tag: str, line: Line) -> str | None:
        """Return the expression of a row's condition, "" when it always holds, None when it never does."""
        texts = []
        tests = list(enumerate(line.in_line_tests))
        if any(isinstance(test, InLineTest) and self._never(test) for _, test in tests):
            return None
        tests.sort(key=lambda one: not isinstance(one[1], InLineTest))  # those that ask the message cost the most
        for number, test in tests:
            if isinstance(test, InLineTest):
                text = self._test(f"{tag}_{number}", test)
            else:
                path = line.when[number].source.path if line.when else None
                self.names[f"h{tag}_{number}"] = of_header(test) if path is not None and path.absolute else test
                text = f"h{tag}_{number}(node, root, run)"
            if text == "False":
                return None
            if text != "True":
                texts.append(text)
        return " and ".join(texts)

    def _test(self, name: str, test: InLineTest) -> str:
        self.names |= {f"h{name}": test.holds, f"w{name}": test.values}
        steps, elements = test.path.steps, test.path.elements
        if test.op in ("repeated", "differs", AGAIN):
            return self._repeated(name, test)
        if not elements:
            there = self._there(steps)
            known = there in ("True", "False")
            return there if test.op == "present" else str(there != "True") if known else f"not {there}"
        element = self._element(steps, elements[0].number)
        if element == _NOTHING:
            return str(holds_of_nothing(test.op, test.values))
        if elements[0].read is not None:
            known_texts: dict[str, bool] = {}
            self.names |= {f"y{name}": known_texts.get, f"t{name}": tester(test, elements[0].read, known_texts)}
            asked = f"(y if (y := y{name}(raw)) is not None else t{name}(raw, node, root, run))"
            there, absent = f"(raw := {element})", f"not (raw := {element})"
            if elements[0].deep:
                there, absent = f'":" in (raw := {element})', f'":" not in (raw := {element})'
            return f"({absent} or {asked})" if holds_of_nothing(test.op, test.values) else f"({there} and {asked})"
        text = f"{element}.strip()"
        if test.op in ("present", "absent"):
            return text if test.op == "present" else f"not {text}"
        return f"{text} {'in' if test.op == '=' else 'not in'} w{name}"

    def _never(self, test: InLineTest) -> bool:
        """True when a test holds of no node of the known kinds."""
        steps = test.path.steps
        if test.op in ("repeated", "differs", AGAIN):
            return self._never_several(test)
        found = self._found(steps)
        if found is None or (found and (test.path.elements or test.op == "present")):
            return False
        return not holds_of_nothing(test.op, test.values) if test.path.elements or not found else True

    def _never_several(self, test: InLineTest) -> bool:
        *above, (tag, _, qualifier) = test.path.steps or [ITSELF]
        of_one = test.op == "repeated" or not test.path.steps
        found = self._found(test.path.steps if of_one else (*above, (tag, (), "")))
        if found is None or len(found) < 2 or found[0].many:
            return found is not None and not (found and found[0].many)
        codes = self._seats.codes(found, tag, qualifier) if self._seats is not None and not of_one else None
        if codes is None or not test.values or len(set(codes)) < len(codes):
            return False
        return test.op == AGAIN or len(test.values.intersection(codes)) < 2

    def _nothing(self, path: InLinePath) -> bool:
        """True when a path leads to no segment of the known kinds."""
        return self._found(path.steps) == ()

    def _there(self, steps: InLineSteps) -> str:
        if not steps:
            return "True"
        if self._found(steps):
            return "True"
        nodes = self._nodes(steps)
        if nodes == _NONE:
            return "False"
        return "True" if self._sure(steps) else nodes

    def _repeated(self, name: str, test: InLineTest) -> str:
        """Several segments; whether what they say differs is asked with the closure."""
        if test.op != "repeated" and test.path.steps:
            return self._of_kinds(name, test)
        nodes = self._nodes(test.path.steps) if test.path.steps else _NONE
        if nodes == _NONE:
            return "False"
        of_segment = not test.path.elements and test.path.of_nodes is None
        return f"len({nodes}) > 1" + ("" if of_segment else f" and h{name}(node, root, run)")

    def _of_kinds(self, name: str, test: InLineTest) -> str:
        """Several segments of several kinds (`differs`), or more segments than kinds (again.py)."""
        *above, (tag, _, qualifier) = test.path.steps
        every = self._every(tuple(above), tag)
        if every == _NONE:
            return "False"
        several = f"len({every}) > 1"
        if test.values:
            key = ("index", tuple(above), tag, qualifier)
            index = self._known(key) or self._index(key, every, sure=self._sure(((tag, (), ""),)) and not above)
            several = f"len({index}) < len({every})"
            if test.op == "differs":
                several = f"({several} or len({index}.keys() & w{name}) > 1)"
        return f"{several} and h{name}(node, root, run)"

    # --- segments whose place is known ------------------------------------------------------------------------

    def _found(self, steps: InLineSteps) -> tuple[Found, ...] | None:
        return self._seats.of(steps) if self._seats is not None else None

    def _listed(self, steps: InLineSteps, found: tuple[Found, ...]) -> str:
        """Return the variable of the list of some nodes."""
        if not found:
            return _NONE
        way, every = found[0].way, len(found) == found[0].among
        if found[0].many:
            text = self._each(way, every=every)
        elif len(way) > 1 and every:
            text = f"{self._children(way[:-1])}[{self._tag(way[-1][0])}]"
        else:
            text = f"[{', '.join(self._node(one.way) for one in found)}]"
        return self._variable(steps, "n", text)

    def _each(self, way: Way, *, every: bool) -> str:
        """Return the expression of the segments below each of several; every: all with the tag of the last step."""
        at = next(number for number, step in enumerate(way) if number and step[1] == EACH)
        text = f"{self._children(way[:at])}[{self._tag(way[at][0])}]"
        for step, (tag, number) in enumerate(way[at + 1 :], at + 2):
            below = f"x.children[{self._tag(tag)}]"
            whole = number == EACH or (every and step == len(way))
            text = f"[y for x in {text} for y in {below}]" if whole else f"[{below}[{number}] for x in {text}]"
        return text

    def _node(self, way: Way) -> str:
        """Return the expression of a node, of several the first."""
        if len(way) == 1:
            ups: int = way[0]
            return "node" + ".parent" * ups
        tag, number = way[-1]
        return f"{self._children(way[:-1])}[{self._tag(tag)}][{max(number, 0)}]"

    def _children(self, way: Way) -> str:
        """Return the variable of what stands below a node."""
        if way == (0,):
            self._head["c"] = "c = node.children or NONE"
            return "c"
        key: Any = ("children", way)
        return self._known(key) or self._variable(key, "c", f"{self._node(way)}.children")

    # --- segments ---------------------------------------------------------------------------------------------

    def _variable(self, key: Any, prefix: str, text: str) -> str:
        """Return the variable that holds `text`, which may name other variables; written once in each block."""
        name = f"{prefix}{self._count}"
        self._count += 1
        self.write(f"{name} = {text}")
        self._scopes[-1][key] = name
        return name

    def _known(self, key: Any) -> str | None:
        return next((scope[key] for scope in self._scopes if key in scope), None)

    def _tag(self, text: str) -> str:
        name = self._tags.setdefault(text, f"s{len(self._tags)}")
        self.names[name] = text
        return name

    def _sure(self, steps: InLineSteps) -> bool:
        """True when there is certainly a segment: the shape says so."""
        return bool(self._found(steps)) or (
            self._shape is not None and len(steps) == 1 and not steps[0][1] and steps[0][0] in self._shape
        )

    def _element(self, steps: InLineSteps, element: int) -> str:
        name = "e"
        found = self._found(steps)
        if not steps:
            self._head["e"] = "e = node.elements"
        elif found is not None:
            if not found:
                return _NOTHING
            key: Any = ("elements", found[0].way)
            name = self._known(key) or self._variable(key, "e", f"{self._node(found[0].way)}.elements")
        else:
            nodes = self._nodes(steps)
            if nodes == _NONE:
                return _NOTHING
            key = ("elements", steps)
            first = f"{nodes}[0].elements"
            name = self._known(key) or self._variable(
                key, "e", first if self._sure(steps) else f"{first} if {nodes} else EMPTY"
            )
        return read_of(name, element)

    def _nodes(self, steps: InLineSteps) -> str:
        """Return the variable of the nodes that the steps lead to, in the order of the finder."""
        found = self._known(steps)
        if found is not None:
            return found
        if (seats := self._found(steps)) is not None:
            return self._listed(steps, seats)
        *above, (tag, values, qualifier) = steps
        every = self._every(tuple(above), tag)
        if not values or every == _NONE:
            return every
        key = ("index", tuple(above), tag, qualifier)
        index = self._known(key) or self._index(key, every, sure=self._sure(((tag, (), ""),)) and not above)
        choice = " or ".join(f"{index}.get({self._tag(value)})" for value in values)
        return self._variable(steps, "n", f"{choice} or EMPTY")

    def _index(self, key: Any, every: str, *, sure: bool) -> str:
        name = f"i{len(self._indexers)}"
        name = self._indexers.setdefault(key[-2:], name)
        self.names[name] = self._indexer(*key[-2:])
        return self._variable(key, "q", f"{name}({every}, root)" + ("" if sure else f" if {every} else NONE"))

    def _every(self, above: InLineSteps, tag: str) -> str:
        """Return the variable of all nodes with a tag below the nodes that `above` leads to."""
        key = (*above, (tag, (), ""))
        found = self._known(key)
        if found is not None:
            return found
        if (seats := self._found(key)) is not None:
            return self._listed(key, seats)
        if above and (owners := self._found(above)) and len(owners) == 1 and not owners[0].many:
            return self._variable(key, "n", f"{self._children(owners[0].way)}[{self._tag(tag)}]")
        if not above or above == (ITSELF,):
            return self._below_node(key, tag, climbs=not above and self._climbs(tag))
        nodes = self._nodes(above)
        if nodes == _NONE:
            return _NONE
        below = ("below", above)
        first = f"{nodes}[0].children or NONE"
        if not self._sure(above):
            first = f"({first}) if {nodes} else NONE"
        children = self._known(below) or self._variable(below, "c", f"below({nodes}) if len({nodes}) > 1 else {first}")
        return self._variable(key, "n", f"{children}.get({self._tag(tag)}) or EMPTY")

    def _below_node(self, key: InLineSteps, tag: str, *, climbs: bool) -> str:
        if self._shape is None or tag in self._shape:
            self._head["c"] = "c = node.children or NONE"
        if self._shape is None:
            way = f"above(node, {self._tag(tag)})" if climbs else _NONE
            return self._variable(key, "n", f"c.get({self._tag(tag)}) or {way}")
        if tag in self._shape:
            return self._variable(key, "n", f"c[{self._tag(tag)}]")
        return self._variable(key, "n", f"above(node, {self._tag(tag)})") if climbs else _NONE


def _raw(element: InLineElement, text: str) -> str:
    """Return the expression that reads an element into `raw`, true when there is something."""
    if element.deep:  # without a component separator there is no such component
        return f'(raw := raw if ":" in (raw := {text}) else "")'
    return f"(raw := {text})"
