"""A server of HTTP on the port that is given, one connection for each request, and the client that asks it.

``asked_server.py serve PORT`` says "listening" and answers until it is ended; each answer looks 3 times for a file that
is not there. ``asked_server.py ask PORT TIMES`` asks so many times and says "asked TIMES, slowest N ms".
"""

import http.client
import http.server
import os
import sys
import time


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        for _ in range(3):
            os.path.exists("/no/such/file")
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def ask(port):
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"ok"
    connection.close()
    return time.perf_counter() - began


port = int(sys.argv[2])
if sys.argv[1] == "serve":
    server = http.server.HTTPServer(("127.0.0.1", port), Answer)
    print("listening", flush=True)
    server.serve_forever()
times = int(sys.argv[3])
slowest = max(ask(port) for _ in range(times))
print(f"asked {times}, slowest {1000 * slowest:.3f} ms")
