"""A gateway in a temporary folder with a tiny language in place of EDI.

ICN 7            interchange control number
MSG m1           a message begins (TEST m1: a test message)
SHIP b1 24.90    a shipment; with a person: SHIP b1 24.90 anna
AMEND b1 30.00   CANCEL b1 0   BAD b2   a refused shipment
REFUSE           the open message is refused
BOOM  DIE  LOSE  our code raises; the process dies; a shipment vanishes from the books
HOLD             verdict quarantine
TOUCH /a         make a file; TAKE /a: wait until there is one, and remove it
SLEEP 0.1        wait; before the first shipment: it is a place where a stop is noticed
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from gateway.history import History, ShipmentClaim
from gateway.profile import Identity, Profile
from gateway.results import Ack, Counts, Delivery, Outcome, Records
from gateway.shell.crew import Recipe, Shop
from gateway.shell.desk import Alert, Result
from gateway.shell.drops import Keep, PartnerDrop
from gateway.shell.ledger import open_ledger
from gateway.shell.loop import Engine
from gateway.shell.publishing import RetryPolicy
from gateway.shell.vault import Vault, vault_of
from gateway.shell.verify import Problem, verify
from gateway.spools import Spool

PROFILE = Profile("acme", "acme-sftp", "ACME", (Identity("*"),), (Identity("*"),))
NOW = datetime(2025, 3, 3, 10, tzinfo=UTC)
ONE_TRY = RetryPolicy(attempts=1)


class ToyOutcome(Outcome):
    """Its keys are the words behind MSG, which tell no index."""

    toy_refused: set[str] = msgspec.field(default_factory=set)

    @property
    def refused_keys(self) -> Any:
        return self.toy_refused


def fake_translate(
    chunks: Iterable[bytes],
    profile: Profile,
    now: datetime,
    history: History,
    *,
    name: str,
    size: int,
    sha256: str,
    receipt_id: str,
    stem: str = "",
    spool: Spool,
) -> Iterator[Delivery | Outcome]:
    counts, refused, verdict = Counts(), set[str](), ""
    key, test, mark, taken = "", False, 0, 0

    def close() -> Iterator[Delivery]:
        if key:
            yield Delivery(key, "close", b"]}\n", test)

    text = b"".join(chunks).decode()
    for number, line in enumerate(text.splitlines()):
        spool.append(line.encode())
        word, *rest = line.split() or [""]
        if word == "ICN":
            if history.interchange("S", "R", rest[0]):
                verdict = "reject"
                break
            history.claim_interchange("S", "R", rest[0], name)
        elif word in ("MSG", "TEST"):
            yield from close()
            key, test, mark, taken = rest[0], word == "TEST", history.mark(), 0
            yield Delivery(key, "head", b'{"key":"%s","shipments":[' % key.encode(), test)
        elif word in ("SHIP", "AMEND", "CANCEL"):
            counts.found += 1
            purpose = {"SHIP": "original", "AMEND": "amend", "CANCEL": "cancel"}[word]
            if word == "SHIP" and history.shipments([rest[0]])[0]:
                counts.duplicate += 1
                continue
            person = rest[2] if len(rest) > 2 else ""
            day = rest[3] if len(rest) > 3 else "2025-03-03"
            total = history.day_totals([(person, day)])[0][0] if person else 0
            if total and total + Decimal(rest[1]) > 800:
                counts.rejected += 1
                continue
            content = hashlib.sha256(line.encode()).hexdigest()
            claim = ShipmentClaim(rest[0], content, name, person, day, Decimal(rest[1]), purpose)
            history.claim([claim])
            counts.accepted += 1
            taken += 1
            yield Delivery(key, "shipment", json.dumps({"id": rest[0], "n": number}).encode(), test)
        elif word == "BAD":
            counts.found += 1
            counts.rejected += 1
        elif word == "REFUSE":
            refused.add(key)
            history.rollback(mark)
            counts.accepted -= taken
            counts.rejected += taken
        elif word == "LOSE":
            counts.found += 1
        elif word == "HOLD":
            verdict = "quarantine"
        elif word == "BOOM":
            raise RuntimeError("JANE FICTUM, 1 MAIN STREET")
        elif word == "DIE":
            os._exit(9)
        elif word == "TOUCH":
            Path(rest[0]).touch()
        elif word == "TAKE":
            take(Path(rest[0]))
        elif word == "SLEEP":
            time.sleep(float(rest[0]))
            yield Delivery(key, "shipment", b"", test, 0)
    yield from close()
    verdict = verdict or ("reject" if not counts.accepted else "partial" if counts.rejected else "accept")
    control = history.next_control(f"{profile.partner}/ISA13")
    facts = {"control": control, "found": counts.found, "accepted": counts.accepted, "rejected": counts.rejected}
    acks = [
        Ack("997", ".997.edi", [json.dumps(facts).encode()]),
        Ack("receipt", ".receipt.json", [json.dumps({"receipt_id": receipt_id, "verdict": verdict}).encode()]),
    ]
    if counts.rejected:
        acks.append(Ack("rejects", ".rejects.csv", [b"id,reason\n", b"x,bad\n"], folder="reject"))
    if verdict == "quarantine":
        acks = acks[1:2]
    yield ToyOutcome(verdict, "toy", counts, {}, Records(spool), [], {}, acks, toy_refused=refused)


def take(path: Path) -> None:
    """Wait until a file is there and remove it."""
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end, f"nobody made {path.name}"
        time.sleep(0.005)
    path.unlink()


class Clock:
    """Stands still until told otherwise; rises by a millisecond with each look, as real ones do."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Config:
    state_dir: Path
    ledger_url: str
    partners: list[PartnerDrop]
    out_dir: Path
    poll_seconds: float = 0.0
    settle_polls: int = 2
    max_file_bytes: int = 1 << 20
    keep: Keep = field(default_factory=Keep)
    vault: Vault = field(default_factory=Vault)


@cache
def fresh_ledger() -> bytes:
    """An empty ledger, made once: migrations take longer than a whole drop."""
    with TemporaryDirectory() as folder:
        open_ledger(f"sqlite:///{folder}/ledger.db").close()
        return (Path(folder) / "ledger.db").read_bytes()


@dataclass
class Yard:
    """One state folder, its partners' folders, and an engine that can be started again and again."""

    root: Path
    clock: Callable[[], datetime] = field(default_factory=Clock)
    translate: Any = fake_translate
    partners: tuple[str, ...] = ("acme", "beta")
    alerts: list[Alert] = field(default_factory=list)
    max_file_bytes: int = 1 << 20
    targets: dict[str, Any] = field(default_factory=dict)
    max_tries: int = 2
    keep: Keep = field(default_factory=Keep)
    workers: int = 0
    shop: str = "tests.shell.shell_support:shop"
    ledger_url: str = ""  # default: a SQLite file in the state folder

    def __post_init__(self) -> None:
        ledger = self.root / "state" / "ledger.db"
        ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.ledger_url:
            self.ledger_url = f"sqlite:///{ledger}"
            if not ledger.exists():
                ledger.write_bytes(fresh_ledger())
        for folder in (self.out, self.out / "test"):
            folder.mkdir(parents=True, exist_ok=True)
        for partner in self.partners:
            for name in ("in", "ack", "reject"):
                (self.root / partner / name).mkdir(parents=True, exist_ok=True)

    @property
    def out(self) -> Path:
        return self.root / "out"

    def folder(self, name: str, partner: str = "acme") -> Path:
        return self.root / partner / name

    def names(self, name: str, partner: str = "acme") -> list[str]:
        return sorted(path.name for path in self.folder(name, partner).iterdir())

    def deliveries(self) -> list[str]:
        return sorted(path.name for path in self.out.iterdir() if path.is_file())

    def drop(self, name: str, text: str, partner: str = "acme") -> Path:
        path = self.folder("in", partner) / name
        path.write_bytes(text.encode())
        (path.parent / f"{name}.done").touch()
        return path

    def config(self) -> Config:
        partners = [
            PartnerDrop(
                name, f"{name}-sftp", self.folder("in", name), self.folder("ack", name), self.folder("reject", name),
                replace(PROFILE, partner=name), self.targets.get(name),
            )
            for name in self.partners
        ]  # fmt: skip
        state = self.root / "state"
        return Config(
            state,
            self.ledger_url,
            partners,
            self.out,
            max_file_bytes=self.max_file_bytes,
            keep=self.keep,
            vault=self.vault(),
        )

    def vault(self) -> Vault:
        """Sealed with root/NAME.key, the newest first; without such files clear."""
        return vault_of(sorted(self.root.glob("*.key"), reverse=True), self.root / "state")

    def new_key(self, name: str) -> None:
        path = self.root / f"{name}.key"
        path.write_bytes(os.urandom(32))
        path.chmod(0o600)

    def engine(self, workers: int | None = None) -> Engine:
        config = self.config()
        engine = Engine(
            config, self.translate, clock=self.clock, policy=ONE_TRY, on_alert=self.alerts.append,
            workers=self.workers if workers is None else workers, recipe=Recipe(self.shop, (self.root, self.partners, self.max_tries, self.ledger_url)),
        )  # fmt: skip
        engine.desk = replace(engine.desk, max_tries=self.max_tries)
        return engine

    def run(self) -> list[Result]:
        """Start, do what is to be done, end."""
        engine = self.engine()
        try:
            return engine.run_once() + engine.run_once()  # two looks: a file without its marker must settle
        finally:
            engine.close()

    def problems(self, *, all_present: bool = True) -> list[Problem]:
        engine = self.engine(workers=0)
        places = [self.out, self.out / "test"]
        places += [self.folder(kind, partner) for kind in ("ack", "reject") for partner in self.partners]
        try:
            return verify(self.root / "state", engine.desk.ledger, places, all_present=all_present, vault=self.vault())
        finally:
            engine.close()

    def controls(self, only: str = "") -> list[int]:
        """Control numbers of all 997s that were sent, to one partner if named."""
        files = [
            p
            for partner in self.partners
            if only in ("", partner)
            for p in self.folder("ack", partner).glob("*.997.edi")
        ]
        return sorted(json.loads(path.read_text())["control"] for path in files)


def shop(root: Path, partners: tuple[str, ...], max_tries: int, ledger_url: str) -> Shop:
    """What a worker process of a yard works with."""
    yard = Yard(root, partners=partners, ledger_url=ledger_url)
    return Shop(yard.config(), fake_translate, policy=ONE_TRY, max_tries=max_tries)
