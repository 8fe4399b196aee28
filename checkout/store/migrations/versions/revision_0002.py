"""An execution's row counts its changes, so that one statement can write a checkpoint and notice any other change."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A build without the count writes none, and needs none."""
    op.add_column("durable_executions", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("durable_executions", "revision")
