"""What tenants have used of their limits, and what each purchase has set aside."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables that an older build does not know, and does not need."""
    op.create_table(
        "tenant_use",
        sa.Column("tenant", sa.String(), primary_key=True),
        sa.Column("day", sa.String(), primary_key=True),
        sa.Column("thing", sa.String(), primary_key=True),
        sa.Column("used", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "tenant_spend",
        sa.Column("intent_id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
    )


def downgrade() -> None:
    """Forget what was used."""
    op.drop_table("tenant_spend")
    op.drop_table("tenant_use")
