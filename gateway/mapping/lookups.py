"""How functions in line get at segments and elements: a variable for each path and element, written once in each block.

n0 = c["RFF"]                                                   known to be there, as the shape says
q1 = index(n0, root); n2 = q1.get("HWB") or EMPTY               RFF[HWB], looked up in each node
e3 = c["RFF"][0].elements                                       RFF[HWB] where the kinds say that it is the only one (seats.py)
"""

from __future__ import annotations

from typing import Any

from gateway.dialect import ITSELF, InLineSteps
from gateway.kinds import UNKNOWN, Kinds
from gateway.mapping.filling_up import filled_up, read_of
from gateway.mapping.quick import CAREFUL
from gateway.mapping.seats import EACH, Found, Seats, Way

NO_TEXT = '""'
"""The expression of an element that cannot be there."""
NO_NODES = "EMPTY"
"""The expression of nodes that cannot be there."""


class Lookups:
    """The text of the function while it is written. names: what it reads; scopes: variables of the open blocks.

    helpers: of the dialect; shape: tags of the segments below the node, None = any; codes: those that the node begins with, as far as they
    are known. told: the texts of elements that such codes are, by their expressions.
    """

    def __init__(self, helpers: dict[str, Any], shape: frozenset[str] | None, codes: tuple[str, ...] = ()) -> None:
        self.names: dict[str, Any] = {
            "CAREFUL": CAREFUL,
            "NONE": {},
            NO_NODES: (),
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
        self._codes = codes if helpers.get("codes_are_elements") else ()
        self.told: dict[str, str] = {}

    @property
    def text(self) -> list[str]:
        """All lines of the function."""
        lines, self.names["BLANKS"] = filled_up([*self._head.values(), *self.lines])
        return lines

    def write(self, line: str) -> None:
        """Add a line to the open block."""
        self.lines.append(" " * (len(self._scopes) - 1) + line)

    # --- segments whose place is known ------------------------------------------------------------------------

    def _found(self, steps: InLineSteps) -> tuple[Found, ...] | None:
        return self._seats.of(steps) if self._seats is not None else None

    def _listed(self, steps: InLineSteps, found: tuple[Found, ...]) -> str:
        """Return the variable of the list of some nodes."""
        if not found:
            return NO_NODES
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
            if element == 1 and self._codes and self._codes[0] != UNKNOWN:
                name = self._tag(self._codes[0])
                self.told[name] = self._codes[0]
                return name
            self._head["e"] = "e = node.elements"
        elif found is not None:
            if not found:
                return NO_TEXT
            key: Any = ("elements", found[0].way)
            name = self._known(key) or self._variable(key, "e", f"{self._node(found[0].way)}.elements")
        else:
            nodes = self._nodes(steps)
            if nodes == NO_NODES:
                return NO_TEXT
            key = ("elements", steps)
            first = f"{nodes}[0].elements"
            name = self._known(key) or self._variable(
                key, "e", first if self._sure(steps) else f"{first} if {nodes} else EMPTY"
            )
        return read_of(name, element)

    def _texts(self, steps: InLineSteps, nodes: str, element: int) -> str:
        """Return the variable of an element's text in each of some nodes."""
        key: Any = ("texts", steps, element)
        each = f'x.elements[{element}] if len(x.elements) > {element} else ""'
        return self._known(key) or self._variable(key, "v", f"tuple([{each} for x in {nodes}])")

    def _nodes(self, steps: InLineSteps) -> str:
        """Return the variable of the nodes that the steps lead to, in the order of the finder."""
        found = self._known(steps)
        if found is not None:
            return found
        if (seats := self._found(steps)) is not None:
            return self._listed(steps, seats)
        *above, (tag, values, qualifier) = steps
        every = self._every(tuple(above), tag)
        if not values or every == NO_NODES:
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
        if nodes == NO_NODES:
            return NO_NODES
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
            way = f"above(node, {self._tag(tag)})" if climbs else NO_NODES
            return self._variable(key, "n", f"c.get({self._tag(tag)}) or {way}")
        if tag in self._shape:
            return self._variable(key, "n", f"c[{self._tag(tag)}]")
        return self._variable(key, "n", f"above(node, {self._tag(tag)})") if climbs else NO_NODES
