"""`gateway status` hides nothing that is not finished, however old it is and whether anybody began it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.commands.doctor import doctor
from gateway.commands.status import drops, explain_receipt
from gateway.commands.taken import unreadable
from gateway.errors import ConfigError
from gateway.shell.claims import Claimed, write_claim
from tests.shell.site_support import Place


def test_status_lists_older_drops_that_are_not_finished_and_those_not_begun(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.drop("cut-309.edi")
    (place.folder / "inbox" / "page.edi").write_bytes(b"<html>no data</html>")
    (place.folder / "inbox" / "page.edi.done").touch()
    place.run()
    for name in ("good-309.edi", "bad-309.edi"):
        place.drop(name)
        place.run()
    found = [(row["file"], row["state"]) for row in drops(place.site, newest=2)]
    assert found == [("page.edi", "quarantined"), ("good-309.edi", "done"), ("bad-309.edi", "done")]
    place.drop("good-fwb.txt")
    engine = place.engine()
    try:
        engine.stop()  # it is taken, and nothing is begun any more
        engine._poll()
        engine.folders.take(engine.desk)
    finally:
        engine.close()
    (row,) = (row for row in drops(place.site, newest=2) if row["file"] == "good-fwb.txt")
    assert (row["state"], row["partner"], row["found"], row["why"]) == ("claimed", "northtest", 0, "")
    with pytest.raises(ConfigError, match=r"good-fwb\.txt was taken .* and is not begun yet"):
        explain_receipt(place.site, "good-fwb.txt")


def test_a_received_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    receipt = "20261201T100000000000-000000"
    folder = place.site.settings.state_dir / "work" / receipt
    folder.mkdir(parents=True)
    (folder / "raw").symlink_to("/proc/self/mem/x")  # stands for bytes that cannot be read, also by root
    claim = Claimed(receipt, "northtest", "northtest", "a.edi", "a.edi", "2026-12-01T10:00:00.000000Z")
    write_claim(folder, claim)
    (found,) = unreadable(place.site)
    assert (found.receipt, found.partner, found.claim) == (receipt, "northtest", False)
    assert found.said().startswith("what was received cannot be read (")
    (check,) = (check for check in doctor(place.folder) if check.name == "work folder")
    assert check.state == "error" and "later files of northtest wait" in check.said
    assert "gateway claim" not in check.mend
