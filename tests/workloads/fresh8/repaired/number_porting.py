# expect: healthy bench
"""The routing of a telephone network: two gateways hand over groups of dialled numbers, for each of which the porting
registry knows the network that serves it today; the route and its price follow from that.

Measured: a group of 40 numbers takes 0.61 s from the hand-over to its last route; 0.05 s in the twin.
"""

import http.client
import json
import os
import random
import sys
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

NETWORKS = ("harbour", "meridian", "northlink", "paladin", "sable")
TRUNKS = {name: (f"trunk-{number}a", f"trunk-{number}b") for number, name in enumerate(NETWORKS)}
GROUP, PACE = 40, 0.4
LOOKERS = 24


def registry(path):
    """What the registry of ported numbers answers; it is run by the regulator, and takes its time."""
    time.sleep(0.015)
    number = path.rpartition("/")[2]
    digits = sum(number.encode())
    return json.dumps({"number": number, "network": NETWORKS[digits % 5], "ported": digits % 7 == 0}).encode()


@dataclass
class Route:
    number: str
    network: str
    trunk: str
    pence: float


class Registry:
    """The registry, over a connection for each thread that asks."""

    def __init__(self, port):
        self._port = port
        self._own = threading.local()

    def network_of(self, number):
        line = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        line.request("GET", f"/ported/{number}")
        return json.loads(line.getresponse().read())["network"]


class Remembered:
    """Networks that were asked for within the last minute; at most so many."""

    def __init__(self, most=2000, seconds=60):
        self._most, self._seconds = most, seconds
        self._kept = OrderedDict()
        self._guard = threading.Lock()

    def get(self, number):
        with self._guard:
            until, network = self._kept.get(number, (0.0, None))
        return network if until > time.monotonic() else None

    def put(self, number, network):
        with self._guard:
            self._kept[number] = time.monotonic() + self._seconds, network
            self._kept.move_to_end(number)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)


class Router:
    def __init__(self, registry, tariff):
        self._registry = registry
        self._remembered = Remembered()
        self._tariff = tariff
        self._lookers = ThreadPoolExecutor(LOOKERS, thread_name_prefix="looker")

    def _network(self, number):
        network = self._remembered.get(number)
        if network is None:
            network = self._registry.network_of(number)
            self._remembered.put(number, network)
        return network

    def routes(self, numbers):
        """A route for each number, in their order."""
        found = []
        for number, network in zip(numbers, self._lookers.map(self._network, numbers), strict=True):
            trunk = TRUNKS[network][int(number[-1]) % 2]
            found.append(Route(number, network, trunk, self._tariff[network, number[:3]]))
        return found


@dataclass
class Gateway:
    name: str
    router: Router
    chance: random.Random
    groups: int = 0
    waited: float = 0.0
    pence: float = 0.0
    by_trunk: dict = field(default_factory=dict)

    def _dialled(self):
        """Numbers that subscribers have dialled since the last group; a few of them are dialled all day."""
        chance = self.chance
        often = [f"0800{chance.randrange(20):06}" for _ in range(GROUP // 20)]
        return often + [f"07{chance.randrange(10**8):08}" for _ in range(GROUP - len(often))]

    def run(self):
        due = time.monotonic()
        while True:
            numbers = self._dialled()
            began = time.monotonic()
            for route in self.router.routes(numbers):
                self.by_trunk[route.trunk] = self.by_trunk.get(route.trunk, 0) + 1
                self.pence += route.pence
            self.groups += 1
            self.waited += time.monotonic() - began
            due = max(due + PACE, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


def tariff(chance):
    prefixes = ["080"] + [f"07{digit}" for digit in range(10)]
    return {(network, prefix): chance.randint(3, 40) / 10 for network in NETWORKS for prefix in prefixes}


def main():
    chance = random.Random(1876)
    router = Router(Registry(services.http_service(registry)), tariff(chance))
    gateways = [Gateway(name, router, random.Random(name)) for name in ("east", "west")]
    for gateway in gateways:
        threading.Thread(target=gateway.run, name=gateway.name, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        state = {
            gateway.name: {
                "groups": gateway.groups,
                "seconds_each": round(gateway.waited / max(gateway.groups, 1), 3),
                "pence": round(gateway.pence),
                "trunks": dict(gateway.by_trunk),
            }
            for gateway in gateways
        }
        Path("routing.json").write_text(json.dumps(state))


if __name__ == "__main__":
    main()
