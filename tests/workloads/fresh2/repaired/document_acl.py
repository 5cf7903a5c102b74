# expect: healthy bench
"""Lists the documents of a folder that its reader may see, over a small layer of records on PostgreSQL."""

import html
import json
import logging
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pg8000.native

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

FOLDERS, READERS = 50, 40
logging.basicConfig(filename="documents.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
local = threading.local()


def database():
    if not hasattr(local, "connection"):
        local.connection = pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT)
    return local.connection


class Many:
    """The records of another table that belong to a record."""

    def __init__(self, table, key, columns):
        self.sql = f"select {columns} from {table} where {key} = :key"
        self.bulk = f"select {key}, {columns} from {table} where {key} = any(:keys)"

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, record, owner=None):
        if record is None:
            return self
        if self.name not in record.loaded:
            record.loaded[self.name] = database().run(self.sql, key=record.id)
        return record.loaded[self.name]

    def fetch_for(self, records):
        found = {record.id: [] for record in records}
        for key, *values in database().run(self.bulk, keys=list(found)):
            found[key].append(values)
        for record in records:
            record.loaded[self.name] = found[record.id]


class Document:
    grants = Many("grants", "document", "reader, level")

    def __init__(self, id, title, size):
        self.id, self.title, self.size, self.loaded = id, title, size, {}

    @classmethod
    def in_folder(cls, folder):
        rows = database().run("select id, title, size from documents where folder = :f order by title", f=folder)
        return [cls(*row) for row in rows]

    def level_of(self, reader):
        return max((level for who, level in self.grants if who in (reader, 0)), default=0)


def listing(folder, reader):
    documents = Document.in_folder(folder)
    Document.grants.fetch_for(documents)
    seen = [(document, level) for document in documents if (level := document.level_of(reader))]
    rows = [{"title": html.escape(d.title), "kB": d.size // 1000, "may": "rw"[:level]} for d, level in seen]
    return json.dumps({"folder": folder, "documents": rows}).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    answered, spent, told = 0, 0.0, time.monotonic()

    def do_GET(self):
        began = time.perf_counter()
        _, folder, reader = self.path.split("/")
        body = listing(int(folder), int(reader))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        Handler.answered += 1
        Handler.spent += time.perf_counter() - began
        if time.monotonic() - Handler.told > 1:
            Handler.told = time.monotonic()
            logging.info("%d lists, %.1f ms each", Handler.answered, 1000 * Handler.spent / Handler.answered)

    def log_message(self, *_):
        pass


PORT = services.postgres(
    "create table documents (id int primary key, folder int, title text, size int)",
    "create table grants (document int, reader int, level int)",
    f"insert into documents select n, n % {FOLDERS}, 'Minutes of meeting ' || n * 7919 % 3000, n * 31 from generate_series(1, 3000) n",
    f"insert into grants select n % 3000 + 1, n * 31 % {READERS}, 1 + n % 2 from generate_series(1, 15000) n",
    "create index on documents (folder)",
    "create index on grants (document)",
    "analyze",
)
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
paths = [f"/{folder}/{reader}" for folder in range(FOLDERS) for reader in range(1, READERS)]
services.outside(lambda: clients.come(server.server_port, paths, rate=20, workers=4))
print("ready", os.getpid(), flush=True)
server.serve_forever()
