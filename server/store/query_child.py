"""Run as a program: one SELECT on one SQLite file, read-only, within limits that the kernel keeps.

``python -I -S query_child.py FILE SQL ROWS VIEWS``. Prints one line of JSON: ``{"columns", "rows", "more"}``, or
``{"error", "why"}``. Standard library only. The statement comes from a caller, and so may be anything: it can read the
views and call harmless functions; compiling it or running it may take so much time and memory and no more, which is why
it has a process of its own. No file may grow by its hand.
"""

import json
import math
import resource
import sqlite3
import sys
from collections.abc import Callable

CPU_SECONDS = 3
MEMORY = 384 << 20
LONGEST_VALUE = 4 << 20
LONGEST_CELL = 400
LONGEST_ANSWER = 120_000
"""characters"""
_FUNCTIONS = """
abs avg ceil ceiling coalesce count cume_dist date datetime dense_rank first_value floor format glob group_concat hex
iif ifnull instr julianday lag last_value lead length like ln log lower ltrim max min mod nth_value ntile nullif
percent_rank pow power printf quote rank replace round row_number rtrim sign sqrt strftime substr substring sum time
total trim typeof unicode unixepoch upper
"""
_HARMLESS = frozenset(_FUNCTIONS.split())
_LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 10_000),
    (sqlite3.SQLITE_LIMIT_COLUMN, 200),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 200),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 50),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
    (sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 0),
    (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 0),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)


def main() -> None:
    file, sql, most, views = sys.argv[1], sys.argv[2], int(sys.argv[3]), frozenset(sys.argv[4].split(","))
    connection = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA trusted_schema = OFF")
    for limit, value in _LIMITS:
        connection.setlimit(limit, value)
    connection.set_authorizer(_only(views))
    for what, limit in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    try:
        said = _answer(connection, sql, most)
    except MemoryError:
        said = {"error": "memory", "why": ""}
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        said = {"error": "sql", "why": str(error)[:400]}
    sys.stdout.write(json.dumps(said) + "\n")


def _only(views: frozenset[str]) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    def may(action: int, first: str | None, second: str | None, database: str | None, _inside: str | None) -> int:
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and database in ("main", None) and (first in views or not second):
            return sqlite3.SQLITE_OK  # (no column: rows are only counted; so it is asked of a WITH's own tables too)
        if action == sqlite3.SQLITE_FUNCTION and second in _HARMLESS:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    return may


def _answer(connection: sqlite3.Connection, sql: str, most: int) -> dict[str, object]:
    cursor = connection.execute(sql)
    if cursor.description is None:
        raise ValueError("it is no SELECT")
    columns = [str(column[0])[:100] for column in cursor.description]
    rows: list[list[object]] = []
    size, more = 0, False
    for row in cursor:
        cells = [_cell(value) for value in row]
        size += sum(len(str(cell)) + 4 for cell in cells)
        if len(rows) == most or size > LONGEST_ANSWER:
            more = True
            break
        rows.append(cells)
    return {"columns": columns, "rows": rows, "more": more}


def _cell(value: object) -> object:
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str) and len(value) > LONGEST_CELL:
        return value[: LONGEST_CELL - 1] + "…"
    return value


if __name__ == "__main__":
    main()
