"""Option quotes that decided an expected move."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def name() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "option_quotes",
        *(sa.Column(column, name(), nullable=False) for column in ("contract", "underlying", "expiry", "type")),
        sa.Column("strike", sa.Double, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        *(sa.Column(column, sa.Double, nullable=False) for column in ("bid", "ask")),
        sa.PrimaryKeyConstraint("contract", "at_ns", name="pk_option_quotes"),
    )
