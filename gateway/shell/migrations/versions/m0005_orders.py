"""Lots of one order that come in several files: column orders of person_days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the index of the rows that have something in it."""
    op.add_column("person_days", sa.Column("orders", sa.Text, nullable=False, server_default=""))
    lots = sa.text("orders <> ''")
    op.create_index("person_days_orders", "person_days", ["person"], sqlite_where=lots, postgresql_where=lots)


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError("restore the backup that was made before the update")
