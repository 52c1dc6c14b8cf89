"""Files that come again after a restore, while their earlier deliveries still lie in the target."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.shell.again import Stored, earlier_delivery
from gateway.shell.ledger import open_ledger
from gateway.shell.verify import verify
from tests.shell.site_support import Place

HEAD = '{"schema_version":"1.0","created_at":"%s","source":{"file_sha256":"ab","received_at":"%s"},"shipments":['
ONE = '{"shipment_id":"B1"}]}\n'


def message(created: str = "2025-03-01T08:00:00Z", received: str = "2025-03-03T10:00:00Z", rest: str = ONE) -> bytes:
    return (HEAD % (created, received) + rest).encode()


def compared(ours: bytes, theirs: bytes, size: int = 7) -> Stored | None:
    def pieces(data: bytes) -> Iterator[bytes]:
        return (data[at : at + size] for at in range(0, len(data), size))

    return earlier_delivery(pieces(ours), pieces(theirs))


def test_only_the_time_of_receipt_may_differ() -> None:
    ours, later = message(), message(received="2025-03-04T10:00:00.123456Z")
    found = compared(ours, later)
    assert found is not None and found.size == len(later)
    same = message("2025-03-03T10:00:00Z"), message("2025-03-04T10:00:00Z", "2025-03-04T10:00:00Z")
    assert compared(*same) is not None  # a table without a time of its own: it was made when it came
    same = (
        message("2025-03-03T10:00:00Z", "2025-03-03T10:00:00.5Z"),
        message("2025-03-04T10:00:00Z", "2025-03-04T10:00:00.25Z"),
    )
    assert compared(*same) is not None


@pytest.mark.parametrize(
    "other",
    [
        message(created="2025-03-01T08:00:01Z"),
        message(rest='{"shipment_id":"B2"}]}\n'),
        message(rest='{"shipment_id":"B1"}'),
        message().replace(b'"ab"', b'"cd"'),
        message().replace(b'"file_sha256":"ab",', b""),
        b"",
        b"of somebody else",
        b'["a list"' + b" " * 70_000,
    ],
)
def test_anything_else_is_another_file(other: bytes) -> None:
    assert compared(message(), other) is None
    assert compared(other, message()) is None


def restored(place: Place) -> None:
    """Put the state folder of before the first file back; the sender sends his file again a day later."""
    shutil.rmtree(place.folder / "state")
    shutil.copytree(place.folder / "backup", place.folder / "state")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "site")
    place.run()
    shutil.copytree(place.folder / "state", place.folder / "backup")
    return place


def test_a_file_whose_delivery_still_lies_in_the_target_is_answered_and_not_delivered_again(place: Place) -> None:
    place.drop("good-309.edi")
    place.drop("good-table.csv")
    place.run()
    before = {path.name: path.read_bytes() for path in (place.folder / "out").glob("*.json")}
    assert len(before) == 2
    restored(place)
    place.drop("good-309.edi")
    place.drop("good-table.csv")
    place.run()
    assert {path.name: path.read_bytes() for path in (place.folder / "out").glob("*.json")} == before
    receipts = [
        json.loads((place.folder / "drop/northtest/ack" / n).read_bytes())
        for n in place.names()
        if n.endswith("receipt.json")
    ]
    assert [r["verdict"] for r in receipts] == [receipts[0]["verdict"]] * 4  # two answers for each file
    ledger = open_ledger(place.site.settings.ledger_url)
    with contextlib.closing(ledger):  # it knows what lies there, not what would have been written
        assert verify(place.site.settings.state_dir, ledger, [place.folder / "out"]) == []


def test_a_delivery_that_was_changed_there_still_holds_the_drop(place: Place) -> None:
    place.drop("good-309.edi")
    place.run()
    (path,) = (place.folder / "out").glob("*.json")
    path.write_bytes(path.read_bytes().replace(b"24.90", b"24.91").replace(b'"amount":"', b'"amount":"1'))
    restored(place)
    place.drop("good-309.edi")
    place.run()
    assert any(
        name.endswith(".held.receipt.json")
        for name in (p.name for p in (place.folder / "drop/northtest/reject").iterdir())
    )
