"""Which gap of the tape marks a plan, if any."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("plan_states", sa.Column("data_gap", sa.JSON))
