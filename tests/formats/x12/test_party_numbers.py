"""N1-03 and N1-04, the number of a party in some register; CNI 1373, the status of a consignment's document."""

from __future__ import annotations

import pytest

from gateway.commands.mapping_tools import cover
from gateway.site import base_site
from tests.drops import SAMPLES_NOW, Drop, drop, sample
from tests.test_edifact_cases import BEFORE, moved


def numbered(extra: bytes) -> Drop:
    return drop(
        sample("x12/01").replace(b"N1*CN*JORDAN EXAMPLE~", b"N1*CN*JORDAN EXAMPLE" + extra + b"~"), now=SAMPLES_NOW
    )


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        (b"*1*123456789", {"type": "duns", "value": "123456789"}),
        (b"*24*12-3456789", {"type": "ein", "value": "12-3456789"}),
        (b"*25*AC 77", {"type": "account", "value": "AC77"}),
        (b"*UL*0614141000012", {"type": "gln", "value": "0614141000012"}),
    ],
)
def test_the_number_of_a_party_is_passed_on(extra, found):
    result = numbered(extra)
    (message,) = result.messages()
    assert message["shipments"][0]["final_deliver_to_party"]["identifiers"] == [found]
    assert "identifiers" not in message["shipments"][0]["shipment_initiator"]


@pytest.mark.parametrize(
    "extra", [b"*34*078051120", b"*ZZ*QX7734-A", b"*1*" + b"9" * 36], ids=["ssn", "unknown", "long"]
)
def test_a_number_that_has_no_place_is_told_and_not_repeated(extra):
    result = numbered(extra)
    (finding,) = [f for f in result.findings() if f.rule == "MAP-NOT-PASSED"]
    assert (finding.target, finding.personal) == ("final_deliver_to_party.identifiers", True)
    assert result.outcome.counts.accepted == 2
    number = extra.rpartition(b"*")[2]
    assert number not in b"".join(d.data for d in result.deliveries) + b"".join(result.answers.values())


def test_every_table_of_x12_reads_the_number():
    tables = base_site().partners["nrtx"].profile.tables
    without = {
        (facts.id, row.level)
        for facts in tables.facts
        if facts.format == "x12"
        for row in tables.rows(facts)[0]
        if row.target == "name" and row.source.startswith("N1.02")
    } - {
        (facts.id, row.level)
        for facts in tables.facts
        for row in tables.rows(facts)[0]
        if (row.target, row.source) == ("identifiers", "N1.03; .04")
    }
    assert without == set()


def test_cover_names_a_kind_of_number_without_an_entry(tmp_path):
    path = tmp_path / "m.edi"
    path.write_bytes(sample("x12/01").replace(b"N1*CN*JORDAN EXAMPLE~", b"N1*CN*JORDAN EXAMPLE*ZZ*A1~"))
    (row,) = cover([path], base_site())
    assert {"table": "x12_party_id", "code": "ZZ", "count": 1} in row["codes"]


def test_the_status_of_a_consignment_is_told():
    data = moved(sample("edifact/01"))
    number = data[data.index(b"CNI+1+") + 6 :].partition(b"'")[0]
    changed = data.replace(b"CNI+1+" + number, b"CNI+1+" + number + b":11", 1)
    findings = [f for f in drop(changed, now=BEFORE).findings() if f.rule == "MAP-NOT-PASSED"]
    assert [(f.position.segment, "11" in f.message) for f in findings] == [("CNI", True)]
    assert [f for f in drop(data, now=BEFORE).findings() if f.rule == "MAP-NOT-PASSED"] == []
