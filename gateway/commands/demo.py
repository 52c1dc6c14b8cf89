"""`gateway demo`: a profile folder to try everything with, and a run of all samples over real SFTP."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError, GatewayError
from gateway.site import data_folder, load_site

CARRIER = "northtest"

GATEWAY_TOML = """\
# One gateway. Paths are relative to this folder; docs/partners.md explains every key.
state = "state"            # ledger, raw files in work, archive: keep it on a local disk
out = "out"                # canonical JSON for the receiver; test messages go to out/test
poll_seconds = 1.0
person_secret_file = "keys/person.key"   # key of the hash that stands for a person; never lose it, never share it

[sftp]
host = "127.0.0.1"
port = 2222
host_key = "keys/host_ed25519"

[fx_usd]
# USD per unit of currency; replace with your own dated rates
CAD = "0.70"
EUR = "1.05"
GBP = "1.27"
"""

_PARTNER_TOML = """\
# A carrier that drops X12 309 and other files. docs/partners.md explains every key.
partner = "northtest"
account = "northtest"                       # SSH user
keys = ["keys/northtest.pub"]
originator_code = "NRTX01"
filer_type = "carrier"
filer_type_by_mode = { air = "freight_forwarder", mail = "freight_forwarder" }
# program = "entry_11"                      # how real traffic enters: entry_11 (also for 01), entry_13, postal_imdw, acas; docs/partners.md, Programs
senders = [{ id = "NRTX", qualifier = "02" }, { id = "GWSENDER", qualifier = "ZZ" },
           { id = "TDVAGT03GWSENDER/*" }, { id = "GBA" }]   # X12, EDIFACT, Cargo-XML, ITMATT
receivers = [{ id = "S321GATEWAY", qualifier = "ZZ" }, { id = "GWRECEIVER", qualifier = "ZZ" }]
own_id = { id = "S321GATEWAY", qualifier = "ZZ" }
home = "drop/northtest"                     # ack/ and reject/ appear here and over SFTP

[severities]
# The exemption is suspended since 2025-08-29: such shipments are refused. The samples are older or name no arrival, so
# here they pass with a remark; for real traffic leave this section out and set program above.
S321-REGIME = "warning"

[constants]
# what no manifest carries
known_carrier_customer_flag = true

[constants.security_scan]
performed = true
result = "clear"
method = "xry"
"""

SAMPLES = (
    ("good-309.edi", "x12/01_309_truck_5020_s321.edi"),
    ("bad-309.edi", "x12/43_value_over_800.edi"),
    ("bad-code-309.edi", "x12/41_bad_bl_type.edi"),
    ("cut-309.edi", "x12/36_truncated_no_trailers.edi"),
    ("prelim-309.edi", "x12/03_309_truck_prelim_P.edi"),
    ("consist-358.edi", "x12/09_358_truck_consist.edi"),
    ("good-cuscar.edi", "cases/S077_description_ends_with_una.edi"),
    ("bad-cuscar.edi", "cases/S051_moa_negative.edi"),
    ("good-xfzb.xml", "xml/03_xfzb_clean_v3.xml"),
    ("bad-xfzb.xml", "xml/09_xfzb_business_errors.xml"),
    ("good-fwb.txt", "cargoimp/02_fwb17_direct_tagged.txt"),
    ("bad-fhl.txt", "cargoimp/07_fhl4_business_errors.txt"),
    ("good-itmatt.xml", "xml/15_itmatt_gateway_profile.xml"),
    ("bad-itmatt.xml", "cases/S121_itmatt_postcode_missing_generic.xml"),
    ("good-table.csv", "cases/S095_doubled_quotes.csv"),
    ("bad-table.csv", "cases/S098_tracking_1_23457e17.csv"),
    ("good-ubl.xml", "xml-extra/01_ubl_waybill.xml"),
    ("bad-ubl.xml", "xml-extra/02_ubl_waybill_errors.xml"),
)
"""Names in samples/ and the fixtures they are made from: one good and one bad file of each family at least."""


def init(folder: Path) -> list[str]:
    """Write a demo profile folder; return the names of the sample files. Raises ConfigError if it is not empty."""
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty.", "Name a new folder, or remove this one first.")
    for name in ("partners", "keys", "samples", "drop", "out"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "gateway.toml").write_text(GATEWAY_TOML, "utf-8")
    (folder / "partners" / f"{CARRIER}.toml").write_text(_PARTNER_TOML, "utf-8")
    from gateway.shell.sftp_keys import create_host_key

    create_host_key(folder / "keys" / "host_ed25519")
    _client_key(folder / "keys" / CARRIER)
    with os.fdopen(os.open(folder / "keys" / "person.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(os.urandom(32))
    source = data_folder() / "fixtures"
    for number, (name, fixture) in enumerate(SAMPLES):
        data = (source / fixture).read_bytes()
        (folder / "samples" / name).write_bytes(_fresh(data, number) if fixture.startswith("x12/") else data)
    return [name for name, _ in SAMPLES]


def _fresh(data: bytes, number: int) -> bytes:
    """Give a sample its own bill numbers and trip, so that the samples are not repetitions of each other."""
    letter = bytes([65 + number])
    for old in (b"0045000", b"NRTX25A0", b"1ZTRK00000000"):
        data = data.replace(old, old[:-1] + letter)
    return data


def _client_key(path: Path) -> None:
    """Create the carrier's key pair; the private key readable by its owner only."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    path.with_suffix(".pub").write_bytes(public + f" {CARRIER}@demo\n".encode())


@dataclass
class DemoRow:
    """What became of one sample."""

    file: str
    result: Any = None
    format: str = ""
    acks: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return the row for machines; without an answer only the file and verdict ""."""
        r = self.result
        counts = {name: getattr(r, name) for name in ("found", "accepted", "rejected", "duplicate")} if r else {}
        return {
            "file": self.file, "format": self.format, "verdict": r.verdict if r else "", "shipments": counts,
            "acks": list(self.acks), "delivered": list(self.delivered),
        }  # fmt: skip


def run(folder: Path, say: Callable[[str], None]) -> list[DemoRow]:
    """Serve the folder, drop every sample over SFTP as the carrier, wait for the answers; return one row per file."""
    from gateway.commands.serving import Gateway
    from gateway.shell.log import configure

    configure((folder / "gateway.log").open("a", encoding="utf-8"))
    results: dict[str, Any] = {}
    gateway = Gateway(
        load_site(folder),
        port=0,
        workers=1,
        on_result=lambda r: results.__setitem__(r.file_name, r) if not r.waiting else None,
    )
    port = gateway.start()
    say(f"SFTP server on 127.0.0.1:{port}, host key {gateway.server.fingerprint}")
    names = sorted(p.name for p in (folder / "samples").iterdir())
    try:
        _upload(folder, port, gateway, names)
        deadline = time.monotonic() + 60
        while len(results) < len(names) and time.monotonic() < deadline:
            time.sleep(0.05)
        return [_row(folder, name, results.get(name)) for name in names]
    finally:
        gateway.close()


def _upload(folder: Path, port: int, gateway: Any, names: list[str]) -> None:
    from gateway.shell.sftp_client import SftpRemote

    remote = SftpRemote("127.0.0.1", port, CARRIER, folder / "keys" / CARRIER, gateway.server.fingerprint)
    try:
        for name in names:
            remote.run(lambda sftp, name=name: sftp.put(str(folder / "samples" / name), f"/in/{name}"))  # type: ignore[misc]
    except GatewayError as error:
        raise ConfigError(f"The demo upload failed: {error.message}", error.advice) from error
    finally:
        remote.close()


def _row(folder: Path, name: str, result: Any) -> DemoRow:
    home = folder / "drop" / CARRIER
    stem = f"{name}."
    answers = sorted(p.name for sub in ("ack", "reject") for p in (home / sub).iterdir() if p.name.startswith(stem))
    delivered: tuple[str, ...] = ()
    kind = ""
    if result is not None:
        from gateway.shell.ledger import open_ledger
        from gateway.shell.outbox import outputs_of

        ledger = open_ledger(load_site(folder).settings.ledger_url, create=False)
        try:
            drop = ledger.drop(result.receipt)
            kind = drop.format if drop else ""
            delivered = tuple(o.name for o in outputs_of(ledger, result.receipt) if o.kind == "delivery")
        finally:
            ledger.close()
    return DemoRow(name, result, kind, tuple(a.removeprefix(stem) for a in answers), delivered)
