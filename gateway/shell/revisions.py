"""The schema of the ledger: a new one is made as `schema` says, an old one brought up to date by migrations/versions."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, PrimaryKeyConstraint, String, Table, inspect

from gateway.errors import ConfigError
from gateway.shell.schema import metadata

REVISION = "0006"
"""The newest file in migrations/versions."""


_VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Where Alembic looks for the revision; it would make the same."""


def migrate(engine: Engine) -> None:
    """Bring the tables of a database to REVISION. Raises ConfigError when they are newer, or of something else."""
    found = _revision(engine)
    if found == REVISION:
        return
    if found:
        upgrade(engine)
        return
    with engine.begin() as connection:
        if set(inspect(connection).get_table_names()) & set(metadata.tables):
            raise ConfigError(
                "The ledger database holds tables of something else.", "Give the gateway its own database."
            )
        metadata.create_all(connection)  # not by the migrations: Alembic takes 0.1 s and 10 MiB to load
        _VERSION.create(connection, checkfirst=True)
        connection.execute(_VERSION.insert(), {"version_num": REVISION})


def upgrade(engine: Engine) -> None:
    """Run the migrations that a database lacks, all of them where it is empty. Raises ConfigError when it is newer."""
    from alembic import command, script
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
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(engine: Engine) -> str:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        return _revision_of(connection)


def _revision_of(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or "")
