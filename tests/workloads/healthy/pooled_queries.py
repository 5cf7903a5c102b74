# expect: healthy bench
"""A web service that needs one statement for each request, on a connection that each of its threads keeps."""

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import pg8000.native
import services

PORT = services.postgres(
    "CREATE TABLE users (id int PRIMARY KEY, name text)",
    "INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 1000) n",
)
own = threading.local()


def name(user):
    if not hasattr(own, "database"):
        own.database = pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT)
    return own.database.run("SELECT name FROM users WHERE id = :user", user=user)[0][0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        body = f"<h1>{name(int(self.path.rsplit('/', 1)[1]))}</h1>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
services.customers(server.server_port, [f"/user/{number}" for number in range(1, 100)], 3)
print("ready", os.getpid(), flush=True)
server.serve_forever()
