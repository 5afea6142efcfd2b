"""What alembic runs: the migrations, on the connection and in the transaction that `upgrade` opened."""

from alembic import context

from sinks.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
