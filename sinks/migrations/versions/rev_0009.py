"""Pages of plan_states keep room for the next state of each plan on PostgreSQL, so that its index is left alone."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE plan_states SET (fillfactor = 50)")
