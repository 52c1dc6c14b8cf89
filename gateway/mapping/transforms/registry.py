"""Where transforms are registered, and what they may say back.

A transform is a function with a docstring (what it does, one line) and examples ("in; in => out"). `one` transforms
take one text, `many` all source values of the row (missing ones as ""). Both return text, or raise Unusable.
A remark (the value is used, but the sender should know) is returned as Noted, a str that carries rule and text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol

import msgspec

from gateway.errors import MappingError


class Unusable(ValueError):  # noqa: N818  a verdict on data, not a program error
    """The value cannot be used; args[0] is the reason in words, rule overrides the row's rule."""

    def __init__(self, reason: str, rule: str = "") -> None:
        super().__init__(reason)
        self.reason, self.rule = reason, rule


class Noted(str):
    """A value with remarks: (rule, sentence) pairs."""

    __slots__ = ("notes",)
    notes: tuple[tuple[str, str], ...]

    def __new__(cls, value: str, *notes: tuple[str, str]) -> Noted:
        """Return value with its remarks."""
        noted = super().__new__(cls, value)
        noted.notes = notes
        return noted


class Tables(Protocol):
    """What transforms see of the code tables."""

    def __contains__(self, name: str) -> bool: ...

    def __getitem__(self, name: str) -> Any: ...


Function = Callable[..., str]


class Transform(msgspec.Struct, frozen=True):
    """One registered transform. args: least and most arguments; pure: same input, same output (may be remembered).

    part: it takes a part of the text, so nothing is a usual answer; nothing from any other transform is told
    (MAP-NOT-PASSED).
    """

    name: str
    function: Function
    many: bool
    args: tuple[int, int]
    result: str
    needs_tables: bool
    examples: tuple[str, ...]
    part: bool = False

    def bind(self, args: tuple[str, ...], tables: Tables | None) -> Function:
        """Return the function with its arguments fixed: (value) or (values)."""
        function = self.function
        if self.needs_tables:
            return lambda value: function(value, tables, *args)
        if args:
            return lambda value: function(value, *args)
        return function


TRANSFORMS: dict[str, Transform] = {}


def transform(
    *examples: str, many: bool = False, args: tuple[int, int] = (0, 0), result: str = "text", tables: bool = False, name: str = "", part: bool = False
) -> Callable[[Function], Function]:  # fmt: skip
    """Register the decorated function under its own name (without a trailing underscore)."""

    def register(function: Function) -> Function:
        word = name or function.__name__.rstrip("_")
        if word in TRANSFORMS and TRANSFORMS[word].function.__module__ != function.__module__:
            raise ValueError(f"there is a transform {word} already")
        TRANSFORMS[word] = Transform(word, function, many, args, result, tables, examples, part)
        return function

    return register


def find_transform(name: str) -> Transform | None:
    """Return a transform; installed packages are asked for one that is none of ours. Raises MappingError."""
    _own()
    if name not in TRANSFORMS:
        load_user_transforms()
    return TRANSFORMS.get(name)


def registry() -> Mapping[str, Transform]:
    """Return all transforms: ours and those that installed packages offer (entry point section321_gateway.transforms)."""
    _own()
    load_user_transforms()
    return TRANSFORMS


@cache
def _own() -> None:
    from gateway.mapping.transforms import clocks, codes, dates, identifiers, legs, numbers, text  # noqa: F401  they register


@cache
def load_user_transforms() -> None:
    """Import the transforms of installed packages, once; each entry point names a module whose functions use @transform.

    Raises MappingError when one cannot be imported.
    """
    from importlib.metadata import entry_points

    for entry in entry_points(group="section321_gateway.transforms"):
        try:
            entry.load()
        except Exception as error:
            said = f"the transforms of {entry.value} cannot be loaded: {error}"
            raise MappingError(entry.name, 0, "transform", said, "mend or remove the package") from error
