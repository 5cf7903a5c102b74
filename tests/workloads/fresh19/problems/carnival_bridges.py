# expect: pattern=slow-dependency bench
# Route desk of a carnival: marshals send the sizes of a float and the bridge ahead, the desk asks the city's survey
# for the clearance of that bridge and answers whether the float may pass, and with what bent figures it may.
# Measured: an answer takes 357 ms (median), of which the survey's is all but 1 ms; 12 answers a second.
import http.client
import json
import os
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import http_service, outside

BRIDGES = [f"{part}{number}" for part in ("canal", "rail", "ring", "gate") for number in range(1, 7)]
MARSHALS = 6
MARGIN = 12  # centimetres


def survey(path):
    """The city's register: measures of a bridge from its plans."""
    name = path.rpartition("/")[2]
    time.sleep(random.uniform(0.3, 0.42))
    seed = sum(name.encode())
    arch = [380 + seed % 140 + round(35 - 0.4 * (step - 10) ** 2) for step in range(21)]
    return json.dumps({"bridge": name, "width": 520 + seed % 90, "arch": arch, "surveyed": 2019 + seed % 5}).encode()


class Survey:
    """The client of the city's register; a connection for each thread."""

    def __init__(self, port):
        self.port = port
        self.local = threading.local()

    def connection(self):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        return self.local.connection

    def bridge(self, name):
        link = self.connection()
        try:
            link.request("GET", f"/bridges/{name}", headers={"Accept": "application/json"})
            response = link.getresponse()  # <- cost
            body = response.read()
        except (OSError, http.client.HTTPException):
            link.close()
            raise
        if response.status != 200:
            raise LookupError(name)
        return json.loads(body)


def passage(bridge, height, width, figures):
    """Whether a float passes, and how far its figures must bend: the arch is lower at the sides."""
    arch = bridge["arch"]
    half = len(arch) // 2
    reach = min(half, max(1, round(width / bridge["width"] * half)))
    free = min(arch[half - reach : half + reach + 1]) - MARGIN
    if width + 2 * MARGIN > bridge["width"]:
        return {"passes": False, "why": "too wide"}
    if height <= free:
        return {"passes": True, "bend": 0, "free": free - height}
    bend = height - free
    if bend <= 25 * figures:
        return {"passes": True, "bend": bend, "free": 0}
    return {"passes": False, "why": "too high", "over": bend}


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        asked = urlsplit(self.path)
        wanted = {key: values[0] for key, values in parse_qs(asked.query).items()}
        try:
            bridge = self.server.survey.bridge(wanted["bridge"])
            said = passage(bridge, int(wanted["height"]), int(wanted["width"]), int(wanted["figures"]))
            self.say(200, said)
        except (KeyError, ValueError) as wrong:
            self.say(400, {"error": str(wrong)})
        except (LookupError, OSError, http.client.HTTPException):
            self.say(502, {"error": "the survey gives no answer"})

    def say(self, status, what):
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.count(what)

    def log_message(self, *_):
        pass


class DeskServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, survey_client):
        super().__init__(("127.0.0.1", 0), Desk)
        self.survey = survey_client
        self.guard = threading.Lock()
        self.counts = {"passes": 0, "held": 0}

    def count(self, what):
        with self.guard:
            self.counts["passes" if what.get("passes") else "held"] += 1

    def handle_error(self, *_):
        pass


def marshal(port, number):
    """A marshal with a radio: a float about every half second."""
    link = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + number / 10
    while True:
        float_size = (
            f"height={random.randint(330, 470)}&width={random.randint(250, 420)}&figures={random.randint(0, 4)}"
        )
        time.sleep(max(0.0, due - time.monotonic()))
        link.request("GET", f"/pass?bridge={random.choice(BRIDGES)}&{float_size}")
        link.getresponse().read()
        due = max(due + 0.5, time.monotonic())


def main():
    server = DeskServer(Survey(http_service(survey)))
    for number in range(MARSHALS):
        outside(lambda number=number: marshal(server.server_port, number))
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
