"""The database's version: bring it up to date, read it, refuse to work on another one."""

import logging
from collections.abc import Callable
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from monitor.errors import SetupError
from monitor.settings import Settings, packaged
from monitor.storage import (
    account_tables,
    alert_tables,
    answer_tables,
    collector_tables,
    correction_tables,
    deletion_tables,
    figure_tables,
    gallery_tables,
    log_tables,
    mention_tables,
    picture_tables,
    pruning_tables,
    subscription_tables,
    tables,
)
from monitor.storage.engine import sync_engine
from monitor.storage.faults import translated

_log: Final = logging.getLogger(__name__)

# Importing a module of tables adds them to the one metadata.
_TABLES: Final = (
    tables,
    account_tables,
    alert_tables,
    answer_tables,
    collector_tables,
    correction_tables,
    deletion_tables,
    figure_tables,
    gallery_tables,
    log_tables,
    mention_tables,
    picture_tables,
    pruning_tables,
    subscription_tables,
)

metadata: Final = _TABLES[0].metadata
"""Every table the migrations make."""


def upgrade(settings: Settings, revision: str = "head") -> str | None:
    """Apply every missing migration in one transaction; returns the revision reached. Nothing to do is fine.

    Several programs may call this at once, but not several threads of one: Alembic has one context a process.

    Raises `OutageError` if the database is away, `SetupError` if the user may not create tables.
    """
    return _run(settings, lambda config: command.upgrade(config, revision))


def downgrade(settings: Settings, revision: str) -> str | None:
    """Take migrations back, down to `revision` ("base" removes every table and all data)."""
    return _run(settings, lambda config: command.downgrade(config, revision))


def head_revision() -> str:
    """The revision this version of the service is written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "migrations/versions is empty"
    return head


def current_revision(connection: Connection) -> str | None:
    """The database's revision; None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def check_revision(connection: Connection) -> None:
    """Raises `SetupError` with the remedy unless the database is at this service's revision."""
    found, wanted = current_revision(connection), head_revision()
    if found == wanted:
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise SetupError(
            f"the database is at schema {found}, which this version of brand-monitor (schema {wanted}) "
            "does not know; install the version that migrated it, or a newer one"
        )
    raise SetupError(
        f"the database is at schema {found or 'none'}, this version needs {wanted}; "
        "run `brand-monitor db upgrade`"
    )


def _run(settings: Settings, step: Callable[[Config], None]) -> str | None:
    engine: Engine = sync_engine(settings)
    try:
        with translated(), engine.begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.add_notice_handler(lambda notice: _log.warning(notice.message_primary))
            step(config)
            return current_revision(connection)
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(packaged("migrations")).replace("%", "%%"))
    return config
