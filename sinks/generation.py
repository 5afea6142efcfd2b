"""Which life of a database this is.  A copy put back begins another: what counted positions before must not go on.

On PostgreSQL nobody tells us of a restore; its documented way renews the generation with one UPDATE.
"""

import secrets

import sqlalchemy as sa

from sinks.tables import identity


def drawn() -> str:
    """Draw a new generation, 16 hex characters."""
    return secrets.token_hex(8)


def generation(connection: sa.Connection) -> str:
    """The generation of this database.  Raises DatabaseError where the tables are older than generations."""
    return str(connection.scalar(sa.select(identity.c.generation)))


def renew(connection: sa.Connection) -> None:
    """Begin a new generation."""
    connection.execute(identity.delete())
    connection.execute(identity.insert().values(generation=drawn()))
