"""Bars and what the scanner found."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def name() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "bars",
        sa.Column("symbol", name(), nullable=False),
        sa.Column("interval", name(), nullable=False),
        sa.Column("start_ns", sa.BigInteger, nullable=False),
        sa.Column("end_ns", sa.BigInteger, nullable=False),
        *(sa.Column(column, sa.Double, nullable=False) for column in ("open", "high", "low", "close", "volume")),
        sa.Column("vwap", sa.Double),
        sa.Column("trades", sa.BigInteger, nullable=False),
        sa.Column("phase", name(), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("symbol", "interval", "start_ns", name="pk_bars"),
    )
    op.create_table(
        "scan_results",
        sa.Column("symbol", name(), nullable=False),
        sa.Column("strategy", name(), nullable=False),
        sa.Column("direction", name(), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("session_date", name(), nullable=False),
        sa.Column("ordinal", sa.Integer),
        sa.Column("plan_id", name()),
        sa.Column("actionable", sa.Boolean, nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        *(sa.Column(column, sa.JSON, nullable=False) for column in ("profile", "features", "conditions")),
        sa.PrimaryKeyConstraint("symbol", "strategy", "direction", "at_ns", name="pk_scan_results"),
    )
