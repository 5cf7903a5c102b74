"""Pins, labels and imports; what made room is remembered."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"

_SECONDS: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
_LARGE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("recordings", sa.Column("pinned", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("recordings", sa.Column("label", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("recordings", sa.Column("imported", _SECONDS))
    op.create_table(
        "expired",
        sa.Column("number", _LARGE, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", _SECONDS, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("expired_by_id", "expired", ["id"])
