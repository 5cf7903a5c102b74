# expect: healthy
"""A small web server on threads, with customers of its own that keep their connections."""

import contextlib
import http.client
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

articles = {number: {"title": f"article {number}", "price": number * 1.5} for number in range(1000)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        body = json.dumps(articles[int(self.path.rsplit("/", 1)[1])]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def customer(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    number = 0
    while True:
        number += 1
        connection.request("GET", f"/article/{number % 1000}")
        connection.getresponse().read()


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
customers = os.fork()
if customers == 0:
    if os.fork() == 0:  # not our child: the customer is the world outside
        with contextlib.suppress(OSError, http.client.HTTPException):
            customer(server.server_port)
    os._exit(0)
os.waitpid(customers, 0)
print("ready", os.getpid(), flush=True)
server.serve_forever()
