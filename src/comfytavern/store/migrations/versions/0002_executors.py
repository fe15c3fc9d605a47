"""Several servers share the runs: who executes which, what is asked of them, and when a run has moved last."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
phase = "expand"
"""Servers that do not know of this go on as before."""
level = 2


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "executors",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("release", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=120), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_executors")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("executor", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("lease", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("moved_at", sa.Double(), nullable=True))
        batch_op.create_index(batch_op.f("ix_runs_moved_at"), ["moved_at"], unique=False)
    op.create_table(
        "run_commands",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("begun", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_commands_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_commands")),
    )
    with op.batch_alter_table("run_commands", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_commands_run_id"), ["run_id"], unique=False)


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("run_commands", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_run_commands_run_id"))
    op.drop_table("run_commands")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_runs_moved_at"))
        batch_op.drop_column("moved_at")
        batch_op.drop_column("lease")
        batch_op.drop_column("executor")
    op.drop_table("executors")
