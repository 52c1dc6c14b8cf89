"""Responses of the receiver that were passed on: table responses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "responses",
        sa.Column("partner", sa.String(64), primary_key=True, nullable=False),
        sa.Column("shipment", sa.String(255), primary_key=True, nullable=False),
        sa.Column("status", sa.String(12), primary_key=True, nullable=False),
        sa.Column("code", sa.String(40), primary_key=True, nullable=False),
        sa.Column("decided_at", sa.String(40), primary_key=True, nullable=False),
        sa.Column("receipt", sa.String(40), nullable=False),
    )


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError("restore the backup that was made before the update")
