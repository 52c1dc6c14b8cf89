"""The first ledger: drops, outputs, interchanges, shipments, person days, controls, journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    _drops_and_outputs()
    _history()
    _journal()


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError("restore the backup that was made before the update")


def _text(name: str, length: int = 0, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), primary_key=key, nullable=False)


def _drops_and_outputs() -> None:
    op.create_table(
        "drops",
        _text("receipt", 40, key=True),
        *(_text(name, length) for name, length in (("partner", 64), ("account", 64), ("file_name", 0))),
        *(_text(name, 255) for name in ("stored_name", "answer_stem")),
        sa.Column("size", sa.BigInteger(), nullable=False),
        *(_text(name, n) for name, n in (("sha256", 64), ("state", 12), ("goal", 12), ("format", 64), ("verdict", 24))),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("found", "accepted", "rejected", "duplicate", "tries")
        ),
        *(_text(name, n) for name, n in (("received_at", 32), ("done_at", 32), ("error", 0), ("duplicate_of", 40))),
    )
    op.create_index("drops_content", "drops", ["partner", "sha256"])
    op.create_index("drops_answers", "drops", ["partner", "answer_stem"], unique=True)
    op.create_index("drops_received", "drops", ["received_at"])
    op.create_table(
        "outputs",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        *(_text(n, m) for n, m in (("receipt", 40), ("kind", 12), ("target", 12), ("name", 255), ("staged", 300))),
        sa.Column("size", sa.BigInteger(), nullable=False),
        *(_text(name, length) for name, length in (("sha256", 64), ("state", 12))),
    )
    op.create_index("outputs_receipt", "outputs", ["receipt", "id"])


def _history() -> None:
    op.create_table(
        "interchanges",
        *(_text(n, m, key=True) for n, m in (("partner", 64), ("sender", 80), ("receiver", 80), ("control", 40))),
        *(_text(name, length) for name, length in (("receipt", 40), ("place", 0), ("claimed_at", 32))),
    )
    op.create_table(
        "shipments",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        *(_text(n, m) for n, m in (("partner", 64), ("key", 0), ("receipt", 40), ("content", 64), ("place", 0))),
        *(_text(name, length) for name, length in (("person", 64), ("day", 10))),
        sa.Column("value", sa.BigInteger(), nullable=False),
        *(_text(name, 12) for name in ("purpose", "state")),
    )
    active = sa.text("state = 'active'")
    op.create_index(
        "shipments_active", "shipments", ["partner", "key"], unique=True, sqlite_where=active, postgresql_where=active
    )
    op.create_table(
        "person_days",
        *(_text(n, m, key=True) for n, m in (("person", 64), ("day", 10), ("partner", 64), ("key", 0))),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table("controls", _text("scope", 128, key=True), sa.Column("last", sa.BigInteger(), nullable=False))


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        *(_text(name, length) for name, length in (("at", 32), ("event", 24), ("receipt", 40), ("payload", 0))),
        *(_text(name, 64) for name in ("prev_hash", "hash")),
    )
    op.create_index("journal_receipt", "journal", ["receipt"])
