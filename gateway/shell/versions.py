"""Versions of mapping tables that were in force, so that a kept file can be judged again as it was judged then.

    state/mappings/x12_309_truck@0123456789ab.json    name -> SHA-256 of each file that the version is made of
    state/mappings/files/SHA256                       the files, each once

What is stored is what the mapping version is a hash of (rows and code tables), and map.toml. A version stays as long as
a kept drop or a delivered file in the out folder is older than the last moment it was in force.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from gateway.errors import ConfigError
from gateway.shell import journal
from gateway.shell.folders import StateFolders, instant, make_folder, private_file, received
from gateway.shell.ledger import Ledger
from gateway.shell.schema import mappings, outputs
from gateway.shell.statements import in_batches
from gateway.shell.syncing import sync_all

_SHORTEST = 4


class Live(NamedTuple):
    """A version in force. sources: reads its files, by name."""

    mapping: str
    version: str
    sources: Callable[[], Mapping[str, bytes]]


class Known(NamedTuple):
    """A version that is kept. last_at: when it was in force for the last time, "" = it is."""

    mapping: str
    version: str
    sha256: str
    first_at: str
    last_at: str

    @property
    def name(self) -> str:
        """`x12_309_truck@0123456789ab`."""
        return f"{self.mapping}@{self.version}"


def keep(folders: StateFolders, ledger: Ledger, live: Iterable[Live], at: str) -> None:
    """Store the versions that are in force and not stored yet, and note which are not in force any more.

    The files are on the disk before the ledger names them. Raises OSError.
    """
    before = {(one.mapping, one.version): one for one in known(ledger)}
    now = {(one.mapping, one.version): one for one in live}
    new = [(*key, _store(folders, one)) for key, one in now.items() if key not in before]
    ended = [key for key, one in before.items() if not one.last_at and key not in now]
    again = [key for key, one in before.items() if one.last_at and key in now]
    if not (new or ended or again):
        return
    if new:
        place = _place(folders)
        sync_all(list(_unsynced(folders, new)), [place / "files", place])
    with ledger.transaction() as connection:
        for mapping, version, sha256 in new:
            row = {"mapping": mapping, "version": version, "sha256": sha256, "first_at": at, "last_at": ""}
            connection.execute(mappings.insert(), row)
        for keys, moment in ((ended, at), (again, "")):
            for batch in in_batches(iter(keys), 300):
                connection.execute(mappings.update().where(_among(batch)).values(last_at=moment))
        journal.append(connection, at, "mappings", new=new, ended=ended, again=again)


def known(ledger: Ledger) -> list[Known]:
    """Return the versions that are kept, by mapping and first use."""
    query = select(mappings).order_by(mappings.c.mapping, mappings.c.first_at, mappings.c.version)
    with ledger.reading() as connection:
        return [Known(*row) for row in connection.execute(query)]


def find(ledger: Ledger, wanted: str) -> Known:
    """Return the version that is meant: ID@VERSION or a prefix of VERSION that no other has. Raises ConfigError."""
    every = known(ledger)
    found = [one for one in every if one.version.startswith(wanted) or one.name == wanted]
    if len(wanted) >= _SHORTEST and len(found) == 1:
        return found[0]
    if len(wanted) < _SHORTEST:
        said = f'"{wanted}" is too short for a mapping version.'
    elif found:
        said = f"{wanted} may be {' or '.join(one.name for one in found)}."
    else:
        said = f"No mapping version {wanted} is kept; {len(every)} are."
    raise ConfigError(said, "gateway mapping versions lists them; messages name theirs in source.mapping_version.")


def load(folders: StateFolders, name: str) -> dict[str, bytes]:
    """Return the files of a version, by name. Raises ConfigError when one is missing or was changed, OSError."""
    try:
        listed: dict[str, str] = json.loads(_list(folders, name).read_bytes())
        files = {file: (_place(folders) / "files" / sha256).read_bytes() for file, sha256 in listed.items()}
    except (FileNotFoundError, ValueError) as error:
        raise ConfigError(
            f"The mapping version {name} cannot be read ({type(error).__name__}).",
            "Put state/mappings back from the backup; gateway verify tells what is missing.",
        ) from None
    for file, data in files.items():
        if hashlib.sha256(data).hexdigest() != listed[file]:
            raise ConfigError(f"{file} of the mapping version {name} was changed.", "Put it back from the backup.")
    return files


def faults(folders: StateFolders, ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Yield (version, what is wrong with it) of those that are not what was stored."""
    for one in known(ledger):
        path = _list(folders, one.name)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != one.sha256:
            yield one.name, "the list of its files is missing or was changed"
            continue
        try:
            load(folders, one.name)
        except ConfigError as error:
            yield one.name, error.message


def touch(connection: Connection, name: str, at: str) -> None:
    """Note that a version is used again by a replay."""
    mapping, _, version = name.partition("@")
    one = (mappings.c.mapping == mapping, mappings.c.version == version, mappings.c.last_at != "")
    connection.execute(mappings.update().where(*one).values(last_at=at))


def forget(folders: StateFolders, ledger: Ledger, out_dir: Path, at: str) -> None:
    """Remove the versions that nothing kept can have been judged by: all of it came after their last day."""
    oldest = instant(received(first)) if (first := _oldest(folders, ledger, out_dir)) else at
    old = [one for one in known(ledger) if one.last_at and one.last_at < oldest]
    if not old:
        return
    with ledger.transaction() as connection:
        connection.execute(mappings.delete().where(_among([(one.mapping, one.version) for one in old])))
        journal.append(connection, at, "removed", kind="mapping", versions=[[one.name, one.sha256] for one in old])
    _sweep(folders, {one.name for one in known(ledger)})


def _sweep(folders: StateFolders, names: set[str]) -> None:
    """Delete what belongs to no version that is kept."""
    used: set[str] = set()
    for path in _place(folders).glob("*.json"):
        if path.stem in names:
            used |= set(json.loads(path.read_bytes()).values())
        else:
            path.unlink()
    for path in (_place(folders) / "files").iterdir():
        if path.name not in used:
            path.unlink()


def _oldest(folders: StateFolders, ledger: Ledger, out_dir: Path) -> str:
    """Return the receipt of the oldest drop of which something is kept, "" when nothing is."""
    days = sorted((folders.root / "archive").iterdir())
    first = next((places for day in days if (places := [*day.iterdir()])), [])  # a crash may have left an empty day
    places = [*folders.work.glob("2*"), *folders.quarantine.iterdir(), *first]
    receipts = [place.name for place in places]
    names = (path.name for folder in (out_dir, out_dir / "test") for path in folder.glob("*.json"))
    for batch in in_batches(names):
        with ledger.reading() as connection:
            receipts += connection.execute(
                select(func.min(outputs.c.receipt)).where(outputs.c.name.in_(batch))
            ).scalars()
    return min((receipt for receipt in receipts if receipt), default="")


def _store(folders: StateFolders, one: Live) -> str:
    """Write the files of a version and their list; return the hash of the list. Not synced."""
    place = _place(folders)
    make_folder(place / "files", mode=0o700)
    listed = {}
    for name, data in one.sources().items():
        listed[name] = hashlib.sha256(data).hexdigest()
        _write(place / "files" / listed[name], data)
    text = json.dumps(listed, indent=0).encode()
    _write(_list(folders, f"{one.mapping}@{one.version}"), text)
    return hashlib.sha256(text).hexdigest()


def _write(path: Path, data: bytes) -> None:
    if path.is_file() and path.read_bytes() == data:
        return
    half = path.with_name(f".{path.name}.tmp")
    with open(half, "wb", opener=private_file) as file:
        file.write(data)
    half.rename(path)


def _unsynced(folders: StateFolders, new: list[tuple[str, str, str]]) -> Iterator[Path]:
    """Yield what the lists of new versions name, each once."""
    files: set[str] = set()
    for mapping, version, _ in new:
        path = _list(folders, f"{mapping}@{version}")
        files |= set(json.loads(path.read_bytes()).values())
        yield path
    yield from (_place(folders) / "files" / name for name in sorted(files))


def _among(keys: list[tuple[str, str]]) -> ColumnElement[bool]:
    return tuple_(mappings.c.mapping, mappings.c.version).in_(keys)


def _place(folders: StateFolders) -> Path:
    return folders.root / "mappings"


def _list(folders: StateFolders, name: str) -> Path:
    return _place(folders) / f"{name}.json"
