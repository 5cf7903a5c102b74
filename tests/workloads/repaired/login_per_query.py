# expect: healthy bench
"""A stock service on threads that takes a connection to its database from a pool. What it serves itself is reconnected to,
too, by its customers: that is not its doing."""

import os
import queue
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import pg8000.native
import services

PORT = services.postgres(
    "CREATE TABLE stock (article int PRIMARY KEY, number int)",
    "INSERT INTO stock SELECT n, n % 50 FROM generate_series(1, 1000) n",
)


pool = queue.LifoQueue()
for _ in range(4):
    pool.put(pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT))


def stock(article):
    database = pool.get()
    try:
        return database.run("SELECT number FROM stock WHERE article = :article", article=article)[0][0]
    finally:
        pool.put(database)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        body = f"{stock(int(self.path.rsplit('/', 1)[1]))} left".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
services.customers(server.server_port, [f"/stock/{number}" for number in range(1, 100)], 2, keep_alive=True)
print("ready", os.getpid(), flush=True)
server.serve_forever()
