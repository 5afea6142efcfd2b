"""Bars as they stood before late prints revised them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def name() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    numbers = ("open", "high", "low", "close", "volume")
    op.create_table(
        "bar_revisions",
        sa.Column("symbol", name(), nullable=False),
        sa.Column("interval", name(), nullable=False),
        sa.Column("start_ns", sa.BigInteger, nullable=False),
        sa.Column("end_ns", sa.BigInteger, nullable=False),
        *(sa.Column(each, sa.Double, nullable=False) for each in numbers),
        sa.Column("vwap", sa.Double),
        sa.Column("trades", sa.BigInteger, nullable=False),
        sa.Column("phase", name(), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("until_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("symbol", "interval", "start_ns", "revision", name="pk_bar_revisions"),
    )
