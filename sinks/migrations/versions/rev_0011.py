"""Market events as often as they were told, and gaps of the tape."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def name() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # in place: a table made anew would be without its readers' rights
        for column in (sa.Column("revision", sa.Integer), sa.Column("told_ns", sa.BigInteger)):
            op.add_column("market_events", column)
            op.execute(f"UPDATE market_events SET {column.name} = 0")
            op.alter_column("market_events", column.name, nullable=False)
        op.drop_constraint("pk_market_events", "market_events")
        op.create_primary_key("pk_market_events", "market_events", ["id", "revision"])
    else:
        make_market_events_anew()
    op.create_table(
        "data_gaps",
        sa.Column("symbol", name(), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("name", name(), nullable=False),
        sa.Column("state", name(), nullable=False),
        sa.Column("from_ns", sa.BigInteger, nullable=False),
        sa.Column("to_ns", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("symbol", "at_ns", "name", "state", name="pk_data_gaps"),
    )


def make_market_events_anew() -> None:
    """SQLite changes no key of a table."""
    op.rename_table("market_events", "market_events_0010")
    op.create_table(
        "market_events",
        sa.Column("id", name(), nullable=False),
        sa.Column("symbol", name(), nullable=False),
        sa.Column("kind", name(), nullable=False),
        sa.Column("severity", name(), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("known_at_ns", sa.BigInteger, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("told_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", "revision", name="pk_market_events"),
    )
    op.execute("INSERT INTO market_events SELECT *, 0, 0 FROM market_events_0010")
    op.drop_table("market_events_0010")
