"""The text of mapping cells -> small syntax trees; errors say the column and what to write instead.

    path       M11.05   N1[ST|CN]/N3.01   N9[02=ABC].02   /P4.01   ./@unitCode   Name/@attr   col 7
    source     path ; path ; .06           (a source that starts with "." reads the node of the source before it)
    when       path = VALUE|VALUE and path present and path absent and path != VALUE and path repeated and path differs
    transform  name arg arg | name | ...

`profile.NAME` and `envelope.NAME` are sources too. There is no comma and no quote anywhere: Excel and CSV stay out of it.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from gateway.dialect import Path, Step

WORDS = {
    "comma": ",",
    "space": " ",
    "slash": "/",
    "dash": "-",
    "colon": ":",
    "newline": "\n",
    "dot": ".",
    "bar": "|",
    "nothing": "",
}
"""Words that stand for punctuation in transform arguments."""

UP = ".."
"""The step to the element around this one, in dialects that know it (XML and JSON trees)."""

_STEP = re.compile(r"(?P<name>[^\[\]/.]+)(?:\[(?:(?P<leaf>[A-Za-z0-9@+-]+)=)?(?P<values>[^\[\]]*)\])?", re.ASCII)
_SLASH = re.compile(r"/(?![^\[]*\])")
"""A slash outside of brackets."""
_TEST = re.compile(
    r"(?P<path>[^\[\]=!]*(?:\[[^\]]*\][^\[\]=!]*)*)(?:(?P<op>!=|=)\s*(?P<values>.*)|(?<=\s)(?P<is>present|absent|repeated|differs))"
)
_NO_VALUE = re.compile("[,;\"']")
"""What people part or quote values with; in brackets it would be looked for in the file."""
_JOINED = re.compile(r" (?:AND|And|OR|Or|or|NOT|Not) |^(?:not|NOT|Not) ")
_SPOKEN = re.compile(r".* (is|are|not)", re.I)
"""The end of a path before `present`, where people speak: status is not present."""
_ELEMENT = re.compile(r"\.[0-9]+(-[0-9]+)?")
_SAME = re.compile(r"\.([0-9]+(-[0-9]+)?|@?\w+)")
_NO_COMPONENT = re.compile(r"[0-9]+-(?![0-9]+$).*")


class CellError(ValueError):
    """A cell cannot be read; args[0] says why, args[1] what to write instead."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class Source(msgspec.Struct, frozen=True):
    """One source of a row. kind: path, same (leaf of the node before), profile, envelope, literal, none."""

    kind: str
    path: Path | None = None
    name: str = ""


class Test(msgspec.Struct, frozen=True):
    """One test of a condition. op: "=", "!=", "present", "absent", "repeated" (several different values; several segments, when the path has no leaf),
    "differs" (several different values, those of all its qualifiers)."""

    source: Source
    op: str
    values: tuple[str, ...] = ()


class Call(msgspec.Struct, frozen=True):
    """One transform step."""

    name: str
    args: tuple[str, ...]


_REMEMBERED = 4096
"""Cells of each column that are remembered: the parties of a table and the tables of a family have many in common."""


@lru_cache(_REMEMBERED)
def parse_path(text: str) -> Path:
    """Return the syntax tree of a path. Raises CellError."""
    raw = text.strip()
    if not raw:
        raise CellError("the path is empty", "write for example M11.05")
    absolute = raw.startswith("/")
    body = raw[1:] if absolute else raw
    if body in (".", ""):
        return Path(raw, (), "", absolute)
    if body.startswith("./@"):
        return Path(raw, (), body[2:], absolute)
    if body[0] == "." and _ELEMENT.fullmatch(body):
        raise CellError(f'"{raw}" has no segment before the dot', "write N1.02: Excel turns .02 into 0.02")
    parts = _SLASH.split(body) if "/" in body else [body]
    leaf = ""
    if parts[-1].startswith("@"):
        leaf = parts.pop()
    elif parts[-1].strip() != UP:
        head, tail = _last_dot(parts[-1])
        parts[-1], leaf = head, tail
    if "-" in leaf and _NO_COMPONENT.fullmatch(leaf):
        raise CellError(f'"{leaf}" is not an element', "write components as numbers: REF.02-1")
    return Path(raw, tuple(map(_step, parts)), leaf, absolute)


@lru_cache(_REMEMBERED)
def _step(part: str) -> Step:
    text = part.strip()
    if text == UP:
        return Step(UP)
    match = _STEP.fullmatch(text)
    if match is None:
        raise CellError(f'"{part}" is not a step of a path', "write NAME or NAME[VALUE|VALUE]")
    name, leaf, values = match.groups()
    return Step(name.strip(), () if values is None else _qualifiers(part, leaf, values), leaf or "")


def _qualifiers(part: str, leaf: str | None, text: str) -> tuple[str, ...]:
    """Return the values in brackets. Raises CellError for those that nothing in a file is like; `PID[02=]` has none."""
    if not text.strip() and leaf is None:
        raise CellError(f'"{part}": the brackets are empty', "write NAME[VALUE|VALUE], or NAME alone for any")
    if found := _NO_VALUE.search(text):
        raise CellError(
            f'"{part}" has {found[0]} in its brackets', "part values by |, without quotes: NAME[VALUE|VALUE]"
        )
    return tuple([v.strip() for v in text.split("|")])


@lru_cache(_REMEMBERED)
def parse_source(text: str) -> tuple[Source, ...]:
    """Return the sources of a cell, () for an empty one; ("none",) removes a target. Raises CellError."""
    raw = text.strip()
    if not raw:
        return ()
    if raw.lower() == "(none)":
        return (Source("none"),)
    if raw.lower() == "none":
        raise CellError(f'"{raw}" is not a source', "write (none) to take the target out of every shipment")
    sources = []
    for number, part in enumerate(p.strip() for p in raw.split(";")):
        if number and _SAME.fullmatch(part):
            sources.append(Source("same", name=part[1:]))
        else:
            sources.append(_one_source(part))
    return tuple(sources)


def _one_source(part: str) -> Source:
    if part.startswith("=") or ("," in part and "," in part.partition("[")[0]):
        raise CellError(f'"{part}" is not a source', "several sources are parted by ; and none begins with =")
    kind, dot, name = part.partition(".")
    if dot and kind in ("profile", "envelope"):
        return Source(kind, name=name)
    return Source("path", parse_path(part))


def _several_kinds(source: Source) -> bool:
    path = source.path
    return path is not None and bool(path.leaf and path.steps) and len(path.steps[-1].values) > 1


@lru_cache(_REMEMBERED)
def parse_when(text: str) -> tuple[Test, ...]:
    """Return the tests of a condition; all must hold. Raises CellError."""
    tests = []
    text = " ".join(text.split())  # long blanks would take _TEST its time
    for part in text.split(" and ") if text else ():
        match = _TEST.fullmatch(part.strip())
        if match is None:
            raise CellError(
                f'"{part}" is not a condition',
                "write PATH=VALUE|VALUE, PATH!=VALUE, PATH present, PATH absent, PATH repeated or PATH differs",
            )
        path, op, values, word = match.group("path", "op", "values", "is")
        if op and "=" in values:
            raise CellError(
                f'"{part}" holds several tests', "write PATH=A|B for one of several values, and part tests by and"
            )
        if words := _JOINED.search(path.partition("[")[0]):
            raise CellError(
                f'"{part}" is not a condition: "{words[0].strip()}" joins nothing here',
                "part tests by and in small letters; PATH=A|B is one of several values, PATH absent is not there",
            )
        if word and _SPOKEN.fullmatch(path.strip()):
            raise CellError(f'"{part}" is not a condition', "write PATH present or PATH absent, without is and not")
        source = _one_source(path.strip())
        if op:
            told = tuple([v.strip() for v in values.split("|")])
            if "" in told:
                raise CellError(
                    f'"{part}" compares with nothing', "write PATH absent or PATH present in a test of its own"
                )
            tests.append(Test(source, op, told))
        else:
            if word == "differs" and not _several_kinds(source):
                raise CellError(
                    f'"{part}" compares nothing', "name several qualifiers and an element: MOA[40|43].5004 differs"
                )
            if word == "repeated" and (source.path is None or not source.path.steps):
                raise CellError(
                    f'"{part}" never holds: there is one of it',
                    "name what may be there several times: N9[2I].02 repeated",
                )
            tests.append(Test(source, word))
    return tuple(tests)


@lru_cache(_REMEMBERED)
def parse_transform(text: str) -> tuple[Call, ...]:
    """Return the steps of a transform cell. Raises CellError."""
    calls = []
    for part in text.split("|") if text.strip() else ():
        words = part.split()
        if not words:
            raise CellError("a transform step is empty", "write name or name argument between the | signs")
        calls.append(Call(words[0], tuple(WORDS.get(w, w) for w in words[1:])))
    return tuple(calls)


def show_path(path: Path) -> str:
    """Return the text of a syntax tree; parse_path(show_path(p)) == p but for `text`."""
    steps = []
    for step in path.steps:
        qualifier = f"{step.qualifier}=" if step.qualifier else ""
        steps.append(step.name + (f"[{qualifier}{'|'.join(step.values)}]" if step.values else ""))
    body = "/".join(steps)
    if path.leaf.startswith("@") and path.leaf != "@sum":
        body = f"{body}/{path.leaf}" if body else f"./{path.leaf}"
    elif path.leaf:
        body += f".{path.leaf}"
    return ("/" if path.absolute else "") + (body or ".")


def _last_dot(text: str) -> tuple[str, str]:
    """Split NAME[..].LEAF at the dot behind the bracket."""
    end = text.rfind("]") + 1
    dot = text.find(".", end)
    return (text, "") if dot < 0 else (text[:dot], text[dot + 1 :].strip())
