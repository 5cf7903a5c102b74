# expect: healthy bench
"""The log of a mountain rescue's control room: messages of the radio come in bursts, are numbered, and put on disk by a
thread that gathers what has come meanwhile; whoever sent one is told when it is safe. Every second the state of all
call-outs is worked out from what is new.

Measured: 350 messages a second, about 90 to each sync, of which there are four a second; 0.02 ms of a core for each.
"""

import json
import os
import queue
import random
import threading
import time
from collections import Counter, deque
from pathlib import Path

KINDS = ("position", "weather", "found", "request", "arrived", "stretcher", "returning")
CALL_OUTS = 9


class Entry:
    __slots__ = ("number", "call_out", "kind", "text", "safe")

    def __init__(self, number, call_out, kind, text, safe):
        self.number, self.call_out, self.kind, self.text, self.safe = number, call_out, kind, text, safe


class Log:
    """Entries in the order in which they came. A file ends at a size, and the one before is kept."""

    LARGEST = 8 << 20

    def __init__(self, path):
        self._path = Path(path)
        self._file = self._path.open("ab")
        self._waiting = queue.Queue(maxsize=5000)
        threading.Thread(target=self._write, daemon=True, name="log").start()

    def add(self, entry):
        self._waiting.put(entry)

    def _gather(self):
        """What waits now, at least one."""
        entries = [self._waiting.get()]
        while len(entries) < 1000:
            try:
                entries.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return entries

    def _write(self):
        while True:
            entries = self._gather()
            lines = [f"{entry.number}\t{entry.call_out}\t{entry.kind}\t{entry.text}\n" for entry in entries]
            self._file.write("".join(lines).encode())
            self._file.flush()
            os.fdatasync(self._file.fileno())
            for safe in {entry.safe for entry in entries}:
                safe(entries[-1].number)
            if self._file.tell() > self.LARGEST:
                self._file.close()
                self._path.replace(self._path.with_suffix(".old"))
                self._file = self._path.open("ab")


class CallOut:
    def __init__(self, number):
        self.number = number
        self.kinds = Counter()
        self.last = deque(maxlen=40)

    def take(self, kind, text):
        self.kinds[kind] += 1
        self.last.append((kind, text))

    def state(self):
        kind, text = self.last[-1] if self.last else ("", "")
        return {"call_out": self.number, "last": kind, "text": text, "messages": self.kinds.total()}


class ControlRoom:
    def __init__(self, log):
        self.log = log
        self.call_outs = [CallOut(number) for number in range(CALL_OUTS)]
        self.safe_up_to = 0
        self._number = 0
        self._changed = set()

    def safe(self, number):
        self.safe_up_to = max(self.safe_up_to, number)

    def hear(self, call_out, kind, text):
        self._number += 1
        self.log.add(Entry(self._number, call_out, kind, text, self.safe))
        self.call_outs[call_out].take(kind, text)
        self._changed.add(call_out)

    def changes(self):
        changed, self._changed = self._changed, set()
        return [self.call_outs[number].state() for number in sorted(changed)], self._number - self.safe_up_to


class Radio:
    """Messages come when the relays let them through: some dozens at a time."""

    PLACES = ("below the col", "at the hut", "on the north face", "in the gully", "at the lake", "on the moraine")

    def __init__(self, seed):
        self._chance = random.Random(seed)

    def burst(self):
        chance = self._chance
        for _ in range(chance.randint(60, 115)):
            kind = chance.choice(KINDS)
            text = f"team {chance.randint(1, 14)} {chance.choice(self.PLACES)}, {chance.randint(1500, 3400)} m"
            yield chance.randrange(CALL_OUTS), kind, text


def main():
    room = ControlRoom(Log("callouts.log"))
    radio = Radio(112)
    board = Path("board.json")
    print("ready", os.getpid(), flush=True)
    while True:
        for _ in range(4):
            for call_out, kind, text in radio.burst():
                room.hear(call_out, kind, text)
            time.sleep(0.25)
        states, unsafe = room.changes()
        board.write_text(json.dumps({"states": states, "unsafe": unsafe}))


if __name__ == "__main__":
    main()
