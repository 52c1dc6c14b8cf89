"""One canonical message names one kind of filer: a shipment of another kind is refused, not delivered under a wrong one."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from gateway.check import parse_instant
from gateway.findings import Severity
from tests.drops import Drop, drop, profile_for, sample

WHEN = parse_instant("2025-02-27T10:00:00Z")
BY_MODE = {"air": "freight_forwarder", "mail": "freight_forwarder"}


def table(*modes: str) -> bytes:
    """Return the first shipments of the sample table, each with its mode."""
    rows = list(csv.DictReader(io.StringIO(sample("csv/01").decode())))
    bills = list(dict.fromkeys(row["hawb"] for row in rows))
    out = io.StringIO()
    writer = csv.DictWriter(out, [*rows[0], "mode"], lineterminator="\n")
    writer.writeheader()
    for bill, mode in zip(bills, modes, strict=False):
        writer.writerows({**row, "mode": mode} for row in rows if row["hawb"] == bill)
    return out.getvalue().encode()


def sent(*modes: str, **changes: object) -> Drop:
    data = table(*modes)
    return drop(data, now=WHEN, profile=replace(profile_for(data), **{"filer_type_by_mode": BY_MODE, **changes}))


@pytest.mark.parametrize(
    ("modes", "filer", "counts"),
    [
        (("air", "truck"), "freight_forwarder", (2, 1, 1, 0)),
        (("truck", "air"), "carrier", (2, 1, 1, 0)),
        (("air", "mail"), "freight_forwarder", (2, 2, 0, 0)),
        (("truck", "truck"), "carrier", (2, 2, 0, 0)),
    ],
)
def test_the_first_shipment_says_which_kind_the_message_is_of(modes, filer, counts):
    result = sent(*modes, filer_type="carrier")
    assert result.counts() == counts
    (message,) = result.messages()
    assert message["participant_filer_type"] == filer
    assert ("S321-FILER-MIXED" in result.rules()) is bool(counts[2])


def test_it_says_both_kinds_and_where_the_mode_stands():
    (said,) = (f for f in sent("air", "truck", filer_type="carrier").findings() if f.rule == "S321-FILER-MIXED")
    assert said.message == (
        "By truck you file as carrier; the message is delivered as that of a freight forwarder, since its first shipment goes by air."
    )
    assert said.position.column == "mode"


def test_a_partner_who_is_one_kind_in_all_modes_may_mix_them():
    assert sent("air", "truck", filer_type="carrier", filer_type_by_mode={}).counts() == (2, 2, 0, 0)


def test_who_has_it_told_only_gets_all_of_them_delivered():
    severities = {"S321-FILER-MIXED": Severity.WARNING}
    assert sent("air", "truck", filer_type="carrier", severities=severities).counts() == (2, 2, 0, 0)
