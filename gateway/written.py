"""Functions that are written as text and compiled: the only place where text becomes code.

The text is made from numbers and names that the program chose (tests/test_hostile_text.py): whatever a user or a sender
wrote comes in as values of `names`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any


@lru_cache(1024)
def _code(text: str) -> CodeType:
    """Compile a function once: the parties of a table, and tables of one family, often have the same text."""
    return next(one for one in compile(text, "<mapping>", "exec").co_consts if isinstance(one, CodeType))


def function(head: str, lines: list[str], names: dict[str, Any]) -> Callable[..., Any]:
    """Return the function with this head, as in `fill(node, root)`, and these lines. names: what it reads.

    Each has a copy of the code: the interpreter notes in it where the names stand, which would be undone by the next function's.
    """
    text = f"def {head}:\n" + "\n".join(f" {line}" for line in lines)
    return FunctionType(_code(text).replace(), names)
