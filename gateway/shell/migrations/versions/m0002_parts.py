"""Shipments that wait for another message: table parts, and the numbers joined and waiting of a drop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the two numbers."""
    for name in ("joined", "waiting"):
        op.add_column("drops", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "parts",
        sa.Column("partner", sa.String(64), primary_key=True, nullable=False),
        sa.Column("key", sa.String(255), primary_key=True, nullable=False),
        sa.Column("receipt", sa.String(40), nullable=False),
        sa.Column("message", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("until", sa.String(32), nullable=False),
    )
    op.create_index("parts_until", "parts", ["state", "until"])
    op.create_index("parts_receipt", "parts", ["receipt"])


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError("restore the backup that was made before the update")
