"""Versions of mapping tables that were in force: table mappings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "mappings",
        sa.Column("mapping", sa.String(64), primary_key=True, nullable=False),
        sa.Column("version", sa.String(12), primary_key=True, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("first_at", sa.String(32), nullable=False),
        sa.Column("last_at", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError("restore the backup that was made before the update")
