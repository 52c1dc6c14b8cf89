"""Partners that the ledger knows and no partner file names: who was renamed keeps nothing that was known under the old name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.shell.ledger import Ledger
from gateway.site import Site


@dataclass(frozen=True)
class Departed:
    """What must be known of a partner without a partner file. said, mend: one sentence each."""

    name: str
    said: str
    mend: str


def departed(site: Site, ledger: Ledger) -> Iterator[Departed]:
    """Yield the partners that are gone, where it matters: their account goes on under another name, or shipments wait."""
    accounts = {p.profile.account: name for name, p in site.partners.items()}
    for name, account in ledger.partners():
        if name in site.partners or name.startswith("@"):
            continue
        if now := accounts.get(account):
            said = f"{name} is {now} now (account {account}): files, shipments and control numbers that the ledger has under {name} are not known under {now}, so what came before is delivered again."
            yield Departed(name, said, f"Name the partner {name} again; a partner keeps its name for good.")
        if waiting := ledger.waiting_of(name):
            said = f"{waiting} shipment{'s' * (waiting > 1)} of {name} wait for another message, and no partner file names {name}: nobody is told when their time is up."
            yield Departed(name, said, "Put the partner file back until they are settled.")
