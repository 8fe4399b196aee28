"""Calls of AWS's API that a command owes, and a way to an intent by what it waits for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """A table and an index that an older build does not know, and does not need."""
    op.create_table(
        "aws_calls",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("intent_id", sa.String(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("callback_id", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.Column("said", sa.String(), nullable=True),
    )
    op.create_index("ix_aws_calls_intent_id", "aws_calls", ["intent_id"])
    op.create_index("ix_aws_calls_callback_id", "aws_calls", ["callback_id"], unique=True)
    op.create_index("aws_calls_owed", "aws_calls", ["done_at", "due_at"])
    op.create_index("ix_intents_confirmation_callback_id", "intents", ["confirmation_callback_id"])


def downgrade() -> None:
    """Forget what is owed."""
    op.drop_index("ix_intents_confirmation_callback_id", "intents")
    op.drop_table("aws_calls")
