"""The history of the tables, run by alembic through `sinks.schema.upgrade`."""
