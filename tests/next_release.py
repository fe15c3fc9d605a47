"""The migrations of a release that does not exist yet: what today's code must be able to live with, and what it must refuse."""

import shutil
from pathlib import Path

from comfytavern.store.phases import FOLDER, LEVEL

HEADER = """import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}
branch_labels = None
depends_on = {on!r}
phase = {phase!r}
level = {level}


def upgrade():
{body}


def downgrade():
    pass
"""
EXPAND = """    op.create_table("tags", sa.Column("id", sa.String(40), primary_key=True), sa.Column("name", sa.Text, nullable=False))
    op.add_column("projects", sa.Column("colour", sa.String(16), nullable=True))
    op.add_column("workflows", sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("users", sa.Column("locale", sa.String(16), nullable=False, server_default="en"))
    op.add_column("runs", sa.Column("label", sa.Text, nullable=True))
    op.add_column("sessions", sa.Column("device", sa.Text, nullable=True))
    op.add_column("channels", sa.Column("region", sa.Text, nullable=True))
    op.create_index("ix_runs_label", "runs", ["label"])"""
CONTRACT = """    op.drop_table("settings")"""
FAILING = """    op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO half SELECT no_such_column FROM users")"""


def next_release(folder: Path, *, expand: str = EXPAND, contract: str | None = None, phase: str = "expand") -> Path:
    """Return a folder of migrations: ours, one expand step ahead (`n1`, level LEVEL + 1), and a contract step (`c1`) when given."""
    place = folder / "next_migrations"
    shutil.copytree(FOLDER, place, ignore=shutil.ignore_patterns("__pycache__"))
    newest = max(path.name[:4] for path in (place / "versions").glob("0*.py"))
    step = HEADER.format(revision="n1", down=newest, on=None, phase=phase, level=LEVEL + 1, body=expand)
    (place / "versions" / "n1_next.py").write_text(step)
    if contract is not None:
        step = HEADER.format(revision="c1", down=None, on="n1", phase="contract", level=LEVEL + 1, body=contract)
        (place / "versions" / "c1_next.py").write_text(step)
    return place
