"""Alembic's entry: migrate the ledger over the connection that `open_ledger` hands in."""

from __future__ import annotations

from alembic import context

from gateway.shell.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
