"""Shipments are known by the bare form of their numbers: the keys of those that were kept as they were written.

Of two spellings that both count the newer one is found from now on; the older stays in the ledger and in its day's sum.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Connection, text

from gateway.history import bare_number, told_as

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SHIPMENTS = text(  # of tests all: looked at once more below
    "SELECT id, partner, key, place, person, day, state FROM shipments"
    " WHERE key <> upper(replace(replace(key, ' ', ''), '-', '')) ORDER BY id DESC"
)
_TAKEN = text("SELECT 1 FROM shipments WHERE partner = :partner AND key = :key AND state = 'active'")
_SHIPMENT = text("UPDATE shipments SET key = :key, place = :place WHERE id = :id")
_DAY = text(
    "UPDATE person_days SET key = :key WHERE person = :person AND day = :day AND partner = :partner AND key = :old"
)
_PARTS = text("SELECT partner, key FROM parts WHERE key <> upper(replace(replace(key, ' ', ''), '-', ''))")
_SAME_PART = text("SELECT 1 FROM parts WHERE partner = :partner AND key = :key")
_PART = text("UPDATE parts SET key = :key WHERE partner = :partner AND key = :old")


def upgrade() -> None:
    """Write the keys anew where they hold small letters, blanks or hyphens."""
    connection = op.get_bind()
    _change_shipments(connection)
    for partner, old in connection.execute(_PARTS).fetchall():
        test, number = _parted(old)
        key = test + "/".join(map(bare_number, number.split("/", 1)))
        if key != old and connection.execute(_SAME_PART, {"partner": partner, "key": key}).first() is None:
            connection.execute(_PART, {"partner": partner, "key": key, "old": old})


def _change_shipments(connection: Connection) -> None:
    for row in connection.execute(_SHIPMENTS).mappings().fetchall():
        test, number = _parted(row["key"])
        key = test + bare_number(number)
        mine = {"partner": row["partner"], "key": key}
        active = row["state"] == "active"
        if key == row["key"] or (active and connection.execute(_TAKEN, mine).first() is not None):
            continue
        place = told_as(row["place"], number, bare_number(number))
        connection.execute(_SHIPMENT, {"id": row["id"], "key": key, "place": place})
        if active and row["person"]:
            connection.execute(_DAY, {**mine, "old": row["key"], "person": row["person"], "day": row["day"]})


def _parted(key: str) -> tuple[str, str]:
    test = "test:" if key.startswith("test:") else ""
    return test, key[len(test) :]


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError("restore the backup that was made before the update")
