# expect: pattern=repeated-query
"""A page of orders: a web server that asks its database for the lines of each order apart."""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import pg8000.native
import services

PORT = services.postgres(
    "CREATE TABLE orders (id int PRIMARY KEY, customer int, placed text)",
    "CREATE TABLE order_lines (order_id int, article text, price int)",
    "INSERT INTO orders SELECT n, n % 50, 'on day ' || n FROM generate_series(1, 2000) n",
    "INSERT INTO order_lines SELECT n % 2000 + 1, 'article ' || n, n % 90 FROM generate_series(1, 8000) n",
    "CREATE INDEX ON orders (customer)",
    "CREATE INDEX ON order_lines (order_id)",
    "ANALYZE",
)
own = threading.local()


def database():
    if not hasattr(own, "connection"):
        own.connection = pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT)
    return own.connection


def lines_of(order):
    return database().run("SELECT article, price FROM order_lines WHERE order_id = :order", order=order)  # <- cost


def page(customer):
    found = database().run("SELECT id, placed FROM orders WHERE customer = :customer", customer=customer)
    return [{"order": order, "placed": placed, "lines": lines_of(order)} for order, placed in found]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        body = json.dumps(page(int(self.path.rsplit("/", 1)[1]))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
services.customers(server.server_port, [f"/orders/{number}" for number in range(50)], 2)
print("ready", os.getpid(), flush=True)
server.serve_forever()
