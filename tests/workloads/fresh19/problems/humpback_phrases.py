# expect: pattern=gil-contention bench
# Desk of a hydrophone array: pitch contours of whale phrases come in from buoys, are matched with a catalogue by
# dynamic time warping, and ship's terminals ask over TCP what a buoy heard last.
# Measured: 11 to 14 ms of CPU a phrase, 0.5 to 0.7 of a core in three threads; a terminal's answer takes 12 to 24 ms (median).
import array
import os
import queue
import random
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import Counter, deque

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside

CONTOUR = 48
HEAD = struct.Struct("!HId")
FRAME = HEAD.size + CONTOUR * 4
BUOYS = 12
PHRASES_A_SECOND = 64
INFINITY = float("inf")


def sung(seed, drift=0.0):
    """A contour in semitones above 80 Hz: a glide with warbles."""
    dice = random.Random(seed)
    pitch, slope = dice.uniform(4, 30), dice.uniform(-0.6, 0.6)
    shape = []
    for _ in range(CONTOUR):
        slope = 0.9 * slope + dice.gauss(0, 0.4)
        pitch += slope
        shape.append(pitch + drift * random.gauss(0, 1))
    return shape


CATALOGUE = {f"{theme}{number}": sung(f"{theme}/{number}") for theme in "ABCDEF" for number in range(1, 5)}


def warped_distance(heard, known):
    previous = [0.0] + [INFINITY] * len(known)
    for pitch in heard:
        current = [INFINITY]
        left = INFINITY
        for column, reference in enumerate(known, 1):
            step = min(previous[column - 1], previous[column], left)  # <- cost
            left = step + abs(pitch - reference)  # <- cost
            current.append(left)
        previous = current
    return previous[-1]


def identify(contour):
    ranked = sorted((warped_distance(contour, known), name) for name, known in CATALOGUE.items())
    (best, name), (second, _) = ranked[:2]
    return name, best, second - best


class Listening:
    """What was heard by which buoy; shared by the matchers and the terminals."""

    def __init__(self):
        self.guard = threading.Lock()
        self.last = {}
        self.recent = {buoy: deque(maxlen=50) for buoy in range(BUOYS)}
        self.tally = Counter()

    def note(self, buoy, serial, heard_at, name, distance, margin):
        with self.guard:
            self.last[buoy] = (serial, heard_at, name, distance, margin)
            self.recent[buoy].append(name)
            self.tally[name] += 1

    def answer(self, words):
        with self.guard:
            if words[0] == "last":
                serial, heard_at, name, distance, margin = self.last.get(int(words[1]), (0, 0.0, "-", 0.0, 0.0))
                return f"{serial} {heard_at:.3f} {name} {distance:.1f} {margin:.1f}\n"
            if words[0] == "song":
                return " ".join(self.recent[int(words[1])]) + "\n"
            return " ".join(f"{name}:{count}" for name, count in self.tally.most_common(5)) + "\n"


class Terminal(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        for line in self.rfile:
            self.wfile.write(self.server.listening.answer(line.decode().split()).encode())


class Desk(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_):
        pass


def matcher(waiting, listening):
    while True:
        buoy, serial, heard_at, contour = waiting.get()
        name, distance, margin = identify(contour)  # <- cost
        listening.note(buoy, serial, heard_at, name, distance, margin)


def intake(connection, waiting):
    with connection, connection.makefile("rb") as stream:
        while True:
            frame = stream.read(FRAME)
            if len(frame) < FRAME:
                return
            buoy, serial, heard_at = HEAD.unpack_from(frame)
            contour = array.array("f", frame[HEAD.size :])
            waiting.put((buoy, serial, heard_at, contour.tolist()))


def array_of_buoys(port):
    """The receivers on the masts: phrases as the whales sing them."""
    with socket.create_connection(("127.0.0.1", port)) as link:
        ready = [
            array.array("f", sung(f"{t}/{n}", 0.7)).tobytes() for t in "ABCDEF" for n in range(1, 5) for _ in "123"
        ]
        due = time.monotonic()
        for serial in range(1 << 31):
            link.sendall(HEAD.pack(serial % BUOYS, serial, time.time()) + random.choice(ready))
            due = max(due + 1 / PHRASES_A_SECOND, time.monotonic() - 0.5)
            time.sleep(max(0.0, due - time.monotonic()))


def bridge_terminal(port):
    with socket.create_connection(("127.0.0.1", port)) as link, link.makefile("rb") as answers:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            link.sendall(
                random.choice((b"last %d\n", b"last %d\n", b"song %d\n", b"top %d\n")) % random.randrange(BUOYS)
            )
            if not answers.readline():
                return
            time.sleep(0.02)


def main():
    listening = Listening()
    waiting = queue.Queue(16)
    masts = socket.create_server(("127.0.0.1", 0))
    desk = Desk(("127.0.0.1", 0), Terminal)
    desk.listening = listening
    mast_port, desk_port = masts.getsockname()[1], desk.server_address[1]
    outside(lambda: array_of_buoys(mast_port))
    for _ in range(4):
        outside(lambda: bridge_terminal(desk_port))
    connection, _ = masts.accept()
    for _ in range(3):
        threading.Thread(target=matcher, args=(waiting, listening), daemon=True).start()
    threading.Thread(target=intake, args=(connection, waiting), daemon=True).start()
    print("ready", flush=True)
    desk.serve_forever()


if __name__ == "__main__":
    main()
