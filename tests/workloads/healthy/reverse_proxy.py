# expect: healthy bench
"""A proxy: its clients connect for each request, which is their choice; it keeps its connections to what is behind it."""

import http.client
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, LifoQueue

sys.path.append(str(Path(__file__).parents[1]))
import services

BEHIND = services.http_service(lambda path: b'{"path": "' + path.encode() + b'"}')
kept = LifoQueue()


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        try:
            connection = kept.get_nowait()
        except Empty:
            connection = http.client.HTTPConnection("127.0.0.1", BEHIND)
        connection.request("GET", self.path, headers={"X-Forwarded-For": self.client_address[0]})
        answer = connection.getresponse()
        body = answer.read()
        kept.put(connection)
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
server.daemon_threads = True
services.customers(server.server_port, [f"/thing/{number}" for number in range(50)], 3, keep_alive=True)
assert threading.active_count() == 1
print("ready", os.getpid(), flush=True)
server.serve_forever()
