"""New shipments settled together become what each would become by itself: records, deliveries, answers, claims."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import settling
from gateway.books import Books
from gateway.canonical.encode import encode_shipment
from gateway.findings import NOWHERE, Finding, Scope, Severity
from gateway.fresh import runs
from gateway.history import History, MemoryHistory
from gateway.judge import Judge, Judged
from gateway.profile import Origin, Profile
from gateway.records import Group, Interchange, Message, Node
from gateway.results import Counts, Records, ShipmentResult
from gateway.rules.alike import Recent
from gateway.settling import Settler
from gateway.site import base_site
from gateway.spools import MemorySpool
from tests.drops import SAMPLES_NOW, drop, profile_for
from tests.test_sharing import FILES, results

Draft = dict[str, Any]
PERSONS = (
    ("JORDAN EXAMPLE", "12 SAMPLE LN", "a"), ("JORDAN EXAMPEL", "12 SAMPLE LANE", "b"), ("J. EXAMPLE", "12 SAMPLE LANE", "c"),
    ("RILEY SAMPLE", "233 N EXAMPLE ST", "d"), ("CASEY SAMPLE", "PO BOX 12", "e"), ("LEE SAMPLE", "UNNUMBERED", "f"), ("", "", ""),
)  # fmt: skip
ROOT = Node("ST", ["ST"], 0, 0, 1, 1)
REFUSED = Finding("S321-TEST", Severity.ERROR, Scope.SHIPMENT, "refused")
TOLD = Finding("S321-TEST", Severity.INFO, Scope.SHIPMENT, "told")
NEW = "?"  # in a draft: its own number
MAPPED = {
    repeat: SimpleNamespace(
        program=SimpleNamespace(repeat=repeat, mapping_id="m", mapping_version="1"), locate=lambda _: Origin(NOWHERE)
    )
    for repeat in ("", "amend")
}


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Draw a draft as the rules and the schema leave it; one shipment in a few has something of another one."""
    number = draw(
        st.sampled_from([*[NEW] * 12, "GW1000", "GW1001", "gw-1000", "GW-1001", "GW1002-1", "1003", f"{NEW}-1"])
    )
    name, street, key = draw(st.sampled_from(PERSONS))
    day = draw(st.sampled_from(["2025-01-15", "2025-01-16"]))
    draft: Draft = {
        "shipment_id": number,
        "mode_of_transportation": draw(st.sampled_from(["air", "air", "air", "truck"])),
        "fair_retail_value_usd": draw(st.sampled_from(["20.00", "20.00", "400.00", "790.00"])),
        "items": [{"enhanced_product_description": draw(st.sampled_from(["BOTTLE", "SOCKS"]))}],
        "final_deliver_to_party": {
            "name": name,
            "address_line_1": street,
            "postal_code": "00501",
            "normalised_key": key + draw(st.sampled_from(["", "1", NEW, NEW])),
        },
    }
    for field, value in {
        "estimated_arrival_at": f"{day}T17:00:00Z",
        "regime_verdict": {"rule_id": "R1", "verdict": "eligible_800", "as_of_date": day},
        "house_bill_number": number,
    }.items():
        if draw(st.integers(0, 9)):
            draft[field] = value
    if master := draw(st.sampled_from(["", "99912345675", "99912345686"])):
        draft["master_bill_number"] = master
    if order := draw(st.sampled_from(["", "", "", "SO-1001", "SO-1002"])):
        draft["references"] = [{"type": "order_number", "value": order}]
    if trip := draw(st.sampled_from(["", "TRIP1", "TRIP2"])):
        draft["conveyance_reference"] = trip
    return draft


SHIPMENTS = st.tuples(drafts(), st.sampled_from(["original"] * 9 + ["amend", "cancel", "refused", "told", "unread"]))
MESSAGES = st.lists(
    st.tuples(st.lists(SHIPMENTS, min_size=1, max_size=20), st.sampled_from(["", "", "amend"]), st.booleans()),
    min_size=1,
    max_size=4,
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "severities": st.dictionaries(
            st.sampled_from(["Q-TWIN", "S321-AGG-NEAR", "S321-AGG-800", "S321-SPLIT", "S321-AMEND-NF", "S321-ID-1OF"]),
            st.sampled_from([Severity.ERROR, Severity.WARNING, Severity.INFO]),
        ),
        "filer_type_by_mode": st.just({"air": "freight_forwarder", "truck": "carrier"}),
        "bill_is_master": st.just(True),
        "repeats": st.sampled_from(["amend", "refuse"]),
        "replayed": st.just(True),
    },
)


def profile_of(**changes: Any) -> Profile:
    return replace(base_site().partners["nrtx"].profile, **{"filer_type_by_mode": {}, **changes})


def judged(number: int, message: int, draft: Draft, kind: str, repeat: str) -> Judged:
    """Return a shipment as the judge leaves it."""
    draft = json.loads(json.dumps(draft).replace(NEW, f"9{message}{number:03}"))
    purpose = kind if kind in ("amend", "cancel") else "original"
    if purpose != "original":
        draft["transmission_purpose"] = purpose
    names = {n: draft[n] for n in ("house_bill_number", "master_bill_number") if n in draft}
    said = {"refused": [REFUSED], "unread": [REFUSED], "told": [TOLD]}.get(kind, [])
    left = None if kind == "unread" else draft
    mapped = MAPPED[repeat]
    return Judged(number, f"LX {number}", left, [*said], names, bool(said and said[0].refuses), purpose, mapped, None, encode_shipment(draft))  # type: ignore[arg-type]  # fmt: skip


def settled(messages: list[Any], profile: Profile, history: History) -> tuple[object, ...]:
    """Settle the shipments of messages; what is said of them, delivered and claimed. The second message falls."""
    records, counts = Records(MemorySpool()), Counts()
    judge, books = Judge(profile, SAMPLES_NOW), Books(counts, history)
    settler = Settler(judge, profile, SAMPLES_NOW, history, books, records, "a.edi", "0" * 64)
    pieces, remarks = [], []
    books.open(Scope.INTERCHANGE)
    for index, (shipments, repeat, test) in enumerate(messages):
        books.open(Scope.MESSAGE)
        settler.begin(
            Message("x12_309", "309", "005020", "1", index, ROOT, Interchange("x12", 0, test=test), Group(0)), None
        )
        for number, (draft, kind) in enumerate(shipments, 1):
            counts.found += 1
            settler._pending.append(judged(number, index, draft, kind, repeat))
            if settler.full:
                pieces += settler.flush()
        pieces += settler.end()
        remarks.append(settler.remark())
        if index == 1:
            books.note(Finding("X12-COUNT", Severity.ERROR, Scope.MESSAGE, "falls"))
        books.close_message(index)
    assert counts.balanced
    return (
        pieces,
        remarks,
        list(records),
        list(records.telling()),
        counts,
        books.refused,
        books.verdict(),
        settler.claims,
    )


def alone(pending: list[Judged], *_: object, **__: object) -> Iterator[tuple[int, int, bool]]:
    """Settle every shipment by itself: the plain way."""
    return ((at, at + 1, False) for at in range(len(pending)))


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> Counter[bool]:
    """Count what goes which way: runs of new shipments, shipments by themselves. Batches are small."""
    counted = Counter[bool]()

    def counting(pending: list[Judged], *columns: Any, **how: Any) -> Iterator[tuple[int, int, bool]]:
        for begin, end, new in runs(pending, *columns, **how):
            counted[new] += end - begin
            yield begin, end, new

    monkeypatch.setattr(settling, "runs", counting)
    monkeypatch.setattr(settling, "BATCH", 8)
    return counted


@given(st.lists(MESSAGES, min_size=1, max_size=2), CHANGES)
@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
def test_any_stream_becomes_the_same(monkeypatch, together, files, changes):
    profile = profile_of(**changes)
    histories = MemoryHistory(), MemoryHistory()
    said = [settled(messages, profile, histories[0]) for messages in files]
    with monkeypatch.context() as patched:
        patched.setattr(settling, "runs", alone)
        assert [settled(messages, profile, histories[1]) for messages in files] == said
    assert str(vars(histories[0])) == str(vars(histories[1]))


def test_the_streams_go_both_ways_and_say_what_shipments_say_of_each_other(together):
    rules, verdicts = Counter[str](), Counter[str]()

    @given(MESSAGES)
    @settings(deadline=None, max_examples=100, derandomize=True, database=None)
    def collect(messages: list[Any]) -> None:
        records = settled(messages, profile_of(), MemoryHistory())[2]
        for record in records:
            if isinstance(record, ShipmentResult):
                verdicts[record.verdict] += 1
                rules.update(f.rule for f in record.findings)

    collect()
    assert together[True] > 100 and together[False] > 100
    assert {"Q-TWIN", "S321-AGG-NEAR", "S321-AGG-800", "S321-SPLIT", "S321-AMEND-NF", "S321-ID-1OF", "S321-DUP"} <= set(
        rules
    )
    assert {"accepted", "rejected", "duplicate"} <= set(verdicts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_samples_become_the_same_also_when_they_come_again(monkeypatch, together, path: Path):
    def sent() -> list[object]:
        history, data = MemoryHistory(), path.read_bytes()
        both = (
            drop(data, history, name=f"a{n}{path.suffix}", now=SAMPLES_NOW, profile=profile_for(data)) for n in "12"
        )
        return [(*results(one, history)[:-1], str(vars(history)), one.outcome.verdict) for one in both]

    said = sent()
    monkeypatch.setattr(settling, "runs", alone)
    assert sent() == said


def test_a_run_ends_before_what_it_decides_about_and_goes_on_behind_what_stands_alone():
    def one(number: int, **facts: Any) -> Judged:
        return Judged(number, "", {"house_bill_number": str(number)}, [], {}, False, **facts)

    pending = [one(0), one(1), one(2), one(3, purpose="amend"), one(4), one(5), one(6), one(7)]
    keys, persons = ["0", "1", "2", "3", "4", "1", "6", "7"], [("p", "d"), ("q", "d"), ("p", "d"), *[(str(n), "d") for n in range(5)]]  # fmt: skip
    earlier: dict[str, Any] = dict.fromkeys(keys)
    found = []
    for begin, end, new in runs(pending, keys, persons, earlier, plain=True):
        found.append((begin, end, new))
        earlier.update(dict.fromkeys(keys[begin:end], "claimed"))
    assert found == [(0, 2, True), (2, 3, False), (3, 4, False), (4, 5, False), (5, 6, False), (6, 8, True)]


@given(st.lists(st.lists(st.integers(0, 12), max_size=5), max_size=12), st.integers(2, 9))
def test_entries_put_in_together_are_kept_as_long_as_one_by_one(batches: list[list[int]], most: int):
    recents = Recent[int](most), Recent[int](most)
    for batch in batches:
        entries = {key: key for key in batch}
        recents[0].put_all(entries)
        for key in entries:
            recents[1].put(key, key)
        assert vars(recents[0]) == vars(recents[1])
