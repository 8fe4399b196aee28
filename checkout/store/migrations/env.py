"""What Alembic runs for each command: on the connection it was given, in the transaction that is open there."""

from alembic import context
from sqlmodel import SQLModel

from checkout.durable import store_tables
from checkout.store import models, tenants, webhooks

# Tables are known once their modules are imported.
TABLES = (models, tenants, webhooks, store_tables)

connection = context.config.attributes["connection"]
if context.is_offline_mode():
    context.configure(dialect_name=connection.dialect.name, literal_binds=True, target_metadata=SQLModel.metadata)
else:
    # SQLite's schema changes are transactional too, once the driver does not begin and commit by itself.
    context.configure(connection=connection, target_metadata=SQLModel.metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
