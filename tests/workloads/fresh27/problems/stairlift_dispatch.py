# expect: pattern=polling-loop bench
"""Dispatches service commands (park, recalibrate, reboot) to stairlifts in people's homes.

The service desk puts commands into one queue for each carrier network in Redis; a worker for each network takes them,
frames them for the lift's modem, and notes what was sent. Heartbeats tell the desk that the workers live.

Measured: at 6 commands a second 0.16 to 0.22 cores; mended less than 0.01 cores.
"""

import json
import logging
import os
import random
import struct
import sys
import threading
import time
import zlib

import redis

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

NETWORKS = ("north", "south", "coast", "valley", "islands", "city")
LIFTS = 900
COMMANDS = {"park": 1, "recalibrate": 2, "reboot": 3, "report": 4, "slow": 5}
COMMANDS_PER_SECOND = 6
POLL_SECONDS = 0.002
HEARTBEAT_SECONDS = 5

log = logging.getLogger("dispatch")


class Modem:
    """Frames of the modem network: start, lift, command, serial number, argument, checksum."""

    def __init__(self, path):
        self.path = path
        self.serial = 0
        self.lock = threading.Lock()
        self.journal = open(path, "ab")

    def frame(self, lift, command, argument):
        with self.lock:
            self.serial = (self.serial + 1) & 0xFFFF
            serial = self.serial
        body = struct.pack(">BIBHh", 0x7E, lift, COMMANDS[command], serial, argument)
        return body + struct.pack(">I", zlib.crc32(body))

    def send(self, frame):
        with self.lock:
            self.journal.write(frame)

    def flush(self):
        with self.lock:
            self.journal.flush()


class Worker(threading.Thread):
    def __init__(self, network, port, modem):
        super().__init__(daemon=True, name=f"worker-{network}")
        self.network = network
        self.queue = f"commands:{network}"
        self.redis = redis.Redis(port=port)
        self.modem = modem
        self.sent = 0
        self.refused = 0
        self.slowest = 0.0

    def run(self):
        while True:  # <- cost
            taken = self.redis.lpop(self.queue)  # <- cost
            if taken is None:
                time.sleep(POLL_SECONDS)  # <- cost
                continue
            self.handle(taken)

    def handle(self, text):
        try:
            command = json.loads(text)
            frame = self.modem.frame(int(command["lift"]), command["do"], int(command.get("argument", 0)))
        except (ValueError, KeyError, TypeError, struct.error) as error:
            self.refused += 1
            log.warning("refused %r: %s", text, error)
            return
        self.modem.send(frame)
        self.sent += 1
        self.slowest = max(self.slowest, time.time() - command["asked"])
        self.redis.hset(f"lift:{command['lift']}", mapping={"last": command["do"], "sent": time.time()})


class Heartbeat:
    def __init__(self, port, workers, modem):
        self.redis = redis.Redis(port=port)
        self.workers = workers
        self.modem = modem

    def beat(self):
        self.modem.flush()
        with self.redis.pipeline(transaction=False) as pipe:
            for worker in self.workers:
                pipe.hset(
                    "workers",
                    worker.network,
                    json.dumps({"sent": worker.sent, "refused": worker.refused, "slowest": round(worker.slowest, 4)}),
                )
                pipe.expire("workers", 4 * HEARTBEAT_SECONDS)
                worker.slowest = 0.0
            pipe.execute()

    def run(self):
        while True:
            time.sleep(HEARTBEAT_SECONDS)
            self.beat()


def service_desk(port):
    """(People at the service desk, and the nightly checks.)"""
    connection = redis.Redis(port=port)
    while True:
        command = {
            "lift": random.randrange(LIFTS),
            "do": random.choice(list(COMMANDS)),
            "argument": random.randrange(-90, 90),
            "asked": time.time(),
        }
        connection.rpush(f"commands:{random.choice(NETWORKS)}", json.dumps(command))
        time.sleep(random.expovariate(COMMANDS_PER_SECOND))


def main():
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    port = services.redis()
    services.outside(lambda: service_desk(port))
    modem = Modem("modem.journal")
    workers = [Worker(network, port, modem) for network in NETWORKS]
    for worker in workers:
        worker.start()
    while sum(worker.sent for worker in workers) < 5:
        time.sleep(0.1)
    print("ready", os.getpid(), flush=True)
    Heartbeat(port, workers, modem).run()


if __name__ == "__main__":
    main()
