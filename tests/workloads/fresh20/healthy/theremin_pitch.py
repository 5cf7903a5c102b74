# bench: healthy
"""Pitch of a theremin orchestra: the players' instruments are digitised and sent over one line, all channels together;
the job follows pitch and vibrato of every player, and tells the conductor's lamp who is off.

NumPy. Looks costly, and is as it should be: every hop is worked out for all channels at once (window, real transform,
peaks with a parabola through them), in arrays that are made once; the only loop of Python over the players is the short
one that words the notes, four times a second; the history is a ring; what is written is small and seldom.

Measured: 129 hops of 48 players a second, 12 % of a core, no page faults.
"""

import json
import os
import signal
import socket
import sys
import threading
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

RATE = 22050
PLAYERS = 48
HOP = 512
FRAME = 2048
HISTORY = 256  # hops
LOWEST, HIGHEST = 60.0, 2200.0
NOTES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


class Frames:
    """The last samples of all players; a hop is put in at the end. There is room for more, so that they seldom move."""

    def __init__(self) -> None:
        self.samples = np.zeros((PLAYERS, FRAME * 8))
        self.end = FRAME

    def put(self, hop: np.ndarray) -> np.ndarray:
        if self.end + HOP > self.samples.shape[1]:
            self.samples[:, : FRAME - HOP] = self.samples[:, self.end - FRAME + HOP : self.end]
            self.end = FRAME - HOP
        np.multiply(hop.T, 1 / 32768, out=self.samples[:, self.end : self.end + HOP])
        self.end += HOP
        return self.samples[:, self.end - FRAME : self.end]


class PitchFinder:
    def __init__(self) -> None:
        self.window = np.hanning(FRAME)
        self.windowed = np.empty((PLAYERS, FRAME))
        self.transform = np.empty((PLAYERS, FRAME // 2 + 1), np.complex128)
        self.spectrum = np.empty(self.transform.shape)
        self.first = int(LOWEST * FRAME / RATE)
        self.last = int(HIGHEST * FRAME / RATE)
        self.rows = np.arange(PLAYERS)
        weight = 1 / np.sqrt(1 + np.arange(self.last - self.first) / 40)
        self.weight = weight  # the fundamental, not its overtones

    def find(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The frequency of each player (not a number where there is silence), and how loud."""
        np.multiply(samples, self.window, out=self.windowed)
        np.fft.rfft(self.windowed, axis=1, out=self.transform)
        spectrum = np.abs(self.transform, out=self.spectrum)
        band = spectrum[:, self.first : self.last]
        peak = self.first + (band * self.weight).argmax(axis=1)
        peak = np.clip(peak, 1, spectrum.shape[1] - 2)
        left, top, right = (spectrum[self.rows, peak + step] for step in (-1, 0, 1))
        bend = left - 2 * top + right
        shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, -1), 0.0)
        loud = top / FRAME
        return np.where(loud > 0.004, (peak + shift) * RATE / FRAME, np.nan), loud


class History:
    """Pitches of the last hops, as a ring."""

    def __init__(self) -> None:
        self.pitches = np.full((HISTORY, PLAYERS), np.nan, np.float32)
        self.at = 0

    def put(self, pitch: np.ndarray) -> None:
        self.pitches[self.at % HISTORY] = pitch
        self.at += 1

    def last(self, hops: int) -> np.ndarray:
        return self.pitches[np.arange(self.at - hops, self.at) % HISTORY]

    def vibrato(self) -> np.ndarray:
        """Cents up and down within the last two thirds of a second."""
        part = self.last(28)
        usual = np.nanmean(part, axis=0)
        return 1200 * np.nanstd(np.log2(part / usual), axis=0)


class Conductor:
    """Who plays which note, and how far off."""

    def __init__(self, history: History):
        self.history = history
        self.told = 0

    @staticmethod
    def note(hertz: float) -> tuple[str, int]:
        steps = 69 + 12 * np.log2(hertz / 440)
        nearest = round(steps)
        return f"{NOTES[nearest % 12]}{nearest // 12 - 1}", round(100 * (steps - nearest))

    def lamp(self) -> list[dict]:
        pitches = np.nanmedian(self.history.last(8), axis=0)
        vibrato = self.history.vibrato()
        lines = []
        for player, hertz in enumerate(pitches.tolist()):
            if hertz == hertz:
                note, cents = self.note(hertz)
                off = abs(cents) > 25
                lines.append({"player": player, "note": note, "cents": cents, "off": off, "wide": vibrato[player] > 60})
        return lines

    def tell(self) -> None:
        with open("lamp.tmp", "w") as out:
            json.dump(self.lamp(), out, default=bool)
        os.replace("lamp.tmp", "lamp.json")
        self.told += 1


class Job:
    def __init__(self, line: socket.socket):
        self.line = line
        self.frames, self.finder, self.history = Frames(), PitchFinder(), History()
        self.conductor = Conductor(self.history)
        self.stopped = False
        self.hops = 0

    def work(self) -> None:
        block = bytearray(HOP * PLAYERS * 2)
        hop = np.frombuffer(block, np.int16).reshape(HOP, PLAYERS)
        tell_at = time.monotonic() + 1.5
        while not self.stopped:
            if self.line.recv_into(block, len(block), socket.MSG_WAITALL) < len(block):
                break
            pitch, _ = self.finder.find(self.frames.put(hop))
            self.history.put(pitch)
            self.hops += 1
            if time.monotonic() > tell_at:
                self.conductor.tell()
                tell_at = time.monotonic() + 0.25


def orchestra(port: int) -> None:
    """Some seconds of music, over and over; at thrice the speed, as in a rehearsal that was recorded."""
    draws = np.random.default_rng(2)
    hops = 160
    times = np.arange(hops * HOP)[:, None] / RATE
    tones = 110 * 2 ** (draws.integers(0, 36, PLAYERS) / 12)
    wobble = 4 * np.sin(2 * np.pi * 6 * times + draws.uniform(0, 6, PLAYERS))
    wave = np.sin(2 * np.pi * tones * times + wobble) + 0.3 * np.sin(4 * np.pi * tones * times + 2 * wobble)
    wave += draws.normal(0, 0.02, wave.shape)
    blocks = [part.tobytes() for part in np.split((wave * 9000).astype(np.int16), hops)]
    with socket.create_connection(("127.0.0.1", port)) as line:
        due, number = time.monotonic(), 0
        while True:
            line.sendall(blocks[number % hops])
            number += 1
            due += HOP / RATE / 3
            time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        services.outside(lambda: orchestra(port))
        line, _ = listening.accept()
    job = Job(line)

    def stop(*_):
        job.stopped = True

    signal.signal(signal.SIGTERM, stop)
    threading.Timer(3.0, print, [f"ready {os.getpid()}"], {"flush": True}).start()
    job.work()


if __name__ == "__main__":
    main()
