"""How a store of recordings came to be, step by step: Alembic runs what a store has not had yet (``versions``).

A store of SQLite that was made before there was Alembic says by ``PRAGMA user_version`` how many steps it has had. It
goes on saying it, so that an older perfdoctor sees that it does not know the store.
"""

from pathlib import Path

import sqlalchemy as sa

NEWEST = 4
"""the number of the last step in ``versions``"""


def bring_up_to_date(connection: sa.Connection, version: int) -> None:
    """All steps after ``version`` (0: an empty database), within the caller's transaction: all of them or none."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if version and not sa.inspect(connection).has_table("alembic_version"):
        command.stamp(config, f"{version:04}")
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version = {NEWEST}")


def version_of(connection: sa.Connection) -> int:
    """How many steps this store has had; more than ``NEWEST`` where a newer perfdoctor wrote it."""
    if connection.dialect.name == "sqlite":
        noted = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        # (the first perfdoctor did not note its version)
        return noted or int(sa.inspect(connection).has_table("recordings"))
    if connection.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar_one() is None:
        return 0
    return int(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
