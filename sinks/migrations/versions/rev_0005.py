"""Who writes a stream, why it ended, and which life of the database this is."""

import sqlalchemy as sa
from alembic import op

from sinks.generation import drawn

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def name() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("stream", name(), nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("failure", sa.Text),
        sa.PrimaryKeyConstraint("stream", name="pk_runs"),
    )
    made = op.create_table(
        "identity",
        sa.Column("generation", name(), nullable=False),
        sa.PrimaryKeyConstraint("generation", name="pk_identity"),
    )
    op.bulk_insert(made, [{"generation": drawn()}])
