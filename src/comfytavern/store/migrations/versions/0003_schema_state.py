"""How far the tables have grown, and which versions of the code can no longer run on them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
phase = "expand"
"""Servers that do not know of this go on as before."""
level = 3


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "schema_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("contracted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schema_state")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("schema_state")
