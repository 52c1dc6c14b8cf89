"""Replay: judged again with the tables of today, delivered once, told plainly when it cannot be done."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from gateway.shell import orders
from gateway.site import load_site
from tests.drops import sample
from tests.shell.site_support import Place
from tests.shell.test_repeats import zipped
from tests.test_reload import run

FLAG = "known_carrier_customer_flag = true\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A site whose partner's file was refused because a constant was missing, which is there since."""
    found = Place(tmp_path / "site")
    toml = found.folder / "partners" / "northtest.toml"
    good = toml.read_text()
    toml.write_text(good.replace(FLAG, ""))
    found.site = load_site(found.folder)
    found.drop("good-309.edi")
    found.run()
    assert found.shipments() == []
    toml.write_text(good)
    found.site = load_site(found.folder)
    return found


def replayed(place: Place, what: str, *options: str) -> list[dict]:
    return [json.loads(line) for line in run("replay", what, str(place.folder), "--json", *options).splitlines()]


@pytest.mark.parametrize("what", ["refused", "good-309.edi", "NRTX004500A1", "nrtx-0045 00A1"])
def test_a_mended_table_delivers_what_was_refused_once(place: Place, what: str) -> None:
    (trial,) = replayed(place, what, "--dry-run")
    assert (trial["before"]["rejected"], trial["now"]["accepted"], trial["now"]["rejected"]) == (2, 2, 0)
    place.run()
    assert place.shipments() == []  # a trial orders nothing
    (ordered,) = replayed(place, what)
    place.run()
    assert place.shipments() == ["NRTX004500A1", "NRTX004500A2"]
    assert [n for n in place.names() if ordered["ordered"] in n and n.endswith(".999.edi")]
    place.run()
    assert place.shipments() == ["NRTX004500A1", "NRTX004500A2"]
    assert place.problems() == []


def test_a_replay_of_a_delivered_file_delivers_nothing_again(place: Place) -> None:
    replayed(place, "good-309.edi")
    place.run()
    for what in ("good-309.edi", "NRTX004500A1", "nrtx 0045-00a1"):
        (trial,) = replayed(place, what, "--dry-run")
        assert (trial["now"]["accepted"], trial["now"]["duplicate"]) == (0, 2)
    replayed(place, "good-309.edi")
    place.run()
    assert place.shipments() == ["NRTX004500A1", "NRTX004500A2"]
    place.drop("good-309.edi")  # the sender sends it once more: the newest answers count
    place.run()
    assert place.shipments() == ["NRTX004500A1", "NRTX004500A2"]
    assert place.problems() == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_trial_of_a_held_file_tells_what_its_release_does(
    place: Place, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    toml = place.folder / "partners" / "northtest.toml"
    toml.write_text(
        'unwrap = ["zip"]\n'
        + toml.read_text().replace('S321-REGIME = "warning"', 'S321-REGIME = "warning"\nS321-ORIG-REQ = "warning"')
    )
    place.site = load_site(place.folder)
    old = sample("cargoimp/03").decode()

    def broken(*_args: Any, **_facts: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("gateway.shell.decide.translate", broken)
        patch.setattr("gateway.shell.members.take_out", broken)
        put(place, "old.txt", zipped(old) if packed else old.encode())
    put(place, "new.txt", old.replace("NVD/43.98", "NVD/44.98").encode())
    before = place.shipments()
    assert len(before) == 1
    (trial,) = replayed(place, "held", "--dry-run")
    assert (trial["now"]["accepted"], trial["now"]["rejected"]) == (0, 1)
    assert trial["now"]["rules"] == {"S321-DUP": 1}
    replayed(place, "held")
    place.run()
    assert place.shipments() == before
    assert place.problems() == []


def test_a_trial_of_what_a_target_refused_tells_what_would_be_sent(tmp_path: Path) -> None:
    first, place = Place(tmp_path / "first"), Place(tmp_path / "site")
    first.drop("good-309.edi")
    first.run()
    (name,) = [path.name for path in (first.folder / "out").glob("*.json")]
    (place.folder / "out" / name).write_bytes(b"something else")
    place.drop("good-309.edi")
    place.run()
    (trial,) = replayed(place, "held", "--dry-run")
    assert trial["before"]["state"] == "failed"
    assert "that could not be sent would be" in run("replay", "held", str(place.folder), "--dry-run")
    (place.folder / "out" / name).unlink()
    before = sent(place)
    replayed(place, "held")
    place.run()
    assert sent(place) - before == trial["now"]["sends"] == 4  # the message, 999, report, receipt
    assert place.problems() == []


def sent(place: Place) -> int:
    home = place.folder / "drop" / "northtest"
    return sum(len(list(f.iterdir())) for f in (home / "ack", home / "reject")) + len(place.shipments()) // 2


def put(place: Place, name: str, data: bytes) -> None:
    (place.folder / "inbox" / name).write_bytes(data)
    (place.folder / "inbox" / f"{name}.done").touch()
    place.run()


def test_a_crash_in_a_replay_makes_one_drop(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    replayed(place, "refused")
    real = orders.put_member

    def stop(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(orders, "put_member", stop)
        place.run()
    place.run()
    assert place.shipments() == ["NRTX004500A1", "NRTX004500A2"]
    assert len([n for n in place.names() if n.endswith(".999.edi")]) == 2  # the first answer and one of the replay
    assert place.problems() == []


def test_rule_partner_and_time_narrow_what_is_replayed(place: Place) -> None:
    assert len(replayed(place, "refused", "--dry-run", "--rule", "S321-ROLE-REQ", "--since", "1d")) == 1
    for options in (("--rule", "S321-VAL-800"), ("--partner", "othertest"), ("--since", "0h")):
        assert "No drop fits refused" in run("replay", "refused", str(place.folder), "--dry-run", *options)


def test_what_is_not_kept_is_not_replayed_and_the_reason_is_told(place: Place) -> None:
    for raw in (place.folder / "state" / "archive").rglob("raw"):
        raw.unlink()
    (told,) = replayed(place, "refused")
    assert told["refused"] == "Its bytes are not kept any more."
    assert "gateway status lists" in run("replay", "NOBODY", str(place.folder))


def test_one_drop_on_one_page_with_its_hashes(place: Place, tmp_path: Path) -> None:
    page = tmp_path / "drop.html"
    run("explain", "good-309.edi", str(place.folder), "--html", str(page))
    tree = lxml.html.fromstring(page.read_bytes())
    told = tree.text_content()
    raw = next((place.folder / "state" / "archive").rglob("raw"))
    assert hashlib.sha256(raw.read_bytes()).hexdigest() in told
    assert "2 found = 0 accepted + 2 refused" in told and "S321-ROLE-REQ" in told
    assert [row.xpath("string(td[3])") for row in tree.xpath("//table[3]//tr")[1:]] == ["seen", "translated", "done"]
    assert not tree.xpath("//script | //link | //img")


def test_refused_means_what_is_refused_still_and_a_replay_is_no_file_of_the_partner(place: Place) -> None:
    toml = place.folder / "partners" / "northtest.toml"
    good = toml.read_text()
    toml.write_text(good.replace(FLAG, ""))  # the mend did not help
    place.site = load_site(place.folder)
    for _ in range(3):
        assert len(replayed(place, "refused")) == 1
        place.run()
    told = json.loads(run("report", "northtest", str(place.folder), "--json"))
    assert (told["totals"]["files"], told["totals"]["found"], told["totals"]["rejected"]) == (1, 2, 2)
    toml.write_text(good)
    place.site = load_site(place.folder)
    replayed(place, "refused")
    place.run()
    assert "No drop fits refused" in run("replay", "refused", str(place.folder))
    told = json.loads(run("report", "northtest", str(place.folder), "--json"))
    assert (told["totals"]["files"], told["totals"]["accepted"], told["totals"]["rejected"]) == (1, 2, 0)
    assert place.problems() == []


def test_an_archive_that_was_held_is_opened_once_the_partner_may_send_them(place: Place) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.write(place.folder / "samples" / "good-xfzb.xml", "inner.xml")
    (place.folder / "samples" / "batch.zip").write_bytes(data.getvalue())
    place.drop("batch.zip")
    place.run()
    toml = place.folder / "partners" / "northtest.toml"
    toml.write_text('unwrap = ["zip"]\n' + toml.read_text())
    place.site = load_site(place.folder)
    (trial,) = replayed(place, "held", "--dry-run")
    assert (trial["now"]["accepted"], trial["now"]["rejected"]) == (1, 0)  # of the file in it
    (ordered,) = replayed(place, "held")
    assert ordered["ordered"]
    place.run()
    assert place.shipments() == ["GWH0001001"]
    (refused,) = replayed(place, "batch.zip")
    assert refused["refused"] == "It is a wrapping; replay the files that were taken out of it."
    assert "the gateway does it" not in run("replay", "batch.zip", str(place.folder))
    assert place.problems() == []
