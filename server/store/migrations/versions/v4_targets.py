"""Whose process and which one a recording is of, beside the rest of its target: what rules about processes look at."""

import json

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"

_AT_ONCE = 500


def upgrade() -> None:
    op.add_column("recordings", sa.Column("target_user", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("recordings", sa.Column("target_name", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("recordings", sa.Column("target_others", sa.Integer, nullable=False, server_default=sa.text("0")))
    # All that counting by them needs is in the index: no row is read for it.
    of = ["target_user", "target_name", "target_others", "caller", "shared", "created"]
    op.create_index("recordings_by_target", "recordings", of)
    # (not by the databases' own functions for JSON: PostgreSQL's refuses what a name may hold)
    connection, last = op.get_bind(), ""
    page = sa.text(f"SELECT id, target FROM recordings WHERE id > :last ORDER BY id LIMIT {_AT_ONCE}")  # noqa: S608
    change = sa.text(
        "UPDATE recordings SET target_user = :user, target_name = :name, target_others = :others WHERE id = :id"
    )
    while rows := connection.execute(page, {"last": last}).all():
        connection.execute(change, [{"id": identity, **_about(target)} for identity, target in rows])
        last = rows[-1][0]


def _about(target: str) -> dict[str, str | int]:
    told = json.loads(target)
    return {
        "user": _storable(str(told.get("user", ""))),
        "name": _storable(str(told.get("name", ""))),
        "others": int(bool(told.get("others"))),
    }


def _storable(text: str) -> str:
    """(as in ``shelf``, at the time of this step)"""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
