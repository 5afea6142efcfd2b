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
    op.rename_table("market_events", "market_events_0010")
    if op.get_bind().dialect.name == "postgresql":  # where no two tables have a key of one name
        op.execute("ALTER TABLE market_events_0010 DROP CONSTRAINT pk_market_events")
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
