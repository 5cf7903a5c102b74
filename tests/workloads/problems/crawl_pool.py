# expect: pattern=pool-undersized bench
"""Looks up the stock of every article of a page, over HTTP, with two threads of a pool. Each answer takes 12 ms."""

import http.client
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import local

WORKERS = 2
mine = local()


class Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        time.sleep(0.012)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"17")

    def log_message(self, *_):
        pass


def stock(article):
    if not hasattr(mine, "store"):
        mine.store = http.client.HTTPConnection("127.0.0.1", port)
    mine.store.request("GET", f"/stock/{article}")
    return int(mine.store.getresponse().read())  # <- cost


def page(number):
    return sum(pool.map(stock, range(number * 40, number * 40 + 40)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
        print(server.server_port, flush=True)
        server.serve_forever()
    other = subprocess.Popen([sys.executable, __file__, "store"], stdout=subprocess.PIPE, text=True)
    port = int(other.stdout.readline())
    pool = ThreadPoolExecutor(WORKERS)  # <- cost
    print("ready", os.getpid(), flush=True)
    number = 0
    while True:
        number += 1
        page(number)
        time.sleep(0.01)
