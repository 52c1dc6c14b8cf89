"""Alembic migrations of the ledger; `open_ledger` runs them at start."""
