"""Whose a recording is, and whether others see it; evidence in parts, in a table of its own.

Who asked for a recording owns it. Whose the expired ones were was not noted: nobody's name is given to them, so that
only those see them who see everything.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"

_SECONDS: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
_LARGE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PART = 1 << 20


def upgrade() -> None:
    op.add_column("recordings", sa.Column("shared", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.create_index("recordings_by_caller", "recordings", ["caller", "created"])
    op.create_index("recordings_by_label", "recordings", ["label"])
    op.create_table(
        "evidence",
        sa.Column("recording", sa.Text, sa.ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.execute(
        f"""INSERT INTO evidence (recording, part, data)
        WITH RECURSIVE parts(recording, part, whole) AS (
          SELECT id, 0, length(artefact) FROM recordings
          UNION ALL SELECT recording, part + 1, whole FROM parts WHERE (part + 1) * {_PART} < whole
        )
        SELECT recording, part, substr(artefact, part * {_PART} + 1, {_PART})
        FROM parts JOIN recordings ON id = recording"""  # noqa: S608 - a number of ours
    )
    op.drop_column("recordings", "artefact")
    op.add_column("expired", sa.Column("caller", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("expired", sa.Column("shared", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.create_table(
        "went",
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("total", _LARGE, nullable=False),
        sa.Column("last", _SECONDS, nullable=False),
        sqlite_strict=True,
    )
    op.execute(
        "INSERT INTO went (caller, total, last) SELECT '', max(number), max(at) FROM expired HAVING count(*) > 0"
    )
