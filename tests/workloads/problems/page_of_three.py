# expect: pattern=serial-requests bench
"""A page made of three other services' answers, which it asks for in turn; its customers wait for the sum of them."""

import http.client
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import services


def service(delay):
    def answer(path):
        time.sleep(delay)
        return json.dumps({"path": path, "items": list(range(20))}).encode()

    return services.http_service(answer)


PORTS = {"account": service(0.02), "basket": service(0.024), "news": service(0.025)}
own = threading.local()


def ask(name, user):
    connections = own.__dict__.setdefault("connections", {})
    if name not in connections:
        connections[name] = http.client.HTTPConnection("127.0.0.1", PORTS[name])
    connections[name].request("GET", f"/{name}/{user}")  # <- cost
    return json.loads(connections[name].getresponse().read())  # <- cost


def page(user):
    account = ask("account", user)  # <- cost
    basket = ask("basket", user)  # <- cost
    news = ask("news", user)  # <- cost
    return json.dumps([account, basket, news]).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        body = page(self.path.rsplit("/", 1)[1])
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
services.customers(server.server_port, [f"/page/{number}" for number in range(50)], 3)
print("ready", os.getpid(), flush=True)
server.serve_forever()
