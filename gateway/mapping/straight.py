"""The targets of one block as one straight-line Python function.

    def fill(node, root, out, run):
        raw = g0(node, root)                  # what the row reads
        value = k0(raw) or m0(raw)            # remembered, else made: transform and format
        out["house_bill_number"] = value

The source text is made from row numbers and canonical field names only; paths, conditions, transforms and everything
a user wrote come in as closures. What needs words (remarks, faults, missing values) goes to Target.careful.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.mapping.cells import CAREFUL, Run, Target

Fill = Callable[[Any, Any, dict[str, Any], Run], None]


def straight_line(targets: list[Target]) -> Fill:
    """Return a function that fills all targets, in order."""
    names: dict[str, Any] = {"CAREFUL": CAREFUL}
    body: list[str] = []
    for number, target in enumerate(targets):
        body += _target(number, target, names)
    source = "def fill(node, root, out, run):\n" + "\n".join(f"    {line}" for line in body or ["pass"])
    exec(compile(source, "<mapping>", "exec"), names)  # noqa: S102  our own text, see above
    fill: Fill = names["fill"]
    return fill


def _target(number: int, target: Target, names: dict[str, Any]) -> list[str]:
    """Return the lines of one target; its closures go into `names`."""
    names[f"f{number}"] = target.careful
    lines = ["while 1:"]
    plain = len(target.path) == 1
    names[f"p{number}"] = target.put
    for index, quick in enumerate(target.quick):
        tag = f"{number}_{index}"
        names |= {f"h{tag}": quick.holds, f"g{tag}": quick.get, f"k{tag}": quick.remember, f"m{tag}": quick.make, f"d{tag}": quick.default}  # fmt: skip
        indent = " "
        if quick.holds is not None:
            lines.append(f" if h{tag}(node, root, run):")
            indent = "  "
        call = f"g{tag}(node, root)" if quick.single else f"g{tag}(node, root, run)"
        store = f'out["{target.path[0]}"] = value' if plain else f"p{number}(out, value)"
        lines += [
            f"{indent}raw = {call}",
            f"{indent}if raw:",
            f"{indent} value = k{tag}(raw)",
            f"{indent} if value is None: value = m{tag}(raw)",
            f"{indent}else: value = d{tag}",
            f"{indent}if value is not None:",
            f"{indent} if value is CAREFUL: f{number}(node, root, out, run)",
            f"{indent} else: {store}",
            f"{indent} break",
        ]
    if not target.quiet:
        lines.append(f" f{number}(node, root, out, run)")
    lines.append(" break")
    return lines
