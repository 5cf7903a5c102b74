# expect: pattern=lock-contention bench
"""The stringers' room of a tennis tournament: each machine says over TCP what tension it pulled, and waits for the
tension that it is to pull next. All pulls go to the tournament's cloud in batches, from a thread of their own.

Measured: a machine waits 17 to 20 ms for its tension (mean), nearly all of it for the lock of the log;
in the twin 0.3 ms. CPU is 1 % of a core in both.
"""

import contextlib
import http.client
import json
import math
import os
import socket
import socketserver
import sys
import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
from services import http_service, outside  # noqa: E402

MACHINES = 12
PULLS_A_SECOND = 8  # of each machine
FLUSH_SECONDS = 0.1
WAITING_LIMIT = 20_000
MAINS, CROSSES = 16, 19


@dataclass(frozen=True, slots=True)
class Pull:
    machine: int
    frame: str
    string: int
    kilos: float
    at: float


class Cloud:
    """The tournament's records, over one connection that is kept."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)

    def deliver(self, pulls):
        body = json.dumps([asdict(pull) for pull in pulls])
        try:
            self.connection.request("POST", "/pulls", body, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return False
        return answer.status == 200


class PullLog:
    """What the room has pulled and the cloud has not seen yet, and some figures for the wall."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.lock = threading.Lock()
        self.waiting = []
        self.by_machine = Counter()
        self.delivered = self.lost = 0

    def add(self, pull):
        with self.lock:  # <- cost
            self.waiting.append(pull)
            self.by_machine[pull.machine] += 1
            if len(self.waiting) > WAITING_LIMIT:
                del self.waiting[: WAITING_LIMIT // 10]
                self.lost += WAITING_LIMIT // 10

    def flush(self):
        with self.lock:  # <- cost
            if self.waiting and self.cloud.deliver(self.waiting):  # <- cost
                self.delivered += len(self.waiting)
                self.waiting.clear()

    def figures(self):
        with self.lock:
            return {"delivered": self.delivered, "lost": self.lost, "machines": dict(self.by_machine)}


class Uploader(threading.Thread):
    def __init__(self, log):
        super().__init__(name="uploader", daemon=True)
        self.log = log
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(FLUSH_SECONDS):
            self.log.flush()


class Creep:
    """Strings give way after they are pulled: the next ones are pulled harder by what is lost until the knot."""

    def __init__(self, target, gut):
        self.target = target
        self.rate = 0.018 if gut else 0.031
        self.recent = deque(maxlen=MAINS + CROSSES)

    def loss(self, seconds):
        return self.target * self.rate * math.log1p(seconds / 3)

    def next_tension(self, string, kilos):
        self.recent.append(kilos)
        left = max(0, MAINS + CROSSES - string - 1)
        drift = sum(self.recent) / len(self.recent) - self.target
        outer = 0.93 if string in (0, MAINS - 1, MAINS, MAINS + CROSSES - 1) else 1.0
        return round((self.target + self.loss(left * 6)) * outer - 0.2 * drift, 2)


class Station(socketserver.StreamRequestHandler):
    """One machine: lines of frame, string, kilos."""

    disable_nagle_algorithm = True

    def handle(self):
        machine = int(self.rfile.readline())
        creep = Creep(target=23.5 + machine % 4, gut=machine % 3 == 0)
        with contextlib.suppress(ConnectionError):
            for line in self.rfile:
                self.wfile.write(self.pulled(machine, creep, line))

    def pulled(self, machine, creep, line):
        try:
            frame, string, kilos = line.decode().split()
            pull = Pull(machine, frame, int(string), float(kilos), round(time.time(), 3))
        except ValueError:
            return b"? frame string kilos\n"
        tension = creep.next_tension(pull.string, pull.kilos)
        self.server.log.add(pull)
        return f"{tension}\n".encode()


class Room(socketserver.ThreadingTCPServer):
    """A thread for each machine, as long as it is connected."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, log):
        super().__init__(("127.0.0.1", 0), Station)
        self.log = log


def wall(log):
    """The figures on the wall."""
    while True:
        time.sleep(1)
        figures = log.figures()
        busiest = sorted(figures["machines"].items(), key=lambda item: -item[1])[:3]
        with open("wall.txt", "w") as shown:
            shown.write(f"{figures['delivered']} pulls, busiest: {busiest}\n")


def cloud_answer(path):
    time.sleep(0.08)  # the line from the grounds to the cloud
    return b'{"taken": true}'


def stringers(port):
    """Machines that pull, each at its own pace."""

    def work(number):
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.sendall(f"{number}\n".encode())
            answers = line.makefile("rb")
            due = time.monotonic() + number / MACHINES / PULLS_A_SECOND
            for pull in range(1 << 40):
                time.sleep(max(0.0, due - time.monotonic()))
                due = max(due + (0.7 + pull * 37 % 7 / 10) / PULLS_A_SECOND, time.monotonic() - 1)
                line.sendall(f"F{pull // 35} {pull % 35} {23 + pull % 9 / 10}\n".encode())
                answers.readline()

    clients.crowd(work, MACHINES)


def main():
    log = PullLog(Cloud(http_service(cloud_answer)))
    room = Room(log)
    outside(lambda: stringers(room.server_address[1]))
    Uploader(log).start()
    threading.Thread(target=wall, args=(log,), name="wall", daemon=True).start()
    threading.Timer(1.0, lambda: print(f"ready {os.getpid()}", flush=True)).start()
    room.serve_forever()


if __name__ == "__main__":
    main()
