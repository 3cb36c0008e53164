"""Runs migrations: through `monitor.storage.schema`, or by Alembic's own command line in the checkout."""

from alembic import context
from sqlalchemy import Connection, text

from monitor.settings import load_settings
from monitor.storage.engine import sync_engine
from monitor.storage.schema import metadata

# Programs that start at once (two workers, `up` beside a deployment job) migrate one after the other, however
# long the first takes; no table is waited for that long, because everybody else would wait behind.
_LOCK = (
    "SET LOCAL lock_timeout = 0",
    "SELECT pg_advisory_xact_lock(hashtext('brand-monitor migrations'))",
    "SET LOCAL lock_timeout = DEFAULT",
)


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=False)
    with context.begin_transaction():
        for statement in _LOCK:
            connection.execute(text(statement))
        context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    _migrate(given)
else:
    engine = sync_engine(load_settings())
    with engine.connect() as own:
        _migrate(own)
    engine.dispose()
