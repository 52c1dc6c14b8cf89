"""The schema of the ledger, brought up to date by the files of migrations/versions."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from gateway.errors import ConfigError
from gateway.shell.schema import metadata

REVISION = "0004"
"""The newest file in migrations/versions."""


def migrate(engine: Engine) -> None:
    """Bring the tables of a database to REVISION. Raises ConfigError when they are newer, or of something else."""
    if _revision(engine) == REVISION:
        return
    from alembic import command, script  # only when there is something to do: the import takes 0.1 s
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    known = {revision.revision for revision in script.ScriptDirectory.from_config(config).walk_revisions()}
    with engine.begin() as connection:
        found = _revision_of(connection)
        if found and found not in known:
            raise ConfigError(
                f"The ledger has the schema {found}, which this version does not know.",
                "Install the newer gateway again.",
            )
        if not found and set(inspect(connection).get_table_names()) & set(metadata.tables):
            raise ConfigError(
                "The ledger database holds tables of something else.", "Give the gateway its own database."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(engine: Engine) -> str:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        return _revision_of(connection)


def _revision_of(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or "")
