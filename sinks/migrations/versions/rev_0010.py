"""Rows of plan_states lie in order of plan_id on SQLite, without an index beside them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.rename_table("plan_states", "plan_states_0009")
    op.create_table(
        "plan_states",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("health", sa.Text),
        sa.Column("gate", sa.Text, nullable=False),
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
        sa.Column("data_gap", sa.JSON),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plan_states"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO plan_states SELECT * FROM plan_states_0009 ORDER BY plan_id")
    op.drop_table("plan_states_0009")
