"""What comes again with other content in a format that has no word for a change amends what was accepted before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canonical.validate import validate_message
from gateway.findings import Severity
from gateway.history import MemoryHistory
from tests.drops import Drop, drop, sample
from tests.test_nothing_silent import BEFORE

FHL, FWB, JSON = sample("cargoimp/03"), sample("cargoimp/02"), sample("xml-extra/05")
CHANGED = {
    "FHL": (FHL, b"CVD/USD/PP/NVD/43.98", b"CVD/USD/PP/NVD/44.98"),
    "FWB": (FWB, b"129.50", b"130.50"),
    "ITMATT JSON": (JSON, b"Plastic model kit", b"Plastic model railway kit"),
}


def send(data: bytes, history: MemoryHistory, name: str = "again", **changes: Any) -> Drop:
    kind = "json" if data.lstrip()[:1] in (b"[", b"{") else "xml" if data[:1] == b"<" else "txt"
    return drop(data, history, now=BEFORE, name=f"{name}.{kind}", **changes)


def purposes(result: Drop) -> list[tuple[str, list[str]]]:
    return [
        (m["transmission_purpose"], [s.get("transmission_purpose", "") for s in m["shipments"]])
        for m in result.messages()
    ]


def accepted(result: Drop) -> int:
    return result.counts()[1]


@pytest.mark.parametrize("name", CHANGED)
def test_other_content_amends_and_the_same_is_a_duplicate(name: str) -> None:
    first, old, new = CHANGED[name]
    assert old in first
    second, history = first.replace(old, new), MemoryHistory()
    assert accepted(send(first, history, "first")) > 0
    changed = send(second, history, "second")
    assert accepted(changed) == 1 and changed.counts()[2] == 0
    assert purposes(changed) == [("amend", ["amend"])]
    assert not any(validate_message(m) for m in changed.messages())
    (said,) = [f for f in changed.findings() if f.rule == "S321-REPEAT"]
    assert said.severity is Severity.WARNING and "file first" in said.message and said.position.line is not None
    again = send(second, history, "third")
    assert again.messages() == [] and again.counts()[3] > 0 and again.counts()[2] == 0
    back = send(first, history, "fourth")
    assert purposes(back) == [("amend", ["amend"])]


def test_the_ledger_keeps_the_amendment_with_the_content_that_was_sent() -> None:
    first, old, new = CHANGED["FHL"]
    history = MemoryHistory()
    send(first, history)
    (key,) = history._shipments
    before = history._shipments[key]
    send(first.replace(old, new), history)
    after = history._shipments[key]
    assert (before.purpose, after.purpose) == ("original", "amend")
    assert before.content != after.content
    other = MemoryHistory()
    send(first.replace(old, new), other)
    assert other._shipments[key].content == after.content  # as an original it would have the same


@pytest.mark.parametrize("name", CHANGED)
def test_a_partner_file_may_refuse_it(name: str) -> None:
    first, old, new = CHANGED[name]
    history = MemoryHistory()
    send(first, history)
    refused = send(first.replace(old, new), history, repeats="refuse")
    assert refused.messages() == [] and "S321-DUP" in refused.rules() and "S321-REPEAT" not in refused.rules()
    history = MemoryHistory()
    send(first, history)
    weighed = send(first.replace(old, new), history, severities={"S321-REPEAT": Severity.ERROR})
    assert weighed.messages() == [] and weighed.counts()[2] == 1


@pytest.mark.parametrize(("name", "old", "new"), [("xml/03", b"43.98", b"44.98"), ("cargoimp/12", b"K1.3", b"K1.4")])
def test_formats_that_can_say_amend_are_refused_as_before(name: str, old: bytes, new: bytes) -> None:
    first, history = sample(name), MemoryHistory()
    assert old in first
    assert accepted(send(first, history, profile=None)) == 1
    second = first.replace(old, new).replace(b"GWH0001001-20250301", b"GWH0001001-20250302")
    refused = drop(second, history, now=BEFORE, name="second", refused_numbers="free")
    assert accepted(refused) == 0 and "S321-REPEAT" not in refused.rules()


def test_a_message_that_names_an_item_twice_contradicts_itself() -> None:
    item = next(one for one in json.loads(JSON) if "Plastic model kit" in json.dumps(one))
    other = json.loads(json.dumps(item).replace("Plastic model kit", "Plastic model railway kit"))
    result = send(json.dumps({"Item": [item, other]}).encode(), MemoryHistory())
    assert result.counts()[1:3] == (1, 1)
    assert "S321-DUP" in result.rules() and "S321-REPEAT" not in result.rules()


def test_a_later_message_of_the_same_file_amends() -> None:
    first, old, new = CHANGED["FHL"]
    result = send(first.rstrip() + b"\r\n" + first.replace(old, new), MemoryHistory())
    assert result.counts() == (2, 2, 0, 0)
    assert [head for head, _ in purposes(result)] == ["original", "amend"]


def test_an_amendment_takes_the_place_of_the_value_that_it_changes() -> None:
    def worth(value: bytes, house: bytes = b"GWH0001001") -> bytes:
        return FHL.replace(b"NVD/43.98", b"NVD/" + value).replace(b"GWH0001001", house)

    history = MemoryHistory()
    assert accepted(send(worth(b"500.00"), history)) == 1
    assert accepted(send(worth(b"510.00"), history)) == 1
    over = send(worth(b"300.00", b"GWH0001009"), history)
    assert over.counts()[2] == 1 and "S321-AGG-800" in over.rules()
    assert accepted(send(worth(b"290.00", b"GWH0001009"), history)) == 1
    more = send(worth(b"520.00"), history)
    assert more.counts()[2] == 1 and "S321-AGG-800" in more.rules()
    assert accepted(send(worth(b"100.00"), history)) == 1


def test_an_amendment_of_a_refused_message_is_taken_back() -> None:
    history = MemoryHistory()
    first, old, new = CHANGED["FHL"]
    send(first, history)
    before = dict(history._shipments)
    mark = history.mark()
    send(first.replace(old, new), history)
    history.rollback(mark)
    assert history._shipments == before
