# bench: repaired twin of airship_gascells
# Lift computer of an airship: each of the bridge's displays asks by UDP for the state of the sixteen gas cells; the program
# asks the transmitters of all cells at once and answers with lift, trim and the cells to watch.
# Measured (problem and this twin): 8.8 ms for each state (1760 threads a second, 36 % of a core); twin: 1.9 ms, 10 %.
import os
import random
import selectors
import socket
import struct
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside  # noqa: E402

CELLS = 16
DISPLAYS = 2
ASKED_PER_SECOND = 55
READING = struct.Struct("!Hhff")  # cell, temperature in tenths, pressure in Pa, fill
STATE = struct.Struct("!Ifffff")
VOLUME = [6800.0 + 900.0 * min(i, CELLS - 1 - i) for i in range(CELLS)]  # cubic metres
ARM = [(i - (CELLS - 1) / 2) * 14.2 for i in range(CELLS)]


def transmitters(sockets):
    """The sixteen boxes on the cells, here in one process."""
    waiting = selectors.DefaultSelector()
    for cell, box in enumerate(sockets):
        waiting.register(box, selectors.EVENT_READ, cell)
    rng = random.Random(17)
    while True:
        for key, _ in waiting.select(timeout=5):
            message, sender = key.fileobj.recvfrom(64)
            reading = (key.data, int(rng.gauss(181, 2)), rng.gauss(310, 12), rng.uniform(0.93, 0.97))
            key.fileobj.sendto(READING.pack(*reading), sender)


class Cell:
    """A line to a cell's transmitter, and what it said last."""

    def __init__(self, number, address):
        self.number = number
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.connect(address)
        self.line.settimeout(0.5)
        self.temperature = 15.0
        self.pressure = 0.0
        self.fill = 0.0
        self.missed = 0

    def refresh(self):
        try:
            self.line.send(b"?")
            number, tenths, pressure, fill = READING.unpack(self.line.recv(64))
        except TimeoutError:
            self.missed += 1
            return
        if number == self.number:
            self.temperature, self.pressure, self.fill = tenths / 10, pressure, fill


class LiftComputer:
    def __init__(self, addresses):
        self.cells = [Cell(number, address) for number, address in enumerate(addresses)]
        self.history = deque(maxlen=600)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.readers = ThreadPoolExecutor(max_workers=CELLS, thread_name_prefix="cell")

    def refresh_cells(self):
        for _ in self.readers.map(Cell.refresh, self.cells):
            pass

    def state(self, number):
        self.refresh_cells()
        lift = trim = 0.0
        warmest = self.cells[0]
        for cell, volume, arm in zip(self.cells, VOLUME, ARM):
            air = 353.0 / (273.15 + 12.0)
            gas = 353.0 * 0.138 / (273.15 + cell.temperature) * (1 + cell.pressure / 101325)
            own = volume * cell.fill * (air - gas)
            lift += own
            trim += own * arm
            if cell.temperature > warmest.temperature:
                warmest = cell
        self.history.append(lift)
        drift = lift - self.history[0]
        return STATE.pack(number, lift, trim / lift, drift, warmest.number, warmest.temperature)

    def serve(self):
        while True:
            message, sender = self.socket.recvfrom(64)
            (number,) = struct.unpack("!I", message)
            self.socket.sendto(self.state(number), sender)


def display(port):
    """Asks for the state at a steady pace, each time after the last answer."""
    talk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    talk.connect(("127.0.0.1", port))
    talk.settimeout(5)
    due = time.monotonic()
    number = 0
    while True:
        number += 1
        talk.send(struct.pack("!I", number))
        talk.recv(64)
        due = max(due + 1 / ASKED_PER_SECOND, time.monotonic() - 0.2)
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    boxes = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(CELLS)]
    for box in boxes:
        box.bind(("127.0.0.1", 0))
    outside(lambda: transmitters(boxes))
    addresses = [box.getsockname() for box in boxes]
    for box in boxes:
        box.close()
    computer = LiftComputer(addresses)
    for _ in range(DISPLAYS):
        outside(lambda: display(computer.port))
    print("ready", flush=True)
    computer.serve()


if __name__ == "__main__":
    main()
