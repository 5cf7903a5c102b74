# expect: pattern=repeated-read bench
"""Watch over the generators of a hirer of marquees: each machine's box sends a datagram with its readings a few times a
second; the daemon holds them against the limits in ``limits.conf`` (which the yard's staff edit now and then; a change
holds within a few seconds), and writes what is out of bounds to the alarm log.

Measured: at 600 datagrams a second 0.36 cores before, 0.02 after.
"""

import logging
import os
import random
import socket
import struct
import sys
import time
from collections import deque

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

log = logging.getLogger("marquee")
READING = struct.Struct("!HIffff")
QUANTITIES = ("volts", "hertz", "oil", "fuel")
MACHINES = 120
READINGS_A_SECOND = 600
LIMITS = "limits.conf"


def boxes(address):
    """The boxes on the machines."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    chance = random.Random(77)
    due = time.monotonic()
    for number in range(1 << 40):
        machine = number % MACHINES
        values = (chance.gauss(231, 2), chance.gauss(50, 0.1), chance.gauss(3.2, 0.2), 100 - number / 5000 % 90)
        line.sendto(READING.pack(machine, number & 0xFFFFFFFF, *values), address)
        due += 1 / READINGS_A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))


def write_limits(path):
    """What the yard would have written."""
    chance = random.Random(5)
    with open(path, "w") as file:
        file.write("# machine quantity low high (see the plate on the machine)\n")
        for machine in range(MACHINES):
            file.write(f"\n# machine {machine}, bought {2004 + machine % 18}\n")
            file.write(f"{machine} volts {chance.randint(218, 222)} {chance.randint(238, 242)}\n")
            file.write(f"{machine} hertz 49.{chance.randint(4, 6)} 50.{chance.randint(4, 6)}\n")
            file.write(f"{machine} oil 2.{chance.randint(2, 5)} 4.5\n")
            file.write(f"{machine} fuel {chance.randint(10, 15)} 101\n")


def load_limits(path):
    limits = {}
    with open(path) as file:  # <- cost
        for line in file:  # <- cost
            line = line.partition("#")[0].strip()  # <- cost
            if not line:
                continue
            machine, quantity, low, high = line.split()  # <- cost
            limits[int(machine), quantity] = (float(low), float(high))  # <- cost
    return limits


class Machine:
    """What is known of one generator."""

    def __init__(self, number):
        self.number = number
        self.last = -1
        self.missed = 0
        self.history = {quantity: deque(maxlen=12) for quantity in QUANTITIES}
        self.out = set()

    def take(self, sequence, values, limits):
        """The alarms that begin or end with these readings."""
        if 0 <= self.last < sequence - MACHINES:
            self.missed += (sequence - self.last) // MACHINES - 1
        self.last = sequence
        for quantity, value in zip(QUANTITIES, values):
            history = self.history[quantity]
            history.append(value)
            mean = sum(history) / len(history)
            low, high = limits.get((self.number, quantity), (float("-inf"), float("inf")))
            if (low <= mean <= high) == (quantity in self.out):
                if quantity in self.out:
                    self.out.discard(quantity)
                else:
                    self.out.add(quantity)
                yield quantity, mean, quantity in self.out


class Watch:
    def __init__(self, alarms):
        self.machines = {}
        self.alarms = alarms
        self.strange = 0

    def datagram(self, data):
        if len(data) != READING.size:
            self.strange += 1
            return
        number, sequence, *values = READING.unpack(data)
        machine = self.machines.get(number)
        if machine is None:
            machine = self.machines[number] = Machine(number)
        limits = load_limits(LIMITS)  # <- cost
        for quantity, mean, begins in machine.take(sequence, values, limits):
            self.alarms.write(f"{time.time():.0f} {number} {quantity} {mean:.2f} {'out' if begins else 'back'}\n")


def main():
    logging.basicConfig(level=logging.WARNING)
    write_limits(LIMITS)
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    line.bind(("127.0.0.1", 0))
    address = line.getsockname()
    services.outside(lambda: boxes(address))
    with open("alarms.log", "a") as alarms:
        watch = Watch(alarms)
        watch.datagram(line.recv(512))
        print("ready", os.getpid(), flush=True)
        while True:
            watch.datagram(line.recv(512))


if __name__ == "__main__":
    main()
