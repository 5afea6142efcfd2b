"""SQL: tables, migrations, writers and readers."""
