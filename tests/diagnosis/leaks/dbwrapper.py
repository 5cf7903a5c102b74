"""Database connection wrapper shared by the ORM and the management shell."""
import contextlib
import sqlite3
import threading
import time


class CursorDebugWrapper:
    def __init__(self, cursor, db):
        self.cursor = cursor
        self.db = db

    def __getattr__(self, name):
        return getattr(self.cursor, name)

    def __iter__(self):
        return iter(self.cursor)

    def execute(self, sql, params=()):
        start = time.monotonic()
        try:
            return self.cursor.execute(sql, params)
        finally:
            spent = time.monotonic() - start
            rendered = self.db.last_executed_query(sql, params)
            entry = {"sql": rendered, "time": "%.3f" % spent}  # <- made 62
            self.db.queries_log.append(entry)  # <- cost

    def executemany(self, sql, rows):
        start = time.monotonic()
        rows = list(rows)
        try:
            return self.cursor.executemany(sql, rows)
        finally:
            label = "%d times: %s" % (len(rows), sql)  # <- made 3
            self.db.queries_log.append(  # <- cost
                {"sql": label, "time": "%.3f" % (time.monotonic() - start)})


class DatabaseWrapper:
    def __init__(self, settings):
        self.settings = settings
        self.connection = None
        self.queries_log = []  # <- cost
        self.force_debug_cursor = False
        self.savepoint_ids = []
        self.run_on_commit = []
        self._lock = threading.Lock()

    @property
    def queries_logged(self):
        return self.force_debug_cursor or self.settings.get("DEBUG", False)

    def ensure_connection(self):
        with self._lock:
            if self.connection is None:
                self.connection = sqlite3.connect(self.settings["NAME"])
                self.savepoint_ids = []

    def cursor(self):
        self.ensure_connection()
        cursor = self.connection.cursor()
        if self.queries_logged:
            return CursorDebugWrapper(cursor, self)
        return cursor

    def last_executed_query(self, sql, params):
        quoted = [repr(p) if isinstance(p, str) else str(p) for p in params]
        return sql.replace("?", "%s") % tuple(quoted)  # <- made 31

    def on_commit(self, func):
        self.run_on_commit.append(func)

    @contextlib.contextmanager
    def atomic(self):
        sid = "s%d_x%d" % (threading.get_ident(), len(self.savepoint_ids))
        self.cursor().execute("SAVEPOINT " + sid)
        self.savepoint_ids.append(sid)
        try:
            yield self
        except Exception:
            self.cursor().execute("ROLLBACK TO SAVEPOINT " + sid)
            self.run_on_commit.clear()
            raise
        finally:
            self.savepoint_ids.pop()
        if not self.savepoint_ids:
            hooks, self.run_on_commit = self.run_on_commit, []
            for hook in hooks:
                hook()

    def close(self):
        with self._lock:
            if self.connection is not None:
                self.connection.close()
                self.connection = None
                self.run_on_commit.clear()
