# bench: repaired twin of drone_formations
# Ground control of a light show: three radio masts ask, 40 times a second, where each drone of a squadron has to be
# at the next tick; all masts ask about the same ticks, so that a figure is laid out once and sent three times.
# Measured: resident memory stays at 25 MiB; 9 % of a core; as many figures are laid out as before (111 a second).
import asyncio
import math
import os
import socket
import struct
import sys
import time
from array import array
from collections import OrderedDict

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside

TICKS = 40
SQUADRONS = {"heron": 200, "otter": 170, "moth": 190}
FIGURES = ("ring", "helix", "wave", "rose")
MASTS = 3
KEPT = TICKS // 2 * len(SQUADRONS)
QUESTION = struct.Struct(">8sI")


def ring(share, phase):
    angle = math.tau * share + phase * 0.4
    return 60 * math.cos(angle), 60 * math.sin(angle), 80 + 6 * math.sin(3 * angle + phase)


def helix(share, phase):
    angle = 4 * math.tau * share + phase
    return 25 * math.cos(angle), 25 * math.sin(angle), 40 + 90 * share


def wave(share, phase):
    across = 160 * share - 80
    return across, 12 * math.cos(phase + across / 9), 70 + 15 * math.sin(phase + across / 14)


def rose(share, phase):
    angle = math.tau * share
    radius = 55 * math.cos(3 * angle + phase * 0.2)
    return radius * math.cos(angle), radius * math.sin(angle), 75 + radius / 5


SHAPES = {"ring": ring, "helix": helix, "wave": wave, "rose": rose}


class Choreography:
    """Where everybody has to be, by squadron and tick."""

    def __init__(self, beat=8.0):
        self.beat = beat
        self.laid_out = OrderedDict()
        self.asked = 0
        self.made = 0

    def figure_at(self, tick):
        number = tick / TICKS / self.beat
        name = FIGURES[int(number) % len(FIGURES)]
        after = FIGURES[(int(number) + 1) % len(FIGURES)]
        blend = max(0.0, (number % 1.0 - 0.8) * 5)
        return SHAPES[name], SHAPES[after], blend

    def positions(self, squadron, tick):
        self.asked += 1
        key = squadron, tick
        places = self.laid_out.get(key)
        if places is None:
            places = self.laid_out[key] = self.lay_out(squadron, tick)
            while len(self.laid_out) > KEPT:
                self.laid_out.popitem(last=False)
        return places

    def lay_out(self, squadron, tick):
        self.made += 1
        number = SQUADRONS[squadron]
        shape, after, blend = self.figure_at(tick)
        phase = tick / TICKS
        places = []
        for drone in range(number):
            x, y, z = shape(drone / number, phase)
            if blend:
                u, v, w = after(drone / number, phase)
                x, y, z = x + blend * (u - x), y + blend * (v - y), z + blend * (w - z)
            places.append((x, y, max(z, 5.0)))
        return places


class Control:
    def __init__(self):
        self.show = Choreography()
        self.lost = 0

    async def mast(self, reader, writer):
        try:
            while True:
                name, tick = QUESTION.unpack(await reader.readexactly(QUESTION.size))
                places = self.show.positions(name.rstrip(b"\0").decode(), tick)
                body = array("f")
                for place in places:
                    body.extend(place)
                writer.write(struct.pack(">I", len(body)) + body.tobytes())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.lost += 1
        finally:
            writer.close()


def radio_mast(port):
    """A mast, in a process of its own: it asks for each tick in turn, by the clock that all masts share."""
    with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as answers:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = int(time.time() / 100) * 100
        tick = int((time.time() - start) * TICKS)
        while True:
            for squadron in SQUADRONS:
                line.sendall(QUESTION.pack(squadron.encode(), tick))
                head = answers.read(4)
                if len(head) < 4:
                    return
                answers.read(4 * struct.unpack(">I", head)[0])
            tick += 1
            time.sleep(max(0.0, start + tick / TICKS - time.time()))


async def main():
    control = Control()
    server = await asyncio.start_server(control.mast, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for _ in range(MASTS):
        outside(lambda: radio_mast(port))
    while control.show.asked < 50:
        await asyncio.sleep(0.1)
    print("ready", flush=True)
    if "SHOW_REPORT" in os.environ:
        await asyncio.sleep(float(os.environ["SHOW_REPORT"]))
        print(control.show.asked, "asked,", control.show.made, "made", file=sys.stderr)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
