# expect: healthy
"""A web server that nobody asks anything."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
print("ready", os.getpid(), flush=True)
server.serve_forever()
