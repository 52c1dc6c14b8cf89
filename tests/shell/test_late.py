"""Waiting shipments on disk: across restarts, joined by a later file, answered when their time is up."""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from gateway.check import parse_instant
from gateway.commands.status import report_of
from gateway.shell import orders
from gateway.shell import parts as parts_module
from gateway.shell.folders import StateFolders
from gateway.shell.ledger import open_ledger
from gateway.shell.orders import RETAIN, Order
from gateway.shell.schema import drops, parts
from gateway.site import base_site
from gateway.translate import translate
from tests.drops import sample
from tests.shell.shell_support import Clock, Config, Yard

LIST = sample("xml/05_xfhl_3houses_v3.xml").decode()
HOUSE = sample("xml/03_xfzb_clean_v3.xml").decode()
START = parse_instant("2025-02-27T10:00:00Z")


@dataclass
class RealYard(Yard):
    """A yard with the real translation and a partner whose houses wait for a day."""

    formats: tuple[str, ...] = ()

    def config(self) -> Config:
        config = super().config()
        profile = replace(base_site().partners["gwsender"].profile, join_hours=24, join_formats=self.formats)
        config.partners = [replace(p, profile=replace(profile, partner=p.name)) for p in config.partners]
        return config


@pytest.fixture
def yard(tmp_path: Path) -> RealYard:
    return RealYard(tmp_path, clock=Clock(START), translate=translate, partners=("acme",))


def at(yard: RealYard, moment: datetime) -> None:
    yard.clock = Clock(moment)


def books(yard: RealYard, name: str) -> tuple[int, int, int, int, int]:
    ledger = open_ledger(yard.ledger_url)
    try:
        (d,) = ledger.find(drops.c.file_name == name)
        return d.found, d.accepted, d.rejected, d.joined, d.waiting
    finally:
        ledger.close()


def kept_drafts(yard: RealYard) -> list[str]:
    ledger = open_ledger(yard.ledger_url)
    try:
        with ledger.reading() as connection:
            return sorted(connection.execute(select(parts.c.draft)).scalars())
    finally:
        ledger.close()


def test_a_house_waybill_of_another_day_ends_the_waiting(yard: RealYard) -> None:
    yard.drop("list.xml", LIST)
    yard.run()
    assert books(yard, "list.xml") == (3, 0, 0, 0, 3)
    assert yard.deliveries() == []
    at(yard, START + timedelta(hours=20))
    yard.drop("house.xml", HOUSE)
    yard.run()
    assert books(yard, "house.xml") == (1, 1, 0, 0, 0)
    assert books(yard, "list.xml") == (3, 0, 0, 1, 2)
    assert len(yard.deliveries()) == 1
    assert yard.problems() == []


def test_the_persons_of_what_was_delivered_are_forgotten_when_a_waiting_one_were_and_a_year_later_all_of_it(
    yard: RealYard,
) -> None:
    yard.drop("list.xml", LIST)
    yard.drop("house.xml", HOUSE)
    yard.run()
    kept = [draft for draft in kept_drafts(yard) if "cargo_xml_xfzb" in draft]
    assert len(kept) == 1
    assert "JORDAN EXAMPLE" in kept[0]
    later(yard, START + timedelta(hours=49))
    (left,) = kept_drafts(yard)  # the other two were refused
    assert "EXAMPLE" not in left
    assert "SAMPLE" not in left
    assert '"package_count":1' in left
    for name, purpose, counts in (("again.xml", "Creation", (1, 0, 0)), ("update.xml", "Update", (1, 1, 0))):
        yard.drop(name, HOUSE.replace("_0001</ram:ID>", f"_{purpose}</ram:ID>").replace(">Creation<", f">{purpose}<"))
        yard.run()
        assert books(yard, name)[:3] == counts  # what comes again is still known
    later(yard, START + timedelta(days=300))
    assert len(kept_drafts(yard)) == 1
    later(yard, START + timedelta(days=800))
    assert kept_drafts(yard) == []
    assert yard.problems() == []


def later(yard: RealYard, moment: datetime) -> None:
    """Start again at that time; a person says that the clock is right."""
    at(yard, moment)
    orders.give(StateFolders(yard.root / "state"), orders.ReceiptIds(yard.clock), Order(RETAIN))
    yard.run()


def test_a_list_that_is_withdrawn_leaves_the_house_waybill_waiting_that_waits_for_more(yard: RealYard) -> None:
    yard.formats = ("cargo_xml_xfzb",)
    shipper = re.compile(r"<ram:ConsignorParty>.*?</ram:ConsignorParty>", re.DOTALL)
    yard.drop("list.xml", LIST)
    yard.run()
    yard.drop("house.xml", shipper.sub("", HOUSE))
    yard.run()
    assert (books(yard, "list.xml"), books(yard, "house.xml")) == ((3, 0, 0, 1, 2), (1, 0, 0, 0, 1))
    yard.drop("gone.xml", LIST.replace(">Creation<", ">Deletion<").replace("_FHL0001</ram:ID>", "_FHL0002</ram:ID>"))
    yard.run()
    assert (books(yard, "list.xml"), books(yard, "house.xml")) == ((3, 0, 0, 3, 0), (1, 0, 0, 0, 1))
    assert books(yard, "gone.xml") == (3, 0, 0, 3, 0)
    assert yard.problems() == []
    assert len(kept_drafts(yard)) == 1
    at(yard, START + timedelta(hours=25))
    yard.run()
    assert books(yard, "house.xml") == (1, 0, 1, 0, 0)
    assert yard.problems() == []


def test_when_the_time_is_up_the_sender_gets_a_second_answer_once(yard: RealYard) -> None:
    yard.drop("list.xml", LIST)
    yard.drop("house.xml", HOUSE)
    yard.run()
    first = set(yard.names("ack")) | set(yard.names("reject"))
    at(yard, START + timedelta(hours=25))
    yard.run()
    late = (set(yard.names("ack")) | set(yard.names("reject"))) - first
    assert late == {
        "list.xml.late.xfnm.xml", "list.xml.late.receipt.json", "list.xml.late.rejects.csv", "list.xml.late.report.json",
    }  # fmt: skip
    receipt = json.loads((yard.folder("ack") / "list.xml.late.receipt.json").read_text())
    assert (receipt["verdict"], receipt["shipments"]["rejected"], receipt["shipments"]["joined"]) == ("partial", 2, 1)
    assert {*receipt["answers"], "list.xml.late.receipt.json"} == late
    assert books(yard, "list.xml") == (3, 0, 2, 1, 0)
    site: Any = SimpleNamespace(settings=SimpleNamespace(state_dir=yard.root / "state"), vault=yard.vault())
    with closing(open_ledger(yard.ledger_url)) as ledger:  # what gateway explain tells, and finds to replay
        report = report_of(site, ledger, *ledger.find(drops.c.file_name == "list.xml"))
    assert report is not None
    assert (report["verdict"], report["shipments"]["rejected"]) == ("partial", 2)
    at(yard, START + timedelta(hours=50))
    yard.run()
    assert (set(yard.names("ack")) | set(yard.names("reject"))) - first == late
    assert yard.problems() == []


def test_a_crash_before_the_late_answer_is_fixed_answers_at_the_next_start(yard: RealYard, monkeypatch) -> None:
    yard.drop("list.xml", LIST)
    yard.run()
    at(yard, START + timedelta(hours=25))

    def stop(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(parts_module, "give_up", stop)
        yard.run()
    assert books(yard, "list.xml") == (3, 0, 0, 0, 3)
    yard.run()
    assert books(yard, "list.xml") == (3, 0, 3, 0, 0)
    assert "list.xml.late.rejects.csv" in yard.names("reject")
    assert yard.problems() == []


def test_a_list_whose_waiting_ended_can_still_be_completed_by_sending_it_again(yard: RealYard) -> None:
    yard.drop("list.xml", LIST)
    yard.run()
    at(yard, START + timedelta(hours=25))
    yard.run()
    yard.drop("house.xml", HOUSE)
    yard.run()
    assert books(yard, "house.xml") == (1, 1, 0, 0, 0)
    yard.drop("again.xml", LIST.replace("_FHL0001</ram:ID>", "_FHL0002</ram:ID>"))
    yard.run()
    assert books(yard, "again.xml") == (3, 0, 0, 1, 2)
    assert yard.problems() == []
