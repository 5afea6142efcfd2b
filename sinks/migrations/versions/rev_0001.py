"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def name() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    create_plans()
    create_inputs()
    create_records()


def create_plans() -> None:
    op.create_table(
        "plans",
        sa.Column("plan_id", name(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("symbol", name(), nullable=False),
        sa.Column("style", name(), nullable=False),
        sa.Column("direction", name(), nullable=False),
        sa.Column("registered_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "version", name="pk_plans"),
    )
    op.create_table(
        "plan_states",
        sa.Column("plan_id", name(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("symbol", name(), nullable=False),
        sa.Column("phase", name(), nullable=False),
        sa.Column("health", name()),
        sa.Column("gate", name(), nullable=False),
        sa.Column("fill_price", sa.Double),
        sa.Column("effective_stop", sa.Double, nullable=False),
        sa.Column("trail_stop", sa.Double),
        sa.Column("best_price", sa.Double),
        sa.Column("targets_hit", sa.Integer, nullable=False),
        sa.Column("remaining_fraction", sa.Double, nullable=False),
        sa.Column("realized_r", sa.Double, nullable=False),
        sa.Column("open_r", sa.Double),
        sa.Column("mfe_r", sa.Double),
        sa.Column("mae_r", sa.Double),
        sa.Column("last_price", sa.Double),
        sa.Column("rr_to_next_target", sa.Double),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("updated_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plan_states"),
    )
    op.create_table(
        "plan_events",
        sa.Column("plan_id", name(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("symbol", name(), nullable=False),
        sa.Column("kind", name(), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("price", sa.Double),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("stream_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "seq", name="pk_plan_events"),
        sa.UniqueConstraint("stream_seq", name="uq_plan_events_stream_seq"),
    )


def create_inputs() -> None:
    op.create_table(
        "market_events",
        sa.Column("id", name(), nullable=False),
        sa.Column("symbol", name(), nullable=False),
        sa.Column("kind", name(), nullable=False),
        sa.Column("severity", name(), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("known_at_ns", sa.BigInteger, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_market_events"),
    )
    op.create_table(
        "commands",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", name(), nullable=False),
        sa.Column("plan_id", name()),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("applied_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
        sqlite_autoincrement=True,
    )


def create_records() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("source", name(), nullable=False),
        sa.Column("row", sa.BigInteger, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("source", "row", name="pk_dead_letters"),
    )
    op.create_table(
        "progress",
        sa.Column("stream", name(), nullable=False),
        sa.Column("symbol", name(), nullable=False),
        *(
            sa.Column(counted, sa.BigInteger, nullable=False)
            for counted in ("tape_ns", "records", "eligible", "late", "corrected", "unknown_condition")
        ),
        sa.PrimaryKeyConstraint("stream", "symbol", name="pk_progress"),
    )
    op.create_table(
        "streams",
        sa.Column("name", name(), nullable=False),
        sa.Column("last_stream_seq", sa.BigInteger, nullable=False),
        sa.Column("divergences", sa.BigInteger, nullable=False),
        sa.Column("inputs", sa.JSON, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_streams"),
    )
