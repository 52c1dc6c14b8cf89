"""`gateway archive`: what is older than the settings, what may go, what is under a legal hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gateway.commands.status import ledger_of
from gateway.errors import ConfigError
from gateway.shell.drops import Keep
from gateway.shell.folders import ReceiptIds, StateFolders
from gateway.shell.orders import HOLD, RETAIN, SEAL, UNHOLD, Order, give
from gateway.shell.retention import due, held
from gateway.site import Site


def overview(site: Site, now: datetime) -> dict[str, Any]:
    """Return what would be removed now: per class files or rows, bytes and the oldest day; and the drops on hold."""
    s, ledger = site.settings, ledger_of(site)
    classes: dict[str, dict[str, Any]] = {
        name: {"days": s.retention.get(name, 0), "files": 0, "rows": 0, "bytes": 0, "oldest": ""}
        for name in Keep.__dataclass_fields__
    }
    try:
        for removal in due(ledger, StateFolders(s.state_dir), s.out_dir, Keep(**s.retention), now):
            one = classes[removal.kind]
            one["files"] += len(removal.files)
            one["rows"] += removal.rows
            one["bytes"] += sum(path.stat().st_size for path in removal.files)
            day = removal.day or f"{removal.receipt[:4]}-{removal.receipt[4:6]}-{removal.receipt[6:8]}"
            one["oldest"] = min(one["oldest"] or day, day)
        with ledger.reading() as connection:
            return {"classes": classes, "held": sorted(held(connection))}
    finally:
        ledger.close()


def order_removal(site: Site) -> None:
    """Tell the gateway to remove now what is older than the settings."""
    if not site.settings.retention:
        raise ConfigError("gateway.toml has no [retention].", "Write [retention] and, under it, raw = 90.")
    give(StateFolders(site.settings.state_dir), ReceiptIds(), Order(RETAIN))


def order_sealing(site: Site) -> None:
    """Tell the gateway to seal what was kept in clear before there was a key."""
    if not site.vault.ids:
        raise ConfigError("gateway.toml has no [encryption].", "See docs/operations.md, Encryption at rest.")
    give(StateFolders(site.settings.state_dir), ReceiptIds(), Order(SEAL))


def order_hold(site: Site, receipt: str, why: str, *, lift: bool) -> None:
    """Put a drop under a legal hold, or lift it. Raises ConfigError for an unknown receipt or without a reason."""
    ledger = ledger_of(site)
    try:
        if ledger.drop(receipt) is None:
            raise ConfigError(f"{receipt} is no receipt of this gateway.", "gateway status lists them.")
    finally:
        ledger.close()
    if not why.strip():
        raise ConfigError("A hold needs a reason.", 'Add --why "audit 2025-17".')
    give(StateFolders(site.settings.state_dir), ReceiptIds(), Order(UNHOLD if lift else HOLD, receipt, why))
