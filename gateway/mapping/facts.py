"""map.toml of a mapping: which messages it reads."""

from __future__ import annotations

import tomllib
from pathlib import Path as File
from typing import Literal

import msgspec

from gateway.errors import MappingError
from gateway.formats import folder_of
from gateway.mapping.grammar import CellError, parse_when


class MappingFacts(msgspec.Struct, frozen=True):
    """map.toml of one mapping. versions: prefixes of GS08; for EDIFACT a range [first, last] of directories.

    repeat: "amend" for messages that have no way to say that they change what was sent before: what comes again with other
    content is an amendment then; "" = it is refused.
    """

    id: str
    version: str
    format: str  # folder of the format: x12, edifact ...
    message_type: str
    versions: tuple[str, ...]
    when: str
    folder: File
    repeat: str = ""

    def fits(self, version: str) -> bool:
        """True when the mapping takes a version: X12 by prefix, EDIFACT D.nnA by range, all when none is given."""
        if not self.versions:
            return True
        if self.versions[0].startswith("D.") and len(self.versions) == 2:
            return _directory(self.versions[0]) <= _directory(version) <= _directory(self.versions[1])
        return any(version.startswith(v) for v in self.versions)


def read_facts(path: File, text: bytes) -> MappingFacts:
    """Return what stands in a map.toml. Raises MappingError."""
    name = name_of(path)
    try:
        data = tomllib.loads(text.decode("utf-8"))
        found = msgspec.convert(data | {"version": str(data.get("version", ""))}, _MapFile)
        parse_when(found.when)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(name, None, "", str(error), "correct the TOML") from None
    except msgspec.ValidationError as error:
        said = (
            'id, version, format and message_type are needed; when is a text, versions a list of texts, repeat "amend"'
        )
        raise MappingError(name, None, "", str(error), said) from None
    except CellError as error:
        raise MappingError(name, None, "when", str(error), error.advice) from None
    return MappingFacts(
        found.id, found.version, folder_of(found.format), found.message_type, found.versions, found.when, path.parent,
        found.repeat,
    )  # fmt: skip


class _MapFile(msgspec.Struct):
    """What the gateway reads of map.toml."""

    id: str
    version: str
    format: str
    message_type: str
    versions: tuple[str, ...] = ()
    when: str = ""
    repeat: Literal["amend", ""] = ""


def name_of(path: File) -> str:
    """Return how findings and traces name a file of a mapping."""
    return f"{path.parent.name}/{path.name}"


def _directory(text: str) -> tuple[int, str]:
    """D.95B -> (1995, "B"): directories before 80 are of this century."""
    body = text.rpartition(".")[2]
    year = int(body[:2]) if body.isascii() and body[:2].isdigit() else 0
    return (year + (1900 if year >= 80 else 2000), body[2:3])
