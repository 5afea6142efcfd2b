"""What lists show of plans, and the plans of a symbol, are found without reading the plans themselves."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_plans_shown", "plans", ["plan_id", "version", "registered_ns", "symbol", "style", "direction"])
    op.create_index("ix_plans_symbol", "plans", ["symbol", "plan_id", "version", "style", "direction"])
