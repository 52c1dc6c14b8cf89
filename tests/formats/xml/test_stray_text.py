"""XML-STRAY-TEXT: text that stands between elements is in no value, and that is said; text in a value is all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.findings import Severity
from tests.drops import FIXTURES, NOW, Drop, drop, sample

HOUSE = sample("xml/03")
NAME = b"<ram:Name>JORDAN EXAMPLE</ram:Name>"


def _changed(new: bytes, old: bytes = NAME) -> Drop:
    assert HOUSE.count(old) == 1
    return drop(HOUSE.replace(old, new), now=NOW)


def _strays(dropped: Drop) -> list[str]:
    found = [f for f in dropped.findings() if f.rule == "XML-STRAY-TEXT"]
    assert all(f.severity is Severity.WARNING and f.value is None for f in found)
    return [f.message.partition(" (")[0].removeprefix("Text stands between the elements of ") for f in found]


@pytest.mark.parametrize(
    ("new", "where"),
    [
        (NAME + b"SUITE 7", ["ConsigneeParty"]),
        (b"SUITE 7" + NAME, ["ConsigneeParty"]),
        (b"<ram:Name>JORDAN<b/>EXAMPLE</ram:Name>", ["Name"]),
        (b"<ram:Name><b/>JORDAN EXAMPLE</ram:Name>", ["Name"]),
        (b"<ram:Name>JORDAN <b>E</b>XAMPLE</ram:Name>", ["Name"]),
        (NAME + b"\n  <!-- a note --> <?x y?>\n", []),
    ],
)
def test_text_between_elements_is_told_once_and_not_shown(new: bytes, where: list[str]) -> None:
    dropped = _changed(new)
    assert _strays(dropped) == where
    assert not any("SUITE" in f.message for f in dropped.findings())


@pytest.mark.parametrize("between", [b"<!-- c -->", b"<?x y?>", b"<![CDATA[]]>"])
def test_what_splits_no_value_leaves_it_whole(between: bytes) -> None:
    dropped = _changed(NAME.replace(b"DAN EX", b"DAN " + between + b"EX"))
    (message,) = dropped.messages()
    assert message["shipments"][0]["final_deliver_to_party"]["name"] == "JORDAN EXAMPLE"
    assert _strays(dropped) == []


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("xml*/*.xml")), ids=lambda p: p.stem)
def test_no_sample_has_any(path: Path) -> None:
    assert _strays(drop(path.read_bytes(), name=path.name, now=NOW)) == []
