# expect: healthy bench
"""Labels for a shop: asks a price service over TLS for each, on a connection that each thread keeps."""

import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services

made = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout key.pem -out certificate.pem"
subprocess.run(made.split(), check=True, capture_output=True)
theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
theirs.load_cert_chain("certificate.pem", "key.pem")
ours = ssl.create_default_context(cafile="certificate.pem")
ours.check_hostname = False
PORT = services.http_service(lambda path: json.dumps({"price": len(path) * 7}).encode(), context=theirs)


own = threading.local()


def price(article):
    if not hasattr(own, "connection"):
        own.connection = http.client.HTTPSConnection("127.0.0.1", PORT, context=ours)
    connection = own.connection
    connection.request("GET", f"/price/{article}")
    answer = connection.getresponse().read()
    return json.loads(answer)["price"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        article = int(self.path.rsplit("/", 1)[1])
        body = f"article {article:06d} costs {price(article)}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
services.customers(server.server_port, [f"/label/{number}" for number in range(100)], 2)
print("ready", os.getpid(), flush=True)
server.serve_forever()
