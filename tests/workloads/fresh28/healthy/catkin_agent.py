# expect: healthy bench
"""Monitoring agent of the catkin nurseries' edge boxes: takes the machine's load, memory, disk and network every few seconds,
raises alerts on thresholds (with hysteresis), and has its page scraped now and then. Small boxes: it must hardly be felt.
"""

import os
import signal
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

EVERY = 2.0
HISTORY = 300
SCRAPES_PER_SECOND = 0.5


class Threshold:
    """Fires above ``high``, and is over below ``low``."""

    def __init__(self, name, high, low):
        self.name = name
        self.high = high
        self.low = low
        self.firing = False

    def feed(self, value):
        before = self.firing
        if value > self.high:
            self.firing = True
        elif value < self.low:
            self.firing = False
        return self.firing != before


class Metrics:
    def __init__(self):
        self.registry = CollectorRegistry()
        self.gauges = {
            name: Gauge(f"catkin_{name}", text, registry=self.registry)
            for name, text in (
                ("cpu_percent", "CPU time in use"),
                ("load1", "load of the last minute"),
                ("memory_percent", "memory in use"),
                ("disk_percent", "disk in use"),
            )
        }
        self.network = {
            way: Counter(f"catkin_network_{way}_bytes", "bytes over all interfaces", registry=self.registry)
            for way in ("sent", "received")
        }
        self.changes = Counter("catkin_alert_changes", "alerts begun or over", ["alert"], registry=self.registry)

    def page(self):
        return generate_latest(self.registry)


class Agent:
    def __init__(self, metrics, stop):
        self.metrics = metrics
        self.stop = stop
        self.history = deque(maxlen=HISTORY)
        self.thresholds = [
            Threshold("cpu_percent", 95, 80),
            Threshold("memory_percent", 92, 85),
            Threshold("disk_percent", 90, 88),
        ]
        self.before = psutil.net_io_counters()
        psutil.cpu_percent()

    def sample(self):
        return {
            "cpu_percent": psutil.cpu_percent(),
            "load1": os.getloadavg()[0],
            "memory_percent": psutil.virtual_memory().percent,
            "disk_percent": psutil.disk_usage(".").percent,
        }

    def step(self):
        sample = self.sample()
        for name, value in sample.items():
            self.metrics.gauges[name].set(value)
        now = psutil.net_io_counters()
        self.metrics.network["sent"].inc(max(0, now.bytes_sent - self.before.bytes_sent))
        self.metrics.network["received"].inc(max(0, now.bytes_recv - self.before.bytes_recv))
        self.before = now
        for threshold in self.thresholds:
            if threshold.feed(sample[threshold.name]):
                self.metrics.changes.labels(threshold.name).inc()
        self.history.append((time.time(), sample))

    def run(self):
        due = time.monotonic()
        while not self.stop.wait(max(0.0, due - time.monotonic())):
            self.step()
            due = max(due + EVERY, time.monotonic())


def serve(metrics):
    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self):
            known = self.path == "/metrics"
            body = metrics.page() if known else b"see /metrics\n"
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST if known else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    return server


def main():
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    metrics = Metrics()
    agent = Agent(metrics, stop)
    server = serve(metrics)
    services.outside(lambda: clients.come(server.server_port, ["/metrics"], SCRAPES_PER_SECOND, 1))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 5}, name="page", daemon=True).start()
    sampler = threading.Thread(target=agent.run, name="sampler", daemon=True)
    sampler.start()
    while not agent.history:
        time.sleep(0.1)
    print("ready", os.getpid(), flush=True)
    stop.wait()


if __name__ == "__main__":
    main()
