"""A real site in a temporary folder: two partners with drop folders, real translation, no SFTP."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

from gateway.commands.serving import serve_config
from gateway.responses import Response, write_responses
from gateway.shell import journal
from gateway.shell.ledger import open_ledger
from gateway.shell.loop import Engine
from gateway.shell.verify import verify
from gateway.site import Site, load_site
from gateway.translate import translate
from tests.test_reload import run


class Place:
    """A demo site with a drop folder for the carrier and one for the receiver's responses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run("demo", "init", str(folder))
        toml = folder / "partners" / "northtest.toml"
        toml.write_text('in_dir = "inbox"\n' + toml.read_text())
        other = (
            toml.read_text()
            .replace('"northtest"', '"othertest"')
            .replace("NRTX01", "OTHR01")
            .replace("inbox", "inbox2")
        )
        (folder / "partners" / "othertest.toml").write_text(other.replace("drop/northtest", "drop/othertest"))
        config = folder / "gateway.toml"
        config.write_text('responses = "responses"\n' + config.read_text())
        self.site: Site = load_site(folder)
        serve_config(self.site)

    def drop(self, sample: str, box: str = "inbox") -> None:
        shutil.copy(self.folder / "samples" / sample, self.folder / box / sample)
        (self.folder / box / f"{sample}.done").touch()

    def respond(self, name: str, *found: Response, data: bytes = b"") -> None:
        (self.folder / "responses" / name).write_bytes(data or write_responses(found))
        (self.folder / "responses" / f"{name}.done").touch()

    def alerts(self) -> list[str]:
        """Return the rules of all alerts so far."""
        with contextlib.closing(open_ledger(self.site.settings.ledger_url)) as ledger, ledger.reading() as connection:
            return [r["payload"]["rule"] for r in journal.records(connection) if r["event"] == "alert"]

    def engine(self) -> Engine:
        return Engine(serve_config(self.site), translate)

    def run(self) -> None:
        engine = self.engine()
        try:
            engine.run_once()
        finally:
            engine.close()

    def names(self, partner: str = "northtest") -> list[str]:
        return sorted(p.name for p in (self.folder / "drop" / partner / "ack").iterdir())

    def read(self, ending: str, partner: str = "northtest") -> bytes:
        (name,) = [n for n in self.names(partner) if ".status-" in n and n.endswith(ending)]
        return (self.folder / "drop" / partner / "ack" / name).read_bytes()

    def answer(self, name: str) -> dict:
        found: dict = json.loads((self.folder / "responses" / "answers" / f"{name}.receipt.json").read_text())
        return found

    def shipments(self) -> list[str]:
        return [
            s["shipment_id"]
            for p in sorted((self.folder / "out").glob("*.json"))
            for s in json.loads(p.read_bytes())["shipments"]
        ]

    def problems(self) -> list:
        ledger = open_ledger(self.site.settings.ledger_url)
        try:
            return verify(self.site.settings.state_dir, ledger)
        finally:
            ledger.close()
