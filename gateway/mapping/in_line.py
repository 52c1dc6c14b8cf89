"""straight.py for trees of segments: each segment looked up once (lookups.py), and a function for each set of segments that comes.

Here are the values and conditions of rows; statements.py writes the statements.

    def fill(node, root, out, run):
        c = node.children or NONE
        n0 = c["RFF"]                                                       # known to be there, as the shape says
        q1 = index(n0, root); n2 = q1.get("HWB") or q1.get("BH") or NONE    # RFF[HWB|BH]
        e3 = n2[0].elements if n2 else EMPTY
        value = (k3(raw) or m3(raw)) if (raw := e3[1] if len(e3) > 1 else "") else d3      # RFF[HWB|BH].1154

The *shape* of a node is the tags of the segments right below it. Shipments of one sender have few shapes; a function
for one holds no row that can read nothing there; where the reader knows more (gateway.kinds), neither an index nor a guard
that cannot hold. Where the dialect splits elements, a value is remembered under the text
of its whole element: nothing is split for a text that came before, and a text that needs more than splitting (release
characters) is left to Target.careful. What a row reads otherwise is read with its closure.
Source text is made from numbers, segment tags and field names only, as in straight.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.dialect import ITSELF, InLineElement, InLinePath, InLineSteps
from gateway.mapping.line import AGAIN, InLineTest, Line
from gateway.mapping.lookups import NO_NODES, NO_TEXT, Lookups
from gateway.mapping.quick import CAREFUL, Quick
from gateway.mapping.remembering import all_of, maker, of_header, reader, tester
from gateway.mapping.rows_in_line import Row, remembered
from gateway.mapping.straight import holds_of_nothing
from gateway.mapping.transforms.text import collapse, lower, trim, upper

_COLLAPSED = '(raw if raw.isprintable() and "  " not in raw and raw.strip() is raw else " ".join(raw.split()))'
"""No blank of any kind but single ones between words, by far the most: to split such a text and join it takes three times as long."""

SPELLED: dict[Any, str] = {
    None: "raw.strip()", trim: "raw.strip()", collapse: _COLLAPSED, upper: "raw.strip().upper()", lower: "raw.strip().lower()",
}  # fmt: skip
"""Transforms that are cheaper than a memory of what they made."""


class Rows(Lookups):
    """What gives the values and conditions of rows, while a function is written."""

    def _row(self, tag: str, line: Line, quick: Quick) -> Row | None:
        """Return the expressions of one row; None for a row that can yield nothing."""
        if quick.default is None and line.in_line is not None and all(map(self._nothing, line.in_line)):
            return None
        conditions = self._conditions(tag, line)
        if conditions is None:
            return None
        self.names |= {f"d{tag}": quick.default, f"k{tag}": quick.remember, f"m{tag}": quick.make}
        row = self._made(tag, line, quick)
        if row is None:
            return Row(f"d{tag}", conditions, default=f"d{tag}") if quick.default is not None else None
        return row._replace(holds=conditions, default=f"d{tag}" if quick.default is not None else "")

    def _made(self, tag: str, line: Line, quick: Quick) -> Row | None:
        """Return the expressions of what a row makes of its sources, None when there are none."""
        if line.in_line is not None:
            return self._value(tag, line.in_line, line, quick)
        if not line.sources:
            return None
        self.names[f"g{tag}"] = quick.get
        return remembered(tag, f"g{tag}(node, root)" if quick.single else f"g{tag}(node, root, run)")

    def _value(self, tag: str, paths: tuple[InLinePath, ...], line: Line, quick: Quick) -> Row | None:
        if paths[0].of_nodes is not None:
            nodes = self._nodes(paths[0].steps)
            if nodes == NO_NODES:
                return None
            found = self._found(paths[0].steps)
            if paths[0].alone is not None and found and len(found) == 1 == found[0].among and not found[0].many:
                element = paths[0].alone
                return self._single(tag, element, self._element(paths[0].steps, element.number), line, quick)
            if (every := paths[0].every) is not None and found and self._seats and self._seats.one_of_each(found):
                self._remember(tag, maker(every[1], quick))
                return remembered(tag, self._texts(paths[0].steps, nodes, every[0]))
            self.names[f"r{tag}"] = paths[0].of_nodes
            guard = "" if self._sure(paths[0].steps) else nodes
            return remembered(tag, f"r{tag}({nodes}, root)", guard=guard)
        elements = [element for path in paths for element in path.elements]
        texts = [self._element(path.steps, element.number) for path in paths for element in path.elements]
        if all(text == NO_TEXT for text in texts):
            return None
        if len(texts) > 1:
            if any(element.read for element in elements):
                self._remember(tag, maker(all_of(paths), quick))
            return remembered(tag, f"({', '.join(texts)})", several=True)
        if texts[0] in self.told and (value := quick.make(self.told[texts[0]])) is not CAREFUL:
            self.names[f"t{tag}"] = value
            return Row(f"t{tag}", constant=True) if value is not None else None
        return self._single(tag, elements[0], texts[0], line, quick)

    def _single(self, tag: str, element: InLineElement, text: str, line: Line, quick: Quick) -> Row:
        """Return the expressions of what is made of the text of one element."""
        spelled = SPELLED.get(line.one) if quick.text and (line.one or line.apply is None) else None
        if element.read is None:
            return Row(spelled, there=f"(raw := {text})", sure=True) if spelled else remembered(tag, text)
        if spelled is None:
            self._remember(tag, maker(element.read, quick))
            return remembered(tag, text, deep=element.deep)
        self.names[f"m{tag}"] = reader(element.read, quick)
        plain = " and ".join(f"{character!r} not in raw" for character in element.plain)
        if element.deep and plain:
            part = f"parts[{element.part}]"
            plain = f'{plain} and len(parts := raw.split(":")) > {element.part}'
            spelled = spelled.replace("raw", part)
        made = f"(({spelled} or d{tag}) if {plain} else m{tag}(raw))" if plain else f"m{tag}(raw)"
        return remembered(tag, text, deep=element.deep)._replace(made=made, known="", quick="")

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
        if element == NO_TEXT:
            return str(holds_of_nothing(test.op, test.values))
        if elements[0].read is not None:
            known_texts: dict[str, bool] = {}
            self.names |= {f"y{name}": known_texts.get, f"t{name}": tester(test, elements[0].read, known_texts)}
            asked = f"(y if (y := y{name}(raw)) is not None else t{name}(raw, node, root, run))"
            there, absent = f"(raw := {element})", f"not (raw := {element})"
            if elements[0].deep:
                there, absent = f'":" in (raw := {element})', f'":" not in (raw := {element})'
            return f"({absent} or {asked})" if holds_of_nothing(test.op, test.values) else f"({there} and {asked})"
        if element in self.told:
            said = self.told[element].strip()
            return str(
                bool(said) is (test.op == "present")
                if test.op in ("present", "absent")
                else (said in test.values) is (test.op == "=")
            )
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
        if nodes == NO_NODES:
            return "False"
        return "True" if self._sure(steps) else nodes

    def _repeated(self, name: str, test: InLineTest) -> str:
        """Several segments; whether what they say differs is asked with the closure."""
        if test.op != "repeated" and test.path.steps:
            return self._of_kinds(name, test)
        nodes = self._nodes(test.path.steps) if test.path.steps else NO_NODES
        if nodes == NO_NODES:
            return "False"
        of_segment = not test.path.elements and test.path.of_nodes is None
        return f"len({nodes}) > 1" + ("" if of_segment else f" and h{name}(node, root, run)")

    def _of_kinds(self, name: str, test: InLineTest) -> str:
        """Several segments of several kinds (`differs`), or more segments than kinds (again.py)."""
        *above, (tag, _, qualifier) = test.path.steps
        every = self._every(tuple(above), tag)
        if every == NO_NODES:
            return "False"
        several = f"len({every}) > 1"
        if test.values:
            key = ("index", tuple(above), tag, qualifier)
            index = self._known(key) or self._index(key, every, sure=self._sure(((tag, (), ""),)) and not above)
            several = f"len({index}) < len({every})"
            if test.op == "differs":
                several = f"({several} or len({index}.keys() & w{name}) > 1)"
        return f"{several} and h{name}(node, root, run)"
