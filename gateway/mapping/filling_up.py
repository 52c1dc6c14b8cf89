"""Segments of which several elements are read are filled up first, so that no read has to ask for the length.

e1 = n0[0].elements                                        e1 = n0[0].elements
... (e1[1] if len(e1) > 1 else "") ...             ->      if len(e1) <= 12: e1 = [*e1, *BLANKS]
... (e1[12] if len(e1) > 12 else "") ...                   ... e1[1] ... e1[12] ...
"""

from __future__ import annotations

import re

_READ = re.compile(r'\((e\d*)\[(\d+)\] if len\(\1\) > \2 else ""\)')
_FEW = 4  # reads of a segment that are not worth to fill it up


def read_of(name: str, element: int) -> str:
    """Return the expression of an element of the segment in a variable: e, e1, e2 ..."""
    return f'({name}[{element}] if len({name}) > {element} else "")'


def filled_up(lines: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the lines of a function with segments filled up where that pays, and the value of BLANKS."""
    reads: dict[str, list[int]] = {}
    for line in lines:
        for name, number in _READ.findall(line):
            reads.setdefault(name, []).append(int(number))
    often = {name: max(numbers) for name, numbers in reads.items() if len(numbers) > _FEW}
    filled: list[str] = []
    for line in lines:
        filled.append(_READ.sub(lambda read: read[0] if read[1] not in often else f"{read[1]}[{read[2]}]", line))
        name = line.lstrip().partition(" = ")[0]
        if name in often:
            indent = line[: len(line) - len(line.lstrip())]
            filled.append(f"{indent}if len({name}) <= {often[name]}: {name} = [*{name}, *BLANKS]")
    return filled, ("",) * (max(often.values(), default=0) + 1)
