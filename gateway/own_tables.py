"""Which folders hold a partner's own mapping rows and code tables; a table or folder that nothing would be read with is told.

partners/nrtx/x12_309_truck.csv      rows over those of the base table of this name
partners/nrtx/codes/cities.csv       a code table, over the base's or for its own rows
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.config_files import PartnerFile
from gateway.errors import ConfigError, did_you_mean
from gateway.mapping.table import decoded, read_cells
from gateway.profile import Profile

_HEAD = 65_536  # bytes of a table in which its header stands, comments above it too
_SETTING = re.compile(r"\bprofile\.([A-Za-z_][A-Za-z0-9_]*)")

_WORKBOOKS = frozenset((".xlsx", ".xlsm", ".xls", ".ods"))
_ENDINGS = _WORKBOOKS | {".csv", ".txt", ".tsv"}


class Unread(NamedTuple):
    """What changes nothing, which is told: a code table that no row names, a workbook in a table's place, a setting that nobody makes.

    said: with the partner file; mend: a sentence; code: of `gateway mapping check`.
    """

    table: Path
    said: str
    mend: str
    code: str = "MAP-CODE-UNUSED"


def own_tables(path: Path, file: PartnerFile, folder: Path, base: Path) -> tuple[list[Path], list[Unread]]:
    """Return the folders with a partner's own tables, later ones over earlier ones, and the left-over code tables.

    path: the partner file; folder: the profile folder; base: the mappings that come with the program. Raises ConfigError.
    """
    own = folder / "partners" / path.stem
    if not file.mappings:
        folders = [own] if own.is_dir() else []
    else:
        folders = [folder / name for name in file.mappings]
        for place, name in zip(folders, file.mappings, strict=True):
            if not place.is_dir():
                said = f"{path.name}: mappings: the folder {name} is not there."
                raise ConfigError(said, "Paths start at the profile folder.")
        if own.is_dir() and _holds_tables(own) and own.resolve() not in [f.resolve() for f in folders]:
            said = f"{path.name}: mappings leaves out partners/{path.stem}, which holds tables."
            raise ConfigError(said, f'Add "partners/{path.stem}" to mappings, or move the tables away.')
    if not folders:
        return [], []
    places = [
        base,
        *{facts.parents[1] for facts in folder.glob("mappings/*/map.toml")},
    ]  # of the site, for its own documents
    known = [facts.parent.name for place in places for facts in place.glob("*/map.toml")]
    tables = [table for place in folders for table in sorted(place.glob("*.csv")) if _is_table(table)]
    for table in tables:
        if table.stem not in known:
            said = f"{path.name}: {table.parent.name}/{table.name} is read by nobody: there is no mapping {table.stem}."
            raise ConfigError(said, did_you_mean(table.stem, known, "gateway mapping export ID writes a base table."))
    codes = [table.stem for place in places for table in place.glob("codes/*.csv")]
    own_codes = [table for place in folders for table in sorted(place.glob("codes/*.csv")) if table.stem not in codes]
    rows = "".join(_text(table) for table in tables) if own_codes else ""
    unread = [*_other_endings(path, folders, known), *(one for table in tables for one in _unset(path, file, table))]
    for table in own_codes:
        if table.stem not in rows:
            said = (
                f"{path.name}: {table.parents[1].name}/codes/{table.name} is read by nobody: no row names {table.stem}."
            )
            otherwise = f"Name it in a transform (code {table.stem}), or take it away."
            unread.append(Unread(table, said, did_you_mean(table.stem, codes, otherwise)))
    return folders, unread


def _other_endings(path: Path, folders: list[Path], known: list[str]) -> Iterator[Unread]:
    """Yield the files that have the name of a mapping and are no .csv, where no such table lies beside them: a workbook, tabular_csv.csv.txt."""
    for table in (table for place in folders for table in sorted(place.iterdir())):
        name = table.name.partition(".")[0]
        if name not in known or table.suffix == ".csv" or table.suffix.lower() not in _ENDINGS or not table.is_file():
            continue
        if not table.with_name(f"{name}.csv").exists():
            said = f"{path.name}: {table.parent.name}/{table.name} is read by nobody: a table is {name}.csv."
            workbook = "gateway mapping import turns a workbook (.xlsx) into one; or move it out."
            other = f"Name it {name}.csv, or move it out."
            mend = workbook if table.suffix.lower() in _WORKBOOKS else other
            yield Unread(table, said, mend, "MAP-FILE-UNUSED")


def _unset(path: Path, file: PartnerFile, table: Path) -> Iterator[Unread]:
    """Yield the settings (`profile.NAME`) that rows of a table ask for and the partner file does not make."""
    made = {*Profile.__dataclass_fields__, *file.options, *file.constants}
    for name in dict.fromkeys(_SETTING.findall(_text(table))):
        if name not in made:
            said = f"{path.name}: {table.parent.name}/{table.name} asks for profile.{name}, which is never set: it is empty for every shipment."
            otherwise = f"Write {name} under [options] of {path.name}, or take profile.{name} out of the table."
            yield Unread(table, said, did_you_mean(name, made, otherwise, "profile."), "MAP-PROFILE-UNSET")


def check_read(folder: Path, files: dict[str, str], read: set[Path]) -> None:
    """Raise ConfigError for a folder of partners/ that holds tables and that nobody reads, and for a table right in partners/.

    folder: the profile folder; files: stem of each partner file -> the partner in it; read: the folders that partners have.
    """
    for table in (table for table in sorted((folder / "partners").glob("*.csv")) if _is_table(table)):
        said = f"partners/{table.name} is read by nobody: a partner's tables stand in a folder of its name."
        raise ConfigError(said, f"Move it to partners/NAME/{table.name}.")
    for place in sorted((folder / "partners").iterdir()):
        if place.name in files or place.name[:1] == "." or not place.is_dir() or place.resolve() in read:
            continue
        if _holds_tables(place) or any(place.glob("maps/*.xml")):
            said = f"partners/{place.name} holds tables and is read by nobody: there is no partners/{place.name}.toml."
            meant = next((stem for stem, partner in files.items() if partner == place.name), "")
            if meant:
                raise ConfigError(said, f"The file of {place.name} is {meant}.toml: name the folder partners/{meant}.")
            otherwise = "Name it after its partner file, add it to mappings of a partner, or move it out of partners/."
            raise ConfigError(said, did_you_mean(place.name, files, otherwise, "partners/"))


def _holds_tables(place: Path) -> bool:
    return any(_is_table(table) for table in place.glob("*.csv")) or any(place.glob("codes/*.csv"))


def _is_table(path: Path) -> bool:
    """True for a file with mapping rows; enrichment rows and reports may lie beside it."""
    with path.open("rb") as file:
        rows = read_cells(file.read(_HEAD), path.name, [])
    return bool(rows) and {"level", "target"} <= {cell.strip().lower() for cell in rows[0][1]}


def _text(path: Path) -> str:
    return decoded(path.read_bytes())[0]
