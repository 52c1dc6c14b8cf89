"""`gateway serve` takes changed tables while it runs; a broken one never goes live."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.commands import reloading, serving
from gateway.errors import ConfigError, NotNowError
from gateway.site import load_site

GOOD = "level,target,source,when,transform,default,required,rule,message,example\nshipment,carrier_code,,,,ZZZZ,,,,\n"
BROKEN = GOOD + "shipment,no_such_field,M11.01,,,,,,,\n"
PARTNER = "partners/northtest/x12_309_truck.csv"


def wait(found: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not found():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def run(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "gateway", *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture(params=[1, 2], ids=["one process", "workers"])
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = tmp_path / "site"
    run("demo", "init", str(folder))
    toml = folder / "partners" / "northtest.toml"
    toml.write_text('in_dir = "inbox"\n' + toml.read_text())
    config = folder / "gateway.toml"
    text = config.read_text().replace("poll_seconds = 1.0", "poll_seconds = 0.1")
    config.write_text(f"workers = {request.param}\n{text}")
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", str(folder), "--port", "0"], stdout=subprocess.PIPE,
        stderr=(tmp_path / "log").open("w"), text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    (tmp_path / "pid").write_text(str(process.pid))
    yield folder
    process.terminate()
    assert process.wait(15) == 0


def change(folder: Path, text: str, said: str) -> None:
    path = folder / PARTNER
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    log = folder.parent / "log"
    before = log.read_text().count(said)
    wait(lambda: log.read_text().count(said) > before, said)


def delivered(folder: Path, sample: str, name: str) -> dict:
    before = set((folder / "out").glob("*.json"))
    (folder / "inbox" / name).write_bytes((folder / "samples" / sample).read_bytes())
    (folder / "inbox" / f"{name}.done").touch()
    wait(lambda: len(set((folder / "out").glob("*.json")) - before) == 1, "no delivery")
    (path,) = set((folder / "out").glob("*.json")) - before
    return json.loads(path.read_bytes())


def children(process: int) -> list[int]:
    """Return the child processes."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(word) for word in text.split()]


def kill_workers(folder: Path) -> None:
    """Kill the workers of a gateway, if it has any."""
    for nursery in children(int((folder.parent / "pid").read_text())):
        for worker in children(nursery):
            os.kill(worker, signal.SIGKILL)


def test_a_changed_table_counts_from_the_next_file_and_a_broken_one_never(served: Path) -> None:
    first = delivered(served, "good-309.edi", "a.edi")
    assert {s["carrier_code"] for s in first["shipments"]} == {"NRTX"}
    change(served, BROKEN, "PROFILE-BROKEN")
    status = run("status", str(served))
    assert "a change was not taken" in status.replace("\n", " ")
    assert "no_such_field" in status.replace("\n", "")
    kill_workers(served)  # those that are started now have the old tables too, although the folder is broken
    second = delivered(served, "prelim-309.edi", "b.edi")
    assert {s["carrier_code"] for s in second["shipments"]} == {"NRTX"}
    assert (
        second["shipments"][0]["mapping"] == first["shipments"][0]["mapping"]
        if "mapping" in first["shipments"][0]
        else True
    )
    change(served, GOOD, "PROFILE-LOADED")
    assert "not taken" not in run("status", str(served))
    third = delivered(served, "bad-309.edi", "c.edi")
    assert {s["carrier_code"] for s in third["shipments"]} == {"ZZZZ"}
    assert third["source"]["mapping_version"] != first["source"]["mapping_version"]


OWN = Path(__file__).parent.parent / "fixtures" / "profiles" / "own"
FEED = "mappings/acme_parcels/examples/feed.xml"


def test_a_document_of_the_sites_own_is_read_from_the_moment_its_tables_are_there(served: Path) -> None:
    log = served.parent / "log"
    (served / "samples" / "feed.xml").write_bytes((OWN / FEED).read_bytes())
    shutil.copy(OWN / "documents.csv", served / "documents.csv")
    wait(lambda: "no mapping folder reads ACME_PARCELS" in log.read_text(), "not refused")
    shutil.copytree(OWN / "mappings" / "codes", served / "mappings" / "codes")
    shutil.copytree(OWN / "mappings" / "acme_parcels", served / "mappings" / "acme_parcels")
    wait(lambda: "PROFILE-LOADED" in log.read_text(), "not loaded")
    first = delivered(served, "feed.xml", "a.xml")
    assert (first["source"]["format"], first["source"]["mapping_id"]) == ("own_acme_parcels", "acme_parcels")
    assert {s["package_count"] for s in first["shipments"]} == {1}

    table = served / "mappings" / "acme_parcels" / "map.csv"
    before = log.read_text().count("PROFILE-LOADED")
    table.write_text(table.read_text().replace("Pieces,,count,,,,packages {value} not usable,1 => 1", ",,,7,,,,"))
    wait(lambda: log.read_text().count("PROFILE-LOADED") > before, "not loaded again")
    (served / "samples" / "feed.xml").write_text(
        (OWN / FEED).read_text().replace("B20250114", "B20250115").replace("ACME0", "ACME1")
    )
    second = delivered(served, "feed.xml", "b.xml")
    assert {s["package_count"] for s in second["shipments"]} == {7}
    assert second["source"]["mapping_version"] != first["source"]["mapping_version"]
    assert "acme_parcels" in run("mapping", "versions", str(served))


def test_serve_does_not_start_with_a_broken_table(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    run("demo", "init", str(folder))
    (folder / PARTNER).parent.mkdir()
    (folder / PARTNER).write_text(BROKEN)
    said = run("serve", str(folder), "--port", "0")
    assert "no_such_field" in said
    assert "Traceback" not in said


# --- a folder that is written to while it is read

HEAD = "level,target,source,when,transform,default,required,rule,message,example,note\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run("demo", "init", str(tmp_path / "site"))
    return tmp_path / "site"


def meddling(load, *changes):
    """Return a loader during whose n-th call the n-th change is made and, after what it read, undone."""
    left = list(changes)

    def meddle(*args, **options):
        change = left.pop(0) if left else None
        if change is None:
            return load(*args, **options)
        do, undo = change
        do()
        try:
            return load(*args, **options)
        finally:
            undo()

    return meddle


def test_a_table_that_is_there_only_while_the_workers_load_never_counts(folder, monkeypatch):
    """Found by kill -9 under load: the files were those of before, then and afterwards, and a worker had the broken table."""
    table = folder / "partners" / "northtest" / "x12_309_truck.csv"
    table.parent.mkdir()
    site, seen = reloading.load_to_serve(folder)
    change = (lambda: table.write_text(f"{HEAD}broken,row,,,,,,,,,\n"), table.unlink)
    monkeypatch.setattr(serving, "load_site", meddling(load_site, change, change))
    loaded = serving.shop(folder, seen)
    for partner in loaded.config.partners:
        partner.profile.tables.compile()
    assert reloading.fingerprint(site) == seen


def test_a_file_that_is_saved_while_the_gateway_starts_is_no_reason_not_to_start(folder, monkeypatch):
    toml = folder / "partners" / "northtest.toml"
    whole = toml.read_text()
    half = (lambda: toml.write_text(whole[:40]), lambda: toml.write_text(whole))
    monkeypatch.setattr(reloading, "load_site", meddling(load_site, half, half))
    site, seen = reloading.load_to_serve(folder)
    assert list(site.partners) == ["northtest"]
    assert seen == reloading.fingerprint(site)
    toml.write_text(whole[:40])
    with pytest.raises(ConfigError):
        reloading.load_to_serve(folder)


def test_a_folder_that_never_stands_still_is_not_served(folder, monkeypatch):
    stir = (lambda: (folder / "partners" / "x.csv").write_text("x"), (folder / "partners" / "x.csv").unlink)
    monkeypatch.setattr(reloading, "load_site", meddling(load_site, *[stir] * 50))
    with pytest.raises(NotNowError, match="again and again"):
        reloading.load_to_serve(folder)


def test_a_change_between_the_reading_and_the_start_is_taken(folder):
    """The fingerprint was taken after the tables were read: what was saved in between counted as read, for ever."""
    site, seen = reloading.load_to_serve(folder)
    toml = folder / "partners" / "northtest.toml"
    toml.write_text(f"{toml.read_text()}\n# saved now\n")
    gateway, told = serving.Gateway(site, port=0, workers=1, seen=seen), []
    gateway._pager.tell = lambda alert: told.append(alert.rule)
    try:
        for _ in range(4):
            gateway.engine._next_poll = 0.0
            gateway.engine.run_once()
        assert told == ["PROFILE-LOADED"]
    finally:
        gateway.close()
