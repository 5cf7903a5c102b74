# expect: pattern=lock-contention bench
"""The pre-translation desk of a translation agency: the translators' editors ask it for each segment that they open.
What was translated before comes from the memory; anything else is drafted by the engine of the client's language pair,
and kept. Tags and numbers are put back into the draft and checked before it goes out.
Measured: 125 answers a second of the 160 that are wanted (so about 130 ms each for 16 editors); 160 a second in the
twin, where a translation takes 9.6 ms.
"""

import json
import os
import random
import re
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import Counter, OrderedDict
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

PAIRS = ("de-en", "de-fr", "en-fi", "fr-pt", "pl-en")
PLACEABLE = re.compile(r"<[^>]+>|\d[\d.,]*|\{\w+\}")
WORDS = (
    "valve pump remove cover tighten screw torque before after pressure hose filter check seal replace torch bracket "
    "motor switch turn off supply lower upper bearing grease every hours service"
).split()


class Engine:
    """Drafts segments; each thread has a line of its own to it."""

    def __init__(self, port):
        self._port = port
        self._lines = threading.local()

    def draft(self, pair, text):
        line = getattr(self._lines, "line", None)
        if line is None:
            line = self._lines.line = HTTPConnection("127.0.0.1", self._port, timeout=5)
        line.request("GET", f"/{pair}?q={urllib.parse.quote(text)}")
        return json.loads(line.getresponse().read())["draft"]


class Memory:
    """The segments that were asked for lately, with their translations. A segment is drafted once."""

    def __init__(self, engine, room=500):
        self._engine = engine
        self._room = room
        self._lock = threading.Lock()
        self._known = OrderedDict()
        self.counts = Counter()

    def translation(self, pair, text):
        key = pair, text
        with self._lock:  # <- cost
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = self._engine.draft(pair, text)  # <- cost
                self.counts["drafted"] += 1
                if len(self._known) > self._room:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(key)
                self.counts["known"] += 1
            return found


def masked(segment):
    """The segment with its tags and numbers as marks, and those."""
    placeables = []

    def mark(match):
        placeables.append(match.group())
        return f"[{len(placeables)}]"

    return PLACEABLE.sub(mark, segment), placeables


def filled(draft, placeables):
    for number, placeable in enumerate(placeables, 1):
        draft = draft.replace(f"[{number}]", placeable)
    return draft


def doubts(segment, translation):
    """What a translator should look at: tags or numbers that went missing, a length that is out of proportion."""
    found = []
    missing = Counter(PLACEABLE.findall(segment)) - Counter(PLACEABLE.findall(translation))
    if missing:
        found.append("missing: " + " ".join(missing))
    if not 0.5 < len(translation) / len(segment) < 2:
        found.append("length")
    return found


class Editor(BaseHTTPRequestHandler):
    """One editor's line."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    memory = None

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        pair = address.path.strip("/")
        if pair not in PAIRS:
            self.send_error(404)
            return
        segment = urllib.parse.unquote(address.query.removeprefix("segment="))
        text, placeables = masked(segment)
        translation = filled(self.memory.translation(pair, text), placeables)  # <- cost
        said = "\n".join([translation, *doubts(segment, translation)]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


class Desk(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def engine_service():
    """The engine, on a machine of its own."""

    def answer(path):
        time.sleep(0.009)
        text = urllib.parse.unquote(path.partition("?q=")[2])
        return json.dumps({"draft": " ".join(word if "[" in word else word[::-1] for word in text.split())}).encode()

    return services.http_service(answer)


def opened_segments(chance):
    paths = []
    for number in range(1500):
        words = chance.choices(WORDS, k=chance.randint(5, 14))
        words[2] = f"<b>{words[2]}</b>"
        words.append(f"{number % 90}.{number % 7} Nm")
        paths.append(f"/{PAIRS[number % len(PAIRS)]}?segment={urllib.parse.quote(' '.join(words))}")
    return paths


def main():
    memory = Editor.memory = Memory(Engine(engine_service()))
    desk = Desk(("127.0.0.1", 0), Editor)
    threading.Thread(target=desk.serve_forever, daemon=True).start()
    paths = opened_segments(random.Random(21))
    services.outside(lambda: clients.come(desk.server_port, paths, 160, 16))
    book = Path(tempfile.mkdtemp(prefix="desk-")) / "counts.txt"
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        book.write_text(f"{memory.counts['known']} known, {memory.counts['drafted']} drafted\n")


if __name__ == "__main__":
    main()
