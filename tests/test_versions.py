"""Versions of mapping tables: kept when they come into force, found again, used by a replay, checked and forgotten."""

from __future__ import annotations

import errno
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.commands.replay import replay
from gateway.commands.serving import Gateway
from gateway.commands.versions import Kept, listed, live
from gateway.errors import ConfigError
from gateway.mapping.folder import MappingSet, compile_sources
from gateway.shell import versions
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import open_ledger
from gateway.site import base_mappings, base_site, load_site
from tests.in_process import run
from tests.shell.site_support import Place

ROWS = "level,target,source,when,transform,default,required,rule,message,example\n"
OWN = ROWS + "shipment,carrier_code,,,,ZZZZ,,,,\n"
WRONG = ROWS + "shipment,house_bill_number,M11.19,,,,yes,,,\n"
TABLE = "partners/northtest/x12_309_truck.csv"
LATER = datetime(2031, 1, 1, tzinfo=UTC)


class Served(Place):
    """A site whose gateway is a real one, started and stopped for each run."""

    workers = 0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "partners" / "othertest.toml").unlink()  # it would keep the base tables in force

    def run(self) -> None:
        self.site = load_site(self.folder)
        gateway = Gateway(self.site, port=0, workers=self.workers)
        try:
            gateway.engine.run_once()
        finally:
            gateway.close()

    def table(self, text: str) -> None:
        (self.folder / TABLE).parent.mkdir(exist_ok=True)
        (self.folder / TABLE).write_text(text)

    def versions(self, mapping: str = "x12_309_truck") -> list[dict]:
        return [row for row in listed(load_site(self.folder)) if row["mapping"] == mapping]

    def messages(self) -> list[dict]:
        found = sorted((self.folder / "out").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(path.read_bytes()) for path in found]

    def replayed(self, what: str, mapping: str = "", *, dry: bool = False) -> list[dict]:
        return list(replay(load_site(self.folder), what, datetime.now(UTC), dry=dry, why="", mapping=mapping))


@pytest.fixture
def place(tmp_path: Path) -> Served:
    """A site in which a broken table refused a file that the table before it would take."""
    found = Served(tmp_path / "site")
    found.drop("cut-309.edi")  # a version that nothing was judged by is forgotten at once
    found.run()
    (version,) = found.versions()
    found.table(WRONG)
    found.drop("good-309.edi")
    found.run()
    assert found.shipments() == []
    found.first = version["version"]  # type: ignore[attr-defined]
    return found


def test_every_version_in_force_is_made_again_from_its_stored_files() -> None:
    tables = MappingSet(base_mappings())
    for one in live(base_site()):
        sources = one.sources()
        assert compile_sources(one.mapping, sources)[1].mapping_version == one.version
        facts, program = compile_sources(one.mapping, sources)
        assert (program.mapping_version, facts.format) == (
            one.version,
            next(f.format for f in tables.facts if f.id == one.mapping),
        )


@pytest.mark.parametrize("workers", [0, 2])
def test_a_replay_with_an_older_version_judges_as_it_did(place: Served, workers: int) -> None:
    place.workers = workers
    old, new = place.versions()
    assert old["last_at"] and not new["last_at"] and old["version"] != new["version"]
    (today,) = place.replayed("good-309.edi", dry=True)
    (then,) = place.replayed("good-309.edi", old["version"][:6], dry=True)
    assert (today["now"]["accepted"], then["now"]["accepted"]) == (0, 2)
    assert then["mapping"] == f"x12_309_truck@{old['version']}"
    assert place.shipments() == []
    (ordered,) = place.replayed("good-309.edi", old["version"])
    place.run()
    assert place.shipments() == ["NRTX004500A1", "NRTX004500A2"]
    assert place.messages()[0]["source"]["mapping_version"] == old["version"]
    assert place.versions()[0]["last_at"] > old["last_at"]  # in use again: it is kept as long as this drop
    place.replayed(ordered["ordered"], old["version"])
    place.run()
    assert place.shipments() == ["NRTX004500A1", "NRTX004500A2"]
    assert place.problems() == []


def test_a_version_that_nobody_knows_is_refused_with_advice(place: Served) -> None:
    assert "gateway mapping versions lists them" in run(
        "replay", "good-309.edi", str(place.folder), "--mapping", "0000"
    )
    with pytest.raises(ConfigError, match="too short"):
        place.replayed("good-309.edi", "0")
    assert place.first in run("mapping", "versions", str(place.folder))  # type: ignore[attr-defined]
    (other,) = place.versions("edifact_cuscar")
    (told,) = place.replayed("good-309.edi", other["version"])
    assert told["refused"] == "edifact_cuscar does not read a file of this format."


def test_a_prefix_of_two_versions_names_both(place: Served) -> None:
    ledger = open_ledger(place.site.settings.ledger_url)
    folders = StateFolders(place.site.settings.state_dir)
    one, two = (versions.Live(name, "abcdef012345", dict) for name in ("one", "two"))
    versions.keep(folders, ledger, [one, two], "2025-03-03T10:00:00.000000Z")
    with pytest.raises(ConfigError, match="one@abcdef012345 or two@abcdef012345"):
        versions.find(ledger, "abcd")
    assert versions.find(ledger, "two@abcdef012345").mapping == "two"
    ledger.close()


def test_a_version_is_stored_once_and_comes_back_into_force(place: Served) -> None:
    files = sorted((place.folder / "state" / "mappings").rglob("*"))
    before = [(path, path.stat().st_mtime_ns) for path in files if path.is_file()]
    (place.folder / TABLE).unlink()
    place.run()
    old, new = place.versions()
    assert not old["last_at"] and new["last_at"]
    assert (old["partners"], new["partners"]) == (["northtest"], [])
    after = [(path, path.stat().st_mtime_ns) for path in sorted(files) if path.is_file()]
    assert before == after
    assert sum(path.stat().st_size for path, _ in after) < 2_000_000


def test_what_is_stored_is_what_was_loaded_whatever_is_saved_meanwhile(place: Served) -> None:
    site = load_site(place.folder)
    own = next(one for one in live(site) if one.mapping == "x12_309_truck")
    place.table(OWN)
    assert compile_sources(own.mapping, own.sources())[1].mapping_version == own.version


@pytest.mark.parametrize("damage", ["changed", "gone", "list"])
def test_verify_and_replay_notice_a_version_that_was_changed(place: Served, damage: str) -> None:
    old, _ = place.versions()
    name = f"x12_309_truck@{old['version']}"
    listed = place.folder / "state" / "mappings" / f"{name}.json"
    file = listed.parent / "files" / json.loads(listed.read_bytes())["x12_309_truck/map.csv"]
    if damage == "changed":
        file.write_bytes(file.read_bytes().replace(b"M11", b"M12"))
    elif damage == "gone":
        file.unlink()
    else:
        listed.write_text("{}")
    assert ("VERIFY-MAPPING", name) in [(p.rule, p.subject) for p in place.problems()]
    if damage != "list":
        with pytest.raises(ConfigError):
            list(replay(place.site, "good-309.edi", LATER, dry=True, why="", mapping=old["version"]))


def test_a_version_that_cannot_be_read_just_now_is_not_gone(place: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = place.versions()

    def no_handle(_path: Path) -> bytes:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "read_bytes", no_handle)
    with pytest.raises(OSError, match="Too many"):  # the drop of a replay waits; it is not held for good
        versions.load(StateFolders(place.site.settings.state_dir), f"x12_309_truck@{old['version']}")


def test_an_order_for_a_version_that_went_is_told_and_not_carried_out(place: Served) -> None:
    old, _ = place.versions()
    place.replayed("good-309.edi", old["version"])
    ledger = open_ledger(place.site.settings.ledger_url)
    with ledger.transaction() as connection:
        connection.exec_driver_sql(f"DELETE FROM mappings WHERE version = '{old['version']}'")
    place.run()
    with ledger.reading() as connection:
        told = connection.exec_driver_sql("SELECT payload FROM journal WHERE event = 'alert'").scalars().all()
    ledger.close()
    assert [t for t in told if "REPLAY-GONE" in t and "mapping version" in t]
    assert place.shipments() == []


def test_a_version_goes_when_nothing_kept_can_refer_to_it(place: Served) -> None:
    ledger, folders = open_ledger(place.site.settings.ledger_url), StateFolders(place.site.settings.state_dir)
    old, new = place.versions()

    def forget(until: str) -> list[str]:
        with ledger.transaction() as connection:
            connection.exec_driver_sql(f"UPDATE mappings SET last_at = '{until}' WHERE version = '{old['version']}'")
        versions.forget(folders, ledger, place.folder / "out", "2030-01-01T00:00:00.000000Z")
        return [row["version"] for row in place.versions()]

    (place.folder / "state" / "archive" / "2020-01-01").mkdir()  # a crash left it, behind the removal of its last drop
    assert forget("2029-01-01T00:00:00.000000Z") == [old["version"], new["version"]]  # the archive holds an older drop
    shutil.rmtree(place.folder / "state" / "archive")
    (place.folder / "state" / "archive").mkdir()
    assert forget("2029-01-01T00:00:00.000000Z") == [new["version"]]  # the one in force stays, whatever is kept
    assert not [p for p in place.problems() if p.rule == "VERIFY-MAPPING"]
    names = {
        sha for path in (folders.root / "mappings").glob("*.json") for sha in json.loads(path.read_bytes()).values()
    }
    assert {path.name for path in (folders.root / "mappings" / "files").iterdir()} == names
    ledger.close()


def test_a_delivered_file_that_lies_in_the_out_folder_keeps_its_version(tmp_path: Path) -> None:
    place = Served(tmp_path / "site")
    place.drop("good-309.edi")
    place.run()
    place.table(OWN)
    place.run()
    ledger, folders = open_ledger(place.site.settings.ledger_url), StateFolders(place.site.settings.state_dir)
    shutil.rmtree(place.folder / "state" / "archive")
    (place.folder / "state" / "archive").mkdir()
    versions.forget(folders, ledger, place.folder / "out", "2030-01-01T00:00:00.000000Z")
    assert len(place.versions()) == 2
    for path in (place.folder / "out").glob("*.json"):
        path.unlink()
    versions.forget(folders, ledger, place.folder / "out", "2030-01-01T00:00:00.000000Z")
    assert len(place.versions()) == 1
    ledger.close()


def test_only_the_mapping_that_is_named_is_another(place: Served) -> None:
    old, _ = place.versions()
    profile = load_site(place.folder).partners["northtest"].profile
    then = Kept(place.site.settings.state_dir).remap(profile, f"x12_309_truck@{old['version']}")
    for message_format, message_type, version, same in (("x12_309", "309", "005020", False), ("edifact_cuscar", "CUSCAR", "D.96B", True)):  # fmt: skip
        assert profile.programs is not None and then.programs is not None
        before, after = (p.programs(message_format, message_type, version) for p in (profile, then))
        assert before is not None and after is not None
        assert (before.mapping_version == after.mapping_version) is same
